from rolecall.callers.urls import AUTH, serves_url
from rolecall.finding import Hit, Severity
from rolecall.fixes import moved_permission, remove_permission
from rolecall.iam.policy import Statement
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule

URLS = "function URLs"
"""`what` of the Gap that it is not known which URLs a function has."""


@rule(Severity.MEDIUM, silences=("half-permitted-url",))
def mismatched_url_permission(function: Function, account: Account) -> Yields:
    """A permission for a function URL fits no URL.

    Either that qualifier of the function has no URL, or its URL authenticates otherwise than the permission says. It
    lets nobody in today, and somebody as soon as the URL is made or changed.

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
         "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}

    Bad:
        configuration: {url_auth: AWS_IAM}
        resource policy:
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}

    Good:
        configuration: {url_auth: AWS_IAM}
        resource policy:
          - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/web"},
             "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}}
    """
    versions = account.versions_of(function)
    unread = any(gap.what == URLS for each in versions for gap in each.gaps)
    if function.resource_policy is None or unread:
        return  # What was not read is a gap already.
    auth = function.settings.url_auth
    elsewhere = sorted({each.qualifier or "$LATEST" for each in versions if each.settings.url_auth})
    for statement in function.resource_policy.allows:
        if not serves_url(statement) or (auth is not None and _fits(statement, auth)):
            continue
        yield Hit(
            statement,
            _message(function, statement, elsewhere),
            fix=_fix(function, statement, account),
            principal=next((each.value for each in statement.principals), None),
            evidence={"authentication": auth, "urls": elsewhere},
            triggers=tuple(f"url:{each.value}" for each in statement.principals if not each.is_everyone),
        )


def _fix(function: Function, statement: Statement, account: Account) -> str:
    """Whoever is named may come by the URL that is there; everybody may not."""
    auth = function.settings.url_auth
    wanted = next((each for each in account.versions_of(function) if each.settings.url_auth), None)
    if not statement.place or any(each.is_everyone for each in statement.principals) or wanted is None:
        return remove_permission(function, statement)
    if auth is None:
        return moved_permission(function, wanted, statement, "", account)
    return f"{statement.place.file}:{statement.place.line}: let `FunctionUrlAuthType` be `{auth}`"


def _message(function: Function, statement: Statement, elsewhere: list[str]) -> str:
    name = f"{function.name}:{function.qualifier}" if function.qualifier else function.name
    if function.settings.url_auth is not None:
        asked = ", ".join(f"`{value}`" for value in _asked(statement))
        return f"is for a URL with {asked}, and that of `{name}` has `{function.settings.url_auth}`"
    where = f", only `{'`, `'.join(elsewhere)}` has one" if elsewhere else ""
    return f"is for a function URL, and `{name}` has none{where}"


def _fits(statement: Statement, auth: str) -> bool:
    asked = _asked(statement)
    return not asked or auth in asked or is_unresolved(auth) or any(map(is_unresolved, asked))


def _asked(statement: Statement) -> tuple[str, ...]:
    """The kinds of authentication that it lets through, if it asks for any."""
    found = (each for each in statement.conditions if each.key.lower() == AUTH.lower() and each.pins)
    return tuple(value for each in found for value in each.values)
