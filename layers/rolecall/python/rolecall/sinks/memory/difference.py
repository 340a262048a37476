"""Differences: what an audit found, against what the memory holds of the audits before. Nothing is read or written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from rolecall.finding import Finding, Report
from rolecall.model import Function

Kept = Mapping[str, str]
"""What is remembered of a finding: rule, severity, text."""

INCOMPLETE = "incomplete-audit"  # The rule on gaps themselves: what it does not find any more was mended.
MOST = 500  # findings of one item
LARGEST = 200_000  # bytes of them: an item of DynamoDB holds 400 KB


@dataclass(frozen=True, slots=True)
class Remembered:
    """What earlier audits left of a function.

    `findings` maps a fingerprint to what is kept of a finding; `read_at` (when the account was read) and `due` (until
    when a second look is on its way) are epoch seconds. `names` is what the function refers to, `wired` the ARNs of
    push sources that the last walk found.
    """

    role: str | None = None
    findings: Mapping[str, Kept] = field(default_factory=dict)
    read_at: float = 0.0
    names: frozenset[str] = frozenset()
    wired: tuple[str, ...] = ()
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class Resolved:
    """A finding that was open at the last audit, and is not any more. `function` None: it was the account's."""

    function: str | None
    fingerprint: str
    rule: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What an audit changed.

    `states` says of each finding (by fingerprint) whether it is `opened`, `changed`, `open` or `accepted`; `kept` what
    is to be remembered, by key of the item.
    """

    states: Mapping[str, str] = field(default_factory=dict)
    resolved: tuple[Resolved, ...] = ()
    kept: Mapping[str, Mapping[str, Kept]] = field(default_factory=dict)


def of_functions(
    functions: Iterable[Function], report: Report, known: Mapping[str, Remembered], *, read_at: float
) -> Difference:
    """What differs for these functions; `known` is by ARN.

    Of an audit that read the account earlier than the one that is remembered, every finding is just `open`, and
    nothing of it is kept.
    """
    states, resolved, kept = _states(report), list[Resolved](), dict[str, Mapping[str, Kept]]()
    for function in {each.arn: each for each in reversed(tuple(functions))}.values():
        before = known.get(function.arn, Remembered())
        if before.read_at > read_at:
            continue
        found = [finding for finding in report.findings if _about(finding, function)]
        new, gone, kept[function.arn] = _compared(found, before.findings, partial(_judged, function, report))
        states |= new
        resolved += [_one(function.arn, *each) for each in gone]
    return Difference(states, tuple(sorted(resolved, key=lambda each: (each.function or "", each.fingerprint))), kept)


def of_account(report: Report, known: Mapping[str | None, Mapping[str, Kept]], *, ends: bool) -> Difference:
    """What differs in the findings that only an audit of the whole account makes.

    Parameters
    ----------
    known : what is remembered of them, by function (ARN); None for those of no function
    ends : False where what was not found may still be so, as only an event was looked at
    """
    states, resolved, kept = _states(report), list[Resolved](), dict[str, Mapping[str, Kept]]()
    blind = any(gap.mendable and gap.subject is None for gap in report.gaps)

    def judged(rule: str) -> bool:
        return ends and rule in report.rules and (rule == INCOMPLETE or not blind)

    for owner in {*known, *(finding.function for finding in report.findings)}:
        found = [finding for finding in report.findings if finding.function == owner]
        new, gone, kept[owner or ""] = _compared(found, known.get(owner, {}), judged)
        states |= new
        resolved += [_one(owner, *each) for each in gone]
    return Difference(states, tuple(sorted(resolved, key=lambda each: (each.function or "", each.fingerprint))), kept)


def closed(function: str | None, known: Mapping[str, Kept]) -> tuple[Resolved, ...]:
    """All findings of a function that is no more."""
    return tuple(_one(function, *each) for each in sorted(known.items()))


def _compared(
    found: list[Finding], known: Mapping[str, Kept], judged: Callable[[str], bool]
) -> tuple[dict[str, str], list[tuple[str, Kept]], Mapping[str, Kept]]:
    """The states of what was found, what is gone, and what is to be kept, within the bounds of an item."""
    now = {finding.fingerprint for finding in found}
    opened = {each.fingerprint: _kept(each) for each in found if each.acceptance is None}
    gone = [(name, each) for name, each in sorted(known.items()) if name not in now and judged(each["rule"])]
    unjudged = {name: each for name, each in sorted(known.items()) if name not in now and not judged(each["rule"])}
    states = {name: _state(each, known.get(name)) for name, each in opened.items()}
    return states, gone, _bounded(opened | unjudged)


def _states(report: Report) -> dict[str, str]:
    return {each.fingerprint: "accepted" if each.acceptance else "open" for each in report.findings}


def _state(now: Kept, before: Kept | None) -> str:
    if before is None:
        return "opened"
    return "open" if before == now else "changed"


def _bounded(findings: Mapping[str, Kept]) -> Mapping[str, Kept]:
    """As many as an item holds: of the rest it is only forgotten that they were told."""
    kept, size = dict[str, Kept](), 0
    for name, each in findings.items():
        size += sum(len(part.encode()) for part in (name, *each.keys(), *each.values())) + 32
        if len(kept) == MOST or size > LARGEST:
            break
        kept[name] = each
    return kept


def _about(finding: Finding, function: Function) -> bool:
    """Is it the function's own, or of nobody else and about its role?"""
    return finding.function == function.id or (finding.function is None and finding.role == function.role)


def _kept(finding: Finding) -> Kept:
    return {"rule": finding.rule, "severity": finding.severity.value, "text": finding.message[:300]}


def _judged(function: Function, report: Report, rule: str) -> bool:
    """Did the rule run, with nothing of the function unread or undecided that it may have wanted?"""
    concerned = (gap for gap in report.gaps if gap.mendable and gap.subject in (None, function.id, function.role))
    blind = any(not gap.what.startswith("rule ") or gap.what == f"rule {rule}" for gap in concerned)
    return rule in report.rules and (rule == INCOMPLETE or not blind)


def _one(function: str | None, fingerprint: str, each: Kept) -> Resolved:
    return Resolved(function, fingerprint, each["rule"], each["severity"], each["text"])
