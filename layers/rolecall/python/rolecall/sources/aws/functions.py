"""Functions of an AWS account: their list, resource policy, triggers and tags."""

from dataclasses import dataclass
from typing import Any

from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import Function, Gap, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.triggers import polled


@dataclass(frozen=True, slots=True)
class Listed:
    """What the list of functions says of one: ARN, role ARN, ARNs of layers."""

    arn: str
    name: str
    role: str
    runtime: str | None
    layers: tuple[str, ...]


def listed(calls: Calls) -> tuple[Listed, ...]:
    """Every function of the region, by ARN.

    Raises
    ------
    Refused : the list cannot be read to its end
    """
    return tuple(sorted(map(_listed, calls.pages("lambda", "list_functions", "Functions")), key=lambda each: each.arn))


def _listed(each: dict[str, Any]) -> Listed:
    layers = tuple(layer["Arn"] for layer in each.get("Layers", ()))
    return Listed(each["FunctionArn"], each["FunctionName"], each["Role"], each.get("Runtime"), layers)


def read_function(calls: Calls, each: Listed) -> Function | None:
    """A function with its resource policy and triggers, or gaps in their place; None if it was deleted meanwhile."""
    gaps: list[Gap] = []
    triggers = _mappings(calls, each.arn, gaps)
    if triggers is None:
        return None
    return Function(
        id=each.arn,
        name=each.name,
        arn=each.arn,
        role=each.role,
        runtime=each.runtime,
        resource_policy=_resource_policy(calls, each.arn, gaps),
        triggers=triggers,
        tags=_tags(calls, each.arn, gaps),
        gaps=tuple(gaps),
    )


def _resource_policy(calls: Calls, arn: str, gaps: list[Gap]) -> Policy | None:
    try:
        return parse(calls.ask("lambda", "get_policy", FunctionName=arn)["Policy"], name="resource", kind=Kind.RESOURCE)
    except Refused as refused:
        if not refused.absent:  # Without a statement there is no policy.
            gaps.append(Gap("resource policy", refused.why, refused.call, arn))
    except PolicyError as error:
        gaps.append(Gap("resource policy", str(error), None, arn))
    return None


def _tags(calls: Calls, arn: str, gaps: list[Gap]) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(sorted(calls.ask("lambda", "list_tags", Resource=arn).get("Tags", {}).items()))
    except Refused as refused:
        gaps.append(Gap("tags", refused.why, refused.call, arn))
        return ()


def _mappings(calls: Calls, arn: str, gaps: list[Gap]) -> tuple[Trigger, ...] | None:
    """The triggers that Lambda polls, or None where the function is not there."""
    try:
        found = list(
            calls.pages(
                "lambda", "list_event_source_mappings", "EventSourceMappings", FunctionName=arn.rpartition(":")[2]
            )
        )
    except Refused as refused:
        if refused.absent:  # Of a function that exists the list is empty.
            return None
        gaps.append(Gap("event source mappings", refused.why, refused.call, arn))
        return ()
    triggers = []
    for mapping in found:
        source = mapping.get("EventSourceArn") or "self-managed"
        if kind := polled(source):
            triggers.append(Trigger(kind, source, mapping["UUID"], mapping.get("State", "Enabled")))
        else:
            service = [*source.split(":"), "", "", ""][2] or source
            why = f"what a role needs to poll `{service}` is not modelled"
            gaps.append(Gap("event source mappings", why, None, arn, mendable=False))
    return tuple(sorted(triggers, key=lambda trigger: (trigger.source, trigger.id or "")))
