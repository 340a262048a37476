from rolecall.callers import guarded, invokes
from rolecall.finding import Hit, Severity
from rolecall.fixes import PLACEHOLDER, guarded_permission
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

# Any one of them keeps other accounts out; whether it is narrow enough is a question of its own.
GUARDS = ("aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths")
# Lambda@Edge sends no source; Alexa sends a token instead.
EXEMPT = frozenset(
    {
        "replicator.lambda.amazonaws.com",
        "edgelambda.amazonaws.com",
        "alexa-appkit.amazon.com",
        "alexa-connectedhome.amazon.com",
    }
)


@rule(Severity.HIGH)
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

    Good:
        {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/audit"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "alexa-appkit.amazon.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*"}
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        callers = [service for service in statement.services if service not in EXEMPT]
        if not callers or not invokes(statement) or guarded(statement, GUARDS):
            continue
        others = [c for c in statement.conditions if c.key.lower() not in {guard.lower() for guard in GUARDS}]
        if others:
            yield undecided(function, "unguarded-service", statement)
            continue
        for caller in callers:
            yield Hit(
                statement,
                f"lets `{caller}` in without `aws:SourceArn`: from any account",
                fix=guarded_permission(function, statement, caller, PLACEHOLDER, account.id),
                principal=caller,
            )
