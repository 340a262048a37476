"""SDK facts: which operations, waiters and resources boto3 has.

Frozen in `needs/data/sdk/` by `tools/freeze_sdk.py`, which says how its files read. A service is read on first use.
"""

import pkgutil
from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True, slots=True)
class Action:
    """What a method of boto3's resource API does.

    `filled` are (parameter, identifier of the resource); `gives` is the type of resource that comes back, with where
    its identifiers come from: `<` an identifier, `$` a parameter of the request, `!` a position, `?` the answer.
    """

    operation: str
    filled: tuple[tuple[str, str], ...] = ()
    gives: str | None = None
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of boto3's resource API; `subs` are its sub-resources and references, with no operation of their own."""

    identifiers: tuple[str, ...] = ()
    actions: dict[str, Action] = field(default_factory=dict)
    collections: dict[str, Action] = field(default_factory=dict)
    batches: dict[str, Action] = field(default_factory=dict)
    subs: dict[str, Action] = field(default_factory=dict)
    waiters: dict[str, Action] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """One service: `methods` has only those that are not the operation in snake case."""

    operations: frozenset[str]
    methods: dict[str, str]
    waiters: dict[str, str]
    resources: dict[str, ResourceType]

    def operation(self, method: str) -> str | None:
        """The operation behind a method of the client.

        >>> service("dynamodb").operation("get_item"), service("s3").operation("list_objects_v2")
        ('GetItem', 'ListObjectsV2')
        >>> service("dynamodb").operation("update_time_to_live"), service("dynamodb").operation("append")
        ('UpdateTimeToLive', None)
        """
        if method in self.methods:
            return self.methods[method]
        plain = "".join(part[:1].upper() + part[1:] for part in method.split("_"))
        # Where botocore spells the method in another way, the plain spelling is none of the client's.
        return plain if plain in self.operations and method.islower() else None


@cache
def service(name: str) -> Service | None:
    """The facts of a service, by the name that `boto3.client` takes; None where there is none of that name."""
    if not name.replace("-", "").isalnum():
        return None
    try:
        data = pkgutil.get_data("rolecall.needs", f"data/sdk/{name}.txt")
    except FileNotFoundError:
        return None
    return _parse(data.decode()) if data is not None else None


def _parse(text: str) -> Service:
    head, _, tail = text.partition("\n=")
    operations, methods, waiters = set(), {}, {}
    for line in head.splitlines():
        name, _, other = line.partition("|")
        if name.startswith("~"):
            waiters[name[1:]] = other
        elif other:
            methods[other] = name
        else:
            operations.add(name)
    resources = dict(_resource(block) for block in tail.split("\n=")) if tail else {}
    return Service(frozenset(operations), methods, waiters, resources)


def _resource(block: str) -> tuple[str, ResourceType]:
    head, *lines = block.splitlines()
    name, _, identifiers = head.partition("|")
    made = ResourceType(tuple(identifiers.split(",")) if identifiers else ())
    places = {".": made.actions, "*": made.collections, "+": made.batches, "@": made.waiters}
    for line in lines:
        called, *parts = line[1:].split("|")
        if line[0] == ">":
            made.subs[called] = Action("", gives=parts[0], sources=_pairs(parts[1]))
        else:
            places[line[0]][called] = _action(parts)
    return name, made


def _action(parts: list[str]) -> Action:
    operation, filled, gives, sources = (*parts, "", "")[:4]
    return Action(operation, _pairs(filled), gives or None, _pairs(sources))


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition("=") for part in text.split(",") if part)
    return tuple((left, right) for left, _, right in pairs)
