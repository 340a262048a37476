"""What a role last used, as a second witness of what nothing needs."""

from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from tests.builders import ACCOUNT, QUEUE, REGION, ROLE, account, allow

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
READ, LATELY, LONG_AGO = "2026-01-31T12:00:00+00:00", "2026-01-02T03:04:05+00:00", "2025-10-01T00:00:00+00:00"


def role(*accesses: tuple[str, str | None], created: str = LONG_AGO, **more: Any) -> dict[str, Any]:
    named = [{"name": name, "at": at, "region": at and REGION} for name, at in accesses]
    return {"created": created, "last_accessed": {"read": READ, "accesses": named}, **more}


def found(of_role: dict[str, Any], action: str = "dynamodb:PutItem", on: str = TABLE, **more: Any) -> Finding:
    """The one over-grant of a role that may do more than the code needs."""
    fragment = {"calls": [], "more policies": {"Write": [allow(action, on)]}, "role": of_role, **more}
    (finding,) = engine.audit(account(fragment)).findings
    return finding


@pytest.mark.parametrize("at", [None, LONG_AGO])
def test_what_was_not_used_for_90_days_is_told_with_the_day(at: str | None) -> None:
    finding = found(role(("dynamodb", at)))

    assert finding.message == f"`dynamodb:PutItem` on `{TABLE}`: nothing of `orders` needs that"
    assert finding.evidence["lastAccessed"] == {"read": READ, "days": 90, "unused": ["dynamodb:PutItem"]}


def test_it_raises_a_confidence_that_was_not_high() -> None:
    fragment = {"code": "unread", "more policies": {"Write": [allow("dynamodb:*", TABLE)]}}
    (before,) = engine.audit(account(fragment)).findings
    (after,) = engine.audit(account({**fragment, "role": role(("dynamodb", None))})).findings

    assert (before.confidence.value, after.confidence.value) == ("medium", "high")


def test_what_was_used_contradicts_the_analysis() -> None:
    finding = found(role(("dynamodb", LATELY)))

    assert finding.confidence.value == "low"
    assert finding.message.endswith(
        "needs that; but IAM saw `orders` use `dynamodb` on 2026-01-02 in us-east-1, by a call that the analysis did"
        " not see"
    )
    assert finding.fix.startswith("find out in CloudTrail who called `dynamodb:PutItem` on 2026-01-02; if it is not")


def test_an_action_that_is_tracked_by_itself_is_judged_by_itself() -> None:
    finding = found(role(("sqs", LATELY), ("sqs:PurgeQueue", None)), "sqs:PurgeQueue", QUEUE)

    assert finding.evidence["lastAccessed"] == {"read": READ, "days": 90, "unused": ["sqs:PurgeQueue"]}


@pytest.mark.parametrize(
    ("of_role", "action", "why"),
    [
        (
            role(("sqs", LATELY)),
            "sqs:PurgeQueue",
            "IAM tells only that `sqs` was used on 2026-01-02, which other needs",
        ),
        (role(("s3", None)), "sqs:PurgeQueue", "IAM tells nothing of `sqs` for this role"),
        (role(("sqs", None), created=LATELY), "sqs:PurgeQueue", "not used, but the role is younger than 90 days"),
    ],
)
def test_what_iam_does_not_decide_is_said_and_changes_nothing(of_role: dict[str, Any], action: str, why: str) -> None:
    fragment = {"calls": [], "more policies": {"Write": [allow(action, QUEUE)]}, "role": of_role}
    (finding,) = (each for each in engine.audit(account(fragment)).findings if each.rule == "unneeded-grant")
    told: Any = finding.evidence["lastAccessed"]

    assert finding.confidence.value == "high"
    assert [(reason[: len(why)], actions) for reason, actions in told["undecided"].items()] == [(why, [action])]


def test_data_that_could_not_be_read_is_said() -> None:
    gap = {"what": "last-accessed data", "why": "AccessDenied", "call": "iam:GetRole", "subject": ROLE}
    fragment = {"calls": [], "more policies": {"Write": [allow("dynamodb:PutItem", TABLE)]}, "role": {"gaps": [gap]}}
    findings = {each.rule: each for each in engine.audit(account(fragment)).findings}

    assert sorted(findings) == ["incomplete-audit", "unneeded-grant"]
    assert findings["unneeded-grant"].evidence["lastAccessed"] == {"unread": "AccessDenied"}


def test_the_report_says_which_roles_are_too_young() -> None:
    report = engine.audit(account({"role": role(created=LATELY)}))

    assert report.notes == ("roles younger than 90 days, so that what they did not use proves nothing yet: `orders`",)
