"""An AWS account in one region: what its lists say at once, and what each function says by itself.

It is long because both ways of reading end in one Account, and differ in where a part of it comes from.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from rolecall.changes import Change, named, role_name, thing
from rolecall.iam.arn import Arn
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function, Gap, Resource, Role
from rolecall.sources import SourceError
from rolecall.sources.aws import mappings, organization, recursion, resources, wires
from rolecall.sources.aws.calls import Calls, Refused, unhurried
from rolecall.sources.aws.code import CodeReading, Packages
from rolecall.sources.aws.configuration import plain
from rolecall.sources.aws.functions import Served, close_function, listed, open_function, read_policy
from rolecall.sources.aws.mappings import Mapped
from rolecall.sources.aws.principals import WHAT as PRINCIPALS
from rolecall.sources.aws.principals import Principals, all_principals
from rolecall.sources.aws.roles import read_role, roles_of_policy
from rolecall.sources.aws.wires import Wire, Wires
from rolecall.triggers import source_arns

T = TypeVar("T")
AT_ONCE = 8  # Lambda answers GetPolicy 15 times a second; botocore waits when that is not enough.


class Index(Protocol):
    """What remembers which functions refer to what. `complete`: it has seen every function of the region."""

    @property
    def complete(self) -> bool: ...

    def users(self, name: str) -> frozenset[str]:
        """The ARNs of the functions that refer to a name, in the words of `changes.names_of`."""
        ...

    def wired(self, function: str) -> tuple[str, ...]:
        """The ARNs of the push sources that the last walk found for a function (ARN)."""
        ...


class World:
    """An AWS account in one region, as the credentials of a boto3 session see it at one time.

    What it has asked once it does not ask again: make a new one for each audit. With `code`, the code of functions is
    fetched and analysed, where that has not been done before.
    """

    def __init__(
        self,
        session: Any,
        *,
        account: str,
        index: Index | None = None,
        pace: Callable[[str], None] = unhurried,
        progress: Callable[[int, int], None] | None = None,
        code: CodeReading | None = None,
    ) -> None:
        self.calls = Calls(session, account=account, pace=pace)
        self.account, self.region, self.partition = account, self.calls.region, self.calls.partition
        self._index, self._progress = index, progress
        self._packages = Packages(self.calls, code) if code else None
        self._listed: tuple[Function, ...] | None = None
        self._opened: dict[str, Served | None] = {}
        self._looked_up: dict[str, Wires] = {}
        self._heard: set[str] = set()  # sources of which functions were told
        self._wired: dict[str, tuple[str, ...]] = {}
        self._roles: dict[str, set[str]] = {}  # function that was read -> its roles, as names
        self._asked: dict[str, set[str]] = defaultdict(set)  # function -> qualifiers that a change names

    @property
    def functions(self) -> tuple[Function, ...]:
        """Every function of the region, unqualified, as the list describes it.

        Raises
        ------
        SourceError : the list cannot be read, so nothing can be said at all
        """
        if self._listed is None:
            self._listed = self._list(versions=False)
        return self._listed

    def arn_of(self, name: str) -> str:
        """The ARN of a function of this account and region."""
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{name}"

    def exists(self, function: str) -> bool:
        """Is there a function of this ARN?"""
        return self._open(function) is not None

    def users(self, names: Collection[str]) -> set[str]:
        """The ARNs of the functions that refer to one of these names, in the words of `changes.names_of`."""
        found = {function for name in names for function in self._remembered(name)}
        if self._index is None or not self._index.complete:
            found |= {each.arn for each in self.functions if _list_says(each) & set(names)}
        return found - {arn for arn, served in list(self._opened.items()) if served is None}

    def _remembered(self, name: str) -> set[str]:
        """Those of the index, corrected by what was read: functions that are gone, roles of those that are not."""
        users = self._index.users(name) if self._index else frozenset[str]()
        there = {arn for arn in users if self._opened.get(arn, arn) is not None}
        if not name.startswith("role/"):
            return there
        has = {arn for arn, roles in self._roles.items() if name in roles}
        return has | {arn for arn in there if arn not in self._roles}

    def touched(self, change: Change) -> set[str]:
        """The ARNs of the functions that a change touches: those it names, and those that refer to what it names.

        One that it names and that does not exist is among them.
        """
        if change.everything:
            return {each.arn for each in self.functions}
        if change.trace and change.trace.qualifier:
            for name in change.functions:
                self._asked[self.arn_of(name)].add(change.trace.qualifier)
        names = set(named(change))
        try:
            for policy in change.policies:
                names |= set(map(role_name, roles_of_policy(self.calls, policy)))
        except Refused:  # Then any role may be meant.
            return {each.arn for each in self.functions}
        sources = [thing for thing in change.things if wires.readable(thing)]
        wired = {plain(wire.function)[0] for source in sources for wire in self._look_up(source).found}
        here = {arn for arn in wired if arn.startswith(self.arn_of(""))}
        return {self.arn_of(name) for name in change.functions} | (self.users(names) if names else set()) | here

    def read(self, functions: Collection[str] | None = None) -> Account:
        """The Account with these functions (ARNs) and all that they hang on; all of the region by default.

        A part that AWS does not let be read is a gap. A function that does not exist is not in it.
        """
        if functions is None:
            return self.complete(self.inventory())
        if self._index is None or not self._index.complete:
            _ = self.functions  # Once, before many threads ask who uses what.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            opened = [each for each in pool.map(self._open, sorted(functions)) if each]
            list(pool.map(self._map, opened))
            asking: dict[str, list[Served]] = {source: [] for source in self._looked_up}
            for served, sources in zip(opened, pool.map(self._sources, opened), strict=True):
                for source in sources:
                    asking.setdefault(source, []).append(served)
            found = list(pool.map(self._look_up, sorted(asking)))
            gaps = [
                gap
                for source, each in zip(sorted(asking), found, strict=True)
                if asking[source] or source not in self._heard
                for gap in _told(each, asking[source])
            ]
            self._heard |= {source for source, its in asking.items() if its}
            return self._account(opened, pool, replace(_wired(self._empty(), opened, found), gaps=tuple(gaps)))

    def inventory(self) -> Account:
        """What lists say of the whole region: functions and versions, roles, mappings, sources, organisation.

        Its functions are the unqualified ones, their published versions, and the qualifiers that triggers name, without
        what only their own calls tell: `complete` adds that, for the whole or for a part of it.
        """
        gaps: list[Gap] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            walked = pool.submit(wires.walk, self.calls)
            controlled = pool.submit(organization.read, self.calls)
            mapped = pool.submit(mappings.of_account, self.calls)
            versions = self._list(versions=True)
            self._listed = tuple(each for each in versions if each.qualifier is None)
            principals = self._principals(gaps)
            polled = _or_gap(mapped.result, mappings.WHAT, gaps)
            found, controls = walked.result(), controlled.result()
        there, here = {each.arn for each in versions}, self.arn_of("")
        named = [(plain(wire.function)[0], wire.trigger) for wire in found.found]
        return replace(
            self._empty(),
            strays=tuple((arn, trigger) for arn, trigger in named if arn.startswith(here) and arn not in there),
            functions=_with_triggers(versions, polled, found.found),
            roles=principals.roles,
            users=principals.users,
            resources=_once(found.resources),
            scps=controls.scps,
            rcps=controls.rcps,
            gaps=(*gaps, *found.gaps, *controls.gaps),
        )

    def with_principals(self, account: Account) -> Account:
        """An account that was read in part, with every role and user of it beside those that it has."""
        gaps: list[Gap] = []
        found = self._principals(gaps)
        have = {role.arn for role in account.roles}
        others = (role for role in found.roles if role.arn not in have)
        roles = tuple(sorted((*account.roles, *others), key=lambda role: role.arn))
        return replace(account, roles=roles, users=found.users, gaps=(*account.gaps, *gaps))

    def with_layers(self, account: Account) -> Account:
        """An inventory with the layer versions of the account that its functions use, and their policies."""
        used = {layer for function in account.functions for layer in function.settings.layers}
        own = sorted(
            layer for layer in used if layer.startswith(f"{self.arn_of('').rpartition(':function:')[0]}:layer:")
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:
            read = tuple(pool.map(lambda layer: resources.read_layer(self.calls, layer), own))
        return replace(account, resources=_once([*account.resources, *read]))

    def _principals(self, gaps: list[Gap]) -> Principals:
        try:
            return all_principals(self.calls, self._users_of_roles())
        except Refused as refused:
            gaps.append(Gap(PRINCIPALS, refused.why, refused.call))
            return Principals()

    def complete(self, account: Account) -> Account:
        """An inventory, or a part of it, with what each of its functions says by itself."""
        known: dict[str, list[Function]] = defaultdict(list)
        for function in account.functions:
            known[function.arn].append(function)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda arn: self._open(arn, known[arn]), sorted(known))
            opened = [each for each in self._counted(found, len(known)) if each]
            for served in opened:
                _add_listed(served, known[served.latest.arn])
            asking = self._unwalked(opened, account)
            looked_up = list(pool.map(self._look_up, sorted(asking)))
            for source, each in zip(sorted(asking), looked_up, strict=True):
                _told(wires.unnamed(each), asking[source])
            return self._account(opened, pool, _wired(account, opened, looked_up))

    def _unwalked(self, opened: Iterable[Served], account: Account) -> dict[str, list[Served]]:
        """The sources that statements name and that no walk met: gone, of another account, or without a reader."""
        asking: dict[str, list[Served]] = defaultdict(list)
        for served in opened:
            policies = [read_policy(self.calls, served, qualifier) for qualifier in served.qualifiers()]
            for source in sorted({source for policy in policies if policy for source in source_arns(policy)}):
                if account.resource(source) is None and account.resource(thing(source)) is None:
                    asking[source].append(served)
        return asking

    def _counted(self, found: Iterable[Served | None], most: int) -> Iterator[Served | None]:
        """The same, telling how far it is."""
        for number, each in enumerate(found, 1):
            if self._progress:
                self._progress(number, most)
            yield each

    def _list(self, *, versions: bool) -> tuple[Function, ...]:
        try:
            return listed(self.calls, versions=versions)
        except Refused as refused:
            raise SourceError(str(refused)) from refused

    def _users_of_roles(self) -> dict[str, set[str]]:
        users: dict[str, set[str]] = defaultdict(set)
        for each in self.functions:
            users[each.role].add(each.id)
        return users

    def _empty(self) -> Account:
        return Account(self.account, self.region, f"account {self.account}, {self.region}", self.partition)

    def _open(self, arn: str, known: Collection[Function] = ()) -> Served | None:
        if arn not in self._opened:
            try:
                self._opened[arn] = open_function(self.calls, arn, known)
            except Refused:
                own = [each for each in self.functions if each.arn == arn]
                self._opened[arn] = open_function(self.calls, arn, own) if own else None
        if served := self._opened[arn]:
            self._serve_asked(served)
        return served

    def _serve_asked(self, served: Served) -> None:
        """Add the versions that a statement was put on, though nothing serves them: an event has named them once."""
        arn = served.latest.arn
        remembered = self._wired_before(arn)
        numbers = {plain(each)[1] for each in remembered if plain(each)[0] == arn} | self._asked[arn]
        for number in sorted(filter(None, numbers)):
            if number.isdecimal():
                served.versions.setdefault(number, (number,))

    def _wired_before(self, arn: str) -> tuple[str, ...]:
        """What the index knows of a function's push sources: asked for once, as it may be a table."""
        if arn not in self._wired:
            self._wired[arn] = self._index.wired(arn) if self._index else ()
        return self._wired[arn]

    def _map(self, served: Served) -> None:
        """Add the mappings of a function, and of each of its aliases."""
        name = served.latest.name
        seen = set[Mapped]()
        for asked in (name, *(f"{name}:{alias}" for alias in sorted(filter(None, served.versions)))):
            try:
                seen |= set(mappings.of_function(self.calls, asked))
            except Refused as refused:
                if not refused.absent:
                    served.gaps.append(Gap(mappings.WHAT, refused.why, refused.call, served.latest.arn))
        for each in sorted(seen, key=lambda one: (one.function, one.trigger.id or "" if one.trigger else "")):
            _add_mapping(served, each)

    def _sources(self, served: Served) -> set[str]:
        """The push sources of a function: those that its statements name, and those that the last walk found."""
        arn = served.latest.arn
        found = {source for source in self._wired_before(arn) if plain(source)[0] != arn}
        for qualifier in served.qualifiers():
            if policy := read_policy(self.calls, served, qualifier):
                found |= source_arns(policy)
        for qualifier in served.qualifiers():
            target = f"{arn}:{qualifier}" if qualifier else arn
            targeting = wires.targeting(self.calls, target, buses=sorted(set(_buses(found))))
            served.gaps += [replace(gap, subject=arn) for gap in targeting.gaps]
            for wire in targeting.found:
                self._looked_up.setdefault(wire.trigger.source, targeting)
                found.add(wire.trigger.source)
        return found

    def _look_up(self, source: str) -> Wires:
        if source not in self._looked_up:
            found = wires.named(self.calls, source)
            walked = self._index is not None and self._index.complete
            self._looked_up[source] = wires.unnamed(found) if walked else found
        return self._looked_up[source]

    def _account(self, opened: Sequence[Served], pool: ThreadPoolExecutor, base: Account) -> Account:
        """The Account of opened functions, on top of what is known: their versions, roles, and what they point to."""
        functions = [each for made in pool.map(self._close, opened) for each in made]
        for each in functions:
            self._roles.setdefault(each.arn, set()).add(role_name(each.role))
        have = {role.arn: role for role in base.roles}
        callers = {trigger.role for each in functions for trigger in each.triggers if self._is_own_role(trigger.role)}
        wanted = {each.role for each in functions}.union(filter(None, callers))
        read = list(pool.map(lambda arn: self._role(arn, have), sorted(wanted)))
        others = [role for role in base.roles if role.arn not in wanted]
        absent = [Resource(arn, exists=False) for served in opened for arn in served.absent]
        account = replace(
            base,
            functions=tuple(functions),
            roles=tuple(sorted((*others, *(role for role, _ in read if role)), key=lambda role: role.arn)),
            resources=_once([*base.resources, *absent]),
            gaps=(*base.gaps, *(gap for _, gap in read if gap)),
        )
        listed = None if self._listed is None else {each.arn for each in self._listed}
        pointed = resources.read_all(self.calls, account, pool=pool, functions=listed)
        account = replace(account, resources=_once([*account.resources, *pointed]))
        return recursion.with_detection(self.calls, account, pool=pool)

    def _close(self, served: Served) -> tuple[Function, ...]:
        functions = close_function(self.calls, served)
        return functions if self._packages is None else self._packages.with_calls(served, functions)

    def _is_own_role(self, arn: str | None) -> bool:
        """Is it a role of this account, and not another's, or the credentials of whoever calls?"""
        return bool(arn) and f":iam::{self.account}:role/" in str(arn) and not is_wild(str(arn))

    def _role(self, arn: str, have: Mapping[str, Role]) -> tuple[Role | None, Gap | None]:
        name = role_name(arn)
        if arn not in have:
            return read_role(self.calls, arn, self.users({name}))
        return replace(have[arn], used_by=tuple(sorted(self._remembered(name).union(have[arn].used_by)))), None


