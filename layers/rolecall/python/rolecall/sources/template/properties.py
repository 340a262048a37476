"""Properties: those that are read, and what each has to be.

A path is written as in `Environment.Variables{}`: a name is a member of an object, `[]` stands for every item of a
list, `{}` for every member of an object. At its end is text, or after `=` what it may be: `text`, `truth`, `list`,
`object`, `json` (an object, or text that is one) or `any` (all but null). The facts are those of the CloudFormation
Template Reference and of the SAM specification.
"""

import re
from collections.abc import Iterator, Mapping

from rolecall.sources.template.references import SHAPES
from rolecall.sources.template.wiring import WIRES, Wire

TEMPLATE = (
    *("Parameters{}.AllowedValues[]", "Parameters{}.Default", "Parameters{}.Type"),
    *("Conditions{}=object", "Mappings{}{}{}=any", "Outputs{}.Export.Name", "Outputs{}.Value"),
    *("Resources{}.Condition", "Resources{}.DependsOn=text/list", "Resources{}.Type"),
)
"""What is read of a template itself."""

GLOBAL = ("Globals.Function", "AWS::Serverless::Function")
"""Where SAM takes properties of all functions from, and of which type they are."""

_FUNCTION = """
    DurableConfig=object Environment.Variables{} FileSystemConfigs[].Arn FunctionName Handler KmsKeyArn Layers[]
    LoggingConfig.LogGroup PackageType RecursiveLoop Role Runtime VpcConfig.SubnetIds[]
"""
_TARGETS = ("DestinationConfig.OnFailure.Destination", "DestinationConfig.OnSuccess.Destination")
_EDGE = "LambdaFunctionAssociations[].LambdaFunctionARN"
_EDGES = f"DistributionConfig.DefaultCacheBehavior.{_EDGE} DistributionConfig.CacheBehaviors[].{_EDGE}"
_POLICIES = "ManagedPolicyArns[] Policies[].PolicyName"
_TAGS = "Tags[].Key Tags[].Value"
# Of SAM: names, policies, and templates of policies with their parameters.
_ASKED = """
    Policies=text/list/object Policies[]=text Policies[]{}{} Policies[].Id Policies[].Statement=list/object
    Policies[].Statement[]=object Policies[].Version
"""
_EVENTS = "Events{}.Properties{}=any Events{}.Type"
_API = "Auth=object DefinitionBody=object DefinitionUri=text/object StageName {}=any"
_MACHINE = "DefinitionSubstitutions=object Definition=object"

