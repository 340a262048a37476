"""Accepted findings: what a tag must say, and what it can never accept."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall import engine
from rolecall.acceptance import parse
from rolecall.finding import Finding
from rolecall.sources import file
from tests.builders import ROLE, account, allow, laid_over

TODAY = date(2026, 6, 1)
ADMIN = {"more policies": {"Example": [allow("*")]}}
REASONS = st.text(st.sampled_from("abc d-=+@.:/_é"), min_size=1, max_size=30).map(str.strip).filter(bool)


def judge(fragment: dict[str, Any], tags: dict[str, str], **role_tags: str) -> dict[str, Finding]:
    """The findings by rule, with the tags on the function, and `tag=value` on its role."""
    snapshot = laid_over({**fragment, "tags": tags})
    snapshot["roles"][0]["tags"] = {f"rolecall:accept:{name.replace('_', '-')}": v for name, v in role_tags.items()}
    return {finding.rule: finding for finding in engine.audit(file.load(snapshot), today=TODAY).findings}


@given(
    reason=REASONS,
    only=st.none() | st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    until=st.none() | st.dates(min_value=TODAY),
)
def test_what_a_tag_says_is_read_back(reason: str, only: str | None, until: date | None) -> None:
    value = reason + (f" for {only}" if only else "") + (f" until {until}" if until else "")
    made = parse("admin-role", value, today=TODAY)

    assert (made.reason, made.only, made.until, made.refused) == (reason, only, until, None)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "it gives no reason"),
        ("until 2026-12-31", "it gives no reason"),
        ("for 0123456789abcdef", "it gives no reason"),
        ("legacy until soon", "`soon` is no date: write `until YYYY-MM-DD`"),
        ("legacy until 2026-05-31", "its date 2026-05-31 is past"),
        ("legacy, sadly", "AWS refuses `,` in the value of a tag"),
        ("x" * 257, "AWS refuses a tag's value of more than 256 characters"),
    ],
)
def test_a_tag_that_accepts_nothing_says_why(value: str, why: str) -> None:
    assert parse("admin-role", value, today=TODAY).refused == why


def test_a_finding_that_a_tag_fails_to_accept_stays_open_and_says_why() -> None:
    found = judge(ADMIN, {"rolecall:accept:admin-role": "legacy until 2026-05-31"})["admin-role"]

    assert found.acceptance is None
    assert found.evidence["acceptance"] == "not accepted: its date 2026-05-31 is past"


def test_an_accepted_finding_is_in_the_report_and_open_no_more() -> None:
    tags = {"rolecall:accept:admin-role": f"legacy until {TODAY}"}
    report = engine.audit(account({**ADMIN, "tags": tags}), today=TODAY)

    assert [finding.acceptance for finding in report.findings] == [{"reason": "legacy", "until": "2026-06-01"}]
    assert list(report.open()) == []
    assert report.functions[0].findings == 0


def test_it_ends_with_its_day() -> None:
    tags = {"rolecall:accept:admin-role": f"legacy until {TODAY}"}
    report = engine.audit(account({**ADMIN, "tags": tags}), today=TODAY + timedelta(days=1))

    assert [finding.rule for finding in report.open()] == ["admin-role"]


def test_a_tag_for_one_finding_accepts_no_other() -> None:
    fingerprint = judge(ADMIN, {})["admin-role"].fingerprint
    right = judge(ADMIN, {"rolecall:accept:admin-role": f"legacy for {fingerprint}"})
    wrong = judge(ADMIN, {"rolecall:accept:admin-role": "legacy for 0123456789abcdef"})

    assert (right["admin-role"].acceptance is None, wrong["admin-role"].acceptance) == (False, None)
    assert wrong["stale-acceptance"].message.endswith("there is no such finding 0123456789abcdef any more")


def test_a_role_accepts_what_is_about_it_and_nothing_about_callers() -> None:
    public = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}
    fragment = {**ADMIN, "resource policy": [public], "used_by": ["orders", "invoices"]}
    found = judge(fragment, {}, admin_role="a", shared_role="b", public_function="c")

    assert {rule for rule, finding in found.items() if finding.acceptance} == {"admin-role", "shared-role"}
    assert found["stale-acceptance"].role == ROLE


def test_a_tag_that_sam_copied_to_the_role_is_stale_with_its_original() -> None:
    public = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}
    tags = {"rolecall:accept:public-function": "meant"}
    met = judge({"resource policy": [public]}, tags, public_function="meant")
    unmet = judge({}, tags, public_function="meant")

    assert "stale-acceptance" not in met
    assert (unmet["stale-acceptance"].function, unmet["stale-acceptance"].role) == ("orders", None)
    assert "stale-acceptance" in judge({"resource policy": [public]}, tags, public_function="another reason")


def test_a_gap_cannot_be_accepted() -> None:
    gaps = {
        "gaps": [{"what": "resource policy", "why": "AccessDenied", "call": "lambda:GetPolicy", "subject": "orders"}]
    }
    found = judge(gaps, {"rolecall:accept:incomplete-audit": "known"})["incomplete-audit"]

    assert found.evidence["acceptance"] == "not accepted: `incomplete-audit` cannot be accepted"


def test_the_auditor_cannot_accept_that_it_is_an_administrator() -> None:
    found = judge(ADMIN, {"rolecall:accept:admin-role": "easy", "rolecall:auditor": "self"})["admin-role"]

    assert found.acceptance is None
    assert found.evidence["acceptance"] == "not accepted: a critical finding of the auditor itself cannot be accepted"


def test_a_tag_is_not_stale_where_its_rule_did_not_run_or_could_not_see() -> None:
    tags = {"rolecall:accept:shared-role": "one team"}
    gap = {"what": "role policies", "why": "AccessDenied", "call": "iam:GetRolePolicy", "subject": "orders"}

    assert "stale-acceptance" in judge({}, tags)
    assert "stale-acceptance" not in judge({"gaps": [gap]}, tags)
