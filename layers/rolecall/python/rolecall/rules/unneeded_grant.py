from rolecall.finding import Confidence, Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Confirmed, Excess, unneeded_of
from rolecall.needs.harm import Harm, harm
from rolecall.needs.last_accessed import with_use
from rolecall.needs.purpose import Purpose, judged
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


@rule(Severity.MEDIUM)
def unneeded_grant(function: Function, account: Account) -> Yields:
    """The role allows what neither trigger, configuration nor code needs.

    Whoever takes over the function can do it all the same. High for rights to change permissions, read
    secrets or delete, low for those that only list. No finding on a service where not all that the code
    calls is known: what is not judged for that is a gap of the function, and a note in the head of the report.

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
    for comparison, excess, confirmed in judged(function, account, Purpose.OTHER):
        yield _hit(comparison, excess, confirmed)
    if gap := unjudged(function, account):
        yield gap  # For the other rules on what is not needed as well.


def _hit(comparison: Comparison, excess: Excess, confirmed: tuple[Confirmed, ...]) -> Hit:
    rights = tuple(each.right for each in confirmed)
    actions = [right.action for right in rights]
    patterns = tuple(dict.fromkeys(pattern for right in rights for pattern in right.unneeded))
    made = reduced(comparison, excess)
    hit = Hit(
        excess.statement,
        f"{named(actions)} on {named(patterns)}: nothing of `{comparison.granted.function.name}` needs that",
        fix=made.fix,
        actions=tuple(actions),
        resources=patterns,
        severity=SEVERITIES[harm(actions[0])],
        confidence=Confidence.HIGH if comparison.is_certain else Confidence.MEDIUM,
        evidence={"unneeded": unneeded_of(rights), "searched": searched(comparison), "diff": made.diff},
        witness=confirmed[0].witness,
    )
    return with_use(hit, comparison, rights)


def searched(comparison: Comparison) -> str:
    """Where a need was looked for: in all versions of the function, and in others that share its role."""
    triggers = sum(len(each.triggers) for each in comparison.users)
    by_config = sum(need.proof.kind == "config" for need in comparison.needs.needs)
    codes = [each.code for each in comparison.users if each.code and each.code.read]
    calls = f"{sum(len(code.calls) for code in codes)} calls in {sum(code.files for code in codes)} files"
    return f"{triggers} triggers, {by_config} needs of settings, {calls if codes else 'no code'}"
