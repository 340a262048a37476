"""Findings to CloudWatch: one JSON line per finding, resolution and audit, and metrics."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rolecall.changes import Change, Skipped
from rolecall.finding import Finding, Report, Severity
from rolecall.sinks.memory import Difference, Resolved, seconds

LINE = 200_000  # bytes: CloudWatch Logs cuts a line at 256 KB


class Log(Protocol):
    """The part of Powertools' Logger that is used: keyword arguments become members of the JSON line."""

    def info(self, msg: object, **members: Any) -> None: ...
    def warning(self, msg: object, **members: Any) -> None: ...
    def error(self, msg: object, **members: Any) -> None: ...


class Metrics(Protocol):
    """The part of Powertools' Metrics that is used."""

    def add_metric(self, name: str, unit: Any, value: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an audit was made: `kind` is `event`, `look` (a second look at what an event touched) or `sweep`.

    `change` is the event, also of a look; None for a sweep of the schedule.
    """

    kind: str
    change: Change | None = None

    def members(self) -> dict[str, str | None]:
        """What every line says of it."""
        change = self.change
        return {
            "cause": self.kind,
            "actor": change.actor if change else None,
            "event": change.event_name if change else None,
            "event_id": change.event_id if change else None,
        }


def send(
    report: Report,
    *,
    log: Log,
    metrics: Metrics,
    cause: Cause,
    difference: Difference,
    milliseconds: float,
    calls: int,
) -> None:
    """Write all findings of an audit, what it resolved, and the audit itself.

    Parameters
    ----------
    difference : from the audits before, as the memory knows them
    milliseconds : that the audit took
    calls : of AWS APIs that it made
    """
    for finding in report.findings:
        _write(log, finding, state=difference.states.get(finding.fingerprint, "open"), **cause.members())
    resolve(difference.resolved, log=log, metrics=metrics, cause=cause)
    age = _age(cause.change) if cause.kind == "event" and cause.change else None
    log.info(
        "audit",
        functions=[function.function for function in report.functions],
        counts=report.counts(),
        rules=list(report.rules),
        gaps=[{"what": gap.what, "why": gap.why, "call": gap.call, "subject": gap.subject} for gap in report.gaps],
        catalog=report.catalog,
        **({} if age is None else {"eventAge": age}),
        **cause.members(),
    )
    for name, unit, value in (
        ("FindingsOpened", "Count", list(difference.states.values()).count("opened")),
        ("OpenFindings", "Count", sum(report.counts().values())),
        ("Gaps", "Count", len(report.gaps)),
        ("AwsCalls", "Count", calls),
        ("AuditDuration", "Milliseconds", round(milliseconds)),
    ):
        metrics.add_metric(name, unit, value)
    if age is not None:
        metrics.add_metric("EventAge", "Seconds", age)


def resolve(resolved: Sequence[Resolved], *, log: Log, metrics: Metrics, cause: Cause) -> None:
    """Write what is no longer so."""
    for each in resolved:
        log.info(
            "resolved",
            state="resolved",
            function=each.function,
            rule=each.rule,
            severity=each.severity,
            text=each.text,
            fingerprint=each.fingerprint,
            **cause.members(),
        )
    metrics.add_metric("FindingsResolved", "Count", len(resolved))


def skip(skipped: Skipped, *, log: Log, metrics: Metrics) -> None:
    """Write an event that asks for no audit of its own: one line, and counted."""
    log.info("skipped", reason=skipped.reason, event=skipped.event_name, event_id=skipped.event_id)
    metrics.add_metric("EventsSkipped", "Count", 1)


def sweep(plan: str, *, functions: int, slices: int, cause: Cause, log: Log) -> None:
    """Write that a sweep was sent to the workers."""
    log.info("sweep", plan=plan, functions=functions, slices=slices, **cause.members())


def _write(log: Log, finding: Finding, **members: str | None) -> None:
    """The log's own `message` says what kind of line it is, so the finding's message is `text`."""
    line = finding.to_json()
    line["text"] = line.pop("message")
    if len(json.dumps(line, default=str)) > LINE:
        line |= {"evidence": {"cut": "too large for a log line: `rolecall audit` shows it"}, "witness": None}
        line |= {"actions": finding.actions[:100], "resources": finding.resources[:100]}
    line |= members
    if finding.acceptance:
        log.info("finding", **line)
    elif finding.severity >= Severity.HIGH:
        log.error("finding", **line)
    elif finding.severity >= Severity.LOW:
        log.warning("finding", **line)
    else:
        log.info("finding", **line)


def _age(change: Change) -> int:
    """Whole seconds since the call: CloudTrail's time has no smaller unit."""
    since = seconds(change.time)
    return max(0, int(time.time() - since)) if since else 0
