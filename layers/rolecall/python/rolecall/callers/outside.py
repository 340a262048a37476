"""Callers that only a function's own policy knows: services, other accounts, organisations, everybody."""

from collections.abc import Iterator
from dataclasses import dataclass

from rolecall.callers.caller import BOTH_SIDES, ONE_SIDE, Caller
from rolecall.callers.keys import OF_SERVICES, OF_URLS, Open
from rolecall.callers.principals import (
    INVOKE,
    INVOKE_URL,
    about_invoking,
    known,
    no_principal,
)
from rolecall.callers.strangers import filling, stranger
from rolecall.callers.trial import ANYTHING
from rolecall.callers.urls import CALLING
from rolecall.callers.verdict import decided, spelled
from rolecall.callers.within import Within
from rolecall.iam.arn import Arn
from rolecall.iam.evaluate import Policies
from rolecall.iam.policy import Policy, Principal, Statement
from rolecall.iam.request import Caller as Requester
from rolecall.iam.request import Request
from rolecall.model import Account, Function, Gap
from rolecall.triggers import pushing

SOURCES = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "lambda:EventSourceToken")
"""Keys that say for what a service comes, the closest first."""

WHO = {
    "aws:principalarn": "",
    "aws:principalaccount": "account",
    "aws:principalorgid": "organization",
    "aws:principalorgpaths": "organization",
}
"""Keys that say who comes, where everybody is named: the closest first."""


@dataclass(frozen=True, slots=True)
class _Wanting:
    """Somebody who may want to invoke, as a statement names it, with what is known of its requests."""

    principal: str
    kind: str
    requester: Requester
    source: str | None = None
    context: tuple[tuple[str, str], ...] = ()
    given: tuple[str, ...] = ()
    """Keys that the row itself shows, in lower case."""


def outside(function: Function, account: Account, within: Within) -> Iterator[Caller | Gap]:
    """The callers that the function's policy names and that are no known principals of the account."""
    policy = function.resource_policy
    if policy is None:
        return
    found: dict[tuple[str, str, str | None], Caller] = {}
    for statement in about_invoking(policy):
        if not statement.is_allow:
            continue
        for each in _named(statement, function, account, within):
            if isinstance(each, Gap):
                yield each
            elif (row := _row(each, statement, function, account, within)) is not None:
                key = row.principal, row.kind, row.source
                found[key] = _joined(found[key], row) if key in found else row
    yield from found.values()


def _named(statement: Statement, function: Function, account: Account, within: Within) -> Iterator["_Wanting | Gap"]:
    if statement.not_principals:
        yield _Wanting("*", "anyone", _somebody(account))
    for each in statement.principals:
        if each.is_everyone:
            yield from _everyone(statement, account)
        elif each.type == "Service":
            yield from _service(each.value, statement, account)
        elif each.type == "AWS":
            yield from _principal(each, statement, function, account, within)
        else:
            why = f"{statement.where}: `{each.type}` `{each.value}` is no principal that is known to invoke functions"
            yield Gap("callers", why, None, function.id, mendable=False)


def _service(service: str, statement: Statement, account: Account) -> Iterator[_Wanting]:
    """A row for each source that the statement lets it come for."""
    guards = [(key, value) for key in SOURCES for value in _pinned(statement, key)]
    closest = [(key, value) for key, value in guards if key == guards[0][0]]
    given = tuple(dict.fromkeys(key.lower() for key, _ in guards))
    others = {key: value for key, value in reversed(guards) if not closest or key != closest[0][0]}
    facts = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": service}
    row = pushing(service)
    if row is not None and not row.sends_account:
        others.pop("aws:SourceAccount", None)
    requester = Requester("Service", service)
    if not closest:
        yield _Wanting(service, "service", requester, None, tuple(facts.items()), given)
    for key, value in closest:
        source = {key: filling(value)}
        owner = Arn.parse(value) if key == "aws:SourceArn" else None
        if owner and len(owner.account) == 12 and owner.account.isdecimal() and (row is None or row.sends_account):
            source["aws:SourceAccount"] = others.get("aws:SourceAccount", owner.account)
        context = {**{name: filling(text) for name, text in others.items()}, **source, **facts}
        yield _Wanting(service, "service", requester, value, tuple(context.items()), given)


def _everyone(statement: Statement, account: Account) -> Iterator[_Wanting]:
    """Everybody, or those that a condition leaves of them."""
    for key, kind in WHO.items():
        if values := _pinned(statement, key):
            for value in values:
                yield from _left(key, kind, value, account)
            return
    for key in SOURCES:
        for value in _pinned(statement, key):
            # A service on behalf of this source: which one, the statement does not say.
            context = ((key, filling(value)),)
            yield _Wanting("*", "anyone", Requester("Service", "*"), value, context, (key.lower(),))
            return
    yield _Wanting("*", "anyone", _somebody(account))


