from collections.abc import Mapping
from typing import Any

from rolecall.callers.trial import case
from rolecall.callers.trust import (
    AT_THE_EDGE,
    EDGE,
    LAMBDA,
    asked_by_lambda,
    assumes,
    is_lambda,
    lets_in,
    trusts,
    without,
)
from rolecall.finding import Hit, Severity
from rolecall.fixes import new_trust
from rolecall.iam.policy import Principal, Statement
from rolecall.model import Account, Function, Role
from rolecall.needs.references import pasted
from rolecall.rules import Yields, named, rule, undecided


@rule(Severity.HIGH, silences=("extra-trusted-service",))
def untrusting_role(function: Function, account: Account) -> Yields:
    """The execution role does not trust Lambda.

    Lambda cannot assume it: every invocation fails before the code starts. So it is where another service stands in
    Lambda's place, where a Deny keeps Lambda out, and where a condition asks for what Lambda never sends (an external
    id, an organization, a network) or for another account's or function's name. `aws:SourceAccount` and
    `aws:SourceArn` Lambda sends, so a trust policy may ask for them. A function at the edge of CloudFront runs as
    `edgelambda.amazonaws.com` as well.

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"sts:ExternalId": "orders"}}}

    Bad:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
          - {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]},
             "Action": "sts:AssumeRole"}

    Good:
        trust:
          - {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
             "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}
    """
    role = account.role_of(function)
    if role is None or role.trust is None or role.unread("trust policy"):
        return
    for service in (LAMBDA, *([EDGE] if _is_at_the_edge(function, account) else [])):
        decision = trusts(role, service, function, account)
        if decision.allowed:
            continue
        near = _meant(role, service)
        if decision.allowed is None:
            yield undecided(function, "untrusting-role", near or role.trust.statements[0])
            continue
        deciding, other = next(iter(decision.statements), near), _in_its_place(role)
        instead = f", but by {named(other.services)}" if other and not deciding else ""
        why = instead or _why(deciding, near)
        yield Hit(
            deciding or other,
            f"`{role.name}` cannot be assumed by `{service}`{why}: `{function.name}` cannot start",
            fix=_new(role, without(role.trust, _is_other, service), account)
            if near is None
            else f"take the {'Deny' if deciding is not near else 'condition'} out that keeps Lambda from `{role.name}`:"
            f" {_new(role, {'Version': '2012-10-17', 'Statement': [_plain(service)]}, account)}",
            subject="trust" if service == LAMBDA else f"trust of {service}",
            actions=("sts:AssumeRole",),
            resources=(),
            principal=service,
            witness=case(asked_by_lambda(role, service, function.arn, account)),
            place=None if deciding and deciding.place else role.place,
        )


def _is_other(principal: Principal) -> bool:
    return principal.type == "Service" and not is_lambda(principal.value)


def _new(role: Role, trust: Mapping[str, Any], account: Account) -> str:
    return new_trust(role, pasted(trust, account, role.arn))


def _plain(service: str) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def _why(deciding: Statement | None, near: Statement | None) -> str:
    if deciding is None:
        return ""
    if deciding is not near:
        return f", which {deciding.where} denies"
    keys = ", ".join(sorted({f"`{condition.key}`" for condition in deciding.conditions}))
    return f", which never meets the condition on {keys} of {deciding.where}" if keys else ""


def _meant(role: Role, service: str) -> Statement | None:
    """The statement that is to let the service in."""
    return next((each for each in role.trust.allows if lets_in(each, service)), None) if role.trust else None


def _in_its_place(role: Role) -> Statement | None:
    """The statement that lets another service in instead."""
    return next((each for each in role.trust.allows if assumes(each) and each.services), None) if role.trust else None


def _is_at_the_edge(function: Function, account: Account) -> bool:
    """Does CloudFront run a version of it? A distribution names it, or its replicator is let in there."""
    versions = account.versions_of(function)
    if any(name == "edge" for each in versions for name, _ in each.settings.others):
        return True
    policies = (each.resource_policy for each in versions if each.resource_policy)
    return any(AT_THE_EDGE & {*statement.services} for policy in policies for statement in policy.allows)
