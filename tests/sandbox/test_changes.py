"""Each event of tier 1 that the sandbox can make, and the functions that the deployed auditor audits after it.

The rows are a story of one function, `solo`: each is a real call, in this order.
"""

import io
import json
import zipfile
from typing import Any

import pytest

from sandbox.cloudtrail import event_id
from sandbox.stack import Stack, now
from tests.builders import allow, document

ACCOUNT = "123456789012"
SOLO = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:solo"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/solo"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/solo"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:solo"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:solo"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/solo"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{SOLO}/invocations"


def trust(*services: str) -> str:
    principals = {"Service": list(services)}
    return json.dumps(document({"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}))


def code() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return None\n")
    return held.getvalue()


TEXT = json.dumps(document(allow("sqs:*", QUEUE)))
WHOLE = json.dumps(document(allow("lambda:InvokeFunction", SOLO, Principal={"AWS": ACCOUNT})))
MADE = {"FunctionName": "solo", "Runtime": "python3.13", "Role": ROLE, "Handler": "app.handler"}
LETS_IN = {"FunctionName": "solo", "Action": "lambda:InvokeFunction"}
SCHEDULE = {
    "Name": "solo",
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {"Arn": SOLO, "RoleArn": ROLE},
}
NOTIFIES = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": SOLO, "Events": ["s3:ObjectCreated:*"]}]}
GROUP: dict[str, Any] = {"TargetGroupArn": "{group}"}
LAYER = {"LayerName": "solo", "VersionNumber": 1}
METHOD: dict[str, Any] = {"restApiId": "{rest}", "resourceId": "{root}", "httpMethod": "GET"}
PIPE = {"Name": "solo", "RoleArn": ROLE, "Source": QUEUE, "Target": SOLO}
NOBODY, ONLY = set[str](), {"solo"}

# Service, call, parameters (with what earlier answers gave in braces), what of the answer is kept -> event, functions.
ROWS: list[tuple[str, str, dict[str, Any], str | None, str, set[str]]] = [
    (
        "iam",
        "create_role",
        {"RoleName": "solo", "AssumeRolePolicyDocument": trust("lambda.amazonaws.com")},
        None,
        "CreateRole",
        NOBODY,
    ),
    (
        "iam",
        "put_role_policy",
        {"RoleName": "solo", "PolicyName": "poll", "PolicyDocument": TEXT},
        None,
        "PutRolePolicy",
        NOBODY,
    ),
    ("lambda", "create_function", {**MADE, "Code": {"ZipFile": code()}}, None, "CreateFunction", ONLY),
    ("lambda", "update_function_code", {"FunctionName": "solo", "ZipFile": code()}, None, "UpdateFunctionCode", ONLY),
    (
        "lambda",
        "update_function_configuration",
        {"FunctionName": "solo", "Timeout": 9},
        None,
        "UpdateFunctionConfiguration",
        ONLY,
    ),
    ("lambda", "publish_version", {"FunctionName": "solo"}, "version=Version", "PublishVersion", ONLY),
    (
        "lambda",
        "create_alias",
        {"FunctionName": "solo", "Name": "live", "FunctionVersion": "{version}"},
        None,
        "CreateAlias",
        ONLY,
    ),
    ("lambda", "update_alias", {"FunctionName": "solo", "Name": "live", "Description": "x"}, None, "UpdateAlias", ONLY),
    (
        "lambda",
        "put_function_event_invoke_config",
        {"FunctionName": "solo", "MaximumRetryAttempts": 1},
        None,
        "PutFunctionEventInvokeConfig",
        ONLY,
    ),
    (
        "lambda",
        "delete_function_event_invoke_config",
        {"FunctionName": "solo"},
        None,
        "DeleteFunctionEventInvokeConfig",
        ONLY,
    ),
    (
        "lambda",
        "create_function_url_config",
        {"FunctionName": "solo", "AuthType": "AWS_IAM"},
        None,
        "CreateFunctionUrlConfig",
        ONLY,
    ),
    (
        "lambda",
        "update_function_url_config",
        {"FunctionName": "solo", "AuthType": "AWS_IAM"},
        None,
        "UpdateFunctionUrlConfig",
        ONLY,
    ),
    ("lambda", "delete_function_url_config", {"FunctionName": "solo"}, None, "DeleteFunctionUrlConfig", ONLY),
    (
        "iam",
        "update_assume_role_policy",
        {"RoleName": "solo", "PolicyDocument": trust("lambda.amazonaws.com", "scheduler.amazonaws.com")},
        None,
        "UpdateAssumeRolePolicy",
        ONLY,
    ),
    ("iam", "create_policy", {"PolicyName": "solo", "PolicyDocument": TEXT}, None, "CreatePolicy", NOBODY),
    (
        "iam",
        "create_policy_version",
        {"PolicyArn": POLICY, "PolicyDocument": TEXT},
        None,
        "CreatePolicyVersion",
        NOBODY,
    ),
    ("iam", "attach_role_policy", {"RoleName": "solo", "PolicyArn": POLICY}, None, "AttachRolePolicy", ONLY),
    ("iam", "delete_policy_version", {"PolicyArn": POLICY, "VersionId": "v2"}, None, "DeletePolicyVersion", ONLY),
    ("iam", "detach_role_policy", {"RoleName": "solo", "PolicyArn": POLICY}, None, "DetachRolePolicy", ONLY),
    (
        "iam",
        "put_role_permissions_boundary",
        {"RoleName": "solo", "PermissionsBoundary": POLICY},
        None,
        "PutRolePermissionsBoundary",
        ONLY,
    ),
    ("iam", "delete_role_permissions_boundary", {"RoleName": "solo"}, None, "DeleteRolePermissionsBoundary", ONLY),
    ("sqs", "create_queue", {"QueueName": "solo"}, "queue=QueueUrl", "CreateQueue", NOBODY),
    (
        "lambda",
        "create_event_source_mapping",
        {"FunctionName": "solo", "EventSourceArn": QUEUE},
        "mapping=UUID",
        "CreateEventSourceMapping",
        ONLY,
    ),
    (
        "sqs",
        "set_queue_attributes",
        {"QueueUrl": "{queue}", "Attributes": {"DelaySeconds": "1"}},
        None,
        "SetQueueAttributes",
        ONLY,
    ),
    (
        "sqs",
        "add_permission",
        {"QueueUrl": "{queue}", "Label": "x", "AWSAccountIds": [ACCOUNT], "Actions": ["SendMessage"]},
        None,
        "AddPermission",
        ONLY,
    ),
    ("sqs", "remove_permission", {"QueueUrl": "{queue}", "Label": "x"}, None, "RemovePermission", ONLY),
    (
        "lambda",
        "update_event_source_mapping",
        {"UUID": "{mapping}", "Enabled": False},
        None,
        "UpdateEventSourceMapping",
        ONLY,
    ),
    ("lambda", "delete_event_source_mapping", {"UUID": "{mapping}"}, None, "DeleteEventSourceMapping", ONLY),
    ("sqs", "delete_queue", {"QueueUrl": "{queue}"}, None, "DeleteQueue", NOBODY),
    (
        "lambda",
        "add_permission",
        {
            **LETS_IN,
            "StatementId": "s3",
            "Principal": "s3.amazonaws.com",
            "SourceArn": "arn:aws:s3:::solo-in",
            "SourceAccount": ACCOUNT,
        },
        None,
        "AddPermission",
        ONLY,
    ),
    (
        "s3",
        "put_bucket_notification_configuration",
        {"Bucket": "solo-in", "NotificationConfiguration": NOTIFIES},
        None,
        "PutBucketNotification",
        ONLY,
    ),
    ("s3", "delete_bucket", {"Bucket": "solo-in"}, None, "DeleteBucket", ONLY),
    ("lambda", "remove_permission", {"FunctionName": "solo", "StatementId": "s3"}, None, "RemovePermission", ONLY),
    ("lambda", "put_resource_policy", {"ResourceArn": SOLO, "Policy": WHOLE}, None, "PutResourcePolicy", ONLY),
    ("lambda", "delete_resource_policy", {"ResourceArn": SOLO}, None, "DeleteResourcePolicy", ONLY),
    ("events", "put_rule", {"Name": "solo", "EventPattern": '{"source": ["x"]}'}, None, "PutRule", NOBODY),
    (
        "lambda",
        "add_permission",
        {**LETS_IN, "StatementId": "rule", "Principal": "events.amazonaws.com", "SourceArn": RULE},
        None,
        "AddPermission",
        ONLY,
    ),
    ("events", "put_targets", {"Rule": "solo", "Targets": [{"Id": "1", "Arn": SOLO}]}, None, "PutTargets", ONLY),
    ("events", "disable_rule", {"Name": "solo"}, None, "DisableRule", ONLY),
    ("events", "enable_rule", {"Name": "solo"}, None, "EnableRule", ONLY),
    ("events", "remove_targets", {"Rule": "solo", "Ids": ["1"]}, None, "RemoveTargets", ONLY),
    ("events", "delete_rule", {"Name": "solo"}, None, "DeleteRule", ONLY),
    ("scheduler", "create_schedule", SCHEDULE, None, "CreateSchedule", ONLY),
    ("scheduler", "update_schedule", {**SCHEDULE, "ScheduleExpression": "rate(2 days)"}, None, "UpdateSchedule", ONLY),
    ("scheduler", "delete_schedule", {"Name": "solo"}, None, "DeleteSchedule", ONLY),
    (
        "sns",
        "subscribe",
        {"TopicArn": TOPIC, "Protocol": "lambda", "Endpoint": SOLO},
        "subscription=SubscriptionArn",
        "Subscribe",
        ONLY,
    ),
    ("sns", "unsubscribe", {"SubscriptionArn": "{subscription}"}, None, "Unsubscribe", ONLY),
    ("sns", "delete_topic", {"TopicArn": TOPIC}, None, "DeleteTopic", NOBODY),
    (
        "elbv2",
        "create_target_group",
        {"Name": "solo", "TargetType": "lambda"},
        "group=TargetGroups.0.TargetGroupArn",
        "CreateTargetGroup",
        NOBODY,
    ),
    (
        "lambda",
        "add_permission",
        {**LETS_IN, "StatementId": "alb", "Principal": "elasticloadbalancing.amazonaws.com", "SourceArn": "{group}"},
        None,
        "AddPermission",
        ONLY,
    ),
    ("elbv2", "register_targets", {**GROUP, "Targets": [{"Id": SOLO}]}, None, "RegisterTargets", ONLY),
    ("elbv2", "modify_target_group", {**GROUP, "HealthCheckEnabled": True}, None, "ModifyTargetGroup", ONLY),
    ("elbv2", "deregister_targets", {**GROUP, "Targets": [{"Id": SOLO}]}, None, "DeregisterTargets", ONLY),
    ("elbv2", "delete_target_group", GROUP, None, "DeleteTargetGroup", ONLY),
    ("apigatewayv2", "create_api", {"Name": "solo", "ProtocolType": "HTTP"}, "api=ApiId", "CreateApi", NOBODY),
    (
        "apigatewayv2",
        "create_integration",
        {"ApiId": "{api}", "IntegrationType": "AWS_PROXY", "IntegrationUri": SOLO, "PayloadFormatVersion": "2.0"},
        "integration=IntegrationId",
        "CreateIntegration",
        ONLY,
    ),
    (
        "apigatewayv2",
        "update_integration",
        {"ApiId": "{api}", "IntegrationId": "{integration}", "TimeoutInMillis": 9000},
        None,
        "UpdateIntegration",
        ONLY,
    ),
    (
        "apigatewayv2",
        "delete_integration",
        {"ApiId": "{api}", "IntegrationId": "{integration}"},
        None,
        "DeleteIntegration",
        ONLY,
    ),
    ("apigatewayv2", "delete_api", {"ApiId": "{api}"}, None, "DeleteApi", NOBODY),
    (
        "lambda",
        "update_function_configuration",
        {"FunctionName": "solo", "Layers": ["{layer}"]},
        None,
        "UpdateFunctionConfiguration",
        ONLY,
    ),
    (
        "lambda",
        "add_layer_version_permission",
        {**LAYER, "StatementId": "x", "Action": "lambda:GetLayerVersion", "Principal": "210987654321"},
        None,
        "AddLayerVersionPermission",
        ONLY,
    ),
    (
        "lambda",
        "remove_layer_version_permission",
        {**LAYER, "StatementId": "x"},
        None,
        "RemoveLayerVersionPermission",
        ONLY,
    ),
    ("lambda", "delete_layer_version", LAYER, None, "DeleteLayerVersion", ONLY),
    (
        "pipes",
        "create_pipe",
        {"Name": "solo", "RoleArn": ROLE, "Source": QUEUE, "Target": SOLO},
        None,
        "CreatePipe",
        ONLY,
    ),
    ("pipes", "stop_pipe", {"Name": "solo"}, None, "StopPipe", ONLY),
    ("pipes", "start_pipe", {"Name": "solo"}, None, "StartPipe", ONLY),
    ("pipes", "update_pipe", {"Name": "solo", "RoleArn": ROLE, "Description": "x"}, None, "UpdatePipe", ONLY),
    ("pipes", "delete_pipe", {"Name": "solo"}, None, "DeletePipe", ONLY),
    (
        "apigateway",
        "put_integration",
        {**METHOD, "type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": URI},
        None,
        "PutIntegration",
        ONLY,
    ),
    ("apigateway", "update_integration", METHOD, None, "UpdateIntegration", ONLY),
    ("apigateway", "create_deployment", {"restApiId": "{rest}"}, None, "CreateDeployment", ONLY),
    ("apigateway", "delete_integration", METHOD, None, "DeleteIntegration", ONLY),
    ("apigateway", "delete_rest_api", {"restApiId": "{rest}"}, None, "DeleteRestApi", NOBODY),
    ("lambda", "delete_alias", {"FunctionName": "solo", "Name": "live"}, None, "DeleteAlias", ONLY),
    ("iam", "delete_role_policy", {"RoleName": "solo", "PolicyName": "poll"}, None, "DeleteRolePolicy", ONLY),
    ("iam", "delete_role", {"RoleName": "solo"}, None, "DeleteRole", ONLY),
    ("lambda", "delete_function", {"FunctionName": "solo"}, None, "DeleteFunction", NOBODY),
    (
        "cloudtrail",
        "update_trail",
        {"Name": "rolecall-trail", "IncludeGlobalServiceEvents": True},
        None,
        "UpdateTrail",
        NOBODY,
    ),
]


@pytest.fixture(scope="module")
def kept(stack: Stack) -> dict[str, str]:
    """What earlier answers gave, and what has to be there before the first row."""
    stack.client("s3").create_bucket(Bucket="solo-in")
    stack.client("sns").create_topic(Name="solo")
    layer = stack.client("lambda").publish_layer_version(LayerName="solo", Content={"ZipFile": code()})
    apis = stack.client("apigateway")
    rest = apis.create_rest_api(name="solo")["id"]
    (root,) = apis.get_resources(restApiId=rest)["items"]
    apis.put_method(restApiId=rest, resourceId=root["id"], httpMethod="GET", authorizationType="NONE")
    return {"layer": layer["LayerVersionArn"], "rest": rest, "root": root["id"]}


@pytest.mark.parametrize(("service", "call", "parameters", "keep", "event", "functions"), ROWS)
def test_an_event_leads_to_the_audit_of_the_functions_that_it_touches(
    service: str,
    call: str,
    parameters: dict[str, Any],
    keep: str | None,
    event: str,
    functions: set[str],
    stack: Stack,
    kept: dict[str, str],
) -> None:
    start = now()
    answer = getattr(stack.client(service), call)(**filled(parameters, kept))
    if keep:
        name, _, path = keep.partition("=")
        kept[name] = at(answer, path)

    made = event_id(answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"])
    line = stack.wait(stack.outputs["FindingsLogGroup"], start, lambda each: is_about(each, made), event)
    assert line["event"].startswith(event)
    assert {arn.rpartition(":")[2] for arn in line.get("functions", ())} == functions, line


def filled(value: Any, kept: dict[str, str]) -> Any:
    """Parameters with what earlier answers gave."""
    if isinstance(value, str) and value.startswith("{") and value.endswith("}") and '"' not in value:
        return kept[value[1:-1]]
    if isinstance(value, dict):
        return {key: filled(each, kept) for key, each in value.items()}
    return [filled(each, kept) for each in value] if isinstance(value, list) else value


def at(answer: Any, path: str) -> str:
    for step in path.split("."):
        answer = answer[int(step) if step.isdecimal() else step]
    return str(answer)


def is_about(line: dict[str, Any], event: str) -> bool:
    """Does the line end the work on an event: an audit, or that there is none?"""
    return line.get("message") in ("audit", "skipped") and line.get("event_id") == event
