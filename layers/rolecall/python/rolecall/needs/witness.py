"""Witnesses: a request that the role is allowed, in the shape of a case of `simulate`, confirmed by the evaluator."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rolecall.iam.arn import Arn
from rolecall.iam.statement import Condition, Statement
from rolecall.model import Resource
from rolecall.needs.extent import sample
from rolecall.needs.grant import Grant, letting_in

NEVER = ("aws:multifactorauth", "aws:username", "aws:userid", "aws:federatedprovider", "saml:", "cognito-identity")
"""Beginnings of keys that no request of an execution role carries: IAM User Guide, "Global condition context keys"."""

FILLABLE = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool"})


def witness(
    granted: Grant,
    statement: Statement,
    action: str,
    resource: str,
    *,
    other: str = "unneeded",
    given: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """A request for the action on something that the pattern stands for; None where the role is not allowed it.

    What the statement's conditions ask of the request is given to it, if a request of the role can have it; `given`
    are values that it has anyway. What a Deny, the boundary or an SCP takes away, or may take away, has no witness.
    """
    made = request(granted, action, resource, other=other)
    asked = _asked(statement.conditions)
    known = {key.lower() for key in given or {}}
    context = made["context"] | {k: v for k, v in asked.items() if k.lower() not in known} | dict(given or {})
    if granted.allows(action, made["resource"], context).allowed:
        return made | {"context": context} | _key_policy(granted, action, made["resource"])
    account = granted.account
    owner = Arn.parse(made["resource"])
    if owner is None or owner.account in ("", account.id) or account.resource(made["resource"]):
        return None
    # Of another account's resource the policy is not known: as far as this side goes, it is allowed.
    policy = letting_in(account.partition, account.id)
    resources = (*account.resources, Resource(made["resource"], policy=policy))
    if (
        not replace(granted, account=replace(account, resources=resources))
        .allows(action, made["resource"], context)
        .allowed
    ):
        return None
    return made | {"context": context, "resourcePolicy": policy.document()}


def _key_policy(granted: Grant, action: str, resource: str) -> dict[str, Any]:
    """The policy of a key that was not read: nothing allows without one, and that of most leaves it to the account."""
    account = granted.account
    if not action.startswith("kms:") or account.resource(resource):
        return {}
    return {"resourcePolicy": letting_in(account.partition, account.id).document()}


def request(granted: Grant, action: str, resource: str, *, other: str = "unneeded") -> dict[str, Any]:
    """A request of the role for the action on something that the pattern stands for, allowed or not."""
    account = granted.account
    facts = {"account": account.id, "region": account.region, "partition": account.partition}
    concrete = sample(resource, action, **facts, other=other)
    session = f"arn:{account.partition}:sts::{account.id}:assumed-role/{granted.role.name}/{granted.function.name}"
    context = {
        "aws:PrincipalAccount": account.id,
        "aws:PrincipalArn": granted.role.arn,
        "aws:PrincipalType": "AssumedRole",
        "lambda:SourceFunctionArn": granted.function.arn,
    }
    if f":{account.region}:" in concrete:
        context["aws:RequestedRegion"] = account.region
    return {"principal": {"type": "AWS", "id": session}, "action": action, "resource": concrete, "context": context}


def _asked(conditions: tuple[Condition, ...]) -> dict[str, str]:
    """Values that meet the conditions, of keys that the request may carry."""
    return {
        condition.key: condition.values[0].replace("*", "unneeded").replace("?", "x")
        for condition in conditions
        if condition.operator in FILLABLE
        and condition.values
        and not condition.key.lower().startswith((*NEVER, "lambda:sourcefunctionarn", "aws:principal"))
    }
