"""The auditor's memory: per function its role and open findings. It tells what is new and what is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from rolecall.finding import Finding, Report
from rolecall.model import Function

# CloudTrail delivers late and unordered; what happened that long before the account was read is covered by that audit.
SLACK = 15  # seconds
INCOMPLETE = "incomplete-audit"  # The rule on gaps themselves: what it does not find any more was mended.
MOST = 500  # findings of one function: an item of DynamoDB holds 400 KB


@dataclass(frozen=True, slots=True)
class Remembered:
    """What an earlier audit left: `findings` maps a fingerprint to rule, severity, text; `read_at` is epoch seconds."""

    role: str | None = None
    findings: Mapping[str, Mapping[str, str]] | None = None
    read_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """A finding that was open at the last audit of its function, and is not any more."""

    function: str
    fingerprint: str
    rule: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What an audit changed: the state of each finding (`opened`, `changed`, `open`), and what is resolved."""

    states: Mapping[str, str]
    resolved: tuple[Resolved, ...] = ()


class Memory:
    """A DynamoDB table with the key `function` (an ARN). Without its items only "new" and "resolved" are lost."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def recall(self, function: str) -> Remembered:
        """What is known of a function (ARN)."""
        item = self._table.get_item(Key={"function": function}, ConsistentRead=True).get("Item")
        if item is None:
            return Remembered()
        return Remembered(item["role"], item["findings"], float(item["readAt"]))

    def covers(self, function: str, time: str) -> bool:
        """Was the function audited so long after this time (CloudTrail's) that the audit has seen it?"""
        since = seconds(time)
        return since is not None and since < self.recall(function).read_at - SLACK

    def remember(self, functions: tuple[Function, ...], report: Report, *, read_at: float) -> Difference:
        """Keep what an audit found of these functions, and tell what differs from the audit before.

        An audit that read the account earlier than the one that is remembered changes nothing: of it every
        finding is just `open`.
        """
        states = {each.fingerprint: "accepted" if each.acceptance else "open" for each in report.findings}
        resolved: list[Resolved] = []
        for function in functions:
            found = [finding for finding in report.open() if finding.function == function.id][:MOST]
            known = self.recall(function.arn).findings or {}
            gone = _resolved(function, known, report)
            kept = {each.fingerprint: _kept(each) for each in found}
            accepted = {each.fingerprint for each in report.findings if each.acceptance}
            unjudged = known.keys() - kept.keys() - accepted - {each.fingerprint for each in gone}
            for name in sorted(unjudged)[: MOST - len(kept)]:
                kept[name] = known[name]
            if self._write(function, kept, read_at):
                states |= {finding.fingerprint: _state(finding, known) for finding in found}
                resolved += gone
        return Difference(states, tuple(resolved))

    def forget(self, function: str) -> tuple[Resolved, ...]:
        """Close a function that was deleted: its findings are resolved."""
        known = self.recall(function).findings or {}
        self._table.delete_item(Key={"function": function})
        return tuple(_one(function, fingerprint, each) for fingerprint, each in sorted(known.items()))

    def _write(self, function: Function, findings: Mapping[str, Mapping[str, str]], read_at: float) -> bool:
        """Write unless a newer audit has."""
        item = {
            "function": function.arn,
            "role": function.role,
            "readAt": f"{read_at:017.6f}",  # text: of equal length, so that it sorts like the number
            "findings": findings,
        }
        try:
            self._table.put_item(
                Item=item,
                ConditionExpression="attribute_not_exists(readAt) OR readAt <= :read",
                ExpressionAttributeValues={":read": item["readAt"]},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def seconds(time: str) -> float | None:
    """Epoch seconds of CloudTrail's time, or None where it says none.

    >>> seconds("1970-01-01T00:01:00Z")
    60.0
    """
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):
        return None


def _state(finding: Finding, known: Mapping[str, Mapping[str, str]]) -> str:
    before = known.get(finding.fingerprint)
    if before is None:
        return "opened"
    return "open" if before == _kept(finding) else "changed"


def _kept(finding: Finding) -> Mapping[str, str]:
    """What is remembered of a finding."""
    return {"rule": finding.rule, "severity": finding.severity.value, "text": finding.message[:300]}


def _resolved(function: Function, known: Mapping[str, Mapping[str, str]], report: Report) -> list[Resolved]:
    """What is known and was not found again by a rule that ran, and that could see."""
    now = {finding.fingerprint for finding in report.findings}
    gone = (item for item in sorted(known.items()) if item[0] not in now and _judged(item[1]["rule"], function, report))
    return [_one(function.arn, fingerprint, each) for fingerprint, each in gone]


def _judged(rule: str, function: Function, report: Report) -> bool:
    """Did the rule run, with nothing of the function unread or undecided that it may have wanted?"""
    concerned = (gap for gap in report.gaps if gap.mendable and gap.subject in (None, function.id, function.role))
    blind = any(not gap.what.startswith("rule ") or gap.what == f"rule {rule}" for gap in concerned)
    return rule in report.rules and (rule == INCOMPLETE or not blind)


def _one(function: str, fingerprint: str, each: Mapping[str, str]) -> Resolved:
    return Resolved(function, fingerprint, each["rule"], each["severity"], each["text"])
