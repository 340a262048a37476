from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Confirmed, Excess, Right, written
from rolecall.needs.harm import harm
from rolecall.needs.purpose import LOGS
from rolecall.needs.reduced import reduced
from rolecall.rules import Yields, named, rule


@rule(
    Severity.LOW,
    silences=(
        "bulk-read",
        "leftover-config-grant",
        "leftover-poller-grant",
        "service-wildcard",
        "trigger-loop",
        "unneeded-grant",
        "wide-resource",
    ),
)
def wide_log_grant(function: Function, account: Account) -> Yields:
    """The role may write more logs than the function's own.

    It can forge the logs of other functions, or drown them. Medium where it may also delete logs or
    change how long they are kept. A right to make the group is too much where the group is managed: in
    the template, or with a retention.

    Bad:
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
         "Resource": "arn:aws:logs:*:*:*"}

    Bad:
        {"Effect": "Allow", "Action": "logs:*",
         "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders:*"}

    Bad:
        calls: []
        resources:
          - {arn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders", facts: [[retention, "30"]]}
        more policies:
          MakeGroup: [{"Effect": "Allow", "Action": "logs:CreateLogGroup",
                       "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders:*"}]

    Good:
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
         "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders:*"}

    Good:
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
         "Resource": "arn:aws:logs:*:*:log-group:/aws/lambda/orders:log-stream:*"}

    Misses: a group of the same name in another region.
    """
    for comparison, excess in written(function, account):
        confirmed = comparison.confirmed(excess, tuple(_beyond(excess)))
        if confirmed:
            yield _hit(comparison, excess, confirmed)


def _beyond(excess: Excess) -> list[Right]:
    """Rights on logs that go beyond the function's own group."""
    rights = [right for right in excess.rights if right.action.startswith("logs:")]
    # An entry that has to do with writing logs; others, such as `logs:Get*`, are for the code.
    writing = {right.entry for right in rights if right.action in LOGS}
    return [right for right in rights if _is_beyond(right, writing)]


def _is_beyond(right: Right, writing: set[str]) -> bool:
    is_unneeded = bool(right.unneeded) and right.known
    if is_wild(right.entry):
        is_more = is_unneeded or (bool(right.unneeded) and harm(right.action).changes)
        return right.entry in writing and right.entry.lower().startswith("logs:") and (bool(right.wide) or is_more)
    if right.action in LOGS:
        return bool(right.wide) or is_unneeded
    return right.action.startswith("logs:Delete") and is_unneeded


def _hit(comparison: Comparison, excess: Excess, confirmed: tuple[Confirmed, ...]) -> Hit:
    rights = tuple(each.right for each in confirmed)
    name = comparison.granted.function.settings.log_group or f"/aws/lambda/{comparison.granted.function.name}"
    entries = tuple(entry for entry in excess.statement.actions if any(r.entry == entry for r in rights))
    patterns = tuple(dict.fromkeys(p for right in rights for p in (*right.wide, *right.unneeded)))
    is_worse = any(right.action not in LOGS and harm(right.action).changes for right in rights)
    worst = f", `{rights[0].action}` among it" if is_worse else ""
    made = reduced(comparison, excess)
    is_sure = all(right.known for right in rights) and comparison.is_certain
    return Hit(
        excess.statement,
        f"{named(entries)} on {named(patterns)}{worst}: `{comparison.granted.function.name}` only writes to `{name}`",
        fix=made.fix,
        actions=entries,
        resources=patterns,
        severity=Severity.MEDIUM if is_worse else Severity.LOW,
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        evidence={"group": name, "others": _others(comparison, patterns), "diff": made.diff},
        witness=confirmed[0].witness,
    )


def _others(comparison: Comparison, patterns: tuple[str, ...]) -> list[str]:
    """The groups of other functions that it can write to: the first ten."""
    account, own = comparison.granted.account, comparison.granted.function.id
    head = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:"
    groups = {each.settings.log_group or f"/aws/lambda/{each.name}" for each in account.functions if each.id != own}
    return sorted(g for g in groups if any(matches(p, f"{head}{g}:log-stream:s") for p in patterns))[:10]
