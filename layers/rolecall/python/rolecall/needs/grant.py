"""The grant: what a role effectively allows, asked about one need at a time, with three answers.

Identity policies together, without what a Deny takes away, within the boundary and within the SCPs where they are
known, and by the policy of the resource where it was read. `None` means that it is not decided: a condition, or a part
of the resource that is not known, decides.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from rolecall.iam import catalog
from rolecall.iam.arn import resource_matches
from rolecall.iam.evaluate import Decision, Outcome, Policies
from rolecall.iam.policy import Kind, Policy, Statement, parse
from rolecall.iam.request import EVERY_KEY, Caller, Request
from rolecall.iam.settle import settle
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function, Resource, Role
from rolecall.needs import Need
from rolecall.needs.parts import overlap, widened

PLATFORM = frozenset({"trigger", "config"})
"""Kinds of proof of what Lambda does with the role, where no code of the function runs."""

BY_LAMBDA_TOO = ("logs:", "xray:", "elasticfilesystem:", "s3files:")
"""Actions that carry lambda:SourceFunctionArn also when Lambda itself makes them: Developer Guide, "Working with …"."""

OF_NETWORKS = frozenset({"aws:sourcevpc", "aws:sourcevpce"})
"""Keys that a call of a function outside of the account's networks never has: IAM User Guide, "aws:SourceVpc": only
where the caller used an endpoint of a VPC."""

NOT_SENT = OF_NETWORKS | {"lambda:sourcefunctionarn"}
"""Keys that a call of Lambda itself never has: it comes from no function and no network of the account.

