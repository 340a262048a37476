"""Which principals of an account may invoke its functions, decided once for all that no policy tells apart.

Principals with the same policies are a group, and functions whose ARNs no pattern of the group tells apart are a class:
the policies are asked once for the two. Only a function whose own policy speaks of principals is asked by itself. Sets
of functions are the bits of a number.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rolecall.callers.caller import Caller, Held
from rolecall.callers.principals import (
    ABOUT_PRINCIPALS,
    TAG,
    Principal,
    about_invoking,
    asked,
    principals,
    speaks,
)
from rolecall.callers.verdict import Verdict, verdict
from rolecall.iam.arn import Arn, resource_matches
from rolecall.iam.condition import compiled
from rolecall.iam.matching import name
from rolecall.iam.policy import Condition, Effect, Policy, Statement
from rolecall.iam.policy import Principal as Named
from rolecall.iam.request import EVERY_KEY
from rolecall.iam.statement import is_unresolved
from rolecall.iam.variables import Template
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function

FEW = 16
"""Functions of a class that are noted one by one; larger classes are looked through for each function."""


@dataclass(slots=True)
class Group:
    """Principals that no policy tells apart. `wide` and `few` hold what is decided of functions."""

    members: tuple[Principal, ...]
    relevant: tuple[Statement, ...]
    scps: tuple[Statement, ...]

    @property
    def first(self) -> Principal:
        return self.members[0]


class Within:
    """The principals of an account and what they may do with its functions; made once for an account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.people = tuple(principals(account))
        functions = {each.qualified_arn: each for each in account.functions}
        self._functions = tuple(functions.values())
        self._place = {arn: place for place, arn in enumerate(functions)}
        self._masks: dict[str, int] = {}
        self._groups = tuple(_grouped(self.people, account))
        self._group_of = {each.arn: group for group in self._groups for each in group.members}
        self._named: dict[str, list[Principal]] = defaultdict(list)
        for each in self.people:
            for called in each.caller.names:
                if called != "*" and not called.startswith("account:"):
                    self._named[called].append(each)
        self._wide: list[tuple[int, Group, Verdict]] = []
        self._few: dict[int, list[tuple[Group, Verdict]]] = defaultdict(list)
        self._rows: dict[int, tuple[tuple[Caller, ...], tuple[Held, ...], Verdict]] = {}
        for group in self._groups:
            self._judge(group)

    def of(self, function: Function) -> tuple[list[Caller], list[Held]]:
        """The principals of the account that may invoke a function, and those that are held back."""
        callers, held = list[Caller](), list[Held]()
        own = [] if function.resource_policy is None else list(about_invoking(function.resource_policy))
        if not any(_speaks_of_people(each, self.account.id) for each in own):
            for group, verdict in self._at(function):
                made, back = self._told(group, verdict)
                callers += made
                held += back
            return callers, held
        for each, verdict in self._asked_alone(function, own):
            callers += _callers((each,), verdict)
            held += _held((each,), verdict)
        return callers, held

    def undecided(self) -> Iterator[tuple[Principal, Statement]]:
        """Principals with a statement about invoking on functions whose names are not known."""
        for group in self._groups:
            for each in group.relevant:
                if each.is_allow and any(map(is_unresolved, (*each.resources, *each.not_resources))):
                    yield from ((member, each) for member in group.members)

    def knows(self, arn: str) -> bool:
        """Is it a role or user of the account that was read?"""
        return arn in self._group_of or bool(self._named.get(name(Named("AWS", arn))[0]))

    def session(self, arn: str) -> Principal | None:
        """The role of a session, where it was read."""
        found = Arn.parse(arn)
        held = found.session if found else None
        called = self._named.get(f"role:{found.account}/{held[0]}", ()) if found and held else ()
        return next(iter(called), None)

    def _at(self, function: Function) -> Iterator[tuple[Group, Verdict]]:
        place = self._place[function.qualified_arn]
        yield from self._few.get(place, ())
        bit = 1 << place
        yield from ((group, verdict) for mask, group, verdict in self._wide if mask & bit)

    def _told(self, group: Group, verdict: Verdict) -> tuple[tuple[Caller, ...], tuple[Held, ...]]:
        """The rows of a group: the same objects for every function of a class."""
        key = id(verdict)
        if key not in self._rows:
            self._rows[key] = (_callers(group.members, verdict), _held(group.members, verdict), verdict)
        return self._rows[key][:2]

    def _asked_alone(self, function: Function, own: list[Statement]) -> Iterator[tuple[Principal, Verdict]]:
        """Each principal that may matter, with what the function's own policy comes to for it."""
        policy = function.resource_policy
        named = {
            principal.arn: principal
            for statement in own
            for each in (*statement.principals, *statement.not_principals)
            for principal in self._named.get(name(each)[0], ())
        }
        likely = {id(group): group for group, _ in self._at(function)}
        if any(_lets_everyone(each) for each in own):
            likely = {id(group): group for group in self._groups}
        for group in likely.values():
            for alike in self._alike(group, tuple(own)):
                members = [each for each in alike if each.arn not in named]
                found = verdict(members[0], function, self.account, policy) if members else None
                yield from ((each, found) for each in members if found)
        for each in named.values():
            yield each, verdict(each, function, self.account, policy)

    def _alike(self, group: Group, own: tuple[Statement, ...]) -> list[tuple[Principal, ...]]:
        """The members of a group, parted by what conditions of a function's own policy can tell of them."""
        tests = tuple(dict.fromkeys(c for each in own for c in _about_people(each)))
        if not tests and not any(key.startswith(ABOUT_PRINCIPALS) for each in own for key in asked(each)):
            return [group.members]
        if any(Template.parse(text) for each in own for text in _texts(each)):
            return [(each,) for each in group.members]  # What a variable stands for tells them apart.
        parts: dict[tuple[bool | None, ...], list[Principal]] = defaultdict(list)
        compiled_ones = [compiled(each, variables=False) for each in tests]
        for each in group.members:
            parts[tuple(test(each.facts(self.account), EVERY_KEY) for test in compiled_ones)].append(each)
        return [tuple(each) for each in parts.values()]

    def _judge(self, group: Group) -> None:
        """Decide a group for all functions, one of each class."""
        if not any(each.effect is Effect.ALLOW for each in group.relevant):
            return
        for mask in self._classes(group):
            place = (mask & -mask).bit_length() - 1
            found = verdict(group.first, self._functions[place], self.account, None)
            if found.allowed is False and found.by is None:
                continue
            if mask.bit_count() > FEW:
                self._wide.append((mask, group, found))
                continue
            for each in _places(mask):
                self._few[each].append((group, found))

    def _classes(self, group: Group) -> list[int]:
        """The functions, parted by all that a policy of the group can tell of one."""
        every = (1 << len(self._functions)) - 1
        statements = (*group.relevant, *group.scps)
        if any(key.startswith(TAG) for each in statements for key in asked(each)):
            return [1 << place for place in range(len(self._functions))]
        patterns = {pattern for each in statements for pattern in (*each.resources, *each.not_resources)}
        if any(Template.parse(pattern) for pattern in patterns):
            return [1 << place for place in range(len(self._functions))]
        cuts = [self._url_mask(), *(self._mask(pattern) for pattern in sorted(patterns))]
        classes = [every] if every else []
        for cut in cuts:
            classes = [part for each in classes for part in (each & cut, each & ~cut) if part]
        return classes

    def _mask(self, pattern: str) -> int:
        """The functions that a pattern matches."""
        if pattern not in self._masks:
            if is_wild(pattern):
                places = [place for arn, place in self._place.items() if resource_matches(pattern, arn)]
            else:
                places = [self._place[pattern]] if pattern in self._place else []
            self._masks[pattern] = sum(1 << place for place in places)
        return self._masks[pattern]

    def _url_mask(self) -> int:
        """The functions whose URL asks who calls."""
        if "url" not in self._masks:
            places = [place for place, each in enumerate(self._functions) if each.settings.url_auth == "AWS_IAM"]
            self._masks["url"] = sum(1 << place for place in places)
        return self._masks["url"]


