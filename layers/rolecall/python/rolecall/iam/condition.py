"""Conditions: whether a request fits a condition of a statement.

IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multi-valued context keys".
"""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from decimal import Decimal

from rolecall.iam import values as typed
from rolecall.iam.arn import arn_matcher
from rolecall.iam.statement import Condition
from rolecall.iam.variables import MARK, STAR, Context, Template, literal, plain
from rolecall.iam.wildcard import is_wild, matcher

Fits = Callable[[str], bool]
Holds = Callable[[str | tuple[str, ...], Fits, bool], bool]
Test = Callable[[Context, Container[str] | None], bool | None]
"""Whether a condition holds; the second argument are the keys that are not known, None when all are.
The answer is None when these keys decide, or when AWS leaves the construct open and not all keys are known."""


@dataclass(frozen=True, slots=True)
class Operator:
    """How an operator compares: what a list of policy values fits, negated or not, and how it reads a value."""

    fits: Callable[[Iterable[str]], Fits]
    negated: bool = False
    reads: Callable[[str], object] | None = None
    reads_policy: Callable[[str], object] | None = None
    takes_variables: bool = False
    takes_wildcards: bool = False


def compiled(condition: Condition, *, variables: bool) -> Test:
    """The condition as a function of a request's keys; `variables`: the policy's Version knows `${…}`."""
    key = condition.key.lower()
    if condition.operator == "Null":
        return _null(key, condition.values)
    operator = TABLE[condition.operator]
    absent = _absent(condition, operator)
    holds = _HOLDS[condition.set_operator]
    templates = {}
    if variables and operator.takes_variables:
        templates = {value: template for value in condition.values if (template := Template.parse(value))}
    if templates:
        return _with_variables(condition, templates, operator, absent, holds)
    fits, negated, set_operator = operator.fits(condition.values), operator.negated, condition.set_operator
    read = operator.reads_policy
    typos = read is not None and any(read(value) is None for value in condition.values)

    def test(context: Context, unknown: Container[str] | None) -> bool | None:
        found = context.get(key)
        if found is None:
            return absent if unknown is None or key not in unknown else None
        if unknown is not None and operator.reads and (typos or _is_unreadable(found, operator.reads)):
            return None
        if not set_operator:
            return fits(found) is not negated if isinstance(found, str) else _without_set_operator(unknown)
        return holds(found, fits, negated)

    return test


def keys(condition: Condition, *, variables: bool) -> tuple[str, ...]:
    """The keys on which it depends, in lower case: its own and those of its variables."""
    found = [condition.key.lower()]
    if variables and condition.operator in TABLE and TABLE[condition.operator].takes_variables:
        found += [key for value in condition.values if (template := Template.parse(value)) for key in template.keys]
    return tuple(found)


def _absent(condition: Condition, operator: Operator) -> bool:
    """What holds without the key. AWS leaves ForAnyValue with IfExists open: here IfExists wins."""
    if condition.if_exists or condition.set_operator == "ForAllValues":
        return True
    return operator.negated and condition.set_operator is None


def _null(key: str, values: tuple[str, ...]) -> Test:
    wanted = {typed.truth(value) for value in values}

    def test(context: Context, unknown: Container[str] | None) -> bool | None:
        is_absent = key not in context
        if is_absent and unknown is not None and key in unknown:
            return None
        return is_absent in wanted

    return test


def _with_variables(
    condition: Condition,
    templates: dict[str, Template],
    operator: Operator,
    absent: bool,
    holds: Holds,
) -> Test:
    key, set_operator = condition.key.lower(), condition.set_operator
    fixed = operator.fits(value for value in condition.values if value not in templates)

    def test(context: Context, unknown: Container[str] | None) -> bool | None:
        found = context.get(key)
        if found is None:
            return absent if unknown is None or key not in unknown else None
        if not set_operator and not isinstance(found, str):
            return _without_set_operator(unknown)
        known = [each for each in templates.values() if unknown is None or each.is_known(unknown, context)]
        patterns = [pattern for each in known if (pattern := each.pattern(context)) is not None]
        with_stars = operator.takes_wildcards and any(STAR in pattern or MARK in pattern for pattern in patterns)
        expanded = operator.fits(patterns if operator.takes_wildcards else map(plain, patterns))

        def fits(text: str) -> bool:
            return fixed(text) or expanded(literal(text) if with_stars else text)

        verdict = holds(found, fits, operator.negated)
        if len(known) < len(templates) and verdict is not holds(found, _anything, operator.negated):
            return None
        return verdict

    return test


def _anything(text: str) -> bool:
    return True


def _is_unreadable(found: str | tuple[str, ...], reads: Callable[[str], object]) -> bool:
    return any(reads(text) is None for text in ((found,) if isinstance(found, str) else found))


def _without_set_operator(unknown: Container[str] | None) -> bool | None:
    """Whether an operator without ForAnyValue or ForAllValues holds on a multi-valued key.

    "Multivalued context keys require a condition set operator": AWS does not say what holds else. People see such
    conditions never hold, negated ones neither.
    """
    return False if unknown is None else None


