"""Roles of a template: their policies from every place where one can stand, their trust and boundary."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from rolecall.iam import managed
from rolecall.iam.policy import Kind, Policy, parse
from rolecall.iam.statement import is_unresolved
from rolecall.model import Gap, Role
from rolecall.sources.template.stack import Stack

# (name of the policy, its document, the resource in which it stands)
Written = tuple[str, Any, str]


def roles(
    stacks: Iterable[Stack], users: Mapping[str, tuple[str, ...]], callers: Iterable[str] = ()
) -> tuple[tuple[Role, ...], tuple[Gap, ...]]:
    """The roles (by ARN) that functions use, of several templates of one application; gaps for those not in them.

    `users` are the ids of the functions of each role; `callers` are roles with which triggers invoke.
    """
    stacks = tuple(stacks)
    written = {stack.resolver.arn_of(each): (stack, each) for stack in stacks for each, _ in stack.of("AWS::IAM::Role")}
    inline, attached = _elsewhere(stacks)
    documents = _managed(stacks)
    made, gaps = [], []
    for arn in sorted({*users, *callers}):
        if arn in written:
            stack, logical_id = written[arn]
            made.append(_role(stack, logical_id, arn, users.get(arn, ()), inline, attached, documents))
        elif arn in users and not is_unresolved(arn):
            why = f"the role `{arn.rpartition('/')[2]}` is in no template that was given"
            gaps.append(Gap("role", why, None, arn, mendable=False))
    return tuple(made), tuple(gaps)


def _elsewhere(stacks: Iterable[Stack]) -> tuple[dict[str, list[tuple[Stack, Written]]], dict[str, list[str]]]:
    """Policies that stand outside of their role: inline documents and ARNs of managed policies, by the role's name."""
    inline: dict[str, list[tuple[Stack, Written]]] = defaultdict(list)
    attached: dict[str, list[str]] = defaultdict(list)
    for stack in stacks:
        for logical_id, properties in stack.of("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
            name = str(properties.get("PolicyName") or logical_id)
            for role in _list(properties.get("Roles", properties.get("RoleName"))):
                inline[str(role)].append((stack, (name, properties.get("PolicyDocument"), logical_id)))
        for logical_id, properties in stack.of("AWS::IAM::ManagedPolicy"):
            for role in _list(properties.get("Roles")):
                attached[str(role)].append(stack.resolver.arn_of(logical_id))
    return inline, attached


def _managed(stacks: Iterable[Stack]) -> dict[str, tuple[Stack, Written]]:
    """The managed policies that the templates make, by ARN."""
    found = {}
    for stack in stacks:
        for logical_id, properties in stack.of("AWS::IAM::ManagedPolicy"):
            arn = stack.resolver.arn_of(logical_id)
            found[arn] = (stack, (arn, properties.get("PolicyDocument"), logical_id))
    return found


def _role(
    stack: Stack,
    logical_id: str,
    arn: str,
    users: tuple[str, ...],
    inline: Mapping[str, list[tuple[Stack, Written]]],
    attached: Mapping[str, list[str]],
    documents: Mapping[str, tuple[Stack, Written]],
) -> Role:
    properties, gaps = stack.properties(logical_id), list[Gap]()
    name = stack.resolver.name_of(logical_id)
    written = [(stack, each) for each in _own(stack, logical_id, properties, arn, gaps)] + inline.get(name, [])
    policies = [_parsed(home, each, Kind.IDENTITY, arn, gaps) for home, each in written]
    named = dict.fromkeys([*map(str, _list(properties.get("ManagedPolicyArns"))), *attached.get(name, [])])
    policies += [_attached(stack, logical_id, each, Kind.IDENTITY, arn, documents, gaps) for each in named]
    boundary = properties.get("PermissionsBoundary")
    trust = properties.get("AssumeRolePolicyDocument")
    return Role(
        arn=arn,
        policies=tuple(sorted((policy for policy in policies if policy), key=lambda policy: policy.name)),
        trust=stack.policy(logical_id, trust, name="trust", kind=Kind.TRUST, subject=arn, gaps=gaps),
        boundary=_attached(stack, logical_id, str(boundary), Kind.BOUNDARY, arn, documents, gaps) if boundary else None,
        used_by=users,
        tags=tags(properties.get("Tags")),
        gaps=tuple(dict.fromkeys(gaps)),
        place=stack.place(logical_id),
    )


def _own(stack: Stack, logical_id: str, properties: Mapping[str, Any], arn: str, gaps: list[Gap]) -> list[Written]:
    found: list[Written] = []
    for each in _list(properties.get("Policies")):
        if isinstance(each, dict):
            found.append((str(each.get("PolicyName", "unnamed")), each.get("PolicyDocument"), logical_id))
        else:
            gaps += stack.gaps("role policies", arn, each)
    return found


def _parsed(stack: Stack, written: Written, kind: Kind, arn: str, gaps: list[Gap]) -> Policy | None:
    name, document, logical_id = written
    return stack.policy(logical_id, document, name=name, kind=kind, subject=arn, gaps=gaps)


def _attached(
    stack: Stack,
    logical_id: str,
    policy: str,
    kind: Kind,
    arn: str,
    documents: Mapping[str, tuple[Stack, Written]],
    gaps: list[Gap],
) -> Policy | None:
    """A managed policy: one of the templates, or one of AWS."""
    if policy in documents:
        home, (name, document, home_id) = documents[policy]
        name = "boundary" if kind is Kind.BOUNDARY else name
        return _parsed(home, (name, document, home_id), kind, arn, gaps)
    what = "boundary" if kind is Kind.BOUNDARY else "role policies"
    if is_unresolved(policy):
        gaps += stack.gaps(what, arn, policy)
        return None
    whole = (
        policy
        if policy.startswith("arn:")
        else managed.arn_of(policy, partition=stack.resolver.values["AWS::Partition"])
    )
    document = managed.document(whole) if whole else None
    if whole is None or document is None:
        is_aws = ":iam::aws:" in policy
        why = f"the managed policy `{policy}` is " + ("not one of AWS's" if is_aws else "in no template that was given")
        gaps.append(Gap(what, why, None, arn, mendable=is_aws))
        return None
    name = "boundary" if kind is Kind.BOUNDARY else whole
    place = stack.policy_place(logical_id, whole)
    return parse(document, name=name, kind=kind, places=[place] * document.count('"Effect"'))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def tags(written: Any) -> tuple[tuple[str, str], ...]:
    """Tags in either form: a list of `{Key, Value}`, or an object."""
    if isinstance(written, dict):
        return tuple(sorted((str(key), str(value)) for key, value in written.items()))
    pairs = [each for each in _list(written) if isinstance(each, dict)]
    return tuple(sorted((str(each.get("Key")), str(each.get("Value"))) for each in pairs))
