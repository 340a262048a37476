"""The worker: looks for the auditor, all that a look leads to, and nothing lost where time runs out."""

from collections import Counter
from dataclasses import asdict, replace
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest

from rolecall.changes import Change, Trace
from tests.functions.conftest import (
    CONTEXT,
    Clock,
    Load,
    delivered,
    event,
    lines,
    make_function,
    make_role,
    make_stack,
    open_up,
    sent,
    unhurried,
)

CHANGE = Change("e1", "AddPermission20150331v2", "2026-01-31T03:00:00Z", "ada", "123456789012", "us-east-1")
UNSEEN = replace(CHANGE, functions=("f00",), trace=Trace("permission", "Everybody"))
DONE: dict[str, Any] = {"batchItemFailures": []}
AGAIN = {"batchItemFailures": [{"itemIdentifier": "00000000-0000-4000-8000-000000000002"}]}


@pytest.fixture
def worker(load: Load, clock: Clock) -> ModuleType:
    """The handler in an account with its table and queues."""
    app = load("worker", **make_stack())
    app.clock, app.pace = clock, unhurried  # type: ignore[attr-defined]
    return app


@pytest.fixture
def hidden(worker: ModuleType) -> list[int]:
    """For how many seconds messages were hidden, each time that the worker asked for it."""
    seconds: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seconds.append(params["VisibilityTimeout"])

    def answer(**_: Any) -> Any:
        return SimpleNamespace(status_code=200), {}

    worker.session().events.register("provide-client-params.sqs.ChangeMessageVisibility", note)
    worker.session().events.register("before-call.sqs.ChangeMessageVisibility", answer)
    return seconds


def look(*arns: str, at: float, change: Change | None = CHANGE) -> dict[str, Any]:
    return {"look": {"functions": list(arns), "change": change and asdict(change), "at": at}}


def function(name: str, role: str | None = None) -> str:
    """A function, with a role of its own or under that of others; its ARN."""
    if role is None:
        make_role(role := name)
    return make_function(name, role)


def sharing(number: int) -> list[str]:
    """So many functions under the role `shared`; their ARNs."""
    make_role("shared")
    return [function(f"s{each:02}", "shared") for each in range(number)]


def audited(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """How often each function was audited, by the lines that were logged."""
    return Counter(name for line in lines(capsys, "audit") for name in line["functions"])


def of_portions(number: int) -> Any:
    """The context of an invocation that has the time for so many portions."""
    left = iter([900_000] * number)
    return SimpleNamespace(**{**vars(CONTEXT), "get_remaining_time_in_millis": lambda: next(left, 1_000)})


def test_the_event_of_its_folder_is_a_look(worker: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    arn = function("rolecall-hello")

    assert worker.handler(event("worker"), CONTEXT) == DONE
    assert audited(capsys) == {arn: 1}


def test_a_second_look_names_who_caused_it(
    worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = function("f00")
    open_up("f00")
    worker.handler(delivered(look(arn, at=clock.now)), CONTEXT)

    (found,) = lines(capsys, "finding")
    assert (found["actor"], found["event_id"], found["cause"], found["state"]) == ("ada", "e1", "look", "opened")


def test_a_look_that_an_audit_has_forestalled_reads_nothing(
    worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = function("f00")
    for _ in range(2):
        worker.handler(delivered(look(arn, at=clock.now)), CONTEXT)

    assert len(lines(capsys, "audit")) == 1


def test_a_look_closes_a_function_that_is_no_more(
    worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    arn = function("f00")
    open_up("f00")
    worker.handler(delivered(look(arn, at=clock.now)), CONTEXT)
    boto3.client("lambda").delete_function(FunctionName="f00")
    clock.now += 20
    worker.handler(delivered(look(arn, at=clock.now)), CONTEXT)

    assert [line["rule"] for line in lines(capsys, "resolved")] == ["public-function"]


def test_what_is_not_visible_at_a_look_is_looked_at_again_but_not_forever(
    worker: ModuleType, clock: Clock, hidden: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    arn = function("f00")
    message, answers = look(arn, at=clock.now, change=UNSEEN), []
    for times in (1, 2, 3):
        answers.append(worker.handler(delivered(message, times=times), CONTEXT))
        clock.now += 60

    assert (answers, hidden) == ([AGAIN, AGAIN, DONE], [30, 45])
    assert audited(capsys) == {arn: 3}


def test_what_shows_at_the_second_look_has_no_third_one(worker: ModuleType, clock: Clock, hidden: list[int]) -> None:
    arn = function("f00")
    message = look(arn, at=clock.now, change=UNSEEN)
    worker.handler(delivered(message), CONTEXT)
    clock.now += 30
    open_up("f00")

    assert worker.handler(delivered(message, times=2), CONTEXT) == DONE


def test_all_who_share_the_role_that_a_function_took_up_are_audited_with_it_each_once(
    worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = sharing(60)
    worker.handler(delivered(look(first, at=clock.now)), CONTEXT)

    assert audited(capsys) == dict.fromkeys((first, *others), 1)
    assert sent() == []


def test_a_look_for_which_time_runs_out_goes_on_when_it_comes_again(
    worker: ModuleType, clock: Clock, hidden: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    first, *others = sharing(60)
    message = look(first, at=clock.now)
    early = worker.handler(delivered(message), of_portions(1))
    told = audited(capsys)
    clock.now += 5
    late = worker.handler(delivered(message, times=2), CONTEXT)

    assert (early, late, hidden) == (AGAIN, DONE, [0])
    assert told == dict.fromkeys(others[:25], 1)
    assert audited(capsys) == dict.fromkeys((first, *others[25:]), 1)


def test_who_shared_the_role_of_a_function_that_is_no_more_is_audited_in_portions(
    worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, *others = sharing(30)
    worker.handler(delivered(look(gone, at=clock.now)), CONTEXT)
    boto3.client("lambda").delete_function(FunctionName="s00")
    capsys.readouterr()
    clock.now += 20
    worker.handler(delivered({**look(gone, at=clock.now)}, id="00000000-0000-4000-8000-000000000003"), CONTEXT)

    assert audited(capsys) == dict.fromkeys(others, 1)
    assert gone not in worker.memory().users("role/shared")


def test_a_function_that_is_no_more_is_told_once_though_time_runs_out(
    worker: ModuleType, clock: Clock, hidden: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    gone, *_ = sharing(60)
    open_up("s00")
    worker.handler(delivered(look(gone, at=clock.now)), CONTEXT)
    boto3.client("lambda").delete_function(FunctionName="s00")
    clock.now += 20
    message, id = look(gone, at=clock.now), "00000000-0000-4000-8000-000000000003"
    worker.handler(delivered(message, id=id), of_portions(1))
    worker.handler(delivered(message, id=id, times=2), CONTEXT)

    told = [line["rule"] for line in lines(capsys, "resolved") if line["function"] == gone]
    assert told.count("public-function") == 1


@pytest.mark.parametrize("bad", ["", "{}", "[]", '{"look": {}}', '{"slice": {"text": "no"}}', '{"plan": {}}', "null"])
def test_a_message_that_cannot_be_worked_comes_again_until_it_is_a_dead_letter(bad: str, worker: ModuleType) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        worker.handler(delivered(bad), CONTEXT)
