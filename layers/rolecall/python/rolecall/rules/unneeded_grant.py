from collections import defaultdict

from rolecall.finding import Confidence, Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Excess, Right, unneeded_of
from rolecall.needs.extent import within
from rolecall.needs.harm import Harm, harm, rank, worst_first
from rolecall.needs.last_accessed import with_use
from rolecall.needs.purpose import Purpose, Rights, judged
from rolecall.needs.reduced import reduced
from rolecall.needs.unjudged import unjudged
from rolecall.rules import Yields, named, rule

SEVERITIES = {
    Harm.PERMISSIONS: Severity.HIGH,
    Harm.SECRETS: Severity.HIGH,
    Harm.DELETION: Severity.HIGH,
    Harm.WRITE: Severity.MEDIUM,
    Harm.READ: Severity.MEDIUM,
    Harm.LIST: Severity.LOW,
}
SEVEREST = tuple(dict.fromkeys(SEVERITIES.values()))


@rule(Severity.MEDIUM)
def unneeded_grant(function: Function, account: Account) -> Yields:
    """The role allows what neither trigger, configuration nor code needs.

    Whoever takes over the function can do it all the same. High for rights to change permissions, delete, or read
    secrets that it does not read anyway; low for those that only list. No finding on a service where not all that
    the code calls is known: what is not judged for that is a gap of the function, and a note in the head of the
    report.

    Bad:
        calls: []
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem",
                   "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}]

    Bad:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem",
                   "Resource": ["arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                                "arn:aws:dynamodb:us-east-1:111122223333:table/invoices"]}]

    Good:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem",
                   "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}]

    Good:
        code: unread
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}]

    Misses: what code needs that it never runs, and rights that only a condition makes harmless.
    """
    groups: dict[tuple[object, ...], list[tuple[Comparison, Excess, Rights]]] = defaultdict(list)
    for each in judged(function, account, Purpose.OTHER):
        groups[_cause(each[1])].append(each)
    yield from map(_hit, groups.values())
    if gap := unjudged(function, account):
        yield gap  # For the other rules on what is not needed as well.


def _cause(excess: Excess) -> tuple[object, ...]:
    """What people change: a statement, or the name in a template of which SAM makes several."""
    place = excess.statement.place
    return (excess.policy.name, place.asked) if place and place.asked else (excess.policy.name, excess.statement.index)


def _hit(group: list[tuple[Comparison, Excess, Rights]]) -> Hit:
    comparison, excess, confirmed = min(group, key=lambda each: rank(each[2][0].right.action))
    rights = tuple(each.right for _, _, some in group for each in some)
    actions = list(worst_first(tuple(right.action for right in rights)))
    patterns = tuple(dict.fromkeys(pattern for right in rights for pattern in right.unneeded))
    made = [reduced(one, each) for one, each, _ in group]
    place = excess.statement.place
    on = f"by `{place.asked}`" if place and len(group) > 1 else f"on {named(patterns)}"
    hit = Hit(
        excess.statement,
        f"{named(actions)} {on}: nothing of `{comparison.granted.function.name}` needs that",
        fix=made[0].fix,
        actions=tuple(actions),
        resources=patterns,
        severity=min((_severity(right, comparison) for right in rights), key=SEVEREST.index),
        confidence=Confidence.HIGH if comparison.is_certain else Confidence.MEDIUM,
        evidence={
            "unneeded": unneeded_of(rights),
            "searched": searched(comparison),
            "diff": [line for each in made for line in each.diff],
        },
        witness=confirmed[0].witness,
    )
    return with_use(hit, comparison, rights)


def _severity(right: Right, comparison: Comparison) -> Severity:
    """That of what it can do; to read once more what the function reads anyway is no secret more."""
    if harm(right.action) is not Harm.SECRETS:
        return SEVERITIES[harm(right.action)]
    prefix = right.action.partition(":")[0]
    read = [each.resource for each in comparison.needs.needs if _reads(each.action, prefix)]
    is_read = all(any(within(pattern, each) for each in read) for pattern in right.unneeded)
    return Severity.MEDIUM if is_read else Severity.HIGH


def _reads(action: str, prefix: str) -> bool:
    return action.partition(":")[0] == prefix and harm(action) is Harm.SECRETS


def searched(comparison: Comparison) -> str:
    """Where a need was looked for: in all versions of the function, and in others that share its role."""
    triggers = sum(len(each.triggers) for each in comparison.users)
    by_config = sum(need.proof.kind == "config" for need in comparison.needs.needs)
    codes = [each.code for each in comparison.users if each.code and each.code.read]
    calls = f"{sum(len(code.calls) for code in codes)} calls in {sum(code.files for code in codes)} files"
    return f"{triggers} triggers, {by_config} needs of settings, {calls if codes else 'no code'}"
