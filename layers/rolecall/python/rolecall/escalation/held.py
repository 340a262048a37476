"""What a role holds of the table: the paths of each kind, with their proofs and whose rights they give."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

from rolecall.escalation.judge import MOST, Proof, can, may_let_in, names, proof, proofs, trusts_service, with_trust
from rolecall.escalation.paths import Kind, On, Path, of_kind
from rolecall.escalation.strength import UNKNOWN, is_administrator
from rolecall.escalation.targets import Target, Targets, functions, is_exact, roles
from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function, Role
from rolecall.needs.excess import is_aws_managed
from rolecall.needs.grant import Grant
from rolecall.needs.witness import request


@dataclass(frozen=True, slots=True)
class Held:
    """A path that a role holds: a proof for each action in order, and whose rights it gives.

    `targets` None: its own, or anybody's.
    """

    path: Path
    proofs: tuple[Proof, ...]
    targets: Targets | None = None

    @property
    def statement(self) -> Statement:
        """The one that findings stand on: of the first action."""
        return self.proofs[0].statement

    @property
    def is_certain(self) -> bool:
        """Has each action a request that is allowed?"""
        return all(each.witness for each in self.proofs)


def granted(function: Function, account: Account) -> Grant | None:
    """What the function's role holds; None where it was not read, or is an administrator, who can gain nothing."""
    role = account.role_of(function)
    if role is None or is_administrator(role, account):
        return None
    return Grant(role, function, account)


def on_itself(own: Grant) -> Iterator[Held]:
    """Paths by which it raises its own rights, or takes any."""
    named = names(own)
    for path in of_kind(Kind.SELF):
        if can(path, named):
            yield from _self(own, path)


def _self(own: Grant, path: Path) -> Iterator[Held]:
    given = _unbounded(own)
    first = path.actions[0][1]
    if path.id.startswith("boundary-") and own.role.boundary is None:
        return
    if first is On.OWN:
        granting = with_trust(own, own.role.arn, None)  # Who rewrites its trust policy lets itself in.
        found = tuple(proof(granting, action, on=own.role.arn, given=given) for action, _ in path.actions)
        yield from _held(path, found)
    elif first is On.POLICY:
        for policy in own.role.policies:
            if policy.name.startswith("arn:") and not is_aws_managed(policy):
                yield from _held(path, (proof(own, path.names[0], on=policy.name),))
    else:
        yield from _others(own, path, given)


def _others(own: Grant, path: Path, given: Mapping[str, str]) -> Iterator[Held]:
    """Paths over another role, or over users: any that the first action can be done on."""
    on_role = cache(partial(_on_role, own, tuple(given.items())))
    for first in proofs(own, path.names[0], given=given):
        if first.pattern == own.role.arn:
            continue
        if path.actions[0][1] is not On.ROLE:
            rest = tuple(_on_role_of(own, action, first.pattern, on_role) for action in path.names[1:])
            yield from _held(path, (first, *rest))
            continue
        arn = first.resource
        known = own.account.role(first.pattern)
        rest = tuple(proof(_trusting(own, known, arn), action, on=arn, given=given) for action in path.names[1:])
        reached = roles(own, first.pattern, lambda _: True)
        if reached is None and len(path.actions) == 1:
            continue  # It becomes a role that is no stronger.
        worst = Target(f"`{first.pattern.rpartition('/')[2]}`", known, UNKNOWN)
        yield from _held(path, (first, *rest), reached or Targets(first.pattern, worst))


def _on_role_of(
    own: Grant, action: str, policy: str, on_role: Callable[[str, str], tuple[str, Proof | None]]
) -> Proof | None:
    """An action on a role that has the policy, as far as the role is known; a doubt where too many were tried."""
    in_vain = 0
    for statement in own.statements_allowing(action, "*"):
        for pattern in statement.resources or ("*",):
            if in_vain == MOST:
                return Proof(action, statement, pattern, None)
            arn, found = on_role(action, pattern)
            known = own.account.role(arn)
            if arn == own.role.arn or (known and not any(resource_matches(policy, one.name) for one in known.policies)):
                continue
            if found:
                return found
            in_vain += 1
    return None


def _on_role(own: Grant, given: tuple[tuple[str, str], ...], action: str, pattern: str) -> tuple[str, Proof | None]:
    """A role that a pattern stands for, and the proof that the action may be done on it."""
    arn = str(request(own, action, pattern)["resource"])
    return arn, proof(_trusting(own, own.account.role(arn), arn), action, on=arn, given=dict(given))


def _trusting(own: Grant, role: Role | None, arn: str | None = None) -> Grant:
    if role is not None:
        return with_trust(own, role.arn, role.trust)
    return with_trust(own, arn, None) if arn else own


def _held(path: Path, found: tuple[Proof | None, ...], targets: Targets | None = None) -> Iterator[Held]:
    every = tuple(each for each in found if each)
    if len(every) == len(path.actions):
        yield Held(path, every, targets)


def _unbounded(own: Grant) -> dict[str, str]:
    """A value that no condition on the boundary names: what may only be done under one is no way out of it."""
    policies = (*own.role.policies, *(policy for level in own.account.scps for policy in level))
    asked = {
        condition.key.lower() for policy in policies for each in policy.statements for condition in each.conditions
    }
    return {"iam:PermissionsBoundary": "none"} if "iam:permissionsboundary" in asked else {}


