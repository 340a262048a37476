"""What `Ref` and `Fn::GetAtt` give for a resource that is not deployed yet: stand-ins, fixed and unique.

The shapes are those of the "Return values" of each type in the CloudFormation Template Reference, and of the ARNs in
the Service Authorization Reference. What AWS makes up (ids, suffixes) is made of the name here.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache

from rolecall.iam import catalog


@dataclass(frozen=True, slots=True)
class Shape:
    """How resources of one type are called.

    Parameters
    ----------
    name : the property (`Like.This` one within another) that names it, None where nobody can
    ref : what `Ref` gives; `{name}`, `{arn}`, `{partition}`, `{region}`, `{account}`, `{suffix}`, `{path}` and the
        properties are filled in
    arn : its ARN, in the same way; empty for a thing without one
    attributes : of `Fn::GetAtt`, other than `Arn`
    """

    name: str | None = None
    ref: str = "{name}"
    arn: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def _of(service: str, resource: str, *, place: str = "{region}:{account}") -> str:
    return f"arn:{{partition}}:{service}:{place}:{resource}"


IAM = "{account}"
SHAPES: Mapping[str, Shape] = {
    "AWS::ApiGateway::RestApi": Shape(
        None, "{name}", _of("apigateway", "/restapis/{name}", place="{region}:"), {"RootResourceId": "root"}
    ),
    "AWS::ApiGateway::Stage": Shape("StageName"),
    "AWS::ApiGatewayV2::Api": Shape(None, "{name}", _of("apigateway", "/apis/{name}", place="{region}:")),
    "AWS::ApiGatewayV2::Stage": Shape("StageName"),
    "AWS::AppSync::GraphQLApi": Shape(None, "{arn}", _of("appsync", "apis/{name}"), {"ApiId": "{name}"}),
    "AWS::AutoScaling::AutoScalingGroup": Shape(
        "AutoScalingGroupName", "{name}", _of("autoscaling", "autoScalingGroup:1:autoScalingGroupName/{name}")
    ),
    "AWS::Backup::BackupVault": Shape("BackupVaultName", "{name}", _of("backup", "backup-vault:{name}")),
    "AWS::Batch::JobDefinition": Shape("JobDefinitionName", "{arn}", _of("batch", "job-definition/{name}:1")),
    "AWS::Batch::JobQueue": Shape("JobQueueName", "{arn}", _of("batch", "job-queue/{name}")),
    "AWS::Bedrock::Agent": Shape(None, "{name}", _of("bedrock", "agent/{name}"), {"AgentArn": "{arn}"}),
    "AWS::CloudWatch::Alarm": Shape("AlarmName", "{name}", _of("cloudwatch", "alarm:{name}")),
    "AWS::CloudWatch::CompositeAlarm": Shape("AlarmName", "{name}", _of("cloudwatch", "alarm:{name}")),
    "AWS::Cognito::UserPool": Shape(None, "{region}_{name}", _of("cognito-idp", "userpool/{region}_{name}")),
    "AWS::Config::ConfigRule": Shape("ConfigRuleName", "{name}", _of("config", "config-rule/config-rule-{name}")),
    "AWS::DynamoDB::GlobalTable": Shape(
        "TableName",
        "{name}",
        _of("dynamodb", "table/{name}"),
        {"StreamArn": _of("dynamodb", "table/{name}/stream/2000-01-01T00:00:00.000")},
    ),
    "AWS::DynamoDB::Table": Shape(
        "TableName",
        "{name}",
        _of("dynamodb", "table/{name}"),
        {"StreamArn": _of("dynamodb", "table/{name}/stream/2000-01-01T00:00:00.000")},
    ),
    "AWS::EC2::SecurityGroup": Shape(None, "sg-{name}", "", {"GroupId": "sg-{name}"}),
    "AWS::ECR::Repository": Shape(
        "RepositoryName",
        "{name}",
        _of("ecr", "repository/{name}"),
        {"RepositoryUri": "{account}.dkr.ecr.{region}.{suffix}/{name}"},
    ),
    "AWS::ECS::Cluster": Shape("ClusterName", "{name}", _of("ecs", "cluster/{name}")),
    "AWS::ECS::Service": Shape("ServiceName", "{arn}", _of("ecs", "service/{Cluster}/{name}"), {"Name": "{name}"}),
    "AWS::ECS::TaskDefinition": Shape("Family", "{arn}", _of("ecs", "task-definition/{name}:1")),
    "AWS::EFS::AccessPoint": Shape(
        None, "fsap-{name}", _of("elasticfilesystem", "access-point/fsap-{name}"), {"AccessPointId": "fsap-{name}"}
    ),
    "AWS::EFS::FileSystem": Shape(
        None, "fs-{name}", _of("elasticfilesystem", "file-system/fs-{name}"), {"FileSystemId": "fs-{name}"}
    ),
    "AWS::ElasticLoadBalancingV2::Listener": Shape(
        None, "{arn}", _of("elasticloadbalancing", "listener/app/{name}/1/1"), {"ListenerArn": "{arn}"}
    ),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Shape(
        "Name", "{arn}", _of("elasticloadbalancing", "loadbalancer/app/{name}/1"), {"LoadBalancerArn": "{arn}"}
    ),
    "AWS::ElasticLoadBalancingV2::TargetGroup": Shape(
        "Name",
        "{arn}",
        _of("elasticloadbalancing", "targetgroup/{name}/1"),
        {"TargetGroupArn": "{arn}", "TargetGroupFullName": "targetgroup/{name}/1", "TargetGroupName": "{name}"},
    ),
    "AWS::Events::EventBus": Shape("Name", "{name}", _of("events", "event-bus/{name}"), {"Name": "{name}"}),
    "AWS::IAM::Group": Shape("GroupName", "{name}", _of("iam", "group{path}{name}", place=":" + IAM)),
    "AWS::IAM::InstanceProfile": Shape(
        "InstanceProfileName", "{name}", _of("iam", "instance-profile{path}{name}", place=":" + IAM)
    ),
    "AWS::IAM::ManagedPolicy": Shape(
        "ManagedPolicyName", "{arn}", _of("iam", "policy{path}{name}", place=":" + IAM), {"PolicyArn": "{arn}"}
    ),
    "AWS::IAM::Role": Shape(
        "RoleName", "{name}", _of("iam", "role{path}{name}", place=":" + IAM), {"RoleId": "AROA{name}"}
    ),
    "AWS::IAM::User": Shape("UserName", "{name}", _of("iam", "user{path}{name}", place=":" + IAM)),
    "AWS::IoT::TopicRule": Shape("RuleName", "{name}", _of("iot", "rule/{name}")),
    "AWS::KMS::Alias": Shape("AliasName", "{name}", _of("kms", "{name}")),
    "AWS::KMS::Key": Shape(None, "{name}", _of("kms", "key/{name}"), {"KeyId": "{name}"}),
    "AWS::Kinesis::Stream": Shape("Name", "{name}", _of("kinesis", "stream/{name}")),
    "AWS::Kinesis::StreamConsumer": Shape(
        "ConsumerName", "{arn}", "{StreamARN}/consumer/{name}:1", {"ConsumerARN": "{arn}"}
    ),
    "AWS::KinesisFirehose::DeliveryStream": Shape(
        "DeliveryStreamName", "{name}", _of("firehose", "deliverystream/{name}")
    ),
    "AWS::Lambda::Alias": Shape("Name", "{arn}", "{FunctionName}:{name}", {"AliasArn": "{arn}"}),
    "AWS::Lambda::CodeSigningConfig": Shape(
        None, "{arn}", _of("lambda", "code-signing-config:csc-{name}"), {"CodeSigningConfigArn": "{arn}"}
    ),
    "AWS::Lambda::EventSourceMapping": Shape(
        None, "{name}", _of("lambda", "event-source-mapping:{name}"), {"Id": "{name}", "EventSourceMappingArn": "{arn}"}
    ),
    "AWS::Lambda::Function": Shape("FunctionName", "{name}", _of("lambda", "function:{name}")),
    "AWS::Lambda::LayerVersion": Shape(
        "LayerName", "{arn}", _of("lambda", "layer:{name}:1"), {"LayerVersionArn": "{arn}"}
    ),
    "AWS::Lambda::Url": Shape(
        None,
        "{FunctionName}",
        "{FunctionName}",
        {"FunctionArn": "{FunctionName}", "FunctionUrl": "https://{name}.lambda-url.{region}.on.aws/"},
    ),
    "AWS::Lambda::Version": Shape(None, "{arn}", "{FunctionName}:1", {"FunctionArn": "{arn}", "Version": "1"}),
    "AWS::Lex::BotAlias": Shape("BotAliasName", "{name}", _of("lex", "bot-alias/{BotId}/{name}")),
    "AWS::Logs::LogGroup": Shape("LogGroupName", "{name}", _of("logs", "log-group:{name}:*")),
    "AWS::MSK::Cluster": Shape("ClusterName", "{arn}", _of("kafka", "cluster/{name}/1")),
    "AWS::MSK::ServerlessCluster": Shape("ClusterName", "{arn}", _of("kafka", "cluster/{name}/1")),
    "AWS::AmazonMQ::Broker": Shape("BrokerName", "{name}", _of("mq", "broker:{name}:{name}")),
    "AWS::DocDB::DBCluster": Shape("DBClusterIdentifier", "{name}", _of("rds", "cluster:{name}")),
    "AWS::Pipes::Pipe": Shape("Name", "{name}", _of("pipes", "pipe/{name}")),
    "AWS::RDS::DBCluster": Shape(
        "DBClusterIdentifier", "{name}", _of("rds", "cluster:{name}"), {"DBClusterArn": "{arn}"}
    ),
    "AWS::RDS::DBInstance": Shape(
        "DBInstanceIdentifier", "{name}", _of("rds", "db:{name}"), {"DBInstanceArn": "{arn}"}
    ),
    "AWS::RDS::DBProxy": Shape("DBProxyName", "{name}", _of("rds", "db-proxy:prx-{name}"), {"DBProxyArn": "{arn}"}),
    "AWS::S3::Bucket": Shape(
        "BucketName",
        "{name}",
        "arn:{partition}:s3:::{name}",
        {"DomainName": "{name}.s3.{suffix}", "RegionalDomainName": "{name}.s3.{region}.{suffix}"},
    ),
    "AWS::SES::EmailIdentity": Shape("EmailIdentity", "{name}", _of("ses", "identity/{name}")),
    "AWS::SES::ReceiptRuleSet": Shape("RuleSetName"),
    "AWS::SES::ReceiptRule": Shape(
        "Rule.Name", "{name}", _of("ses", "receipt-rule-set/{RuleSetName}:receipt-rule/{name}")
    ),
    "AWS::SNS::Subscription": Shape(None, "{arn}", "{TopicArn}:{name}"),
    "AWS::SNS::Topic": Shape("TopicName", "{arn}", _of("sns", "{name}"), {"TopicArn": "{arn}", "TopicName": "{name}"}),
    "AWS::SQS::Queue": Shape(
        "QueueName",
        "https://sqs.{region}.{suffix}/{account}/{name}",
        _of("sqs", "{name}"),
        {"QueueName": "{name}", "QueueUrl": "https://sqs.{region}.{suffix}/{account}/{name}"},
    ),
    "AWS::SSM::Parameter": Shape(
        "Name", "{name}", _of("ssm", "parameter/{name}"), {"Type": "{Type}", "Value": "{Value}"}
    ),
    "AWS::Scheduler::Schedule": Shape("Name", "{name}", _of("scheduler", "schedule/default/{name}")),
    "AWS::Scheduler::ScheduleGroup": Shape("Name", "{name}", _of("scheduler", "schedule-group/{name}")),
    "AWS::SecretsManager::Secret": Shape(
        "Name", "{arn}", _of("secretsmanager", "secret:{name}-AAAAAA"), {"Id": "{arn}"}
    ),
    "AWS::SecretsManager::SecretTargetAttachment": Shape(None, "{SecretId}"),
    "AWS::SecretsManager::RotationSchedule": Shape(None, "{SecretId}"),
    "AWS::StepFunctions::Activity": Shape("Name", "{arn}", _of("states", "activity:{name}")),
    "AWS::StepFunctions::StateMachine": Shape(
        "StateMachineName", "{arn}", _of("states", "stateMachine:{name}"), {"Name": "{name}"}
    ),
    "AWS::VpcLattice::TargetGroup": Shape("Name", "{arn}", _of("vpc-lattice", "targetgroup/{name}")),
}
"""CloudFormation type -> how its resources are called."""


PREFIXES: Mapping[str, str] = {
    # The name of a service in the Template Reference -> its prefix in the Service Authorization Reference.
    "certificatemanager": "acm",
    "cognito": "cognito-idp",
    "docdb": "rds",
    "efs": "elasticfilesystem",
    "elasticsearch": "es",
    "emr": "elasticmapreduce",
    "location": "geo",
    "neptune": "rds",
    "opensearchserverless": "aoss",
    "opensearchservice": "es",
    "pinpoint": "mobiletargeting",
    "redshiftserverless": "redshift-serverless",
    "stepfunctions": "states",
}
VARIABLE = re.compile(r"\$\{(\w+)\}")


def shape_of(kind: str, properties: Collection[str] = ()) -> Shape:
    """The row of a type; for one that has none, what the catalog has of its name, or an ARN of its service and kind.

    Parameters
    ----------
    properties : those that a resource has: one of them may name it

    >>> shape_of("AWS::Timestream::Table", ["DatabaseName", "TableName"]).arn
    'arn:{partition}:timestream:{region}:{account}:database/{DatabaseName}/table/{name}'
    """
    if kind in SHAPES:
        return SHAPES[kind]
    _, service, resource = [*kind.split("::"), "", "", ""][:3]
    return _catalogued(service, resource, properties) or Shape(
        None, "{name}", _of(service.lower(), f"{resource.lower()}/{{name}}")
    )


def _catalogued(service: str, resource: str, properties: Collection[str]) -> Shape | None:
    arn = _arns(PREFIXES.get(service.lower(), service.lower())).get(resource.lower())
    if arn is None:
        return None
    *_, last = VARIABLE.findall(arn)
    # An id is the service's to give; the property `Name` is then something else.
    names = (last,) if last.endswith("Id") else (last, f"{resource}Name", "Name")
    fixed = {"Partition": "{partition}", "Region": "{region}", "Account": "{account}", last: "{name}"}
    pattern = VARIABLE.sub(lambda found: fixed.get(found[1], f"{{{found[1]}}}"), arn)
    same = dict.fromkeys((last, "Id", f"{resource}Id"), "{name}")
    return Shape(next((each for each in names if each in properties), None), "{name}", pattern, same)


@cache
def _arns(prefix: str) -> Mapping[str, str]:
    """The ARNs of the types of a service, by their names without dashes."""
    known = filter(None, map(catalog.action, catalog.expand(f"{prefix}:*")))
    types = (each for action in known for each in action.resource_types)
    return {each.name.replace("-", ""): each.arns[0] for each in types if VARIABLE.search(each.arns[0])}
