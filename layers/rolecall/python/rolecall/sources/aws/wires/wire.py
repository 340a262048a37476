"""A wire: one trigger as its source declares it; and how sources are read, to their end or with a gap."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from rolecall.model import Gap, Resource, Trigger
from rolecall.sources.aws.calls import Refused

LIMIT = 20_000
"""Sources of one service that a walk reads. More would not be read within the hour that a sweep has."""
WHAT = "trigger source"
"""`what` of every gap here, but for the next one's."""
SEVERAL = "trigger sources"
"""`what` of the gap that a statement names more sources than one can be asked for: a walk over all has read them."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wire:
    """A trigger as its source has it; `function` is the ARN that the source names, with its qualifier if it has one."""

    function: str
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Wires:
    """What sources say: their wires to functions, the sources themselves (`exists` False where there is none), gaps.

    A source that `resources` holds without a gap was read whole: it has no other wires than `found` holds. One with
    gaps may have more. The gaps are in `gaps` too, there without a subject: who asked knows for whom.
    """

    found: tuple[Wire, ...] = ()
    resources: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def __add__(self, other: "Wires") -> "Wires":
        return Wires(self.found + other.found, self.resources + other.resources, self.gaps + other.gaps)


Said = Iterable[Wire | Gap]
"""What a source says, piece by piece; asking for the next piece may raise Refused."""


def look_up(arn: str, read: Callable[[], Said], *, listed: bool = False) -> Wires:
    """What the source with this ARN says. `listed`: a list held it, so that it exists.

    It is not there when AWS says so. When it is refused halfway, what it had said until then is kept, with a gap.
    """
    found: list[Wire] = []
    gaps: list[Gap] = []
    try:
        for piece in read():
            if isinstance(piece, Wire):
                found.append(piece)
            else:
                gaps.append(piece)
    except Refused as refused:
        if refused.absent:
            return Wires(resources=(Resource(arn, exists=False),))
        gaps.append(refusal(refused))
        listed = listed or bool(found)
    else:
        listed = True
    marked = tuple(replace(gap, subject=arn) for gap in gaps)
    return join([Wires(tuple(found), (Resource(arn, gaps=marked),) if listed else (), tuple(gaps))])


def walk_over(listing: Iterable[T], read: Callable[[T], Wires]) -> Wires:
    """What all sources of a list say. One that was deleted after it was listed is not there."""
    gaps: list[Gap] = []
    parts = [read(item) for item in _bounded(until_refused(listing, gaps), gaps)]
    there = [replace(part, resources=tuple(each for each in part.resources if each.exists)) for part in parts]
    return join([*there, Wires(gaps=tuple(gaps))])


def until_refused(items: Iterable[T], gaps: list[Gap]) -> Iterator[T]:
    """The items up to where AWS refuses the next page: then there is a gap, as they are not the whole.

    None where what holds them does not exist (any more): that hides nothing.
    """
    try:
        yield from items
    except Refused as refused:
        if not refused.absent:
            gaps.append(refusal(refused))


def _bounded(items: Iterable[T], gaps: list[Gap]) -> Iterator[T]:
    for count, item in enumerate(items):
        if count == LIMIT:
            gaps.append(unread(f"there are more than {LIMIT:,} sources of one service: the others are not read"))
            return
        yield item


def join(parts: Iterable[Wires]) -> Wires:
    """All of them as one: sorted, nothing twice."""
    parts = tuple(parts)
    return Wires(
        tuple(sorted({wire for part in parts for wire in part.found}, key=_order)),
        tuple(sorted(dict.fromkeys(each for part in parts for each in part.resources), key=lambda each: each.arn)),
        tuple(sorted({gap for part in parts for gap in part.gaps}, key=lambda gap: (gap.call or "", gap.why))),
    )


def _order(wire: Wire) -> tuple[str, ...]:
    trigger = wire.trigger
    return wire.function, trigger.type, trigger.source, trigger.id or "", trigger.role or "", trigger.filter or ""


def refusal(refused: Refused) -> Gap:
    """The gap that a refused call leaves. Its reason holds no ARN, so that gaps of one cause are one."""
    return Gap(WHAT, refused.why, refused.call)


def unread(why: str) -> Gap:
    """The gap of what no call can tell: a known limit."""
    return Gap(WHAT, why, mendable=False)


def limit(why: str) -> Wires:
    """Nothing but such a gap."""
    return Wires(gaps=(unread(why),))


def several(source: str) -> Wires:
    """A statement names more than one source, and no call finds them by such a name."""
    why = f"`{source}` stands for more than one source: only a walk over all of them reads those"
    return Wires(gaps=(Gap(SEVERAL, why, mendable=False),))


def canonical(value: Any) -> str | None:
    """A filter as JSON with sorted keys; of a JSON text, the same text for the same meaning. None for no filter.

    >>> canonical('{"source": ["a"], "account": []}'), canonical({"prefix": "in/"}), canonical("")
    ('{"account": [], "source": ["a"]}', '{"prefix": "in/"}', None)
    """
    if not value:
        return None
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):  # AWS has taken it, so it means something: then kept as it is.
            value = json.loads(value)
    return json.dumps(value, sort_keys=True)


def enabled(on: bool) -> str:
    """The state of a trigger."""
    return "Enabled" if on else "Disabled"
