from collections import Counter
from dataclasses import dataclass

from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.policy import Policy
from rolecall.model import Account, Function
from rolecall.needs.excess import (
    Comparison,
    Confirmed,
    Excess,
    Right,
    compared,
    is_aws_managed,
    is_full_access,
    is_of_lambda,
    unneeded_of,
)
from rolecall.needs.harm import Harm, harm, rank
from rolecall.needs.policy import printed, propose
from rolecall.needs.references import References, referring
from rolecall.rules import BROAD_GRANTS, Yields, named, rule

# Permissions, secrets and deletion weigh more than the rest.
GRAVE = frozenset({Harm.PERMISSIONS, Harm.SECRETS, Harm.DELETION})


@rule(
    Severity.HIGH,
    silences=BROAD_GRANTS,
)
def broad_managed_policy(function: Function, account: Account) -> Yields:
    """An AWS managed policy is attached that grants more than the function needs.

    AWS writes them for everybody, on all resources, and widens them when it likes. High for a policy of
    full access or one that gives away permissions, secrets or deletion; info for the execution role of
    Lambda's own that fits the function, also where SAM added it.

    Bad:
        more policies:
          arn:aws:iam::aws:policy/AmazonSQSFullAccess:
            - {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}

    Bad:
        more policies:
          arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole:
            - {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}

    Good:
        more policies:
          arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess:
            - {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}

    Good:
        code: unread
        more policies:
          arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess:
            - {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}

    Misses: a customer managed policy that is a copy of one of AWS's; its statements are judged as any.
    """
    comparison = compared(function, account)
    if comparison is None:
        return
    by_policy: dict[str, list[Excess]] = {}
    for excess in comparison.excesses:
        if excess.is_managed:
            by_policy.setdefault(excess.policy.name, []).append(excess)
    judged = [
        found
        for policy in comparison.granted.role.policies
        if is_aws_managed(policy) and by_policy.get(policy.name)
        if (found := _judged(comparison, policy, by_policy[policy.name]))
    ]
    # Those of Lambda's own that fit are one remark, however many of them a role has.
    fitting = tuple(each for each in judged if each.severity is Severity.INFO)
    for group in (*((each,) for each in judged if each not in fitting), *([fitting] if fitting else [])):
        yield _hit(comparison, group)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A policy that grants more than is needed: all its rights, and those that are too much, the worst first."""

    policy: Policy
    severity: Severity
    rights: tuple[Right, ...]
    surplus: tuple[Confirmed, ...]

    @property
    def name(self) -> str:
        return self.policy.name.rpartition("/")[2]


def _judged(comparison: Comparison, policy: Policy, excesses: list[Excess]) -> _Judged | None:
    name = policy.name.rpartition("/")[2]
    rights = tuple(right for excess in excesses for right in excess.rights)
    is_full, is_lambdas = is_full_access(name), is_of_lambda(name)
    confirmed: list[Confirmed] = []
    for excess in excesses:
        more = tuple(r for r in excess.rights if (r.unneeded or r.wide) and (r.known or is_full or is_lambdas))
        confirmed += comparison.confirmed(excess, more)
    if not confirmed:
        return None
    confirmed.sort(key=lambda each: rank(each.right.action))
    surplus = tuple(each.right for each in confirmed)
    severity = _severity(rights, surplus, is_full=is_full, is_lambdas=is_lambdas)
    return _Judged(policy, severity, rights, tuple(confirmed))


def _hit(comparison: Comparison, group: tuple[_Judged, ...]) -> Hit:
    """One hit for these policies, about the first of them."""
    first = group[0]
    confirmed = sorted((each for judged in group for each in judged.surplus), key=lambda each: rank(each.right.action))
    surplus = tuple(each.right for each in confirmed)
    proposal = propose(comparison.needs)
    counts = Counter(right.action.partition(":")[0] for right in surplus)
    is_sure = comparison.is_certain and all(right.known for right in surplus)
    grant = "grants" if len(group) == 1 else "grant"
    too_much = list(dict.fromkeys(right.action for right in surplus))
    return Hit(
        first.policy.allows[0],
        f"{_names(group)} {grant} more than `{comparison.granted.function.name}` needs:"
        f" {named(too_much)}{' on too much' if all(r.needs for r in surplus) else ''}",
        fix=_fix(comparison, group, is_sure=is_sure),
        actions=tuple(sorted({right.entry for judged in group for right in judged.rights})),
        severity=first.severity,
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        evidence={
            "policy": first.policy.name,
            **({"policies": [each.policy.name for each in group]} if len(group) > 1 else {}),
            "unneeded": unneeded_of(surplus),
            "services": dict(sorted(counts.items())),
            "size": proposal.size,
            **({"proposal": referring(proposal.document(), _references(comparison))} if is_sure else {}),
        },
        witness=confirmed[0].witness,
        of_policy=True,
    )


def _references(comparison: Comparison) -> References | None:
    granted = comparison.granted
    return References.of_role(granted.account, granted.role.arn, comparison.needs.needs)


def _names(group: tuple[_Judged, ...]) -> str:
    return ", ".join(f"`{each.name}`" for each in group)


def _fix(comparison: Comparison, group: tuple[_Judged, ...], *, is_sure: bool) -> str:
    """SAM attaches some to every role that it makes, and none to a role that the template has."""
    place, granted = group[0].policy.allows[0].place, comparison.granted
    instead = printed(granted.function, granted.account) if is_sure else "the actions that are needed"
    if place and place.added_by and is_of_lambda(group[0].name):
        # What is printed is for the function as long as it has no role, and then for the role.
        after = f"; its policies are then {instead}"
        return f"{place.file}:{place.line}: give the function a `Role` that the template has{after}"
    if place:
        return f"replace {_names(group)} ({place.file}:{place.line}) by {instead}"
    return f"take {_names(group)} off `{granted.role.name}` and give it {instead}"


def _severity(rights: tuple[Right, ...], surplus: tuple[Right, ...], *, is_full: bool, is_lambdas: bool) -> Severity:
    if is_full:
        return Severity.HIGH
    if is_lambdas:
        services = {right.action.partition(":")[0] for right in rights}
        used = {right.action.partition(":")[0] for right in rights if right.needs or not right.known}
        return Severity.INFO if services == used else Severity.MEDIUM
    is_grave = any(harm(right.action) in GRAVE for right in surplus if right.unneeded)
    return Severity.HIGH if is_grave else Severity.MEDIUM
