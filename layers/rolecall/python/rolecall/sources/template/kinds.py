"""Kinds: whether each property that is read is what it has to be, text, a list or an object, and where it is not.

CloudFormation refuses what is of another kind. Here it would be read as if it were not there, which is no pass.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rolecall.iam.statement import is_unresolved
from rolecall.sources.template.document import Map
from rolecall.sources.template.intrinsics import Resolver
from rolecall.sources.template.properties import GLOBAL, PROPERTIES, TEMPLATE
from rolecall.sources.template.stack import Stack, Wrong

NAMES = {
    "text": "text",
    "truth": "`true` or `false`",
    "list": "a list",
    "object": "an object",
    "json": "JSON",
    "any": "a value",
}
TEXTS = ("Fn::Base64", "Fn::ImportValue", "Fn::Join", "Fn::Sub", "Fn::ToJsonString")
"""Functions that give text, whatever they are given (CloudFormation Template Reference, "Intrinsic functions")."""
ABSENT = object()


@dataclass(slots=True)
class Kind:
    """What a value has to be: one of `allowed`; what its `members` are by their names, its `items`, its `values`."""

    allowed: set[str] = field(default_factory=set)
    members: dict[str, "Kind"] = field(default_factory=dict)
    items: "Kind | None" = None
    values: "Kind | None" = None

    def add(self, path: str) -> None:
        """Take a path of `properties` in."""
        steps, _, named = path.partition("=")
        kind = self
        for step in steps.split("."):
            kind.allowed.add("object")
            name = step.rstrip("[]{}")
            kind = kind.members.setdefault(name, Kind()) if name else kind
            for suffix in step[len(name) :: 2]:
                kind = kind._list() if suffix == "[" else kind._object()
        for each in (named or "text").split("/"):
            kind.allowed.update(("object", "json") if each == "json" else (each,))

    def _list(self) -> "Kind":
        self.allowed.add("list")
        self.items = self.items or Kind()
        return self.items

    def _object(self) -> "Kind":
        self.allowed.add("object")
        self.values = self.values or Kind()
        return self.values

    def fits(self, value: Any) -> bool:
        """Is a value, itself, what it has to be?"""
        if "any" in self.allowed:
            return value is not None
        if isinstance(value, list):
            return "list" in self.allowed
        if isinstance(value, dict):
            return "object" in self.allowed
        if "json" in self.allowed and isinstance(value, str):
            return is_unresolved(value) or "{{resolve:" in value or _is_json(value)
        if "truth" in self.allowed:
            return str(value).lower() in ("true", "false")
        # CloudFormation takes a number for text, but not where a list or an object would do as well.
        return "text" in self.allowed and (isinstance(value, str) or (value is not None and self.allowed == {"text"}))


def kind_of(*paths: str) -> Kind:
    """The kind that paths describe.

    >>> kind_of("Layers[]", "Code=json").members["Code"].fits({}), kind_of("Layers[]").members["Layers"].fits("x")
    (True, False)
    """
    kind = Kind({"object"})
    for path in paths:
        kind.add(path)
    return kind


@cache
def _of_type(name: str) -> Kind:
    return kind_of(*PROPERTIES.get(name, ()))


@cache
def _of_template() -> Kind:
    return kind_of(*TEMPLATE, *(f"{GLOBAL[0]}.{path}" for path in PROPERTIES[GLOBAL[1]]))


def wrong(stack: Stack) -> Iterator[Wrong]:
    """Everything in a template, and in what SAM made of it, that is of a wrong kind: once for each cause."""
    body, reader = stack.document.body, _Reader(stack.resolver, stack.file)
    yield from reader.read(body, _of_template(), "", None, 0)
    blamed = set()
    for name, resource in body["Resources"].items():
        for each in reader.of_resource(name, resource, body["Resources"].lines.get(name, 0)):
            blamed.add(name)
            yield each
    for name, resource in stack.resolver.resources.items():
        origin = stack.origins.get(name)
        if origin and origin not in blamed:
            yield from reader.of_resource(name, resource, body["Resources"].lines.get(origin, 0))


@dataclass(frozen=True, slots=True)
class _Reader:
    resolver: Resolver
    file: str

    def of_resource(self, name: str, resource: Any, line: int) -> Iterator[Wrong]:
        kind, properties = resource.get("Type"), resource.get("Properties", Map())
        if self.resolver.holds(resource.get("Condition")) and isinstance(kind, str) and isinstance(properties, dict):
            yield from self.read(properties, _of_type(kind), "", name, line)

    def read(self, written: Any, kind: Kind, path: str, owner: str | None, line: int) -> Iterator[Wrong]:
        """What is wrong with a value and all in it."""
        value = self._chosen(written)
        if value is ABSENT:
            return
        if _is_call(value):
            if not self._gives_text(value) or kind.allowed & {"text", "truth", "json", "any"}:
                return
            value = "{}"
        if not kind.fits(value):
            named = f"`{path}` of `{owner}`" if owner else f"`{path}`"
            expected = " or ".join(NAMES[each] for each in NAMES if each in kind.allowed)
            yield Wrong(owner, path, line, f"{self.file}:{line}: {named} is {_called(value)}, not {expected}")
        elif isinstance(value, list) and kind.items:
            lines = getattr(value, "lines", ())
            for index, each in enumerate(value):
                at = lines[index] if index < len(lines) else 0
                yield from self.read(each, kind.items, f"{path}[{index}]", owner, at or line)
        elif isinstance(value, dict):
            lines = getattr(value, "lines", {})
            for name, each in value.items():
                inner = kind.members.get(name, kind.values)
                if inner and not name.startswith("Fn::"):
                    yield from self.read(each, inner, f"{path}.{name}".lstrip("."), owner, lines.get(name) or line)

    def _chosen(self, value: Any) -> Any:
        """The value that conditions choose, ABSENT where that is none."""
        while isinstance(value, dict) and len(value) == 1:
            match value:
                case {"Fn::If": [condition, then, otherwise]}:
                    value = then if self.resolver.holds(condition) else otherwise
                case {"Ref": "AWS::NoValue"}:
                    return ABSENT
                case _:
                    return value
        return value

    def _gives_text(self, call: Mapping[str, Any]) -> bool:
        ((function, argument),) = call.items()
        is_resource = function == "Ref" and isinstance(argument, str) and argument in self.resolver.resources
        return function in TEXTS or is_resource


def _is_json(text: str) -> bool:
    """Is it the text of an object?"""
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _is_call(value: Any) -> bool:
    """Is it a function, of which it is not asked what it gives?"""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name == "Ref" or name.startswith("Fn::")


def _called(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, dict | list):
        return NAMES["object" if isinstance(value, dict) else "list"]
    return "null" if value is None else "text" if isinstance(value, str) else "a number"