Lambda Developer Guide, "Using source function ARN to control function access behavior".
"""

MOUNTS = ("elasticfilesystem:", "s3files:")
"""Actions that the policy of the resource alone can allow, and often does."""


_WHOLE = re.compile(r"(?<=[:/])⟨[^⟩?:]+⟩$")
"""One unknown value as all of a name. A statement on that value alone, which must be an ARN there, means the same."""


@dataclass(frozen=True, slots=True)
class _Open:
    """The keys of a request that are not known: all but those that are known to be absent."""

    absent: frozenset[str]

    def __contains__(self, key: object) -> bool:
        return key not in self.absent and key in EVERY_KEY


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer: `allowed` None means not decided.

    `statements` decided it; where nothing allows, `near` are statements that allow the action elsewhere, or only under
    a condition. `keys` would decide what is not decided. `resource_read` says whether the resource's own policy was
    looked at.
    """

    allowed: bool | None
    statements: tuple[Statement, ...] = ()
    near: tuple[Statement, ...] = ()
    resource_read: bool = True
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role of an account allows, asked for one of its functions.

    `supposed` is a resource as it is taken to be, whatever the account tells of it.
    """

    role: Role
    function: Function
    account: Account
    supposed: Resource | None = None

    def meets(self, need: Need) -> Verdict:
        """Is the need allowed, by its action or by one that does instead?"""
        verdicts = [
            self.allows(action, need.resource, need.keys, by_lambda=made_by_lambda(need))
            for action in (need.action, *need.instead)
        ]
        return next((each for each in verdicts if each.allowed), verdicts[0])

    def allows(
        self, action: str, resource: str, context: dict[str, str] | None = None, *, by_lambda: bool = False
    ) -> Verdict:
        """Is the action on the resource (ARN, pattern, or `*`) allowed?

        A pattern is allowed when all that it stands for is, and not allowed when nothing of it is.

        Parameters
        ----------
        by_lambda : Lambda itself makes the call: lambda:SourceFunctionArn is absent
        """
        resource = _asked(action, resource)
        exact = self._decide(action, resource, context or {}, by_lambda=by_lambda)
        known = self.known(resource)
        read = known is not None and not known.gaps
        if exact.allowed:
            return Verdict(True, exact.statements, resource_read=read)
        statements = self.statements_allowing(action, resource)
        if (same := _WHOLE.search(resource)) and self._decide(
            action, same[0], context or {}, by_lambda=by_lambda
        ).allowed:
            return Verdict(True, statements, resource_read=read)
        if _is_pattern(action, resource):
            # What holds of all statements about it holds of all that the pattern stands for.
            decided = statements and exact.allowed is False and all(_covers(each, resource) for each in statements)
            if decided or _denied_whole(exact) or self._capped(action, resource):
                return Verdict(False, exact.statements, self._near(action), read)
            if self._decide(action, widened(resource), context or {}, by_lambda=by_lambda).allowed:
                return Verdict(True, statements, resource_read=read)
            # What a Deny takes away of a pattern, or what an Allow covers of it, decides.
            is_open = bool(statements) or (action.startswith(MOUNTS) and not read)
            return Verdict(None if is_open else False, exact.statements, self._near(action), read, exact.keys)
        if exact.allowed is None or any(map(_has_unresolved, statements)):
            return Verdict(None, exact.statements, statements, read, exact.keys)
        if self.is_foreign(resource) and not read and self._on_our_side(action, resource, context or {}, by_lambda):
            return Verdict(None, statements, resource_read=False)
        if action.startswith(MOUNTS) and not read:
            return Verdict(None, exact.statements, self._near(action), resource_read=False)
        return Verdict(False, exact.statements, self._near(action), read)

    def known(self, resource: str) -> Resource | None:
        """What has the policy of a resource (ARN), as far as it is known."""
        owner = _owner(resource)
        return self.supposed if self.supposed and self.supposed.arn == owner else self.account.resource(owner)

    def is_foreign(self, resource: str) -> bool:
        """Is it another account's, whose policy must allow what the role allows?"""
        owner = [*resource.split(":", 5), "", "", "", "", ""][4]
        return owner.isdecimal() and owner != self.account.id

    def _on_our_side(self, action: str, resource: str, context: Mapping[str, str], by_lambda: bool) -> bool:
        """Is all that is missing the other account's word?"""
        request = self.request(action, resource, context, by_lambda=by_lambda)
        policy = letting_in(self.account.partition, self.account.id)
        return bool(settle(request, replace(self.policies(action, resource), resource=policy)).allowed)

    def statements_allowing(self, action: str, resource: str) -> tuple[Statement, ...]:
        """The statements of its identity policies that allow the action on some of the resource, conditions apart."""
        return tuple(each for each in self._about(action) if _meets(each, resource))

    def _capped(self, action: str, resource: str) -> bool:
        """Does a boundary, or a level of the organization's policies, allow nothing of a pattern?"""
        caps = self.policies(action, resource)
        layers = [caps.boundaries, *(caps.scps or ())]
        return any(layer and not any(_speaks(each, action, resource) for each in layer) for layer in layers)

    def _near(self, action: str) -> tuple[Statement, ...]:
        return tuple(self._about(action))

    def _about(self, action: str) -> Iterable[Statement]:
        return (each for policy in self.role.policies for each in policy.allows if _names(each, action))

    def _decide(self, action: str, resource: str, context: dict[str, str], *, by_lambda: bool) -> Decision:
        return settle(self.request(action, resource, context, by_lambda=by_lambda), self.policies(action, resource))

    def request(self, action: str, resource: str, context: Mapping[str, str], *, by_lambda: bool) -> Request:
        """The call as IAM sees it, with all that is known of it."""
        resource = _asked(action, resource)
        caller = Caller("AWS", _session(self.role, self.function, self.account))
        facts = {
            "aws:PrincipalAccount": self.account.id,
            "aws:PrincipalArn": self.role.arn,
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalType": "AssumedRole",
            "aws:SecureTransport": "true",
            **_where(action, resource, self.account),
            **_rotated(resource, self.function),
            **context,
        }
        if not by_lambda:
            facts["lambda:SourceFunctionArn"] = self.function.arn
        absent = NOT_SENT if by_lambda else frozenset[str]() if self.function.settings.subnets else OF_NETWORKS
        return Request.of(caller, action, resource, facts, unknown=_Open(absent))

    def policies(self, action: str, resource: str) -> Policies:
        """All that is known to apply to the action on the resource."""
        return Policies(
            identity=self.role.policies,
            resource=self._own_policy(action, resource),
            boundaries=(self.role.boundary,) if self.role.boundary else None,
            scps=self.account.scps or None,
            rcps=self.account.rcps or None,
        )

    def _own_policy(self, action: str, resource: str) -> Policy | None:
        """The policy of the resource, of a role its trust policy; of keys and roles that were not read, a guess.

        These must let the account in, even its own roles, and most do.
        """
        known = self.known(resource)
        if known and known.policy:
            return known.policy
        if action.startswith("sts:") and (role := self.account.role(resource)) and role.trust:
            return role.trust
        guessed = action.startswith("kms:") or (action.startswith("sts:") and not self.is_foreign(resource))
        return letting_in(self.account.partition, self.account.id) if guessed else None


def made_by_lambda(need: Need) -> bool:
    """Does Lambda itself make the call, and not code of the function?"""
    return need.proof.kind in PLATFORM and not need.action.startswith(BY_LAMBDA_TOO)


