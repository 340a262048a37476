"""Decisions: is one request allowed by all the policies that apply to it, and which statements decide?

IAM User Guide, "Policy evaluation logic", with its pages on requests within one account and across accounts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from rolecall.iam.matching import DELEGATED, DIRECT, MAYBE, NO, ROLE, YES, Entry, plan
from rolecall.iam.request import Request
from rolecall.iam.statement import Policy, Statement
from rolecall.iam.variables import Template

RCP_SERVICES = frozenset(
    {
        "aoss",
        "cognito-identity",
        "cognito-idp",
        "dynamodb",
        "ecr",
        "events",
        "kms",
        "logs",
        "s3",
        "secretsmanager",
        "sqs",
        "sts",
        "xray",
    }
)
"""Action prefixes of the services that support RCPs: Organizations User Guide, "Resource control policies"."""

NOT_BY_RCP = frozenset({"kms:retiregrant"})
"""Actions on which an RCP has no effect: KMS Developer Guide, "Resource control policies in AWS KMS"."""

ALWAYS_ALLOWED = frozenset({"sts:getcalleridentity"})
"""Actions that need no permission and that no Deny takes away: STS API reference."""


class Outcome(StrEnum):
    ALLOWED = "Allowed"
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Policies:
    """All the policies that apply to a request; None means that there is none of the kind.

    The policies of one tuple are read as one. `scps` and `rcps` have a tuple per level, from the root to the account.
    """

    identity: tuple[Policy, ...] = ()
    resource: Policy | None = None
    boundaries: tuple[Policy, ...] | None = None
    sessions: tuple[Policy, ...] | None = None
    scps: tuple[tuple[Policy, ...], ...] | None = None
    rcps: tuple[tuple[Policy, ...], ...] | None = None
    endpoint: tuple[Policy, ...] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: `statements` decided it (none for an implicit denial), `keys` would decide it when it is unknown.

    `allowed` is False also for an unknown outcome when both possible ones are denials, and None when it may be allowed.
    """

    outcome: Outcome
    statements: tuple[Statement, ...] = ()
    keys: tuple[str, ...] = ()
    allowed: bool | None = False


_ALLOWED_ALWAYS = Decision(Outcome.ALLOWED, allowed=True)
_IMPLICIT = Decision(Outcome.IMPLICITLY_DENIED)


def evaluate(request: Request, policies: Policies) -> Decision:
    """Decide a request.

    Examples
    --------
    >>> from rolecall.iam.policy import parse
    >>> from rolecall.iam.request import Caller
    >>> read = parse({"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}, name="read")
    >>> user = Caller("AWS", "arn:aws:iam::111122223333:user/ann")
    >>> evaluate(Request(user, "s3:GetObject", "arn:aws:s3:::inbox/a"), Policies(identity=(read,))).outcome
    <Outcome.ALLOWED: 'Allowed'>
    """
    caller = request.caller
    if request.verb in ALWAYS_ALLOWED and caller.type == "AWS":
        return _ALLOWED_ALWAYS
    identity, caps, walls = layers(request, policies)
    resource = (policies.resource,) if policies.resource else ()
    bounded = bool(policies.boundaries) and caller.has_policies and not caller.is_root
    denied, denies = _denied(request, (identity, resource, *caps, *walls), bounded=bounded)
    if denied == YES:
        return Decision(Outcome.EXPLICITLY_DENIED, tuple(denies))
    state, allows = _granted(request, identity, resource, caps, bounded=bounded)
    for wall in walls:
        if not state:
            break
        state = min(state, _state(request, wall, bounded=bounded))
    if state == denied == NO:
        return _IMPLICIT
    if denied == NO and state == YES:
        return Decision(Outcome.ALLOWED, tuple(allows), allowed=True)
    found = tuple(sorted(_deciding_keys(request, (*identity, *resource, *_flat(caps), *_flat(walls)))))
    return Decision(Outcome.UNKNOWN, keys=found, allowed=None if state else False)


Layer = tuple[Policy, ...]


def layers(request: Request, policies: Policies) -> tuple[Layer, list[Layer], list[Layer]]:
    """The identity policies, what caps them (boundary, session), and what caps everything: those that apply.

    A service, a federated or an anonymous caller has no identity policies, nor has the root user any that count.
    SCPs hold for callers of an account, but not for service-linked roles; RCPs neither for these nor for services
    that do not support them.
    """
    caller = request.caller
    identity: Layer = ()
    caps: list[Layer] = []
    if caller.has_policies and not caller.is_root:
        identity = policies.identity
        caps = [layer for layer in (policies.boundaries, policies.sessions) if layer]
    walls: list[Layer] = []
    if policies.scps and caller.account and caller.type != "Service" and not caller.is_service_linked:
        walls += policies.scps
    if policies.rcps and not caller.is_service_linked and _is_under_rcps(request.verb):
        walls += policies.rcps
    if policies.endpoint:
        walls.append(policies.endpoint)
    return identity, caps, walls


