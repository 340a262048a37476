"""Callers for a terminal: a table for each function of who may invoke it, why, and what keeps others out."""

from collections.abc import Iterable, Iterator, Sequence

from rolecall.callers.caller import BOTH_SIDES, ONE_SIDE, Caller, Held
from rolecall.callers.urls import serves_url
from rolecall.callers.wiring import Row, State
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Kind, Statement
from rolecall.iam.wildcard import is_wild
from rolecall.reports.callers import Answer
from rolecall.triggers import passes_on

BOLD, DIM, YELLOW, RED = "1", "2", "33", "31"
MOST = 40
"""Principals of one kind that are listed for a function."""

BY = {"deny": "a Deny", "boundary": "the permissions boundary", "scp": "the organization's policies"}


def render(answers: Sequence[Answer], notes: Sequence[str] = (), *, colour: bool = False) -> str:
    """A block for each function, the administrators, and one line that sums up; without a trailing newline."""
    blocks = ["\n".join(_block(each, colour=colour)) for each in answers]
    chiefs = "\n".join(_admins(answers, colour=colour))
    heads = "\n".join(f"note: {note}" for note in notes)
    return "\n\n".join(filter(None, [heads, *blocks, chiefs, _summary(answers)]))


def _block(answer: Answer, *, colour: bool) -> Iterator[str]:
    yield _paint(f"who may invoke {answer.name}", BOLD, colour)
    rows = [row for each in answer.who.callers[:MOST] for row in _rows(each)]
    yield from _table(rows, colour=colour)
    if not answer.who.callers:
        yield "  nobody" + (" but administrators" if answer.who.admins else "")
    if len(answer.who.callers) > MOST:
        yield f"  … and {len(answer.who.callers) - MOST} more: `--format json` has all"
    if answer.triggers:
        yield "  triggers:"
        wiring = [
            (f"  {_state(row)}", f"{row.type} {row.source or 'any source'}", _why(row, answer))
            for row in answer.triggers
        ]
        yield from _table(wiring, colour=colour)
    for each in answer.who.held[:MOST]:
        yield _paint(f"  held back: {each.kind} {each.name}, by {_by(each)}", DIM, colour)
    for gap in answer.who.gaps:
        yield f"  {_paint('gap', YELLOW, colour)}: {gap.why}"


def _state(row: Row) -> str:
    is_off = row.trigger is not None and row.trigger.state.lower() == "disabled"
    return f"{row.state.value}, disabled" if is_off else row.state.value


def _why(row: Row, answer: Answer) -> str:
    """Why a trigger arrives or does not, and what a statement without one is for."""
    named = ", ".join(map(_statement, row.statements))
    whose = "whoever calls it" if row.trigger and passes_on(row.trigger.role) else None
    role = whose or (row.trigger.role if row.trigger and row.trigger.role else answer.role).rpartition("/")[2]
    mapping = f" by {row.trigger.id}" if row.trigger and row.trigger.id else ""
    at = (row.served.qualifier or "the unqualified function") if row.served else "another qualifier"
    comes = "by the function URL" if answer.has_url and all(map(serves_url, row.statements)) else ""
    return {
        State.WIRED: f"let in by {named}{comes and ', ' + comes}" if named else "not decided whether it is let in",
        State.PERMISSION_ONLY: f"{named} lets it in, and {row.unsure or 'nothing is set up to come'}",
        State.TRIGGER_ONLY: "no statement lets it in",
        State.WRONG_QUALIFIER: f"{named} stands on {at}",
        State.POLLED: f"needs no statement: Lambda polls it{mapping} with the rights of {role}",
        State.BY_ROLE: f"needs no statement: it invokes with the rights of {role}",
    }[row.state]


def _rows(caller: Caller) -> Iterator[tuple[str, str, str]]:
    """Who, why, and what else must hold; further statements stand in lines of their own."""
    what = [f"if {', '.join(caller.open)} fits"] if caller.open else []
    what += ["if its own account lets it"] if caller.known == ONE_SIDE and caller.kind != "anyone" else []
    unsigned = caller.kind == "anyone" and caller.known == BOTH_SIDES and caller.source is None
    what += ["without credentials"] if unsigned and "url" in caller.through and not what else []
    what += ["by its URL only"] if caller.through == ("url",) else ["and by its URL"] if "url" in caller.through else []
    first, *others = [_statement(each) for each in caller.statements] or ["-"]
    yield _who(caller), first, ", ".join(what)
    for other in others:
        yield "", f"and {other}" if caller.via != "both" else other, ""


def _who(caller: Caller) -> str:
    if caller.kind == "anyone":
        return "everybody" if caller.source is None else f"any service for {caller.source}"
    on = f" for {caller.source}" if caller.source else " for any source" if caller.kind == "service" else ""
    name = caller.name if caller.known != ONE_SIDE else caller.principal
    return f"{caller.kind} {name}{on}"


def _statement(statement: Statement) -> str:
    return f"{_policy(statement)}, statement {statement.index + 1}" + (f" ({statement.sid})" if statement.sid else "")


def _policy(statement: Statement) -> str:
    """What a policy is called, and whose it is where that is not who stands in the row."""
    if statement.kind is Kind.RESOURCE:
        return "the function's policy"
    owner, _, name = statement.policy.rpartition("/")
    if statement.kind in (Kind.SCP, Kind.RCP):
        return f"the organization's policy {name}"
    return f"{name} of the group {owner}" if owner and not owner.startswith("arn:") else name


def _by(held: Held) -> str:
    named = ", ".join(map(_statement, held.statements))
    return BY[held.by] + (f": {named}" if named else "")


def _admins(answers: Sequence[Answer], *, colour: bool) -> Iterator[str]:
    """Those who administer functions or rights, once for all functions."""
    chiefs = {each.principal: each for answer in answers for each in answer.who.admins}
    if not chiefs:
        return
    yield _paint("administrators, who may invoke them all or let themselves", BOLD, colour)
    rows = [(f"{each.kind} {each.name}", each.how or "", _if(each)) for each in list(chiefs.values())[:MOST]]
    yield from _table(rows, colour=colour)
    if len(chiefs) > MOST:
        yield f"  … and {len(chiefs) - MOST} more: `--format json` has all"


def _if(caller: Caller) -> str:
    return f"if {', '.join(caller.open)} fits" if caller.open else ""


def _table(rows: Iterable[tuple[str, str, str]], *, colour: bool) -> Iterator[str]:
    """Columns as wide as what stands in them."""
    every = list(rows)
    widths = [max((len(row[column]) for row in every), default=0) for column in (0, 1)]
    for who, why, what in every:
        line = f"  {who.ljust(widths[0])}  {why.ljust(widths[1])}".rstrip()
        yield line if not what else f"{line.ljust(sum(widths) + 4)}  {_paint(what, YELLOW, colour)}"


def _summary(answers: Sequence[Answer]) -> str:
    # An alias is no function of its own.
    number = sum(1 for answer in answers for each in answer.who.callers if _is_open(each))
    functions = len({each.function for each in answers})
    count = f"{functions} function" + ("" if functions == 1 else "s")
    return f"{count}; {number} open to everybody" if number else f"{count}, none open to everybody"


def _is_open(caller: Caller) -> bool:
    """Is it everybody? Not a service that comes for one source; but any role of any account is."""
    arn = Arn.parse(caller.principal)
    return (caller.kind == "anyone" and caller.source is None) or (arn is not None and is_wild(arn.account))


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colour and code else text
