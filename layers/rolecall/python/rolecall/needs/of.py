"""The needs of a function: of its triggers, its configuration and its code, each once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rolecall.model import MAPPINGS, Account, Function, Unresolved
from rolecall.needs import Certainty, Need
from rolecall.needs.from_code import needs_of
from rolecall.needs.from_config import from_config
from rolecall.needs.from_triggers import from_triggers
from rolecall.needs.prefixes import prefix_of
from rolecall.triggers import TRIGGERS, Poll

EVERY = "*"
"""In `Needs.unknown`: all services."""

POLLED = frozenset(
    {
        "ec2",
        "kafka-cluster",
        "kms",
        "secretsmanager",
        *(
            action.partition(":")[0]
            for row in TRIGGERS.values()
            if isinstance(row, Poll)
            for action in (*row.reads, *row.watches, *row.either)
        ),
    }
)
"""The services that an event source mapping may need."""

_ORDER = (Certainty.MUST, Certainty.MAY, Certainty.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a function needs.

    Parameters
    ----------
    needs : each action on each resource once, sorted; no UNKNOWN among them
    unresolved : places in the code that may call AWS and do not say what, or call what nobody knows the action of
    unknown : IAM prefixes of the services of which not every need is known; `*` for all
    """

    needs: tuple[Need, ...]
    unresolved: tuple[Unresolved, ...] = ()
    unknown: frozenset[str] = frozenset()

    @property
    def must(self) -> tuple[Need, ...]:
        return tuple(need for need in self.needs if need.certainty is Certainty.MUST)

    @property
    def may(self) -> tuple[Need, ...]:
        return tuple(need for need in self.needs if need.certainty is Certainty.MAY)

    def knows(self, action: str) -> bool:
        """Is every need of the action's service known? Only then may it be called unneeded."""
        return EVERY not in self.unknown and action.partition(":")[0].lower() not in self.unknown


def of(function: Function, account: Account) -> Needs:
    """What a function of an account needs; computed once for the two."""
    return _of(Pair(function, account))


def of_role(function: Function, account: Account) -> Needs:
    """What all users of the function's role need: the versions of the function, and others that share the role.

    A right that any of them needs is not too much for the role. Of users that were not read all may be needed.
    """
    users = account.users_of(function.role)
    return _of_role(Pair(users[0], account)) if users else of(function, account)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A function and its account, the same only as the same objects: to hash all that they hold takes too long."""

    function: Function
    account: Account
    ids: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", (id(self.function), id(self.account)))

    def __hash__(self) -> int:
        return hash(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and self.ids == other.ids


@lru_cache(maxsize=1024)
def _of(pair: Pair) -> Needs:
    function, account = pair.function, pair.account
    code = function.code
    calls = code.calls if code else ()
    called = [(need, call.service) for call in calls for need in needs_of(call, function, account)]
    found = [*from_triggers(function, account), *from_config(function, account), *(need for need, _ in called)]
    unresolved = (*(code.unresolved if code else ()), *dict.fromkeys(_unresolved(called)))
    unknown = {service_of(each) for each in unresolved}
    if code is None or not code.read:
        unknown.add(EVERY)
    if any(gap.what == MAPPINGS and gap.subject in (None, function.id) for gap in (*function.gaps, *account.gaps)):
        unknown |= POLLED
    known = (need for need in found if need.certainty is not Certainty.UNKNOWN)
    return Needs(merged(known), unresolved, frozenset(unknown))


def _unresolved(called: Iterable[tuple[Need, str]]) -> Iterator[Unresolved]:
    """Calls of operations of which nobody knows the action."""
    for need, service in called:
        if need.certainty is Certainty.UNKNOWN:
            yield Unresolved(need.proof.where, need.proof.why, service)


@lru_cache(maxsize=1024)
def _of_role(pair: Pair) -> Needs:
    account, role = pair.account, pair.account.role_of(pair.function)
    users = account.users_of(pair.function.role)
    strange = set(role.used_by if role else ()) - {each.id for each in users}
    needs = [of(each, account) for each in users]
    if len(needs) == 1 and not strange:
        return needs[0]
    unresolved = tuple(dict.fromkeys(place for each in needs for place in each.unresolved))
    unknown = frozenset[str]().union(*(each.unknown for each in needs), {EVERY} if strange else ())
    return Needs(merged(need for each in needs for need in each.needs), unresolved, unknown)


def service_of(place: Unresolved) -> str:
    """The IAM prefix of the service that an unresolved place calls; `*` where it is not known."""
    return (prefix_of(place.service) or place.service) if place.service else EVERY


Keys = tuple[tuple[str, str], ...]


def merged(needs: Iterable[Need]) -> tuple[Need, ...]:
    """Each action on each resource in each context once, sorted: the surest of equal needs, written before inferred."""
    best: dict[tuple[str, str, Keys, Keys], Need] = {}
    for need in needs:
        key = (need.action, need.resource, need.context, need.told)
        before = best.get(key)
        if before is None:
            best[key] = need
        else:
            surer = min(before, need, key=lambda each: (_ORDER.index(each.certainty), not each.literal))
            best[key] = replace(surer, literal=before.literal or need.literal)
    return tuple(best[key] for key in sorted(best))
