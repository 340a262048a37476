"""EventBridge Pipes: functions that are the target or the enrichment of a pipe (API Reference, DescribePipe)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.invoked import objects_in
from rolecall.sources.aws.wires.wire import Wire, Wires, canonical, enabled, limit, look_up, several, walk_over
from rolecall.triggers import functions_in

PLACES = ("Enrichment", "Target")


def named(calls: Calls, source: str) -> Wires:
    """The wires of a pipe: `pipe/NAME`."""
    kind, _, name = source.split(":", 5)[5].partition("/")
    if kind != "pipe":
        return limit(f"`{source}` is no pipe: what it invokes is not read")
    if is_wild(name):
        return several(source)
    return look_up(source, lambda: _wires(calls, source, name))


def walk(calls: Calls) -> Wires:
    """Those of all pipes of the region."""
    return walk_over(calls.pages("pipes", "list_pipes", "Pipes"), lambda pipe: _listed(calls, pipe))


def _listed(calls: Calls, pipe: dict[str, Any]) -> Wires:
    arn = pipe["Arn"]
    if not list(functions_in([pipe.get(place) for place in PLACES])):
        return Wires(resources=(Resource(arn),))
    return look_up(arn, lambda: _wires(calls, arn, pipe["Name"]), listed=True)


def _wires(calls: Calls, arn: str, name: str) -> Iterator[Wire]:
    pipe = calls.ask("pipes", "describe_pipe", Name=name)
    parameters = pipe.get("SourceParameters", {})
    criteria = parameters.get("FilterCriteria", {})
    pattern = canonical(criteria if criteria.get("Filters") else None)
    # Each kind of source has a member of its own for it.
    letters = (each["DeadLetterConfig"].get("Arn") for each in objects_in(parameters) if "DeadLetterConfig" in each)
    dead_letter = next(letters, None)
    state, role = enabled(pipe.get("DesiredState") != "STOPPED"), pipe.get("RoleArn")
    for place in PLACES:
        for function in functions_in(pipe.get(place)):
            yield Wire(function, Trigger("pipes", arn, place, state, role, filter=pattern, dead_letter=dead_letter))
