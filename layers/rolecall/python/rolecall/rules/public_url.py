from rolecall.callers import invokes
from rolecall.callers.trial import case
from rolecall.callers.urls import NONE, strangers
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission, signed_url
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, rule


@rule(Severity.CRITICAL, silences=("half-permitted-url", "mismatched-url-permission"))
def public_url(function: Function, account: Account) -> Yields:
    """Anybody may call the function URL.

    Without authentication (`NONE`) whoever knows the address calls the function, unsigned, and addresses are found.
    With `AWS_IAM` and both actions for everybody, every principal of every AWS account may. Accept it with a reason
    and a date where a public address is meant.

    Bad:
        configuration: {url_auth: NONE}
        resource policy:
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*",
             "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}
          - {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
             "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}

    Good:
        configuration: {url_auth: AWS_IAM}
        resource policy:
          - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/web"},
             "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], "Resource": "*"}

    Good:
        configuration: {url_auth: AWS_IAM}
        resource policy:
          - {"Effect": "Allow", "Principal": "*", "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"],
             "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}
    """
    auth = function.settings.url_auth
    if auth is not None and is_unresolved(auth):
        yield Gap(
            "rule public-url", f"the authentication of the function URL, `{auth}`, is not known", None, function.id
        )
        return
    use = next((each for each in strangers(function, account) if each.allowed), None)
    policy = function.resource_policy
    if use is None or policy is None:
        return
    # What another account says for itself allows it too: nobody here can take that out.
    statements = tuple(each for each in use.statements if each.kind.names_principals)
    statements = statements or tuple(filter(invokes, policy.allows))
    who = "anybody may call" if auth == NONE else "everybody with any AWS account may call"
    yield Hit(
        statements[0],
        f"{who} the URL of `{function.name}`: authentication is `{auth}`, and both actions are allowed to `*`",
        fix=signed_url(function)
        if auth == NONE
        else "; ".join(remove_permission(function, each) for each in statements),
        subject="url",
        actions=("lambda:InvokeFunction", "lambda:InvokeFunctionUrl"),
        principal="*",
        evidence={
            "authentication": auth,
            "statements": [each.sid or each.where for each in statements],
            "and": case(use.invoking),
        },
        witness=case(use.opening),
        of_policy=True,
    )