def _list_says(function: Function) -> set[str]:
    """The names that the list of functions tells of one: its role, its layers, itself."""
    layers = {layer.rpartition(":")[0] for layer in function.settings.layers}
    return {role_name(function.role), *layers}


def _add_mapping(served: Served, each: Mapped) -> None:
    _, qualifier = plain(each.function)
    if each.trigger:
        served.triggers[qualifier].append(each.trigger)
    if each.target:
        served.targets[qualifier].append(each.target)
    if each.gap:
        served.gaps.append(each.gap)


def _add_listed(served: Served, known: Iterable[Function]) -> None:
    """What lists said of a function and of its qualifiers: triggers, where mappings send failures, gaps."""
    for function in known:
        if function.triggers:
            served.triggers[function.qualifier] += function.triggers
        if mapped := [target for target in function.settings.targets if target.on == "failure"]:
            served.targets[function.qualifier] += mapped
        served.gaps += [gap for gap in function.gaps if function.version is None or gap.what == mappings.WHAT]


def _wired(account: Account, opened: Iterable[Served], found: Sequence[Wires]) -> Account:
    """Hang what sources say on the functions that they name; the account with the sources in it."""
    by_arn = {each.latest.arn: each for each in opened}
    for wire in (wire for each in found for wire in each.found):
        arn, qualifier = plain(wire.function)
        if arn in by_arn and wire.trigger not in by_arn[arn].triggers[qualifier]:
            by_arn[arn].triggers[qualifier].append(wire.trigger)
    seen = (resource for each in found for resource in each.resources)
    return replace(account, resources=_once([*account.resources, *seen]))


