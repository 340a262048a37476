"""Abstract values: what a name in the audited code can stand for.

A value is a set of atoms, each a thing that it can be; the empty set is nothing that matters. Atoms are compared by
what they hold, and are made from a finite stock (places in the source, bounded texts), so that the analysis ends.

Longer than most: one short class for each kind of atom.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

UNKNOWN_TEXT = "⟨?⟩"
MOST_TEXTS = 24
LONGEST_TEXT = 1_000
LONGEST_PATH = 120
PLACEHOLDER = re.compile("⟨[^⟩]*⟩")

Key = tuple[object, ...]
"""What tells one place and situation from another: file, line, column, and the situation that it ran in."""


@dataclass(frozen=True, slots=True)
class Text:
    """A string, in which `⟨…⟩` stands for what is only known when it runs."""

    text: str


@dataclass(frozen=True, slots=True)
class Plain:
    """Another constant: a number, a truth value, None."""

    value: int | float | complex | bool | None

    # 1, 1.0 and True are equal in Python, and not the same here.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and repr(self.value) == repr(other.value)

    def __hash__(self) -> int:
        return hash(repr(self.value))


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that the analysis does not follow: an answer of AWS, the context, what a library returns."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """What comes of code that was not run, as it calls nothing of AWS; `name` is the attribute that it was taken by."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """A part of what the handler is called with; indices are left out of the path: `Records.s3.bucket.name`."""

    path: str

    def at(self, name: str) -> "Event":
        path = f"{self.path}.{name}" if self.path else name
        return Event(path) if len(path) <= LONGEST_PATH else self


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the user's, by its full name."""

    name: str


@dataclass(frozen=True, slots=True)
class External:
    """Something outside of the user's code, by its dotted name: `boto3.client`, `builtins.map`."""

    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """An object that something outside made, with all that comes of it; `key` tells where it was made."""

    name: str
    key: Key

    @property
    def root(self) -> "Made":
        """What stands for the object and all that comes of it."""
        return Made("", self.key)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the user's; `frame` is the situation that it was defined in."""

    key: Key
    frame: Key


@dataclass(frozen=True, slots=True)
class Bound:
    """A function with its first argument."""

    function: Function
    receiver: "Atom"


@dataclass(frozen=True, slots=True)
class Partial:
    """What `functools.partial` gives."""

    function: "Atom"
    positional: tuple["Value", ...]
    named: tuple[tuple[str, "Value"], ...]


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A function that is `property`, `static` or `class` in its class."""

    kind: str
    function: Function


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the user's."""

    key: Key
    frame: Key


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a class of the user's, by where it was made."""

    of: Class
    key: Key


@dataclass(frozen=True, slots=True)
class Super:
    """`super()` in a method of a class."""

    of: Class
    receiver: "Atom"


@dataclass(frozen=True, slots=True)
class Box:
    """A list, tuple, set, dict, generator or future, by where it was made; what is in it stands in the store."""

    key: Key


@dataclass(frozen=True, slots=True)
class Session:
    """A session; `foreign` is True where it was given credentials of somebody else.

    `region` are the texts of the region that it was made for, of a client and a resource likewise; `()` where that is
    the function's own.
    """

    foreign: bool = False
    region: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a service; None for a service that is not known. `certain` is False where it may be foreign."""

    service: str | None
    certain: bool = True
    region: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Foreign:
    """A client or resource with the credentials of somebody else: what it calls is no need of the role."""


@dataclass(frozen=True, slots=True)
class Resource:
    """An object of boto3's resource API: `type` is empty for the service itself, `identifiers` have their texts."""

    service: str
    type: str = ""
    identifiers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    loaded: bool = False
    region: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Collection:
    """All resources of a kind that belong to one: `bucket.objects`."""

    parent: Resource
    name: str


@dataclass(frozen=True, slots=True)
class Batch:
    """The batch writer of a table: it collects, and calls BatchWriteItem."""

    table: Resource


