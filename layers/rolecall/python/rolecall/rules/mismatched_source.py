from collections.abc import Iterator
from dataclasses import replace

from rolecall.callers import invokes
from rolecall.callers.delivery import arns, is_of
from rolecall.callers.errands import errands, sources
from rolecall.callers.services import EDGE, PARTNERS, other_means, sender
from rolecall.callers.strangers import named, stranger
from rolecall.callers.trial import let_in
from rolecall.callers.wiring import meant
from rolecall.finding import Hit, Severity
from rolecall.fixes import guarded_permission, remove_permission
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Condition, Statement
from rolecall.iam.search import UndecidedError
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, rule
from rolecall.triggers import TRIGGERS, Push

SOURCE, OWNER, AUTH = "aws:SourceArn", "aws:SourceAccount", "lambda:FunctionUrlAuthType"


@rule(
    Severity.HIGH,
    silences=(
        "pointless-permission",
        "ownerless-source",
        "unguarded-service",
        "qualifier-mismatch",
        "leftover-permission",
        "wide-source",
        "account-wide-source",
        "refused-trigger",
        "mismatched-url-permission",
        "half-permitted-url",
    ),
)
def mismatched_source(function: Function, account: Account) -> Yields:
    """The permission can never match: the service does not send what it asks for.

    It looks as if it lets the service in, and every event is refused. API Gateway comes for
    `execute-api` ARNs, SNS sends no account, Alexa no source; and lambda:FunctionUrlAuthType is part of
    lambda:InvokeFunctionUrl only.

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:apigateway:us-east-1::/restapis/a1b2c3/*"}}}

    Bad:
        {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:alarms"},
                       "StringEquals": {"aws:SourceAccount": "111122223333"}}}

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"},
         "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:execute-api:us-east-1:111122223333:a1b2c3/*/GET/orders"}}}

    Misses: a service that is not known here is reported as not decided.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if not invokes(statement):
            continue
        if not statement.services:
            yield from _of_url(function, statement)
        for service in statement.services:
            if service in EDGE or other_means(service):
                continue
            if sender(service) is None and service not in PARTNERS:
                why = f"{statement.where}: it is not known for which sources `{service}` invokes"
                yield Gap("permission", why, None, function.id, mendable=False)
                continue
            yield from _of_service(service, statement, function, account)


def _of_url(function: Function, statement: Statement) -> Iterator[Hit]:
    """A condition that only calls of a function URL can meet, on an action that does not have it."""
    verbs = {each.lower() for each in statement.actions}
    if verbs == {"lambda:invokefunction"} and statement.pins(AUTH):
        yield Hit(
            statement,
            f"can never match: `{AUTH}` is not part of `lambda:InvokeFunction`",
            fix=_fix(function, statement, "`lambda:InvokedViaFunctionUrl: true` in its place")
            if function.settings.url_auth
            else remove_permission(function, statement),
            principal=next((each.value for each in statement.principals), "*"),
            evidence={"never": [AUTH]},
            triggers=tuple(f"url:{each.value}" for each in statement.principals),
        )


def _of_service(service: str, statement: Statement, function: Function, account: Account) -> Iterator[Hit]:
    try:
        if _is_met(service, statement, function, account):
            return
        culprits = [
            each
            for each in statement.conditions
            if not _is_met(service, replace(statement, conditions=(each,)), function, account)
        ]
    except UndecidedError:
        return  # Then it can match.
    because, wanted = _because(service, culprits, account)
    for_own = meant(service, statement, function)
    yield Hit(
        statement,
        f"can never match: {because}",
        fix=_mended(function, statement, service, for_own, account) or _fix(function, statement, wanted),
        principal=service,
        evidence={
            "service": service,
            "expected": wanted,
            "conditions": {each.key: list(each.values) for each in culprits or statement.conditions},
        },
        triggers=for_own,
    )


def _mended(
    function: Function, statement: Statement, service: str, sources: tuple[str, ...], account: Account
) -> str | None:
    """What lets in the trigger that it was for: an edit of a template; None where there is none, or no template."""
    trigger = next((each for each in function.triggers if each.source in sources), None)
    row = TRIGGERS.get(trigger.type) if trigger else None
    if trigger is None or not isinstance(row, Push) or not statement.place or statement.place.added_by:
        return None
    if not is_of(service, row):
        return f"{statement.place.file}:{statement.place.line}: set `Principal: {row.principal}`"
    if not row.sends_account and any(each.key.lower() == OWNER.lower() for each in statement.conditions):
        return f"{statement.place.file}:{statement.place.line}: take `SourceAccount` out of it"
    return guarded_permission(function, statement, service, arns(trigger), account)


def _is_met(service: str, statement: Statement, function: Function, account: Account) -> bool:
    """Can any request of the service meet it, for whatever source of whichever account?"""
    arns = [arn.account for each in named(statement, SOURCE) if (arn := Arn.parse(each))]
    owners = (account.id, *(each for each in (*arns, *named(statement, OWNER)) if each.isdecimal()), stranger(account))
    unknown = [each for each in named(statement, OWNER) if is_unresolved(each)]
    for owner in dict.fromkeys((*owners, *unknown)):
        of = sources(service, owner, statement, account)
        if let_in(errands(service, owner, statement, function, account, sources=of), statement, None) is not None:
            return True
    return False


def _because(service: str, culprits: list[Condition], account: Account) -> tuple[str, str]:
    """Why no request meets the statement, and what would be right."""
    row = sender(service)
    keys = {each.key.lower() for each in culprits}
    if service in PARTNERS:
        return f"`{service}` sends no {_listed(culprits)}", "`lambda:EventSourceToken`"
    assert row is not None
    expected = f"`{SOURCE}` of `arn:{account.partition}:{row.service}:…`"
    if SOURCE.lower() in keys:
        values = next(each.values for each in culprits if each.key.lower() == SOURCE.lower())
        if not values:
            return f"its condition on `{SOURCE}` names none", expected
        return f"`{service}` comes for `{row.service}`, not for `{values[0]}`", expected
    if OWNER.lower() in keys and not row.sends_account:
        return f"`{service}` sends no `{OWNER}`", f"`{SOURCE}` alone"
    if culprits:
        return f"`{service}` sends no such {_listed(culprits)}", expected
    return f"its conditions on `{service}` exclude each other", f"`{SOURCE}` and `{OWNER}` of one account"


def _listed(conditions: list[Condition]) -> str:
    return ", ".join(f"`{each.key}`" for each in conditions)


def _fix(function: Function, statement: Statement, wanted: str) -> str:
    if statement.place:
        return f"{statement.place.file}:{statement.place.line}: let the condition be {wanted}"
    return f"{remove_permission(function, statement)}, and add it again with {wanted}"
