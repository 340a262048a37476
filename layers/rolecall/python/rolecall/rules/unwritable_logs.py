from rolecall.finding import Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.lack import lacks
from rolecall.rules import Yields, rule


@rule(Severity.MEDIUM, silences=("denied-call",))
def unwritable_logs(function: Function, account: Account) -> Yields:
    """The function cannot write its logs.

    It runs all the same, and what it says is lost: who looks for a fault finds nothing. That the group is missing
    counts only where it was looked for.

    Bad:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"}

    Bad:
        settings: {log_group: /shop/orders}

    Bad:
        resources:
          - {arn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/orders", exists: false}

    Good:
        policies:
          Logs:
            - {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}

    Good:
        settings: {log_group: /shop/orders}
        more policies:
          Logs:
            - {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
               "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/shop/orders:*"}

    Misses: log groups of extensions.
    """
    for each in lacks(function, account, _is_logging, by=lambda need: need.resource):
        group = each.need.resource.partition(":log-group:")[2].removesuffix(":*")
        known = account.resource(each.need.resource.removesuffix(":*"))
        yield each.hit(
            f"`{each.role}` may not {each.quoted} on `{group}`, the function's log group",
            subject=group,
            group=group,
            exists=known and known.exists,
        )


def _is_logging(need: Need) -> bool:
    return need.proof.kind == "config" and need.proof.where == "log group"
