from collections.abc import Iterator

from rolecall.callers import invokes
from rolecall.callers.delivery import arns
from rolecall.callers.errands import errands, sources
from rolecall.callers.services import PARTNERS
from rolecall.callers.strangers import named, stranger
from rolecall.callers.trial import let_in, witness
from rolecall.callers.wiring import meant
from rolecall.finding import Hit, Severity
from rolecall.fixes import guarded_permission, remove_permission
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement
from rolecall.iam.search import UndecidedError
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, rule, undecided
from rolecall.rules import named as listed


@rule(
    Severity.HIGH,
    silences=(
        "mismatched-source",
        "pointless-permission",
        "ownerless-source",
        "unguarded-service",
        "qualifier-mismatch",
        "leftover-permission",
        "wide-source",
        "account-wide-source",
        "refused-trigger",
    ),
)
def foreign_source(function: Function, account: Account) -> Yields:
    """The source that a service may come for belongs to another account.

    Whoever owns it decides when the function runs, and with what. Accounts that are trusted (`--trust`)
    are no others.

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:444455556666:alarms"}}}

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::inbox"},
                       "StringEquals": {"aws:SourceAccount": "444455556666"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:alarms"}}}

    Misses: an organisation in aws:SourceOrgID, of which it is not known whose it is.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        services = [each for each in statement.services if each not in PARTNERS]
        if not services or not invokes(statement):
            continue
        if _is_unknown(statement):
            why = f"{statement.where}: the account of its source is not known"
            yield Gap("rule foreign-source", why, None, function.id)
        for service in services:
            try:
                yield from _hits(service, statement, function, account)
            except UndecidedError:
                yield undecided(function, "foreign-source", statement)


def _hits(service: str, statement: Statement, function: Function, account: Account) -> Iterator[Hit]:
    policy = function.resource_policy
    owners = [each for each in _owners(statement) if each != account.id and each not in account.trusted]
    found = []
    for owner in owners:
        of = sources(service, owner, statement, account)
        request = let_in(errands(service, owner, statement, function, account, sources=of), statement, policy)
        if request is not None:
            found.append((owner, request))
    if not found:
        return
    if let_in(errands(service, stranger(account), statement, function, account), statement, policy) is not None:
        return  # Everybody's source is let in: that is for other rules.
    accounts = [owner for owner, _ in found]
    for_own = meant(service, statement, function)
    fix = f"{remove_permission(function, statement)}, or trust the account: `--trust {accounts[0]}`"
    own = [each for each in for_own if not any(f":{owner}:" in each for owner in accounts)]
    if own and statement.place:
        wanted = next(arns(each) for each in function.triggers if each.source == own[0])
        fix = guarded_permission(function, statement, service, wanted, account)
    yield Hit(
        statement,
        f"lets `{service}` in on behalf of account {listed(accounts)}, which is not trusted",
        fix=fix,
        principal=service,
        evidence={"accounts": accounts, "sources": list(named(statement, "aws:SourceArn"))},
        witness=witness(found[0][1]),
        triggers=for_own,
    )


def _owners(statement: Statement) -> tuple[str, ...]:
    """The accounts that its conditions on the source name."""
    arns = [arn.account for each in named(statement, "aws:SourceArn") if (arn := Arn.parse(each))]
    found = (*arns, *named(statement, "aws:SourceAccount"))
    return tuple(dict.fromkeys(each for each in found if len(each) == 12 and each.isdecimal()))


def _is_unknown(statement: Statement) -> bool:
    """Is the account behind the source the value of something that is not known?"""
    arns = [arn for each in named(statement, "aws:SourceArn") if (arn := Arn.parse(each))]
    return any(is_unresolved(each) for each in (*(arn.account for arn in arns), *named(statement, "aws:SourceAccount")))