def _left(key: str, kind: str, value: str, account: Account) -> Iterator[_Wanting]:
    """Whom a condition on the principal leaves; those of this account are asked for by name."""
    arn = Arn.parse(value)
    owner = value if kind == "account" else arn.account if arn else ""
    if owner == account.id:
        return
    requester = _foreign(value if arn else "", owner, account)
    context = {key: filling(value)}
    if owner.isdecimal():
        context["aws:principalaccount"] = owner
    shown = kind or {"role": "role", "assumed-role": "role", "user": "user"}.get(arn.kind if arn else "", "account")
    yield _Wanting(value, shown, requester, None, tuple(context.items()), (key,))


def _principal(
    each: Principal, statement: Statement, function: Function, account: Account, within: Within
) -> Iterator["_Wanting | Gap"]:
    value = each.value
    if each.account:
        if each.account != account.id:
            yield _Wanting(each.account, "account", _foreign("", each.account, account))
        return
    if why := no_principal(value):
        said = f"{statement.where}: the principal `{value}` {why}"
        yield Gap("callers", said, None, function.id, mendable=False, place=statement.place)
        return
    if within.knows(value):
        return
    arn = Arn.parse(value)
    kind = "user" if arn and arn.kind == "user" else "role"
    yield _Wanting(value, kind, Requester("AWS", value))


def _row(who: _Wanting, statement: Statement, function: Function, account: Account, within: Within) -> Caller | None:
    """The caller, if what the policy says all together lets it in."""
    identity, boundaries, side = _own_side(who, account, within)
    resource = function.resource_policy
    policies = Policies(identity, resource, boundaries, scps=account.scps if _is_here(who, account) else None)
    found = [(way, *decided(requests, policies)) for way, requests in _requests(who, function, account)]
    through = tuple(way for way, allowed, _ in found if allowed is not False)
    if not through:
        return None
    keys = set[str]()
    if all(allowed is not True for _, allowed, _ in found):
        keys = {key for _, allowed, keys in found if allowed is None for key in keys} - {*who.given}
    if "url" in through and function.settings.url_auth == "NONE" and who.kind == "anyone":
        side = BOTH_SIDES  # No one is asked who they are: there is no other side.
    return Caller(who.principal, who.kind, who.source, "resource", (statement,), spelled(keys, policies), side, through)


def _own_side(
    who: _Wanting, account: Account, within: Within
) -> tuple[tuple[Policy, ...], tuple[Policy, ...] | None, str]:
    """The caller's own policies and boundary, and whether they are known."""
    if who.requester.type == "Service":
        return (), None, BOTH_SIDES
    role = within.session(who.principal)
    if role is not None:
        return role.policies, (role.boundary,) if role.boundary else None, BOTH_SIDES
    return (ANYTHING,), None, ONE_SIDE


def _requests(who: _Wanting, function: Function, account: Account) -> Iterator[tuple[str, tuple[Request, ...]]]:
    auth = function.settings.url_auth
    absent = OF_URLS if who.requester.type == "Service" or who.source else OF_URLS | OF_SERVICES
    facts = {**known(function, account), **dict(who.context)}

    def request(action: str, requester: Requester, **context: str) -> Request:
        unknown = Open(frozenset(absent - {key.lower() for key in facts}), every=True)
        return Request.of(requester, action, function.qualified_arn, {**facts, **context}, unknown=unknown)

    yield "invoke", (request(INVOKE, who.requester),)
    if auth is None or (who.kind == "service" and who.principal != CALLING):
        return
    # Whoever uses a URL without authentication signs nothing.
    by = Requester("Anonymous", "*") if auth == "NONE" else who.requester
    if auth == "NONE" and who.kind != "anyone":
        return
    passed = {"lambda:InvokedViaFunctionUrl": "true"}
    yield (
        "url",
        (request(INVOKE_URL, by, **{"lambda:FunctionUrlAuthType": auth}), request(INVOKE, by, **passed)),
    )


def _joined(one: Caller, other: Caller) -> Caller:
    """Two statements that let the same in: what one leaves open, the other may not."""
    keys = tuple(sorted({*one.open, *other.open})) if one.open and other.open else ()
    through = tuple(dict.fromkeys((*one.through, *other.through)))
    statements = tuple(dict.fromkeys((*one.statements, *other.statements)))
    return Caller(one.principal, one.kind, one.source, one.via, statements, keys, one.known, through)


def _pinned(statement: Statement, key: str) -> tuple[str, ...]:
    """The values that the statement lets through of a key, if it pins it."""
    if not statement.pins(key):
        return ()
    tests = (c for c in statement.conditions if c.key.lower() == key.lower() and c.pins)
    return next(tests).values


def _somebody(account: Account) -> Requester:
    """One of an account that nobody named."""
    return _foreign("", stranger(account), account)


def _foreign(arn: str, owner: str, account: Account) -> Requester:
    named = filling(arn) if arn and not arn.endswith(":root") else f"arn:{account.partition}:iam::{owner}:user/any"
    return Requester("AWS", named, owner or None)


def _is_here(who: _Wanting, account: Account) -> bool:
    return who.requester.type == "AWS" and who.requester.account == account.id
