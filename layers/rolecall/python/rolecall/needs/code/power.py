"""Power: what may lead to a call of AWS: clients, and all that holds one, at any depth.

The code of an idle module (see `reach`) does nothing that matters unless it is given power. What holds what is kept as
it is written. Who asked for something's power before it had any is told.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from rolecall.needs.code.reach import Reach, harmless
from rolecall.needs.code.values import (
    Atom,
    Batch,
    Bound,
    Box,
    Class,
    Client,
    Collection,
    Descriptor,
    External,
    Function,
    Instance,
    Key,
    Made,
    Method,
    Module,
    Partial,
    Repeater,
    Resource,
    Session,
    Super,
    Value,
)  # fmt: skip

T = TypeVar("T", bound=Hashable)
SDK_ATOMS = (Client, Resource, Session, Collection, Batch, Repeater)


@dataclass(slots=True)
class Power(Generic[T]):
    """Who has power, and who asked for it: those are surprised when it comes later.

    An owner is an atom, or the key of the frame in which functions and classes are defined.
    """

    reach: Reach
    parents: dict[Key, Key] = field(default_factory=dict)
    owners: set[Hashable] = field(default_factory=set)
    holders: dict[Hashable, set[Hashable]] = field(default_factory=dict)
    asked: dict[Hashable, set[T]] = field(default_factory=dict)
    surprised: set[T] = field(default_factory=set)

    def spared(self, module: str, asking: T) -> bool:
        """Is the module idle, too large to be worth running, and without power in what its modules hold?"""
        within = self.reach.idle(module)
        if within is None or not self.reach.large(module):
            return False
        if any(Module(each) in self.owners for each in within):
            return False
        for each in within:
            self.asked.setdefault(Module(each), set()).add(asking)
        return True

    def of(self, value: Value, asking: T) -> bool:
        """May one of these call AWS? What has no power now is remembered as asked for."""
        if not any(map(self._has, value)):
            for atom in value:
                for owner in self._owners(atom):
                    self.asked.setdefault(owner, set()).add(asking)
            return False
        return True

    def flow(self, owner: Hashable, value: Value) -> None:
        """A value is put into something, which has power from now on if the value has."""
        if owner in self.owners:
            return
        if any(map(self._has, value)):
            self.heat(owner)
            return
        for atom in value:
            for inner in self._owners(atom):
                self.holders.setdefault(inner, set()).add(owner)

    def heat(self, owner: Hashable) -> None:
        """Something has power, and so has all that holds it."""
        waiting = [owner]
        while waiting:
            each = waiting.pop()
            if each not in self.owners:
                self.owners.add(each)
                self.surprised |= self.asked.pop(each, set())
                waiting += self.holders.pop(each, ())

    def _has(self, atom: Atom) -> bool:
        match atom:
            case External(name):
                return not harmless(name) or atom in self.owners
            case Made(name):
                return (bool(name) and not harmless(name)) or atom.root in self.owners
            case Module(name):
                return self.reach.idle(name) is None or atom in self.owners
            case Function(key) | Class(key):
                return self.reach.idle(str(key[0])) is None or any(each in self.owners for each in self._owners(atom))
            case Bound(function, inner) | Super(function, inner):
                return self._has(function) or self._has(inner)
            case Instance(of):
                return atom in self.owners or self._has(of)
            case Descriptor(_, inner) | Method(inner, _):
                return self._has(inner)
            case Partial(function, positional, named):
                held = (*positional, *(value for _, value in named))
                return self._has(function) or any(any(map(self._has, value)) for value in held)
            case Box():
                return atom in self.owners
        return isinstance(atom, SDK_ATOMS)

    def _owners(self, atom: Atom) -> Iterator[Hashable]:
        """What an atom would have its power from."""
        match atom:
            case Box() | External() | Module():
                yield atom
            case Made():
                yield atom.root
            case Function(_, frame) | Class(_, frame):
                yield atom
                while frame in self.parents:
                    yield frame
                    frame = self.parents[frame]
            case Instance(of):
                yield atom
                yield from self._owners(of)
            case Bound(function, inner) | Super(function, inner):
                yield from self._owners(function)
                yield from self._owners(inner)
            case Descriptor(_, inner) | Method(inner, _):
                yield from self._owners(inner)
            case Partial(function, positional, named):
                yield from self._owners(function)
                for value in (*positional, *(value for _, value in named)):
                    for each in value:
                        yield from self._owners(each)
