from rolecall.callers.trial import case
from rolecall.callers.urls import NONE, Use, by_identity, invokes_by_url, named, opens, strangers
from rolecall.finding import Hit, Severity
from rolecall.fixes import as_text, reference, remove_permission, signed_url, with_url_permission
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, rule

OPENING, INVOKING = "lambda:InvokeFunctionUrl", "lambda:InvokeFunction"


@rule(Severity.HIGH)
def half_permitted_url(function: Function, account: Account) -> Yields:
    """Somebody has one of the two permissions that the function URL asks for.

    Since October 2025 a call through a URL needs `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`. With one of
    them the URL answers 403. The second one may ask for `lambda:InvokedViaFunctionUrl`, and should.

    Bad:
        configuration: {url_auth: NONE}
        resource policy:
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}

    Bad:
        configuration: {url_auth: AWS_IAM}
        resource policy:
          - {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
             "Action": "lambda:InvokeFunctionUrl", "Resource": "*", "Condition":
             {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/E1"}}}

    Good:
        configuration: {url_auth: AWS_IAM}
        resource policy:
          - {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
             "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], "Resource": "*", "Condition":
             {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::111122223333:distribution/E1"}}}

    Misses: principals whose identity policies were not read, and a URL that nobody at all may call.
    """
    told: set[str] = set()
    for use in strangers(function, account):
        statement = _meant(function, use)
        if _is_half(use) and statement and not told:
            told.add("*")
            yield _hit(function, account, statement, use, f"whoever calls the URL of `{function.name}`")
    for statement, use in named(function, account):
        if use.who in told or not _is_half(use):
            continue
        told.add(use.who)
        if use.unread:
            why = f"{statement.where}: whether the identity policies of `{use.who}` allow the other half is not known"
            yield Gap("rule half-permitted-url", why, None, function.id, mendable=False, place=statement.place)
        else:
            yield _hit(function, account, statement, use, f"`{use.who}`")
    for use in by_identity(function, account):
        if use.who in told or use.unread or use.opens.allowed is not True or use.invokes.allowed is not False:
            continue
        yield _hit(function, account, use.opens.statements[0], use, f"`{use.who.rpartition('/')[2]}`")


def _is_half(use: Use) -> bool:
    """Is one of the two allowed, and the other one not?"""
    return {use.opens.allowed, use.invokes.allowed} == {True, False}


def _meant(function: Function, use: Use) -> Statement | None:
    """The statement that lets everybody do one of the two, if it is one about the URL."""
    policy = function.resource_policy
    # What a stranger's own policies say stands for any that it may have: nobody here can change those.
    deciding = [each for each in use.statements if each.kind.names_principals]
    if use.opens.allowed:
        return next((each for each in deciding if opens(each)), None)
    other = policy.allows if policy else ()
    if any(opens(each) and any(one.is_everyone for one in each.principals) for each in other):
        return None  # There is one for the other half: `mismatched-url-permission` says why it does not fit.
    return next((each for each in deciding if invokes_by_url(each)), None)


def _hit(function: Function, account: Account, statement: Statement, use: Use, who: str) -> Hit:
    has, lacks = (OPENING, INVOKING) if use.opens.allowed else (INVOKING, OPENING)
    is_own = statement.policy == "resource"
    principal = use.who if is_own else use.opening.caller.id
    target = as_text(reference(function.qualified_arn, account))
    return Hit(
        statement,
        f"{who} has `{has}` and not `{lacks}`: the URL{_at(function)} answers 403",
        fix=_fix(function, statement, principal, lacks, account)
        if is_own
        else f"allow `{lacks}` on `{target}` beside `{has}` in {statement.where}",
        subject=f"url:{use.who}",
        triggers=(f"url:{use.who}",),
        actions=(lacks,),
        resources=(function.qualified_arn,),
        principal=use.who,
        evidence={"has": has, "lacks": lacks, "authentication": function.settings.url_auth},
        witness=case(use.invoking if lacks == INVOKING else use.opening),
        place=None if statement.place else function.place,
    )


def _fix(function: Function, statement: Statement, principal: str, lacks: str, account: Account) -> str:
    """What gives the other half; where that is for everybody, first what closes the URL to them."""
    given = with_url_permission(function, principal, lacks, account, source=_source(statement))
    if principal != "*":
        return given
    taken = remove_permission(function, statement)
    if function.settings.url_auth == NONE:
        taken = f"{signed_url(function)}{', and ' if function.place else ' && '}{taken}"
    return f"{taken}; or, if everybody is to call it (`public-url` then asks to accept that), {given}"


def _source(statement: Statement) -> dict[str, str]:
    """What narrows a service, for the other permission as well."""
    members = {"aws:sourcearn": "SourceArn", "aws:sourceaccount": "SourceAccount"}
    conditions = [each for each in statement.conditions if each.key.lower() in members and each.values]
    return {members[each.key.lower()]: each.values[0] for each in conditions}


def _at(function: Function) -> str:
    return f" of `{function.qualifier}`" if function.qualifier else ""
