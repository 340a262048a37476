"""The audit: every rule that can run over an Account, one Report out."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime

from rolecall import __version__
from rolecall.acceptance import accept, stale
from rolecall.finding import Audited, Deciding, Finding, Report, fingerprint, order, subject_of, united
from rolecall.iam import catalog
from rolecall.model import ORGANIZATION, UNJUDGED, Account, Function, Gap, Role
from rolecall.needs.last_accessed import DAYS, is_young
from rolecall.parts import single
from rolecall.rules import Rule, Yields, all_rules, named
from rolecall.silences import Struck, audible

# They speak of what the others left: of their gaps, and of acceptances that met no finding.
GAPS, STALE = "incomplete-audit", "stale-acceptance"
# It judges what only the deployed auditor knows.
WATCHING = "blind-auditor"
# It needs all principals and, of each function, its tags and policies: neither lists nor an event tell both.
CALLERS = "undeclared-caller"
DANGLING = "dangling-trigger"  # It speaks of triggers too that name no function which is there.
OMITTED = "omitted-parameters"  # It speaks of an event: a sweep, which knows of none, ends it.
LAYERS = "shared-layer"  # A layer is no function's own: events tell of it, and a sweep ends it.


def audit(account: Account, *, whole: bool = True, today: date | None = None) -> Report:
    """Judge an account by every rule that can run.

    Pure: the same account gives the same findings in the same order. A rule that raises becomes a
    gap of the report, and so an `incomplete-audit` finding, never a pass.

    Parameters
    ----------
    account : what was read
    whole : False when only what a change touches was read: rules on the whole account do not run
    today : acceptances until an earlier day have ended; by default the day in UTC
    """
    ran = tuple(rule for rule in all_rules() if (whole or not rule.whole) and (account.watch or rule.name != WATCHING))
    struck: list[Struck] = []
    gaps: list[Gap] = []
    for rule in ran:
        if rule.name not in (GAPS, STALE):
            _run(rule, account, struck, gaps)
    account = replace(account, gaps=(*account.gaps, *dict.fromkeys(gaps)))
    _run_one(GAPS, ran, account, struck, gaps)
    return _report(account, ran, struck, today)


def audit_each(account: Account, *, today: date | None = None) -> Report:
    """Judge each function by itself, as if a change had touched it alone, in one report.

    So a sweep and single events find the same: no gap of one function is merged with that of another.
    """
    reports = [audit(each, whole=False, today=today) for each in single(account)]
    return united(reports) if reports else audit(account, whole=False, today=today)


def audit_callers(account: Account, *, today: date | None = None) -> Report:
    """Judge functions by those whom they declare as callers; the account holds them with all principals."""
    ran = tuple(rule for rule in all_rules() if rule.name in (CALLERS, GAPS))
    struck: list[Struck] = []
    gaps: list[Gap] = []
    _run_one(CALLERS, ran, account, struck, gaps)
    unread = replace(account, gaps=tuple(dict.fromkeys(gaps)), functions=(), roles=(), resources=())
    _run_one(GAPS, ran, unread, struck, gaps)
    return _report(account, ran, struck, today)


def audit_whole(account: Account, *, today: date | None = None) -> Report:
    """Judge an account by the rules that need all of it, and tell the gaps that are no single function's."""
    general = (GAPS, OMITTED, DANGLING, LAYERS)
    ran = tuple(rule for rule in all_rules() if (rule.whole and rule.name != CALLERS) or rule.name in general)
    struck: list[Struck] = []
    gaps: list[Gap] = []
    for rule in ran:
        if rule.name != GAPS:
            _run(rule, account, struck, gaps)
    account = replace(account, gaps=(*account.gaps, *dict.fromkeys(gaps)))
    unread = tuple(gap for gap in account.gaps if gap.subject is None)
    _run_one(GAPS, ran, replace(account, functions=(), roles=(), resources=(), gaps=unread), struck, gaps)
    return _report(account, ran, struck, today)


def _report(account: Account, ran: tuple[Rule, ...], struck: list[Struck], today: date | None) -> Report:
    """What the hits come to, with what is accepted of them, and the acceptances that meet none."""
    findings = _merged(_finding(each, account) for each in audible(struck))
    accepted, unmet = accept(findings, account, today=today or datetime.now(UTC).date())
    names = [[rule.name for rule in rules] for rules in (ran, all_rules())]
    account = replace(account, stale=tuple(stale(unmet, account, ran=names[0], known=names[1])))
    told: list[Struck] = []
    _run_one(STALE, ran, account, told, [])
    findings = [*accepted, *_merged(_finding(each, account) for each in told)]
    return Report(
        tool=__version__,
        catalog=catalog.date(),
        source=account.source,
        functions=_audited(account, findings),
        findings=tuple(sorted(findings, key=order)),
        rules=tuple(rule.name for rule in ran),
        gaps=tuple(dict.fromkeys(account.all_gaps())),
        notes=_notes(account),
    )


