"""What a role grants and nobody judged, because the code makes calls that were not resolved.

Only what would be a finding otherwise: a right that nothing known needs, or on more than is known to need it.
"""

from collections.abc import Iterator
from dataclasses import replace

from rolecall.iam.wildcard import is_wild
from rolecall.model import UNJUDGED, Account, Function, Gap, Unresolved
from rolecall.needs.excess import Comparison, Excess, Right, compared, is_full_access, is_of_lambda, is_open
from rolecall.needs.harm import harm, worst_first
from rolecall.needs.of import EVERY, service_of
from rolecall.needs.purpose import by_purpose, too_wide

MOST = 3
"""Actions that are named."""


def unjudged(function: Function, account: Account) -> Gap | None:
    """The Gap that rights of the function's role were not judged; None where all were.

    Code that was not read at all is a Gap of its own.
    """
    comparison = compared(function, account)
    if comparison is None or not comparison.needs.unresolved:
        return None
    rights = [right for excess in comparison.excesses for right in _withheld(comparison, excess)]
    if not rights:
        return None
    actions = worst_first(tuple(right.action for right in rights))
    first, *others = [place for place in comparison.needs.unresolved if any(_may_need(place, each) for each in actions)]
    more = f", and {len(others)} more like it" if others else ""
    why = f"{first.where}: {first.what}{more}, so it is not judged whether {_needed(actions)}"
    return Gap(UNJUDGED, why, subject=function.id, mendable=False)


def _withheld(comparison: Comparison, excess: Excess) -> tuple[Right, ...]:
    """The rights of a statement that are too much, unless calls that were not resolved need them."""
    places = comparison.needs.unresolved
    doubtful = {r.action for r in excess.rights if not r.known and any(_may_need(each, r.action) for each in places)}
    if not doubtful or _is_told(excess):
        return ()
    supposed = replace(comparison, needs=replace(comparison.needs, unknown=frozenset()))
    known = replace(excess, rights=tuple(replace(right, known=True) for right in excess.rights))
    rights = tuple(right for right in _too_much(supposed, known) if right.action in doubtful)
    return tuple(each.right for each in comparison.confirmed(excess, rights))


def _may_need(place: Unresolved, action: str) -> bool:
    return service_of(place) in (EVERY, action.partition(":")[0].lower())


def _is_told(excess: Excess) -> bool:
    """Does `broad-managed-policy` tell of it, whatever the code calls?"""
    name = excess.policy.name.rpartition("/")[2]
    return excess.is_managed and (is_full_access(name) or is_of_lambda(name))


def _too_much(comparison: Comparison, excess: Excess) -> Iterator[Right]:
    """What the rules tell, without the entries of which they tell whatever the code calls.

    These are `*`, and those with a wildcard in what the user wrote that let the function change anything.
    """
    wild = [right for right in excess.rights if is_wild(right.entry) and right.is_unneeded]
    changing = {right.entry for right in wild if harm(right.action).changes}
    told = {entry for entry in changing if is_open(entry) or not excess.is_managed}
    rights = (*(right for some in by_purpose(comparison, excess).values() for right in some), *wild, *too_wide(excess))
    return (right for right in rights if right.entry not in told)


def _needed(actions: tuple[str, ...]) -> str:
    quoted = ", ".join(f"`{each}`" for each in actions[:MOST])
    more = f" and {len(actions) - MOST} more" if len(actions) > MOST else ""
    return f"{quoted}{more} {'is' if len(actions) == 1 else 'are'} needed"
