"""`rolecall needs --format sam` is pasted as it is printed: nothing is found then, under whatever name of the stack."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.needs.policy import Proposal, Proposed
from rolecall.needs.references import References
from rolecall.reports.needs import answers, sam
from rolecall.sources import template

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Indexer:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Environment:
        Variables: {TABLE: !Ref Index, SECRET: !Ref DbSecret, OTHER: !Sub "${AWS::StackName}-other"}
      InlineCode: |
        import boto3, os
        dynamodb = boto3.client("dynamodb")
        def handler(event, context):
            dynamodb.put_item(TableName=os.environ["TABLE"], Item={})
            dynamodb.query(TableName=os.environ["OTHER"], KeyConditionExpression="")
            boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])
            boto3.client("sqs", region_name="eu-west-1").send_message(
                QueueUrl="https://sqs.eu-west-1.amazonaws.com/999999999999/orders", MessageBody="")
            boto3.client("sts").assume_role(RoleArn="arn:aws:iam::999999999999:role/x", RoleSessionName="y")
      Events:
        Orders: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}
EXPLICIT      Role: !GetAtt IndexerRole.Arn
OWN      POLICIES
EXPLICIT  IndexerRole:
EXPLICIT    Type: AWS::IAM::Role
EXPLICIT    Properties:
EXPLICIT      AssumeRolePolicyDocument:
EXPLICIT        Version: "2012-10-17"
EXPLICIT        Statement:
EXPLICIT          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
EXPLICIT      POLICIES
  Index: {Type: AWS::DynamoDB::Table, Properties: {}}
  DbSecret: {Type: AWS::SecretsManager::Secret, Properties: {}}
  Orders: {Type: AWS::SQS::Queue, Properties: {}}
"""
FORMS = ("EXPLICIT", "OWN")


def written(folder: Path, form: str, policies: str = "Policies: []") -> Path:
    (unwanted,) = {*FORMS} - {form}
    kept = (line.removeprefix(form) for line in TEMPLATE.splitlines() if not line.startswith(unwanted))
    folder.mkdir()
    path = folder / "template.yaml"
    pasted = textwrap.indent(policies, " " * 6).lstrip()
    path.write_text("\n".join(kept).replace("POLICIES", pasted))
    return path


def printed(path: Path) -> str:
    return sam.render(answers(template.read([path])))


def found(path: Path) -> tuple[Finding, ...]:
    (account,) = template.read([path])
    return engine.audit(account).findings


@pytest.fixture
def pasted(tmp_path: Path) -> Callable[[str, str], Path]:
    """The template in a folder of a name, with what is printed for it in a folder `shop`."""

    def paste(form: str, name: str) -> Path:
        return written(tmp_path / name, form, printed(written(tmp_path / "shop", form)))

    return paste


@pytest.mark.parametrize("name", ["again", "Other-1"])
def test_pasted_into_a_role_it_leaves_nothing_to_find(pasted: Callable[[str, str], Path], name: str) -> None:
    assert [each.message for each in found(pasted("EXPLICIT", name)) if each.rule != "incomplete-audit"] == []


@pytest.mark.parametrize("name", ["again", "Other-1"])
def test_pasted_into_a_function_it_leaves_what_sam_adds(pasted: Callable[[str, str], Path], name: str) -> None:
    left = [each for each in found(pasted("OWN", name)) if each.rule != "incomplete-audit"]

    assert [(each.rule, each.severity.value) for each in left] == [("broad-managed-policy", "info")]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_printed_is_the_same_under_another_name(tmp_path: Path, form: str) -> None:
    assert printed(written(tmp_path / "shop", form)) == printed(written(tmp_path / "Other-1", form))


def test_the_policies_of_a_function_without_a_role_are_documents(tmp_path: Path) -> None:
    lines = printed(written(tmp_path / "shop", "OWN")).splitlines()

    assert lines[0] == "# Indexer: its own, of which SAM makes its role"
    assert lines[3:7] == ["Policies:", '  - Version: "2012-10-17"', "    Statement:", "      - Sid: WriteLogs"]


def test_a_bucket_that_waits_for_the_function_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "shop", "OWN")
    code = 'dynamodb.put_item(TableName=os.environ["TABLE"], Item={})'
    text = path.read_text().replace(code, 'boto3.client("s3").get_object(Bucket=os.environ["TABLE"], Key=event["k"])')
    event = "{Type: S3, Properties: {Bucket: !Ref Index, Events: 's3:ObjectCreated:*'}}"
    text = text.replace("{Type: SQS, Properties: {Queue: !GetAtt Orders.Arn}}", event)
    path.write_text(text.replace("AWS::DynamoDB::Table", "AWS::S3::Bucket"))

    assert "# a circle, which CloudFormation refuses: `Index` waits for the function" in printed(path)


def test_what_may_be_needed_says_what_decides_it(tmp_path: Path) -> None:
    lines = [line.strip() for line in printed(written(tmp_path / "shop", "EXPLICIT")).splitlines()]
    start = lines.index("# - PolicyName: WriteLogsCreateLogGroup")

    assert lines[start - 2 : start] == [
        "# May be needed as well: above each is the code that may do so, or what decides it. Delete what is not:",
        "# log group: Lambda makes it where it is missing: without the group or this right all logs are lost",
    ]


def test_of_many_reasons_the_first_are_told() -> None:
    reasons = tuple(f"app.py:{line}: the code calls `sqs.PurgeQueue`" for line in range(1, 6))
    purge = Proposed("CallSqs", ("sqs:PurgeQueue",), ("*",), reasons)
    lines = sam.own(Proposal((), optional=(purge,)), References("111122223333", "eu-west-1")).splitlines()

    assert [line.strip() for line in lines[4:8]] == [*(f"# {each}" for each in reasons[:3]), "# and 2 more like it"]
