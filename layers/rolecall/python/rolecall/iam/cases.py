"""Cases of `rolecall simulate`: a line of JSON in, the decision out.

The members of a case and of an answer are described in docs/evaluation.md.
"""

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from rolecall.iam.evaluate import Outcome, Policies, evaluate
from rolecall.iam.nearest import nearest
from rolecall.iam.policy import PolicyError, decode, parse, scalar
from rolecall.iam.request import Caller, Request
from rolecall.iam.statement import Kind, Policy, Statement

TYPES = ("AWS", "Service", "Federated", "Anonymous", "CanonicalUser")


class CaseError(ValueError):
    """A line that is no case; the message says what it has and what instead."""


def simulate(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The answer to each line that is not empty, in order, as they come."""
    return (answer(line) for line in lines if line.strip())


def is_failure(answer: dict[str, Any]) -> bool:
    """Whether an answer makes the run fail: an error, or a decision other than the expected one."""
    return "error" in answer or ("expected" in answer and answer["expected"] != answer["decision"])


def answer(line: str) -> dict[str, Any]:
    """The answer to one case; a line that is none is answered with its error.

    Examples
    --------
    >>> answer('{"id": 1, "action": "s3:GetObject"}')
    {'id': 1, 'error': 'principal is null, not an object'}
    """
    identifier: object = None
    try:
        case = decode(line, "the case")
        if not isinstance(case, dict):
            raise CaseError("the line is no JSON object")
        identifier = case.get("id")
        return _decided(case)
    except (CaseError, PolicyError) as error:
        return {"id": identifier, "error": str(error)}
    except RecursionError:
        return {"id": identifier, "error": "the case: is nested too deeply"}


def _decided(case: dict[str, Any]) -> dict[str, Any]:
    request, policies = read(case)
    decision = evaluate(request, policies)
    told: dict[str, Any] = {"id": case.get("id")}
    if "expected" in case:
        told["expected"] = case["expected"]
    told["decision"] = str(decision.outcome)
    told["deciding"] = [_told(statement) for statement in decision.statements]
    if decision.outcome is Outcome.IMPLICITLY_DENIED and (miss := nearest(request, policies)):
        told["nearest"] = _told(miss.statement) | {"missing": list(miss.missing)}
    return told


def _told(statement: Statement) -> dict[str, Any]:
    return {
        "policy": statement.policy,
        "index": statement.index,
        "sid": statement.sid,
        "effect": str(statement.effect),
    }


def read(case: dict[str, Any]) -> tuple[Request, Policies]:
    """The request and the policies of a case.

    Raises
    ------
    CaseError, PolicyError
        Some member is not what a case has.
    """
    request = Request(
        _caller(case.get("principal")),
        _action(case.get("action")),
        _string(case, "resource") or "*",
        _context(case.get("context")),
        _string(case, "resourceAccount"),
    )
    resource = case.get("resourcePolicy")
    policies = Policies(
        identity=_policies(case, "identityPolicies", Kind.IDENTITY) or (),
        resource=None if resource is None else _policy(resource, "resourcePolicy", Kind.RESOURCE),
        boundaries=_policies(case, "boundaries", Kind.BOUNDARY),
        sessions=_policies(case, "sessionPolicies", Kind.SESSION),
        scps=_levels(case, "scps", Kind.SCP),
        rcps=_levels(case, "rcps", Kind.RCP),
        endpoint=_policies(case, "vpcEndpointPolicies", Kind.ENDPOINT),
    )
    return request, policies


def _caller(principal: object) -> Caller:
    if not isinstance(principal, dict):
        raise CaseError(f"principal is {json.dumps(principal)[:80]}, not an object")
    kind = principal.get("type")
    if kind not in TYPES:
        raise CaseError(f"principal: type is {json.dumps(kind)[:80]}, not one of {', '.join(TYPES)}")
    identifier = _string(principal, "id")
    if not identifier and kind != "Anonymous":
        raise CaseError("principal: has no id")
    return _known_caller(kind, identifier or "*", _string(principal, "account"))


@lru_cache(maxsize=1024)
def _known_caller(kind: str, identifier: str, account: str | None) -> Caller:
    return Caller(kind, identifier, account)


def _action(action: object) -> str:
    if not isinstance(action, str) or ":" not in action.strip(":"):
        raise CaseError(f'action is {json.dumps(action)[:80]}, not "service:name"')
    return action


def _string(members: dict[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is not None and not isinstance(value, str):
        raise CaseError(f"{name} is {json.dumps(value)[:80]}, not a string")
    return value


def _context(context: object) -> dict[str, str | tuple[str, ...]]:
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise CaseError(f"context is {json.dumps(context)[:80]}, not an object")
    if len({key.lower() for key in context}) < len(context):
        raise CaseError("context: has two keys that differ only in case")
    found: dict[str, str | tuple[str, ...]] = {}
    for key, value in context.items():
        if isinstance(value, str):
            found[key.lower()] = value
        elif isinstance(value, list):
            if value:
                found[key.lower()] = tuple(scalar(each, f"context {key}") for each in value)
        elif value is not None:
            found[key.lower()] = scalar(value, f"context {key}")
    return found


def _levels(case: dict[str, Any], name: str, kind: Kind) -> tuple[tuple[Policy, ...], ...] | None:
    levels = case.get(name)
    if levels is None:
        return None
    if not isinstance(levels, list) or not all(isinstance(level, list) for level in levels):
        raise CaseError(f"{name} is no list of lists of policies, one per level")
    return tuple(
        tuple(_policy(document, f"{name}[{i}][{j}]", kind) for j, document in enumerate(level))
        for i, level in enumerate(levels)
    )


def _policies(case: dict[str, Any], name: str, kind: Kind) -> tuple[Policy, ...] | None:
    documents = case.get(name)
    if documents is None:
        return None
    if not isinstance(documents, list):
        raise CaseError(f"{name} is {json.dumps(documents)[:80]}, not a list of policies")
    return tuple(_policy(document, f"{name}[{index}]", kind) for index, document in enumerate(documents))


def _policy(document: object, name: str, kind: Kind) -> Policy:
    if not isinstance(document, dict):
        raise PolicyError(f"{name}: is {json.dumps(document)[:80]}, not an object")
    return _parsed(json.dumps(document), name, kind)


@lru_cache(maxsize=2048)
def _parsed(text: str, name: str, kind: Kind) -> Policy:
    return parse(text, name=name, kind=kind)
