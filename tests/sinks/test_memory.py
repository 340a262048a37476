"""The memory: what is new, what is resolved, who refers to what, and that an older audit never wins."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rolecall import engine
from rolecall.changes import names_of
from rolecall.finding import Report
from rolecall.model import Account, Gap, Trigger
from rolecall.sinks.memory import Difference, Memory, Remembered, Resolved, covers
from rolecall.sinks.memory.codes import Codes
from rolecall.sinks.memory.difference import of_account, of_functions
from rolecall.sinks.memory.table import Table
from tests.builders import FUNCTION, QUEUE, ROLE, account, allow

CLEAN, BAD = account(), account(allow("*"))
ID = CLEAN.functions[0].id
NAME = "role/orders"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield Memory(make_table(boto3.resource("dynamodb", region_name="us-east-1")))


def make_table(dynamodb: Any) -> Any:
    return dynamodb.create_table(
        TableName="memory",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "function", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "function", "KeyType": "HASH"}],
    )


def remember(
    memory: Memory, audited: Account, report: Report | None = None, *, read_at: float, walked: bool = False
) -> Difference:
    """What an audit does: recall, compare, keep."""
    known = memory.recall({function.arn for function in audited.functions})
    report = report or engine.audit(audited)
    difference = of_functions(audited.functions, report, known, read_at=read_at)
    memory.keep(audited, difference, known, read_at=read_at, walked=walked)
    return difference


def test_what_was_found_in_code_is_kept_as_long_as_somebody_asks_for_it(memory: Memory) -> None:
    table, day = Table(boto3.resource("dynamodb", region_name="us-east-1").Table("memory")), 86_400
    Codes(table, clock=lambda: 0).keep("d1", b"found")
    first = table.one("code#d1")["expires"]

    assert Codes(table, clock=lambda: 20 * day).recall("d1") == b"found"
    assert (first, table.one("code#d1")["expires"]) == (30 * day, 50 * day)


def test_what_is_too_large_for_an_item_is_not_kept(memory: Memory) -> None:
    memory.codes.keep("d1", bytes(200_001))

    assert memory.codes.recall("d1") is None


def test_a_finding_is_opened_then_open_then_resolved(memory: Memory) -> None:
    (finding,) = engine.audit(BAD).findings

    first = remember(memory, BAD, read_at=1.0)
    second = remember(memory, BAD, read_at=2.0)
    third = remember(memory, CLEAN, read_at=3.0)

    assert first.states == {finding.fingerprint: "opened"}
    assert second.states == {finding.fingerprint: "open"}
    assert third.resolved == (Resolved(FUNCTION, finding.fingerprint, "admin-role", "critical", finding.message),)


def test_a_finding_whose_text_differs_is_changed(memory: Memory) -> None:
    bad = engine.audit(BAD)
    remember(memory, BAD, bad, read_at=1.0)
    other = replace(bad, findings=(replace(bad.findings[0], message="worse"),))

    assert list(remember(memory, BAD, other, read_at=2.0).states.values()) == ["changed"]


def test_an_audit_that_read_earlier_changes_nothing(memory: Memory) -> None:
    remember(memory, BAD, read_at=5.0)
    late = remember(memory, CLEAN, read_at=4.0)

    assert late.resolved == ()
    assert recalled(memory).findings


def test_only_findings_of_rules_that_ran_are_resolved(memory: Memory) -> None:
    remember(memory, BAD, read_at=1.0)
    partial = replace(engine.audit(CLEAN), rules=("shared-role",))

    assert remember(memory, CLEAN, partial, read_at=2.0).resolved == ()


def test_what_was_not_judged_this_time_is_resolved_when_it_is_judged_again(memory: Memory) -> None:
    remember(memory, BAD, read_at=1.0)
    remember(memory, CLEAN, replace(engine.audit(CLEAN), rules=("shared-role",)), read_at=2.0)

    resolved = remember(memory, CLEAN, read_at=3.0).resolved

    assert [each.rule for each in resolved] == ["admin-role"]


@pytest.mark.parametrize("subject", [ROLE, ID, None])
def test_what_aws_refused_to_show_is_not_resolved(subject: str | None, memory: Memory) -> None:
    unread = replace(CLEAN, gaps=(Gap("role policies", "AccessDenied", "iam:GetRolePolicy", subject),))
    remember(memory, BAD, read_at=1.0)

    assert remember(memory, unread, read_at=2.0).resolved == ()


@pytest.mark.parametrize(
    "gap",
    [
        Gap("role policies", "AccessDenied", "iam:GetRolePolicy", f"{ROLE}-of-another"),
        Gap("event source mappings", "not modelled", None, ID, mendable=False),
        Gap("rule untrusting-role", "the rule crashed", "rule untrusting-role", ID),
    ],
)
def test_a_gap_elsewhere_holds_up_no_resolution(gap: Gap, memory: Memory) -> None:
    clean = replace(CLEAN, gaps=(gap,))
    remember(memory, BAD, read_at=1.0)

    resolved = remember(memory, clean, read_at=2.0).resolved

    assert [each.rule for each in resolved] == ["admin-role"]


def test_a_gap_that_was_mended_is_resolved_though_another_is_left(memory: Memory) -> None:
    one, other = (Gap("resource policy", why, "lambda:GetPolicy", ID) for why in ("Throttling", "AccessDenied"))
    before, after = replace(CLEAN, gaps=(one, other)), replace(CLEAN, gaps=(other,))
    remember(memory, before, read_at=1.0)

    resolved = remember(memory, after, read_at=2.0).resolved

    assert [each.text for each in resolved] == ["resource policy: Throttling"]


def test_the_role_is_remembered(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=1.0)

    assert recalled(memory).role == ROLE
    assert memory.recall({"unknown"}) == {"unknown": Remembered()}


def recalled(memory: Memory) -> Remembered:
    return memory.recall({FUNCTION})[FUNCTION]


def test_a_deleted_function_is_closed_and_forgotten(memory: Memory) -> None:
    remember(memory, BAD, read_at=1.0)
    known = recalled(memory)

    assert [resolved.rule for resolved in memory.closing(FUNCTION, known)] == ["admin-role"]
    memory.forget(FUNCTION, known)
    assert (recalled(memory), memory.users(NAME)) == (Remembered(), frozenset())


@pytest.mark.parametrize("time", ["", "yesterday", "0001-01-01T00:00:00"])
def test_an_event_without_a_readable_time_is_never_covered(time: str) -> None:
    assert not covers(Remembered(read_at=100.0), time)


@pytest.mark.parametrize(("time", "covered"), [("1970-01-01T00:01:24Z", True), ("1970-01-01T00:01:26Z", False)])
def test_an_event_is_covered_by_an_audit_well_after_it(time: str, covered: bool) -> None:
    assert covers(Remembered(read_at=100.0), time) is covered


def test_the_index_tells_who_refers_to_a_name(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=1.0)

    assert {name: memory.users(name) for name in (NAME, QUEUE, "role/other")} == {
        NAME: {FUNCTION},
        QUEUE: {FUNCTION},
        "role/other": frozenset(),
    }
    assert recalled(memory).names == names_of(CLEAN.functions[0], CLEAN)


def of(**changes: Any) -> Account:
    """The clean account with its function changed."""
    return replace(CLEAN, functions=(replace(CLEAN.functions[0], **changes),))


def test_the_index_forgets_what_a_function_refers_to_no_more(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=1.0)
    remember(memory, of(triggers=()), read_at=2.0)

    assert (memory.users(QUEUE), memory.users(NAME)) == (frozenset(), frozenset({FUNCTION}))


def test_an_older_audit_takes_nothing_out_of_the_index(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=2.0)
    remember(memory, of(triggers=()), read_at=1.0)

    assert memory.users(QUEUE) == {FUNCTION}


def test_a_function_with_too_many_names_is_asked_for_whatever_the_name(memory: Memory) -> None:
    many = tuple(Trigger("eventbridge", f"arn:aws:events:us-east-1:111122223333:rule/{n}") for n in range(2_000))
    remember(memory, of(triggers=many), read_at=1.0)

    assert memory.users("anything") == {FUNCTION}


def test_a_name_of_ten_thousand_functions_fits_into_its_items(memory: Memory) -> None:
    arns = [f"arn:aws:lambda:eu-central-1:111122223333:function:{'x' * 59}{n:05}" for n in range(200)]
    for arn in arns:
        remember(memory, of(arn=arn, id=arn), read_at=1.0)

    assert memory.users(NAME) == set(arns)


S3 = Trigger("s3", "arn:aws:s3:::bucket")
SNS = Trigger("sns", "arn:aws:sns:us-east-1:111122223333:topic")


def test_sources_that_push_are_remembered_until_a_walk_does_not_find_them(memory: Memory) -> None:
    remember(memory, of(triggers=(S3, SNS)), read_at=1.0, walked=True)
    remember(memory, of(triggers=(SNS,)), read_at=2.0)
    between = memory.wired(FUNCTION)
    remember(memory, of(triggers=(SNS,)), read_at=3.0, walked=True)

    assert (between, memory.wired(FUNCTION)) == ((S3.source, SNS.source), (SNS.source,))


def test_what_a_walk_found_is_kept_of_a_function_that_an_event_had_audited_since(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=2.0)
    memory.wire(of(triggers=(S3,)), {FUNCTION})

    assert memory.wired(FUNCTION) == (S3.source,)
    assert memory.users(S3.source) == {FUNCTION}
    assert memory.users(QUEUE) == {FUNCTION}


def test_an_item_holds_no_more_findings_than_dynamodb_takes(memory: Memory) -> None:
    (finding,) = engine.audit(BAD).findings
    many = tuple(replace(finding, fingerprint=f"{n:016}", message="ü" * 400) for n in range(5_000))
    remember(memory, BAD, replace(engine.audit(BAD), findings=many), read_at=1.0)

    assert 100 < len(recalled(memory).findings) <= 500


def test_the_index_is_complete_after_the_last_slice_of_a_sweep(memory: Memory) -> None:
    memory.plan("a")
    memory.done("a", 1, read_at=1.0)
    memory.sent("a", 2, read_at=1.0)
    memory.done("a", 1, read_at=1.0)
    half = memory.complete
    memory.done("a", 2, read_at=1.0)

    assert (half, memory.complete) == (False, True)


def test_slices_of_an_earlier_sweep_do_not_count(memory: Memory) -> None:
    memory.plan("a")
    memory.sent("a", 1, read_at=1.0)
    memory.plan("b")
    memory.sent("b", 1, read_at=2.0)
    memory.done("a", 1, read_at=1.0)

    assert not memory.complete


def test_what_is_gone_was_there_before_the_list(memory: Memory) -> None:
    for name, read_at in (("old", 1.0), ("new", 3.0), ("there", 1.0)):
        remember(memory, of(arn=f"arn:{name}"), read_at=read_at)

    assert memory.gone({"arn:there"}, read_at=2.0) == ("arn:old",)


def test_a_sweep_mends_the_index(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=1.0)
    memory._index.remove(FUNCTION, {QUEUE})
    memory.gone({FUNCTION}, read_at=2.0)

    assert memory.users(QUEUE) == {FUNCTION}


def test_one_event_takes_an_audit_and_the_next_one_waits(memory: Memory) -> None:
    taken = [memory.begin(FUNCTION, event=event, now=now, pause=15) for event, now in (("a", 1), ("b", 15), ("b", 17))]

    assert taken == [True, False, True]


def test_an_event_whose_handler_was_killed_takes_its_audit_again(memory: Memory) -> None:
    taken = [memory.begin(FUNCTION, event="a", now=now, pause=15) for now in (100.0, 101.0)]
    remember(memory, CLEAN, read_at=101.0)
    taken.append(memory.begin(FUNCTION, event="a", now=102.0, pause=15))

    assert taken == [True, True, False]


def test_one_look_is_on_its_way_and_sees_what_has_settled_before_it(memory: Memory) -> None:
    def expected(event: str, now: float) -> float | None:
        return memory.expect(FUNCTION, event=event, now=now, due=now + 15, settled=now + 5)

    assert [expected("a", 1), expected("b", 2), expected("a", 3), expected("c", 12)] == [16, None, 16, 27]


def whole(*findings: Any, gaps: tuple[Gap, ...] = ()) -> Report:
    return replace(engine.audit_whole(CLEAN), findings=findings, rules=("admin-role",), gaps=gaps)


def test_findings_of_the_whole_account_are_opened_and_resolved_apart(memory: Memory) -> None:
    remember(memory, CLEAN, read_at=1.0)
    (of_one,) = engine.audit(BAD).findings
    own, general = replace(of_one, function=FUNCTION), replace(of_one, function=None, fingerprint="0" * 16)
    seen = []
    for report in (whole(own, general), whole(own, general), whole()):
        known = memory.recall_whole({FUNCTION})
        difference = of_account(report, known, ends=True)
        memory.keep_whole(difference, known)
        seen.append((sorted(difference.states.values()), [each.function for each in difference.resolved]))

    assert seen == [(["opened", "opened"], []), (["open", "open"], []), ([], [None, FUNCTION])]
    assert recalled(memory).read_at == 1.0


@pytest.mark.parametrize(("gaps", "ends"), [((Gap("rules", "AccessDenied", "events:ListRules"),), True), ((), False)])
def test_an_account_that_was_not_seen_whole_resolves_nothing(gaps: tuple[Gap, ...], ends: bool) -> None:
    known: dict[str | None, dict[str, dict[str, str]]] = {
        None: {"0" * 16: {"rule": "admin-role", "severity": "high", "text": "bad"}}
    }

    assert of_account(whole(gaps=gaps), known, ends=ends).resolved == ()
