"""HTTP and WebSocket APIs: integrations and authorizers (API Gateway Version 2 API Reference)."""

from collections.abc import Iterator

from rolecall.model import Gap
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.integration import arn, integrated
from rolecall.sources.aws.wires.wire import Wire, Wires, look_up, walk_over


def read(calls: Calls, api: str, *, listed: bool = False) -> Wires:
    """The wires of an HTTP or WebSocket API."""
    return look_up(arn(calls, api), lambda: _wires(calls, api), listed=listed)


def walk(calls: Calls) -> Wires:
    """Those of all HTTP and WebSocket APIs of the region."""
    apis = calls.pages("apigatewayv2", "get_apis", "Items")
    return walk_over(apis, lambda each: read(calls, each["ApiId"], listed=True))


def _wires(calls: Calls, api: str) -> Iterator[Wire | Gap]:
    source = arn(calls, api)
    for each in calls.pages("apigatewayv2", "get_integrations", "Items", ApiId=api):
        role = each.get("CredentialsArn")
        yield from integrated(source, f"integrations/{each['IntegrationId']}", each.get("IntegrationUri"), role)
    for each in calls.pages("apigatewayv2", "get_authorizers", "Items", ApiId=api):
        role = each.get("AuthorizerCredentialsArn")
        yield from integrated(source, f"authorizers/{each['AuthorizerId']}", each.get("AuthorizerUri"), role)
