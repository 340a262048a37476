"""API Gateway: an API by its id, which does not tell whether it is a REST API or an HTTP or WebSocket API.

The source is the API as a whole: `arn:…:execute-api:REGION:ACCOUNT:ID`. The ARN that it calls with goes on with stage,
method and path, or with `authorizers/ID`. What is edited is read, not what is deployed to a stage.
"""

from rolecall.iam.wildcard import is_wild
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires import http_api, rest_api
from rolecall.sources.aws.wires.wire import Wires, join, several


def named(calls: Calls, source: str) -> Wires:
    """The wires of an API."""
    api = source.split(":", 5)[5].partition("/")[0]
    if is_wild(api):
        return several(source)
    rest = rest_api.read(calls, api)
    if all(resource.exists for resource in rest.resources):
        return rest
    return http_api.read(calls, api)


def walk(calls: Calls) -> Wires:
    """Those of all APIs of the region."""
    return join([rest_api.walk(calls), http_api.walk(calls)])