def by_passing(own: Grant) -> Iterator[Held]:
    """Paths by which a role is passed to what runs as it, for each statement and role pattern that allows passing."""
    named = names(own)
    anywhere = cache(partial(proof, own))
    to_service = cache(lambda service: tuple(proofs(own, "iam:PassRole", given={"iam:PassedToService": service})))
    for path in of_kind(Kind.PASS):
        if not can(path, named):
            continue
        rest = tuple(anywhere(action) for action in path.names[1:])
        if all(rest):
            for passing in to_service(path.service or ""):
                reached = roles(own, passing.pattern, partial(trusts_service, service=path.service or ""))
                if reached:
                    yield from _held(path, (passing, *rest), reached)


def may_write(own: Grant, pattern: str) -> bool:
    """May it write the rights of the roles that a pattern stands for? Passed, they have any that it likes."""
    named, given = names(own), _unbounded(own)
    writing = (each for each in ("iam:AttachRolePolicy", "iam:PutRolePolicy") if each.lower() in named)
    found = (proof(own, action, on=pattern, given=given) for action in writing)
    return any(each is not None and each.witness is not None for each in found)


def over_workloads(own: Grant) -> Iterator[Held]:
    """Paths by which it takes over other functions, or what else runs under a role."""
    named, anywhere = names(own), cache(partial(proof, own))
    for path in of_kind(Kind.TAKE):
        if not can(path, named):
            continue
        for first in proofs(own, path.names[0]):
            if path.actions[0][1] is On.FUNCTION:
                yield from _function(own, path, first, anywhere)
            else:
                rest = tuple(anywhere(action) for action in path.names[1:])
                thing = Targets(first.pattern, Target(_thing(first.pattern), None, UNKNOWN), is_open=True)
                yield from _held(path, (first, *rest), thing)


def _thing(pattern: str) -> str:
    return "the role of anything that runs" if pattern == "*" else f"the role of `{pattern}`"


def _function(own: Grant, path: Path, first: Proof, anywhere: Callable[[str], Proof | None]) -> Iterator[Held]:
    for pattern in _meant(first):
        reached = functions(own, pattern)
        if reached is None:
            continue
        others = path.names[1:]
        rest = tuple(anywhere(each) if reached.is_open else proof(own, each, on=pattern) for each in others)
        yield from _held(path, (first, *rest), reached)


def _meant(first: Proof) -> tuple[str, ...]:
    """The functions that a statement means: by its resource, or by the condition where the action takes none.

    Service Authorization Reference, "AWS Lambda": lambda:FunctionArn for CreateEventSourceMapping.
    """
    conditions = (each for each in first.statement.conditions if each.pins and each.key.lower() == "lambda:functionarn")
    return next((each.values for each in conditions), (first.pattern,))


def over_itself(own: Grant) -> Iterator[Held]:
    """Paths by which the function changes itself."""
    named = names(own)
    function = own.function
    for path in of_kind(Kind.REWRITE):
        if can(path, named):
            found = proof(own, path.names[0], on=function.arn)
            yield from _held(path, (found or proof(own, path.names[0], on=f"{function.arn}:rolecall"),))


def by_assuming(own: Grant) -> Iterator[Held]:
    """Roles that it may assume: any, or known ones that let it in and are stronger."""
    if "sts:assumerole" not in names(own):
        return
    (path,) = of_kind(Kind.CHAIN)
    for statement in own.statements_allowing("sts:AssumeRole", "*"):
        for pattern in statement.resources or ("*",):
            yield from _assumed(own, path, statement, pattern)


def _assumed(own: Grant, path: Path, statement: Statement, pattern: str) -> Iterator[Held]:
    def lets_in(role: Role) -> bool:
        if not may_let_in(role, own):
            return False
        seen = proof(with_trust(own, role.arn, role.trust), "sts:AssumeRole", on=role.arn)
        return seen is not None and seen.witness is not None

    if is_exact(pattern):
        known = own.account.role(pattern)
        reached = roles(own, pattern, lets_in) if known else None
    else:
        reached = roles(own, pattern, lets_in)
        if reached and reached.worst.role is None and not _is_any(pattern):
            return  # It names some roles, of which none is known to let it in.
    if reached is None:
        return
    on = reached.worst.role
    granting = with_trust(own, on.arn, on.trust) if on else own
    arn = on.arn if on else _any_role(own, pattern)
    found = proof(with_trust(granting, arn, on.trust if on else None), "sts:AssumeRole", on=arn)
    if found:
        yield Held(path, (replace(found, statement=statement, pattern=pattern),), reached)


def _is_any(pattern: str) -> bool:
    """Does it stand for every role of an account?

    >>> _is_any("arn:aws:iam::*:role/*"), _is_any("arn:aws:iam::*:role/reader"), _is_any("arn:aws:iam::1*:role/app-*")
    (True, False, False)
    """
    name = pattern.split(":", 5)[-1]
    return pattern == "*" or not name.removeprefix("role").strip("/*")


def _any_role(own: Grant, pattern: str) -> str:
    account = own.account
    parts = pattern.split(":", 5)
    owner = parts[4] if len(parts) == 6 and parts[4] and not is_wild(parts[4]) else account.id
    return f"arn:{account.partition}:iam::{owner}:role/any"
