"""Near misses: for a request that no statement allows, which one comes nearest, and what it lacks."""

from dataclasses import dataclass

from rolecall.iam.evaluate import Policies, layers
from rolecall.iam.matching import NO, YES, Entry, plan
from rolecall.iam.request import Request
from rolecall.iam.statement import Policy, Statement


@dataclass(frozen=True, slots=True)
class NearMiss:
    """An Allow statement that speaks of the action, and what keeps it from allowing the request.

    `missing` names elements (`Principal`, `Resource`) and condition keys that do not fit; when the statement
    applies, the kinds of policy that would have to allow the request as well.
    """

    statement: Statement
    missing: tuple[str, ...]


def nearest(request: Request, policies: Policies) -> NearMiss | None:
    """The near miss with the least missing, the first of several; None when no statement speaks of the action."""
    identity, caps, walls = layers(request, policies)
    resource = (policies.resource,) if policies.resource else ()
    granting: tuple[Policy, ...] = (*identity, *resource)
    misses = [
        NearMiss(entry.statement, _missing(entry, request))
        for policy in granting
        for entry in plan(policy).about(request.verb)[1]
    ]
    if not misses:
        return None
    best = min(misses, key=lambda miss: len(miss.missing))
    if best.missing:
        return best
    silent = [layer[0].kind if layer else "scp" for layer in (*caps, *walls) if not _lets(layer, request)]
    if not silent:
        silent = ["identity" if best.statement.kind.names_principals else "resource"]
    return NearMiss(best.statement, tuple(dict.fromkeys(map(str, silent))))


def _missing(entry: Entry, request: Request) -> tuple[str, ...]:
    missing: list[str] = []
    if entry.on_caller is not None and not entry.on_caller(request.caller, False):
        missing.append("Principal")
    if entry.on_resource is not None and entry.on_resource(request) is False:
        missing.append("Resource")
    for condition, written in zip(entry.conditions, entry.statement.conditions, strict=True):
        if condition(request.context, request.unknown) is False:
            missing.append(written.key)
    return tuple(missing)


def _lets(layer: tuple[Policy, ...], request: Request) -> bool:
    entries = (entry for policy in layer for entry in plan(policy).about(request.verb)[1])
    return any(
        entry.applies(request) == YES
        for entry in entries
        if entry.on_caller is None or entry.on_caller(request.caller, False) != NO
    )