def _callers(members: Iterable[Principal], found: Verdict) -> tuple[Caller, ...]:
    if found.allowed is False:
        return ()
    return tuple(
        Caller(each.arn, each.kind, None, found.via, _own(each, found), found.open, through=found.through)
        for each in members
    )


def _own(who: Principal, found: Verdict) -> tuple[Statement, ...]:
    """The statements of a verdict where this member of the group has them: in a template each has its own line."""
    if not any(each.place for each in found.statements):
        return found.statements
    policies = (*who.policies, who.boundary) if who.boundary else who.policies
    own = {statement: statement for policy in policies for statement in policy.statements}
    return tuple(own.get(each, each) for each in found.statements)


def _held(members: Iterable[Principal], found: Verdict) -> tuple[Held, ...]:
    if found.allowed is not False or found.by is None:
        return ()
    return tuple(Held(each.arn, each.kind, found.by, found.statements) for each in members)


def _grouped(people: Iterable[Principal], account: Account) -> Iterator[Group]:
    """Those together whom no policy about invoking tells apart."""
    scps = tuple(s for level in account.scps for policy in level for s in about_invoking(policy))
    tells = any(key.startswith(ABOUT_PRINCIPALS) for each in scps for key in asked(each))
    speaking: dict[int, tuple[Statement, ...]] = {}
    groups: dict[object, list[Principal]] = defaultdict(list)
    relevant: dict[object, tuple[Statement, ...]] = {}
    for each in people:
        policies = [policy for policy in each.policies if _statements(policy, speaking)]
        own = tuple(statement for policy in policies for statement in _statements(policy, speaking))
        limits = _statements(each.boundary, speaking) if each.boundary else ()
        every = (*own, *limits)
        alone = (tells and bool(own)) or any(key.startswith(ABOUT_PRINCIPALS) for s in every for key in asked(s))
        key: object = (own, each.boundary, each.caller.is_service_linked, each.kind, each.arn if alone else None)
        groups[key].append(each)
        relevant[key] = every
    yield from (Group(tuple(members), relevant[key], scps) for key, members in groups.items())


