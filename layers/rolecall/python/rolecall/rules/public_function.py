from rolecall.callers import guarded, invokes
from rolecall.callers.urls import serves_url
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

# Keys that tie a request to one principal, account, organisation or source.
GUARDS = (
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
)


@rule(Severity.CRITICAL, silences=("unguarded-service",))
def public_function(function: Function, account: Account) -> Yields:
    """Anybody may invoke the function.

    Every AWS principal of every account is let in: with its data, at your cost, under the function's role.

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "lambda:*", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}

    Good:
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "lambda:InvokeFunction", "Resource": "*"}

    Misses: statements with other conditions: they are reported as not decided.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if not _to_everybody(statement) or not invokes(statement) or guarded(statement, GUARDS):
            continue
        if serves_url(statement):
            continue  # The rules of function URLs judge it.
        if statement.conditions:
            yield undecided(function, "public-function", statement)
            continue
        yield Hit(
            statement,
            f"anybody may invoke `{function.name}`: the principal is `*`, without a condition",
            fix=remove_permission(function, statement),
            principal="*",
        )


def _to_everybody(statement: Statement) -> bool:
    """`*`, or everybody but a few: `NotPrincipal`."""
    return bool(statement.not_principals) or any(principal.is_everyone for principal in statement.principals)
