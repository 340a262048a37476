"""Over-grants: what is found, how bad it is, which fix and which witness come with it."""

import json
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.model import Account
from rolecall.rules.blocked_need import UNDER_GRANTS
from tests.builders import ACCOUNT, FUNCTION, REGION, ROLE, account, allow, document

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
PUT = {"service": "dynamodb", "operation": "PutItem", "parameters": {"TableName": "orders"}}


def granting(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"calls": [PUT], "more policies": {"Example": list(statements)}, **more}


def over_grants(within: Account) -> tuple[Finding, ...]:
    """What is found, without what the role lacks: the call of `granting` is allowed only where a test grants it."""
    return tuple(each for each in engine.audit(within).findings if each.rule not in UNDER_GRANTS)


def found(fragment: dict[str, Any]) -> tuple[Finding, ...]:
    return over_grants(account(fragment))


def short(fragment: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each.severity.value, each.confidence.value, each.rule) for each in found(fragment)]


def decided(finding: Finding, within: Account) -> str:
    """What `simulate` says to the witness, with the role's policies."""
    (role,) = within.roles
    policies = {"identityPolicies": [policy.document() for policy in role.policies]}
    return str(answer(json.dumps({**(finding.witness or {}), **policies}))["decision"])


@pytest.mark.parametrize(
    ("action", "severity"),
    [
        ("iam:PassRole", "high"),
        ("s3:PutBucketPolicy", "high"),
        ("secretsmanager:GetSecretValue", "high"),
        ("s3:DeleteObject", "high"),
        ("sqs:SendMessage", "medium"),
        ("dynamodb:DescribeTable", "medium"),
        ("s3:ListBucket", "low"),
    ],
)
def test_an_unneeded_right_is_as_bad_as_what_it_can_do(action: str, severity: str) -> None:
    service = action.partition(":")[0]
    resources = {"iam": "role/x*", "secretsmanager": "secret:x", "sqs": "x", "dynamodb": "table/x"}
    resource = f"arn:aws:{service}:{'' if service == 'iam' else REGION}:{ACCOUNT}:{resources.get(service)}"
    on = ["arn:aws:s3:::inbox", "arn:aws:s3:::inbox/*"] if service == "s3" else resource

    assert short(granting(allow(action, on))) == [(severity, "high", "unneeded-grant")]


def test_one_finding_a_statement_names_the_worst_first() -> None:
    (finding,) = found(granting(allow(["dynamodb:UpdateItem", "dynamodb:PutItem", "dynamodb:DeleteTable"], TABLE)))

    assert finding.message == (
        f"`dynamodb:DeleteTable`, `dynamodb:UpdateItem` on `{TABLE}`: nothing of `orders` needs that"
    )
    assert finding.evidence["unneeded"] == ["dynamodb:DeleteTable", "dynamodb:UpdateItem"]


def test_the_fix_is_the_statement_with_what_is_needed() -> None:
    (finding,) = found(granting(allow("dynamodb:*", "*", Sid="Write")))
    left = f'{{"Sid": "Write", "Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "{TABLE}"}}'

    assert finding.evidence["diff"][1:] == [f"+ {left}"]  # type: ignore[index]
    assert finding.fix == (
        "aws iam put-role-policy --role-name orders --policy-name Example"
        f""" --policy-document '{{"Version": "2012-10-17", "Statement": [{left}]}}'"""
    )


def test_what_an_action_never_acts_on_goes_with_the_rest() -> None:
    (finding,) = found(granting(allow(["dynamodb:PutItem", "dynamodb:Query"], [TABLE, f"{TABLE}/index/*"])))

    assert f'[{{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "{TABLE}"}}]' in finding.fix


def test_all_findings_of_a_statement_have_one_fix() -> None:
    findings = found(granting(allow(["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteTable"])))

    assert [each.rule for each in findings] == ["bulk-read", "unneeded-grant", "wide-resource"]
    assert len({each.fix for each in findings}) == 1


