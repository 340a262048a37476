"""Customer keys of a template's resources: who uses such a resource needs its key."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.model import Account
from rolecall.needs.of import of
from rolecall.sources import template

HANDLER = "def handler(event, context):\n    import boto3\n    boto3.client('{}').{}({})\n"
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
KEY = {"Ref": "Key"}
ARN = "arn:aws:kms:us-east-1:123456789012:key/shop-Key"
QUEUE = ("sqs", "send_message", "QueueUrl='https://sqs.us-east-1.amazonaws.com/123456789012/orders', MessageBody=''")
CALLS = {
    "AWS::SNS::Topic": ("sns", "publish", "TopicArn='arn:aws:sns:us-east-1:123456789012:orders', Message=''"),
    "AWS::DynamoDB::Table": ("dynamodb", "get_item", "TableName='orders', Key={}"),
    "AWS::Kinesis::Stream": ("kinesis", "put_record", "StreamName='orders', Data=b'', PartitionKey='a'"),
    "AWS::S3::Bucket": ("s3", "put_object", "Bucket='orders', Key='a'"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "get_secret_value", "SecretId='orders'"),
    "AWS::SQS::Queue": QUEUE,
    "AWS::SSM::Parameter": ("ssm", "get_parameter", "Name='/orders'"),
}
WITH_KEY: dict[str, dict[str, Any]] = {
    "AWS::SNS::Topic": {"TopicName": "orders", "KmsMasterKeyId": KEY},
    "AWS::DynamoDB::Table": {"TableName": "orders", "SSESpecification": {"SSEEnabled": True, "KMSMasterKeyId": KEY}},
    "AWS::Kinesis::Stream": {"Name": "orders", "StreamEncryption": {"EncryptionType": "KMS", "KeyId": KEY}},
    "AWS::S3::Bucket": {
        "BucketName": "orders",
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}}
            ]
        },
    },
    "AWS::SecretsManager::Secret": {"Name": "orders", "KmsKeyId": KEY},
    "AWS::SQS::Queue": {"QueueName": "orders", "KmsMasterKeyId": KEY},
}
PLAIN = {
    "AWS::SNS::Topic": {"TopicName": "orders"},
    "AWS::DynamoDB::Table": {"TableName": "orders", "SSESpecification": {"SSEEnabled": True}},
    "AWS::Kinesis::Stream": {"Name": "orders"},
    "AWS::S3::Bucket": {"BucketName": "orders"},
    "AWS::SecretsManager::Secret": {"Name": "orders"},
    "AWS::SQS::Queue": {"QueueName": "orders", "KmsMasterKeyId": "alias/aws/sqs"},
    "AWS::SSM::Parameter": {"Name": "/orders", "Type": "String", "Value": "a"},
}


def read(
    folder: Path, made: dict[str, Any], call: tuple[str, str, str] = QUEUE, key: dict[str, Any] | None = None
) -> Account:
    code = {"ZipFile": HANDLER.format(*call)}
    role = {"Fn::GetAtt": "Role.Arn"}
    properties = {"Code": code, "Handler": "index.handler", "Runtime": "python3.13", "Role": role}
    body = {
        "Parameters": {"Given": {"Type": "String"}},
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": properties},
            "Role": ROLE,
            "Key": {"Type": "AWS::KMS::Key", "Properties": key or {}},
            "Alias": {"Type": "AWS::KMS::Alias", "Properties": {"AliasName": "alias/own", "TargetKeyId": KEY}},
            "Orders": made,
        },
    }
    (folder / "shop.json").write_text(json.dumps(body))
    (account,) = template.read([folder / "shop.json"])
    return account


def queue(named: object) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "orders", "KmsMasterKeyId": named}}


def keys(account: Account) -> set[tuple[str, str, str]]:
    found = (need for need in of(account.functions[0], account).needs if need.action.startswith("kms:"))
    return {(need.action, need.resource, need.certainty.value) for need in found}


def told(account: Account) -> list[str]:
    return [each.message for each in engine.audit(account).findings if each.rule == "unusable-key"]


@pytest.mark.parametrize("kind", WITH_KEY)
def test_who_uses_what_has_a_customer_key_must_be_allowed_the_key(kind: str, tmp_path: Path) -> None:
    found = keys(read(tmp_path, {"Type": kind, "Properties": WITH_KEY[kind]}, CALLS[kind]))

    assert {(resource, certainty) for _, resource, certainty in found} >= {(ARN, "must")}


@pytest.mark.parametrize("kind", PLAIN)
def test_what_has_no_customer_key_needs_none(kind: str, tmp_path: Path) -> None:
    assert keys(read(tmp_path, {"Type": kind, "Properties": PLAIN[kind]}, CALLS[kind])) == set()


@pytest.mark.parametrize("named", [KEY, {"Fn::GetAtt": "Key.Arn"}, {"Ref": "Alias"}, "alias/own"])
def test_a_key_is_named_by_its_id_its_arn_or_its_alias(named: object, tmp_path: Path) -> None:
    assert keys(read(tmp_path, queue(named))) == {("kms:Decrypt", ARN, "must"), ("kms:GenerateDataKey", ARN, "must")}


def test_a_role_without_the_key_is_found(tmp_path: Path) -> None:
    (message,) = told(read(tmp_path, queue(KEY)))

    assert message.endswith(
        "may not `kms:Decrypt`, `kms:GenerateDataKey` with `key/shop-Key`:"
        " `sqs:SendMessage` uses the customer key of its resource"
    )


def test_a_key_policy_that_lets_the_role_in_is_enough(tmp_path: Path) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::GetAtt": "Role.Arn"}},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": "*",
    }

    assert (
        told(read(tmp_path, queue(KEY), key={"KeyPolicy": {"Version": "2012-10-17", "Statement": [statement]}})) == []
    )


def test_a_key_that_a_parameter_gives_is_said_not_to_be_known(tmp_path: Path) -> None:
    account = read(tmp_path, queue({"Ref": "Given"}))

    assert told(account) == []
    assert [(gap.what, gap.subject) for each in account.resources for gap in each.gaps] == [("key", "Function")]


def test_a_key_of_what_nobody_uses_is_no_gap(tmp_path: Path) -> None:
    account = read(tmp_path, queue({"Ref": "Given"}), CALLS["AWS::SNS::Topic"])

    assert [gap for each in account.resources for gap in each.gaps] == []
