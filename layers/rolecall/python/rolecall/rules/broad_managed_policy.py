from collections import Counter

from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.policy import Policy
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Confirmed, Excess, Right, compared, is_aws_managed, unneeded_of
from rolecall.needs.harm import Harm, harm, rank
from rolecall.needs.policy import printed, propose
from rolecall.needs.references import References, referring
from rolecall.rules import Yields, named, rule

LAMBDAS = ("AWSLambda", "CloudWatchLambda")
# Permissions, secrets and deletion weigh more than the rest.
GRAVE = frozenset({Harm.PERMISSIONS, Harm.SECRETS, Harm.DELETION})


@rule(
    Severity.HIGH,
    silences=(
        "bulk-read",
        "leftover-config-grant",
        "leftover-poller-grant",
        "service-wildcard",
        "trigger-loop",
        "unneeded-grant",
        "wide-log-grant",
        "wide-resource",
    ),
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
    for policy in comparison.granted.role.policies:
        if is_aws_managed(policy) and by_policy.get(policy.name):
            yield from _judge(comparison, policy, by_policy[policy.name])


def _judge(comparison: Comparison, policy: Policy, excesses: list[Excess]) -> Yields:
    name = policy.name.rpartition("/")[2]
    rights = [right for excess in excesses for right in excess.rights]
    is_full, is_lambdas = "FullAccess" in name, _is_lambdas(name)
    confirmed: list[Confirmed] = []
    for excess in excesses:
        more = tuple(r for r in excess.rights if (r.unneeded or r.wide) and (r.known or is_full or is_lambdas))
        confirmed += comparison.confirmed(excess, more)
    if not confirmed:
        return
    confirmed.sort(key=lambda each: rank(each.right.action))
    surplus = tuple(each.right for each in confirmed)
    proposal = propose(comparison.needs)
    counts = Counter(right.action.partition(":")[0] for right in surplus)
    is_sure = comparison.is_certain and all(right.known for right in surplus)
    yield Hit(
        policy.allows[0],
        f"`{name}` grants more than `{comparison.granted.function.name}` needs:"
        f" {named([right.action for right in surplus])}{' on too much' if all(r.needs for r in surplus) else ''}",
        fix=_fix(comparison, policy, is_sure=is_sure),
        actions=tuple(sorted({right.entry for right in rights})),
        severity=_severity(rights, surplus, is_full=is_full, is_lambdas=is_lambdas),
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        evidence={
            "policy": policy.name,
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


def _fix(comparison: Comparison, policy: Policy, *, is_sure: bool) -> str:
    """SAM attaches some to every role that it makes, and none to a role that the template has."""
    name, place, granted = policy.name.rpartition("/")[2], policy.allows[0].place, comparison.granted
    instead = printed(granted.function, granted.account) if is_sure else "the actions that are needed"
    if place and place.added_by and _is_lambdas(name):
        # What is printed is for the function as long as it has no role, and then for the role.
        after = f"; its policies are then {instead}"
        return f"{place.file}:{place.line}: give the function a `Role` that the template has{after}"
    if place:
        return f"replace `{name}` ({place.file}:{place.line}) by {instead}"
    return f"take `{name}` off `{granted.role.name}` and give it {instead}"


def _is_lambdas(name: str) -> bool:
    """`AWSLambdaBasicExecutionRole`, `AWSLambdaSQSQueueExecutionRole` and the like, that of a layer of AWS included.

    >>> _is_lambdas("AWSLambdaVPCAccessExecutionRole"), _is_lambdas("AWSLambda_FullAccess")
    (True, False)
    """
    return name.startswith(LAMBDAS) and "ExecutionRole" in name


def _severity(rights: list[Right], surplus: tuple[Right, ...], *, is_full: bool, is_lambdas: bool) -> Severity:
    if is_full:
        return Severity.HIGH
    if is_lambdas:
        services = {right.action.partition(":")[0] for right in rights}
        used = {right.action.partition(":")[0] for right in rights if right.needs or not right.known}
        return Severity.INFO if services == used else Severity.MEDIUM
    is_grave = any(harm(right.action) in GRAVE for right in surplus if right.unneeded)
    return Severity.HIGH if is_grave else Severity.MEDIUM
