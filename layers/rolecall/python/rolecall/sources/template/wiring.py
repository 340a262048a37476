"""Push triggers of a template: which resource names which function, as rows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rolecall.model import Trigger
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
    """

    type: str
    paths: tuple[str, ...]
    source: str | None = None
    role: str | None = None


_EXECUTE = "arn:{partition}:execute-api:{region}:{account}:"
WIRES: dict[str, tuple[Wire, ...]] = {
    "AWS::ApiGateway::Authorizer": (
        Wire("api", ("AuthorizerUri",), _EXECUTE + "{RestApiId}", "AuthorizerCredentials"),
    ),
    "AWS::ApiGateway::Method": (
        Wire("api", ("Integration.Uri",), _EXECUTE + "{RestApiId}", "Integration.Credentials"),
    ),
    "AWS::ApiGateway::RestApi": (Wire("api", ("Body",), _EXECUTE + "{ref}"),),
    "AWS::ApiGatewayV2::Api": (Wire("api", ("Body", "Target"), _EXECUTE + "{ref}", "CredentialsArn"),),
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
            "cloudwatch-logs", ("DestinationArn",), "arn:{partition}:logs:{region}:{account}:log-group:{LogGroupName}:*"
        ),
    ),
    "AWS::Pipes::Pipe": (Wire("pipes", ("Target", "Enrichment"), None, "RoleArn"),),
    "AWS::S3::Bucket": (Wire("s3", ("NotificationConfiguration.LambdaConfigurations[].Function",)),),
    "AWS::SES::ReceiptRule": (Wire("ses", ("Rule.Actions[].LambdaAction.FunctionArn",)),),
    "AWS::SNS::Subscription": (Wire("sns", ("Endpoint",), "{TopicArn}"),),
    "AWS::SNS::Topic": (Wire("sns", ("Subscription[].Endpoint",)),),
    "AWS::Scheduler::Schedule": (Wire("scheduler", ("Target.Arn",), None, "Target.RoleArn"),),
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
                for arn, role in _rule_targets(properties):
                    yield (
                        arn,
                        Trigger("eventbridge", stack.resolver.arn_of(logical_id), logical_id, role=role, place=place),
                    )
            for wire in wires:
                role = next((str(each) for each in _at(properties, wire.role)), None) if wire.role else None
                source = _source(stack, logical_id, properties, wire)
                found = [arn for path in wire.paths for value in _at(properties, path) for arn in functions_in(value)]
                for arn in dict.fromkeys(found):
                    yield arn, Trigger(wire.type, source, logical_id, role=role, place=place)


def _rule_targets(properties: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    for target in _at(properties, "Targets[]"):
        if isinstance(target, dict):
            role = target.get("RoleArn")
            for arn in functions_in(target.get("Arn")):
                yield arn, None if role is None else str(role)


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
    """The values at a path such as `Targets[].Arn`."""
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
