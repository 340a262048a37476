"""The memory: what is new, what is resolved, and that an older audit never wins."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rolecall import engine
from rolecall.model import Gap
from rolecall.sinks.memory import Memory, Resolved
from tests.builders import FUNCTION, ROLE, account, allow

CLEAN, BAD = account(), account(allow("*"))
ID = CLEAN.functions[0].id


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        dynamodb: Any = boto3.resource("dynamodb", region_name="us-east-1")
        yield Memory(
            dynamodb.create_table(
                TableName="memory",
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "function", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "function", "KeyType": "HASH"}],
            )
        )


def test_a_finding_is_opened_then_open_then_resolved(memory: Memory) -> None:
    bad, clean = engine.audit(BAD), engine.audit(CLEAN)
    (finding,) = bad.findings

    first = memory.remember(BAD.functions, bad, read_at=1.0)
    second = memory.remember(BAD.functions, bad, read_at=2.0)
    third = memory.remember(CLEAN.functions, clean, read_at=3.0)

    assert first.states == {finding.fingerprint: "opened"}
    assert second.states == {finding.fingerprint: "open"}
    assert third.resolved == (Resolved(FUNCTION, finding.fingerprint, "admin-role", "critical", finding.message),)


def test_a_finding_whose_text_differs_is_changed(memory: Memory) -> None:
    bad = engine.audit(BAD)
    memory.remember(BAD.functions, bad, read_at=1.0)
    other = replace(bad, findings=(replace(bad.findings[0], message="worse"),))

    assert list(memory.remember(BAD.functions, other, read_at=2.0).states.values()) == ["changed"]


def test_an_audit_that_read_earlier_changes_nothing(memory: Memory) -> None:
    memory.remember(BAD.functions, engine.audit(BAD), read_at=5.0)
    late = memory.remember(CLEAN.functions, engine.audit(CLEAN), read_at=4.0)

    assert late.resolved == ()
    assert memory.recall(FUNCTION).findings


def test_only_findings_of_rules_that_ran_are_resolved(memory: Memory) -> None:
    memory.remember(BAD.functions, engine.audit(BAD), read_at=1.0)
    partial = replace(engine.audit(CLEAN), rules=("shared-role",))

    assert memory.remember(CLEAN.functions, partial, read_at=2.0).resolved == ()


def test_what_was_not_judged_this_time_is_resolved_when_it_is_judged_again(memory: Memory) -> None:
    memory.remember(BAD.functions, engine.audit(BAD), read_at=1.0)
    memory.remember(CLEAN.functions, replace(engine.audit(CLEAN), rules=("shared-role",)), read_at=2.0)

    resolved = memory.remember(CLEAN.functions, engine.audit(CLEAN), read_at=3.0).resolved

    assert [each.rule for each in resolved] == ["admin-role"]


@pytest.mark.parametrize("subject", [ROLE, ID, None])
def test_what_aws_refused_to_show_is_not_resolved(subject: str | None, memory: Memory) -> None:
    unread = replace(CLEAN, gaps=(Gap("role policies", "AccessDenied", "iam:GetRolePolicy", subject),))
    memory.remember(BAD.functions, engine.audit(BAD), read_at=1.0)

    assert memory.remember(unread.functions, engine.audit(unread), read_at=2.0).resolved == ()


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
    memory.remember(BAD.functions, engine.audit(BAD), read_at=1.0)

    resolved = memory.remember(clean.functions, engine.audit(clean), read_at=2.0).resolved

    assert [each.rule for each in resolved] == ["admin-role"]


def test_a_gap_that_was_mended_is_resolved_though_another_is_left(memory: Memory) -> None:
    one, other = (Gap("resource policy", why, "lambda:GetPolicy", ID) for why in ("Throttling", "AccessDenied"))
    before, after = replace(CLEAN, gaps=(one, other)), replace(CLEAN, gaps=(other,))
    memory.remember(CLEAN.functions, engine.audit(before), read_at=1.0)

    resolved = memory.remember(CLEAN.functions, engine.audit(after), read_at=2.0).resolved

    assert [each.text for each in resolved] == ["resource policy: Throttling"]


def test_the_role_is_remembered(memory: Memory) -> None:
    memory.remember(CLEAN.functions, engine.audit(CLEAN), read_at=1.0)

    assert memory.recall(FUNCTION).role == ROLE
    assert memory.recall("unknown").role is None


def test_a_deleted_function_is_closed(memory: Memory) -> None:
    memory.remember(BAD.functions, engine.audit(BAD), read_at=1.0)

    assert [resolved.rule for resolved in memory.forget(FUNCTION)] == ["admin-role"]
    assert memory.forget(FUNCTION) == ()


@pytest.mark.parametrize("time", ["", "yesterday", "0001-01-01T00:00:00"])
def test_an_event_without_a_readable_time_is_never_covered(time: str, memory: Memory) -> None:
    memory.remember(CLEAN.functions, engine.audit(CLEAN), read_at=100.0)

    assert not memory.covers(FUNCTION, time)


@pytest.mark.parametrize(("time", "covered"), [("1970-01-01T00:01:24Z", True), ("1970-01-01T00:01:26Z", False)])
def test_an_event_is_covered_by_an_audit_well_after_it(time: str, covered: bool, memory: Memory) -> None:
    memory.remember(CLEAN.functions, engine.audit(CLEAN), read_at=100.0)

    assert memory.covers(FUNCTION, time) is covered
