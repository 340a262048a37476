"""Accepted findings: tags by which owners say that they live with a finding, and why.

The key is `rolecall:accept:<rule>`; the value the reason, then optionally `for FINGERPRINT` (only this finding) and
`until YYYY-MM-DD`, in that order. The tag stands on the function, or for a finding about a role on the role.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from rolecall.finding import Finding, Severity
from rolecall.model import Account, Function, Gap, Role, Stale

PREFIX = "rolecall:accept:"
AUDITOR = "rolecall:auditor"
"""A tag that marks the auditor itself, on its function and its role: its critical findings cannot be accepted."""

NEVER = ("blind-auditor", "incomplete-audit", "stale-acceptance")
VALUE = re.compile(
    r"(?P<reason>.*?)(?:(?:^|\s)for (?P<only>[0-9a-f]{16}))?(?:(?:^|\s)until (?P<until>\S+))?", re.DOTALL
)
# What AWS takes as the value of a tag of Lambda and IAM (IAM User Guide, "Tags for IAM resources").
REFUSED = re.compile(r"[^\w\s.:/=+\-@]")
LONGEST = 256


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One tag. `refused` says why it accepts nothing, None when it does.

    `function` is the id of the function, or `role` the ARN of the role, that carries it.
    """

    rule: str
    reason: str
    only: str | None = None
    until: date | None = None
    refused: str | None = None
    function: str | None = None
    role: str | None = None


def parse(rule: str, value: str, *, today: date) -> Acceptance:
    """The acceptance that a tag's value says.

    >>> parse("shared-role", "one team until 2026-12-31", today=date(2026, 1, 1)).until
    datetime.date(2026, 12, 31)
    >>> parse("shared-role", "until 2025-12-31", today=date(2026, 1, 1)).refused
    'it gives no reason'
    """
    match = VALUE.fullmatch(value)
    reason, only, until = match.group("reason", "only", "until") if match else (value, None, None)
    made = Acceptance(rule, reason.strip(), only)
    if found := REFUSED.search(value):
        return replace(made, refused=f"AWS refuses `{found.group()}` in the value of a tag")
    if len(value) > LONGEST:
        return replace(made, refused=f"AWS refuses a tag's value of more than {LONGEST} characters")
    if rule in NEVER:
        return replace(made, refused=f"`{rule}` cannot be accepted")
    if not made.reason:
        return replace(made, refused="it gives no reason")
    if until is None:
        return made
    try:
        made = replace(made, until=date.fromisoformat(until))
    except ValueError:
        return replace(made, refused=f"`{until}` is no date: write `until YYYY-MM-DD`")
    return replace(made, refused=f"its date {until} is past") if made.until and made.until < today else made


def accept(
    findings: Iterable[Finding], account: Account, *, today: date
) -> tuple[tuple[Finding, ...], tuple[Acceptance, ...]]:
    """The findings with what was accepted of them, and the acceptances that met none.

    A finding that a tag names and does not accept says why in its evidence, `acceptance`.
    """
    tags = tuple(_declared(account, today))
    critical = _auditors(account)
    judged, met = [], set[int]()
    for finding in findings:
        naming = [(number, tag) for number, tag in enumerate(tags) if _names(tag, finding)]
        met |= {number for number, _ in naming}
        judged.append(_judged(finding, [tag for _, tag in naming], critical))
    return tuple(judged), tuple(_unmet(tags, met, account))


def _unmet(tags: tuple[Acceptance, ...], met: set[int], account: Account) -> Iterator[Acceptance]:
    """Those of which neither the tag nor its copy met a finding.

    SAM gives the tags of a function to the role that it makes for it too (SAM Developer Guide,
    AWS::Serverless::Function, "Tags"): nobody wrote those, and one of both is enough.
    """
    roles = {function.id: function.role for function in account.functions}

    def said(tag: Acceptance) -> tuple[object, ...]:
        role = tag.role if tag.function is None else roles[tag.function]
        return (role, tag.rule, tag.reason, tag.only, tag.until)

    written = {said(tag) for tag in tags if tag.function is not None}
    copied = {said(tag) for number, tag in enumerate(tags) if tag.function is None and number in met}
    for number, tag in enumerate(tags):
        if number not in met and said(tag) not in (written if tag.function is None else copied):
            yield tag


def stale(
    unmet: Iterable[Acceptance], account: Account, *, ran: Iterable[str], known: Iterable[str]
) -> Iterator[Stale]:
    """The tags that accept nothing, of those rules that ran and could see all that they judge.

    Parameters
    ----------
    unmet : acceptances that met no finding
    ran, known : names of the rules that ran, and of all rules
    """
    ran, known = set(ran), set(known)
    gaps = [gap for gap in account.all_gaps() if gap.mendable]
    for tag in unmet:
        if tag.rule in known and (tag.rule not in ran or any(_hides(gap, tag) for gap in gaps)):
            continue
        what = tag.refused or f"there is no such finding{f' {tag.only}' if tag.only else ''} any more"
        why = what if tag.rule in known else f"there is no rule `{tag.rule}`"
        yield Stale(PREFIX + tag.rule, why, tag.function, tag.role)


def _declared(account: Account, today: date) -> Iterator[Acceptance]:
    seen = set[tuple[str, str, str]]()
    owners: list[Function | Role] = [*account.functions, *account.roles]
    for owner in owners:
        is_role = isinstance(owner, Role)
        name = owner.arn if isinstance(owner, Role) else owner.id
        for key, value in owner.tags:
            if key.startswith(PREFIX) and (name, key, value) not in seen:
                seen.add((name, key, value))  # The versions of a function share its tags.
                made = parse(key.removeprefix(PREFIX), value, today=today)
                yield replace(made, function=None if is_role else name, role=name if is_role else None)


def _auditors(account: Account) -> frozenset[str]:
    """The ids of functions, and ARNs of roles, that are the auditor's."""
    functions = (function.id for function in account.functions if AUDITOR in dict(function.tags))
    roles = (role.arn for role in account.roles if AUDITOR in dict(role.tags))
    return frozenset((*functions, *roles))


def _names(tag: Acceptance, finding: Finding) -> bool:
    if tag.rule != finding.rule or tag.only not in (None, finding.fingerprint):
        return False
    if tag.function is not None:
        return tag.function == finding.function
    about_role = finding.statement is None or finding.statement.policy != "resource"
    return about_role and tag.role == finding.role


def _judged(finding: Finding, tags: list[Acceptance], auditors: frozenset[str]) -> Finding:
    valid = next((tag for tag in tags if tag.refused is None), None)
    if valid is None:
        refused = next((tag.refused for tag in tags), None)
        return _open(finding, refused) if refused else finding
    if finding.severity is Severity.CRITICAL and auditors & {finding.function, finding.role}:
        return _open(finding, "a critical finding of the auditor itself cannot be accepted")
    until = valid.until.isoformat() if valid.until else None
    return replace(finding, acceptance={"reason": valid.reason, "until": until})


def _open(finding: Finding, why: str) -> Finding:
    return replace(finding, evidence={**finding.evidence, "acceptance": f"not accepted: {why}"})


def _hides(gap: Gap, tag: Acceptance) -> bool:
    """May the finding be there, unseen?"""
    return gap.subject in (None, tag.function, tag.role)
