"""Traces: is what a call did visible in what was read? IAM and Lambda take some seconds to tell everybody."""

from collections.abc import Iterator, Mapping
from typing import Any

from rolecall.changes.change import Change, Trace
from rolecall.changes.paths import texts
from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import Account, Function, Role

# Event -> what it leaves, where its name stands, is it there afterwards, where its document stands.
LEAVES: Mapping[tuple[str, str], tuple[str, str | None, bool, str | None]] = {
    ("iam", "PutRolePolicy"): ("inline policy", "policyName", True, "policyDocument"),
    ("iam", "DeleteRolePolicy"): ("inline policy", "policyName", False, None),
    ("iam", "AttachRolePolicy"): ("managed policy", "policyArn", True, None),
    ("iam", "DetachRolePolicy"): ("managed policy", "policyArn", False, None),
    ("iam", "CreatePolicyVersion"): ("policy version", "policyArn", True, "policyDocument"),
    ("iam", "UpdateAssumeRolePolicy"): ("trust policy", None, True, "policyDocument"),
    ("iam", "PutRolePermissionsBoundary"): ("boundary", None, True, None),
    ("iam", "DeleteRolePermissionsBoundary"): ("boundary", None, False, None),
    ("lambda", "AddPermission"): ("permission", "statementId", True, None),
    ("lambda", "RemovePermission"): ("permission", "statementId", False, None),
    ("lambda", "UpdateFunctionConfiguration"): ("role", "role", True, None),
}


def trace(key: tuple[str, str], record: Mapping[str, Any]) -> Trace | None:
    """What the call of a record leaves behind, or None where nothing simple shows it."""
    if key not in LEAVES:
        return None
    what, name_at, present, document_at = LEAVES[key]
    name = next(texts(record, name_at), "") if name_at else ""
    written = next(texts(record, document_at), None) if document_at else None
    document = _canonical_text(written, Kind.TRUST if what == "trust policy" else Kind.IDENTITY)
    if (name_at and not name) or (document is None and what in ("policy version", "trust policy")):
        return None
    if what == "policy version" and not _is_default(record):
        return None
    return Trace(what, name, present, document, _qualifier(record) if what == "permission" else None)


def visible(change: Change, account: Account) -> bool | None:
    """Does what was read show what the change did? None where nothing can be said.

    False may also mean that a later call undid it. That costs one second look, no more.
    """
    trace = change.trace
    if trace is None:
        return None
    if trace.what in ("permission", "role"):
        functions = (each for each in account.functions if each.name in change.functions)
        seen = [_in_function(trace, each) for each in functions if each.qualifier == trace.qualifier]
    else:
        seen = [_in_role(trace, role) for role in _roles(change, account)]
    told = [each for each in seen if each is not None]
    return all(told) if told else None


def canonical(policy: Policy) -> str:
    """Text that two documents share when they say the same; the order of their statements does not matter."""
    return "\n".join((policy.version, *sorted(statement.canonical() for statement in policy.statements)))


def _canonical_text(document: str | None, kind: Kind) -> str | None:
    if document is None:
        return None
    try:
        return canonical(parse(document, name="document", kind=kind))
    except PolicyError:
        return None


def _is_default(record: Mapping[str, Any]) -> bool:
    parameters = record.get("requestParameters")
    return isinstance(parameters, dict) and str(parameters.get("setAsDefault")).lower() == "true"


def _qualifier(record: Mapping[str, Any]) -> str | None:
    """The version or alias that a call is about: a parameter of its own, or the end of the function's ARN."""
    named = next(texts(record, "qualifier"), None)
    if named is None:
        parts = next(texts(record, "functionName"), "").split("function:")[-1].split(":")
        named = parts[1] if len(parts) == 2 else None
    return None if named == "$LATEST" else named


def _roles(change: Change, account: Account) -> Iterator[Role]:
    """The roles that a change is about: those it names, and those that a policy it names is attached to."""
    for role in account.roles:
        if role.name in change.roles or any(policy.name in change.policies for policy in role.policies):
            yield role


def _in_role(trace: Trace, role: Role) -> bool | None:
    """Does this role show it? A part that was not read shows nothing."""
    if trace.what == "boundary":
        found, document = role.boundary is not None, None
    elif trace.what == "trust policy":
        found, document = role.trust is not None, role.trust
    else:
        document = next((policy for policy in role.policies if policy.name == trace.name), None)
        found = document is not None
    same = found == trace.present and (
        trace.document is None or document is None or canonical(document) == trace.document
    )
    return None if role.gaps and not same else same


def _in_function(trace: Trace, function: Function) -> bool | None:
    """Does this function show it?"""
    if trace.what == "role":
        return function.role == trace.name
    policy = function.resource_policy
    found = any(statement.sid == trace.name for statement in (policy.statements if policy else ()))
    return None if function.gaps and found != trace.present else found == trace.present