def grant(function: Function, account: Account) -> Grant | None:
    """What the function's role allows; None where the role, or a part of it that decides, was not read."""
    role = account.role_of(function)
    if role is None or role.unread("role policies") or role.unread("boundary"):
        return None
    return Grant(role, function, account)


@lru_cache(maxsize=64)
def letting_in(partition: str, account: str) -> Policy:
    """A policy of a resource that leaves it to an account: that of a key by default (KMS Developer Guide)."""
    root = f"arn:{partition}:iam::{account}:root"
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "*", "Resource": "*"}
    return parse({"Version": "2012-10-17", "Statement": [statement]}, name="resource", kind=Kind.RESOURCE)


def _asked(action: str, resource: str) -> str:
    """What of a log group is asked for: `NAME:*` means its streams (CloudWatch Logs User Guide, "ARN formats").

    >>> _asked("logs:PutLogEvents", "arn:aws:logs:us-east-1:111122223333:log-group:a:*")
    'arn:aws:logs:us-east-1:111122223333:log-group:a:log-stream:*'
    """
    streams = action in ("logs:CreateLogStream", "logs:PutLogEvents") and ":log-stream:" not in resource
    return f"{resource[:-1]}log-stream:*" if streams and resource.endswith(":*") else resource


def _where(action: str, resource: str, account: Account) -> dict[str, str]:
    """The region that is called and the owner of the resource, where the ARN or the action tells.

    IAM User Guide, "AWS global condition context keys": aws:RequestedRegion, aws:ResourceAccount; what no ARN names is
    the caller's own.
    """
    parts = [*resource.split(":", 5), "", "", "", "", ""]
    region, owner = parts[3], parts[4]
    if resource == "*" and action.partition(":")[0] in ("ec2", "xray", "kafka"):
        region = account.region
    if resource == "*" and not _takes_resource(action):
        owner = account.id
    found = {"aws:RequestedRegion": region, "aws:ResourceAccount": owner}
    return {key: value for key, value in found.items() if value and not is_wild(value) and not is_unresolved(value)}


def _rotated(resource: str, function: Function) -> dict[str, str]:
    """Of a secret that the function rotates (Secrets Manager User Guide, "Condition keys for Secrets Manager")."""
    rotates = any(each.type == "secretsmanager" and each.source == resource for each in function.triggers)
    return {"secretsmanager:resource/AllowRotationLambdaArn": function.arn} if rotates else {}


def _session(role: Role, function: Function, account: Account) -> str:
    return f"arn:{account.partition}:sts::{account.id}:assumed-role/{role.name}/{function.name}"


def _owner(resource: str) -> str:
    """What has the policy: the bucket of an object."""
    return resource.partition("/")[0] if ":s3:::" in resource else resource


def _is_pattern(action: str, resource: str) -> bool:
    """Does it stand for several resources? `*` does not, where the action takes none."""
    if resource == "*":
        return _takes_resource(action)
    return is_unresolved(resource) or is_wild(resource)


def _takes_resource(action: str) -> bool:
    known = catalog.action(action)
    return known is None or known.takes_resource


def _denied_whole(decision: Decision) -> bool:
    """Does a Deny take all of a pattern? A pattern without `?` that fits another one as text fits all that it does."""
    plain = [each for each in decision.statements if not any("?" in one for one in each.resources)]
    return decision.outcome is Outcome.EXPLICITLY_DENIED and any(not each.not_resources for each in plain)


def _speaks(policy: Policy, action: str, resource: str) -> bool:
    return any(_names(each, action) and _meets(each, resource) for each in policy.allows)


def _covers(statement: Statement, resource: str) -> bool:
    """Does it mean all of the pattern? One that takes the pattern as text by its `*` does."""
    return any("?" not in each and resource_matches(each, resource) for each in statement.resources)


def _names(statement: Statement, action: str) -> bool:
    """Does the statement mean the action?"""
    named = any(matches(one, action, ignore_case=True) for one in statement.actions or statement.not_actions)
    return named != bool(statement.not_actions)


def _has_unresolved(statement: Statement) -> bool:
    return any(map(is_unresolved, (*statement.resources, *statement.not_resources)))


def _meets(statement: Statement, resource: str) -> bool:
    """Can the statement mean some of the resource? Too much where that is not decided, never too little."""
    if statement.not_resources:
        return not any(each == "*" or each == resource for each in statement.not_resources)
    if not statement.resources or resource in statement.resources:
        return True  # A policy of the resource itself, and of an organization, may do without.
    asked = widened(resource)
    return any(overlap(widened(each), asked) for each in statement.resources)
