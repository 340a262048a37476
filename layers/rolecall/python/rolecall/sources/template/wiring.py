"""Push triggers of a template: which resource names which function, as rows."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rolecall.model import Trigger
from rolecall.sources.decoded import decoded
from rolecall.sources.template.stack import Stack
from rolecall.triggers import functions_in


@dataclass(frozen=True, slots=True)
class Wire:
    """A type of resource that invokes functions.

    Parameters
    ----------
    type : of the trigger, a row of `triggers.TRIGGERS`
    paths : to the properties that name functions; `[]` stands for every item of a list. Whatever ARN of a function
        is in them counts, also within a longer text
    source : where the trigger comes from, other than the resource itself: `{Property}` is filled in
    role : path to the role that invokes, for callers that bring one
    filter : path to what it lets through, under the name that it has in `Trigger.filter`; None: that is all of it
    dead_letter : path to the queue for what could not be delivered
    off : path to a property, and its value that switches the source off
    """

    type: str
    paths: tuple[str, ...]
    source: str | None = None
    role: str | None = None
    filter: tuple[str | None, str] | None = None
    dead_letter: str | None = None
    off: tuple[str, str] | None = None


_EXECUTE = "arn:{partition}:execute-api:{region}:{account}:"
WIRES: dict[str, tuple[Wire, ...]] = {
    "AWS::ApiGateway::Authorizer": (
        Wire("api", ("AuthorizerUri",), _EXECUTE + "{RestApiId}", "AuthorizerCredentials"),
    ),
    "AWS::ApiGateway::Method": (
        Wire("api", ("Integration.Uri",), _EXECUTE + "{RestApiId}", "Integration.Credentials"),
    ),
    "AWS::ApiGateway::RestApi": (),  # Each integration of the `Body` may bring a role of its own: `_described`.
    "AWS::ApiGatewayV2::Api": (Wire("api", ("Target",), _EXECUTE + "{ref}", "CredentialsArn"),),
    "AWS::ApiGatewayV2::Authorizer": (
        Wire("api", ("AuthorizerUri",), _EXECUTE + "{ApiId}", "AuthorizerCredentialsArn"),
    ),
    "AWS::ApiGatewayV2::Integration": (Wire("api", ("IntegrationUri",), _EXECUTE + "{ApiId}", "CredentialsArn"),),
    "AWS::AppSync::DataSource": (
        Wire(
            "appsync",
            ("LambdaConfig.LambdaFunctionArn",),
            "arn:{partition}:appsync:{region}:{account}:apis/{ApiId}",
            "ServiceRoleArn",
        ),
    ),
    "AWS::AppSync::GraphQLApi": (
        Wire(
            "appsync-authorizer",
            (
                "LambdaAuthorizerConfig.AuthorizerUri",
                "AdditionalAuthenticationProviders[].LambdaAuthorizerConfig.AuthorizerUri",
            ),
        ),
    ),
    "AWS::Bedrock::Agent": (Wire("bedrock", ("ActionGroups[].ActionGroupExecutor.Lambda",)),),
    "AWS::CloudWatch::Alarm": (
        Wire("cloudwatch-alarm", ("AlarmActions[]", "OKActions[]", "InsufficientDataActions[]")),
    ),
    "AWS::CloudWatch::CompositeAlarm": (
        Wire("cloudwatch-alarm", ("AlarmActions[]", "OKActions[]", "InsufficientDataActions[]")),
    ),
    "AWS::Cognito::UserPool": (Wire("cognito", ("LambdaConfig",)),),
    "AWS::Config::ConfigRule": (Wire("config", ("Source.SourceIdentifier",)),),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (Wire("alb", ("Targets[].Id",)),),
    "AWS::Events::Rule": (),  # Each target may bring a role of its own: `_rule_targets`.
    "AWS::IoT::TopicRule": (
        Wire(
            "iot", ("TopicRulePayload.Actions[].Lambda.FunctionArn", "TopicRulePayload.ErrorAction.Lambda.FunctionArn")
        ),
    ),
    "AWS::KinesisFirehose::DeliveryStream": (
        Wire(
            "firehose",
            (
                "ExtendedS3DestinationConfiguration.ProcessingConfiguration",
                "HttpEndpointDestinationConfiguration.ProcessingConfiguration",
            ),
            None,
            "ExtendedS3DestinationConfiguration.RoleARN",
        ),
    ),
    "AWS::Lex::BotAlias": (Wire("lex", ("BotAliasLocaleSettings",)),),
    "AWS::Logs::SubscriptionFilter": (
        Wire(
            "cloudwatch-logs",
            ("DestinationArn",),
            "arn:{partition}:logs:{region}:{account}:log-group:{LogGroupName}:*",
            filter=("pattern", "FilterPattern"),
        ),
    ),
    "AWS::Pipes::Pipe": (Wire("pipes", ("Target", "Enrichment"), None, "RoleArn"),),
    "AWS::S3::Bucket": (),  # Each notification has a filter of its own: `_notifications`.
    "AWS::SES::ReceiptRule": (Wire("ses", ("Rule.Actions[].LambdaAction.FunctionArn",)),),
    "AWS::SNS::Subscription": (
        Wire(
            "sns",
            ("Endpoint",),
            "{TopicArn}",
            filter=(None, "FilterPolicy"),
            dead_letter="RedrivePolicy.deadLetterTargetArn",
        ),
    ),
    "AWS::SNS::Topic": (Wire("sns", ("Subscription[].Endpoint",)),),
    "AWS::Scheduler::Schedule": (
        Wire(
            "scheduler",
            ("Target.Arn",),
            None,
            "Target.RoleArn",
            dead_letter="Target.DeadLetterConfig.Arn",
            off=("State", "DISABLED"),
        ),
    ),
    "AWS::SecretsManager::RotationSchedule": (Wire("secretsmanager", ("RotationLambdaARN",), "{SecretId}"),),
    "AWS::StepFunctions::StateMachine": (
        Wire("states", ("DefinitionString", "Definition", "DefinitionSubstitutions"), None, "RoleArn"),
    ),
    "AWS::VpcLattice::TargetGroup": (Wire("vpc-lattice", ("Targets[].Id",)),),
    "Custom::S3BucketNotifications": (
        Wire(
            "s3",
            ("NotificationConfiguration.LambdaFunctionConfigurations[].LambdaFunctionArn",),
            "arn:{partition}:s3:::{BucketName}",
        ),
    ),
}
"""CloudFormation type -> how it names the functions that it invokes (CloudFormation Template Reference)."""


def pushed(stack: Stack) -> Iterator[tuple[str, Trigger]]:
    """(ARN of the function, with its qualifier if one is named, and the trigger) of every push source."""
    for kind, wires in WIRES.items():
        for logical_id, properties in stack.of(kind):
            place = stack.place(logical_id)
            if kind == "AWS::Events::Rule":
                yield from _rule_targets(stack, logical_id, properties)
            if kind in ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"):
                yield from _described(stack, logical_id, properties.get("Body"))
            if kind == "AWS::S3::Bucket":
                yield from _notifications(stack, logical_id, properties)
            for wire in wires:
                source = _source(stack, logical_id, properties, wire)
                found = [arn for path in wire.paths for value in _at(properties, path) for arn in functions_in(value)]
                routes = tuple(_routes(stack, kind, logical_id, properties)) or (_filter(properties, wire.filter),)
                for arn, route in itertools.product(dict.fromkeys(found), routes):
                    yield (
                        arn,
                        Trigger(
                            wire.type,
                            source,
                            logical_id,
                            state=_state(properties, wire.off),
                            role=_text(properties, wire.role),
                            filter=route,
                            dead_letter=_text(properties, wire.dead_letter),
                            place=place,
                        ),
                    )


def _rule_targets(stack: Stack, logical_id: str, properties: dict[str, Any]) -> Iterator[tuple[str, Trigger]]:
    for target in _at(properties, "Targets[]"):
        if isinstance(target, dict):
            for arn in functions_in(target.get("Arn")):
                yield (
                    arn,
                    Trigger(
                        "eventbridge",
                        stack.resolver.arn_of(logical_id),
                        logical_id,
                        state=_state(properties, ("State", "DISABLED")),
                        role=_text(target, "RoleArn"),
                        filter=_filter(properties, (None, "EventPattern")),
                        dead_letter=_text(target, "DeadLetterConfig.Arn"),
                        place=stack.place(logical_id),
                    ),
                )


CREDENTIALS = {"authorizerUri": "authorizerCredentials", "uri": "credentials"}
"""What names a function in OpenAPI -> the role that invokes it: API Gateway Developer Guide, "OpenAPI extensions"."""


def _described(stack: Stack, logical_id: str, node: Any) -> Iterator[tuple[str, Trigger]]:
    """The integrations and authorizers of an API that is described in OpenAPI."""
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _described(stack, logical_id, each)
    if not isinstance(node, dict):
        return
    source = _source(stack, logical_id, {}, Wire("api", (), _EXECUTE + "{ref}"))
    for name, role in CREDENTIALS.items():
        route = json.dumps({"authorizer": "*"}) if name == "authorizerUri" else None
        for arn in dict.fromkeys(functions_in(node.get(name))):
            place = stack.place(logical_id)
            yield arn, Trigger("api", source, logical_id, role=_text(node, role), filter=route, place=place)


def _notifications(stack: Stack, logical_id: str, properties: dict[str, Any]) -> Iterator[tuple[str, Trigger]]:
    source, place = stack.resolver.arn_of(logical_id), stack.place(logical_id)
    for each in _at(properties, "NotificationConfiguration.LambdaConfigurations[]"):
        rules = [rule for rule in _at(each, "Filter.S3Key.Rules[]") if isinstance(rule, dict) and rule.get("Value")]
        parts = {str(rule.get("Name")).lower(): rule["Value"] for rule in rules}
        text = json.dumps(parts, sort_keys=True) if parts else None
        for arn in functions_in(each.get("Function") if isinstance(each, dict) else None):
            yield arn, Trigger("s3", source, logical_id, filter=text, place=place)


def _state(properties: dict[str, Any], off: tuple[str, str] | None) -> str:
    return "Disabled" if off and _text(properties, off[0]) == off[1] else "Enabled"


def _filter(properties: dict[str, Any], path: tuple[str | None, str] | None) -> str | None:
    """What it lets through, as JSON text; None for everything."""
    value = next(_at(properties, path[1]), None) if path else None
    if not path or not value:
        return None
    return json.dumps({path[0]: value} if path[0] else value, sort_keys=True, default=str)


def _routes(stack: Stack, kind: str, logical_id: str, properties: dict[str, Any]) -> Iterator[str]:
    """Of a method of an API, itself and its path; of an integration, those of its routes; an authorizer is one."""
    if kind in ("AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer"):
        yield json.dumps({"authorizer": "*"})
    if kind == "AWS::ApiGateway::Method":
        yield json.dumps(_method(stack, properties))
    if kind == "AWS::ApiGatewayV2::Integration":
        target = f"integrations/{stack.resolver.resource(logical_id, 'ref')}"
        routes = [each for _, each in stack.of("AWS::ApiGatewayV2::Route") if each.get("Target") == target]
        for key in dict.fromkeys(str(each.get("RouteKey")) for each in routes):
            method, _, path = key.partition(" ")
            yield json.dumps({"method": method, "path": path} if path else {"route": key})


def _method(stack: Stack, properties: dict[str, Any]) -> dict[str, str]:
    known = {
        str(stack.resolver.resource(name, "ref")): (str(each.get("ParentId")), str(each.get("PathPart")))
        for name, each in stack.of("AWS::ApiGateway::Resource")
    }
    path: list[str] = []
    at = str(properties.get("ResourceId"))
    while at in known and len(path) <= len(known):
        at, part = known[at]
        path.insert(0, part)
    whole = {"path": "/" + "/".join(path)} if at.endswith("root") else {}
    return {"method": str(properties.get("HttpMethod", "ANY")), **whole}


def _text(properties: dict[str, Any], path: str | None) -> str | None:
    return next((str(each) for each in _at(properties, path) if each is not None), None) if path else None


def _source(stack: Stack, logical_id: str, properties: dict[str, Any], wire: Wire) -> str:
    if wire.source is None:
        return stack.resolver.arn_of(logical_id)
    values = stack.resolver.values
    known = {"partition": "AWS::Partition", "region": "AWS::Region", "account": "AWS::AccountId"}

    def fill(found: re.Match[str]) -> str:
        name = found.group(1)
        if name == "ref":
            return str(stack.resolver.resource(logical_id, "ref"))
        return str(values[known[name]] if name in known else properties.get(name, "*"))

    return re.sub(r"\{(\w+)\}", fill, wire.source)


def _at(value: Any, path: str) -> Iterator[Any]:
    """The values at a path such as `Targets[].Arn`, also where an object is JSON text."""
    value = decoded(value) if isinstance(value, str) else value
    head, _, rest = path.partition(".")
    name, listed = head.removesuffix("[]"), head.endswith("[]")
    if not isinstance(value, dict) or name not in value:
        return
    member = value[name]
    for each in member if listed and isinstance(member, list) else [member]:
        if rest:
            yield from _at(each, rest)
        else:
            yield each
