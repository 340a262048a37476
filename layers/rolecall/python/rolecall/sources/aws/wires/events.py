"""EventBridge: the targets of rules, on every bus (API Reference, ListTargetsByRule)."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.wire import (
    Wire,
    Wires,
    canonical,
    enabled,
    join,
    limit,
    look_up,
    several,
    until_refused,
    walk_over,
)
from rolecall.triggers import functions_in

DEFAULT = "default"


def named(calls: Calls, source: str) -> Wires:
    """The wires of a rule: `rule/NAME` on the default bus, `rule/BUS/NAME` on another one."""
    kind, *bus, name = source.split(":", 5)[5].split("/")
    if kind != "rule":
        return limit(f"`{source}` is no rule: what it invokes is not read")
    if is_wild(source):
        return several(source)
    # A partner's bus has slashes in its name.
    return _read(calls, source, name, "/".join(bus) or DEFAULT)


def walk(calls: Calls) -> Wires:
    """Those of all rules on all buses."""
    gaps: list[Gap] = []
    buses = list(until_refused(calls.pages("events", "list_event_buses", "EventBuses"), gaps))
    names = [bus["Name"] for bus in buses] or [DEFAULT]
    rules = (calls.pages("events", "list_rules", "Rules", EventBusName=name) for name in names)
    listing = (rule for of_bus in rules for rule in until_refused(of_bus, gaps))
    wires = walk_over(listing, lambda rule: _listed(calls, rule))
    return join([wires, Wires(gaps=tuple(gaps))])


def targeting(calls: Calls, function: str, buses: Collection[str] = (DEFAULT,)) -> Wires:
    """All wires of the rules that have this ARN as a target; another qualifier's rules are asked for by that one.

    Only on these buses: each is one call.
    """
    gaps: list[Gap] = []
    parts = []
    for bus in buses:
        found = calls.pages("events", "list_rule_names_by_target", "RuleNames", TargetArn=function, EventBusName=bus)
        parts += [_read(calls, _arn(calls, name, bus), name, bus) for name in until_refused(found, gaps)]
    read = join([*parts, Wires(gaps=tuple(gaps))])
    there = tuple(each for each in read.resources if each.exists)
    return replace(read, resources=there)


def _arn(calls: Calls, name: str, bus: str) -> str:
    path = name if bus == DEFAULT else f"{bus}/{name}"
    return f"arn:{calls.partition}:events:{calls.region}:{calls.account}:rule/{path}"


def _read(calls: Calls, arn: str, name: str, bus: str) -> Wires:
    def said() -> Iterator[Wire]:
        yield from _wires(calls, arn, calls.ask("events", "describe_rule", Name=name, EventBusName=bus), bus)

    return look_up(arn, said)


def _listed(calls: Calls, rule: dict[str, Any]) -> Wires:
    arn, bus = rule["Arn"], rule.get("EventBusName", DEFAULT)
    return look_up(arn, lambda: _wires(calls, arn, rule, bus), listed=True)


def _wires(calls: Calls, arn: str, rule: dict[str, Any], bus: str) -> Iterator[Wire]:
    for target in calls.pages("events", "list_targets_by_rule", "Targets", Rule=rule["Name"], EventBusName=bus):
        for function in functions_in(target["Arn"]):
            yield Wire(
                function,
                Trigger(
                    "eventbridge",
                    arn,
                    target["Id"],
                    # `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS` is enabled too.
                    enabled(rule.get("State") != "DISABLED"),
                    target.get("RoleArn"),
                    filter=canonical(rule.get("EventPattern")),
                    dead_letter=target.get("DeadLetterConfig", {}).get("Arn"),
                ),
            )
