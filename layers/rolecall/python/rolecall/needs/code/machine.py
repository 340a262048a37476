"""The machine: what the analysis knows while it runs, and its bounds.

The program is run in an abstract way: module by module as the handler imports them, then the handler, each function
once for each set of arguments. Each of these is a task. A cell knows which tasks read it: when it comes to hold more,
they are run once more, and only they, until nothing changes. Calls that nest too deep are tasks that are put off.

Longer than most: tasks, cells and what is found are one state, and each of them touches the others.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rolecall.model import Call, Gap, Unresolved
from rolecall.needs.code.power import Power
from rolecall.needs.code.program import Program, Source
from rolecall.needs.code.reach import Reach
from rolecall.needs.code.values import (
    NOTHING,
    OPAQUE,
    UNKNOWN_TEXT,
    Arguments,
    Atom,
    Box,
    Class,
    Function,
    Instance,
    Key,
    Made,
    Value,
    join,
    known_texts,
    one,
    without_texts,
)

SECRET = re.compile(
    r"passw|passphrase|secret(?:string|binary|key|access)|token|private_?key|plaintext|authparameters|^value$"
    r"|environment\.variables",
    re.I,
)
"""Parameters that can hold a secret, and name no resource: what the code has for them is kept nowhere."""
MOST_STEPS = 1_000_000
"""Expressions and statements that are looked at: some ten seconds."""
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
MOST_RECORDS = 6
"""Objects of a class that are told apart where they hold neither texts that are known nor what may call AWS."""
DEEPEST = 200
"""Nested expressions, with 12 for each function on the way: a third of what Python's own stack holds."""

START = "<start>"  # no name that a module can have
ELEMENT = "*"
"""The name of the cell that holds what a box has under no known key."""


class ExhaustedError(Exception):
    """A bound is hit: the message says which."""


@dataclass(slots=True, eq=False)
class Task:
    """Something that is run: a module, or a function in one situation; with what it found when it was last run.

    `leads` are the tasks that it called or imported.
    """

    number: int
    again: Callable[[], None]
    calls: dict[Key, "Found"] = field(default_factory=dict)
    unresolved: dict[Unresolved, None] = field(default_factory=dict)
    misses: dict[tuple[str, str], str] = field(default_factory=dict)
    hits: set[tuple[str, str]] = field(default_factory=set)
    leads: set["Task"] = field(default_factory=set)

    def clear(self) -> None:
        for part in (self.calls, self.unresolved, self.misses, self.hits, self.leads):
            part.clear()


@dataclass(slots=True)
class Cell:
    """A place that holds a value: it only grows.

    `readers` are the tasks that may have seen less than what comes later, `written` tells that it is more than a look
    that found nothing. `full` is one that had too many texts.
    """

    value: Value = NOTHING
    readers: set[Task] | None = None
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

    def join(self, other: "Found") -> None:
        self.certain = self.certain or other.certain
        for name, values in other.parameters.items():
            self.parameters.setdefault(name, set()).update(values)


