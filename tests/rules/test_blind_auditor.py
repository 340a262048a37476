"""The auditor about itself: one finding per cause, and the command that mends it."""

from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from tests.builders import ACCOUNT, account

TRAIL = f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/audit"
FORWARDER = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/rolecall-forwarder-iam"


def found(gaps: list[dict[str, Any]] | None = None, **watch: Any) -> list[Finding]:
    findings = engine.audit(account({"watch": watch, "gaps": gaps or []})).findings
    return [finding for finding in findings if finding.rule == "blind-auditor"]


def trail(**more: Any) -> dict[str, Any]:
    return {"arn": TRAIL, "logging": True, "multi_region": True, "global_events": True} | more


@pytest.mark.parametrize(
    ("watch", "severity", "message"),
    [
        ({"trails": []}, "high", "no trail logs all management events that write in us-east-1"),
        ({"trails": [trail(writes=False)]}, "high", "no trail logs all management events"),
        ({"trails": [trail(multi_region=False, arn=TRAIL.replace("us-east-1", "eu-west-1"))]}, "high", "no trail logs"),
        ({"trails": [trail(global_events=False)]}, "high", "no trail brings the events of IAM to us-east-1"),
        ({"rules": [[FORWARDER, "absent"]]}, "high", "the rule `rolecall-forwarder-iam` is not there"),
        ({"rules": [[FORWARDER, "DISABLED"]]}, "high", "the rule `rolecall-forwarder-iam` is disabled"),
        ({"rules": [[FORWARDER, "targetless"]]}, "high", "the rule `rolecall-forwarder-iam` has the auditor as its"),
        ({"queues": [["arn:aws:sqs:us-east-1:1:dead", 1]]}, "high", "1 message is in the dead-letter queue `dead`"),
        ({"queues": [["arn:aws:sqs:us-east-1:1:dead", 7]]}, "high", "7 messages are in the dead-letter queue `dead`"),
        ({"queues": [["arn:aws:sqs:us-east-1:1:dead", None]]}, "high", "the dead-letter queue `dead` is not there"),
        ({"regions": ["eu-north-1"]}, "low", "there are functions in eu-north-1, and no auditor reads them"),
        ({"day": "2999-01-01"}, "low", "the catalog of AWS's actions is of "),
    ],
)
def test_each_cause_is_one_finding_about_no_function(watch: dict[str, Any], severity: str, message: str) -> None:
    (finding,) = found(**watch)

    assert (finding.severity.value, finding.function) == (severity, None)
    assert finding.message.startswith(message)


def test_elsewhere_than_iam_a_trail_of_this_region_alone_does_not_bring_its_events() -> None:
    (finding,) = found(forwarded="us-west-2", trails=[trail(multi_region=False)])

    assert finding.evidence["regions"] == ["us-west-2"]
    assert finding.fix == (
        f"aws cloudtrail update-trail --region us-east-1 --name {TRAIL} --is-multi-region-trail"
        " --include-global-service-events"
    )


def test_a_stopped_trail_is_to_be_started() -> None:
    (finding,) = found(trails=[trail(logging=False)])

    assert finding.fix == f"aws cloudtrail start-logging --region us-east-1 --name {TRAIL}"


def test_the_trail_of_an_organisation_is_started_in_its_own_account() -> None:
    (finding,) = found(trails=[trail(logging=False, arn=TRAIL.replace(ACCOUNT, "999900001111"), organization=True)])

    assert finding.fix.endswith("(in account 999900001111)")


def test_a_missing_forwarder_is_to_be_deployed_where_iam_is() -> None:
    (finding,) = found(forwarded="us-east-1", rules=[[FORWARDER, "absent"]])

    assert "sam deploy -t forwarder.yaml" in finding.fix
    assert "IAM's events do not leave us-east-1" in finding.message


def test_a_disabled_rule_of_another_bus_is_enabled_there() -> None:
    (finding,) = found(rules=[[FORWARDER.replace("rule/", "rule/audit/"), "DISABLED"]])

    assert finding.fix.endswith("--name rolecall-forwarder-iam --event-bus-name audit")


def test_a_trail_that_was_not_read_may_be_the_one_that_logs() -> None:
    gap = {"what": "trails", "why": "AccessDeniedException", "call": "cloudtrail:GetTrailStatus"}

    assert found([gap], trails=[]) == []


def test_only_the_deployed_auditor_speaks_of_itself() -> None:
    assert "blind-auditor" not in {finding.rule for finding in engine.audit(account()).findings}
    assert "blind-auditor" not in engine.audit(account({"watch": {"trails": []}}), whole=False).rules