def _notes(account: Account) -> tuple[str, ...]:
    """What the head of the report says. Members of an organization can seldom read the policies that bound them."""
    causes = [f"{gap.call}: {gap.why}" if gap.call else gap.why for gap in account.gaps if gap.what == ORGANIZATION]
    unread = "the organization's policies (SCPs, RCPs) are not known, they may forbid what is said to be allowed"
    young = [role.name for role in account.roles if role.last_accessed and is_young(role, role.last_accessed.read)]
    unproven = f"roles younger than {DAYS} days, so that what they did not use proves nothing yet: {named(young)}"
    open_ones = dict.fromkeys((gap.subject or "").rpartition(":")[2] for gap in account.gaps if gap.what == UNJUDGED)
    unjudged = "not all that their roles grant was judged, because the code makes calls that are not resolved"
    told = f"{unjudged}: {named(tuple(open_ones))}; `rolecall needs` shows the calls"
    return (
        *dict.fromkeys(f"{unread} ({cause})" for cause in causes),
        *([unproven] if young else []),
        *([told] if open_ones else []),
    )


def _run(rule: Rule, account: Account, struck: list[Struck], gaps: list[Gap]) -> None:
    """Sort what a rule yields into hits and gaps; a crash is a gap for what it was judging."""
    for function in (None,) if rule.of_account else account.functions:
        try:
            for each in _judge(rule, function, account):
                if isinstance(each, Gap):
                    gaps.append(each)
                else:
                    struck.append(Struck(rule, function, each))
        except Exception as crash:
            why = f"the rule crashed: {type(crash).__name__}: {crash}"
            gaps.append(Gap(f"rule {rule.name}", why, f"rule {rule.name}", function.id if function else None))


def _run_one(name: str, rules: Iterable[Rule], account: Account, struck: list[Struck], gaps: list[Gap]) -> None:
    for rule in rules:
        if rule.name == name:
            _run(rule, account, struck, gaps)


def _judge(rule: Rule, function: Function | None, account: Account) -> Yields:
    return rule.check(account) if function is None else rule.check_function(function, account)


def _finding(struck: Struck, account: Account) -> Finding:
    rule, hit, function = struck.rule, struck.hit, struck.function
    statement = hit.statement
    owner = function.id if function else hit.function
    role = hit.role or (function.role if function else None)
    qualifier = function.qualifier if function else None
    place = hit.place or (statement.place if statement else None) or (function.place if function else None)
    return Finding(
        rule=rule.name,
        severity=hit.severity or rule.severity,
        confidence=hit.confidence,
        function=owner,
        qualifier=qualifier,
        role=role,
        actions=_sorted(hit.actions, (statement.actions or statement.not_actions) if statement else ()),
        resources=_sorted(hit.resources, (statement.resources or statement.not_resources) if statement else ()),
        principal=hit.principal,
        statement=Deciding(statement.policy, statement.sid, statement.index) if statement else None,
        message=hit.message,
        fix=hit.fix,
        evidence=hit.evidence,
        witness=hit.witness,
        fingerprint=fingerprint(rule.name, owner=owner or role, qualifier=qualifier, subject=subject_of(hit)),
        place=place,
    )


def _sorted(own: tuple[str, ...] | None, of_statement: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(of_statement if own is None else own))


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Equal findings of several versions become one: the first qualifier, and all of them in the evidence."""
    same: dict[object, list[Finding]] = defaultdict(list)
    for finding in findings:
        same[(finding.rule, finding.function, finding.role, finding.statement, finding.message)].append(finding)
    return [_first_of(group) for group in same.values()]


def _first_of(group: list[Finding]) -> Finding:
    first, *others = sorted(group, key=lambda finding: finding.qualifier or "")
    if not others:
        return first
    return replace(
        first, evidence={**first.evidence, "qualifiers": [finding.qualifier for finding in (first, *others)]}
    )


def _audited(account: Account, findings: list[Finding]) -> tuple[Audited, ...]:
    """A row for every function that was audited, its versions together."""
    versions: dict[str, list[Function]] = defaultdict(list)
    for function in account.functions:
        versions[function.id].append(function)
    return tuple(_row(account, group, findings) for _, group in sorted(versions.items()))


def _row(account: Account, group: list[Function], findings: list[Finding]) -> Audited:
    first = group[0]
    role: Role | None = account.role_of(first)
    gaps = [gap for function in group for gap in function.gaps] + list(role.gaps if role else ())
    others = (*account.gaps, *(gap for resource in account.resources for gap in resource.gaps))
    gaps += [gap for gap in others if gap.subject in (first.id, first.role)]
    return Audited(
        function=first.id,
        name=first.name,
        role=first.role,
        runtime=first.runtime,
        versions=tuple(function.qualifier for function in group),
        gaps=tuple(dict.fromkeys(gaps)),
        findings=sum(finding.function == first.id and finding.acceptance is None for finding in findings),
    )
