"""The demo functions do what they are for, on the events that people invoke them with."""

import json

import boto3
import pytest

from tests.functions.conftest import CONTEXT, Load, event


def test_hello_greets(load: Load) -> None:
    assert load("hello").handler(event("hello"), CONTEXT) == {"message": "hello Ada"}
    assert load("hello").handler({}, CONTEXT) == {"message": "hello world"}


def test_alb_answers_http(load: Load) -> None:
    answer = load("alb").handler(event("alb"), CONTEXT)

    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"message": "hello Ada"})


def test_alb_answers_404_for_a_path_that_it_does_not_know(load: Load) -> None:
    assert load("alb").handler({**event("alb"), "path": "/nothing"}, CONTEXT)["statusCode"] == 404


def test_s3_writes_a_summary_of_the_object(load: Load) -> None:
    app = load("s3", SUMMARY_BUCKET="summaries")
    s3 = boto3.client("s3")
    for bucket in ("summaries", "rolecall-input-123456789012"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="rolecall-input-123456789012", Key="orders.csv", Body=b"order,items\n1,2\n")

    app.handler(event("s3"), CONTEXT)

    summary = json.loads(s3.get_object(Bucket="summaries", Key="orders.csv.json")["Body"].read())
    assert (summary["bytes"], summary["lines"]) == (16, 2)


def test_eventbridge_confirms_the_order(load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    app = load("eventbridge", BUS="confirmations")
    boto3.client("events").create_event_bus(Name="confirmations")

    app.handler(event("eventbridge"), CONTEXT)

    assert '"total":13' in capsys.readouterr().out


def test_sqs_stores_what_it_can_and_gives_back_the_rest(load: Load) -> None:
    app = load("sqs", TABLE="orders")
    table = boto3.resource("dynamodb").create_table(
        TableName="orders",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "order", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "order", "KeyType": "HASH"}],
    )
    (good,) = event("sqs")["Records"]
    bad = {**good, "messageId": "bad", "body": "{}"}

    answer = app.handler({"Records": [good, bad]}, CONTEXT)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert table.scan()["Items"] == [{"order": "42", "items": 2}]
