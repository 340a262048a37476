"""Mending: what takes the paths of one cause out of a role's policies, and leaves the function what it needs."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from rolecall.escalation.held import Held
from rolecall.escalation.paths import On
from rolecall.escalation.telling import Cause
from rolecall.iam.arn import resource_matches
from rolecall.iam.wildcard import is_wild
from rolecall.needs import Need
from rolecall.needs.excess import compared
from rolecall.needs.grant import Grant
from rolecall.needs.parts import widened
from rolecall.needs.reduced import STAND_IN, Move, reduced, restated

PLACEHOLDERS = {
    On.FUNCTION: ("FUNCTION_ARN", "which function"),
    On.OWN: ("ROLE_ARN", "which role"),
    On.POLICY: ("POLICY_ARN", "which policy"),
    On.ROLE: ("ROLE_ARN", "which role"),
    On.ROLE_POLICY: ("POLICY_ARN", "which policy"),
    On.THING: ("RESOURCE_ARN", "which one"),
    On.USER: ("USER_ARN", "which user"),
}
"""What an action is on -> what stands for it where nobody knows it, and how it is asked for."""


def mended(
    cause: Cause,
    own: Grant,
    held: Callable[[Grant], Iterable[Held]],
    *,
    of: Collection[str] | None = None,
    condition: tuple[str, str, str] | None = None,
    asks: bool = False,
) -> str:
    """The statement without the paths, or as narrow as its needs where that ends them, as a fix.

    Where the code itself takes the path somebody must decide: the fix says first what.

    Parameters
    ----------
    held : the paths of the rule that a grant holds
    of : the actions that are narrowed; None for all that the paths need of the statement
    condition : what narrows the actions further, as operator, key and value
    asks : of what the code is not known to do, ask what it is on; else it goes
    """
    comparison = compared(own.function, own.account)
    assert comparison is not None
    policy = next(each for each in own.role.policies if cause.statement in each.statements)
    excess = next((each for each in comparison.excesses if each.statement == cause.statement), None)
    if excess is None or cause.of_policy:
        return restated(comparison, policy, cause.statement, whole=cause.of_policy).fix
    taken = frozenset(each for each in _taken(cause) if of is None or each[0] in of)
    rights = [each for each in excess.rights if each.action.lower() in {name for name, _ in taken}]
    needs = tuple(need for right in rights for need in right.needs)
    # What the code is not known to do it does, if at all, on what the statement names.
    exact = tuple(sorted({need.resource for need in needs} or {on for _, on in taken}))
    is_exact = not any(is_wild(widened(each) if needs else each) for each in exact)
    if is_exact and (needs or asks):
        narrow = [reduced(comparison, excess)]
        narrow += [reduced(comparison, excess, Move(taken, exact, condition))] if condition else []
        for each in narrow:
            if each.diff and not _left(replace(own, role=each.role), held):
                return each.fix
    if (needs and not is_exact) or (asks and not needs and any(not each.known for each in rights)):
        name, which = PLACEHOLDERS[cause.worst.path.actions[0][1]]
        made = reduced(comparison, excess, Move(taken, (name,), condition))
        who = _where(needs) if needs else f"`{own.function.name}`"
        meant = f"{which} {who} needs, no stronger one"
        return replace(made, open=(*made.open, (name, meant))).fix
    made = reduced(comparison, excess, Move(taken))
    if not needs:
        return made.fix
    return (
        f"accept it if `{own.function.name}` is to do what {_where(needs)} does,"
        f" else take the call out there and then: {made.fix}"
    )


def _taken(cause: Cause) -> set[tuple[str, str]]:
    """What the paths need of the statement: actions (lower case) and the resources as written."""
    found = set[tuple[str, str]]()
    for held in cause.held:
        for name, step in zip(held.path.names, held.proofs, strict=True):
            if step.statement == cause.statement:
                every = cause.statement.resources
                on = {each for each in every if each == step.pattern or resource_matches(each, step.pattern)}
                found |= {(name.lower(), each) for each in on or every}
    return found


def _left(own: Grant, held: Callable[[Grant], Iterable[Held]]) -> bool:
    """Does a path still stand on what is to take the statement's place?"""
    return any(each.statement.policy == STAND_IN for each in held(own))


def _where(needs: Iterable[Need]) -> str:
    return min(need.proof.where for need in needs)
