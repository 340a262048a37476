from rolecall.finding import Hit, Severity
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

LAMBDA = "lambda.amazonaws.com"
STATEMENT = f'{{"Effect": "Allow", "Principal": {{"Service": "{LAMBDA}"}}, "Action": "sts:AssumeRole"}}'


@rule(Severity.HIGH)
def untrusting_role(function: Function, account: Account) -> Yields:
    """The execution role does not trust Lambda.

    Lambda cannot assume it: every invocation fails before the code starts.

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
             "Action": "sts:AssumeRole"}
    """
    role = account.role_of(function)
    if role is None or role.trust is None or role.unread("trust policy"):
        return
    trusting = [statement for statement in role.trust.allows if _lets_lambda_in(statement)]
    if any(not statement.conditions for statement in trusting):
        return
    if trusting:
        yield undecided(function, "untrusting-role", trusting[0])
        return
    yield Hit(
        None,
        f"`{role.name}` cannot be assumed by `{LAMBDA}`: `{function.name}` cannot start",
        fix=f"trust policy: {STATEMENT}",
        subject="trust",
        actions=("sts:AssumeRole",),
        principal=LAMBDA,
        place=role.place,
    )


def _lets_lambda_in(statement: Statement) -> bool:
    assumes = any(matches(action, "sts:AssumeRole", ignore_case=True) for action in statement.actions)
    return assumes and (LAMBDA in statement.services or any(p.is_everyone for p in statement.principals))
