"""Roles and users of a template: their policies from every place where one can stand, trust and boundary.

Both are here since a policy may name roles, users and groups at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rolecall.iam import managed
from rolecall.iam.policy import Kind, Policy, parse
from rolecall.iam.statement import is_unresolved
from rolecall.model import Gap, Role, User
from rolecall.sources.template.deployed import mentions
from rolecall.sources.template.stack import Stack

# (name of the policy, its document, the resource in which it stands)
Written = tuple[str, Any, str]
INLINE = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")
OF_USERS = {"role policies": "user policies"}
"""What gaps call the policies of a role, and those of a user."""


def roles(stacks: Iterable[Stack], users: Mapping[str, tuple[str, ...]]) -> tuple[tuple[Role, ...], tuple[Gap, ...]]:
    """The roles (by ARN) of several templates of one application; gaps for those of functions that are not in them.

    `users` are the ids of the functions of each role.
    """
    stacks = tuple(stacks)
    written = {stack.resolver.arn_of(each): (stack, each) for stack in stacks for each, _ in stack.of("AWS::IAM::Role")}
    elsewhere = Elsewhere(stacks)
    made = [_role(*written[arn], arn, users.get(arn, ()), elsewhere) for arn in sorted(written)]
    lacking = [arn for arn in sorted(users) if arn not in written and not is_unresolved(arn)]
    gaps = [
        Gap("role", f"the role `{arn.rpartition('/')[2]}` is in no template that was given", None, arn, mendable=False)
        for arn in lacking
    ]
    return tuple(made), tuple(gaps)


class Elsewhere:
    """Policies that stand outside of their owners, by these owners' names, and the managed policies of the templates.

    `whose` is the property that names the owners: `Roles`, `Users` or `Groups`.
    """

    def __init__(self, stacks: Iterable[Stack]) -> None:
        self._inline: dict[tuple[str, str], list[tuple[Stack, Written]]] = defaultdict(list)
        self._attached: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._documents: dict[str, tuple[Stack, Written]] = {}
        for stack in stacks:
            self._read(stack)

    def _read(self, stack: Stack) -> None:
        for logical_id, properties in stack.of(*INLINE):
            name = str(properties.get("PolicyName") or logical_id)
            for whose, owner in _owners(properties):
                self._inline[whose, owner].append((stack, (name, properties.get("PolicyDocument"), logical_id)))
        for logical_id, properties in stack.of("AWS::IAM::ManagedPolicy"):
            arn = stack.resolver.arn_of(logical_id)
            self._documents[arn] = (stack, (arn, properties.get("PolicyDocument"), logical_id))
            for whose, owner in _owners(properties):
                self._attached[whose, owner].append(arn)

    def policies(
        self, stack: Stack, logical_id: str, whose: str, gaps: list[Gap], *, subject: str, prefix: str = ""
    ) -> tuple[Policy, ...]:
        """The identity policies of a resource, from every place. `prefix` stands before the names of inline ones."""
        properties, name = stack.properties(logical_id), stack.resolver.name_of(logical_id)
        own = [(stack, each) for each in _own(stack, logical_id, properties, subject, gaps)]
        found = [
            _parsed(home, (prefix + each[0], *each[1:]), Kind.IDENTITY, subject, gaps)
            for home, each in [*own, *self._inline.get((whose, name), ())]
        ]
        asked = (each for each in _list(properties.get("ManagedPolicyArns")) if isinstance(each, str))
        named = [*asked, *self._attached.get((whose, name), ())]
        found += [self.managed(stack, logical_id, each, Kind.IDENTITY, subject, gaps) for each in dict.fromkeys(named)]
        return tuple(sorted((policy for policy in found if policy), key=lambda policy: policy.name))

    def boundary(self, stack: Stack, logical_id: str, gaps: list[Gap], *, subject: str) -> Policy | None:
        """The permissions boundary of a role or user."""
        boundary = stack.properties(logical_id).get("PermissionsBoundary")
        return self.managed(stack, logical_id, str(boundary), Kind.BOUNDARY, subject, gaps) if boundary else None

    def managed(
        self, stack: Stack, logical_id: str, policy: str, kind: Kind, subject: str, gaps: list[Gap]
    ) -> Policy | None:
        """A managed policy: one of the templates, or one of AWS."""
        if policy in self._documents:
            home, (name, document, home_id) = self._documents[policy]
            name = "boundary" if kind is Kind.BOUNDARY else name
            return _parsed(home, (name, document, home_id), kind, subject, gaps)
        what = "boundary" if kind is Kind.BOUNDARY else "role policies"
        if is_unresolved(policy):
            gaps += stack.gaps(what, subject, policy)
            return None
        whole = (
            policy
            if policy.startswith("arn:")
            else managed.arn_of(policy, partition=stack.resolver.values["AWS::Partition"])
        )
        document = managed.document(whole) if whole else None
        if whole is None or document is None:
            is_aws = ":iam::aws:" in policy
            lacks = "not one of AWS's" if is_aws else "in no template that was given"
            gaps.append(Gap(what, f"the managed policy `{policy}` is {lacks}", None, subject, mendable=is_aws))
            return None
        name = "boundary" if kind is Kind.BOUNDARY else whole
        place = stack.policy_place(logical_id, whole)
        return parse(document, name=name, kind=kind, places=[place] * document.count('"Effect"'))


def _owners(properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(`Roles`, name) and so on of all whom a policy is for."""
    for whose in ("Roles", "Users", "Groups"):
        for name in _list(properties.get(whose, properties.get(f"{whose[:-1]}Name"))):
            yield whose, str(name)


