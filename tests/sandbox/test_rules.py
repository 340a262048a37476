"""Every rule end to end: a function of its own with one defect, made by API calls, read back and judged.

What is read is the whole account at once. The rule on events is broken where the auditor is deployed, the one on
templates in a file; those that the demo breaks, and watches the auditor find, are not here.
"""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.model import Watch
from rolecall.rules import all_rules
from rolecall.sources import aws
from sandbox import account
from sandbox.account import ACCOUNT, REGION
from sandbox.faults import faults
from sandbox.stack import Session, Stack, now
from tests.builders import allow, document

LAMBDA = "lambda.amazonaws.com"
INVOKE = "lambda:InvokeFunction"
STRANGER = "999988887777"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:NAME"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/NAME"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/KEY"
IDLE = "def handler(event, context):\n    return event\n"
READER = 'import boto3\n\n\ndef handler(event, context):\n    boto3.client("s3").get_object(Bucket="inbox", Key="k")\n'
POLLS = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
MOVES = json.dumps({"deadLetterTargetArn": f"{QUEUE}-dead", "maxReceiveCount": 3})
REFUSES = json.dumps({"redrivePermission": "denyAll"})
MAKE_QUEUE = ("sqs", "create_queue", {"QueueName": "NAME"})
POLL = ("lambda", "create_event_source_mapping", {"EventSourceArn": QUEUE, "FunctionName": "NAME"})
MAKE_RULE = ("events", "put_rule", {"Name": "NAME", "ScheduleExpression": "rate(1 day)"})
MAKE_URL = ("lambda", "create_function_url_config", {"FunctionName": "NAME", "AuthType": "NONE"})
PUBLISH = ("lambda", "publish_version", {"FunctionName": "NAME"})
LAYER = {"LayerName": "NAME", "VersionNumber": 1}
FROM_RULE = {"ArnLike": {"aws:SourceArn": RULE}}
STRANGERS = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
ALIAS = ("lambda", "create_alias", {"FunctionName": "NAME", "Name": "live", "FunctionVersion": "1"})
Call = tuple[str, str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A function with one defect: the statements of its role beside its logs, and calls once it is there.

    In all texts `NAME` stands for the name of function and role, `FUNCTION` and `ROLE` for their ARNs.
    """

    rule: str
    calls: tuple[Call, ...] = ()
    own: tuple[dict[str, Any], ...] = ()
    trusts: Mapping[str, Any] = field(default_factory=lambda: {"Service": LAMBDA})
    trust_condition: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    code: str = IDLE
    logs: bool = True
    before: tuple[Call, ...] = ()
    name: str = ""

    @property
    def called(self) -> str:
        """The name of the function: that of its rule, unless another has it."""
        return self.name or self.rule


def let(principal: str, action: str = INVOKE, **more: Any) -> Call:
    """A statement of the function's own policy."""
    said = {"FunctionName": "NAME", "StatementId": action.rpartition(":")[2], "Action": action}
    return ("lambda", "add_permission", {**said, "Principal": principal, **more})


def whole(*statements: dict[str, Any]) -> Call:
    """The function's own policy, written as a whole."""
    return ("lambda", "put_resource_policy", {"ResourceArn": "FUNCTION", "Policy": json.dumps(document(*statements))})


def target(arn: str, **more: Any) -> Call:
    return ("events", "put_targets", {"Rule": "NAME", "Targets": [{"Id": "1", "Arn": arn, **more}]})


def attach(policy: str) -> Call:
    return ("iam", "attach_role_policy", {"RoleName": "NAME", "PolicyArn": f"arn:aws:iam::aws:policy/{policy}"})


def user(*statements: dict[str, Any]) -> tuple[Call, ...]:
    text = json.dumps(document(*statements))
    return (
        ("iam", "create_user", {"UserName": "NAME"}),
        ("iam", "put_user_policy", {"UserName": "NAME", "PolicyName": "Own", "PolicyDocument": text}),
    )


CASES = (
    Case("ownerless-source", (let("s3.amazonaws.com", SourceArn="arn:aws:s3:::NAME"),)),
    Case("foreign-source", (let("sns.amazonaws.com", SourceArn=f"arn:aws:sns:{REGION}:{STRANGER}:alarms"),)),
    Case("foreign-caller", (let(STRANGER),)),
    Case("mismatched-source", (let("events.amazonaws.com", SourceArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:NAME"),)),
    Case("more-than-invoke", (let(ACCOUNT, "lambda:UpdateFunctionCode"),)),
    Case("pointless-permission", (let("sqs.amazonaws.com", SourceArn=QUEUE),)),
    Case("tokenless-partner", (let("alexa-appkit.amazon.com"),)),
    Case("account-wide-source", (let("events.amazonaws.com", SourceAccount=ACCOUNT),)),
    Case("wide-source", (MAKE_RULE, target("FUNCTION"), let("events.amazonaws.com", SourceArn=f"{RULE}*"))),
    Case("refused-trigger", (MAKE_RULE, target("FUNCTION"))),
    Case(
        "failing-trigger",
        (
            MAKE_RULE,
            target("FUNCTION"),
            let("events.amazonaws.com", SourceArn=RULE),
            ("events", "disable_rule", {"Name": "NAME"}),
        ),
    ),
    Case(
        "blocked-caller",
        (
            MAKE_RULE,
            target("FUNCTION"),
            whole(
                allow(INVOKE, "FUNCTION", Principal={"Service": "events.amazonaws.com"}, Condition=FROM_RULE),
                {"Effect": "Deny", "Principal": "*", "Action": "lambda:*", "Resource": "*", "Condition": STRANGERS},
            ),
        ),
    ),
    Case("dangling-trigger", (MAKE_RULE, target("FUNCTION:gone"))),
    Case("trigger-loop", (MAKE_QUEUE, POLL), own=(allow([*POLLS, "sqs:SendMessage"], QUEUE),)),
    Case(
        "undeliverable-dead-letter",
        (
            MAKE_QUEUE,
            MAKE_RULE,
            target("FUNCTION", DeadLetterConfig={"Arn": QUEUE}),
            let("events.amazonaws.com", SourceArn=RULE),
        ),
    ),
    Case(
        "undeliverable-dead-letter",
        (
            ("sqs", "create_queue", {"QueueName": "NAME-dead", "Attributes": {"RedriveAllowPolicy": REFUSES}}),
            ("sqs", "create_queue", {"QueueName": "NAME", "Attributes": {"RedrivePolicy": MOVES}}),
            POLL,
        ),
        own=(allow([*POLLS], QUEUE),),
        name="refused-redrive",
    ),
    Case("untrusting-role", trusts={"Service": "ec2.amazonaws.com"}),
    Case("extra-trusted-service", trusts={"Service": [LAMBDA, "glue.amazonaws.com"]}),
    Case("assumable-role", trusts={"Service": LAMBDA, "AWS": f"arn:aws:iam::{STRANGER}:root"}),
    Case(
        "wildcard-trust",
        trusts={"Service": LAMBDA, "AWS": "*"},
        trust_condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/build"}},
    ),
    Case("self-escalation", own=(allow("iam:PutRolePolicy", "ROLE"),)),
    Case("role-passing", own=(allow(["iam:PassRole", "lambda:CreateFunction", INVOKE]),)),
    Case("self-rewrite", own=(allow("lambda:UpdateFunctionCode", "FUNCTION"),)),
    Case("role-chaining", own=(allow("sts:AssumeRole"),)),
    Case("exposed-function", user(allow("lambda:UpdateFunctionCode", "FUNCTION")), own=(allow("s3:GetObject"),)),
    Case("undeclared-caller", user(allow(INVOKE, "FUNCTION")), configuration={"Tags": {"rolecall:callers": "none"}}),
    Case(
        "public-url",
        (
            MAKE_URL,
            let("*", "lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"),
            let("*", InvokedViaFunctionUrl=True),
        ),
    ),
    Case("half-permitted-url", (MAKE_URL, let("*", "lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"))),
    Case("open-url-invoke", (MAKE_URL, let("*", "lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE"), let("*"))),
    Case("mismatched-url-permission", (let(ACCOUNT, "lambda:InvokeFunctionUrl", FunctionUrlAuthType="AWS_IAM"),)),
    Case("unknown-layer", configuration={"Layers": [f"arn:aws:lambda:{REGION}:{STRANGER}:layer:tools:1"]}),
    Case(
        "shared-layer",
        (
            (
                "lambda",
                "add_layer_version_permission",
                {**LAYER, "StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "*"},
            ),
        ),
        configuration={"Layers": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:NAME:1"]},
        before=(("lambda", "publish_layer_version", {"LayerName": "NAME", "Content": {"ZipFile": "ZIP"}}),),
    ),
    Case("runtime-hijack", configuration={"Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/tmp/wrapper"}}}),
    Case(
        "version-role-drift",
        (
            PUBLISH,
            ALIAS,
            ("iam", "create_role", {"RoleName": "NAME-new", "AssumeRolePolicyDocument": "TRUST"}),
            ("lambda", "update_function_configuration", {"FunctionName": "NAME", "Role": "ROLE-new"}),
        ),
    ),
    Case(
        "missing-role",
        (
            ("iam", "delete_role_policy", {"RoleName": "NAME", "PolicyName": "Own"}),
            ("iam", "delete_role", {"RoleName": "NAME"}),
        ),
    ),
    Case("orphan-role", (("lambda", "delete_function", {"FunctionName": "NAME"}),)),
    Case("broad-managed-policy", (attach("AmazonS3FullAccess"),)),
    Case("unknown-action", own=(allow("s3:GetObjekt", "arn:aws:s3:::inbox/*"),)),
    Case("wide-resource", own=(allow("s3:GetObject"),), code=READER),
    Case("unneeded-grant", own=(allow("sqs:PurgeQueue", QUEUE),)),
    Case("leftover-poller-grant", (MAKE_QUEUE,), own=(allow([*POLLS], QUEUE),)),
    Case("leftover-config-grant", own=(allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]),)),
    Case("wide-log-grant", own=(allow("logs:PutLogEvents"),)),
    Case("negated-grant", own=({"Effect": "Allow", "NotAction": "sqs:PurgeQueue", "Resource": QUEUE},)),
    Case("bulk-read", own=(allow("secretsmanager:GetSecretValue"),)),
    Case(
        "unusable-key",
        (("sqs", "create_queue", {"QueueName": "NAME", "Attributes": {"KmsMasterKeyId": KEY}}), POLL),
        own=(allow([*POLLS], QUEUE),),
    ),
    Case(
        "unwritable-destination",
        (
            (
                "lambda",
                "put_function_event_invoke_config",
                {"FunctionName": "NAME", "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}},
            ),
        ),
        before=(MAKE_QUEUE,),
    ),
    Case("unwritable-logs", logs=False),
    Case("missing-vpc-grant", configuration={"VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}),
    Case(
        "undecryptable-configuration", configuration={"KMSKeyArn": KEY, "Environment": {"Variables": {"STAGE": "test"}}}
    ),
    Case("blocked-need", own=({"Effect": "Deny", "Action": "logs:PutLogEvents", "Resource": "*"},)),
    Case(
        "unmountable-file-system",
        configuration={"FileSystemConfigs": [{"Arn": "POINT", "LocalMountPath": "/mnt/shared"}]},
    ),
    Case("incomplete-audit", configuration={"Runtime": "nodejs22.x"}),
    Case("stale-acceptance", configuration={"Tags": {"rolecall:accept:public-function": "it is a demo"}}),
)

PERMISSION = {"FunctionName": {"Ref": "Orders"}, "Action": INVOKE, "Principal": ACCOUNT}
WHOLE = document(allow(INVOKE, "*", Principal={"AWS": ACCOUNT}))
TEMPLATE = {
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Orders": {
            "Type": "AWS::Serverless::Function",
            "Properties": {"Runtime": "python3.13", "Handler": "app.handler", "InlineCode": IDLE},
        },
        "One": {"Type": "AWS::Lambda::Permission", "Properties": PERMISSION},
        "All": {
            "Type": "AWS::Lambda::ResourcePolicy",
            "Properties": {"ResourceArn": {"Fn::GetAtt": "Orders.Arn"}, "Policy": WHOLE},
        },
    },
}


@pytest.fixture(scope="module")
def found() -> dict[str, set[str]]:
    """The rules that speak of each function, role or layer, by its name."""
    with account.start() as running:
        key = running.client("kms").create_key()["KeyMetadata"]["KeyId"]
        running.client("kms").disable_key(KeyId=key)
        point = share(running)
        for case in CASES:
            make(running, case, {"KEY": key, "POINT": point})
        known = aws.read(Session(running), code=aws.CodeReading())
    # A role is left over after a month without use.
    later = datetime.now(UTC).date() + timedelta(days=40)
    report = engine.audit(replace(known, watch=Watch(day=later.isoformat())))
    rules: dict[str, set[str]] = {}
    for finding in report.findings:
        subjects = [finding.function] if finding.function else [finding.role or "", *finding.resources]
        for name in re.split("[ :/]", " ".join(subjects)):
            rules.setdefault(name, set()).add(finding.rule)
    return rules


def share(running: account.Account) -> str:
    """The ARN of an access point to a file system that lets nobody but another role in."""
    systems = running.client("efs")
    system = systems.create_file_system(CreationToken="shared")["FileSystemId"]
    builder = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/build"}
    text = json.dumps(document(allow("elasticfilesystem:ClientMount", Principal=builder)))
    systems.put_file_system_policy(FileSystemId=system, Policy=text)
    point: str = systems.create_access_point(ClientToken="shared", FileSystemId=system)["AccessPointArn"]
    return point


def make(running: account.Account, case: Case, shared: Mapping[str, str]) -> None:
    """Make a case; `shared` are names of what all cases share."""
    trust = json.dumps(trusting(case))
    arns = {"FUNCTION": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{case.called}", **shared}
    names = {"ROLE": f"arn:aws:iam::{ACCOUNT}:role/{case.called}", "NAME": case.called, **arns}

    def called(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        getattr(running.client(service), operation)(**filled(parameters, names | {"TRUST": trust}))

    called("iam", "create_role", {"RoleName": "NAME", "AssumeRolePolicyDocument": trust})
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/NAME:*"
    called("logs", "create_log_group", {"logGroupName": "/aws/lambda/NAME"})
    logs = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], group)] if case.logs else []
    if statements := [*logs, *case.own]:
        text = json.dumps(document(*statements))
        called("iam", "put_role_policy", {"RoleName": "NAME", "PolicyName": "Own", "PolicyDocument": text})
    for call in case.before:
        called(*call)
    base = {"FunctionName": "NAME", "Role": "ROLE", "Runtime": "python3.13", "Handler": "app.handler"}
    called("lambda", "create_function", {**base, "Code": {"ZipFile": packed(case.code)}, **case.configuration})
    for call in case.calls:
        called(*call)


def trusting(case: Case) -> dict[str, Any]:
    condition = {"Condition": dict(case.trust_condition)} if case.trust_condition else {}
    statement = {"Effect": "Allow", "Principal": dict(case.trusts), "Action": "sts:AssumeRole", **condition}
    return document(statement)


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The value with the names that its texts stand for."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(name, text)
        return packed("") if value == "ZIP" else value
    if isinstance(value, Mapping):
        return {key: filled(each, names) for key, each in value.items()}
    return [filled(each, names) for each in value] if isinstance(value, list) else value


def packed(code: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("app.py", code)
    return archive.getvalue()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.called)
def test_a_defect_is_named_by_its_rule(case: Case, found: dict[str, set[str]]) -> None:
    assert case.rule in found.get(case.called, set())


def test_parameters_that_cloudtrail_left_out_are_told(stack: Stack) -> None:
    start, iam = now(), stack.client("iam")
    # White space counts in a request, and not in the size of a policy.
    text = json.dumps(document(allow("sqs:PurgeQueue", QUEUE))) + " " * 110_000
    iam.create_role(RoleName="padded", AssumeRolePolicyDocument=json.dumps(document()))
    iam.put_role_policy(RoleName="padded", PolicyName="Own", PolicyDocument=text)
    finding = stack.wait(
        stack.outputs["FindingsLogGroup"], start, lambda line: line.get("rule") == "omitted-parameters", "the finding"
    )

    iam.delete_role_policy(RoleName="padded", PolicyName="Own")
    iam.delete_role(RoleName="padded")
    assert finding["evidence"]["name"] == "PutRolePolicy"


def test_a_template_that_writes_a_policy_twice_is_told(tmp_path: Path) -> None:
    written = tmp_path / "template.yaml"
    written.write_text(json.dumps(TEMPLATE))
    command = [sys.executable, "-m", "rolecall.cli", "audit", "--template", str(written), "--format", "json"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ended.returncode == 1, ended.stderr
    assert "mixed-permissions" in {each["rule"] for each in json.loads(ended.stdout)["findings"]}


def test_every_rule_has_a_way_from_end_to_end() -> None:
    # The sweep's own is in test_sweep.
    alone = {"blind-auditor", "mixed-permissions", "omitted-parameters"}
    known = {case.rule for case in CASES} | {fault.rule for fault in faults()} | alone

    assert sorted({rule.name for rule in all_rules()} - known) == []
