from rolecall.callers import guarded, invokes
from rolecall.finding import Hit, Severity
from rolecall.fixes import guarded_permission
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule

OWNERS = ("aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths")


@rule(Severity.HIGH, silences=("unguarded-service",))
def ownerless_source(function: Function, account: Account) -> Yields:
    """The permission names a source, but not whose it is.

    A bucket ARN has no account: when the bucket is deleted, anybody can make one of that name, and its
    events invoke the function. A wildcard in the account field lets every account in at once.

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::inbox"}}}

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:*:alarms"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::inbox"},
                       "StringEquals": {"aws:SourceAccount": "111122223333"}}}

    Misses: whether the bucket exists today.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if not statement.services or not invokes(statement) or guarded(statement, OWNERS):
            continue
        for source in filter(_is_ownerless, _sources(statement)):
            caller = statement.services[0]
            yield Hit(
                statement,
                f"lets `{caller}` in for `{source}`, whoever owns it",
                fix=guarded_permission(function, statement, caller, source, account.id),
                principal=caller,
                evidence={"source": source},
            )


def _sources(statement: Statement) -> tuple[str, ...]:
    """The values of aws:SourceArn where the statement is pinned by it."""
    conditions = (c for c in statement.conditions if c.key.lower() == "aws:sourcearn" and statement.pins(c.key))
    return tuple(value for condition in conditions for value in condition.values)


def _is_ownerless(source: str) -> bool:
    """Does the account field of the ARN hold no account, or a wildcard?

    >>> _is_ownerless("arn:aws:s3:::inbox"), _is_ownerless("arn:aws:sns:us-east-1:111122223333:alarms")
    (True, False)
    """
    fields = source.split(":", 5)
    return len(fields) == 6 and (not fields[4] or "*" in fields[4] or "?" in fields[4])
