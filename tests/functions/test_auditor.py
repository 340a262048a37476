"""The auditor: bad input is one line and a count, what it cannot read is said, and a storm is no storm of audits."""

from collections import Counter, defaultdict
from random import Random
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.functions.conftest import (
    BEGINNING,
    CONTEXT,
    Clock,
    Load,
    delivered,
    event,
    lines,
    logged,
    make_function,
    make_role,
    make_stack,
    open_up,
    sent,
    shut,
    unhurried,
)
from tests.sources.bucket import Bucket

PURGES = """import boto3
def handler(event, context):
    boto3.client("sqs").purge_queue(QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/orders")
"""
HELLO = "arn:aws:lambda:us-east-1:123456789012:function:rolecall-hello"


@pytest.fixture
def auditor(load: Load, clock: Clock) -> ModuleType:
    """The handler in an account with its table, its queues and the function `rolecall-hello`."""
    app = load("auditor", **make_stack())
    app.clock = clock  # type: ignore[attr-defined]
    make_role("hello")
    make_function("rolecall-hello", "hello")
    return app


# A call that leaves no trace to look for: whether it shows yet, nothing can tell.
PLAIN = {"eventName": "UpdateFunctionCode20150331v2", "requestParameters": {"functionName": "rolecall-hello"}}


def record(**members: Any) -> Any:
    known = event("auditor")
    return {**known, "detail": {**known["detail"], **PLAIN, **members}}


def happened(number: int, clock: Clock, **members: Any) -> Any:
    """An event of its own, of now."""
    return record(eventID=f"e{number}", eventTime=clock.text(), **members)


