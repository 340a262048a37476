from rolecall.callers import invokes
from rolecall.callers.errands import errands, filled
from rolecall.callers.services import EDGE, PARTNERS, sender
from rolecall.callers.strangers import named, stranger
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import guarded_permission
from rolecall.iam.arn import Arn, service_of_arn
from rolecall.iam.policy import Statement
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided


@rule(
    Severity.HIGH,
    silences=(
        "unguarded-service",
        "qualifier-mismatch",
        "leftover-permission",
        "wide-source",
        "account-wide-source",
    ),
)
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

    Critical where the bucket does not exist: its name is free for everyone.

    Misses: an owner that is named by a condition which is not modelled is reported as not decided.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if not _names_services(statement) or not invokes(statement) or not statement.pins("aws:SourceArn"):
            continue
        try:
            found = _strange(statement, function, account)
        except UndecidedError:
            yield undecided(function, "ownerless-source", statement)
            continue
        if found is not None:
            yield _hit(function, statement, *found, account)


def _hit(function: Function, statement: Statement, caller: str, source: str, request: Request, account: Account) -> Hit:
    bucket = account.resource(source)
    gone = bucket is not None and not bucket.exists
    owner = "another" if bucket and "another" in bucket.fact("owner") else None
    said = ": it does not exist, its name is free" if gone else ": it is another account's" if owner else ""
    return Hit(
        statement,
        f"lets `{caller}` in for `{source}`, whoever owns it{said}",
        fix=guarded_permission(function, statement, caller, _own(source, account), account),
        principal=caller,
        severity=Severity.CRITICAL if gone else Severity.HIGH,
        evidence={"source": source, "exists": bucket.exists if bucket else None, "owner": owner},
        witness=witness(request),
    )


def _strange(statement: Statement, function: Function, account: Account) -> tuple[str, str, Request] | None:
    """The service and the source for which it is let in on behalf of a stranger, and the request."""
    owner = stranger(account)
    for pattern in filter(Arn.parse, named(statement, "aws:SourceArn")):
        services = statement.services or ("s3.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com")
        for service in services:
            row = sender(service)
            source = filled(pattern, owner, row.service if row else service_of_arn(pattern), account)
            if service in EDGE | PARTNERS or source is None:
                continue
            requests = errands(service, owner, statement, function, account, sources=[source])
            if request := let_in(requests, statement, function.resource_policy):
                return service, pattern, request
    return None


def _names_services(statement: Statement) -> bool:
    return bool(statement.services) or any(each.is_everyone for each in statement.principals)


def _own(source: str, account: Account) -> str:
    """The source with our account where it names none but a wildcard."""
    fields = source.split(":", 5)
    return ":".join([*fields[:4], account.id, *fields[5:]]) if len(fields) == 6 and is_wild(fields[4]) else source
