"""Strength: is a role stronger than another, and what does it hold that the other lacks?

A right counts as gained only if the evaluator allows it to one and denies it to the other. What every function needs
(its own logs, traces, network interfaces) makes nobody stronger.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from rolecall.iam.access import Access, UndecidedError, covers
from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import Policy, Statement, parse
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function, Role
from rolecall.needs.excess import expanded
from rolecall.needs.grant import Grant
from rolecall.needs.harm import harm
from rolecall.needs.witness import request, witness

EVERYONE_NEEDS = (
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:Put*",
    "xray:GetSampling*",
    "cloudwatch:PutMetricData",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
"""Rights that every function has of its own, each on what is its own: nobody gains by another's."""

TRIVIAL = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": list(EVERYONE_NEEDS), "Resource": "*"}},
    name="what every function needs",
)

GRANTS = (
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:AttachGroupPolicy",
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
)
"""With any of these on everything one gives oneself the rest."""

ANYTHING = (
    "dynamodb:DeleteTable",
    "ec2:TerminateInstances",
    "kms:ScheduleKeyDeletion",
    "lambda:UpdateFunctionCode",
    "s3:DeleteBucket",
    "secretsmanager:GetSecretValue",
)
"""Whoever may do all of these everywhere may do anything."""

LARGEST = 100
"""Patterns of two roles that are compared in full; more would take seconds."""

HOLDERS = ("aws:Principal", "lambda:SourceFunctionArn")
"""Beginnings of the keys of a request that tell who makes it."""

MOST = 12
"""Actions of one statement that are held against the other role, the worst first."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a target's rights are beyond one's own.

    Parameters
    ----------
    rights : `action on resource` of requests that only the target is allowed, the worst first
    admin : the target is an administrator
    known : False where the target was not read, or nothing was proven: it counts as stronger all the same
    """

    rights: tuple[str, ...] = ()
    admin: bool = False
    known: bool = True


