"""AppSync: data sources, which come with a role, and authorizers of GraphQL and Event APIs (API Reference)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.invoked import objects_in
from rolecall.sources.aws.wires.wire import Wire, Wires, join, limit, look_up, several, walk_over
from rolecall.triggers import functions_in

PLACES = ("lambdaAuthorizerConfig", "additionalAuthenticationProviders", "eventConfig")
"""Members of an API that hold authorizers. Tags, which hold what users like, are not among them."""


def named(calls: Calls, source: str) -> Wires:
    """The wires of an API: `apis/ID`."""
    kind, _, rest = source.split(":", 5)[5].partition("/")
    api = rest.partition("/")[0]
    if kind != "apis":
        return limit(f"`{source}` is no API of AppSync: what it invokes is not read")
    if is_wild(api):
        return several(source)
    return look_up(_arn(calls, api), lambda: _wires(calls, _described(calls, api)))


def walk(calls: Calls) -> Wires:
    """Those of all APIs of the region."""
    graphs = calls.pages("appsync", "list_graphql_apis", "graphqlApis")
    events = calls.pages("appsync", "list_apis", "apis")
    return join([walk_over(apis, lambda api: _listed(calls, api)) for apis in (graphs, events)])


def _described(calls: Calls, api: str) -> dict[str, Any]:
    try:
        graph: dict[str, Any] = calls.ask("appsync", "get_graphql_api", apiId=api)["graphqlApi"]
    except Refused as refused:
        if not refused.absent:
            raise
        event: dict[str, Any] = calls.ask("appsync", "get_api", apiId=api)["api"]
        return event
    return graph


def _arn(calls: Calls, api: str) -> str:
    return f"arn:{calls.partition}:appsync:{calls.region}:{calls.account}:apis/{api}"


def _listed(calls: Calls, api: dict[str, Any]) -> Wires:
    return look_up(_arn(calls, api["apiId"]), lambda: _wires(calls, api), listed=True)


def _wires(calls: Calls, api: dict[str, Any]) -> Iterator[Wire]:
    arn = _arn(calls, api["apiId"])
    for each in objects_in([{place: api.get(place)} for place in PLACES]):
        for function in functions_in((each.get("lambdaAuthorizerConfig") or {}).get("authorizerUri")):
            yield Wire(function, Trigger("appsync-authorizer", arn))
    for source in calls.pages("appsync", "list_data_sources", "dataSources", apiId=api["apiId"]):
        for function in functions_in(source.get("lambdaConfig", {}).get("lambdaFunctionArn")):
            yield Wire(function, Trigger("appsync", arn, source["name"], role=source.get("serviceRoleArn")))