_OWN: Mapping[str, str] = {
    "AWS::ApiGateway::Method": "HttpMethod Integration.Uri ResourceId RestApiId",
    "AWS::ApiGateway::Resource": "ParentId PathPart",
    "AWS::ApiGateway::RestApi": "Body=json",
    "AWS::ApiGatewayV2::Api": "Body=json",
    "AWS::ApiGatewayV2::Route": "RouteKey Target",
    "AWS::CloudFront::Distribution": _EDGES,
    "AWS::Cognito::UserPool": "LambdaConfig{}=text/object",
    "AWS::DynamoDB::GlobalTable": "Replicas[].SSESpecification.KMSMasterKeyId",
    "AWS::DynamoDB::Table": "ResourcePolicy=object SSESpecification.KMSMasterKeyId",
    "AWS::EFS::AccessPoint": "FileSystemId",
    "AWS::Events::Rule": """
        EventBusName EventPattern=json Name State Targets[].Arn Targets[].DeadLetterConfig.Arn Targets[].RoleArn
    """,
    "AWS::IAM::Group": _POLICIES,
    "AWS::IAM::GroupPolicy": "GroupName PolicyName",
    "AWS::IAM::ManagedPolicy": "Groups[] Roles[] Users[]",
    "AWS::IAM::Policy": "Groups[] PolicyName Roles[] Users[]",
    "AWS::IAM::Role": f"{_POLICIES} {_TAGS} PermissionsBoundary",
    "AWS::IAM::RolePolicy": "PolicyName RoleName",
    "AWS::IAM::User": f"{_POLICIES} {_TAGS} Groups[] PermissionsBoundary",
    "AWS::IAM::UserPolicy": "PolicyName UserName",
    "AWS::IAM::UserToGroupAddition": "GroupName Users[]",
    "AWS::KMS::Alias": "TargetKeyId",
    "AWS::KMS::Key": "Enabled=truth KeyPolicy=json",
    "AWS::Kinesis::ResourcePolicy": "ResourceArn",
    "AWS::Kinesis::Stream": "StreamEncryption.KeyId",
    "AWS::KinesisFirehose::DeliveryStream": """
        ExtendedS3DestinationConfiguration.ProcessingConfiguration=object
        ExtendedS3DestinationConfiguration.ProcessingConfiguration.Processors[].Parameters[].ParameterValue
        HttpEndpointDestinationConfiguration.ProcessingConfiguration=object
        HttpEndpointDestinationConfiguration.ProcessingConfiguration.Processors[].Parameters[].ParameterValue
    """,
    "AWS::Lambda::Alias": "FunctionName",
    "AWS::Lambda::EventInvokeConfig": f"{' '.join(_TARGETS)} FunctionName Qualifier",
    "AWS::Lambda::EventSourceMapping": """
        AmazonManagedKafkaEventSourceConfig.ConsumerGroupId DestinationConfig.OnFailure.Destination Enabled=truth
        EventSourceArn FilterCriteria.Filters[].Pattern FunctionName KmsKeyArn Queues[]
        SelfManagedKafkaEventSourceConfig.ConsumerGroupId SourceAccessConfigurations[].Type
        SourceAccessConfigurations[].URI Topics[]
    """,
    "AWS::Lambda::Function": f"""
        {_FUNCTION} {_TAGS} Code=text/object Code.ImageUri Code.S3Bucket Code.S3Key Code.S3ObjectVersion Code.ZipFile
        DeadLetterConfig.TargetArn TracingConfig.Mode
    """,
    "AWS::Lambda::LayerVersion": "Content=text/object",
    "AWS::Lambda::LayerVersionPermission": "Action LayerVersionArn OrganizationId Principal",
    "AWS::Lambda::Permission": """
        Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl=truth Principal PrincipalOrgID
        SourceAccount SourceArn
    """,
    "AWS::Lambda::ResourcePolicy": """
        FunctionName Policy.Statement=list/object Policy.Statement[]=object PolicyDocument.Statement=list/object
        PolicyDocument.Statement[]=object Qualifier ResourceArn
    """,
    "AWS::Lambda::Url": "AuthType Qualifier TargetFunctionArn",
    "AWS::Lambda::Version": "FunctionName",
    "AWS::Lex::BotAlias": "BotAliasLocaleSettings=list",
    "AWS::S3::Bucket": """
        BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault.KMSMasterKeyID
        NotificationConfiguration.LambdaConfigurations[].Filter.S3Key.Rules[].Name
        NotificationConfiguration.LambdaConfigurations[].Filter.S3Key.Rules[].Value
        NotificationConfiguration.LambdaConfigurations[].Function
    """,
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::Subscription": "FilterPolicy=json RedrivePolicy=json",
    "AWS::SNS::Topic": "FifoTopic=truth KmsMasterKeyId",
    "AWS::SNS::TopicInlinePolicy": "TopicArn",
    "AWS::SNS::TopicPolicy": "Topics[]",
    "AWS::SQS::Queue": """
        FifoQueue=truth KmsMasterKeyId RedriveAllowPolicy.redrivePermission RedriveAllowPolicy.sourceQueueArns[]
        RedriveAllowPolicy=json RedrivePolicy.deadLetterTargetArn RedrivePolicy=json
    """,
    "AWS::SQS::QueueInlinePolicy": "Queue",
    "AWS::SQS::QueuePolicy": "Queues[]",
    "AWS::SecretsManager::ResourcePolicy": "SecretId",
    "AWS::SecretsManager::Secret": "KmsKeyId",
    "AWS::Serverless::Api": _API,
    "AWS::Serverless::Connector": "Destination=list/object Destination.Id Destination[].Id Permissions[] Source.Id",
    "AWS::Serverless::Function": f"""
        {_FUNCTION} AssumeRolePolicyDocument=object AutoPublishAlias CodeUri=text/object DeadLetterQueue.TargetArn
        DeadLetterQueue.Type EventInvokeConfig.{_TARGETS[0]} EventInvokeConfig.{_TARGETS[1]}
        FunctionUrlConfig.AuthType ImageUri InlineCode PermissionsBoundary Tags{{}} Tracing {{}}=any {_ASKED} {_EVENTS}
    """,
    "AWS::Serverless::HttpApi": _API,
    "AWS::Serverless::LayerVersion": "ContentUri=text/object LayerName",
    "AWS::Serverless::StateMachine": f"""
        {_MACHINE} DefinitionUri=text/object Name PermissionsBoundary Role Tags{{}} {{}}=any {_ASKED} {_EVENTS}
    """,
    "AWS::StepFunctions::StateMachine": f"{_MACHINE} EncryptionConfiguration.KmsKeyId",
}  # fmt: skip


def _naming(kind: str) -> Iterator[str]:
    """What a type is called by."""
    shape = SHAPES[kind]
    patterns = (shape.name or "", shape.ref, shape.arn, *shape.attributes.values())
    yield from filter(None, (shape.name, "Path" if "{path}" in shape.arn else None))
    yield from (name for text in patterns for name in re.findall(r"\{([A-Z]\w+)\}", text))


def _wired(wire: Wire, own: str) -> Iterator[str]:
    """What is read of a source of events, as far as no row says otherwise."""
    paths = [*wire.paths, wire.role, wire.dead_letter, wire.off and wire.off[0], wire.filter and wire.filter[1]]
    paths += re.findall(r"\{([A-Z]\w+)\}", wire.source or "")
    told = {path.partition("=")[0].removesuffix("{}") for path in own.split() if "=" in path}
    yield from (path for path in paths if path and path not in told)


def _paths(kind: str) -> tuple[str, ...]:
    own = _OWN.get(kind, "")
    naming = _naming(kind) if kind in SHAPES else ()
    wired = (path for wire in WIRES.get(kind, ()) for path in _wired(wire, own))
    return tuple(dict.fromkeys((*own.split(), *naming, *wired)))


PROPERTIES: Mapping[str, tuple[str, ...]] = {kind: _paths(kind) for kind in sorted({*_OWN, *SHAPES, *WIRES})}
"""Type of resource -> the paths of its properties that are read."""