UNKNOWN = Gain(known=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Two:
    """A role that gains and one that is gained, the same only as the same objects."""

    own: Grant
    target: Role
    ids: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        ids = (id(self.own.role), id(self.own.account), id(self.target))
        object.__setattr__(self, "ids", ids)

    def __hash__(self) -> int:
        return hash(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Two) and self.ids == other.ids


def gain(own: Grant, target: Role) -> Gain | None:
    """What the role would gain by becoming the other one; None: nothing, that is proven."""
    return _gain(_Two(own, target))


@lru_cache(maxsize=2048)
def _gain(two: _Two) -> Gain | None:
    own, target = two.own, two.target
    if own.role.arn == target.arn or _same(own.role, target):
        return None
    if target.unread("role policies"):
        return UNKNOWN
    is_admin = is_administrator(target, own.account)
    rights = _rights(own, target)
    if rights:
        return Gain(rights, admin=is_admin)
    left = _left(own.role, target)
    if not left:
        return None
    inner = _of(target, left)
    outer = _of(own.role, tuple(each for each in _allows_of(own.role) if _may_share(each, left))) | Access.of(TRIVIAL)
    if sum(_size(leaf) for each in (inner, outer) for leaf in each.leaves()) > LARGEST:
        return Gain(admin=is_admin, known=False)
    try:
        return None if covers(outer, inner) else Gain(admin=is_admin)
    except UndecidedError:
        return Gain(admin=is_admin, known=False)


def is_administrator(role: Role, account: Account) -> bool:
    """May the role do anything, or give itself the rest?"""
    return _is_administrator(_Held(role, account))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    role: Role
    account: Account

    def __hash__(self) -> int:
        return hash((id(self.role), id(self.account)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self.role is other.role and self.account is other.account


@lru_cache(maxsize=16_384)
def _is_administrator(held: _Held) -> bool:
    granted = holder(held.role, held.account)
    statements = [statement for policy in held.role.policies for statement in policy.allows]
    grants = any(_names(each, action) for each in statements for action in GRANTS)
    if grants and any(_everywhere(granted, action) for action in GRANTS):
        return True
    anything = any(all(_names(each, action) for action in ANYTHING) for each in statements)
    return anything and all(_everywhere(granted, action) for action in ANYTHING)


def holder(role: Role, account: Account) -> Grant:
    """The grant of a role that is asked for no function of the account."""
    arn = f"arn:{account.partition}:lambda:{account.region}:{account.id}:function:nobody"
    nobody = Function("nobody", "nobody", arn, role.arn)
    return Grant(role, nobody, account)


def _names(statement: Statement, action: str) -> bool:
    entries = statement.actions or statement.not_actions
    return any(matches(entry, action, ignore_case=True) for entry in entries) != bool(statement.not_actions)


def _everywhere(granted: Grant, action: str) -> bool:
    """Is it allowed on a thing that nobody has named?"""
    made = request(granted, action, "*", other="zz-nobody-by-rolecall")
    return granted.allows(action, made["resource"], made["context"]).allowed is True


def _same(one: Role, other: Role) -> bool:
    """Do the two say the same, word for word?"""
    return one.policies == other.policies and one.boundary == other.boundary


def _of(role: Role, allows: tuple[Statement, ...]) -> Access:
    """What a role may do by these statements, within its Deny and its boundary."""
    denies = tuple(each for policy in role.policies for each in policy.denies)
    own = Access.of(replace(TRIVIAL, name="of a role", statements=(*allows, *denies)))
    return own & Access.of(role.boundary) if role.boundary else own


def _allows_of(role: Role) -> tuple[Statement, ...]:
    return tuple(each for policy in role.policies for each in policy.allows)


def _left(own: Role, target: Role) -> tuple[Statement, ...]:
    """What of the target's statements no statement of one's own says as well, in as many words: little, or nothing."""
    statements = _allows_of(target)
    if own.boundary or any(policy.denies for policy in own.policies):
        return statements
    mine = (*_allows_of(own), *TRIVIAL.allows)
    return tuple(left for each in statements if (left := _rest(each, mine)))


def _rest(statement: Statement, mine: tuple[Statement, ...]) -> Statement | None:
    """The statement with those of its actions that none of the others gives; None where they give all."""
    if not statement.actions or not statement.resources:
        return None if any(statement.canonical() == each.canonical() for each in mine) else statement
    rest = tuple(each for each in statement.actions if not any(_gives(one, each, statement) for one in mine))
    return replace(statement, actions=rest) if rest else None


def _gives(one: Statement, action: str, other: Statement) -> bool:
    """Does a statement give an action wherever the other one does?

    A pattern that fits another one as text, and has no `?`, fits all that this does.
    """
    if not set(one.conditions) <= set(other.conditions) or one.not_actions or one.not_resources:
        return False
    if action not in one.actions and not any(_fits(each, action.lower()) for each in one.actions):
        return False
    return all(any(each == "*" or _lies_in(resource, each) for each in one.resources) for resource in other.resources)


def _fits(entry: str, action: str) -> bool:
    return "*" in entry and "?" not in entry and matches(entry.lower(), action)


def _lies_in(resource: str, pattern: str) -> bool:
    return resource == pattern or ("?" not in pattern and resource_matches(pattern, resource))


def _may_share(statement: Statement, others: tuple[Statement, ...]) -> bool:
    """Can it give anything that the others do? As far as the services of their actions tell."""
    mine, its = _services(statement), frozenset[str]().union(*map(_services, others))
    return "*" in mine or "*" in its or bool(mine & its)


def _services(statement: Statement) -> frozenset[str]:
    if statement.not_actions:
        return frozenset("*")
    prefixes = {entry.partition(":")[0].lower() for entry in statement.actions}
    return frozenset("*" if is_wild(each) else each for each in prefixes)


def _size(policy: Policy) -> int:
    return sum(len(s.actions) + len(s.not_actions) + len(s.resources) for s in policy.statements)


def is_stronger(own: Grant, target: Role) -> bool:
    """Has the target a right that one lacks? As `gain` says, but it stops at the first."""
    held = _requests(_Held(target, own.account))
    return any(not _allows(own, each) for each in held) or gain(own, target) is not None


def _rights(own: Grant, target: Role) -> tuple[str, ...]:
    """Up to `MOST` requests that the target is allowed and one is not, as text, the worst first."""
    held = _requests(_Held(target, own.account))
    return tuple(dict.fromkeys(each.text for each in held if not _allows(own, each)))[:MOST]


def _allows(own: Grant, held: "_Request") -> bool:
    return own.allows(held.action, held.resource, dict(held.context)).allowed is True


@dataclass(frozen=True, slots=True)
class _Request:
    """A request that a role is allowed; `text` is what it stands for: `action on pattern`."""

    text: str
    action: str
    resource: str
    context: tuple[tuple[str, str], ...]


@lru_cache(maxsize=2048)
def _requests(held: "_Held") -> tuple[_Request, ...]:
    """What stands for a role's rights: the worst actions of each statement, on each resource, the worst first."""
    its = holder(held.role, held.account)
    found: list[_Request] = []
    for policy in held.role.policies:
        for statement in policy.allows:
            for action in _worst(statement):
                for pattern in statement.resources or ("*",):
                    seen = witness(its, statement, action, pattern)
                    if seen:
                        context = tuple((k, v) for k, v in seen["context"].items() if not k.startswith(HOLDERS))
                        found.append(_Request(f"{action} on {pattern}", action, seen["resource"], context))
    return tuple(sorted(found, key=lambda each: (harm(each.action), each.text)))


def _worst(statement: Statement) -> tuple[str, ...]:
    entries = statement.actions or ("*",)
    every = {action for entry in entries for action in expanded(entry, statement.resources or ("*",))}
    real = [action for action in every if not any(matches(each, action, ignore_case=True) for each in EVERYONE_NEEDS)]
    return tuple(sorted(real, key=lambda each: (harm(each), each))[:MOST])
