"""Needs for a terminal: each function with its role, what it needs and where that is seen, and how sure it is."""

from collections.abc import Iterator, Sequence

from rolecall.needs import Certainty, Need
from rolecall.reports.needs import Answer

COLOURS = {Certainty.MUST: "1", Certainty.MAY: "36"}
GREEN, YELLOW, DIM, BOLD = "32", "33", "2", "1"
MOST = 12
"""Unresolved places of a function that are listed."""


def render(answers: Sequence[Answer], *, colour: bool = False) -> str:
    """A block for each function and one line that sums up, without a trailing newline."""
    blocks = ["\n".join(_lines(each, colour=colour)) for each in answers]
    return "\n\n".join([*blocks, _summary(answers)])


def _lines(answer: Answer, *, colour: bool) -> Iterator[str]:
    name = answer.function.rpartition(":")[2]
    role = answer.role.rpartition("/")[2] or "none"
    yield f"{_paint(name, BOLD, colour)}  role {role}"
    if not answer.needs.needs:
        yield "  needs nothing that is known of"
    for need in answer.needs.needs:
        yield f"  {_paint(need.certainty.value.ljust(4), COLOURS.get(need.certainty, ''), colour)} {need.action}"
        yield f"       on {_resource(need, answer)}"
        yield _paint(f"       --> {need.proof.where}: {need.proof.why}", DIM, colour)
    for each in answer.needs.unresolved[:MOST]:
        service = f" ({each.service})" if each.service and f"`{each.service}`" not in each.what else ""
        yield f"  {_paint('?', YELLOW, colour)}    {each.where}: {each.what}{service}"
    if (more := len(answer.needs.unresolved) - MOST) > 0:
        yield f"  {_paint('?', YELLOW, colour)}    and {more} more places"
    for gap in answer.gaps:
        yield f"  {_paint('note', YELLOW, colour)} {gap.why}"
    if answer.proven:
        yield f"  {_paint('proven', GREEN, colour)}: {_size(answer)} that allow all of it, and nothing else"
    else:
        yield f"  {_paint('not proven', YELLOW, colour)}: {answer.why}"


def _resource(need: Need, answer: Answer) -> str:
    """The ARN, and what it is called in the template."""
    plain = need.resource.removesuffix("/*").removesuffix(":*")
    name = answer.names.get(need.resource, answer.names.get(plain))
    return f"{need.resource}  ({name.partition('.')[0]})" if name else need.resource


def _size(answer: Answer) -> str:
    number = len(answer.proposal.statements)
    return f"{number} statement{'' if number == 1 else 's'}"


def _summary(answers: Sequence[Answer]) -> str:
    proven = sum(each.proven for each in answers)
    number = len(answers)
    hint = "`--format sam` or `--format policy` prints the policies"
    return f"{number} function{'' if number == 1 else 's'}, {proven} proven; {hint}"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colour and code else text
