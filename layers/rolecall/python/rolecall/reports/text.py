"""The report for a terminal: notes, each finding with where it is and what to do, then one line that sums up."""

from rolecall.finding import Finding, Report, Severity

COLOURS = {
    Severity.CRITICAL: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "2",
}


def render(report: Report, *, colour: bool = False) -> str:
    """The report as lines, worst finding first, without a trailing newline."""
    names = {function.function: function.name for function in report.functions}
    notes = [f"note: {note}" for note in report.notes]
    blocks = [finding_text(finding, names=names, colour=colour) for finding in report.findings]
    return "\n\n".join([*notes, *blocks, _summary(report)])


def finding_text(finding: Finding, *, names: dict[str, str] | None = None, colour: bool = False) -> str:
    """One finding as three lines: what, where, fix."""
    code = COLOURS[finding.severity]
    head = f"{finding.severity.value}[{finding.rule}]"
    lines = [f"{_paint(head, code, colour)}: {finding.message}", f"  --> {_where(finding, names or {})}"]
    if finding.acceptance:
        until = finding.acceptance.get("until")
        lines.append(f"  accepted: {finding.acceptance['reason']}" + (f", until {until}" if until else ""))
    if refused := finding.evidence.get("acceptance"):
        lines.append(f"  {refused}")
    lines.append(f"  fix: {finding.fix}")
    return "\n".join(lines)


def _where(finding: Finding, names: dict[str, str]) -> str:
    """`template.yaml:87  AlbFunction, resource policy, statement 1`, as far as it applies."""
    function = finding.function or ""  # A logical id is what people know; an ARN says too much.
    name = names.get(function, function.rpartition(":")[2]) if function.startswith("arn:") else function
    subject = f"{name}:{finding.qualifier}" if finding.qualifier else name
    parts = [subject or (finding.role or "").rpartition("/")[2] or "the account"]
    if finding.statement:
        policy = {"resource": "resource policy", "trust": "trust policy"}.get(finding.statement.policy)
        number = f"statement {finding.statement.index + 1}"
        sid = f" `{finding.statement.sid}`" if finding.statement.sid else ""
        parts += [policy or f"policy {finding.statement.policy.rpartition('/')[2]}", number + sid]
    elif finding.function and finding.role and not finding.principal:  # Of a caller the function's role is no matter.
        parts.append(f"role {finding.role.rpartition('/')[2]}")
    place = f"{finding.place.file}:{finding.place.line}  " if finding.place else ""
    by = f" (added by {finding.place.added_by})" if finding.place and finding.place.added_by else ""
    return place + ", ".join(parts) + by


def _summary(report: Report) -> str:
    """`6 functions, no findings`, and of what: an audit of nothing must not look like a pass."""
    counts = [f"{number} {severity}" for severity, number in report.counts().items() if number]
    total = sum(1 for _ in report.open())
    found = f"{_count(total, 'finding')}: {', '.join(counts)}" if total else "no findings"
    accepted = len(report.findings) - total
    tail = f", {accepted} accepted" if accepted else ""
    audited = _count(len(report.functions), "function")
    catalog = f", actions as of {report.catalog}" if report.catalog else ""
    return f"{audited}, {found}{tail} ({report.source}; {_count(len(report.rules), 'rule')}{catalog})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colour else text
