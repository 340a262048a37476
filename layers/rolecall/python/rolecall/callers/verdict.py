"""Verdicts: may one principal of the account invoke one function, by what, or what holds it back?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rolecall.callers.principals import Principal
from rolecall.iam.evaluate import Outcome, Policies
from rolecall.iam.matching import plan
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import Request
from rolecall.iam.settle import settle
from rolecall.model import Account, Function


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a group may do with a class of functions; `allowed` None where `open` keys decide."""

    allowed: bool | None
    via: str | None = None
    statements: tuple[Statement, ...] = ()
    open: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    by: str | None = None
    """What holds back those whom their identity policies allow."""


def ways(function: Function) -> tuple[str, ...]:
    """How one who signs a request can invoke it. A URL without authentication asks nobody who they are."""
    return ("invoke", "url") if function.settings.url_auth == "AWS_IAM" else ("invoke",)


def verdict(who: Principal, function: Function, account: Account, resource: Policy | None) -> Verdict:
    """May the principal invoke the function, whose own policy is given, and by what?"""
    policies = who.within(account, resource)
    found = [(way, *decided(who.requests(function, account, way), policies)) for way in ways(function)]
    best = [allowed for _, allowed, _ in found]
    if not any(allowed is not False for allowed in best):
        return _held_back(who.requests(function, account, "invoke")[0], policies)
    through = tuple(way for way, allowed, _ in found if allowed is not False)
    requests = [each for way in through for each in who.requests(function, account, way)]
    keys = set[str]() if True in best else {key for _, allowed, keys in found if allowed is None for key in keys}
    via, statements = _chain(requests, policies)
    return Verdict(True if True in best else None, via, statements, spelled(keys, policies), through)


def decided(requests: Iterable[Request], policies: Policies) -> tuple[bool | None, tuple[str, ...]]:
    """Are all of them allowed, and which keys decide?"""
    decisions = [settle(request, policies) for request in requests]
    answers = [each.allowed for each in decisions]
    if False in answers:
        return False, ()
    return (None if None in answers else True), tuple(key for each in decisions for key in each.keys)


def _chain(requests: Iterable[Request], policies: Policies) -> tuple[str, tuple[Statement, ...]]:
    """Through which kind of policy the requests are allowed, and all statements that let them."""
    identity, boundary, resource = list[Statement](), list[Statement](), list[Statement]()
    alone = [True, True]
    for request in requests:
        own = list(_allowing(policies.identity, request))
        given = list(_allowing((policies.resource,) if policies.resource else (), request))
        identity += own
        boundary += _allowing(policies.boundaries or (), request) if own else ()
        resource += given
        alone[0] &= bool(own) and settle(request, _without(policies, "resource")).allowed is not False
        alone[1] &= bool(given) and settle(request, _without(policies, "identity")).allowed is not False
    via = {(True, False): "identity", (False, True): "resource"}.get((alone[0], alone[1]), "both")
    chosen = {"identity": identity + boundary, "resource": resource, "both": identity + boundary + resource}[via]
    return via, tuple(dict.fromkeys(chosen))


def _allowing(policies: Iterable[Policy], request: Request) -> Iterator[Statement]:
    """The Allow statements that mean the request, or may."""
    for policy in policies:
        for entry in plan(policy).about(request.verb)[1]:
            if entry.on_caller is not None and not entry.on_caller(request.caller, False):
                continue
            if entry.applies(request):
                yield entry.statement


def _without(policies: Policies, part: str) -> Policies:
    """The same without what that kind of policy allows; what it denies stays."""
    resource, identity = policies.resource, policies.identity
    if part == "resource":
        resource = resource and _denies(resource)
    else:
        identity = tuple(_denies(each) for each in identity if each.denies)
    return Policies(identity, resource, policies.boundaries, policies.sessions, policies.scps, policies.rcps)


def _denies(policy: Policy) -> Policy:
    return Policy(policy.name, policy.kind, policy.version, policy.denies)


def _held_back(request: Request, policies: Policies) -> Verdict:
    """What stands against an Allow of the identity policies, if there is one."""
    if not any(_allowing(policies.identity, request)):
        return Verdict(False)
    decision = settle(request, policies)
    if decision.outcome is Outcome.EXPLICITLY_DENIED:
        return Verdict(False, statements=decision.statements, by="deny")
    bounded = policies.boundaries and not any(_allowing(policies.boundaries, request))
    return Verdict(False, by="boundary" if bounded else "scp" if policies.scps else "deny")


def spelled(keys: Iterable[str], policies: Policies) -> tuple[str, ...]:
    """Condition keys as the policies write them, sorted."""
    levels = [*(policies.scps or ()), policies.identity, policies.boundaries or ()]
    every = [policy for level in levels for policy in level] + ([policies.resource] if policies.resource else [])
    written = {c.key.lower(): c.key for each in every for s in each.statements for c in s.conditions}
    return tuple(sorted({written.get(key, key) for key in keys}))
