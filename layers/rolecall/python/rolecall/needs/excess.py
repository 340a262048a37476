"""Excess: grant minus needs, statement by statement. The one place where the two are compared; rules only judge it.

A right is unneeded where nothing that the function does needs the action on anything of the resource, MUST or MAY; it
is wide where the action is needed on less than the resource. Whether all needs of its service are known is told with
it: without that neither may be said of what the code could do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rolecall.iam import catalog
from rolecall.iam.arn import service_of_arn
from rolecall.iam.statement import Policy, Statement
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function, Role
from rolecall.needs import Need
from rolecall.needs.extent import fits, meets, within
from rolecall.needs.grant import Grant
from rolecall.needs.harm import rank, worst_first
from rolecall.needs.of import Needs, Pair, of_role
from rolecall.needs.witness import witness

MOST = 40
"""Actions of one entry that are held against Deny, boundary and SCPs, the worst first."""

SHOWN = 50
"""Actions in the evidence of a finding."""


TELLING = (
    "iam:AttachRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "sts:AssumeRole",
    "kms:Decrypt",
    "secretsmanager:GetSecretValue",
    "ssm:GetParameter",
    "dynamodb:DeleteTable",
    "ec2:TerminateInstances",
    "kms:ScheduleKeyDeletion",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "dynamodb:PutItem",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "s3:PutObject",
    "sns:Publish",
    "sqs:SendMessage",
    "dynamodb:GetItem",
    "s3:GetObject",
    "sqs:ReceiveMessage",
    "dynamodb:ListTables",
    "ec2:DescribeInstances",
    "iam:ListRoles",
    "s3:ListBucket",
)
"""What stands for all actions where an entry leaves the service open, which would be too many to look at."""


@dataclass(frozen=True, slots=True)
class Right:
    """An action that a statement allows.

    Parameters
    ----------
    action : as the catalog writes it; one that it lacks is no right
    entry : the entry of Action that names it
    unneeded : patterns of Resource on which nothing needs it
    wide : patterns of Resource that hold more than what needs it
    needs : those that it meets
    known : are all needs of its service known?
    """

    action: str
    entry: str
    unneeded: tuple[str, ...]
    wide: tuple[str, ...]
    needs: tuple[Need, ...]
    known: bool

    @property
    def is_unneeded(self) -> bool:
        """Does nothing need it, on any of its resources?"""
        return bool(self.unneeded) and not self.needs


@dataclass(frozen=True, slots=True)
class Excess:
    """An Allow statement with Action and Resource, and the rights that it gives."""

    policy: Policy
    statement: Statement
    rights: tuple[Right, ...]

    @property
    def is_managed(self) -> bool:
        """Is it AWS's own, which users attach but do not write?"""
        return is_aws_managed(self.policy)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a function's role allows beyond what its users need; `granted` asks about single requests.

    `users` are the versions of the function, and other functions that share the role.
    """

    granted: Grant
    needs: Needs
    excesses: tuple[Excess, ...]
    users: tuple[Function, ...]

    @property
    def is_certain(self) -> bool:
        """Was all that the users may do resolved?"""
        return not self.needs.unknown

    def confirmed(self, excess: Excess, rights: tuple[Right, ...]) -> "tuple[Confirmed, ...]":
        """The rights that hold in spite of Deny, boundary, SCPs and conditions, the worst first, with a witness each.

        Where none of these can take anything away one witness is enough.
        """
        ordered = sorted(rights, key=lambda each: rank(each.action))
        is_plain = not excess.statement.conditions and _is_plain(self.granted.role, self.granted.account)
        found: list[Confirmed] = []
        for right in ordered[:MOST]:
            if is_plain and found:
                found.append(Confirmed(right, found[0].witness))
                continue
            seen = self._witness(excess.statement, right)
            if seen:
                found.append(Confirmed(right, seen))
        if is_plain and found:
            found += [Confirmed(right, found[0].witness) for right in ordered[MOST:]]
        return tuple(found)

    def _witness(self, statement: Statement, right: Right) -> dict[str, object] | None:
        for pattern in (*right.unneeded, *right.wide):
            for other in ("unneeded", "other"):
                seen = witness(self.granted, statement, right.action, pattern, other=other)
                if seen and not any(need.resource == seen["resource"] for need in right.needs):
                    return seen
        return None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A right that holds, with a request that is allowed and not needed."""

    right: Right
    witness: dict[str, object]


def is_aws_managed(policy: Policy) -> bool:
    """Is the policy one of AWS's?"""
    return policy.name.startswith("arn:") and ":iam::aws:policy/" in policy.name


def is_full_access(name: str) -> bool:
    """Does a policy of AWS, by its name, grant all of a service?"""
    return "FullAccess" in name