@pytest.mark.parametrize(
    "statement",
    [
        allow("*"),
        allow("dynamodb:*"),
        allow("dynamodb:PutItem"),
        allow("sqs:SendMessage", Condition={"StringLike": {"aws:ResourceTag/team": "orders-*"}}),
        allow("s3:GetObject"),
        allow(["kms:Decrypt", "kms:CreateGrant"]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], "arn:aws:logs:*:*:*"),
        {"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "Resource": TABLE},
        allow(["kinesis:GetRecords", "kinesis:GetShardIterator"], f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/orders"),
    ],
)
def test_a_witness_is_a_request_that_the_evaluator_allows(statement: dict[str, Any]) -> None:
    within = account(granting(statement))
    (finding,) = over_grants(within)

    assert decided(finding, within) == "Allowed"


def test_a_witness_is_not_needed() -> None:
    (finding,) = found(granting(allow("dynamodb:PutItem")))

    assert finding.rule == "wide-resource"
    assert finding.witness is not None
    assert finding.witness["resource"] != TABLE


def test_confidence_is_medium_where_the_code_was_not_read() -> None:
    statement = allow("s3:*", "arn:aws:s3:::inbox/*")

    assert short(granting(statement) | {"code": "unread"}) == [("high", "medium", "service-wildcard")]


def test_another_table_than_the_needed_one_is_unneeded() -> None:
    (finding,) = found(granting(allow("dynamodb:PutItem", [TABLE, f"{TABLE}-old"])))

    assert (finding.rule, finding.resources) == ("unneeded-grant", (f"{TABLE}-old",))


def test_a_full_access_policy_is_one_finding() -> None:
    name = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"

    assert short({"calls": [], "more policies": {name: [allow("sqs:*")]}}) == [("high", "high", "broad-managed-policy")]


def test_a_managed_policy_that_gives_just_what_is_needed_is_no_finding() -> None:
    name = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules"]

    assert short({"calls": [], "more policies": {name: [allow(actions)]}}) == []


def test_a_role_is_not_called_left_over_where_regions_were_not_read() -> None:
    lambdas = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    left = {"arn": f"arn:aws:iam::{ACCOUNT}:role/left", "policies": [], "used_by": [], "trust": document(lambdas)}
    judged = engine.audit(account({"roles": [left], "watch": {"regions": ["eu-west-1"]}}))

    messages = [each.message for each in judged.findings if each.rule in ("orphan-role", "incomplete-audit")]
    assert messages == [
        "rule orphan-role: not decided whether `left` is left over: functions in eu-west-1 are not read"
    ]


def test_a_shared_role_comes_with_the_policy_of_each_function() -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:invoices"
    other = {"id": "invoices", "name": "invoices", "arn": arn, "role": ROLE, "triggers": []}
    code = {"kind": "folder", "read": True}
    (finding,) = [each for each in found(granting(functions=[other | {"code": code}])) if each.rule == "shared-role"]

    policies: Any = finding.evidence["policies"]
    assert [each["Sid"] for each in policies["orders"]["Statement"]][-1] == "CallDynamodb"
    assert [each["Sid"] for each in policies["invoices"]["Statement"]] == ["WriteLogs"]


def test_the_smaller_statement_of_a_query_of_a_table_leaves_its_indexes_out() -> None:
    query = {"service": "dynamodb", "operation": "Query", "parameters": {"TableName": "orders"}}
    both = allow(["dynamodb:Query", "dynamodb:DeleteItem"], [TABLE, f"{TABLE}/index/*"])
    (finding,) = found({"calls": [query], "more policies": {"Example": [both]}})
    smaller: Any = finding.evidence["diff"]

    assert json.loads(smaller[1][2:]) == allow("dynamodb:Query", TABLE)


def test_the_smaller_statement_of_a_query_of_an_index_keeps_it() -> None:
    parameters = {"TableName": "orders", "IndexName": "by-day"}
    query = {"service": "dynamodb", "operation": "Query", "parameters": parameters}
    both = allow(["dynamodb:Query", "dynamodb:DeleteItem"], [TABLE, f"{TABLE}/index/*"])
    (finding,) = found({"calls": [query], "more policies": {"Example": [both]}})
    smaller: Any = finding.evidence["diff"]

    assert json.loads(smaller[1][2:]) == allow("dynamodb:Query", f"{TABLE}/index/*")


def test_managed_policies_of_lambda_that_fit_are_one_remark() -> None:
    logs = allow(["logs:CreateLogStream", "logs:PutLogEvents"])
    queue = allow(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"])
    names = ("AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole")
    managed = [f"arn:aws:iam::aws:policy/service-role/{name}" for name in names]
    policies = {managed[0]: [logs], managed[1]: [queue, logs]}
    source = {"type": "sqs", "source": f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"}
    (finding,) = found({"calls": [], "triggers": [source], "more policies": policies})

    assert (finding.severity.value, finding.rule) == ("info", "broad-managed-policy")
    assert finding.evidence["policies"] == managed


def test_what_others_wrote_in_vain_is_one_remark() -> None:
    name = "arn:aws:iam::aws:policy/service-role/AWSLambda{}ExecutionRole"
    policies = {name.format(each): [allow("sqs:DeleteMessageBatch")] for each in ("Basic", "SQSQueue")}
    judged = found({"calls": [], "more policies": policies})

    assert [(each.severity.value, each.rule) for each in judged] == [("info", "unknown-action")]


@pytest.mark.parametrize(
    ("condition", "rules"),
    [
        ({"StringEquals": {"ses:FromAddress": "shop@example.com"}}, []),
        ({"StringEquals": {"ses:FeedbackAddress": "shop@example.com"}}, ["wide-resource"]),
    ],
)
def test_who_may_send_as_one_address_needs_no_identity_named(condition: dict[str, Any], rules: list[str]) -> None:
    mail = {"service": "sesv2", "operation": "SendEmail", "parameters": {"FromEmailAddress": "shop@example.com"}}
    send = allow("ses:SendEmail", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*", Condition=condition)

    assert [each.rule for each in found({"calls": [mail], "more policies": {"Send": [send]}})] == rules


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ([], "aws iam delete-role-policy --role-name orders --policy-name Example"),
        (None, "say in place of `SERVICE:ACTION` what `orders` calls: aws iam put-role-policy"),
    ],
)
def test_all_but_a_few_counts_what_can_be_done_on_the_resource(code: list[Any] | None, fix: str) -> None:
    statement = {"Effect": "Allow", "NotAction": "s3:DeleteObject", "Resource": "arn:aws:s3:::inbox/*"}
    fragment = {"more policies": {"Example": [statement]}, **({"code": "unread"} if code is None else {"calls": code})}
    (finding,) = [each for each in engine.audit(account(fragment)).findings if each.rule == "negated-grant"]

    assert finding.message.startswith("allows `all actions but s3:DeleteObject` on `arn:aws:s3:::inbox/*`: ")
    assert int(finding.message.split()[-2]) < 100
    assert finding.fix.startswith(fix)


@pytest.mark.parametrize(("name", "severity"), [("limit", "medium"), ("other", "high")])
def test_to_read_once_more_what_is_read_anyway_is_no_secret_more(name: str, severity: str) -> None:
    read = {"service": "ssm", "operation": "GetParameter", "parameters": {"Name": "limit"}}
    parameter = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/"
    statements = [allow("ssm:GetParameter", f"{parameter}limit"), allow("ssm:GetParameters", f"{parameter}{name}")]
    (finding,) = found({"calls": [read], "more policies": {"Read": statements}})

    assert (finding.rule, finding.severity.value) == ("unneeded-grant", severity)


def test_a_right_on_the_secrets_that_a_function_rotates_is_not_wide() -> None:
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
    own = {"StringEquals": {"secretsmanager:resource/AllowRotationLambdaArn": FUNCTION}}
    rotate = allow("secretsmanager:GetSecretValue", f"{secret}*", Condition=own)
    read = {"service": "secretsmanager", "operation": "GetSecretValue", "parameters": {"SecretId": "⟨event:SecretId⟩"}}
    triggers = [{"type": "secretsmanager", "source": f"{secret}db-AbCdEf"}]

    judged = found({"calls": [read], "triggers": triggers, "policies": {"Rotate": [rotate]}})

    assert [each.rule for each in judged] == ["refused-trigger"]