def _role(stack: Stack, logical_id: str, arn: str, users: tuple[str, ...], elsewhere: Elsewhere) -> Role:
    properties, gaps = stack.properties(logical_id), stack.wrong_policies(logical_id)
    trust = properties.get("AssumeRolePolicyDocument")
    return Role(
        arn=arn,
        policies=elsewhere.policies(stack, logical_id, "Roles", gaps, subject=arn),
        trust=stack.policy(logical_id, trust, name="trust", kind=Kind.TRUST, subject=arn, gaps=gaps),
        boundary=elsewhere.boundary(stack, logical_id, gaps, subject=arn),
        used_by=users,
        tags=tags(properties.get("Tags")),
        mentions=mentions(stack, logical_id),
        gaps=tuple(dict.fromkeys(gaps)),
        place=stack.place(logical_id),
    )


def users(stacks: Iterable[Stack]) -> tuple[User, ...]:
    """The users of the templates by ARN, with the policies of those of their groups that are in them, too."""
    stacks = tuple(stacks)
    elsewhere, members = Elsewhere(stacks), _members(stacks)
    groups = {
        stack.resolver.name_of(each): (stack, each) for stack in stacks for each, _ in stack.of("AWS::IAM::Group")
    }
    found = [
        _user(stack, each, elsewhere, members, groups) for stack in stacks for each, _ in stack.of("AWS::IAM::User")
    ]
    return tuple(sorted(found, key=lambda user: user.arn))


def _members(stacks: Iterable[Stack]) -> dict[str, list[str]]:
    """The groups to which users are added apart, by the user's name."""
    found: dict[str, list[str]] = defaultdict(list)
    for stack in stacks:
        for _, properties in stack.of("AWS::IAM::UserToGroupAddition"):
            for user in _list(properties.get("Users")):
                found[str(user)].append(str(properties.get("GroupName")))
    return found


def _user(
    stack: Stack,
    logical_id: str,
    elsewhere: Elsewhere,
    members: Mapping[str, list[str]],
    groups: Mapping[str, tuple[Stack, str]],
) -> User:
    properties, arn, gaps = stack.properties(logical_id), stack.resolver.arn_of(logical_id), list[Gap]()
    policies = list(elsewhere.policies(stack, logical_id, "Users", gaps, subject=arn))
    named = [*map(str, _list(properties.get("Groups"))), *members.get(stack.resolver.name_of(logical_id), ())]
    for name in dict.fromkeys(named):
        if name in groups:
            home, group = groups[name]
            policies += elsewhere.policies(home, group, "Groups", gaps, subject=arn, prefix=f"{name}/")
        else:
            gaps.append(Gap("role policies", f"the group `{name}` is in no template that was given", None, arn))
    return User(
        arn=arn,
        policies=tuple(policies),
        boundary=elsewhere.boundary(stack, logical_id, gaps, subject=arn),
        tags=tags(properties.get("Tags")),
        gaps=tuple(replace(each, what=OF_USERS.get(each.what, each.what)) for each in dict.fromkeys(gaps)),
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


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def tags(written: Any) -> tuple[tuple[str, str], ...]:
    """Tags in either form: a list of `{Key, Value}`, or an object."""
    if isinstance(written, dict):
        return tuple(sorted((str(key), str(value)) for key, value in written.items()))
    pairs = [each for each in _list(written) if isinstance(each, dict)]
    return tuple(sorted((str(each.get("Key")), str(each.get("Value"))) for each in pairs))