def _plainly(found: str | tuple[str, ...], fits: Fits, negated: bool) -> bool:
    return (fits(found) if isinstance(found, str) else any(map(fits, found))) is not negated


def _for_any_value(found: str | tuple[str, ...], fits: Fits, negated: bool) -> bool:
    return any(fits(text) is not negated for text in ((found,) if isinstance(found, str) else found))


def _for_all_values(found: str | tuple[str, ...], fits: Fits, negated: bool) -> bool:
    """True also for a key whose value is "a null data set, such as an empty string"."""
    texts = (found,) if isinstance(found, str) else found
    return texts == ("",) or all(fits(text) is not negated for text in texts)


_HOLDS: dict[str | None, Holds] = {None: _plainly, "ForAnyValue": _for_any_value, "ForAllValues": _for_all_values}


def _any_of(exact: frozenset[str], patterns: list[Fits]) -> Fits:
    if not patterns:
        return exact.__contains__
    if not exact and len(patterns) == 1:
        return patterns[0]
    return lambda text: text in exact or any(pattern(text) for pattern in patterns)


def _equals(values: Iterable[str]) -> Fits:
    return frozenset(values).__contains__


def _equals_ignoring_case(values: Iterable[str]) -> Fits:
    exact = frozenset(value.lower() for value in values)
    return lambda text: text.lower() in exact


def _like(values: Iterable[str]) -> Fits:
    given = list(values)
    return _any_of(
        frozenset(value for value in given if not is_wild(value)), [matcher(value) for value in given if is_wild(value)]
    )


def _arn(values: Iterable[str]) -> Fits:
    given = list(values)
    return _any_of(
        frozenset(value for value in given if not is_wild(value)),
        [arn_matcher(value) for value in given if is_wild(value)],
    )


def _typed(read: Callable[[str], object]) -> Callable[[Iterable[str]], Fits]:
    def fits_of(values: Iterable[str]) -> Fits:
        exact = {read(value) for value in values} - {None}
        return lambda text: read(text) in exact

    return fits_of


def _compares(read: Callable[[str], Decimal | None], *signs: int) -> Callable[[Iterable[str]], Fits]:
    """Fits when the text is less (-1), equal (0) or greater (1) than one of the values."""

    def fits_of(values: Iterable[str]) -> Fits:
        bounds = [bound for value in values if (bound := read(value)) is not None]

        def fits(text: str) -> bool:
            found = read(text)
            return found is not None and any((found > bound) - (found < bound) in signs for bound in bounds)

        return fits

    return fits_of


def _in_network(values: Iterable[str]) -> Fits:
    networks = [network for value in values if (network := typed.network(value))]

    def fits(text: str) -> bool:
        found = typed.address(text)
        return found is not None and any(v == found[0] and first <= found[1] <= last for v, first, last in networks)

    return fits


def _string(fits: Callable[[Iterable[str]], Fits], *, negated: bool = False) -> Operator:
    return Operator(fits, negated, takes_variables=True, takes_wildcards=fits in (_like, _arn))


def _numeric(*signs: int, negated: bool = False) -> Operator:
    return Operator(_compares(typed.number, *signs), negated, typed.number, typed.number)


def _date(*signs: int, negated: bool = False) -> Operator:
    return Operator(_compares(typed.moment, *signs), negated, typed.moment, typed.moment)


TABLE = {
    "StringEquals": _string(_equals),
    "StringNotEquals": _string(_equals, negated=True),
    "StringEqualsIgnoreCase": _string(_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": _string(_equals_ignoring_case, negated=True),
    "StringLike": _string(_like),
    "StringNotLike": _string(_like, negated=True),
    "NumericEquals": _numeric(0),
    "NumericNotEquals": _numeric(0, negated=True),
    "NumericLessThan": _numeric(-1),
    "NumericLessThanEquals": _numeric(-1, 0),
    "NumericGreaterThan": _numeric(1),
    "NumericGreaterThanEquals": _numeric(0, 1),
    "DateEquals": _date(0),
    "DateNotEquals": _date(0, negated=True),
    "DateLessThan": _date(-1),
    "DateLessThanEquals": _date(-1, 0),
    "DateGreaterThan": _date(1),
    "DateGreaterThanEquals": _date(0, 1),
    "Bool": Operator(_typed(typed.truth), False, typed.truth, typed.truth),
    "BinaryEquals": Operator(_typed(typed.binary), False, typed.binary, typed.binary),
    "IpAddress": Operator(_in_network, False, typed.address, typed.network),
    "NotIpAddress": Operator(_in_network, True, typed.address, typed.network),
    "ArnEquals": _string(_arn),
    "ArnNotEquals": _string(_arn, negated=True),
    "ArnLike": _string(_arn),
    "ArnNotLike": _string(_arn, negated=True),
}
"""Every operator but Null, which asks only whether the key is there."""
