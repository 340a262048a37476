from rolecall.finding import Hit, Severity
from rolecall.iam.policy import Policy, Statement
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule, undecided

ADMINISTRATORS = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


@rule(Severity.CRITICAL, silences=("service-wildcard",))
def admin_role(function: Function, account: Account) -> Yields:
    """The execution role is an administrator.

    Whoever gets code into the function, or data that its code trusts, owns the account. `iam:*` is as
    much as `*:*`: it can grant itself the rest.

    Bad:
        {"Effect": "Allow", "Action": "*", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Action": ["s3:GetObject", "iam:*"], "Resource": "*"}

    Bad:
        policies:
          arn:aws:iam::aws:policy/PowerUserAccess:
            - {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::inbox/*"}

    Misses: rights of an administrator that are spread over statements (`iam:Put*` and `iam:Attach*`), and
    a boundary or Deny that takes them away.
    """
    role = account.role_of(function)
    for policy in role.policies if role else ():
        for statement in _administrative(policy):
            if statement.conditions:
                yield undecided(function, "admin-role", statement)
                continue
            yield Hit(
                statement,
                f"`{function.name}` runs as an administrator: {_why(policy, statement)}",
                fix=_fix(policy, function),
                evidence={"policy": policy.name},
            )


def _administrative(policy: Policy) -> tuple[Statement, ...]:
    if _managed(policy):
        return policy.allows[:1]
    return tuple(statement for statement in policy.allows if _is_everything(statement))


def _managed(policy: Policy) -> bool:
    return policy.name.startswith("arn:") and policy.name.rpartition("/")[2] in ADMINISTRATORS


def _is_everything(statement: Statement) -> bool:
    actions = {action.lower() for action in statement.actions}
    return bool(actions & {"*", "*:*", "iam:*"}) and any(map(_is_every_resource, statement.resources))


def _is_every_resource(pattern: str) -> bool:
    """`*`, or every role, user and policy of the account.

    >>> _is_every_resource("arn:aws:iam::111122223333:*"), _is_every_resource("arn:aws:s3:::inbox/*")
    (True, False)
    """
    service, resource = [*pattern.split(":", 5), "", "", "", "", ""][2], pattern.rpartition(":")[2]
    return pattern == "*" or (service in ("*", "iam") and resource == "*")


def _why(policy: Policy, statement: Statement) -> str:
    if _managed(policy):
        return f"the managed policy `{policy.name.rpartition('/')[2]}`"
    return f"`{', '.join(statement.actions)}` on `{', '.join(statement.resources)}`"


def _fix(policy: Policy, function: Function) -> str:
    role = function.role.rpartition("/")[2]
    if policy.name.startswith("arn:") and function.place:
        return f"take `{policy.name.rpartition('/')[2]}` out of the policies of `{role}`"
    if policy.name.startswith("arn:"):
        return f"aws iam detach-role-policy --role-name {role} --policy-arn {policy.name}"
    return f"replace the statement in `{policy.name}` by the actions and resources that the function uses"
