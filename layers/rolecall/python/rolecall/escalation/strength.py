"""Strength: is a role stronger than another, and what does it hold that the other lacks?

A right counts as gained only if the evaluator allows it to one and denies it to the other. What every function needs
(its own logs, traces, network interfaces) makes nobody stronger.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from rolecall.iam.access import Access, UndecidedError, covers
from rolecall.iam.policy import Statement, parse
from rolecall.iam.wildcard import matches
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
    try:
        return None if covers(_access(own.role) | Access.of(TRIVIAL), _access(target)) else Gain(admin=is_admin)
    except UndecidedError:
        return UNKNOWN


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


@lru_cache(maxsize=2048)
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


def _access(role: Role) -> Access:
    own = Access.of(*role.policies)
    return own & Access.of(role.boundary) if role.boundary else own


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
