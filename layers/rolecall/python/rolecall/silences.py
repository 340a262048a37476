"""Silences: of hits that tell of one cause, which one speaks."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rolecall.finding import Hit
from rolecall.iam import catalog
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import matches
from rolecall.model import Function
from rolecall.rules import OVER_GRANTS, Rule

IN_VAIN = "unknown-action"
"""The rule on what a statement names in vain: where that was meant for what is lacking, and its fix takes it out, the
lack has its say."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A hit with what it struck: the rule, and the function (None for a rule on the account)."""

    rule: Rule
    function: Function | None
    hit: Hit


def audible(struck: list[Struck]) -> Iterator[Struck]:
    """All hits but those that another one says as well: one cause, one finding."""
    rivals: dict[object, list[Struck]] = defaultdict(list)
    lacks: dict[object, list[Struck]] = defaultdict(list)
    steps: dict[object, set[str]] = defaultdict(set)
    explaining: dict[object, list[Struck]] = defaultdict(list)
    for each in struck:
        if each.rule.silences:
            rivals[_rivalry(each)].append(each)
            for trigger in each.hit.triggers:
                explaining[(each.function.id if each.function else each.hit.function, trigger)].append(each)
        for statement, action in each.hit.steps:
            for silenced in each.rule.silences:
                steps[(silenced, _statement(each, statement))].add(action.lower())
        for near in each.hit.near:
            lacks[_statement(each, near)].append(each)
    for each in struck:
        meant = lacks.get(_statement(each, each.hit.statement), ()) if each.hit.statement else ()
        if any(_explains(lack, each) for lack in meant) or _is_explained(each, explaining) or _is_step(each, steps):
            continue
        if not any(_silences(other, each) for other in rivals.get(_rivalry(each), ())):
            yield each


def _is_explained(struck: Struck, explaining: Mapping[object, list[Struck]]) -> bool:
    """Do other hits explain all the triggers that it is about, on whichever version of the function?"""
    id = struck.function.id if struck.function else struck.hit.function
    return bool(struck.hit.triggers) and all(
        any(struck.rule.name in other.rule.silences for other in explaining.get((id, trigger), ()))
        for trigger in struck.hit.triggers
    )


def _is_step(struck: Struck, steps: Mapping[object, set[str]]) -> bool:
    """Is all that it is about part of what another hit tells?"""
    statement = struck.hit.statement
    if statement is None:
        return False
    told = steps.get((struck.rule.name, _statement(struck, statement)), set())
    return bool(told) and all(action.lower() in told for action in _actions(struck.hit, statement))


def _rivalry(struck: Struck) -> object:
    """Hits compete within one policy of one owner, or where no statement is, for the same resources."""
    hit = struck.hit
    if hit.statement is not None:
        return (_owner(struck), hit.statement.policy)
    return (_owner(struck), frozenset(hit.resources)) if hit.actions and hit.resources else id(hit)


def _owner(struck: Struck) -> tuple[str | None, ...]:
    hit, function = struck.hit, struck.function
    return (function.id, function.qualifier) if function else (hit.function or hit.role,)


def _statement(struck: Struck, statement: Statement) -> object:
    return (_owner(struck), statement.policy, statement.index)


def _silences(one: Struck, other: Struck) -> bool:
    """Does a hit say all that the other does: of the same statement, or its lack, each of its actions?"""
    if other.rule.name not in one.rule.silences:
        return False
    mine, its = one.hit.statement, other.hit.statement
    if mine is None or its is None:
        return mine is its and set(other.hit.actions or ()) <= set(one.hit.actions or ())
    if one.hit.of_policy:
        return True
    covering = _actions(one.hit, mine)
    return mine.index == its.index and all(
        any(matches(pattern, action, ignore_case=True) for pattern in covering) for action in _actions(other.hit, its)
    )


def _actions(hit: Hit, statement: Statement) -> tuple[str, ...]:
    """What it is about; with NotAction that may be any action."""
    return (statement.actions or ("*",)) if hit.actions is None else hit.actions


def _explains(lack: Struck, other: Struck) -> bool:
    """Is what the statement grants too much only what it was meant to grant elsewhere, or by another name?"""
    if other.rule.name in lack.rule.silences:
        return True
    granted, meant = other.hit.actions or (), lack.hit.actions or ()
    are_meant = [any(each.lower() == one.lower() or catalog.is_slip(each, one) for one in meant) for each in granted]
    if other.rule.name == IN_VAIN:
        return bool(granted) and {*granted} <= {action for _, action in lack.hit.steps}
    return other.rule.name in OVER_GRANTS and bool(granted) and all(are_meant)
