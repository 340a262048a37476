"""EventBridge Scheduler: functions that schedules invoke with a role (API Reference, GetSchedule)."""

import re
from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Resource, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.invoked import named_function
from rolecall.sources.aws.wires.wire import Wire, Wires, enabled, limit, look_up, several, unread, walk_over
from rolecall.sources.decoded import decoded
from rolecall.triggers import functions_in

INVOKE = re.compile(r"arn:[\w-]+:scheduler:::aws-sdk:lambda:invoke(?:Async)?", re.IGNORECASE)
"""The universal target of Lambda, whose input names the function."""


def named(calls: Calls, source: str) -> Wires:
    """The wires of a schedule: `schedule/GROUP/NAME`."""
    parts = source.split(":", 5)[5].split("/")
    if parts[0] != "schedule" or len(parts) != 3:
        return limit(f"`{source}` is no schedule: what it invokes is not read")
    if is_wild(source):
        return several(source)
    return look_up(source, lambda: _wires(calls, source, parts[1], parts[2]))


def walk(calls: Calls) -> Wires:
    """Those of all schedules of the region, in all groups."""
    return walk_over(calls.pages("scheduler", "list_schedules", "Schedules"), lambda each: _listed(calls, each))


def _listed(calls: Calls, schedule: dict[str, Any]) -> Wires:
    arn, target = schedule["Arn"], schedule.get("Target", {}).get("Arn", "")
    # Most schedules of a large account have other targets: they are not worth a call each.
    if not INVOKE.fullmatch(target) and not list(functions_in(target)):
        return Wires(resources=(Resource(arn),))
    return look_up(arn, lambda: _wires(calls, arn, schedule["GroupName"], schedule["Name"]), listed=True)


def _wires(calls: Calls, arn: str, group: str, name: str) -> Iterator[Wire | Gap]:
    schedule = calls.ask("scheduler", "get_schedule", GroupName=group, Name=name)
    target = schedule["Target"]
    functions = list(functions_in(target["Arn"]))
    if INVOKE.fullmatch(target["Arn"]):
        function = named_function(calls, decoded(target.get("Input")))
        if function is None:
            yield unread(f"`{arn}` does not say which function it invokes")
            return
        functions = [function]
    state, dead_letter = enabled(schedule.get("State") != "DISABLED"), target.get("DeadLetterConfig", {}).get("Arn")
    for function in functions:
        yield Wire(function, Trigger("scheduler", arn, name, state, target.get("RoleArn"), dead_letter=dead_letter))
