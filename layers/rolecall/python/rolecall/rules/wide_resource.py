from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Confirmed, Excess, written
from rolecall.needs.extent import is_account_wide
from rolecall.needs.harm import Harm, harm
from rolecall.needs.purpose import too_wide
from rolecall.needs.reduced import reduced
from rolecall.rules import Yields, named, rule

SHOWN = 5  # needs in the message; all of them are in the evidence


@rule(Severity.MEDIUM, silences=("unneeded-grant",))
def wide_resource(function: Function, account: Account) -> Yields:
    """An action is needed, but granted on more resources than those that are needed.

    What the function may do to its own table it may do to every other one as well. High where the
    pattern stands for all resources of the account and the action changes them or hands out secrets.

    Bad:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}]

    Bad:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem",
                   "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/ord*"}]

    Good:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem",
                   "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}]

    Good:
        calls:
          - {service: cloudwatch, operation: PutMetricData, parameters: {Namespace: orders}}
        more policies:
          Count: [{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}]

    Good:
        code: unread
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}]

    Good:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*",
                   "Condition": {"StringEquals": {"aws:ResourceTag/app": "orders"}}}]

    Good:
        calls:
          - {service: ses, operation: SendEmail, parameters: {Source: shop@example.com}}
        more policies:
          Send: [{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*",
                  "Condition": {"StringEquals": {"ses:FromAddress": "shop@example.com"}}}]

    Misses: all objects of a bucket where only some are needed, a name in every region, an action whose
    resource the code takes from the event, and a tag in a condition that too many resources carry.
    """
    for comparison, excess in written(function, account):
        confirmed = comparison.confirmed(excess, too_wide(excess))
        if confirmed:
            yield _hit(comparison, excess, confirmed)


def _hit(comparison: Comparison, excess: Excess, confirmed: tuple[Confirmed, ...]) -> Hit:
    rights = tuple(each.right for each in confirmed)
    patterns = tuple(dict.fromkeys(pattern for right in rights for pattern in right.wide))
    needs = tuple(dict.fromkeys(need for right in rights for need in right.needs))
    resources = sorted({need.resource for need in needs})
    is_bad = any(
        any(map(is_account_wide, right.wide)) and (harm(right.action).changes or harm(right.action) is Harm.SECRETS)
        for right in rights
    )
    is_sure = comparison.is_certain and all(need.literal for need in needs)
    made = reduced(comparison, excess)
    entries = tuple(dict.fromkeys(right.entry if is_wild(right.entry) else right.action for right in rights))
    return Hit(
        excess.statement,
        f"{named(entries)} on {named(patterns)}, needed on {named(resources, most=SHOWN)} only",
        fix=made.fix,
        actions=entries,
        resources=patterns,
        severity=Severity.HIGH if is_bad else Severity.MEDIUM,
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        evidence={
            "needed": [f"{need.action} on {need.resource}: {need.proof.where}" for need in needs],
            "diff": made.diff,
        },
        witness=confirmed[0].witness,
    )