@dataclass(slots=True)
class Machine:
    """The state. What a task found is dropped when it is run again; cells, frames and definitions stay."""

    program: Program
    modules: dict[str, Frame | None] = field(default_factory=dict)
    trees: dict[str, ast.Module] = field(default_factory=dict)
    frames: dict[Key, Frame] = field(default_factory=dict)
    definitions: dict[Key, Definition] = field(default_factory=dict)
    store: dict[Atom, dict[str, Cell]] = field(default_factory=dict)
    returns: dict[int, Cell] = field(default_factory=dict)
    situations: dict[Key, int] = field(default_factory=dict)
    given: dict[int, Arguments] = field(default_factory=dict)
    gaps: dict[Gap, None] = field(default_factory=dict)
    tasks: dict[str | int, Task] = field(default_factory=dict)
    dirty: set[Task] = field(default_factory=set)
    kinds: dict[Function, set[Key]] = field(default_factory=dict)
    contexts: dict[Key, set[int]] = field(default_factory=dict)
    running: set[int] = field(default_factory=set)
    generators: dict[Key, bool] = field(default_factory=dict)
    lines: dict[Class, tuple[Atom, ...]] = field(default_factory=dict)
    made: dict[Key, dict[Key, Instance]] = field(default_factory=dict)
    power: "Power[Task] | None" = None
    touched: set[Atom] = field(default_factory=set)
    steps: int = 0
    bytes: int = 0
    depth: int = 0
    current: Task = field(init=False)

    def __post_init__(self) -> None:
        self.current = Task(0, lambda: None)
        if self.program.size > FEW_FILES:
            self.power = Power(Reach(self.program))

    # Tasks

    def run(self, start: Callable[[], None]) -> None:
        """Do the first task, and what changes make of it, until there is nothing left to do."""
        self.tasks[START] = Task(0, start)
        self.dirty.add(self.tasks[START])
        while self.dirty:
            # In the order in which they were first met: where a bound is hit must not hang on hashes.
            for task in sorted(self.dirty, key=lambda task: task.number):
                if task in self.dirty:
                    self.perform(task)

    def perform(self, task: Task) -> None:
        """Run a task, for the first time or once more."""
        self.dirty.discard(task)
        task.clear()
        before, self.current = self.current, task
        task.again()
        self.current = before

    def lead(self, name: str | int, again: Callable[[], None]) -> Task | None:
        """The task of that name if it is new, or None: it was run already. The current one leads to it."""
        task = self.tasks.get(name)
        if task is not None:
            self.current.leads.add(task)
            return None
        task = self.tasks[name] = Task(len(self.tasks), again)
        self.current.leads.add(task)
        return task

    def reached(self) -> list[Task]:
        """The tasks that the start leads to, in order."""
        seen = {self.tasks[START]} if self.tasks else set()
        waiting = list(seen)
        while waiting:
            fresh = waiting.pop().leads - seen
            seen |= fresh
            waiting += fresh
        return sorted(seen, key=lambda task: task.number)

    def instance(self, cls: Class, given: Arguments, site: Site) -> Instance:
        """An object that is made at a place."""
        if not isinstance(site.node, ast.expr):
            return Instance(cls, site.key)
        place, most = (cls, site.frame.source.path, site.node.lineno, site.node.col_offset), MOST_INSTANCES
        whole = given.everything()
        if self.power is not None and not known_texts(whole) and not self.power.of(whole, self.current):
            place, most = (cls, None, 0, 0), MOST_RECORDS
        made = self.made.setdefault(place, {})
        if site.key not in made:
            made[site.key] = Instance(cls, site.key if len(made) < most else ("many", *place[1:]))
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
            if ELEMENT in held:
                self.dirty.update(held[ELEMENT].readers or ())
        if self.grow(cell, value):
            self.flow(owner.root if isinstance(owner, Made) else owner, value)
        if owner in self.touched:
            self.touch(value)

    def get(self, owner: Atom, name: str) -> Value:
        # An empty cell is made as well, so that a later write is seen to come too late.
        held = self.store.get(owner)
        if held is None:
            held = self.store[owner] = {}
        cell = held.get(name)
        if cell is None:
            cell = held[name] = Cell()
        return self.look(cell)

    def look(self, cell: Cell) -> Value:
        """What a cell holds; the current task is run again should it come to hold more."""
        if cell.readers is None:
            cell.readers = {self.current}
        else:
            cell.readers.add(self.current)
        if len(cell.value) > 8:
            self.step(cell.value)
        return cell.value

    def items(self, owner: Atom) -> Iterator[tuple[str, Value]]:
        """Every name with its value; a name that comes later makes another run."""
        self.get(owner, ELEMENT)
        for name, cell in list(self.store[owner].items()):
            self.look(cell)
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
            self.dirty.update(cell.readers or ())
        return True

    # What is not run

    def flow(self, owner: Atom, value: Value) -> None:
        """Something holds a value from now on: who went by its having no power is run again."""
        if self.power is not None:
            self.power.flow(owner, value)
            self.dirty.update(self.power.surprised)
            self.power.surprised.clear()

    def spares(self, function: Function, given: Arguments) -> bool:
        """Is a call not worth making: of a large part of the program that calls nothing of AWS with what is given?"""
        power = self.power
        if power is None or not power.spared(str(function.key[0]), self.current):
            return False
        if power.of(one(function), self.current) or power.of(given.everything(), self.current):
            return False
        self.touch(given.everything())
        return True

    def replaced(self, module: str, name: str) -> bool:
        """May a function that is not run give the name in its module another value?"""
        power = self.power
        return power is not None and name in power.reach.declared(module) and power.spared(module, self.current)

    def touch(self, value: Value) -> None:
        """Code that is not run may put anything into what it is given, and into all that this holds."""
        waiting = list(value)
        while waiting:
            atom = waiting.pop()
            if isinstance(atom, Box | Instance) and atom not in self.touched:
                self.touched.add(atom)
                waiting += (each for cell in self.store.get(atom, {}).values() for each in cell.value)
                self.put(atom, ELEMENT, OPAQUE)

    def enter(self, frame: Frame, outer: Frame, given: Arguments) -> None:
        """A function is run: what is defined in it has the power that it is given."""
        if self.power is None:
            return
        self.power.parents[frame.key] = outer.key
        if self.power.of(given.everything(), self.current):
            self.power.heat(frame.key)
            self.dirty.update(self.power.surprised)
            self.power.surprised.clear()

    # What is found

    def call(
        self, service: str, operation: str, site: Site, parameters: dict[str, set[str]], *, certain: bool = True,
        library: str | None = None,
    ) -> None:  # fmt: skip
        """Keep a call; the values of the same place in other situations join."""
        found = self.current.calls.setdefault((service, operation, site.where, library or ""), Found())
        shown = {name: {UNKNOWN_TEXT} if SECRET.search(name) else values for name, values in parameters.items()}
        found.join(Found(shown, certain))

    def wonder(self, site: Site, what: str, service: str | None = None) -> None:
        """Keep a place that may call AWS and does not say what."""
        self.current.unresolved[Unresolved(site.where, what, service)] = None

    def gap(self, why: str, path: str | None = None, *, mendable: bool = False) -> None:
        """Keep what the analysis does not see; `mendable` where the function cannot work like that."""
        self.gaps[Gap("code", why, call=path, mendable=mendable)] = None

    def all_calls(self) -> tuple[Call, ...]:
        whole: dict[Key, Found] = {}
        for task in self.reached():
            for key, found in task.calls.items():
                whole.setdefault(key, Found()).join(found)
        made = (
            Call(
                str(service), str(operation), str(where),
                tuple((name, tuple(sorted(values))) for name, values in sorted(found.parameters.items())),
                str(library) or None, found.certain,
            )
            for (service, operation, where, library), found in whole.items()
        )  # fmt: skip
        return tuple(sorted(made, key=lambda call: (*_place(call.where), call.service, call.operation)))

    def all_unresolved(self) -> tuple[Unresolved, ...]:
        tasks = self.reached()
        hits = {hit for task in tasks for hit in task.hits}
        missed = (
            Unresolved(where, f"calls `{name}`, which the frozen SDK does not have", service)
            for task in tasks
            for (where, name), service in task.misses.items()
            if (where, name) not in hits
        )
        whole = dict.fromkeys((*(each for task in tasks for each in task.unresolved), *missed))
        return tuple(sorted(whole, key=lambda each: (*_place(each.where), each.what)))


def _place(where: str) -> tuple[str, int]:
    path, _, line = where.rpartition(":")
    return path, int(line)
