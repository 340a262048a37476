"""The auditor: bad input is one line and a count, and what it cannot read is said."""

import json
from types import ModuleType
from typing import Any

import boto3
import pytest

from tests.builders import document
from tests.functions.conftest import CONTEXT, Load, event, logged

TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def auditor(load: Load) -> ModuleType:
    """The handler in an account with its memory table and the function `rolecall-hello`."""
    app = load("auditor", MEMORY_TABLE="memory")
    boto3.client("dynamodb").create_table(
        TableName="memory",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "function", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "function", "KeyType": "HASH"}],
    )
    role = boto3.client("iam").create_role(RoleName="hello", AssumeRolePolicyDocument=json.dumps(TRUST))
    boto3.client("lambda").create_function(
        FunctionName="rolecall-hello",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
    )
    return app


def record(**members: Any) -> Any:
    known = event("auditor")
    return {**known, "detail": {**known["detail"], **members}}


def lines(capsys: pytest.CaptureFixture[str], message: str) -> list[dict[str, Any]]:
    return [line for line in logged(capsys) if line.get("message") == message]


def test_a_finding_is_opened_and_later_resolved(auditor: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    functions = boto3.client("lambda")
    now = {"eventTime": "2099-01-01T00:00:00Z"}
    functions.add_permission(
        FunctionName="rolecall-hello", StatementId="Everybody", Action="lambda:InvokeFunction", Principal="*"
    )
    auditor.handler(record(**now), CONTEXT)
    (found,) = lines(capsys, "finding")

    functions.remove_permission(FunctionName="rolecall-hello", StatementId="Everybody")
    auditor.handler(record(**now), CONTEXT)
    (resolved,) = lines(capsys, "resolved")

    assert (found["rule"], found["state"], found["actor"]) == (
        "public-function",
        "opened",
        "arn:aws:iam::123456789012:user/ada",
    )
    assert resolved["fingerprint"] == found["fingerprint"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({}, "no CloudTrail record"),
        ({"detail-type": "Scheduled Event", "detail": {}}, "no CloudTrail record"),
        (record(eventName="SomethingNew20300101"), "changes nothing that is audited"),
        (record(errorCode="AccessDenied"), "the call failed: AccessDenied"),
        (record(requestParameters={"functionName": "deleted-meanwhile"}), "touches no function that exists"),
        (
            record(eventSource="iam.amazonaws.com", eventName="DeleteRole", requestParameters={"roleName": "gone"}),
            "touches no function that exists",
        ),
    ],
)
def test_bad_input_is_one_line_and_a_count(
    bad: Any, reason: str, auditor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    auditor.handler(bad, CONTEXT)

    logged_lines = logged(capsys)
    assert [line["reason"] for line in logged_lines if line.get("message") == "skipped"] == [reason]
    assert [line["EventsSkipped"] for line in logged_lines if "EventsSkipped" in line] == [[1.0]]


def test_a_record_without_parameters_makes_it_look_at_everything(
    auditor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    auditor.handler(record(requestParameters=None), CONTEXT)

    (audited,) = lines(capsys, "audit")
    assert [name.rpartition(":")[2] for name in audited["functions"]] == ["rolecall-hello"]


def test_an_event_that_an_audit_has_covered_is_only_counted(
    auditor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    auditor.handler(record(), CONTEXT)
    auditor.handler(record(), CONTEXT)

    assert [line["reason"] for line in lines(capsys, "skipped")] == ["covered by a later audit"]


def test_findings_of_a_deleted_function_are_resolved(auditor: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    functions = boto3.client("lambda")
    functions.add_permission(
        FunctionName="rolecall-hello", StatementId="Everybody", Action="lambda:InvokeFunction", Principal="*"
    )
    auditor.handler(record(), CONTEXT)
    functions.delete_function(FunctionName="rolecall-hello")
    auditor.handler(record(eventName="DeleteFunction20150331"), CONTEXT)

    assert [line["rule"] for line in lines(capsys, "resolved")] == ["public-function"]
