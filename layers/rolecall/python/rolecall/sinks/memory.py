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
        return seconds(time) < self.recall(function).read_at - SLACK

    def remember(self, functions: tuple[Function, ...], report: Report, *, read_at: float) -> Difference:
        """Keep what an audit found of these functions, and tell what differs from the audit before.

        An audit that read the account earlier than the one that is remembered changes nothing: of it every
        finding is just `open`.
        """
        states = {finding.fingerprint: "open" for finding in report.findings}
        resolved: list[Resolved] = []
        for function in functions:
            found = [finding for finding in report.open() if finding.function == function.id][:MOST]
            before = self.recall(function.arn)
            if self._write(function, found, read_at):
                known = before.findings or {}
                states |= {finding.fingerprint: _state(finding, known) for finding in found}
                resolved += _resolved(function.arn, known, report)
        return Difference(states, tuple(resolved))

    def forget(self, function: str) -> tuple[Resolved, ...]:
        """Close a function that was deleted: its findings are resolved."""
        known = self.recall(function).findings or {}
        self._table.delete_item(Key={"function": function})
        return tuple(_one(function, fingerprint, each) for fingerprint, each in sorted(known.items()))

    def _write(self, function: Function, found: list[Finding], read_at: float) -> bool:
        """Write unless a newer audit has."""
        item = {
            "function": function.arn,
            "role": function.role,
            "readAt": f"{read_at:017.6f}",  # text: of equal length, so that it sorts like the number
            "findings": {
                each.fingerprint: {"rule": each.rule, "severity": each.severity.value, "text": each.message[:300]}
                for each in found
            },
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


def seconds(time: str) -> float:
    """Epoch seconds of CloudTrail's time, or 0 where there is none.

    >>> seconds("1970-01-01T00:01:00Z")
    60.0
    """
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


def _state(finding: Finding, known: Mapping[str, Mapping[str, str]]) -> str:
    before = known.get(finding.fingerprint)
    if before is None:
        return "opened"
    same = (before["severity"], before["text"]) == (finding.severity.value, finding.message[:300])
    return "open" if same else "changed"


def _resolved(function: str, known: Mapping[str, Mapping[str, str]], report: Report) -> list[Resolved]:
    """Only findings of rules that ran can be resolved."""
    now = {finding.fingerprint for finding in report.open()}
    gone = (item for item in sorted(known.items()) if item[0] not in now and item[1]["rule"] in report.rules)
    return [_one(function, fingerprint, each) for fingerprint, each in gone]


def _one(function: str, fingerprint: str, each: Mapping[str, str]) -> Resolved:
    return Resolved(function, fingerprint, each["rule"], each["severity"], each["text"])
