"""CloudWatch: functions among the actions of alarms (API Reference, DescribeAlarms)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Resource, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.wire import Wire, Wires, enabled, join, limit, look_up, refusal, several, walk_over
from rolecall.triggers import functions_in

MEMBERS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}
"""Type of alarm, as it is asked for -> the member of the answer that holds those alarms."""
ACTIONS = ("AlarmActions", "InsufficientDataActions", "OKActions")


def named(calls: Calls, source: str) -> Wires:
    """The wires of an alarm: `alarm:NAME`."""
    kind, _, name = source.split(":", 5)[5].partition(":")
    if kind != "alarm":
        return limit(f"`{source}` is no alarm: what it invokes is not read")
    if is_wild(name):
        return several(source)
    try:
        answer = calls.ask("cloudwatch", "describe_alarms", AlarmNames=[name], AlarmTypes=list(MEMBERS))
    except Refused as refused:
        return Wires(gaps=(refusal(refused),))
    alarms = [alarm for member in MEMBERS.values() for alarm in answer.get(member, ())]
    return join(map(_read, alarms)) if alarms else Wires(resources=(Resource(source, exists=False),))


def walk(calls: Calls) -> Wires:
    """Those of all alarms of the region that have a function among their actions."""
    prefix = f"arn:{calls.partition}:lambda:"
    return join(
        walk_over(calls.pages("cloudwatch", "describe_alarms", member, AlarmTypes=[kind], ActionPrefix=prefix), _read)
        for kind, member in MEMBERS.items()
    )


def _read(alarm: dict[str, Any]) -> Wires:
    return look_up(alarm["AlarmArn"], lambda: _wires(alarm))


def _wires(alarm: dict[str, Any]) -> Iterator[Wire | Gap]:
    state = enabled(bool(alarm.get("ActionsEnabled", True)))
    for function in functions_in([alarm.get(each) for each in ACTIONS]):
        yield Wire(function, Trigger("cloudwatch-alarm", alarm["AlarmArn"], alarm["AlarmName"], state))
