"""Needs for a terminal: each function with its role, what it needs and where that is seen, and how sure it is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rolecall.needs import Certainty, Need, Proof
from rolecall.reports.needs import UNREAD, Answer

COLOURS = {Certainty.MUST: "1", Certainty.MAY: "36"}
ORDER = (Certainty.MUST, Certainty.MAY, Certainty.UNKNOWN)
GREEN, YELLOW, DIM, BOLD = "32", "33", "2", "1"
MOST = 8
"""Unresolved lines of a function's code that are listed."""

_Group = tuple[Certainty, str, Proof]


def render(answers: Sequence[Answer], *, colour: bool = False) -> str:
    """A block for each function and one line that sums up, without a trailing newline."""
    blocks = ["\n".join(_lines(each, colour=colour)) for each in answers]
    return "\n\n".join([*blocks, _summary(answers)])


def _lines(answer: Answer, *, colour: bool) -> Iterator[str]:
    doubt = "" if answer.is_read else f": {_paint(UNREAD, YELLOW, colour)}, so this is not all it needs"
    yield f"{_paint(answer.name, BOLD, colour)}, role {answer.role_name}{doubt}"
    for (certainty, resource, proof), actions in _grouped(answer.needs.needs).items():
        yield f"  {_paint(certainty.value.ljust(4), COLOURS.get(certainty, ''), colour)}  {', '.join(actions)}"
        yield f"        on {_resource(resource, answer)}"
        yield _paint(f"        {proof.where}: {proof.why}", DIM, colour)
    yield from _unresolved(answer, colour=colour)
    for gap in answer.gaps:
        yield f"  {_paint('gap', YELLOW, colour)}   {gap.why}"
    if answer.proven:
        number = _count(len(answer.proposal.statements), "statement")
        yield f"  {_paint('proven', GREEN, colour)}: a policy of {number} allows what it must, and nothing else"
    else:
        yield f"  {_paint('not proven', YELLOW, colour)}: {answer.why}"


def _grouped(needs: Sequence[Need]) -> dict[_Group, list[str]]:
    """The actions that one place in code, trigger or configuration asks for on one resource; what is sure first."""
    groups: dict[_Group, list[str]] = defaultdict(list)
    for need in sorted(needs, key=lambda each: ORDER.index(each.certainty)):
        groups[(need.certainty, need.resource, need.proof)].append(need.action)
    return groups


def _unresolved(answer: Answer, *, colour: bool) -> Iterator[str]:
    """The lines of code that may call AWS and do not say what, each once."""
    by_line: dict[str, list[str]] = defaultdict(list)
    for each in answer.needs.unresolved:
        service = f" ({each.service})" if each.service and f"`{each.service}`" not in each.what else ""
        by_line[each.where].append(f"{each.what}{service}")
    for where, found in list(by_line.items())[:MOST]:
        more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        yield f"  {_paint('?', YELLOW, colour)}     {where}: {found[0]}{more}"
    if len(by_line) > MOST:
        yield f"  {_paint('?', YELLOW, colour)}     and {_count(len(by_line) - MOST, 'more line')}"


def _resource(resource: str, answer: Answer) -> str:
    """The ARN, and what it is called in the template."""
    plain = resource.removesuffix("/*").removesuffix(":*")
    name = answer.names.get(resource, answer.names.get(plain))
    return f"{resource} ({name.partition('.')[0]})" if name else resource


def _summary(answers: Sequence[Answer]) -> str:
    proven = sum(each.proven for each in answers)
    policies = "`--format policy` and `--format sam` print the policies"
    return f"{_count(len(answers), 'function')}, {proven} proven; {policies}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colour and code else text
