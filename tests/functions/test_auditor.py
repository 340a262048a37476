"""The auditor: bad input is one line and a count, and what it cannot read is said."""

import json
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

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
    boto3.client("iam").create_role(RoleName="hello", AssumeRolePolicyDocument=json.dumps(TRUST))
    make_function("rolecall-hello")
    return app


def make_function(name: str) -> None:
    """A function under the role `hello`."""
    boto3.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::123456789012:role/hello",
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
    )


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
        ([], "no CloudTrail record"),
        (None, "no CloudTrail record"),
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


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException"])
def test_what_aws_refuses_is_a_finding_and_resolves_nothing(
    code: str, auditor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    now = record(eventTime="2099-01-01T00:00:00Z")
    boto3.client("lambda").add_permission(
        FunctionName="rolecall-hello", StatementId="Everybody", Action="lambda:InvokeFunction", Principal="*"
    )
    auditor.handler(now, CONTEXT)
    capsys.readouterr()
    refuse(auditor, "GetPolicy", code)

    auditor.handler(now, CONTEXT)

    written = [(line["message"], line.get("rule")) for line in logged(capsys) if "message" in line]
    assert ("finding", "incomplete-audit") in written
    assert "resolved" not in [message for message, _ in written]


def refuse(auditor: ModuleType, operation: str, code: str) -> None:
    """From now on AWS answers this operation with an error."""

    def answer(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    auditor.session().events.register(f"before-call.lambda.{operation}", answer)


def test_who_shared_the_role_of_a_deleted_function_is_audited_again(
    auditor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    make_function("rolecall-other")
    auditor.handler(record(requestParameters=None, eventTime="2099-01-01T00:00:00Z"), CONTEXT)
    boto3.client("lambda").delete_function(FunctionName="rolecall-other")
    deletion = {"eventName": "DeleteFunction20150331", "requestParameters": {"functionName": "rolecall-other"}}
    auditor.handler(record(**deletion, eventTime="2099-01-01T00:00:00Z"), CONTEXT)

    assert [line["rule"] for line in lines(capsys, "resolved")] == ["shared-role"]
