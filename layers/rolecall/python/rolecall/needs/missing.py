"""Needs − grant: the MUST needs of a function that its role does not allow, or of which that is not decided.

A need is in the answer once, so no two rules speak of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from rolecall.iam import catalog
from rolecall.iam.evaluate import Outcome, Policies
from rolecall.iam.nearest import nearest
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import Request
from rolecall.iam.settle import settle
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.grant import Grant, Verdict, grant, made_by_lambda
from rolecall.needs.of import Pair, of
from rolecall.needs.parts import overlap, widened


@dataclass(frozen=True, slots=True)
class Block:
    """What keeps a need from being allowed although a statement allows it.

    `allow` is that statement. `by` is what blocks, in words; `statement` the Deny, or the `allow` itself where one of
    its conditions can never be met, None where a policy only does not allow it.
    """

    allow: Statement
    by: str
    statement: Statement | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A MUST need that is not allowed (`verdict.allowed` False), or of which that is not decided (None).

    Parameters
    ----------
    near : the statement that comes nearest: the action on another resource, or nearly the action on this one
    block : what blocks it where a statement does allow it
    """

    need: Need
    verdict: Verdict
    near: Statement | None = None
    block: Block | None = None

    @property
    def is_open(self) -> bool:
        return self.verdict.allowed is None


def missing(function: Function, account: Account) -> tuple[Missing, ...]:
    """What a function lacks; nothing where its role, or a part of it that decides, was not read."""
    return _missing(Pair(function, account))


@lru_cache(maxsize=1024)
def _missing(pair: Pair) -> tuple[Missing, ...]:
    held = grant(pair.function, pair.account)
    if held is None:
        return ()
    return tuple(_judged(held, pair))


def _judged(held: Grant, pair: Pair) -> Iterator[Missing]:
    for need in of(pair.function, pair.account).must:
        verdict = held.meets(need)
        if verdict.allowed is None:
            yield Missing(need, verdict)
        elif not verdict.allowed:
            block = block_of(held, need)
            yield Missing(need, verdict, None if block else _near(held, need, verdict), block)


def block_of(held: Grant, need: Need) -> Block | None:
    """What blocks the need; None where nothing allows it in the first place."""
    for action in (need.action, *need.instead):
        request = held.request(action, need.resource, need.keys, by_lambda=made_by_lambda(need))
        policies = held.policies(action, need.resource)
        free = Policies(identity=_allowing(policies.identity), resource=_freed(policies.resource))
        decision = settle(request, free)
        if decision.allowed is False:
            block = _never_met(request, free, need)
        else:
            allows = decision.statements or held.statements_allowing(action, need.resource)
            block = _layer(request, policies, allows[0]) if allows else None
        if block:
            return block
    return None


def _never_met(request: Request, free: Policies, need: Need) -> Block | None:
    """A statement on the resource whose conditions cannot be met; a key that the need pins is only a near miss."""
    miss = nearest(request, Policies(identity=free.identity))
    pinned = {key.lower() for key, _ in need.context}
    keys = [] if miss is None else [each for each in miss.missing if ":" in each]
    if miss is None or not keys or len(keys) < len(miss.missing) or pinned & {key.lower() for key in keys}:
        return None
    quoted = " and ".join(f"`{key}`" for key in keys)
    return Block(miss.statement, f"its condition on {quoted}, which the call never meets", miss.statement)


def _layer(request: Request, policies: Policies, allow: Statement) -> Block | None:
    """The first kind of policy that turns the answer into a no."""
    own = Policies(identity=policies.identity, resource=policies.resource)
    bounded = replace(own, boundaries=policies.boundaries)
    guarded = replace(bounded, scps=policies.scps)
    rows = (
        ("the role's or the resource's own policies", own),
        ("the permissions boundary", bounded),
        ("a service control policy", guarded),
        ("a resource control policy", replace(guarded, rcps=policies.rcps)),
    )
    for by, each in rows:
        decision = settle(request, each)
        if decision.allowed is False:
            deny = decision.statements[0] if decision.outcome is Outcome.EXPLICITLY_DENIED else None
            if deny is None:
                return Block(allow, f"{by}, which does not allow it")
            return Block(allow, f"the Deny in `{deny.policy}`, statement {deny.index + 1}", deny)
    return None


def _freed(policy: Policy | None) -> Policy | None:
    return replace(policy, statements=policy.allows) if policy else None


def _allowing(policies: tuple[Policy, ...]) -> tuple[Policy, ...]:
    return tuple(replace(policy, statements=policy.allows) for policy in policies)


def _near(held: Grant, need: Need, verdict: Verdict) -> Statement | None:
    """The action on the resource that looks most like it, or else a slip of the pen in the action."""
    if verdict.near:
        return max(verdict.near, key=lambda each: _likeness(each, need.resource))
    for policy in held.role.policies:
        for statement in policy.allows:
            if any(catalog.is_slip(each, need.action) for each in statement.actions) and _reaches(
                statement, need.resource
            ):
                return statement
    return None


def _likeness(statement: Statement, resource: str) -> float:
    ratios = (SequenceMatcher(None, each, resource, autojunk=False).ratio() for each in statement.resources)
    return max(ratios, default=0.0)


def _reaches(statement: Statement, resource: str) -> bool:
    return any(overlap(widened(each), widened(resource)) for each in statement.resources)
