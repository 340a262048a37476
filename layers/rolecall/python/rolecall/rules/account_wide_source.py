from rolecall.callers import invokes
from rolecall.callers.delivery import named_for
from rolecall.callers.errands import errands, services_of
from rolecall.callers.services import EDGE, PARTNERS, sender
from rolecall.callers.strangers import stranger
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import PLACEHOLDER, guarded_permission
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement
from rolecall.iam.search import UndecidedError
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

# Their ARN exists only after the permission, or is not documented.
CONFIG = "config.amazonaws.com"
LATE = {
    CONFIG: "the ARN of a Config rule exists only after the permission",
    "secretsmanager.amazonaws.com": "AWS documents aws:SourceAccount only",
}


@rule(Severity.LOW)
def account_wide_source(function: Function, account: Account) -> Yields:
    """Every resource of the service may invoke the function.

    Of the account, but of whoever may make one there: a second bucket, topic or rule is let in as well.
    Info where the ARN cannot be known before the permission is there.

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"},
                       "ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        services = [each for each in services_of(statement) if each not in EDGE | PARTNERS]
        if not services or not invokes(statement) or statement.pins("aws:SourceArn"):
            continue
        service, policy = services[0], function.resource_policy
        try:
            if let_in(errands(service, stranger(account), statement, function, account), statement, policy):
                continue  # `unguarded-service`
        except UndecidedError:
            continue  # `unguarded-service` says so.
        try:
            request = let_in(errands(service, account.id, statement, function, account), statement, policy)
        except UndecidedError:
            if statement.services:  # Of everybody `public-function` says so.
                yield undecided(function, "account-wide-source", statement)
            continue
        if request is None:
            continue
        late = _late(service, statement)
        sent = [each for each in function.triggers if _is_of(service, each.source)]
        triggers = sorted({each.source for each in sent})
        wanted, *also = named_for(sent) or (PLACEHOLDER,)
        fix = guarded_permission(function, statement, service, wanted, account, also=also)
        yield Hit(
            statement,
            f"lets any resource of {f'`{service}`' if statement.services else 'any AWS service'} in, not only the"
            f" trigger{f' ({late})' if late else ''}",
            fix=_fix(fix, statement, is_circle=late == LATE[CONFIG]),
            principal=service if statement.services else "*",
            severity=Severity.INFO if late else Severity.LOW,
            evidence={"triggers": triggers},
            witness=witness(request),
        )


def _fix(fix: str, statement: Statement, *, is_circle: bool) -> str:
    if is_circle and statement.place:
        # AWS Config makes no rule whose function does not let it in yet, so a reference to the rule would be a circle.
        return "nothing to do in a template, which can be no narrower; the rule's ARN can be added once it is there"
    return fix if statement.services else f"name the service that is to come in place of `*`; {fix}"


def _late(service: str, statement: Statement) -> str | None:
    if statement.place and statement.place.added_by and service.startswith("s3."):
        return f"{statement.place.added_by} writes no `SourceArn` for a bucket"
    return LATE.get(service)


def _is_of(service: str, source: str) -> bool:
    row, arn = sender(service), Arn.parse(source)
    return row is not None and arn is not None and arn.service == row.service
