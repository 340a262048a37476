"""Administrators: principals that may do anything with functions, or may give themselves any right."""

from collections.abc import Iterable, Iterator

from rolecall.callers.caller import Caller
from rolecall.callers.principals import Principal
from rolecall.callers.verdict import spelled
from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import EVERY_KEY, Request
from rolecall.iam.settle import settle
from rolecall.iam.wildcard import matches
from rolecall.model import Account

ON_FUNCTIONS = (
    "lambda:AddPermission",
    "lambda:CreateFunction",
    "lambda:DeleteFunction",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
)
"""Whoever may do all of these with every function may do anything with one."""

ON_RIGHTS = (
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreatePolicyVersion",
    "iam:PutGroupPolicy",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
)
"""With any of these on everything, a principal gives itself the rest."""

NARROWING = ("aws:resource", "iam:", "lambda:")
"""Beginnings of keys that tell one resource, or what is done with it, from another."""


def admins(people: Iterable[Principal], account: Account) -> Iterator[Caller]:
    """The administrators among the principals, sorted, with how they are such; `via` None as long as nobody asked."""
    seen: dict[int, list[tuple[Statement, tuple[str, ...]]]] = {}
    for each in sorted(people, key=lambda one: (one.kind, one.arn)):
        for policy in each.policies:
            if id(policy) not in seen:
                seen[id(policy)] = list(_likely(policy, account))
        likely = [found for policy in each.policies for found in seen[id(policy)]]
        made = next(filter(None, (_made(each, *found, account) for found in likely)), None)
        if made:
            yield made


def _likely(policy: Policy, account: Account) -> Iterator[tuple[Statement, tuple[str, ...]]]:
    """Statements that make an administrator if nothing takes it away, with the actions that do."""
    for statement in policy.allows:
        if _on_all(statement, _functions(account)) and all(_names(statement, action) for action in ON_FUNCTIONS):
            yield statement, ON_FUNCTIONS
        for action in ON_RIGHTS:
            if _names(statement, action) and _on_all(statement, _owners(account, action)):
                yield statement, (action,)
                break


def _made(who: Principal, statement: Statement, actions: tuple[str, ...], account: Account) -> Caller | None:
    """The administrator, if the actions are allowed on everything; a condition on the request may stand before it."""
    policies = who.within(account)
    open_keys = set[str]()
    for action in actions:
        resources = _functions(account) if action.startswith("lambda:") else _owners(account, action)
        for resource in resources:
            facts = {"aws:PrincipalAccount": account.id, "aws:PrincipalArn": who.arn}
            decision = settle(Request.of(who.caller, action, resource, facts, unknown=EVERY_KEY), policies)
            if decision.allowed is False or any(key.startswith(NARROWING) for key in decision.keys):
                return None
            open_keys |= set(decision.keys)
    how = _how(statement, actions)
    return Caller(who.arn, who.kind, None, None, (statement,), spelled(open_keys, policies), through=(), how=how)


def _how(statement: Statement, actions: tuple[str, ...]) -> str:
    """In words: the entries of the statement that mean the actions, as they are written."""
    if statement.not_actions:
        return f"all but `{', '.join(statement.not_actions)}`"
    meant = [each for each in statement.actions if any(matches(each, action, ignore_case=True) for action in actions)]
    on = "everything" if statement.not_resources else f"`{statement.resources[0]}`"
    return f"`{', '.join(meant)}` on {on}"


def _functions(account: Account) -> tuple[str, ...]:
    """Two functions that only a pattern of all of them matches."""
    start = f"arn:{account.partition}:lambda:{account.region}:{account.id}:function"
    return f"{start}:0", f"{start}:zz"


def _owners(account: Account, action: str) -> tuple[str, ...]:
    kind = next((each for each in ("group", "role", "user") if each in action.lower()), "policy")
    start = f"arn:{account.partition}:iam::{account.id}:{kind}"
    return f"{start}/0", f"{start}/zz"


def _on_all(statement: Statement, resources: tuple[str, ...]) -> bool:
    patterns = statement.resources or statement.not_resources
    hits = [any(resource_matches(pattern, each) for pattern in patterns) for each in resources]
    return not any(hits) if statement.not_resources else all(hits)


def _names(statement: Statement, action: str) -> bool:
    entries = statement.actions or statement.not_actions
    return any(matches(each, action, ignore_case=True) for each in entries) != bool(statement.not_actions)
