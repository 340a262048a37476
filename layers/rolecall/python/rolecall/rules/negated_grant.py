from itertools import islice, product

from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam import catalog
from rolecall.iam.arn import service_of_arn
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function, Gap
from rolecall.needs.excess import TELLING, compared, expanded, is_aws_managed, is_open
from rolecall.needs.extent import fits
from rolecall.needs.grant import Grant
from rolecall.needs.harm import worst_first
from rolecall.needs.reduced import restated
from rolecall.needs.witness import witness
from rolecall.rules import BROAD_GRANTS, Yields, rule

TRIED = 12  # Actions, the worst first.
MOST = 1_000
"""Requests that are tried for a statement: a Deny can leave none of very many, and each takes its time."""


@rule(
    Severity.HIGH,
    silences=("role-chaining", "self-rewrite", "workload-takeover", *BROAD_GRANTS),
)
def negated_grant(function: Function, account: Account) -> Yields:
    """A statement allows all but what it names.

    NotAction and NotResource grant what nobody listed, every service of AWS and every one that is still
    to come. They belong into a Deny.

    Bad:
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::inbox/*"}

    Bad:
        {"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::payroll/*"}

    Good:
        {"Effect": "Deny", "NotAction": "logs:*", "Resource": "arn:aws:s3:::inbox/*"}

    Good:
        more policies:
          AllButPayroll: [{"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::payroll/*"}]
        boundary: [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]

    Misses: what a boundary leaves of it where that is not among the services that are tried.
    """
    role = account.role_of(function)
    if role is None:
        return
    granted = Grant(role, function, account)
    for policy in role.policies:
        for statement in policy.allows:
            if not (statement.not_actions or statement.not_resources):
                continue
            requests = product(_probes(statement), statement.resources or ("*",))
            tried = (witness(granted, statement, action, pattern) for action, pattern in islice(requests, MOST))
            seen = next(filter(None, tried), None)
            if seen is None:
                if next(requests, None):
                    where = f"{statement.policy}, statement {statement.index + 1}"
                    why = f"{where}: of {MOST:,} requests that it stands for none is allowed, and it stands for more"
                    yield Gap("rule negated-grant", why, None, function.id, mendable=False, place=statement.place)
                continue
            is_read = not (role.unread("boundary") or role.unread("role policies"))
            yield Hit(
                statement,
                f"allows {_said(statement)}: {_counted(_granted(statement))}",
                fix=_fix(granted, policy, statement),
                actions=statement.actions or None,
                resources=statement.resources or statement.not_resources,
                confidence=Confidence.HIGH if is_read else Confidence.MEDIUM,
                evidence={"granted": _granted(statement), "like": [seen["action"]]},
                witness=seen,
            )


def _fix(granted: Grant, policy: Policy, statement: Statement) -> str:
    comparison = compared(granted.function, granted.account)
    assert comparison is not None
    return restated(comparison, policy, statement, whole=is_aws_managed(policy)).fix


def _counted(actions: int) -> str:
    return "1 action" if actions == 1 else f"{actions} actions"


def _said(statement: Statement) -> str:
    actions = ", ".join(statement.actions) or f"all actions but {', '.join(statement.not_actions)}"
    on = ", ".join(statement.resources) or f"all resources but {', '.join(statement.not_resources)}"
    return f"`{actions}` on `{on}`"


def _granted(statement: Statement) -> int:
    """How many actions it lets through: on whatever resource, or where it names the service, on those that it names."""
    entries = statement.actions or statement.not_actions
    services = set(map(service_of_arn, statement.resources))
    if statement.not_actions and services and not any(is_wild(each) or not each for each in services):
        every = (action for service in services for action in catalog.expand(f"{service}:*"))
        acting = (each for each in every if any(fits(each, resource) for resource in statement.resources))
        return sum(not _is_named(statement, each) for each in acting)
    named = {each for entry in entries for each in expanded(entry, ("*",))}
    if any(map(is_open, entries)):
        return catalog.size() if statement.actions else 0
    return len(named) if statement.actions else catalog.size() - len(named)


def _is_named(statement: Statement, action: str) -> bool:
    return any(matches(entry, action, ignore_case=True) for entry in statement.not_actions)


def _probes(statement: Statement) -> tuple[str, ...]:
    """The actions that are tried, the worst first."""
    services = set(map(service_of_arn, statement.resources)) - {"", "*"}
    if statement.actions:
        return _tried(statement, tuple(each for entry in statement.actions for each in expanded(entry, ("*",))))
    known = TELLING if not services else (name for each in sorted(services) for name in catalog.expand(f"{each}:*"))
    return _tried(statement, tuple(name for name in known if not _is_named(statement, name)))


def _tried(statement: Statement, actions: tuple[str, ...]) -> tuple[str, ...]:
    """Where it leaves the service open all that stands for the rest is tried: a boundary may leave any of it."""
    ordered = worst_first(actions)
    return ordered if not statement.actions else ordered[:TRIED]
