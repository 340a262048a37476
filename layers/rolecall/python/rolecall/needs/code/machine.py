"""The machine: what the analysis knows while it runs, and its bounds.

The program is run in an abstract way: module by module as the handler imports them, then the handler, each function
once for each set of arguments. What is written to a cell after it was read makes the machine run once more, until
nothing changes. Calls that nest too deep are put off to the end of a run instead: the next one finds their results.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from rolecall.model import Call, Gap, Unresolved
from rolecall.needs.code.power import Power
from rolecall.needs.code.program import Program, Source
from rolecall.needs.code.reach import Reach
from rolecall.needs.code.values import (
    NOTHING,
    Arguments,
    Atom,
    Class,
    Function,
    Instance,
    Key,
    Made,
    Value,
    join,
    one,
    without_texts,
)

MOST_STEPS = 300_000
"""Expressions and statements that are looked at: three to six seconds."""
MOST_RUNS = 12
MOST_FILES = 2_000
FEW_FILES = 20
"""Programs of so few files are run whole."""
MOST_BYTES = 20_000_000
MOST_CONTEXTS = 24
"""Sets of arguments for which a function is run on its own; further ones are run together."""
MOST_KINDS = 400
"""Beyond that, those with the same constants are run together: wrappers take the service and operation as text."""
MOST_INSTANCES = 16
"""Situations in which the objects that one place makes are told apart; further ones are one object."""
DEEPEST = 200
"""Nested expressions, with 12 for each function on the way: a third of what Python's own stack holds."""

ELEMENT = "*"
"""The name of the cell that holds what a box has under no known key."""


class ExhaustedError(Exception):
    """A bound is hit: the message says which."""


@dataclass(slots=True)
class Cell:
    """A place that holds a value: it only grows.

    `read` tells that somebody may have seen less than what comes later, `written` that it is more than a look that
    found nothing. `full` is one that had too many texts.
    """

    value: Value = NOTHING
    read: bool = False
    full: bool = False
    written: bool = False