def _is_under_rcps(verb: str) -> bool:
    return verb.partition(":")[0] in RCP_SERVICES and verb not in NOT_BY_RCP


def _denied(request: Request, every: Iterable[Layer], *, bounded: bool) -> tuple[int, list[Statement]]:
    state, statements = NO, []
    for layer in every:
        for policy in layer:
            for entry in plan(policy).about(request.verb)[0]:
                if entry.on_caller is not None and not entry.on_caller(request.caller, bounded):
                    continue
                found = entry.applies(request)
                if found:
                    state = max(state, found)
                    if found == YES:
                        statements.append(entry.statement)
    return state, statements


def _granted(
    request: Request, identity: Layer, resource: Layer, caps: list[Layer], *, bounded: bool
) -> tuple[int, list[Statement]]:
    """Whether identity and resource policies together grant it, and by which statements."""
    caller = request.caller
    by_resource = _resource_states(request, resource, bounded=bounded)
    delegated, role, direct = by_resource[DELEGATED][0], by_resource[ROLE][0], by_resource[DIRECT][0]
    if not caller.has_policies:
        return max(delegated, role, direct), by_resource[DIRECT][1]
    owner_decides = _owner_decides(request)
    if caller.is_root:
        if request.verb == "sts:assumerole":
            return NO, []  # "You can't call AssumeRole by using AWS account root user credentials" (STS API reference)
        if caller.account == request.owner and not owner_decides:
            return YES, []
        return max(delegated, role, direct), [*by_resource[DIRECT][1], *by_resource[DELEGATED][1]]
    own, allows = _identity_state(request, identity)
    capped = YES
    for cap in caps:
        capped = min(capped, _state(request, cap, bounded=bounded))
    if caller.account != request.owner:
        granted = max(delegated, role, direct)
        return min(own, capped, granted), [*allows, *(each for _, found in by_resource for each in found)]
    if owner_decides:
        through = max(role, min(delegated, own))
        allows = [*allows, *by_resource[DELEGATED][1]] if delegated else []
    else:
        through = max(own, role)
    through = min(through, capped)
    if through == YES:
        return YES, [*allows, *by_resource[ROLE][1], *by_resource[DIRECT][1]]
    return max(direct, through), by_resource[DIRECT][1]


def _owner_decides(request: Request) -> bool:
    """Whether the resource's own policy must let the caller in, even within the account: KMS keys and roles' trust."""
    if request.verb.startswith("kms:"):
        return ":key/" in request.resource
    return request.verb.startswith("sts:") and ":iam:" in request.resource and ":role/" in request.resource


def _identity_state(request: Request, policies: Layer) -> tuple[int, list[Statement]]:
    state, statements = NO, []
    for policy in policies:
        for entry in plan(policy).about(request.verb)[1]:
            found = entry.applies(request)
            if found:
                state = max(state, found)
                if found == YES:
                    statements.append(entry.statement)
    return state, statements


def _resource_states(request: Request, layer: Layer, *, bounded: bool) -> list[tuple[int, list[Statement]]]:
    """State and statements per way of naming the caller: not at all, its account, its role, itself."""
    states: list[tuple[int, list[Statement]]] = [(NO, []), (NO, []), (NO, []), (NO, [])]
    for policy in layer:
        for entry in plan(policy).about(request.verb)[1]:
            way = DIRECT if entry.on_caller is None else entry.on_caller(request.caller, bounded)
            found = entry.applies(request) if way else NO
            if found:
                state, statements = states[way]
                states[way] = (max(state, found), [*statements, entry.statement] if found == YES else statements)
    return states


def _state(request: Request, layer: Layer, *, bounded: bool) -> int:
    """Whether a layer that only caps lets the request through."""
    state = NO
    for policy in layer:
        for entry in plan(policy).about(request.verb)[1]:
            if entry.on_caller is not None and not entry.on_caller(request.caller, bounded):
                continue
            state = max(state, entry.applies(request))
            if state == YES:
                return YES
    return state


def _flat(layers: Iterable[Layer]) -> Layer:
    return tuple(policy for layer in layers for policy in layer)


def _deciding_keys(request: Request, policies: Iterable[Policy]) -> set[str]:
    entries = [entry for policy in policies for group in plan(policy).about(request.verb) for entry in group]
    return {key for entry in entries if entry.applies(request) == MAYBE for key in _open_keys(entry, request)}


def _open_keys(entry: Entry, request: Request) -> set[str]:
    """The keys whose values keep a statement undecided: unknown ones, and known ones with a value AWS leaves open."""
    statement, unknown = entry.statement, request.unknown
    variables = statement.version != "2008-10-17"
    found: set[str] = set()
    for test, depends in zip(entry.conditions, entry.keys, strict=True):
        if test(request.context, unknown) is None:
            missing = {key for key in depends if key not in request.context and unknown and key in unknown}
            found |= missing or {depends[0]}
    for pattern in (*statement.resources, *statement.not_resources):
        template = Template.parse(pattern) if variables else None
        if template:
            found |= {key for key in template.keys if key not in request.context and unknown and key in unknown}
    return found