def is_of_lambda(name: str) -> bool:
    """`AWSLambdaBasicExecutionRole`, `AWSLambdaSQSQueueExecutionRole` and the like, that of a layer of AWS included.

    >>> is_of_lambda("AWSLambdaVPCAccessExecutionRole"), is_of_lambda("AWSLambda_FullAccess")
    (True, False)
    """
    return name.startswith(("AWSLambda", "CloudWatchLambda")) and "ExecutionRole" in name


def compared(function: Function, account: Account) -> Comparison | None:
    """The grant of a function's role and the needs of its users, compared once; None where it was not read."""
    return _compared(Pair(function, account))


def written(function: Function, account: Account) -> Iterator[tuple[Comparison, Excess]]:
    """The statements of a function's role that users wrote, which AWS's own policies are not."""
    comparison = compared(function, account)
    if comparison is not None:
        yield from ((comparison, excess) for excess in comparison.excesses if not excess.is_managed)


@lru_cache(maxsize=1024)
def _compared(pair: Pair) -> Comparison | None:
    function, account = pair.function, pair.account
    role = account.role_of(function)
    if role is None:
        return None
    needs = of_role(function, account)
    by_action: dict[str, list[Need]] = {}
    for need in needs.needs:
        for action in (need.action, *need.instead):
            by_action.setdefault(action.lower(), []).append(need)
    excesses = tuple(
        Excess(policy, statement, _rights(statement, needs, by_action))
        for policy in role.policies
        for statement in policy.allows
        if statement.actions and statement.resources
    )
    users = tuple(each for each in account.functions if each.role == role.arn)
    return Comparison(Grant(role, function, account), needs, excesses, users)


def _rights(statement: Statement, needs: Needs, by_action: dict[str, list[Need]]) -> tuple[Right, ...]:
    """Each action once, under the first entry that names it; what fits none of the resources is no right."""
    found: dict[str, Right] = {}
    for entry in dict.fromkeys(statement.actions):
        needed = (need.action for some in by_action.values() for need in some) if is_open(entry) else ()
        named = (action for action in needed if matches(entry, action, ignore_case=True))
        for action in (*expanded(entry, statement.resources), *named):
            if action.lower() in found:
                continue
            right = _right(action, entry, statement.resources, needs, by_action.get(action.lower(), []))
            if right:
                found[action.lower()] = right
    return tuple(found.values())


def _right(action: str, entry: str, resources: tuple[str, ...], needs: Needs, of_action: list[Need]) -> Right | None:
    known = catalog.action(action)
    if known is None:
        return None  # `unknown-action` tells it.
    patterns = tuple(each for each in dict.fromkeys(resources) if fits(action, each))
    if not patterns:
        return None
    if not known.takes_resource:
        # `*` is all that there is: it is not wide.
        unneeded = () if of_action else patterns
        return Right(action, entry, unneeded, (), tuple(of_action), needs.knows(action))
    met = {pattern: [need for need in of_action if meets(pattern, need.resource)] for pattern in patterns}
    unneeded = tuple(pattern for pattern, some in met.items() if not some)
    wide = tuple(p for p, some in met.items() if some and not any(within(p, need.resource) for need in some))
    used = tuple(dict.fromkeys(need for some in met.values() for need in some))
    return Right(action, entry, unneeded, wide, used, needs.knows(action))


@lru_cache(maxsize=2048)
def expanded(entry: str, resources: tuple[str, ...]) -> tuple[str, ...]:
    """The actions that an entry of Action stands for; one that the catalog lacks stands for itself.

    Where the services are left open and the resources name theirs, only these services are meant; where they do not,
    some actions stand for all.
    """
    if not is_wild(entry):
        known = catalog.action(entry)
        return (known.name,) if known else (entry,)
    prefix, _, verb = entry.partition(":") if entry.strip("*") else ("*", ":", "*")
    services = set(map(service_of_arn, resources))
    if is_wild(prefix) and all(each and not is_wild(each) for each in services):
        return tuple(action for service in sorted(services) for action in catalog.expand(f"{service}:{verb}"))
    if is_wild(prefix):
        return tuple(action for action in TELLING if matches(f"{prefix}:{verb}", action, ignore_case=True))
    return catalog.expand(entry)


def is_open(entry: str) -> bool:
    """Does an entry of Action leave the service open: `*`, `*:Get*`?"""
    return not entry.strip("*") or is_wild(entry.partition(":")[0])


def _is_plain(role: Role, account: Account) -> bool:
    """Is there nothing that could take away what a statement allows?"""
    return role.boundary is None and not account.scps and not any(policy.denies for policy in role.policies)


def unneeded_of(rights: tuple[Right, ...]) -> list[str]:
    """The actions, sorted, for the evidence: bounded."""
    return sorted(worst_first(tuple(right.action for right in rights))[:SHOWN])
