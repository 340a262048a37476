"""Paths: the values in a CloudTrail record, by the paths that `rows` writes."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

# What CloudTrail writes instead of a value that it holds to be confidential.
MASKED = frozenset({"***", "HIDDEN_DUE_TO_SECURITY_REASONS"})
MEMBERS = frozenset({"requestparameters", "responseelements", "resources", "serviceeventdetails"})


def at(record: Mapping[str, Any], path: str) -> Iterator[Any]:
    """The values at a path: those of lists one by one, objects and null not at all.

    >>> list(at({"requestParameters": {"targets": [{"arn": "a"}, {"arn": "b"}]}}, "targets.Arn"))
    ['a', 'b']
    """
    steps = path.split(".")
    if steps[0].lower() not in MEMBERS:
        steps.insert(0, "requestParameters")
    found: list[Any] = [record]
    for step in steps:
        found = list(_below(found) if step == "**" else _members(found, step))
    yield from (value for value in _flat(found) if value is not None and not isinstance(value, dict | list))


def texts(record: Mapping[str, Any], path: str) -> Iterator[str]:
    """The texts at a path that say something. Some services write ARNs escaped, as in the URL of the call."""
    for value in at(record, path):
        if isinstance(value, str) and value and value not in MASKED:
            yield unquote(value) if value[:6].lower() == "arn%3a" else value


def says_something(record: Mapping[str, Any]) -> bool:
    """Does it hold parameters of the call?"""
    parameters = record.get("requestParameters")
    return isinstance(parameters, dict) and bool(parameters) and parameters.get("omitted") is not True


def _members(values: list[Any], name: str) -> Iterator[Any]:
    for value in _flat(values):
        if isinstance(value, dict):
            yield from (inner for key, inner in value.items() if isinstance(key, str) and key.lower() == name.lower())


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        yield from value if isinstance(value, list) else [value]


def _below(values: list[Any]) -> Iterator[Any]:
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            waiting.extend(list(value.values() if isinstance(value, dict) else value)[::-1])
        else:
            yield value
