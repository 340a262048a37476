"""One source of each service that moto lacks, as AWS answers, with the triggers that it declares."""

from typing import Any

from rolecall.model import Trigger
from tests.sources.aws.wires.made import FUNCTION, ROLE
from tests.sources.aws.wires.sessions import ACCOUNT, REGION, Answer

PATH = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
REST, HTTP = (f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{name}" for name in ("rest", "http"))
POOL = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{REGION}_pool"
GRAPH = f"arn:aws:appsync:{REGION}:{ACCOUNT}:apis/graph"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:orders-AbCdEf"
NO_REST: dict[str, Answer] = {"GetRestApis": {"items": []}, "GetResources": "NotFoundException"}


def method(**integration: Any) -> dict[str, Any]:
    return {"methodIntegration": {"type": "AWS_PROXY", **integration}}


AS_ROLE = method(uri=PATH, credentials=ROLE)
REST_API: dict[str, Answer] = {
    "GetRestApis": {"items": [{"id": "rest"}]},
    "GetResources": {
        "items": [
            {"path": "/"},
            {
                "path": "/orders",
                "resourceMethods": {"GET": method(uri=PATH), "PUT": method(uri=PATH, credentials=ROLE)},
            },
            {"path": "/page", "resourceMethods": {"GET": method(uri="https://example.com/lambda")}},
        ]
    },
    "GetAuthorizers": {"items": [{"id": "a", "authorizerUri": PATH}]},
    "GetApis": {"Items": []},
}
HTTP_API: dict[str, Answer] = {
    **NO_REST,
    "GetApis": {"Items": [{"ApiId": "http"}]},
    "GetIntegrations": {
        "Items": [
            {"IntegrationId": "i", "IntegrationUri": FUNCTION, "CredentialsArn": ROLE},
            {"IntegrationId": "s", "IntegrationSubtype": "SQS-SendMessage"},
        ]
    },
    "GetAuthorizers": {"Items": [{"AuthorizerId": "a", "AuthorizerUri": PATH}, {"AuthorizerId": "jwt"}]},
}
_SECRET = {"ARN": SECRET, "Name": "orders", "RotationEnabled": True, "RotationLambdaARN": FUNCTION}
ROTATION: dict[str, Answer] = {"ListSecrets": {"SecretList": [_SECRET]}, "DescribeSecret": _SECRET}
USER_POOL: dict[str, Answer] = {
    "ListUserPools": {"UserPools": [{"Id": f"{REGION}_pool"}]},
    "DescribeUserPool": {
        "UserPool": {
            "LambdaConfig": {
                "CustomSMSSender": {"LambdaArn": FUNCTION, "LambdaVersion": "V1_0"},
                "KMSKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k",
                "PreTokenGeneration": FUNCTION,
                "PreTokenGenerationConfig": {"LambdaArn": FUNCTION, "LambdaVersion": "V2_0"},
            }
        }
    },
}
_API = {"apiId": "graph", "lambdaAuthorizerConfig": {"authorizerUri": FUNCTION}, "tags": {"see": FUNCTION}}
GRAPH_API: dict[str, Answer] = {
    "ListGraphqlApis": {"graphqlApis": [_API]},
    "ListApis": {"apis": []},
    "GetGraphqlApi": {"graphqlApi": _API},
    "ListDataSources": {
        "dataSources": [
            {"name": "orders", "lambdaConfig": {"lambdaFunctionArn": FUNCTION}, "serviceRoleArn": ROLE},
            {"name": "none", "type": "NONE"},
        ]
    },
}
_EVENTS = {"authProviders": [{"lambdaAuthorizerConfig": {"authorizerUri": FUNCTION}}]}
EVENT_API: dict[str, Answer] = {
    "ListGraphqlApis": {"graphqlApis": []},
    "ListApis": {"apis": [{"apiId": "graph", "eventConfig": _EVENTS}]},
    "GetGraphqlApi": "NotFoundException",
    "GetApi": {"api": {"apiId": "graph", "eventConfig": _EVENTS}},
    "ListDataSources": {"dataSources": []},
}
RECORDED: dict[str, tuple[str, dict[str, Answer], tuple[Trigger, ...]]] = {
    "REST API": (
        REST,
        REST_API,
        (
            Trigger("api", REST, "GET /orders"),
            Trigger("api", REST, "PUT /orders", role=ROLE),
            Trigger("api", REST, "authorizers/a"),
        ),
    ),
    "HTTP API": (
        HTTP,
        HTTP_API,
        (Trigger("api", HTTP, "authorizers/a"), Trigger("api", HTTP, "integrations/i", role=ROLE)),
    ),
    "secret": (SECRET, ROTATION, (Trigger("secretsmanager", SECRET, "orders"),)),
    "user pool": (
        POOL,
        USER_POOL,
        (Trigger("cognito", POOL, "CustomSMSSender"), Trigger("cognito", POOL, "PreTokenGeneration")),
    ),
    "GraphQL API": (
        GRAPH,
        GRAPH_API,
        (Trigger("appsync", GRAPH, "orders", role=ROLE), Trigger("appsync-authorizer", GRAPH)),
    ),
    "Event API": (GRAPH, EVENT_API, (Trigger("appsync-authorizer", GRAPH),)),
}
"""What it is -> its ARN, what AWS answers, its triggers."""
