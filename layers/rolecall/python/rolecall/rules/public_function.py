from rolecall.callers import INVOKING
from rolecall.callers.narrowing import reasons, why_open
from rolecall.callers.strangers import asked, strangers
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam.policy import Statement
from rolecall.iam.search import UndecidedError
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

INVOKE = INVOKING[0]


@rule(Severity.CRITICAL, silences=("unguarded-service", "foreign-caller", "more-than-invoke", "leftover-permission"))
def public_function(function: Function, account: Account) -> Yields:
    """Anybody may invoke the function.

    Every AWS principal of every account is let in: with its data, at your cost, under the function's role.
    A condition helps only if strangers cannot meet it: one that holds without its key (`…IfExists`,
    `ForAllValues`, `Not…`), a date, or a key whose value the caller chooses does not. What a Deny of the
    policy takes away counts.

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "lambda:*", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}

    Good:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}

    Good:
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "lambda:InvokeFunction", "Resource": "*"}

    Good:
        resource policy:
          - {Effect: Allow, Principal: "*", Action: "lambda:InvokeFunction", Resource: "*"}
          - {Effect: Deny, Principal: "*", Action: "lambda:*", Resource: "*",
             Condition: {StringNotEquals: {"aws:PrincipalAccount": "111122223333"}}}

    Misses: a condition on a key that is not modelled is reported as not decided; a network of less than a
    256th of the internet counts as a narrow one.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if not _to_everybody(statement) or asked(statement) != INVOKE:
            continue
        try:
            # What comes through a function URL is for the rules of those.
            requests = strangers(statement, function, account, by_url=False)
            request = let_in(requests, statement, function.resource_policy)
        except UndecidedError:
            yield undecided(function, "public-function", statement)
            continue
        if request is not None:
            yield Hit(
                statement,
                f"anybody may invoke `{function.name}`: {_because(statement)}",
                fix=remove_permission(function, statement),
                principal="*",
                evidence={"conditions": [why_open(each) for each in statement.conditions]},
                witness=witness(request),
            )


def _because(statement: Statement) -> str:
    if statement.not_principals:
        who = f"`NotPrincipal` means all but `{statement.not_principals[0].value}`"
    else:
        who = "the principal is `*`"
    return f"{who}, and {reasons(statement.conditions)}" if statement.conditions else f"{who}, without a condition"


def _to_everybody(statement: Statement) -> bool:
    """`*`, or everybody but a few: `NotPrincipal`."""
    return bool(statement.not_principals) or any(principal.is_everyone for principal in statement.principals)
