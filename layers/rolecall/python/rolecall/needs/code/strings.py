"""Strings: put together from parts of which some are not known."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice, product

from rolecall.needs.code import boxes
from rolecall.needs.code.machine import Machine, Site
from rolecall.needs.code.values import (
    MOST_TEXTS,
    NOTHING,
    UNKNOWN,
    UNKNOWN_TEXT,
    Arguments,
    Box,
    Event,
    Text,
    Value,
    join,
    of_texts,
    one,
    texts,
)  # fmt: skip

FIELD = re.compile(r"\{\{|\}\}|\{([^{}!:]*)(?:![rsa])?(?::[^{}]*)?\}")
PERCENT = re.compile(r"%%|%(?:\((\w+)\))?[-#0-9. +]*[a-zA-Z]")
UNCHANGED = frozenset({"strip", "encode", "decode", "lstrip", "rstrip", "expandtabs"})
PURE = frozenset({"lower", "upper", "title", "capitalize", "casefold", "replace", "removeprefix", "removesuffix",
                  "strip", "lstrip", "rstrip", "swapcase", "zfill"})  # fmt: skip


def concatenated(parts: Iterable[Value]) -> Value:
    """All that the parts give when they are joined; a part that is nothing at all is not known."""
    choices = [texts(part) or (UNKNOWN_TEXT,) for part in parts]
    count = 1
    for each in choices:
        count *= len(each)
    if count > MOST_TEXTS:
        choices = [each if len(each) == 1 else (UNKNOWN_TEXT,) for each in choices]
    return of_texts("".join(each) for each in islice(product(*choices), MOST_TEXTS))


def formatted(machine: Machine, template: str, arguments: Arguments, site: Site) -> Value:
    """`template.format(…)`."""
    parts, end, counted = [], 0, 0
    for match in FIELD.finditer(template):
        parts.append(one(Text(template[end : match.start()])))
        end = match.end()
        name = match[1]
        if name is None:
            parts.append(one(Text(match[0][0])))
            continue
        plain = re.split(r"[.\[]", name)[0]
        position = counted if not plain else int(plain) if plain.isdecimal() else 99
        counted += not plain
        parts.append(arguments.at(position, plain) if plain == name else UNKNOWN)
    return concatenated([*parts, one(Text(template[end:]))])


def percent(machine: Machine, template: str, right: Value, site: Site) -> Value:
    """`template % right`."""
    parts, end, counted = [], 0, 0
    for match in PERCENT.finditer(template):
        parts.append(one(Text(template[end : match.start()])))
        end = match.end()
        if match[0] == "%%":
            parts.append(one(Text("%")))
            continue
        key: Value = one(Text(match[1])) if match[1] else NOTHING
        parts.append(_taken(machine, right, key, counted, site))
        counted += 1
    return concatenated([*parts, one(Text(template[end:]))])


def _taken(machine: Machine, right: Value, key: Value, position: int, site: Site) -> Value:
    if key:
        return join(*(boxes.subscript(machine, atom, key, site) for atom in right))
    return join(*(boxes.at_index(machine, a, position, site) if isinstance(a, Box) else one(a) for a in right))


def joined(machine: Machine, separator: str, value: Value, site: Site) -> Value:
    """`separator.join(value)`: of a list whose elements are known one by one."""
    found = []
    for atom in value:
        parts = _positions(machine, atom) if isinstance(atom, Box) else ()
        if not parts:
            return UNKNOWN
        woven = [part for each in parts for part in (one(Text(separator)), each)][1:]
        found.append(concatenated(woven))
    return join(*found) if found else UNKNOWN


def _positions(machine: Machine, box: Box) -> Sequence[Value]:
    held = dict(machine.items(box))
    count = sum(name.startswith("#") for name in held)
    whole = not held.get("*") and all(f"#{index}" in held for index in range(count))
    return [held[f"#{index}"] for index in range(count)] if whole else ()


def method(machine: Machine, text: str, name: str, arguments: Arguments, site: Site) -> Value:
    """Call a method of a string."""
    if name in ("format", "format_map"):
        return formatted(machine, text, arguments, site)
    if name == "join":
        return joined(machine, text, arguments.at(0, "iterable"), site)
    if name in ("split", "rsplit", "partition", "rpartition", "splitlines"):
        return _split(machine, text, name, arguments, site)
    if "⟨" in text:
        return one(Text(text)) if name in UNCHANGED else UNKNOWN
    given = [texts(value) for value in arguments.positional]
    if name in PURE and all(len(each) == 1 and "⟨" not in each[0] for each in given):
        return _applied(text, name, [each[0] for each in given])
    return one(Text(text)) if name in UNCHANGED else UNKNOWN


def _applied(text: str, name: str, given: list[str]) -> Value:
    if name == "zfill":
        return UNKNOWN
    try:
        return of_texts([getattr(text, name)(*given)])
    except TypeError:
        return UNKNOWN


def _split(machine: Machine, text: str, name: str, arguments: Arguments, site: Site) -> Value:
    separators = texts(arguments.at(0, "sep"))
    known = "⟨" not in text and len(separators) <= 1 and len(arguments.positional) <= 1 and name in ("split", "rsplit")
    if not known or not all(separators):
        return one(boxes.make(machine, site, tag="split", everything=UNKNOWN))
    parts = text.split(separators[0]) if separators else text.split()
    return one(boxes.make(machine, site, tag=text, positions=[one(Text(part)) for part in parts]))


def known(value: Value) -> bool:
    """Is it made of nothing but texts?"""
    return bool(value) and all(isinstance(atom, Text | Event) for atom in value)