def test_a_finding_is_opened_and_later_resolved(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    open_up("rolecall-hello")
    auditor.handler(happened(1, clock), CONTEXT)
    (found,) = lines(capsys, "finding")

    shut("rolecall-hello")
    clock.now += 20
    auditor.handler(happened(2, clock), CONTEXT)
    (resolved,) = lines(capsys, "resolved")

    assert (found["rule"], found["state"], found["cause"], found["actor"]) == (
        "public-function",
        "opened",
        "event",
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


def test_a_call_that_hid_its_parameters_is_told_at_once_and_everything_is_audited(
    auditor: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    auditor.handler(record(requestParameters=None), CONTEXT)

    assert [(line["rule"], line["state"]) for line in lines(capsys, "finding")] == [("omitted-parameters", "opened")]
    assert [list(message) for message, _ in sent("PLAN")] == [["plan"]]


@pytest.mark.parametrize(
    ("service", "name", "parameters", "plans"),
    [
        ("cloudtrail", "StopLogging", {"name": "all"}, 1),
        ("events", "DisableRule", {"name": "rolecall-AuditorRule-1A2B"}, 1),
        ("kms", "DisableKey", {"keyId": "a1b2c3d4-0000-4000-8000-000000000001"}, 1),
        ("iam", "DeleteRole", {"roleName": "gone"}, 0),
    ],
)
def test_what_may_blind_the_auditor_or_touch_a_thing_whose_users_no_sweep_has_found_asks_for_a_sweep(
    service: str, name: str, parameters: dict[str, str], plans: int, auditor: ModuleType
) -> None:
    auditor.handler(
        record(eventSource=f"{service}.amazonaws.com", eventName=name, requestParameters=parameters), CONTEXT
    )

    assert [list(message) for message, _ in sent("PLAN")] == [["plan"]] * plans


def test_many_such_calls_ask_for_one_sweep_and_another_one_later(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(40):
        auditor.handler(happened(number, clock, requestParameters=None), CONTEXT)
        clock.now += 1

    assert [delay for _, delay in sent("PLAN")] == [15, 899]


def test_an_event_that_an_audit_has_covered_is_only_counted(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    late = happened(2, clock)
    clock.now += 16
    auditor.handler(happened(1, clock), CONTEXT)
    auditor.handler(late, CONTEXT)

    assert [line["reason"] for line in lines(capsys, "skipped")] == ["another audit looks after it"]
    assert sent() == []


def test_an_event_soon_after_an_audit_has_a_second_look_and_further_ones_are_counted(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        auditor.handler(happened(number, clock), CONTEXT)

    ((message, delay),) = sent()
    assert (message["look"]["functions"], message["look"]["change"]["event_id"], delay) == ([HELLO], "e1", 15)
    assert len(lines(capsys, "audit")) == 1


def test_an_event_shortly_before_a_look_has_a_look_of_its_own(auditor: ModuleType, clock: Clock) -> None:
    for number, seconds in enumerate((0, 1, 13)):
        clock.now = BEGINNING + seconds
        auditor.handler(happened(number, clock), CONTEXT)

    assert [message["look"]["at"] - BEGINNING for message, _ in sent()] == [16, 28]


def test_a_change_that_cannot_be_seen_yet_has_a_second_look(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    permission = event("auditor")["detail"]
    unseen = {name: permission[name] for name in ("eventName", "requestParameters")}
    auditor.handler(happened(1, clock, **unseen), CONTEXT)

    ((message, delay),) = sent()
    assert (message["look"]["functions"], delay) == ([HELLO], 15)
    assert len(lines(capsys, "audit")) == 1


def test_findings_of_a_deleted_function_are_resolved(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    open_up("rolecall-hello")
    auditor.handler(happened(1, clock), CONTEXT)
    boto3.client("lambda").delete_function(FunctionName="rolecall-hello")
    auditor.handler(happened(2, clock, eventName="DeleteFunction20150331"), CONTEXT)

    assert [line["rule"] for line in lines(capsys, "resolved")] == ["public-function"]
    assert auditor.memory().users("role/hello") == frozenset()


@pytest.mark.parametrize("code", ["AccessDeniedException", "TooManyRequestsException"])
def test_what_aws_refuses_is_a_finding_and_resolves_nothing(
    code: str, auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    open_up("rolecall-hello")
    auditor.handler(happened(1, clock), CONTEXT)
    capsys.readouterr()
    refuse(auditor, "before-call.lambda.GetPolicy", code)
    clock.now += 20

    auditor.handler(happened(2, clock), CONTEXT)

    written = [(line["message"], line.get("rule")) for line in logged(capsys) if "message" in line]
    assert ("finding", "incomplete-audit") in written
    assert "resolved" not in [message for message, _ in written]


def refuse(auditor: ModuleType, event_name: str, code: str) -> None:
    """From now on AWS answers this operation with an error."""

    def answer(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, event_name)

    auditor.session().events.register(event_name, answer)


def test_what_cannot_be_read_at_all_is_left_to_lambda_to_try_again(auditor: ModuleType) -> None:
    refuse(auditor, "before-call.lambda.ListFunctions", "AccessDeniedException")

    with pytest.raises(Exception, match="lambda:ListFunctions: AccessDeniedException"):
        auditor.handler(record(), CONTEXT)


def test_who_shared_the_role_of_a_deleted_function_is_audited_again(
    auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    make_function("rolecall-other", "hello")
    other = {"requestParameters": {"functionName": "rolecall-other"}}
    auditor.handler(happened(1, clock, **other), CONTEXT)
    boto3.client("lambda").delete_function(FunctionName="rolecall-other")
    auditor.handler(happened(2, clock, eventName="DeleteFunction20150331", **other), CONTEXT)

    assert [line["rule"] for line in lines(capsys, "resolved")] == ["shared-role"]


def test_a_call_that_the_role_does_not_allow_is_found_in_code_that_is_fetched_once(
    auditor: ModuleType, bucket: Bucket, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket.texts["rolecall-hello"] = PURGES
    auditor.handler(happened(1, clock), CONTEXT)
    clock.now += 20
    auditor.handler(happened(2, clock), CONTEXT)

    told = [(line["rule"], line["state"], line["actions"]) for line in lines(capsys, "finding")]
    assert told == [("denied-call", state, ["sqs:PurgeQueue"]) for state in ("opened", "open")]
    assert bucket.fetched == ["rolecall-hello"]


def test_more_functions_than_one_event_may_audit_are_handed_to_the_workers(auditor: ModuleType, clock: Clock) -> None:
    for number in range(59):
        make_function(f"many-{number}", "hello")
    role = {
        "eventSource": "iam.amazonaws.com",
        "eventName": "PutRolePolicy",
        "requestParameters": {"roleName": "hello"},
    }
    auditor.handler(happened(1, clock, **role), CONTEXT)
    auditor.handler(happened(2, clock, **role), CONTEXT)

    assert [len(message["look"]["functions"]) for message, _ in sent()] == [25, 25, 10]


WRITES = range(1, 8)


@pytest.mark.parametrize("number", WRITES)
def test_a_handler_that_is_killed_at_a_write_loses_and_doubles_nothing(
    number: int, auditor: ModuleType, clock: Clock, load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    open_up("rolecall-hello")
    with kill(auditor, at_write=number):
        auditor.handler(happened(1, clock), CONTEXT)
    clock.now += 1
    auditor.handler(happened(1, clock), CONTEXT)

    told = [line["state"] for line in lines(capsys, "finding") if line["rule"] == "public-function"]
    assert told in (["opened"], ["opened", "opened"], ["opened", "open"])
    known = auditor.memory().recall({HELLO})[HELLO]
    assert [each["rule"] for each in known.findings.values()] == ["public-function"]
    assert auditor.memory().users("role/hello") == {HELLO}


class KilledError(BaseException):
    """The sandbox is gone: no handler of exceptions sees it."""


def test_a_handler_that_is_killed_when_it_sends_asks_again_for_all_who_share_the_role(
    auditor: ModuleType, clock: Clock
) -> None:
    others = {make_function(f"many-{number}", "hello") for number in range(12)}
    moved = happened(1, clock)
    with kill(auditor, at_write=1, call="sqs.SendMessage"):
        auditor.handler(moved, CONTEXT)
    clock.now += 1
    auditor.handler(moved, CONTEXT)

    assert {function for message, _ in sent() for function in message["look"]["functions"]} == others


class kill:
    """Within it, a call that writes, by default into the table, never returns: it is not made, the handler is gone."""

    def __init__(self, auditor: ModuleType, *, at_write: int, call: str = "dynamodb.UpdateItem") -> None:
        clients = {"dynamodb": auditor.memory()._table._client, "sqs": auditor.storm()._work._client}
        self.events, self.left = clients[call.partition(".")[0]].meta.events, at_write
        self.call = f"before-call.{call}"

    def __enter__(self) -> None:
        self.events.register(self.call, self.count)

    def count(self, **_: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError

    def __exit__(self, kind: object, *_: object) -> bool:
        self.events.unregister(self.call, self.count)
        return kind is KilledError


def test_a_storm_audits_each_function_twice_and_after_its_last_change(
    auditor: ModuleType, load: Load, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    worker = load("worker")
    worker.clock, worker.pace = clock, unhurried  # type: ignore[attr-defined]
    names = [f"storm-{number}" for number in range(100)]
    for name in names:
        make_role(name)
        make_function(name, name)
    storm = [happened(n, clock, requestParameters={"functionName": name}) for n, name in enumerate(names * 5)]
    Random(5).shuffle(storm)
    audits: dict[str, list[str]] = defaultdict(list)

    for each in storm + storm[:20]:
        auditor.handler(each, CONTEXT)
        clock.now += 0.01
    for message, _ in sent():
        clock.now = message["look"]["at"] + 0.5
        worker.handler(delivered(message), CONTEXT)
    for line in lines(capsys, "audit"):
        for function in line["functions"]:
            audits[function.rpartition(":")[2]].append(line["cause"])

    assert {name: audits[name] for name in names} == {name: ["event", "look"] for name in names}
    assert sent() == []


def test_disorder_and_delay_do_no_harm(auditor: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    first = happened(1, clock)
    clock.now += 300
    second = happened(2, clock)
    open_up("rolecall-hello")
    for each in (second, first, second):
        clock.now += 20
        auditor.handler(each, CONTEXT)

    assert Counter(line["state"] for line in lines(capsys, "finding")) == {"opened": 1}
