"""Who can invoke a function: which statements let callers in, and what keeps them apart."""

from collections.abc import Iterable

from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import matches

INVOKING = ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl", "lambda:InvokeAsync")


def invokes(statement: Statement) -> bool:
    """Does the statement speak of invoking: one of its actions, or none that its NotAction leaves out?"""
    if statement.not_actions:
        return not all(_named(action, statement.not_actions) for action in INVOKING)
    return any(_named(action, statement.actions) for action in INVOKING)


def guarded(statement: Statement, guards: Iterable[str]) -> bool:
    """Does a condition of the statement pin one of these keys?"""
    return any(statement.pins(guard) for guard in guards)


def _named(action: str, patterns: tuple[str, ...]) -> bool:
    return any(matches(pattern, action, ignore_case=True) for pattern in patterns)
