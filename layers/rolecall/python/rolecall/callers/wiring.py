"""The wiring of a function: which trigger is let in, which statement lets in what, and what is left over of both."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from rolecall.callers import invokes
from rolecall.callers.delivery import Delivery, as_service, deliver, fits, sources
from rolecall.callers.existence import existence
from rolecall.callers.urls import CALLING, serves_url
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function, Trigger
from rolecall.triggers import TRIGGERS, Poll, Push, passes_on, pushing


class State(StrEnum):
    """How a trigger and the permissions of its function go together."""

    WIRED = "wired"
    PERMISSION_ONLY = "permission-only"
    TRIGGER_ONLY = "trigger-only"
    WRONG_QUALIFIER = "wrong-qualifier"
    POLLED = "polled"
    BY_ROLE = "by-role"


@dataclass(frozen=True, slots=True)
class Row:
    """One trigger of a function, or one source that a statement lets in and that no trigger explains.

    Parameters
    ----------
    type : of the trigger; of a statement, that of the service which it names
    source : ARN of the trigger, or the aws:SourceArn of the statement (None: it names none)
    statements : those that let it in; of the wrong qualifier, those that would on the right one
    served : the version of the function that these are on, where it is another one than the trigger's
    elsewhere : triggers of other qualifiers that a left-over statement would fit
    unsure : why it is not known whether the source of a left-over statement is set up to come
    """

    type: str
    source: str | None
    state: State
    trigger: Trigger | None = None
    delivery: Delivery | None = None
    statements: tuple[Statement, ...] = ()
    served: Function | None = None
    elsewhere: tuple[tuple[Function, Trigger], ...] = ()
    unsure: str | None = None


def states(function: Function, account: Account) -> tuple[Row, ...]:
    """A row for each trigger of a served version, and for each source of its statements that has none.

    >>> from rolecall.model import Account, Function, Trigger
    >>> queue = Trigger("sqs", "arn:aws:sqs:us-east-1:111122223333:orders")
    >>> function = Function("f", "f", "arn:aws:lambda:us-east-1:111122223333:function:f", "", triggers=(queue,))
    >>> [str(row.state) for row in states(function, Account("111122223333", "us-east-1", "", functions=(function,)))]
    ['polled']
    """
    return _states(_Pair(function, account))


def astray(row: Row, function: Function, account: Account) -> tuple[Function, Row] | None:
    """The other half of a refused trigger, or of a permission that nothing needs, where a template has it elsewhere.

    That is another function whose permission was meant for this one, or the other way round; None where there are
    several that it could be.
    """
    found = _halves(row, function, account)
    return found[0] if len(found) == 1 and len(_halves(found[0][1], found[0][0], account)) == 1 else None


def _halves(row: Row, function: Function, account: Account) -> list[tuple[Function, Row]]:
    if function.place is None or row.state not in (State.TRIGGER_ONLY, State.PERMISSION_ONLY):
        return []
    others = [each for each in account.functions if each.arn != function.arn and each.place is not None]
    pairs = [(other, each) for other in others for each in states(other, account)]
    if row.trigger:
        return [(other, each) for other, each in pairs if _goes_with(each, row.trigger, other)]
    return [(other, each) for other, each in pairs if each.trigger and _goes_with(row, each.trigger, function, each)]


def _goes_with(permission: Row, trigger: Trigger, owner: Function, refused: Row | None = None) -> bool:
    """Is it a permission of its own in the template, of which nothing is wrong but its function?"""
    if permission.state is not State.PERMISSION_ONLY or (refused and refused.state is not State.TRIGGER_ONLY):
        return False
    statement, source = permission.statements[0], permission.source
    is_written = statement.place is not None and statement.place.added_by is None
    is_single = ("AWS::Lambda::Permission", statement.sid) in owner.writers
    return source is not None and is_written and is_single and fits(statement, source, trigger)


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """A function and its account, the same only as the same objects: to hash all that they hold takes too long."""

    function: Function
    account: Account
    ids: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", (id(self.function), id(self.account)))

    def __hash__(self) -> int:
        return hash(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Pair) and self.ids == other.ids


@lru_cache(maxsize=1024)
def _states(pair: _Pair) -> tuple[Row, ...]:
    function, account = pair.function, pair.account
    wired = [_of_trigger(trigger, function, account) for trigger in function.triggers]
    return (*wired, *_left(function, account))


def _of_trigger(trigger: Trigger, function: Function, account: Account) -> Row:
    row = TRIGGERS.get(trigger.type)
    if row is None or isinstance(row, Poll):
        return Row(trigger.type, trigger.source, State.POLLED, trigger)
    delivery = deliver(trigger, function, account)
    statements = delivery.decision.statements if delivery and delivery.arrives else ()
    if trigger.role or not isinstance(row, Push):
        return Row(trigger.type, trigger.source, State.BY_ROLE, trigger, delivery, statements)
    if delivery is None or delivery.arrives is not False or delivery.denies:
        return Row(trigger.type, trigger.source, State.WIRED, trigger, delivery, statements)
    for other in account.versions_of(function):
        if other.qualifier != function.qualifier:
            found = as_service(trigger, row, other.qualified_arn, other.resource_policy, account)
            if found.arrives:
                allowing = found.decision.statements
                state = State.WRONG_QUALIFIER
                return Row(trigger.type, trigger.source, state, trigger, delivery, allowing, served=other)
    return Row(trigger.type, trigger.source, State.TRIGGER_ONLY, trigger, delivery)


def meant(service: str, statement: Statement, function: Function) -> tuple[str, ...]:
    """The sources of the triggers that a statement was for: those that it names, or the only one of its service."""
    values = sources(statement)
    row = pushing(service)
    of_service = {each.source for each in function.triggers if row and TRIGGERS.get(each.type) is row}
    found = {each.source for each in function.triggers if any(_is_named(each.source, value) for value in values)}
    return tuple(sorted(found | (of_service if len(of_service) == 1 else set())))


def _is_named(source: str, pattern: str) -> bool:
    """Does a pattern stand for a source, but for the account in it?"""
    mine, its = source.split(":", 5), pattern.split(":", 5)
    return len(mine) == len(its) and matches(":".join([*its[:4], "", *its[5:]]), ":".join([*mine[:4], "", *mine[5:]]))


def _left(function: Function, account: Account) -> Iterator[Row]:
    """The sources of statements that no trigger of this version explains."""
    policy = function.resource_policy
    for statement in policy.allows if policy else ():
        if not invokes(statement):
            continue
        for service in statement.services:
            row = pushing(service)
            kind = next((name for name, each in TRIGGERS.items() if each is row), service)
            for source in sources(statement) or (None,):
                # SAM permits an API also where that invokes with the credentials of its callers.
                own = [each for each in function.triggers if not each.role or passes_on(each.role)]
                if any(fits(statement, source, trigger) for trigger in own):
                    continue
                elsewhere = _elsewhere(statement, source, function, account)
                state = State.WRONG_QUALIFIER if _is_missed(elsewhere, account) else State.PERMISSION_ONLY
                if function.settings.url_auth and service == CALLING and serves_url(statement):
                    state = State.WIRED
                unsure = _unsure(source, function, account) if source and state is State.PERMISSION_ONLY else None
                yield Row(kind, source, state, statements=(statement,), elsewhere=elsewhere, unsure=unsure)


def _unsure(source: str, function: Function, account: Account) -> str | None:
    """Why it is not known what the source is set up to invoke; None where it is."""
    found = existence(source, function, account)
    return None if found.exists is not None else found.unsure or "its source was not read"


def _elsewhere(
    statement: Statement, source: str | None, function: Function, account: Account
) -> tuple[tuple[Function, Trigger], ...]:
    """The triggers that the statement would fit: of other qualifiers, and those that come with a role instead."""
    return tuple(
        (other, trigger)
        for other in account.versions_of(function)
        for trigger in other.triggers
        if fits(statement, source, trigger)
    )


def _is_missed(elsewhere: tuple[tuple[Function, Trigger], ...], account: Account) -> bool:
    """Is one of them not let in where it goes, so that the statement is on the wrong qualifier?"""
    for other, trigger in elsewhere:
        found = deliver(trigger, other, account)
        if not trigger.role and found is not None and found.arrives is False and not found.denies:
            return True
    return False