@dataclass(slots=True)
class Frame:
    """The names of a module, class body or function in one situation.

    `names` is what they stand for at this point; `cells` all that they ever stood for, which inner functions see.
    """

    kind: str
    key: Key
    source: Source
    parent: "Frame | None" = None
    owner: Class | None = None
    names: dict[str, Value] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    outer: dict[str, "Frame"] = field(default_factory=dict)
    first: str | None = None
    returned: Value = NOTHING
    yielded: Value = NOTHING
    annotated: dict[str, ast.expr] = field(default_factory=dict)

    @property
    def module(self) -> "Frame":
        frame = self
        while frame.parent is not None:
            frame = frame.parent
        return frame


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the code in the situation that it runs in."""

    frame: Frame
    node: ast.AST

    @property
    def where(self) -> str:
        # Of a chain over several lines, the line that names the method.
        named = self.node.func if isinstance(self.node, ast.Call) else self.node
        line = getattr(named, "end_lineno" if isinstance(named, ast.Attribute) else "lineno", 1)
        return f"{self.frame.source.path}:{line}"

    @property
    def key(self) -> Key:
        return (*self.frame.key, getattr(self.node, "lineno", 0), getattr(self.node, "col_offset", 0))


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, lambda or class of the source."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
    source: Source
    owner: Class | None = None
    wrapped: bool = False


@dataclass(slots=True)
class Found:
    """One call as it is gathered over the situations that reach its place."""

    parameters: dict[str, set[str]] = field(default_factory=dict)
    certain: bool = False


@dataclass(slots=True)
class Machine:
    """The state. What one run finds is dropped at the start of the next; cells, frames and definitions stay."""

    program: Program
    modules: dict[str, Frame | None] = field(default_factory=dict)
    trees: dict[str, ast.Module] = field(default_factory=dict)
    frames: dict[Key, Frame] = field(default_factory=dict)
    definitions: dict[Key, Definition] = field(default_factory=dict)
    store: dict[Atom, dict[str, Cell]] = field(default_factory=dict)
    returns: dict[int, Cell] = field(default_factory=dict)
    situations: dict[Key, int] = field(default_factory=dict)
    merged: dict[Key, Arguments] = field(default_factory=dict)
    calls: dict[Key, Found] = field(default_factory=dict)
    unresolved: dict[Unresolved, None] = field(default_factory=dict)
    gaps: dict[Gap, None] = field(default_factory=dict)
    misses: dict[tuple[str, str], str] = field(default_factory=dict)
    hits: set[tuple[str, str]] = field(default_factory=set)
    done: set[str | int] = field(default_factory=set)
    kinds: dict[Function, set[Key]] = field(default_factory=dict)
    contexts: dict[Key, set[int]] = field(default_factory=dict)
    waiting: list[tuple[Function, Arguments, Site] | str] = field(default_factory=list)
    running: set[int] = field(default_factory=set)
    generators: dict[Key, bool] = field(default_factory=dict)
    lines: dict[Class, tuple[Atom, ...]] = field(default_factory=dict)
    made: dict[Key, dict[Key, Instance]] = field(default_factory=dict)
    power: Power | None = None
    changed: bool = False
    steps: int = 0
    bytes: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        if self.program.size > FEW_FILES:
            self.power = Power(Reach(self.program))

    def start_run(self) -> None:
        for part in (self.calls, self.unresolved, self.misses, self.hits):
            part.clear()
        for memory in (self.done, self.contexts, self.kinds, self.waiting, self.merged, self.lines):
            memory.clear()
        self.changed = False
        if self.power is not None:
            self.power.surprised = False

    @property
    def stable(self) -> bool:
        """Has this run found what the next one would?"""
        return not self.changed and not (self.power and self.power.surprised)

    def instance(self, cls: Class, site: Site) -> Instance:
        """An object that is made at a place."""
        if not isinstance(site.node, ast.expr):
            return Instance(cls, site.key)
        place = (cls, site.frame.source.path, site.node.lineno, site.node.col_offset)
        made = self.made.setdefault(place, {})
        if site.key not in made:
            made[site.key] = Instance(cls, site.key if len(made) < MOST_INSTANCES else ("many", *place[1:]))
        return made[site.key]

    def step(self, value: Value = NOTHING) -> None:
        """Count one; a value that can be very many things costs as much as many steps do."""
        self.steps += 1 + (len(value) >> 2)
        if self.steps > MOST_STEPS:
            raise ExhaustedError(f"the analysis stopped after {MOST_STEPS:,} steps")

    # Cells

    def put(self, owner: Atom, name: str, value: Value) -> None:
        held = self.store.setdefault(owner, {})
        cell = held.setdefault(name, Cell())
        if not cell.written:
            cell.written = True
            # Who went through all names has missed this one.
            self.changed = self.changed or (ELEMENT in held and held[ELEMENT].read)
        if self.grow(cell, value) and self.power is not None:
            self.power.flow(owner.root if isinstance(owner, Made) else owner, value)

    def get(self, owner: Atom, name: str) -> Value:
        # An empty cell is made as well, so that a later write is seen to come too late.
        cell = self.store.setdefault(owner, {}).setdefault(name, Cell())
        cell.read = True
        if len(cell.value) > 8:
            self.step(cell.value)
        return cell.value

    def items(self, owner: Atom) -> Iterator[tuple[str, Value]]:
        """Every name with its value; a name that comes later makes another run."""
        self.get(owner, ELEMENT)
        for name, cell in list(self.store[owner].items()):
            cell.read = True
            if len(cell.value) > 8:
                self.step(cell.value)
            if cell.value or (cell.written and name != ELEMENT):
                yield name, cell.value

    def grow(self, cell: Cell, value: Value) -> bool:
        """Let a cell hold a value, too; says whether that is news."""
        if value <= cell.value:
            return False
        self.step(cell.value)
        whole = join(cell.value, value)
        # Texts that were given up do not come back, or the runs would not end.
        cell.full = cell.full or not whole >= cell.value
        if cell.full:
            whole = without_texts(whole)
        if whole != cell.value:
            cell.value = whole
            self.changed = self.changed or cell.read
        return True

    # What is not run

    def spares(self, function: Function, given: Arguments) -> bool:
        """Is a call not worth making: of a large part of the program that calls nothing of AWS with what is given?"""
        power = self.power
        if power is None or not power.spared(str(function.key[0])):
            return False
        return not power.of(one(function)) and not power.of(given.everything())

    # What is found

    def call(
        self, service: str, operation: str, site: Site, parameters: dict[str, set[str]], *, certain: bool = True,
        library: str | None = None,
    ) -> None:  # fmt: skip
        """Keep a call; the values of the same place in other situations join."""
        found = self.calls.setdefault((service, operation, site.where, library or ""), Found())
        found.certain = found.certain or certain
        for name, values in parameters.items():
            found.parameters.setdefault(name, set()).update(values)

    def wonder(self, site: Site, what: str, service: str | None = None) -> None:
        """Keep a place that may call AWS and does not say what."""
        self.unresolved[Unresolved(site.where, what, service)] = None

    def gap(self, why: str, path: str | None = None, *, mendable: bool = False) -> None:
        """Keep what the analysis does not see; `mendable` where the function cannot work like that."""
        self.gaps[Gap("code", why, call=path, mendable=mendable)] = None

    def all_calls(self) -> tuple[Call, ...]:
        made = (
            Call(
                str(service), str(operation), str(where),
                tuple((name, tuple(sorted(values))) for name, values in sorted(found.parameters.items())),
                str(library) or None, found.certain,
            )
            for (service, operation, where, library), found in self.calls.items()
        )  # fmt: skip
        return tuple(sorted(made, key=lambda call: (*_place(call.where), call.service, call.operation)))

    def all_unresolved(self) -> tuple[Unresolved, ...]:
        missed = {
            Unresolved(where, f"calls `{name}`, which the frozen SDK does not have", service): None
            for (where, name), service in self.misses.items()
            if (where, name) not in self.hits
        }
        return tuple(sorted({**self.unresolved, **missed}, key=lambda each: (*_place(each.where), each.what)))


def _place(where: str) -> tuple[str, int]:
    path, _, line = where.rpartition(":")
    return path, int(line)
