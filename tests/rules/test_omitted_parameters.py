"""A call whose parameters CloudTrail left out: told at once, with the actor."""

from typing import Any

from rolecall import engine
from rolecall.finding import Finding
from tests.builders import account

CALL = {"event_id": "8ab1", "event_name": "PutRolePolicy", "actor": "ada", "time": "2026-01-31T03:00:00Z"}


def found(**more: Any) -> Finding:
    (finding,) = engine.audit(account({"omitted": [CALL | more]}), whole=False).findings
    return finding


def test_it_says_what_was_called_by_whom_and_when() -> None:
    finding = found()

    assert (finding.rule, finding.severity.value, finding.function) == ("omitted-parameters", "high", None)
    assert finding.message == (
        "CloudTrail left out the parameters of `PutRolePolicy`, which `ada` called at 2026-01-31T03:00:00Z"
    )


def test_the_event_is_looked_up_where_it_was_recorded() -> None:
    finding = found(region="us-west-2")

    assert finding.fix.endswith(
        "aws cloudtrail lookup-events --region us-west-2 --lookup-attributes AttributeKey=EventId,AttributeValue=8ab1"
    )


def test_each_event_is_a_finding_of_its_own() -> None:
    assert found().fingerprint != found(event_id="9cd2").fingerprint
