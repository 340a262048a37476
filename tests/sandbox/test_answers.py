"""The embedded account answers what the auditor asks as AWS does, and asks for the same permissions."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.account import Account

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:versioned"


@pytest.fixture(scope="module")
def versioned(sandbox: Account) -> Iterator[Any]:
    """A client of Lambda, where a function has a version and an alias, each with a policy."""
    code, functions = io.BytesIO(), sandbox.client("lambda")
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): ...")
    role = sandbox.client("iam").create_role(RoleName="versioned", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    made = {"FunctionName": "versioned", "Runtime": "python3.13", "Handler": "app.handler", "Publish": True}
    functions.create_function(**made, Role=role["Arn"], Code={"ZipFile": code.getvalue()})
    functions.create_alias(FunctionName="versioned", Name="live", FunctionVersion="1")
    for qualifier in ({}, {"Qualifier": "live"}):
        permission = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "123456789012"}
        functions.add_permission(FunctionName="versioned", **permission, **qualifier)
    yield functions
    functions.delete_function(FunctionName="versioned")


@pytest.fixture(scope="module")
def auditor(sandbox: Account) -> Iterator[Any]:
    """A function that makes a client of a service, under a role that may do one thing."""
    iam = sandbox.client("iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    keys = sandbox.client("sts").assume_role(RoleArn=role, RoleSessionName="reader")["Credentials"]

    def client(service: str, action: str, resource: str = "*") -> Any:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName="reader", PolicyName="one", PolicyDocument=document)
        session: Any = boto3.Session(*(keys[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
        return session.client(service, region_name="us-east-1", endpoint_url=sandbox.endpoint)

    yield client
    iam.delete_role_policy(RoleName="reader", PolicyName="one")
    iam.delete_role(RoleName="reader")


def statements(versioned: Any, **qualifier: str) -> list[tuple[str, str]]:
    policy = json.loads(versioned.get_policy(FunctionName="versioned", **qualifier)["Policy"])
    return [(each["Sid"], each["Resource"]) for each in policy["Statement"]]


def test_all_versions_are_listed_with_their_arns(versioned: Any) -> None:
    pages = versioned.get_paginator("list_functions").paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 1})
    arns = [each["FunctionArn"] for page in pages for each in page["Functions"] if each["FunctionName"] == "versioned"]

    assert arns == [f"{FUNCTION}:$LATEST", f"{FUNCTION}:1"]


def test_a_function_is_got_by_its_qualifier(versioned: Any) -> None:
    found = versioned.get_function(FunctionName="versioned", Qualifier="live")["Configuration"]

    assert (found["FunctionArn"], found["Version"]) == (f"{FUNCTION}:live", "1")


def test_each_qualifier_has_a_policy_of_its_own(versioned: Any) -> None:
    assert statements(versioned) == [("s", FUNCTION)]
    assert statements(versioned, Qualifier="live") == [("s", f"{FUNCTION}:live")]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        versioned.get_policy(FunctionName="versioned", Qualifier="1")


def test_a_statement_is_removed_from_one_qualifier(versioned: Any) -> None:
    permission = {"StatementId": "t", "Action": "lambda:InvokeFunction", "Principal": "123456789012"}
    versioned.add_permission(FunctionName="versioned", **permission)
    versioned.add_permission(FunctionName="versioned", **permission, Qualifier="live")

    versioned.remove_permission(FunctionName="versioned", StatementId="t")

    assert [sid for sid, _ in statements(versioned)] == ["s"]
    versioned.remove_permission(FunctionName="versioned", StatementId="t", Qualifier="live")


def test_mappings_of_an_alias_are_its_own(versioned: Any, sandbox: Account) -> None:
    sandbox.client("iam").attach_role_policy(
        RoleName="versioned", PolicyArn="arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    )
    sandbox.client("sqs").create_queue(QueueName="versioned")
    source = "arn:aws:sqs:us-east-1:123456789012:versioned"
    made = versioned.create_event_source_mapping(FunctionName="versioned", EventSourceArn=source, Enabled=False)

    found = versioned.list_event_source_mappings(FunctionName=f"{FUNCTION}:live")["EventSourceMappings"]

    versioned.delete_event_source_mapping(UUID=made["UUID"])
    assert found == []


CALLS = (
    ("lambda", "get_function", "GetFunction"),
    ("lambda", "list_aliases", "ListAliases"),
    ("lambda", "list_function_url_configs", "ListFunctionUrlConfigs"),
    ("lambda", "list_function_event_invoke_configs", "ListFunctionEventInvokeConfigs"),
    ("lambda", "get_policy", "GetPolicy"),
    ("lambda", "get_function_recursion_config", "GetFunctionRecursionConfig"),
)


@pytest.mark.parametrize(("service", "call", "action"), CALLS, ids=[call for _, call, _ in CALLS])
def test_a_call_needs_its_own_action(service: str, call: str, action: str, versioned: Any, auditor: Any) -> None:
    assert getattr(auditor(service, f"{service}:{action}", FUNCTION), call)(FunctionName=FUNCTION)

    with pytest.raises(ClientError, match=f"not authorized to perform: {service}:{action}"):
        getattr(auditor(service, "sqs:SendMessage"), call)(FunctionName=FUNCTION)


def test_a_whole_policy_needs_its_own_action_on_its_function(versioned: Any, auditor: Any) -> None:
    assert auditor("lambda", "lambda:GetResourcePolicy", FUNCTION).get_resource_policy(ResourceArn=FUNCTION)

    with pytest.raises(ClientError, match="not authorized to perform: lambda:GetResourcePolicy"):
        auditor("lambda", "lambda:GetResourcePolicy", f"{FUNCTION}-other").get_resource_policy(ResourceArn=FUNCTION)


def test_a_policy_that_asks_for_tls_lets_the_account_in(sandbox: Account, auditor: Any) -> None:
    everything = {"Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::tls", "arn:aws:s3:::tls/*"]}
    statement = {"Effect": "Deny", **everything, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    sandbox.client("s3").create_bucket(Bucket="tls")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sandbox.client("s3").put_bucket_policy(Bucket="tls", Policy=policy)

    assert auditor("s3", "s3:GetBucketNotification").get_bucket_notification_configuration(Bucket="tls")


def test_a_layer_by_its_arn_needs_get_layer_version(auditor: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        auditor("lambda", "lambda:GetLayerVersion").get_layer_version_by_arn(
            Arn="arn:aws:lambda:us-east-1:123456789012:layer:none:1"
        )


def test_details_of_the_account_have_boundaries_and_managed_policies(versioned: Any, sandbox: Account) -> None:
    iam, policy = sandbox.client("iam"), "arn:aws:iam::aws:policy/PowerUserAccess"
    iam.put_role_permissions_boundary(RoleName="versioned", PermissionsBoundary=policy)
    details = iam.get_account_authorization_details()
    iam.delete_role_permissions_boundary(RoleName="versioned")

    (role,) = [each for each in details["RoleDetailList"] if each["RoleName"] == "versioned"]
    (found,) = [each for each in details["Policies"] if each["Arn"] == policy]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == policy
    assert found["PolicyVersionList"][0]["Document"]["Statement"][0]["Effect"] == "Allow"


def test_rules_of_a_target_are_those_of_one_bus(sandbox: Account) -> None:
    events, target = sandbox.client("events"), {"Id": "1", "Arn": f"{FUNCTION}:live"}
    events.create_event_bus(Name="shop")
    for name, bus in (("nightly", "default"), ("placed", "shop")):
        events.put_rule(Name=name, EventBusName=bus, EventPattern='{"source": ["shop"]}')
        events.put_targets(Rule=name, EventBusName=bus, Targets=[target])

    assert events.list_rule_names_by_target(TargetArn=target["Arn"])["RuleNames"] == ["nightly"]
    assert events.list_rule_names_by_target(TargetArn=target["Arn"], EventBusName="shop")["RuleNames"] == ["placed"]
    assert events.list_rule_names_by_target(TargetArn=FUNCTION)["RuleNames"] == []


def test_targets_of_no_rule_are_an_error(sandbox: Account) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sandbox.client("events").list_targets_by_rule(Rule="nowhere")


def test_a_list_of_secrets_names_what_rotates_them(versioned: Any, sandbox: Account) -> None:
    secrets = sandbox.client("secretsmanager")
    secrets.create_secret(Name="rotated", SecretString="hidden")
    versioned.add_permission(
        FunctionName="versioned",
        StatementId="r",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
    )
    rules = {"AutomaticallyAfterDays": 30}
    secrets.rotate_secret(SecretId="rotated", RotationLambdaARN=FUNCTION, RotationRules=rules, RotateImmediately=False)

    (secret,) = secrets.list_secrets()["SecretList"]
    assert (secret["RotationLambdaARN"], secret["RotationRules"]) == (FUNCTION, rules)


def test_no_account_policy_sends_logs_anywhere(sandbox: Account) -> None:
    found = sandbox.client("logs").describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")

    assert found["accountPolicies"] == []


def test_schedules_come_page_by_page(versioned: Any, sandbox: Account) -> None:
    scheduler, role = sandbox.client("scheduler"), "arn:aws:iam::123456789012:role/versioned"
    target, never = {"Arn": FUNCTION, "RoleArn": role}, {"Mode": "OFF"}
    for name in ("hourly", "weekly"):
        scheduler.create_schedule(
            Name=name, ScheduleExpression="rate(9 days)", FlexibleTimeWindow=never, Target=target, State="DISABLED"
        )

    pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 1})
    names = [[each["Name"] for each in page["Schedules"]] for page in pages]

    for name in ("hourly", "weekly"):
        scheduler.delete_schedule(Name=name)
    assert names == [["hourly"], ["weekly"]]
