from rolecall.finding import Hit, Severity
from rolecall.iam import catalog
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule

SHOWN = 5  # patterns in the message; all of them are in the finding
READS = frozenset({catalog.AccessLevel.LIST, catalog.AccessLevel.READ})


@rule(Severity.HIGH)
def service_wildcard(function: Function, account: Account) -> Yields:
    """A whole service, or all actions that begin with a verb, are granted.

    A wildcard in an action grants what nobody read, and what AWS adds to the service next month. It is
    medium where it holds nothing but read and list actions.

    Bad:
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::inbox/*"}

    Bad:
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Put*"], "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": "*"}

    Good:
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}

    Misses: `NotAction`, and an action list that names all actions one by one.
    """
    role = account.role_of(function)
    for policy in role.policies if role else ():
        for statement in policy.allows:
            wide = tuple(action for action in statement.actions if "*" in action or "?" in action)
            if wide:
                yield _hit(statement, wide)


def _hit(statement: Statement, wide: tuple[str, ...]) -> Hit:
    granted = sorted({action for pattern in wide for action in catalog.expand(pattern)})
    found = tuple(filter(None, map(catalog.action, granted)))
    harmful = [action.name for action in found if not action.levels <= READS]
    quoted = ", ".join(f"`{pattern}`" for pattern in wide[:SHOWN]) + (" …" if len(wide) > SHOWN else "")
    worst = f", `{harmful[0]}` among them" if harmful else ", all of them read or list"
    return Hit(
        statement,
        f"{quoted} grants {len(granted)} actions{worst if granted else ''}",
        fix="name the actions that the function calls, one by one",
        actions=wide,
        severity=Severity.HIGH if harmful or not granted else Severity.MEDIUM,
        evidence={"granted": len(granted), "first": granted[:10]},
    )
