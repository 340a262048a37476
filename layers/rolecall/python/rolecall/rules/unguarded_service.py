from rolecall.callers import invokes
from rolecall.callers.delivery import named_for
from rolecall.callers.errands import errands, services_of
from rolecall.callers.narrowing import reasons, why_open
from rolecall.callers.services import EDGE, PARTNERS, sender
from rolecall.callers.strangers import stranger
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import PLACEHOLDER, guarded_permission, remove_permission
from rolecall.iam.policy import Statement
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError
from rolecall.model import Account, Function
from rolecall.rules import Yields, named, rule, undecided


@rule(Severity.HIGH, silences=("qualifier-mismatch", "leftover-permission", "wide-source", "account-wide-source"))
def unguarded_service(function: Function, account: Account) -> Yields:
    """An AWS service may invoke the function on anyone's behalf.

    A service principal is shared by every account. Without a condition on the source, another
    account's bucket, rule or target group is let in too (the confused deputy).

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "*"}}}

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/audit"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "alexa-appkit.amazon.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*"}
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        callers = [service for service in services_of(statement) if service not in EDGE | PARTNERS]
        if not callers or not invokes(statement) or statement.pins("aws:SourceArn"):
            continue
        found: list[tuple[str, Request]] = []
        try:
            for caller in callers:
                requests = errands(caller, stranger(account), statement, function, account)
                if request := let_in(requests, statement, function.resource_policy):
                    found.append((caller, request))
        except UndecidedError:
            if statement.services:  # Of everybody `public-function` says so.
                yield undecided(function, "unguarded-service", statement)
            continue
        if found:
            yield _hit(function, statement, found, account)


def _hit(function: Function, statement: Statement, found: list[tuple[str, Request]], account: Account) -> Hit:
    caller = found[0][0]
    row = sender(caller)
    sent = [each for each in function.triggers if row and f":{row.service}:" in each.source]
    sources = sorted({each.source for each in sent})
    wanted, *also = named_for(sent) or (PLACEHOLDER,)
    who = named([each for each, _ in found]) if statement.services else "any AWS service"
    open_ones = [why_open(each) for each in statement.conditions]
    return Hit(
        statement,
        f"lets {who} in without `aws:SourceArn`: from any account"
        + (f", {reasons(statement.conditions)}" if open_ones else ""),
        fix=remove_permission(function, statement)
        if statement.place and not sources and len(found) == len(statement.services)
        else guarded_permission(function, statement, caller, wanted, account, also=also),
        principal=caller,
        evidence={"services": [each for each, _ in found], "triggers": sources, "conditions": open_ones},
        witness=witness(found[0][1]),
    )