def _buses(sources: Iterable[str]) -> Iterator[str]:
    """The event buses of the rules among these sources, and the default one."""
    yield "default"
    for source in sources:
        arn = Arn.parse(source)
        if arn and arn.service == "events" and arn.resource.startswith("rule/"):
            bus = arn.resource.removeprefix("rule/").rpartition("/")[0]
            if bus and not is_wild(bus):
                yield bus


def _told(found: Wires, asking: Sequence[Served]) -> tuple[Gap, ...]:
    """Tell those who asked for a source what could not be read of it; where nobody did, it is the account's.

    Then only what can be mended: that an event named a thing which no reader reads says nothing of any function.
    """
    for each in asking:
        each.gaps += [replace(gap, subject=each.latest.arn) for gap in found.gaps]
    return () if asking else tuple(gap for gap in found.gaps if gap.mendable)


def _or_gap(read: Callable[[], tuple[T, ...]], what: str, gaps: list[Gap]) -> tuple[T, ...]:
    try:
        return read()
    except Refused as refused:
        gaps.append(Gap(what, refused.why, refused.call))
        return ()


def _with_triggers(
    versions: Sequence[Function], polled: Sequence[Mapped], wired: Sequence[Wire]
) -> tuple[Function, ...]:
    """The listed functions with what mappings and sources say of them; a qualifier that only those name is added."""
    by_qualified = {each.qualified_arn: each for each in versions}

    def at(arn: str) -> Function | None:
        plain_arn, qualifier = plain(arn)
        latest = by_qualified.get(plain_arn)
        qualified = f"{plain_arn}:{qualifier}" if qualifier else plain_arn
        if latest and qualified not in by_qualified:
            by_qualified[qualified] = replace(latest, qualifier=qualifier, version=None, gaps=())
        return by_qualified.get(qualified)

    for each in polled:
        if function := at(each.function):
            failure = (each.target,) if each.target else ()
            by_qualified[function.qualified_arn] = replace(
                function,
                triggers=(*function.triggers, *((each.trigger,) if each.trigger else ())),
                settings=replace(function.settings, targets=(*function.settings.targets, *failure)),
                gaps=(*function.gaps, *((each.gap,) if each.gap else ())),
            )
    for wire in wired:
        if function := at(wire.function):
            by_qualified[function.qualified_arn] = replace(function, triggers=(*function.triggers, wire.trigger))
    return tuple(by_qualified[arn] for arn in sorted(by_qualified))


def _once(found: Iterable[Resource]) -> tuple[Resource, ...]:
    """Each ARN once: what was read of it last and most."""
    return tuple(sorted({each.arn: each for each in found}.values(), key=lambda each: each.arn))