def _statements(policy: Policy, known: dict[int, tuple[Statement, ...]]) -> tuple[Statement, ...]:
    if id(policy) not in known:
        known[id(policy)] = about_invoking(policy) if speaks(policy) else ()
    return known[id(policy)]


def _speaks_of_people(statement: Statement, account: str) -> bool:
    """Can it let in, or keep out, a principal of the account beyond what its own policies say?

    One that names the account as a whole leaves it to these.
    """
    if statement.not_principals:
        return True
    allows = statement.effect is Effect.ALLOW
    for each in statement.principals:
        if each.is_everyone or (each.account == account and not allows):
            return True
        if each.type == "AWS" and each.account is None and f":{account}:" in each.value:
            return True
    return False


def _about_people(statement: Statement) -> Iterator[Condition]:
    """The conditions of a statement that ask who calls."""
    return (each for each in statement.conditions if each.key.lower().startswith(ABOUT_PRINCIPALS))


def _texts(statement: Statement) -> Iterator[str]:
    """What of a statement may hold a variable."""
    yield from (*statement.resources, *statement.not_resources)
    yield from (value for condition in statement.conditions for value in condition.values)


def _lets_everyone(statement: Statement) -> bool:
    everyone = bool(statement.not_principals) or any(each.is_everyone for each in statement.principals)
    return statement.effect is Effect.ALLOW and everyone


def _places(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
