"""Log lines and metrics: what people search, and alarm on."""

import json
from dataclasses import replace
from typing import Any

from rolecall import engine
from rolecall.changes import Change, Skipped
from rolecall.finding import Report
from rolecall.sinks import cloudwatch
from rolecall.sinks.cloudwatch import Cause
from rolecall.sinks.memory import Difference, Resolved
from tests.builders import account, allow

CHANGE = Change("e1", "PutRolePolicy", "2026-01-31T03:00:00Z", "arn:aws:iam::111122223333:user/ada", "1", "r")
EVENT = Cause("event", CHANGE)


class Log:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.metrics: dict[str, float] = {}

    def info(self, msg: object, **members: Any) -> None:
        self.lines.append({"level": "INFO", "message": msg, **members})

    def warning(self, msg: object, **members: Any) -> None:
        self.lines.append({"level": "WARNING", "message": msg, **members})

    def error(self, msg: object, **members: Any) -> None:
        self.lines.append({"level": "ERROR", "message": msg, **members})

    def add_metric(self, name: str, unit: Any, value: float) -> None:
        self.metrics[name] = value


def sent(report: Report, difference: Difference, cause: Cause = EVENT) -> Log:
    log = Log()
    cloudwatch.send(report, log=log, metrics=log, cause=cause, difference=difference, milliseconds=12.4, calls=7)
    return log


def test_a_finding_is_one_line_with_who_did_it() -> None:
    report = engine.audit(account(allow("*")))
    line = sent(report, Difference({report.findings[0].fingerprint: "opened"})).lines[0]

    assert (line["level"], line["message"], line["state"]) == ("ERROR", "finding", "opened")
    assert line["text"] == report.findings[0].message
    assert (line["actor"], line["event"], line["event_id"]) == (CHANGE.actor, "PutRolePolicy", "e1")
    assert json.dumps(line)


def test_every_audit_is_one_line_with_counts_and_rules() -> None:
    line = sent(engine.audit(account()), Difference({})).lines[-1]

    assert (line["message"], line["counts"]["critical"], line["gaps"]) == ("audit", 0, [])
    assert "admin-role" in line["rules"]
    assert isinstance(line["eventAge"], int)


def test_a_second_look_says_who_caused_it_and_has_no_age() -> None:
    line = sent(engine.audit(account()), Difference({}), Cause("look", CHANGE)).lines[-1]

    assert (line["cause"], line["actor"], "eventAge" in line) == ("look", CHANGE.actor, False)


def test_a_sweep_of_the_schedule_has_no_actor() -> None:
    log = sent(engine.audit(account()), Difference({}), Cause("sweep"))

    assert (log.lines[-1]["cause"], log.lines[-1]["actor"], "EventAge" in log.metrics) == ("sweep", None, False)


def test_a_resolution_is_a_line_of_its_own() -> None:
    resolved = Resolved("arn:f", "0123456789abcdef", "admin-role", "critical", "was an administrator")
    lines = sent(engine.audit(account()), Difference({}, (resolved,))).lines

    assert (lines[0]["message"], lines[0]["rule"], lines[0]["text"]) == (
        "resolved",
        "admin-role",
        "was an administrator",
    )


def test_metrics_count_what_changed() -> None:
    report = engine.audit(account(allow("*")))
    metrics = sent(report, Difference({report.findings[0].fingerprint: "opened"})).metrics

    assert {
        name: metrics[name] for name in ("FindingsOpened", "OpenFindings", "Gaps", "AwsCalls", "AuditDuration")
    } == {
        "FindingsOpened": 1,
        "OpenFindings": 1,
        "Gaps": 0,
        "AwsCalls": 7,
        "AuditDuration": 12,
    }


def test_a_finding_too_large_for_a_line_is_cut_not_lost() -> None:
    many = tuple(f"s3:Get{number:06}*" for number in range(20_000))
    report = engine.audit(account(allow("s3:GetNothing")))
    long = tuple(replace(each, actions=many) for each in report.findings if each.rule == "unknown-action")
    line = sent(replace(report, findings=long), Difference({})).lines[0]

    assert (line["rule"], line["message"]) == ("unknown-action", "finding")
    assert len(json.dumps(line)) < 256_000
    assert "cut" in line["evidence"]


def test_a_skipped_event_is_a_line_and_a_count() -> None:
    log = Log()
    cloudwatch.skip(Skipped("a dry run", "e1", "UpdateFunctionCode"), log=log, metrics=log)

    assert log.lines[0]["reason"] == "a dry run"
    assert log.metrics == {"EventsSkipped": 1}
