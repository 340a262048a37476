"""REST APIs: integrations of methods, and authorizers (API Gateway REST API Reference)."""

from collections.abc import Iterator

from rolecall.model import Gap
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.integration import arn, integrated
from rolecall.sources.aws.wires.wire import Wire, Wires, look_up, walk_over


def read(calls: Calls, api: str, *, listed: bool = False) -> Wires:
    """The wires of a REST API."""
    return look_up(arn(calls, api), lambda: _wires(calls, api), listed=listed)


def walk(calls: Calls) -> Wires:
    """Those of all REST APIs of the region."""
    apis = calls.pages("apigateway", "get_rest_apis", "items")
    return walk_over(apis, lambda each: read(calls, each["id"], listed=True))


def _wires(calls: Calls, api: str) -> Iterator[Wire | Gap]:
    source = arn(calls, api)
    for resource in calls.pages("apigateway", "get_resources", "items", restApiId=api, embed=["methods"]):
        for verb, method in resource.get("resourceMethods", {}).items():
            found = method.get("methodIntegration", {})
            yield from integrated(source, f"{verb} {resource['path']}", found.get("uri"), found.get("credentials"))
    for each in calls.pages("apigateway", "get_authorizers", "items", restApiId=api):
        role = each.get("authorizerCredentials")
        yield from integrated(source, f"authorizers/{each['id']}", each.get("authorizerUri"), role)
