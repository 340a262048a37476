"""Judging: which paths the merged grant of a role holds, with a request for each action that the evaluator allows.

A path holds where each of its actions has a proof. A proof without a witness is a doubt: conditions that are not known
decide, and so they do of the path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from rolecall.escalation.paths import POOLS, Path, possible
from rolecall.iam import catalog
from rolecall.iam.evaluate import Policies
from rolecall.iam.policy import Kind as PolicyKind
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import EVERY_KEY, Caller, Request
from rolecall.iam.settle import settle
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Role
from rolecall.needs.extent import fits
from rolecall.needs.grant import Grant, letting_in
from rolecall.needs.parts import overlap
from rolecall.needs.witness import request, witness

MOST = 40
"""Resources of a role's statements that are tried in vain for an action of a path."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One action of a path: the statement that allows it on what a pattern stands for, and a request that is allowed.

    `witness` is None where conditions that are not known decide.
    """

    action: str
    statement: Statement
    pattern: str
    witness: Mapping[str, Any] | None

    @property
    def resource(self) -> str:
        """What the request is about: an ARN."""
        return str(self.witness["resource"]) if self.witness else self.pattern

    def evidence(self) -> dict[str, object]:
        """The proof as a finding shows it."""
        return {
            "action": self.action,
            "policy": self.statement.policy,
            "sid": self.statement.sid,
            "index": self.statement.index,
            "witness": self.witness,
        }


def names(granted: Grant) -> frozenset[str]:
    """Actions of the table (lower case) that the role's policies name at all: with none of them nothing can hold."""
    return frozenset().union(*(possible(policy.allows) for policy in granted.role.policies))


def can(path: Path, named: frozenset[str]) -> bool:
    """Are all actions of the path named?"""
    return all(action.lower() in named for action in path.names)


def proofs(
    granted: Grant, action: str, *, on: str | None = None, given: Mapping[str, str] | None = None
) -> Iterator[Proof]:
    """How the action is allowed: by each statement, on each of its resources, or on what is asked for.

    Parameters
    ----------
    on : an ARN; None for whatever the statements name; after `MOST` that are not allowed no more are tried, and of
        each statement that is left one is taken as not decided
    given : condition keys that the request has
    """
    asked: dict[object, tuple[dict[str, Any] | None, bool]] = {}
    in_vain = 0
    for statement in granted.statements_allowing(action, on or "*"):
        for pattern in (on,) if on else statement.resources or ("*",):
            if not fits(action, pattern) or not _is_of_its_service(action, pattern):
                continue
            same = pattern, statement.conditions  # All of a statement on which the answer depends.
            if same not in asked and in_vain == MOST:
                yield Proof(action, statement, pattern, None)
                break
            if same not in asked:
                seen = witness(granted, statement, action, pattern, given=given)
                asked[same] = seen, seen is None and _is_open(granted, action, pattern, given)
                in_vain += seen is None
            seen, is_open = asked[same]
            if seen and action == "sts:AssumeRole":
                seen = seen | _trust(granted, seen["resource"])
            if seen or is_open:
                yield Proof(action, statement, pattern, seen)


def _is_of_its_service(action: str, pattern: str) -> bool:
    """Is it of a service whose ARNs the action is about? Stars after the service do not stand for another one.

    >>> [_is_of_its_service("iam:PassRole", f"arn:aws:{each}") for each in ("lambda:*:*:function:orders-*", "*:role/x")]
    [False, True]
    """
    head, kinds = pattern.split(":", 3)[:3], catalog.resource_patterns(action)
    if len(head) < 3 or any(is_wild(each) or is_unresolved(each) for each in head) or not kinds:
        return True
    return any(all(map(overlap, head, each.split(":", 3)[:3])) for each in kinds)


def proof(
    granted: Grant, action: str, *, on: str | None = None, given: Mapping[str, str] | None = None
) -> Proof | None:
    """The first proof with a witness, else a doubt, else None: it is not allowed."""
    doubt = None
    for each in proofs(granted, action, on=on, given=given):
        if each.witness:
            return each
        doubt = doubt or each
    return doubt


def _is_open(granted: Grant, action: str, pattern: str, given: Mapping[str, str] | None) -> bool:
    """Is it not decided whether a request for it is allowed?"""
    if is_unresolved(pattern):
        return True
    made = request(granted, action, pattern)
    return granted.allows(action, made["resource"], made["context"] | dict(given or {})).allowed is None


def with_trust(granted: Grant, role: str, trust: Policy | None) -> Grant:
    """The grant where the trust policy of a role (ARN) is known; an unknown one lets the account in."""
    account = granted.account
    policy = trust or letting_in(account.partition, account.id)
    return replace(granted, supposed=Resource(role, policy=policy))  # Another account would be indexed anew each time.


def _trust(granted: Grant, role: str) -> dict[str, Any]:
    """The trust policy that `with_trust` gave the role, as a member of a case."""
    known = granted.known(role)
    return {"resourcePolicy": known.policy.document()} if known and known.policy else {}


def may_let_in(role: Role, own: Grant) -> bool:
    """Does its trust policy name the role, its account, or everybody, whatever else it asks?"""
    every = list(role.trust.allows) if role.trust else []
    if any(statement.not_principals for statement in every):
        return True
    named = [each for statement in every for each in statement.principals]
    return any(each.is_everyone or each.account == own.account.id or each.value == own.role.arn for each in named)


def trusts_service(role: Role, service: str) -> bool:
    """Does the role let the service run as it? Where its trust was not read, or conditions decide, it may."""
    return _trusts(_Trust(role, service))


@dataclass(frozen=True, slots=True, eq=False)
class _Trust:
    """A role and a service, the same only as the same object."""

    role: Role
    service: str

    def __hash__(self) -> int:
        return hash((id(self.role), self.service))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Trust) and self.role is other.role and self.service == other.service


@lru_cache(maxsize=8192)
def _trusts(asked: _Trust) -> bool:
    role, service = asked.role, asked.service
    if role.trust is None:
        return True
    if service == POOLS:  # Amazon Cognito Developer Guide, "Role trust and permissions": it lets in what it federates.
        named = (each for statement in role.trust.allows for each in statement.principals)
        return any(each.type == "Federated" and each.value == service for each in named)
    call = Request(Caller("Service", service), "sts:AssumeRole", role.arn, unknown=EVERY_KEY)
    return settle(call, Policies(resource=replace(role.trust, kind=PolicyKind.TRUST))).allowed is not False


def pins_one_service(statement: Statement, role: Role | None) -> bool:
    """Can what the statement passes run in one service only: by its condition, or by whom the role trusts?"""
    for condition in statement.conditions:
        if condition.pins and condition.key.lower() == "iam:passedtoservice":
            return len(condition.values) == 1
    trusted = {service for each in role.trust.allows for service in each.services} if role and role.trust else set()
    return len(trusted) == 1
