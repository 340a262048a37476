from rolecall.callers.trial import case
from rolecall.callers.urls import direct
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission, with_url_permission
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule


@rule(
    Severity.CRITICAL,
    silences=("public-function", "unguarded-service", "foreign-caller", "more-than-invoke", "leftover-permission"),
)
def open_url_invoke(function: Function, account: Account) -> Yields:
    """For its URL, everybody may invoke the function by the API as well.

    A function URL needs `lambda:InvokeFunction` beside `lambda:InvokeFunctionUrl`, and only for calls that come
    through it. Given to everybody without `lambda:InvokedViaFunctionUrl`, it lets every AWS account call the Invoke
    API: with any event, past the URL and what it checks.

    Bad:
        configuration: {url_auth: NONE}
        resource policy:
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}

    Good:
        configuration: {url_auth: NONE}
        resource policy:
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
             "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}

    Good:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}
    """
    if function.settings.url_auth is None or function.resource_policy is None:
        return
    for statement in function.resource_policy.allows:
        asked = direct(function, account, statement) if _is_for_all(statement) else None
        if asked is None:
            continue
        yield Hit(
            statement,
            f"anybody with an AWS account may invoke `{function.name}` by the API, not only through its URL: "
            f"`lambda:InvokeFunction` for `*` does not ask for `lambda:InvokedViaFunctionUrl`",
            fix=_fix(function, statement, account),
            principal="*",
            witness=case(asked),
        )


def _is_for_all(statement: Statement) -> bool:
    return bool(statement.not_principals) or any(each.is_everyone for each in statement.principals)


def _fix(function: Function, statement: Statement, account: Account) -> str:
    if statement.place and function.settings.url_auth != "NONE":
        return remove_permission(function, statement)
    if statement.place:
        at = f"{statement.place.file}:{statement.place.line}"
        return f"{at}: add `InvokedViaFunctionUrl: true` (in a policy: `Bool: {{lambda:InvokedViaFunctionUrl: true}}`)"
    narrowed = with_url_permission(function, "*", "lambda:InvokeFunction", account)
    return f"{narrowed} && {remove_permission(function, statement)}"
