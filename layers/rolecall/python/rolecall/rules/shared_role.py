from rolecall.finding import Hit, Severity
from rolecall.model import Account
from rolecall.rules import Yields, rule


@rule(Severity.MEDIUM)
def shared_role(account: Account) -> Yields:
    """Several functions run under one execution role.

    Each of them can do whatever any of them needs, and the next one inherits it too. A role of its own
    is the only way to give a function exactly its rights. Versions of one function share a role by design.

    Bad:
        used_by: [orders, invoices]

    Good:
        used_by: [orders]
    """
    for role in account.roles:
        users = sorted(set(role.used_by))
        if len(users) > 1:
            names = ", ".join(f"`{user.rpartition(':')[2]}`" for user in users)
            yield Hit(
                None,
                f"`{role.name}` is the execution role of {len(users)} functions: {names}",
                fix="give each function a role of its own, with only the statements that it needs",
                subject="users",
                evidence={"functions": users},
                function=users[0],
                role=role.arn,
                place=role.place,
            )
