from typing import Any

from rolecall.finding import Hit, Severity
from rolecall.fixes.functions import own_role
from rolecall.model import Account, Function, Role
from rolecall.needs import Need
from rolecall.needs.grant import Grant
from rolecall.needs.of import Needs, merged, of
from rolecall.needs.policy import propose
from rolecall.rules import Yields, rule


@rule(Severity.MEDIUM)
def shared_role(account: Account) -> Yields:
    """Several functions run under one execution role.

    Each of them can do whatever any of them needs, and the next one inherits it too. A role of its own
    is the only way to give a function exactly its rights. Versions of one function share a role by
    design. High where one of them is known to get a right that only another needs.

    Bad:
        used_by: [orders, invoices]

    Bad:
        calls: []
        functions:
          - {id: invoices, name: invoices, arn: "arn:aws:lambda:us-east-1:111122223333:function:invoices",
             role: "arn:aws:iam::111122223333:role/orders", triggers: [], code: {kind: folder, read: true}}

    Good:
        used_by: [orders]

    Good:
        used_by: ["arn:aws:lambda:eu-west-1:111122223333:function:orders",
                  "arn:aws:lambda:eu-west-1:111122223333:function:us-east-1.orders"]
    """
    by_role: dict[str, list[Function]] = {}
    for function in account.functions:
        by_role.setdefault(function.role, []).append(function)
    for role in account.roles:
        users = sorted({_origin(user): user for user in sorted(role.used_by, reverse=True)}.values())
        if len(users) > 1:
            names = ", ".join(f"`{user.rpartition(':')[2]}`" for user in users)
            sharing = by_role.get(role.arn, [])
            gains = _gains(role, sharing, account)
            policies = _policies(sharing, account)
            yield Hit(
                None,
                f"`{role.name}` is the execution role of {len(users)} functions: {names}",
                fix=_fix(role, users, sharing, account),
                subject="users",
                severity=Severity.HIGH if any(gains.values()) else Severity.MEDIUM,
                evidence={
                    "functions": users,
                    **({"gains": gains} if any(gains.values()) else {}),
                    **({"policies": policies} if policies else {}),
                },
                function=users[0],
                role=role.arn,
                place=role.place,
            )


def _fix(role: Role, users: list[str], sharing: list[Function], account: Account) -> str:
    """One of them keeps the role, if any the one that it is called after; each other one gets its own."""
    known = {each.id: each for each in sorted(sharing, key=lambda each: each.qualifier or "", reverse=True)}
    kept = next((user for user in users if user.rpartition(":")[2] == role.name), users[0])
    others = [known[user] for user in users if user in known and user != kept]
    if not others:
        return "give each function a role of its own, with only the statements that it needs"
    first, *more = others
    likewise = f"; likewise {', '.join(f'`{each.name}`' for each in more)}" if more else ""
    return f"give all but one a role of its own: {own_role(first, account)}{likewise}"


def _origin(user: str) -> str:
    """The function (id) of which it may be a replica: Lambda@Edge names these `us-east-1.NAME` in other regions."""
    head, colon, name = user.rpartition(":")
    return head + colon + name.removeprefix("us-east-1.")


def _policies(functions: list[Function], account: Account) -> dict[str, dict[str, Any]]:
    """Per function (id) the policy that all its versions need, where all of that is known."""
    found: dict[str, list[Needs]] = {}
    for function in functions:
        found.setdefault(function.id, []).append(of(function, account))
    return {
        name: propose(Needs(merged(need for each in needs for need in each.needs))).document()
        for name, needs in sorted(found.items())
        if not any(each.unknown for each in needs)
    }


def _gains(role: Role, functions: list[Function], account: Account) -> dict[str, list[str]]:
    """Per function (id) what it may do only because another one needs it: sorted, `action on resource`."""
    needs: dict[str, list[Need]] = {}
    known: dict[str, list[Function]] = {}
    for function in functions:
        needs.setdefault(function.id, []).extend(of(function, account).needs)
        known.setdefault(function.id, []).append(function)
    allowed = {
        (need.action, need.resource)
        for function in functions
        for need in of(function, account).must
        if not _is_own_logs(need) and Grant(role, function, account).meets(need).allowed
    }
    gains: dict[str, list[str]] = {}
    for name, own in needs.items():
        has = {action for need in own for action in (need.action, *need.instead)}
        gained = {
            f"{action} on {resource}"
            for action, resource in allowed
            if action not in has and all(of(each, account).knows(action) for each in known[name])
        }
        gains[name] = sorted(gained)
    return gains


def _is_own_logs(need: Need) -> bool:
    """Every function needs to write its own logs: that alone makes no two of them differ."""
    return need.proof.kind == "config" and need.action.startswith("logs:")
