"""Who may invoke a function: everybody, by what, and who administers it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rolecall.callers.admins import admins
from rolecall.callers.caller import Caller, Held
from rolecall.callers.outside import outside
from rolecall.callers.principals import Same
from rolecall.callers.within import Within
from rolecall.model import Account, Function, Gap


@dataclass(frozen=True, slots=True)
class Who:
    """Who may invoke a function at one qualifier.

    Parameters
    ----------
    callers : all but administrators, sorted by kind and name
    admins : who may do anything, with functions or with IAM; `via` None where they may not invoke it as things are
    held : principals that a Deny, their boundary or an SCP keeps out, though their own policies would let them
    gaps : what could not be read or decided, so that somebody may be missing
    """

    callers: tuple[Caller, ...]
    admins: tuple[Caller, ...] = ()
    held: tuple[Held, ...] = ()
    gaps: tuple[Gap, ...] = ()


def who(function: Function, account: Account) -> Who:
    """Who may invoke a function of an account: of the account's principals, and of those that its policy names."""
    known = _known(Same(account))
    found, held = known.within.of(function)
    ways: dict[str, Caller] = {each.principal: each for each in found}
    gaps = [*known.gaps]
    callers = [each for each in found if each.principal not in known.admins]
    for each in outside(function, account, known.within):
        if isinstance(each, Gap):
            gaps.append(each)
        else:
            callers.append(each)
    chiefs = tuple(_chief(each, ways.get(name)) for name, each in known.admins.items())
    return Who(
        tuple(sorted(callers, key=lambda each: each.order)),
        chiefs,
        tuple(sorted(held, key=lambda each: (each.kind, each.principal))),
        (*gaps, *(gap for gap in function.gaps if gap.what == "resource policy")),
    )


def _chief(admin: Caller, way: Caller | None) -> Caller:
    """An administrator, with the way by which it may invoke this function."""
    if way is None:
        return admin
    return Caller(
        admin.principal, admin.kind, None, way.via, way.statements, way.open, way.known, way.through, admin.how
    )


@dataclass(frozen=True, slots=True)
class _Known:
    within: Within
    admins: dict[str, Caller]
    gaps: tuple[Gap, ...]


@lru_cache(maxsize=2)
def _known(same: Same) -> _Known:
    account = same.account
    within = Within(account)
    chiefs = {each.principal: each for each in admins(within.people, account)}
    return _Known(within, chiefs, tuple(_gaps(within, account)))


def _gaps(within: Within, account: Account) -> Iterable[Gap]:
    """What is not known of all principals."""
    yield from (gap for gap in account.gaps if gap.what == "principals")
    for each in within.people:
        yield from each.gaps
    for who_may, statement in within.undecided():
        why = f"`{who_may.name}` may invoke what {statement.where} names, of which not all is known"
        yield Gap("callers", why, None, who_may.arn, place=statement.place)
