"""Integrations and authorizers of API Gateway: which function the URI of one names."""

from collections.abc import Iterator

from rolecall.model import Gap, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.wire import Wire, unread
from rolecall.triggers import functions_in


def arn(calls: Calls, api: str) -> str:
    """Of an API, as it stands at the start of the ARN that it calls with."""
    return f"arn:{calls.partition}:execute-api:{calls.region}:{calls.account}:{api}"


def integrated(source: str, name: str, uri: str | None, role: str | None) -> Iterator[Wire | Gap]:
    """What a URI wires, if it is one of Lambda. `role` are its credentials: without them the API comes as a service."""
    if not uri or ":lambda:" not in uri:
        return
    if "${" in uri:
        yield unread(f"`{name}` of `{source}` names its function by a stage variable")
        return
    for function in functions_in(uri):
        yield Wire(function, Trigger("api", source, name, role=role))
