"""What resources will be called once a template is deployed: in printed policies, and in policies that say it."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.reports.needs import answers, sam
from rolecall.sources import template

GROUP = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
NOTHING = "def handler(event, context): pass"


def stack(folder: Path, *, code: str = NOTHING, role: Any = None, more: Any = None, **properties: Any) -> Path:
    """A template with the function `Indexer` and its role `Role`."""
    plain = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": code},
    }
    resources = {
        "Indexer": {"Type": "AWS::Lambda::Function", "Properties": {**plain, **properties}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **(role or {})}},
        **(more or {}),
    }
    body = {"Parameters": {"Stage": {"Type": "String", "Default": "dev"}}, "Resources": resources}
    folder.mkdir(exist_ok=True)
    (folder / "template.json").write_text(json.dumps(body))
    return folder / "template.json"


def printed(path: Path) -> str:
    return sam.render(answers(template.read([path])))


def allowing(action: Any, resource: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Policies": [{"PolicyName": "Own", "PolicyDocument": document}]}


@pytest.mark.parametrize(
    ("name", "group"),
    [
        (None, "/aws/lambda/${AWS::StackName}-Indexer-*"),
        ({"Fn::Sub": "${AWS::StackName}-idx"}, "/aws/lambda/${AWS::StackName}-idx"),
        ({"Fn::Join": ["-", [{"Ref": "Stage"}, "idx"]]}, "/aws/lambda/${Stage}-idx"),
        ("indexer", "/aws/lambda/indexer"),
    ],
)
def test_the_log_group_of_a_function_is_what_it_will_be_called(tmp_path: Path, name: Any, group: str) -> None:
    text = printed(stack(tmp_path / "shop", **({"FunctionName": name} if name else {})))

    assert f"Resource: !Sub {GROUP}:{group}:*\n" in text


def test_a_log_group_that_is_named_after_the_function_is_not_referred_to_by_its_role(tmp_path: Path) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Fn::Sub": "/aws/lambda/${Indexer}"}}}
    text = printed(stack(tmp_path, more={"Logs": group}))

    assert text.endswith(f"Resource: !Sub {GROUP}:/aws/lambda/${{AWS::StackName}}-Indexer-*:*")


def test_a_log_group_that_the_function_is_given_is_referred_to(tmp_path: Path) -> None:
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {}}
    text = printed(stack(tmp_path, more={"Logs": group}, LoggingConfig={"LogGroup": {"Ref": "Logs"}}))

    assert text.endswith("Resource: !GetAtt Logs.Arn")


@pytest.mark.parametrize(
    ("variable", "table"),
    [("T", "${AWS::StackName}-orders"), ("AWS_LAMBDA_FUNCTION_NAME", "${AWS::StackName}-Indexer-*")],
)
def test_a_name_that_a_variable_makes_of_the_stacks_stays_one(tmp_path: Path, variable: str, table: str) -> None:
    query = f"boto3.client('dynamodb').query(TableName=os.environ['{variable}'])"
    code = f"import boto3, os\ndef handler(event, context):\n    {query}"
    variables = {"Variables": {"T": {"Fn::Sub": "${AWS::StackName}-orders"}}}
    text = printed(stack(tmp_path, code=code, Environment=variables))

    assert f"${{AWS::AccountId}}:table/{table}\n" in text


@pytest.mark.parametrize("group", ["${AWS::StackName}-Indexer-*", "${AWS::StackName}-Indexer"])
def test_a_name_with_a_random_end_is_the_resources_own(tmp_path: Path, group: str) -> None:
    own = allowing(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::Sub": f"{GROUP}:/aws/lambda/{group}:*"})
    (account,) = template.read([stack(tmp_path / "shop", role=own)])

    assert engine.audit(account).findings == ()


def test_a_name_that_begins_like_a_made_up_one_is_wide(tmp_path: Path) -> None:
    wide = {"Fn::Sub": f"{GROUP}:/aws/lambda/${{AWS::StackName}}-*:*"}
    (account,) = template.read([stack(tmp_path, role=allowing(["logs:CreateLogStream", "logs:PutLogEvents"], wide))])

    assert [each.rule for each in engine.audit(account).findings] == ["wide-log-grant"]


def test_a_given_name_is_not_one_with_a_random_end(tmp_path: Path) -> None:
    own = allowing(["logs:CreateLogStream", "logs:PutLogEvents"], {"Fn::Sub": f"{GROUP}:/aws/lambda/orders-*:*"})
    (account,) = template.read([stack(tmp_path, role=own, FunctionName="orders")])

    assert "unwritable-logs" in [each.rule for each in engine.audit(account).findings]
