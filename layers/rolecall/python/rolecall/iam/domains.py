"""Domains: the values of one condition key that matter, one for each way in which its conditions can hold or not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import ip_address
from itertools import combinations, pairwise

from rolecall.iam import language
from rolecall.iam import values as typed
from rolecall.iam.condition import Test
from rolecall.iam.statement import Condition
from rolecall.iam.variables import Context

Value = str | tuple[str, ...] | None
"""What a key holds: one value, several, or (None) it is absent."""

MULTIVALUED = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "aws:vpceorgpaths",
        "dynamodb:attributes",
        "dynamodb:leadingkeys",
        "dynamodb:select",
    }
)
"""Keys that AWS documents as multi-valued (IAM User Guide, "AWS global condition context keys"). Others have one
value, unless a condition asks for any or all of several."""

FEW = 12
"""Values of a key of which all sets are looked at, where conditions ask for any or all of several."""


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a key, and which of its conditions (by number) hold with it."""

    value: Value
    holds: frozenset[int]


@dataclass(frozen=True, slots=True)
class Domain:
    """The options of a key.

    `doubtful` are those on which evaluators differ (a list for a condition without set operator, an empty text);
    `malformed` is a text that is no value of the key's type, which AWS does not send; `whole` is false when there may
    be values that behave in yet another way.
    """

    key: str
    options: tuple[Option, ...]
    doubtful: tuple[Option, ...]
    whole: bool
    malformed: tuple[Option, ...] = ()


def domain(key: str, conditions: Sequence[tuple[int, Condition, Test]], fixed: Context) -> Domain:
    """The options of a key under these conditions: number, condition with its variables put in, and test.

    `fixed` are the values of the keys that variables name; a key that is among them has that one value.
    """
    in_sets = any(condition.set_operator for _, condition, _ in conditions)

    def options(values: Iterable[Value]) -> tuple[Option, ...]:
        found: dict[frozenset[int], Option] = {}
        for value in values:
            context = {**fixed, key: value} if value is not None else {k: v for k, v in fixed.items() if k != key}
            holds = frozenset(number for number, _, test in conditions if test(context, None))
            found.setdefault(holds, Option(value, holds))
        return tuple(found.values())

    if key in fixed:
        return Domain(key, options([fixed[key]]), (), True)
    texts, whole = _texts([condition for _, condition, _ in conditions])
    single = options([None, *texts])
    lists, all_sets = _lists(texts, conditions)
    if in_sets:
        certain = options([None, *texts, *lists])
        doubtful = _others(options(["", *lists]), certain)
        return Domain(key, certain, doubtful, whole and all_sets, _others(options(["x"]), certain))
    several = lists if key in MULTIVALUED else []
    empty = [""] if _is_text(conditions) else []
    doubtful = _others(options([*empty, *several]), single)
    return Domain(key, single, doubtful, whole, _others(options(["x"]), single))


def _is_text(conditions: Sequence[tuple[int, Condition, Test]]) -> bool:
    return any(_family(condition.operator) == "text" for _, condition, _ in conditions)


def _others(options: Iterable[Option], known: Iterable[Option]) -> tuple[Option, ...]:
    held = {option.holds for option in known}
    return tuple(option for option in options if option.holds not in held)


def _lists(texts: list[str], conditions: Sequence[object]) -> tuple[list[tuple[str, ...]], bool]:
    """Lists of values: any set of more members than there are conditions is like one of its subsets."""
    most = max(2, min(len(conditions), 4))
    chosen = texts[:FEW]
    lists: list[tuple[str, ...]] = [(text, text) for text in chosen]
    for size in range(2, most + 1):
        lists += list(combinations(chosen, size))
    return lists, len(texts) <= FEW and len(conditions) <= 4


def _texts(conditions: Sequence[Condition]) -> tuple[list[str], bool]:
    """Single values, one at least for each way in which the conditions can hold; and whether that is certain."""
    families = {_family(condition.operator) for condition in conditions} - {"null"}
    values: list[str] = []
    if families <= {"text"}:
        return _of_text(conditions) or ["x"], True
    for family, find in (("number", _numbers), ("date", _dates), ("ip", _addresses)):
        if family in families:
            values += find([v for c in conditions if _family(c.operator) == family for v in c.values])
    if "bool" in families:
        values += ["true", "false"]
    if "binary" in families:
        values += [
            value for condition in conditions if condition.operator == "BinaryEquals" for value in condition.values
        ]
        values.append("cm9sZWNhbGw=")
    if "text" in families:
        values += _of_text(conditions)
    return list(dict.fromkeys(values)), len(families) <= 1


def _family(operator: str) -> str:
    for start, family in (
        ("String", "text"),
        ("Arn", "text"),
        ("Numeric", "number"),
        ("Date", "date"),
        ("Bool", "bool"),
        ("Binary", "binary"),
        ("Null", "null"),
    ):
        if operator.startswith(start):
            return family
    return "ip"


def _of_text(conditions: Sequence[Condition]) -> list[str]:
    ofs = {(c.operator, tuple(sorted({*c.values}))) for c in conditions if _family(c.operator) == "text"}
    found = language.samples([_language(operator, values) for operator, values in sorted(ofs)])
    return [found[vector] for vector in sorted(found, key=lambda vector: (len(found[vector]), found[vector]))]


def _language(operator: str, values: tuple[str, ...]) -> language.Automaton:
    if operator.startswith("Arn"):
        return language.automaton(*filter(None, map(language.arn, values)))
    if operator in ("StringLike", "StringNotLike"):
        return language.automaton(*map(language.glob, values))
    return language.automaton(*map(language.exactly, values), ignore_case="IgnoreCase" in operator)


def _numbers(values: Iterable[str]) -> list[str]:
    return [format(value.normalize(), "f") for value in _between(map(typed.number, values))]


def _dates(values: Iterable[str]) -> list[str]:
    return [_moment(value) for value in _between(map(typed.moment, values))]


def _moment(seconds: Decimal) -> str:
    """Epoch seconds; four digits would be a year."""
    text = format(seconds.normalize(), "f")
    return f"{text}.0" if len(text) == 4 and text.isdigit() else text


def _between(bounds: Iterable[Decimal | None]) -> list[Decimal]:
    """The bounds, a number between each two, one below and one above."""
    sorted_bounds = sorted({bound for bound in bounds if bound is not None})
    if not sorted_bounds:
        return [Decimal(0)]
    middles = [(low + high) / 2 for low, high in pairwise(sorted_bounds)]
    return sorted([sorted_bounds[0] - 1, *sorted_bounds, *middles, sorted_bounds[-1] + 1])


def _addresses(values: Iterable[str]) -> list[str]:
    """The first and last address of each network and those beside them."""
    edges: set[tuple[int, int]] = {(4, 0x08080808), (6, 0x20014860 << 96)}
    for network in filter(None, map(typed.network, values)):
        version, first, last = network
        edges |= {(version, edge) for edge in (first, last, first - 1, last + 1)}
    most = {4: 2**32, 6: 2**128}
    return [str(_address(version, edge)) for version, edge in sorted(edges) if 0 <= edge < most[version]]


def _address(version: int, number: int) -> object:
    return ip_address(number) if version == 4 or number >= 2**32 else ip_address(number.to_bytes(16))
