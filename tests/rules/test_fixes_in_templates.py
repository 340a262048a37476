"""Fixes of templates are pasted into templates: they name what will be deployed, and mend it under any name."""

import json
import re
from pathlib import Path
from typing import Any

from rolecall import engine
from rolecall.finding import Finding
from rolecall.sources import template
from tests.sources.template.test_deployed import allowing, stack

CODE = """
import boto3, os
def handler(event, context):
    boto3.client("dynamodb").put_item(TableName=os.environ["TABLE"], Item={})
    boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])
"""
VARIABLES = {"Environment": {"Variables": {"TABLE": {"Ref": "Index"}, "SECRET": {"Ref": "DbSecret"}}}}
MORE = {
    "Index": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
    "DbSecret": {"Type": "AWS::SecretsManager::Secret", "Properties": {}},
}


def written(folder: Path, role: Any = None) -> Path:
    return stack(folder, code=CODE, role=role, more=MORE, Environment=VARIABLES["Environment"])


def found(path: Path) -> tuple[Finding, ...]:
    (account,) = template.read([path])
    return engine.audit(account).findings


def test_what_is_missing_is_named_by_reference(tmp_path: Path) -> None:
    resources = [json.loads(each.fix)["Resource"] for each in found(written(tmp_path / "shop"))]

    assert resources == [
        {"Fn::GetAtt": ["Index", "Arn"]},
        {"Ref": "DbSecret"},
        {
            "Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
            ":log-group:/aws/lambda/${AWS::StackName}-Indexer-*:*"
        },
    ]


def test_with_the_fixes_pasted_nothing_is_found_whatever_the_stack_is_called(tmp_path: Path) -> None:
    statements = [json.loads(each.fix) for each in found(written(tmp_path / "shop"))]
    document = {"Version": "2012-10-17", "Statement": statements}
    role = {"Policies": [{"PolicyName": "Pasted", "PolicyDocument": document}]}

    assert [found(written(tmp_path / name, role)) for name in ("shop", "other")] == [(), ()]


def test_a_smaller_statement_is_named_by_reference(tmp_path: Path) -> None:
    wide = allowing(["dynamodb:PutItem", "dynamodb:DeleteItem"], {"Fn::GetAtt": ["Index", "Arn"]})
    (finding,) = [each for each in found(written(tmp_path, wide)) if each.rule == "unneeded-grant"]
    smaller = '{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": {"Fn::GetAtt": ["Index", "Arn"]}}'

    assert finding.fix.endswith(f" by {smaller}")
    assert [line[2:] for line in finding.evidence["diff"]][1:] == [smaller]  # type: ignore[attr-defined]


def test_the_right_policy_is_named_by_reference(tmp_path: Path) -> None:
    full = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]}
    (finding,) = [each for each in found(written(tmp_path, full)) if each.rule == "broad-managed-policy"]
    proposal: Any = finding.evidence["proposal"]

    assert [each["Resource"] for each in proposal["Statement"]][1:] == [
        {"Fn::GetAtt": ["Index", "Arn"]},
        {"Ref": "DbSecret"},
    ]
    assert "by what `rolecall needs --function Indexer --format sam` prints" in finding.fix


def serverless(folder: Path, policies: list[Any]) -> tuple[Finding, ...]:
    """What is found on a function of SAM with these policies, in line 7 of its template."""
    lines = (
        "Transform: AWS::Serverless-2016-10-31",
        "Resources:",
        "  Worker:",
        "    Type: AWS::Serverless::Function",
        "    Properties: {Runtime: python3.13, Handler: index.handler, InlineCode: 'def handler(event, context): 1',",
        "      Policies: [",
        f"        {json.dumps(policies)[1:-1]}",
        "    ]}",
    )
    (folder / "template.yaml").write_text("\n".join(lines))
    return found(folder / "template.yaml")


def test_a_policy_template_is_what_goes(tmp_path: Path) -> None:
    found = serverless(tmp_path, [{"SQSPollerPolicy": {"QueueName": "orders"}}])
    (fix,) = [each.fix for each in found if each.rule == "leftover-poller-grant"]

    assert re.sub(r"\(.*/", "(", fix) == "remove `SQSPollerPolicy` (template.yaml:7)"


def test_what_sam_makes_of_one_name_is_one_finding(tmp_path: Path) -> None:
    found = serverless(tmp_path, [{"SSMParameterReadPolicy": {"ParameterName": "orders"}}])
    (finding,) = [each for each in found if each.rule == "unneeded-grant"]

    assert "ssm:DescribeParameters" in finding.actions
    assert "by `SSMParameterReadPolicy`: nothing of" in finding.message
    assert re.sub(r"\(.*/", "(", finding.fix).startswith("replace `SSMParameterReadPolicy` (template.yaml:7) by")


def test_a_managed_policy_is_what_is_replaced(tmp_path: Path) -> None:
    found = serverless(tmp_path, ["AmazonDynamoDBFullAccess"])
    (fix,) = [each.fix for each in found if each.rule == "broad-managed-policy" and each.severity.value == "high"]

    assert re.sub(r"\(.*/", "(", fix) == (
        "replace `AmazonDynamoDBFullAccess` (template.yaml:7)"
        " by what `rolecall needs --function Worker --format sam` prints"
    )


def test_what_sam_attaches_goes_with_a_role_of_the_template(tmp_path: Path) -> None:
    (finding,) = serverless(tmp_path, [])

    assert finding.fix.partition("yaml:")[2] == (
        "3: give the function a `Role` that the template has;"
        " its policies are then what `rolecall needs --function Worker --format sam` prints"
    )
