"""Stacks: the events of what CloudFormation makes, changes and deletes; ministack does it without any API call.

Which calls CloudFormation makes for a resource is not documented: a row names those that AWS needs for it. Parameters
are the properties that bear the name of a parameter.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sandbox import calls, cloudtrail, tap, wire
from sandbox.hooks import module

CALLER = "cloudformation.amazonaws.com"
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A list among the properties, each item of which has calls of its own; a text stands for its `member`."""

    property: str
    put: str
    delete: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """The calls for one type of resource. `id` are the parameters that take the physical id.

    A call after another one is made only for a property with the name that follows the colon.
    """

    service: str
    id: tuple[str, ...] = ()
    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    model: str = ""
    renamed: tuple[tuple[str, str], ...] = ()


def _row(service: str, noun: str, *id: str, update: str = "Update", model: str = "") -> Row:
    return Row(service, id, (f"Create{noun}",), (f"{update}{noun}",), (f"Delete{noun}",), model=model)


ROWS: Mapping[str, Row] = {
    "AWS::ApiGateway::Authorizer": _row("apigateway", "Authorizer", "authorizerId"),
    "AWS::ApiGateway::Deployment": _row("apigateway", "Deployment", "deploymentId"),
    "AWS::ApiGateway::Method": Row("apigateway", (), ("PutIntegration",), ("PutIntegration",), ("DeleteMethod",)),
    "AWS::ApiGateway::RestApi": _row("apigateway", "RestApi", "restApiId", update="Put"),
    "AWS::ApiGatewayV2::Api": _row("apigateway", "Api", "ApiId", model="apigatewayv2"),
    "AWS::ApiGatewayV2::Authorizer": _row("apigateway", "Authorizer", "AuthorizerId", model="apigatewayv2"),
    "AWS::ApiGatewayV2::Integration": _row("apigateway", "Integration", "IntegrationId", model="apigatewayv2"),
    "AWS::CloudTrail::Trail": _row("cloudtrail", "Trail", "Name"),
    "AWS::Cognito::UserPool": _row("cognito-idp", "UserPool", "UserPoolId"),
    "AWS::DynamoDB::Table": _row("dynamodb", "Table", "TableName"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Row(
        "elasticloadbalancing",
        ("TargetGroupArn",),
        ("CreateTargetGroup", "RegisterTargets:Targets"),
        ("ModifyTargetGroup", "RegisterTargets:Targets"),
        ("DeleteTargetGroup",),
        model="elbv2",
    ),
    "AWS::Events::Rule": Row(
        "events",
        ("Name", "Rule"),
        ("PutRule", "PutTargets:Targets"),
        ("PutRule", "PutTargets:Targets"),
        ("RemoveTargets", "DeleteRule"),
    ),
    "AWS::IAM::ManagedPolicy": Row(
        "iam",
        ("PolicyArn",),
        ("CreatePolicy",),
        ("CreatePolicyVersion",),
        ("DeletePolicy",),
        (Part("Roles", "AttachRolePolicy", "DetachRolePolicy", "RoleName"),),
        renamed=(("PolicyName", "ManagedPolicyName"),),
    ),
    "AWS::IAM::Policy": Row("iam", parts=(Part("Roles", "PutRolePolicy", "DeleteRolePolicy", "RoleName"),)),
    "AWS::IAM::Role": Row(
        "iam",
        ("RoleName",),
        ("CreateRole",),
        ("UpdateAssumeRolePolicy",),
        ("DeleteRole",),
        (
            Part("Policies", "PutRolePolicy", "DeleteRolePolicy"),
            Part("ManagedPolicyArns", "AttachRolePolicy", "DetachRolePolicy", "PolicyArn"),
        ),
        renamed=(("PolicyDocument", "AssumeRolePolicyDocument"),),
    ),
    "AWS::IoT::TopicRule": Row("iot", ("ruleName",), ("CreateTopicRule",), ("ReplaceTopicRule",), ("DeleteTopicRule",)),
    "AWS::KMS::Key": Row("kms", ("KeyId",), ("CreateKey",), ("PutKeyPolicy",), ("ScheduleKeyDeletion",)),
    "AWS::Lambda::Alias": _row("lambda", "Alias"),
    "AWS::Lambda::EventInvokeConfig": Row(
        "lambda",
        create=("PutFunctionEventInvokeConfig",),
        update=("PutFunctionEventInvokeConfig",),
        delete=("DeleteFunctionEventInvokeConfig",),
    ),
    "AWS::Lambda::EventSourceMapping": _row("lambda", "EventSourceMapping", "UUID"),
    "AWS::Lambda::Function": Row(
        "lambda",
        ("FunctionName",),
        ("CreateFunction",),
        ("UpdateFunctionConfiguration", "UpdateFunctionCode:Code"),
        ("DeleteFunction",),
    ),
    "AWS::Lambda::LayerVersion": Row("lambda", create=("PublishLayerVersion",), delete=("DeleteLayerVersion",)),
    "AWS::Lambda::Permission": Row(
        "lambda", ("StatementId",), ("AddPermission",), ("RemovePermission", "AddPermission"), ("RemovePermission",)
    ),
    "AWS::Lambda::Url": Row(
        "lambda",
        create=("CreateFunctionUrlConfig",),
        update=("UpdateFunctionUrlConfig",),
        delete=("DeleteFunctionUrlConfig",),
        renamed=(("FunctionName", "TargetFunctionArn"),),
    ),
    "AWS::Lambda::Version": Row("lambda", create=("PublishVersion",)),
    "AWS::Logs::SubscriptionFilter": Row(
        "logs",
        ("filterName",),
        ("PutSubscriptionFilter",),
        ("PutSubscriptionFilter",),
        ("DeleteSubscriptionFilter",),
    ),
    "AWS::Pipes::Pipe": _row("pipes", "Pipe", "Name"),
    "AWS::S3::Bucket": Row(
        "s3",
        (),
        ("CreateBucket", "PutBucketNotificationConfiguration:NotificationConfiguration"),
        ("PutBucketNotificationConfiguration",),
        ("DeleteBucket",),
    ),
    "AWS::S3::BucketPolicy": Row("s3", (), ("PutBucketPolicy",), ("PutBucketPolicy",), ("DeleteBucketPolicy",)),
    "AWS::SNS::Subscription": Row(
        "sns", ("SubscriptionArn",), ("Subscribe",), ("SetSubscriptionAttributes",), ("Unsubscribe",)
    ),
    "AWS::SNS::Topic": Row("sns", ("TopicArn",), ("CreateTopic",), ("SetTopicAttributes",), ("DeleteTopic",)),
    "AWS::SQS::Queue": Row("sqs", ("QueueUrl",), ("CreateQueue",), ("SetQueueAttributes",), ("DeleteQueue",)),
    "AWS::SQS::QueuePolicy": Row(
        "sqs", parts=(Part("Queues", "SetQueueAttributes", "SetQueueAttributes", "QueueUrl"),)
    ),
    "AWS::Scheduler::Schedule": _row("scheduler", "Schedule", "Name"),
}
# One thread, so that events come in the order of the calls; their delivery may invoke functions.
_delivery = ThreadPoolExecutor(1, thread_name_prefix="stacks")


def record() -> None:
    """Send the events of every resource that a stack makes, changes or deletes."""
    handlers = module("ministack.services.cloudformation.provisioners")._RESOURCE_HANDLERS
    for kind, row in ROWS.items():
        handler = handlers[kind]
        handler["create"] = _creating(row, handler["create"])
        handler["delete"] = _deleting(row, handler["delete"])
        if "update" in handler:
            handler["update"] = _updating(row, handler["update"])


def _creating(row: Row, plain: Callable[..., Any]) -> Callable[..., Any]:
    def create(logical_id: str, properties: Properties, stack: str) -> Any:
        before = tap.logging()
        id, attributes = plain(logical_id, properties, stack)
        _send(row, before, id, properties, attributes, _steps(row.create, row.parts, {}, properties))
        return id, attributes

    return create


def _updating(row: Row, plain: Callable[..., Any]) -> Callable[..., Any]:
    def update(id: str, old: Properties, new: Properties, *more: Any) -> Any:
        before = tap.logging()
        answer = plain(id, old, new, *more)
        _send(row, before, id, new, answer[1] or {}, _steps(row.update, row.parts, old, new))
        return answer

    return update


def _deleting(row: Row, plain: Callable[..., Any]) -> Callable[..., Any]:
    def delete(id: str, properties: Properties | None, *more: Any) -> Any:
        before = tap.logging()
        answer = plain(id, properties, *more)
        found = properties or {}
        _send(row, before, id, found, {}, _steps(row.delete, row.parts, found, {}))
        return answer

    return delete


Step = tuple[str, Mapping[str, Any]]


def _steps(own: tuple[str, ...], parts: tuple[Part, ...], old: Properties, new: Properties) -> Iterator[Step]:
    """(operation, what it takes besides the properties) of all calls, in order."""
    for part in parts:
        yield from ((part.delete, item) for item in _items(part, old) if item not in _items(part, new))
    for step in own:
        operation, _, needed = step.partition(":")
        if not needed or (new.get(needed) and new.get(needed) != old.get(needed)):
            yield operation, {}
    for part in parts:
        yield from ((part.put, item) for item in _items(part, new) if item not in _items(part, old))


def _items(part: Part, properties: Properties) -> list[Mapping[str, Any]]:
    items = properties.get(part.property) or ()
    return [{part.member: item} if part.member else item for item in items]


def _send(
    row: Row, before: tap.Trails, id: str, properties: Properties, attributes: Properties, steps: Iterator[Step]
) -> None:
    scope = module("ministack.core.responses")
    account, region = scope.get_account_id(), scope.get_region()
    root = f"arn:aws:iam::{account}:root"
    identity = {"type": "Root", "principalId": account, "arn": root, "accountId": account, "invokedBy": CALLER}
    # What the answers of Lambda say, and no one can tell from the parameters: the function.
    name = str(properties.get("FunctionName") or properties.get("TargetFunctionArn") or id)
    arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"
    answer = cloudtrail.Answer(200, {}, json.dumps({"FunctionArn": attributes.get("Arn", arn)}).encode())
    for operation, more in steps:
        call = _call(row, region, operation, id, {**properties, **more})
        answered = answer if row.service == "lambda" else cloudtrail.Answer(200, {}, b"")
        made = cloudtrail.record(call, answered, account=account, identity=identity, source_ip=CALLER)
        _delivery.submit(tap.emit, made, account, before)


def _call(row: Row, region: str, operation: str, id: str, given: Mapping[str, Any]) -> calls.Call:
    model = calls.model(row.model or row.service).operation_model(operation)
    protocol = str(model.service_model.metadata["protocol"])
    if row.service == "s3":
        return calls.Call("s3", region, "", protocol, model, {"bucketName": given.get("Bucket", id)})
    parameters = {}
    for member, shape in model.input_shape.members.items() if model.input_shape else ():
        names = (member, member[:1].upper() + member[1:], dict(row.renamed).get(member, member))
        value = id if member in row.id else next((given[name] for name in names if name in given), None)
        if value is not None:
            parameters[member] = _fitting(shape, value)
    return calls.Call(row.service, region, "", protocol, model, parameters)


def _fitting(shape: Any, value: Any) -> Any:
    """A property as the API takes it: documents as text, tags as a map where it wants one."""
    if shape.type_name == "string" and not isinstance(value, str):
        return json.dumps(value)
    if shape.type_name == "map" and isinstance(value, list):
        return {each["Key"]: each["Value"] for each in value}
    return wire.typed(shape, value)
