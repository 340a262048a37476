"""Records of CloudTrail: names, regions, members and masks as AWS writes them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.config import Config

from rolecall.changes import Change, parse
from sandbox import calls, cloudtrail

UUID = "2b3f6c1e-1111-2222-3333-444455556666"
TABLE = yaml.safe_load(Path(__file__).with_name("cloudtrail.yaml").read_text())


class Sent(Exception):
    """Raised with the HTTP request instead of sending it."""


@cache
def client(service: str, style: str = "auto") -> Any:
    """A client that gets no further than the wire."""

    def stop(request: Any, **_: Any) -> None:
        raise Sent(request)

    config: Any = Config(s3={"addressing_style": style})  # type: ignore[arg-type]  # a TypedDict
    session: Any = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    made = session.client(service, config=config)
    made.meta.events.register("before-send", stop)
    return made


def sent(call: str, parameters: dict[str, Any], style: str = "auto") -> tuple[calls.Request, bytes]:
    """What boto3 sends for a call such as `iam.create_role`."""
    service, _, operation = call.partition(".")
    with pytest.raises(Sent) as stopped:
        getattr(client(service, style), operation)(**parameters)
    (http,) = stopped.value.args
    host, _, rest = http.url.partition("//")[2].partition("/")
    path, _, query = rest.partition("?")
    headers = {key.lower(): text if isinstance(text, str) else text.decode() for key, text in http.headers.items()}
    body = http.body.read() if hasattr(http.body, "read") else http.body or b""
    request = calls.Request(http.method, f"/{path}", query, {"host": host, **headers})
    return request, body if isinstance(body, bytes) else body.encode()


def recorded(call: str, *, status: int = 200, answer: str = "", style: str = "auto", **parameters: Any) -> Any:
    made = calls.call(*sent(call, parameters, style))
    if made is None:
        return None
    response = cloudtrail.Answer(status, {"content-type": "application/json"}, answer.encode())
    return cloudtrail.record(made, response, account="123456789012", identity={"type": "Root"}, source_ip="127.0.0.1")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["call"])
def test_a_call_becomes_the_event_that_aws_sends(row: dict[str, Any]) -> None:
    record = recorded(row["call"], **row["with"])

    assert f"{record['eventSource'].partition('.')[0]} {record['eventName']}" == row["event"]
    assert {name: record["requestParameters"].get(name) for name in row["parameters"]} == row["parameters"]


@pytest.mark.parametrize(
    ("call", "named", "region"),
    [
        ("iam.delete_role", {"RoleName": "r"}, "us-east-1"),
        ("lambda.delete_function", {"FunctionName": "f"}, "eu-west-1"),
    ],
)
def test_iam_is_recorded_in_us_east_1(call: str, named: dict[str, Any], region: str) -> None:
    record = recorded(call, **named)

    assert (record["awsRegion"], record["readOnly"], record["managementEvent"]) == (region, False, True)


def test_a_bucket_in_the_path_is_found_as_well() -> None:
    record = recorded("s3.delete_bucket_policy", Bucket="inbox", style="path")

    assert record["requestParameters"] == {"bucketName": "inbox", "Host": "s3.eu-west-1.amazonaws.com", "policy": ""}


def test_what_is_secret_is_left_out() -> None:
    environment = recorded(
        "lambda.update_function_configuration", FunctionName="f", Environment={"Variables": {"A": "b"}}
    )
    secret = recorded("secretsmanager.create_secret", Name="s", SecretString="hidden", ClientRequestToken="t" * 32)
    code = recorded("lambda.update_function_code", FunctionName="f", ZipFile=b"zip", Publish=True)

    assert environment["requestParameters"] == {"functionName": "f", "environment": {}}
    assert secret["requestParameters"] == {"name": "s", "clientRequestToken": "t" * 32}
    assert code["requestParameters"] == {"functionName": "f", "publish": True}


def test_the_answer_is_recorded_as_well() -> None:
    answer = json.dumps({"UUID": UUID, "FunctionArn": "arn:aws:lambda:::function:f", "Environment": {"Secret": 1}})
    record = recorded("lambda.delete_event_source_mapping", UUID=UUID, answer=answer)

    assert record["responseElements"] == {"uUID": UUID, "functionArn": "arn:aws:lambda:::function:f"}


def test_parameters_that_are_too_large_are_left_out() -> None:
    named: dict[str, Any] = {"RoleName": "r", "PolicyName": "p"}
    padded = recorded("iam.put_role_policy", **named, PolicyDocument="{}" + " " * 110_000)
    small = recorded("iam.put_role_policy", **named, PolicyDocument="{}" + " " * 90_000)
    left = padded["requestParameters"]

    assert (left["omitted"], left["reason"]) == (True, "requestParameters too large")
    assert set(left) == {"omitted", "originalSize", "reason"}
    assert small["requestParameters"]["roleName"] == "r"


def test_a_call_that_failed_says_why() -> None:
    answer = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>"
    record = recorded("iam.delete_role", RoleName="r", status=404, answer=answer)

    assert (record["errorCode"], record["errorMessage"], record["responseElements"]) == (
        "NoSuchEntity",
        "no role",
        None,
    )
    assert record["requestParameters"] == {"roleName": "r"}


def test_a_call_that_was_denied_does_not_say_what_for() -> None:
    answer = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    record = recorded("iam.delete_role", RoleName="r", status=403, answer=answer)

    assert (record["errorCode"], record["requestParameters"]) == ("AccessDenied", None)


UNRECORDED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("iam.get_role", {"RoleName": "r"}),
    ("lambda.invoke", {"FunctionName": "orders", "Payload": b"{}"}),
    ("lambda.list_functions", {}),
    ("s3.put_object", {"Bucket": "inbox", "Key": "a/b", "Body": b"x"}),
    ("s3.put_object_acl", {"Bucket": "inbox", "Key": "a", "ACL": "private"}),
    ("s3.delete_objects", {"Bucket": "inbox", "Delete": {"Objects": [{"Key": "a"}]}}),
    ("sqs.send_message", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/q", "MessageBody": "x"}),
    ("sqs.receive_message", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/q"}),
    ("sns.publish", {"TopicArn": "arn:aws:sns:::t", "Message": "x"}),
    ("dynamodb.update_item", {"TableName": "table", "Key": {"k": {"S": "a"}}}),
    ("events.put_events", {"Entries": [{"Source": "shop", "DetailType": "x", "Detail": "{}"}]}),
    ("kms.decrypt", {"CiphertextBlob": b"x"}),
    (
        "logs.put_log_events",
        {"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "x"}]},
    ),
    ("ec2.describe_regions", {}),
)


@pytest.mark.parametrize(("call", "parameters"), UNRECORDED, ids=[call for call, _ in UNRECORDED])
def test_what_reads_or_touches_data_is_not_recorded(call: str, parameters: dict[str, Any]) -> None:
    assert recorded(call, **parameters) is None


def test_data_passes_before_its_body_is_read() -> None:
    data = [calls.may_be_recorded(sent(call, parameters)[0]) for call, parameters in UNRECORDED]

    # Of the query protocol only the body says which call it is.
    assert [call for (call, _), may in zip(UNRECORDED, data, strict=True) if may] == ["iam.get_role", "sns.publish"]


def test_the_auditor_understands_what_is_recorded() -> None:
    record = recorded("iam.delete_role_policy", RoleName="r", PolicyName="p")
    change = parse({"detail": json.loads(cloudtrail.event(record)["Detail"])})

    assert isinstance(change, Change)
    assert change.roles == ("r",)
