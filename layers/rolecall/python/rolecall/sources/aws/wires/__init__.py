"""Wires: the triggers that a source itself declares, such as a bucket's notifications or a rule's targets."""

from dataclasses import dataclass

from rolecall.model import Gap, Resource, Trigger


@dataclass(frozen=True, slots=True)
class Wire:
    """A trigger as its source has it; `function` is the ARN that the source names, with its qualifier if it has one."""

    function: str
    trigger: Trigger


@dataclass(frozen=True, slots=True)
class Wires:
    """What sources say: their wires to functions, the sources themselves (`exists` False where there is none), gaps.

    The gaps have no subject: who asked knows for whom.
    """

    found: tuple[Wire, ...] = ()
    resources: tuple[Resource, ...] = ()
    gaps: tuple[Gap, ...] = ()

    def __add__(self, other: "Wires") -> "Wires":
        return Wires(self.found + other.found, self.resources + other.resources, self.gaps + other.gaps)
