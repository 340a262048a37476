"""Firehose: functions that transform what a stream delivers, with a role (API Reference, Processor)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.wire import Wire, Wires, enabled, limit, look_up, several, walk_over


def named(calls: Calls, source: str) -> Wires:
    """The wires of a stream: `deliverystream/NAME`."""
    kind, _, name = source.split(":", 5)[5].partition("/")
    if kind != "deliverystream":
        return limit(f"`{source}` is no delivery stream: what it invokes is not read")
    if is_wild(name):
        return several(source)
    return look_up(source, lambda: _wires(calls, source, name))


def walk(calls: Calls) -> Wires:
    """Those of all delivery streams of the region."""
    return walk_over(_names(calls), lambda name: _listed(calls, name))


def _names(calls: Calls) -> Iterator[str]:
    after: dict[str, str] = {}
    while True:
        answer = calls.ask("firehose", "list_delivery_streams", Limit=100, **after)
        names = answer["DeliveryStreamNames"]
        yield from names
        if not names or not answer["HasMoreDeliveryStreams"]:
            return
        after = {"ExclusiveStartDeliveryStreamName": names[-1]}


def _listed(calls: Calls, name: str) -> Wires:
    arn = f"arn:{calls.partition}:firehose:{calls.region}:{calls.account}:deliverystream/{name}"
    return look_up(arn, lambda: _wires(calls, arn, name), listed=True)


def _wires(calls: Calls, arn: str, name: str) -> Iterator[Wire]:
    answer = calls.ask("firehose", "describe_delivery_stream", DeliveryStreamName=name)
    for destination in answer["DeliveryStreamDescription"].get("Destinations", ()):
        # Each kind of destination has a member of its own.
        for part in destination.values():
            if isinstance(part, dict) and "ProcessingConfiguration" in part:
                yield from _processors(arn, destination["DestinationId"], part)


def _processors(arn: str, name: str, destination: dict[str, Any]) -> Iterator[Wire]:
    processing = destination["ProcessingConfiguration"]
    # Splunk has no role of its own: that of its backup bucket is used.
    role = destination.get("RoleARN") or destination.get("S3DestinationDescription", {}).get("RoleARN")
    for processor in processing.get("Processors", ()):
        parameters = {each["ParameterName"]: each["ParameterValue"] for each in processor.get("Parameters", ())}
        if "LambdaArn" in parameters:
            state = enabled(bool(processing.get("Enabled")))
            yield Wire(parameters["LambdaArn"], Trigger("firehose", arn, name, state, parameters.get("RoleArn", role)))
