"""The sweep: everything is audited in slices, and what is gone is closed."""

import json
from dataclasses import asdict
from functools import partial
from types import ModuleType, SimpleNamespace

import boto3
import pytest

from rolecall.changes import Change
from rolecall.sources.slices import slices
from tests.builders import allow, document
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
    shut,
    unhurried,
)

CHANGE = Change("e1", "AddPermission20150331v2", "2026-01-31T03:00:00Z", "ada", "123456789012", "us-east-1")
LATE = SimpleNamespace(**{**vars(CONTEXT), "get_remaining_time_in_millis": lambda: 1_000})


@pytest.fixture
def sweep(load: Load, clock: Clock) -> ModuleType:
    """The handler in an account with its table and queues."""
    app = load("sweep", **make_stack(), **make_watched())
    app.clock, app.pace = clock, unhurried  # type: ignore[attr-defined]
    return app


@pytest.fixture
def worker(sweep: ModuleType, load: Load, clock: Clock) -> ModuleType:
    """The handler of the workers, in the same account."""
    app = load("worker")
    app.clock, app.pace = clock, unhurried  # type: ignore[attr-defined]
    return app


def make_watched() -> dict[str, str]:
    """A trail, a rule that feeds the auditor, an empty queue; and the variables that name them."""
    # In another region, where nothing is read: that it is not there would be a finding.
    auditor = "arn:aws:lambda:eu-west-1:123456789012:function:auditor"
    client = partial(boto3.client, region_name="us-east-1")
    client("s3").create_bucket(Bucket="trails")
    client("cloudtrail").create_trail(Name="all", S3BucketName="trails", IsMultiRegionTrail=True)
    client("cloudtrail").start_logging(Name="all")
    client("events").put_rule(Name="calls", EventPattern='{"source": ["aws.iam"]}')
    client("events").put_targets(Rule="calls", Targets=[{"Id": "1", "Arn": auditor}])
    dead = client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    watched = {"WATCHED_FUNCTION": auditor, "WATCHED_RULES": "calls", "WATCHED_QUEUES": dead}
    return watched | {"COVERED_REGIONS": "", "FORWARDER": "none", "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}


def functions(number: int) -> list[str]:
    """So many functions, each with a role of its own; their ARNs."""
    made = []
    for each in range(number):
        make_role(f"f{each:02}")
        made.append(make_function(f"f{each:02}", f"f{each:02}"))
    return made


def run(sweep: ModuleType, worker: ModuleType) -> None:
    """The schedule, and all that it sends."""
    sweep.handler(event("sweep"), CONTEXT)
    for message, _ in sent():
        worker.handler(delivered(message), CONTEXT)


def test_the_schedule_sends_every_function_in_slices(sweep: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    functions(60)
    sweep.handler(event("sweep"), CONTEXT)

    assert [(list(message), message["slice"]["number"]) for message, _ in sent()] == [
        (["slice"], 1),
        (["slice"], 2),
        (["slice"], 3),
    ]
    assert [(line["functions"], line["slices"]) for line in lines(capsys, "sweep")] == [(60, 3)]


def test_a_sweep_audits_everything_and_then_knows_who_refers_to_what(
    sweep: ModuleType, worker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    arns = functions(30)
    open_up("f07")
    run(sweep, worker)
    found, memory = lines(capsys, "finding"), sweep.memory()

    assert [(line["rule"], line["function"], line["state"], line["cause"]) for line in found] == [
        ("public-function", arns[7], "opened", "sweep")
    ]
    assert (memory.complete, memory.users("role/f03")) == (True, {arns[3]})


def test_a_sweep_that_was_not_worked_to_its_end_leaves_the_index_incomplete(
    sweep: ModuleType, worker: ModuleType
) -> None:
    functions(30)
    sweep.handler(event("sweep"), CONTEXT)
    worker.handler(delivered(sent()[0][0]), CONTEXT)

    assert not sweep.memory().complete


def test_a_slice_does_not_undo_what_an_event_has_found_since(
    sweep: ModuleType, worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    (arn,) = functions(1)
    sweep.handler(event("sweep"), CONTEXT)
    ((slice_of_before, _),) = sent()
    clock.now += 60
    open_up("f00")
    later = {"look": {"functions": [arn], "change": None, "at": clock.now - 1}}
    worker.handler(delivered(later), CONTEXT)
    worker.handler(delivered(slice_of_before), CONTEXT)

    assert len(lines(capsys, "finding")) == 1
    assert len(sweep.memory().recall({arn})[arn].findings) == 1
    assert sweep.memory().complete


def test_a_plan_closes_what_is_gone(
    sweep: ModuleType, worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    gone, there = functions(2)
    open_up("f00")
    run(sweep, worker)
    boto3.client("lambda").delete_function(FunctionName="f00")
    clock.now += 86_400
    run(sweep, worker)

    assert [(line["rule"], line["function"]) for line in lines(capsys, "resolved")] == [("public-function", gone)]
    assert sweep.memory().users("role/f00") == frozenset()
    assert sweep.memory().users("role/f01") == {there}


def test_a_plan_that_runs_out_of_time_says_so_and_the_next_one_resolves_it(
    sweep: ModuleType, worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    functions(30)
    sweep.handler(event("sweep"), LATE)
    (told,) = lines(capsys, "finding")
    clock.now += 86_400
    run(sweep, worker)

    assert (told["rule"], told.get("function"), told["state"]) == ("incomplete-audit", None, "opened")
    assert told["text"] == "sweep: time ran out: 30 of 30 functions were not sent to the workers"
    assert [line["fingerprint"] for line in lines(capsys, "resolved")] == [told["fingerprint"]]


def test_findings_are_resolved_by_a_sweep_that_no_event_told_of(
    sweep: ModuleType, worker: ModuleType, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    functions(1)
    open_up("f00")
    run(sweep, worker)
    shut("f00")
    clock.now += 86_400
    run(sweep, worker)

    assert [(line["rule"], line["cause"], line.get("actor")) for line in lines(capsys, "resolved")] == [
        ("public-function", "sweep", None)
    ]


def test_a_worker_asks_for_all_principals_where_a_function_declares_its_callers(
    sweep: ModuleType, worker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    (function,) = functions(1)
    boto3.client("lambda", region_name="us-east-1").tag_resource(Resource=function, Tags={"rolecall:callers": "none"})
    grants = json.dumps(document(allow("lambda:InvokeFunction")))
    iam = boto3.client("iam", region_name="us-east-1")
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="Own", PolicyDocument=grants)

    run(sweep, worker)

    found = [each["principal"] for each in lines(capsys, "finding") if each["rule"] == "undeclared-caller"]
    assert found == ["arn:aws:iam::123456789012:user/ann"]


def test_a_slice_that_comes_twice_is_audited_once(
    sweep: ModuleType, worker: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    functions(2)
    sweep.handler(event("sweep"), CONTEXT)
    ((message, _),) = sent()
    for _ in range(2):
        worker.handler(delivered(message), CONTEXT)

    assert [len(line["functions"]) for line in lines(capsys, "audit")] == [0, 2]


@pytest.mark.parametrize("bad", ["", "{}", "[]", '{"look": {}}', '{"plan": {}}', "null"])
def test_a_plan_that_cannot_be_read_comes_again_until_it_is_a_dead_letter(bad: str, sweep: ModuleType) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        sweep.handler(delivered(bad), CONTEXT)


def test_a_plan_that_an_event_asked_for_names_who_did(sweep: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    sweep.handler(delivered({"plan": {"change": asdict(CHANGE)}}), CONTEXT)

    assert [line["actor"] for line in lines(capsys, "sweep")] == ["ada"]


def test_a_function_too_large_for_a_slice_is_looked_at(sweep: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    (arn,) = functions(1)
    monkeypatch.setattr(sweep, "slices", partial(slices, largest=10))
    sweep.handler(event("sweep"), CONTEXT)

    assert [(message["look"]["functions"], delay) for message, delay in sent()] == [([arn], 0)]