@dataclass(frozen=True, slots=True)
class Repeater:
    """A paginator or waiter: `method` calls the operation."""

    service: str
    operation: str
    method: str
    certain: bool = True
    region: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of anything but an object of the user's."""

    receiver: "Atom"
    name: str


Atom = (
    Text | Plain | Unknown | Opaque | Event | Module | External | Made | Function | Bound | Partial | Descriptor | Class
    | Instance | Super | Box | Session | Client | Foreign | Resource | Collection | Batch | Repeater | Method
)  # fmt: skip
Value = frozenset[Atom]
Collectable = frozenset[Atom] | set[Atom] | list[Atom]

NOTHING: Value = frozenset()
UNKNOWN: Value = frozenset({Unknown()})
OPAQUE: Value = frozenset({Opaque()})
NONE: Value = frozenset({Plain(None)})
CALLABLE = (Function, Bound, Partial, Method)
OWN_CALLABLE = (Function, Bound, Partial)


@dataclass(slots=True)
class Arguments:
    """What a call is given: `rest` is what a starred list holds beyond the known positions, `open` that more names
    may be given than are known."""

    positional: tuple[Value, ...] = ()
    named: dict[str, Value] = field(default_factory=dict)
    rest: Value = NOTHING
    open: bool = False

    def at(self, position: int, name: str) -> Value:
        """The argument of that name or position; what the starred list holds where there is none."""
        if name in self.named:
            return self.named[name]
        return self.positional[position] if position < len(self.positional) else self.rest

    def everything(self) -> Value:
        return join(*self.positional, *self.named.values(), self.rest)

    def key(self) -> Key:
        return (self.positional, tuple(sorted(self.named.items(), key=lambda item: item[0])), self.rest, self.open)


def one(atom: Atom) -> Value:
    return frozenset((atom,))


def join(*values: Value) -> Value:
    """Everything that any of them can be; too many texts become one that is unknown."""
    whole = values[0] if len(values) == 1 else NOTHING.union(*values)
    if len(whole) <= MOST_TEXTS:
        return whole
    others = without_texts(whole)
    return whole if len(whole) - len(others) <= MOST_TEXTS + 1 else others


def without_texts(value: Value) -> Value:
    """A value of which the texts are not known any more."""
    return frozenset(atom for atom in value if not isinstance(atom, Text | Event | Plain)) | UNKNOWN


def ordered(value: Collectable) -> list[Atom]:
    """The atoms in an order that does not hang on hashes: it decides where a bound is hit."""
    return list(value) if len(value) < 2 else sorted(value, key=repr)


def texts(value: Value) -> tuple[str, ...]:
    """What a value can be as text, sorted; `⟨?⟩` where it can be something that is not known, nothing for None."""
    found = {each for atom in value if (each := as_text(atom)) is not None}
    return tuple(sorted(found)) if len(found) <= MOST_TEXTS else (UNKNOWN_TEXT,)


def as_text(atom: Atom) -> str | None:
    match atom:
        case Text(text):
            return text
        case Event(path):
            return f"⟨event:{path}⟩"
        case Plain(value):
            return None if value is None else str(value)
    return UNKNOWN_TEXT


def known_texts(value: Value) -> tuple[str, ...]:
    """The texts of a value that hold no placeholder, sorted."""
    return tuple(sorted(atom.text for atom in value if isinstance(atom, Text) and "⟨" not in atom.text))


def of_texts(found: Iterable[str]) -> Value:
    """A value from texts; one that is nothing but a placeholder for the unknown is unknown."""
    return join(*(UNKNOWN if text == UNKNOWN_TEXT else one(Text(text[:LONGEST_TEXT])) for text in found))


def pattern(text: str) -> re.Pattern[str]:
    """What a text with placeholders can be."""
    return re.compile(".*".join(re.escape(part) for part in PLACEHOLDER.split(text)) + r"\Z", re.DOTALL)
