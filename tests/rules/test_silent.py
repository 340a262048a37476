"""What must not be a finding, of any severity: each a sentence of the catalogue of rules."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.sources import template
from tests.builders import ACCOUNT, FUNCTION, LOG_GROUP, REGION, ROLE, account, allow

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
PUT = {"service": "dynamodb", "operation": "PutItem", "parameters": {"TableName": "orders"}}


def found(fragment: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.severity.value, each.rule) for each in engine.audit(account({"calls": []} | fragment)).findings]


def granting(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"more policies": {"Example": list(statements)}, **more}


def calling(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    return {"service": service, "operation": operation, "parameters": parameters}


@pytest.mark.parametrize(
    ("actions", "more"),
    [
        (["xray:GetSamplingRules", "xray:GetSamplingTargets"], {}),
        ("cloudwatch:PutMetricData", {"calls": [calling("cloudwatch", "PutMetricData", Namespace="orders")]}),
        (
            ["kinesis:ListStreams"],
            {"triggers": [{"type": "kinesis", "source": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/orders"}]},
        ),
        (
            ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"],
            {"configuration": {"subnets": ["subnet-1"]}},
        ),
    ],
)
def test_an_action_that_cannot_be_scoped_may_be_on_everything(actions: Any, more: dict[str, Any]) -> None:
    judged = found(granting(allow(actions), **more))

    assert not [rule for _, rule in judged if rule in ("wide-resource", "unneeded-grant", "leftover-config-grant")]


def test_the_group_of_the_function_ends_with_a_star() -> None:
    assert found(granting(allow(["logs:CreateLogStream", "logs:PutLogEvents"], LOG_GROUP))) == []


def test_where_the_group_is_not_declared_lambda_may_make_it() -> None:
    assert found(granting(allow("logs:CreateLogGroup", LOG_GROUP))) == []


def test_versions_of_one_function_share_its_role() -> None:
    version = {"id": "orders", "name": "orders", "arn": FUNCTION, "role": ROLE, "qualifier": "live"}
    served: dict[str, Any] = version | {"triggers": [], "settings": {"tracing": True}}

    assert found({"functions": [served]}) == []


@pytest.mark.parametrize("qualifier", ["live", None])
def test_what_another_version_is_fed_by_is_needed(qualifier: str | None) -> None:
    polled: list[dict[str, Any]] = [{"type": "sqs", "source": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"}]
    version = {"id": "orders", "name": "orders", "arn": FUNCTION, "role": ROLE, "qualifier": "live"}
    more = {"settings": {"tracing": True}, "code": {"kind": "folder", "read": True}}
    served: dict[str, Any] = version | more | {"triggers": polled if qualifier else []}

    assert found({"functions": [served], "triggers": [] if qualifier else polled}) == []


def test_what_another_function_of_the_role_needs_is_not_unneeded() -> None:
    call = {
        "service": "dynamodb",
        "operation": "PutItem",
        "where": "app.py:7",
        "parameters": [["TableName", ["orders"]]],
    }
    arn = FUNCTION.replace("orders", "invoices")
    code = {"kind": "folder", "read": True, "calls": [call]}
    other = {"id": "invoices", "name": "invoices", "arn": arn, "role": ROLE, "triggers": [], "code": code}
    log_group = {"settings": {"log_group": "/aws/lambda/orders"}}

    judged = granting(allow("dynamodb:PutItem", TABLE), functions=[other | log_group])
    assert found(judged) == [("high", "shared-role")]


def test_what_users_of_the_role_need_that_were_not_read_is_not_known() -> None:
    judged = granting(allow("dynamodb:PutItem", TABLE), used_by=["orders", "invoices"])

    assert found(judged) == [("medium", "shared-role")]


def test_what_a_deny_takes_away_is_no_grant() -> None:
    deny = {"Effect": "Deny", "Action": ["s3:*", "iam:*"], "Resource": "*"}

    assert found(granting(allow(["s3:DeleteObject", "iam:PutRolePolicy"]), deny)) == []
    assert found(granting(allow("s3:*"), deny)) == []
    assert found(granting({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": TABLE}, deny)) == []


def test_what_the_boundary_keeps_out_is_no_grant() -> None:
    boundary = [allow(["logs:*", "sqs:*", "xray:*"])]

    assert found(granting(allow("*"), boundary=boundary)) == [("high", "service-wildcard")]
    assert found(granting(allow("dynamodb:DeleteTable"), boundary=boundary)) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION + "-other"}},
    ],
)
def test_what_a_condition_never_lets_through_is_no_grant(condition: Any) -> None:
    assert found(granting(allow("dynamodb:PutItem", TABLE, Condition=condition))) == []


def test_what_code_needs_is_never_unneeded() -> None:
    assert found(granting(allow("dynamodb:PutItem", TABLE), calls=[PUT])) == []
    assert found(granting(allow("dynamodb:PutItem", [TABLE, f"{TABLE}/index/*"]), calls=[PUT])) == []


def test_what_code_may_need_is_never_unneeded() -> None:
    call = calling("dynamodb", "PutItem", TableName=["orders", "invoices"])
    tables = [TABLE, TABLE.replace("orders", "invoices")]

    assert found(granting(allow("dynamodb:PutItem", tables), calls=[call])) == []


def test_a_resource_that_the_event_names_may_be_any() -> None:
    call = calling("s3", "GetObject", Bucket="⟨event:bucket⟩", Key="⟨?⟩")

    assert found(granting(allow("s3:GetObject", "*"), calls=[call])) == []


def test_all_objects_of_the_bucket_that_is_needed_are_one_thing() -> None:
    call = calling("s3", "GetObject", Bucket="inbox", Key="settings.json")

    assert found(granting(allow("s3:GetObject", "arn:aws:s3:::inbox/*"), calls=[call])) == []


def test_a_name_in_every_region_is_one_thing() -> None:
    assert found(granting(allow("dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/orders"), calls=[PUT])) == []


def test_code_that_was_not_read_may_call_anything() -> None:
    statement = allow(["dynamodb:PutItem", "sqs:ReceiveMessage", "kms:Decrypt", "ec2:CreateNetworkInterface"])

    assert [each.rule for each in engine.audit(account(granting(statement, code="unread"))).findings] == []


def test_a_service_of_which_a_call_is_not_known_is_left_alone() -> None:
    judged = granting(allow("sqs:PurgeQueue"), allow("s3:Get*"), calls=[calling("sqs", "InventedCall")])

    assert [rule for _, rule in found(judged)] == ["service-wildcard"]


def test_a_mapping_that_its_owner_disabled_keeps_its_rights() -> None:
    source = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"

    assert found({"triggers": [{"type": "sqs", "source": source, "state": "Disabled"}]}) == [
        ("info", "failing-trigger")
    ]


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("s3", "ListBuckets"),
        ("ssm", "DescribeParameters"),
        ("secretsmanager", "ListSecrets"),
        ("sqs", "ListQueues"),
        ("sns", "ListTopics"),
        ("dynamodb", "ListTables"),
        ("kinesis", "ListStreams"),
        ("sns", "InventedCall"),
    ],
)
def test_a_key_may_be_met_by_any_service_that_encrypts(service: str, operation: str) -> None:
    statement = allow(["kms:Decrypt", "kms:GenerateDataKey"], KEY)

    judged = {rule for _, rule in found(granting(statement, calls=[calling(service, operation)]))}
    assert judged <= {"denied-call"}


def test_the_key_of_the_environment_may_be_used() -> None:
    assert found(granting(allow("kms:Decrypt", KEY), configuration={"key": KEY})) == []


def test_what_another_version_with_the_role_needs_is_no_over_grant() -> None:
    (latest,) = account({"calls": [calling("dynamodb", "PutItem", TableName="orders")]}).functions
    read = account(granting(allow("dynamodb:PutItem", TABLE), calls=[]))
    live = replace(latest, qualifier="live")

    assert engine.audit(read).findings
    assert engine.audit(replace(read, functions=(*read.functions, live))).findings == ()


def test_our_own_template_has_no_finding_and_accepts_none_also_where_its_code_is_known() -> None:
    path = Path(__file__).resolve().parents[2] / "template.yaml"
    (plain,), (whole,) = template.read([path]), template.read([path], code=True)

    assert engine.audit(plain).findings == ()
    assert engine.audit(whole).findings == ()
