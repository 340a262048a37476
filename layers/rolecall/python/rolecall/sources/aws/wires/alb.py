"""Application Load Balancer: the targets of target groups (API Reference, DescribeTargetHealth)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.wire import Wire, Wires, join, limit, look_up, refusal, several, walk_over


def named(calls: Calls, source: str) -> Wires:
    """The wires of a target group: `targetgroup/NAME/ID`. The id may be a wildcard, as the name is unique."""
    kind, _, rest = source.split(":", 5)[5].partition("/")
    name, _, number = rest.partition("/")
    if kind != "targetgroup":
        return limit(f"`{source}` is no target group: what it invokes is not read")
    if is_wild(name) or not name:
        return several(source)
    try:
        if is_wild(number) or not number:
            groups = list(calls.pages("elbv2", "describe_target_groups", "TargetGroups", Names=[name]))
        else:
            groups = list(calls.pages("elbv2", "describe_target_groups", "TargetGroups", TargetGroupArns=[source]))
    except Refused as refused:
        if refused.absent:
            return Wires(resources=(Resource(source, exists=False),))
        return Wires(gaps=(refusal(refused),))
    return join(_read(calls, group) for group in groups)


def walk(calls: Calls) -> Wires:
    """Those of all target groups of the region."""
    groups = calls.pages("elbv2", "describe_target_groups", "TargetGroups")
    return walk_over(groups, lambda group: _read(calls, group))


def _read(calls: Calls, group: dict[str, Any]) -> Wires:
    arn = group["TargetGroupArn"]
    if group.get("TargetType") != "lambda":
        return Wires(resources=(Resource(arn),))
    return look_up(arn, lambda: _wires(calls, arn, group["TargetGroupName"]), listed=True)


def _wires(calls: Calls, arn: str, name: str) -> Iterator[Wire]:
    health = calls.ask("elbv2", "describe_target_health", TargetGroupArn=arn)
    for each in health.get("TargetHealthDescriptions", ()):
        yield Wire(each["Target"]["Id"], Trigger("alb", arn, name))
