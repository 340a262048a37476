"""Findings: what a rule yields (Hit), what users see (Finding), and all of one audit (Report)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from rolecall.iam.policy import Statement
from rolecall.model import Gap, Place


class Severity(Enum):
    """How bad it is. Ordered: `Severity.HIGH > Severity.LOW`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return list(Severity).index(self)

    def __lt__(self, other: "Severity") -> bool:
        return self.rank < other.rank

    def __le__(self, other: "Severity") -> bool:
        return self.rank <= other.rank

    def __gt__(self, other: "Severity") -> bool:
        return self.rank > other.rank

    def __ge__(self, other: "Severity") -> bool:
        return self.rank >= other.rank


class Confidence(Enum):
    """How sure it is. Never a part of the severity."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Hit:
    """What a rule yields: the deciding statement, what is wrong with it, and what to do.

    Parameters
    ----------
    statement : the statement that decided; None where the fault is that there is none
    message : one line, lower-case start, no full stop, backticks round the user's words
    fix : paste-ready: a command, or one statement
    subject : what the hit is about where no statement is (a trigger's ARN, a need): for the fingerprint
    actions, resources : only where they are not those of the statement
    severity : only where it is not the rule's
    function, role : id and ARN, only where the rule is about the account
    of_policy : it is about the whole policy of its statement, and silences hits on any statement of that
    near : for what is lacking, the statements that were probably meant to allow it
    steps : (other statement, action of it) that are part of the same cause
    triggers : what calls that it is about, or explains: ARNs of the sources of triggers, and `url:` with the principal
        for who calls by a function URL; of each there is one finding
    """

    statement: Statement | None
    message: str
    fix: str
    subject: str | None = None
    actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    principal: str | None = None
    severity: Severity | None = None
    confidence: Confidence = Confidence.HIGH
    evidence: Mapping[str, object] = field(default_factory=dict)
    witness: Mapping[str, object] | None = None
    function: str | None = None
    role: str | None = None
    place: Place | None = None
    of_policy: bool = False
    near: tuple[Statement, ...] = ()
    steps: tuple[tuple[Statement, str], ...] = ()
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deciding:
    """The statement behind a finding: policy, Sid, and index from 0."""

    policy: str
    sid: str | None
    index: int

    def __str__(self) -> str:
        return f"{self.policy}, statement {self.index + 1}" + (f" ({self.sid})" if self.sid else "")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, as users see it in every report. `to_json` gives the schema `rolecall/1`."""

    rule: str
    severity: Severity
    confidence: Confidence
    function: str | None
    qualifier: str | None
    role: str | None
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principal: str | None
    statement: Deciding | None
    message: str
    fix: str
    evidence: Mapping[str, object]
    witness: Mapping[str, object] | None
    fingerprint: str
    acceptance: Mapping[str, object] | None = None
    place: Place | None = None

    def to_json(self) -> dict[str, object]:
        """The finding as people script against it: fields that do not apply are null or empty."""
        statement = self.statement
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "confidence": self.confidence.value,
            "function": self.function,
            "qualifier": self.qualifier,
            "role": self.role,
            "actions": list(self.actions),
            "resources": list(self.resources),
            "principal": self.principal,
            "statement": statement and {"policy": statement.policy, "sid": statement.sid, "index": statement.index},
            "message": self.message,
            "fix": self.fix,
            "evidence": {**self.evidence, **self._added_by()},
            "witness": None if self.witness is None else dict(self.witness),
            "acceptance": None if self.acceptance is None else dict(self.acceptance),
            "file": self.place and self.place.file,
            "line": self.place and self.place.line,
            "fingerprint": self.fingerprint,
        }

    def _added_by(self) -> dict[str, str]:
        """Who made what the finding is about out of the user's line, if not the user."""
        return {"addedBy": self.place.added_by} if self.place and self.place.added_by else {}


@dataclass(frozen=True, slots=True)
class Audited:
    """One function that was audited, so that "no finding" is visible. `role` is an ARN."""

    function: str
    name: str
    role: str
    runtime: str | None
    versions: tuple[str | None, ...]
    gaps: tuple[Gap, ...]
    findings: int


@dataclass(frozen=True, slots=True)
class Report:
    """All that one audit found: the findings by severity, what was audited, which rules ran.

    `notes` are lines for its head: what bears on every finding and is none itself.
    """

    tool: str
    catalog: str | None
    source: str
    functions: tuple[Audited, ...] = ()
    findings: tuple[Finding, ...] = ()
    rules: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()

    def open(self) -> Iterator[Finding]:
        """The findings that nobody accepted."""
        return (finding for finding in self.findings if finding.acceptance is None)

    def counts(self) -> dict[str, int]:
        """Open findings per severity, worst first, zeros included."""
        found = [finding.severity for finding in self.open()]
        return {severity.value: found.count(severity) for severity in reversed(Severity)}


def both(one: Report, other: Report) -> Report:
    """One report of what two sets of rules said of one account."""
    return replace(united([one, other]), rules=tuple(sorted({*one.rules, *other.rules})))


def united(reports: Sequence[Report]) -> Report:
    """One report of the variants of one application: a finding of several is one, and so is a function."""
    first = reports[0]
    if len(reports) == 1:
        return first
    findings = {finding.fingerprint: finding for report in reversed(reports) for finding in report.findings}
    rows = {row.function: row for report in reversed(reports) for row in report.functions}
    open_ones = [finding.function for finding in findings.values() if finding.acceptance is None]
    return replace(
        first,
        functions=tuple(replace(row, findings=open_ones.count(name)) for name, row in sorted(rows.items())),
        findings=tuple(sorted(findings.values(), key=order)),
        gaps=tuple(dict.fromkeys(gap for report in reports for gap in report.gaps)),
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
    )


def order(finding: Finding) -> tuple[object, ...]:
    """Worst first, then by function, rule and statement: a key to sort by."""
    statement = finding.statement
    return (
        -finding.severity.rank,
        finding.function or "",
        finding.rule,
        finding.qualifier or "",
        statement.policy if statement else "",
        statement.index if statement else -1,
        finding.message,
    )


def fingerprint(rule: str, *, owner: str | None, qualifier: str | None, subject: str) -> str:
    """The name of a finding that survives edits: 16 hex digits.

    `owner` is the function, else the role; `subject` the statement (policy and Sid, or its canonical
    JSON), trigger or need. Neither order, line, message nor severity is in it.

    >>> fingerprint("admin-role", owner="A", qualifier=None, subject="inline:Logs")
    '850bdfc836571c8b'
    """
    text = "\n".join((rule, owner or "", qualifier or "", subject))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def subject_of(hit: Hit) -> str:
    """What the hit is about, as text that stays the same when something else is edited."""
    if hit.subject is not None:
        return hit.subject
    if hit.statement is None:
        return ""
    return f"{hit.statement.policy}:{hit.statement.sid or hit.statement.canonical()}"
