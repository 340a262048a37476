"""Triggers: who invokes a function (push, or by a role), or what its role needs so that Lambda can poll for it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.iam.arn import service_of_arn
from rolecall.iam.policy import Policy

FUNCTION = re.compile(r"arn:[\w-]+:lambda:[^:/\s\"]*:[^:/\s\"]*:function:[^:/\s\"]+(?::[\w$-]+)?")


@dataclass(frozen=True, slots=True)
class Push:
    """A service that invokes the function: its resource policy must let the service in.

    Parameters
    ----------
    principal : the service principal, without a region
    service : the service in the source's ARN, where it is not that of the principal
    owned : False where the ARN of a source holds no account: then aws:SourceAccount must be pinned as well
    sends_account : False where the service sends no aws:SourceAccount: a condition on it never holds
    ends : what stands behind the source in the aws:SourceArn that it sends, as a pattern
    tried : True where the service sets a source up only if it may invoke the function already
    """

    principal: str
    service: str
    owned: bool = True
    sends_account: bool = True
    ends: str = ""
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Poll:
    """A source that Lambda polls with the rights of the execution role.

    Parameters
    ----------
    service : the service in the source's ARN
    reads : actions without which polling stops
    watches : actions that are documented, and without which the mapping still runs
    either : actions of which one is enough; the first is the newer one
    besides : actions without which polling stops, each on another resource: the end of an ARN there, or `*`
    lists : actions that the guide or managed policies grant on `*`, where polling does with less
    network : whether Lambda makes network interfaces to reach it: `always`, for a `private` one, in a `subnet` only
    """

    service: str
    reads: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    besides: tuple[tuple[str, str], ...] = ()
    lists: tuple[str, ...] = ()
    network: str | None = None


@dataclass(frozen=True, slots=True)
class ByRole:
    """A caller that invokes with a role of its own: that role must be allowed to, the function's policy need not."""

    service: str


TRIGGERS: Mapping[str, Push | Poll | ByRole] = {
    # Polled: AWS Lambda Developer Guide, "Configuring permissions" of each event source.
    "sqs": Poll("sqs", ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")),
    "kinesis": Poll(
        "kinesis",
        ("kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator"),
        ("kinesis:DescribeStreamSummary", "kinesis:ListShards"),
        lists=("kinesis:ListStreams",),
    ),
    "dynamodb": Poll(
        "dynamodb",
        ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        lists=("dynamodb:ListStreams",),
    ),
    "msk": Poll(
        "kafka",
        either=("kafka:DescribeClusterV2", "kafka:DescribeCluster"),
        besides=(("kafka:GetBootstrapBrokers", "*"),),
        network="always",
    ),
    "kafka": Poll("self-managed", network="subnet"),
    "mq": Poll("mq", ("mq:DescribeBroker",), network="private"),
    "documentdb": Poll(
        "rds",
        ("rds:DescribeDBClusters",),
        besides=(("rds:DescribeDBClusterParameters", "cluster-pg:*"), ("rds:DescribeDBSubnetGroups", "subgrp:*")),
        # The guide grants all three on `*`; SAM grants them as above, and that will do.
        lists=("rds:DescribeDBClusterParameters", "rds:DescribeDBClusters", "rds:DescribeDBSubnetGroups"),
        network="always",
    ),
    # Pushed: Developer Guide of the invoking service, "resource-based policy" of the function. As aws:SourceArn each
    # sends the ARN of the source: of a target group, rule, alarm, topic, bucket, user pool, agent, bot alias, secret …;
    # Logs that of the log group with `:*`; API Gateway goes on with stage, method and path, or `authorizers/ID`.
    # Tried: what RegisterTargets, PutSubscriptionFilter, PutConfigRule, PutBucketNotificationConfiguration,
    # RotateSecret and CreateReceiptRule refuse without the permission.
    "alb": Push("elasticloadbalancing.amazonaws.com", "elasticloadbalancing", tried=True),
    "api": Push("apigateway.amazonaws.com", "execute-api", ends="/*"),
    "appsync-authorizer": Push("appsync.amazonaws.com", "appsync"),
    "bedrock": Push("bedrock.amazonaws.com", "bedrock"),
    "cloudwatch-alarm": Push("lambda.alarms.cloudwatch.amazonaws.com", "cloudwatch"),
    "cloudwatch-logs": Push("logs.amazonaws.com", "logs", tried=True),
    "cognito": Push("cognito-idp.amazonaws.com", "cognito-idp"),
    "config": Push("config.amazonaws.com", "config", tried=True),
    "eventbridge": Push("events.amazonaws.com", "events"),
    "iot": Push("iot.amazonaws.com", "iot"),
    "lex": Push("lexv2.amazonaws.com", "lex"),
    "s3": Push("s3.amazonaws.com", "s3", owned=False, tried=True),
    "secretsmanager": Push("secretsmanager.amazonaws.com", "secretsmanager", tried=True),
    "ses": Push("ses.amazonaws.com", "ses", tried=True),
    "sns": Push("sns.amazonaws.com", "sns", sends_account=False),
    "vpc-lattice": Push("vpc-lattice.amazonaws.com", "vpc-lattice"),
    # With a role: the guides of Scheduler, Pipes, Step Functions, Firehose and AppSync, "execution role".
    "appsync": ByRole("appsync"),
    "firehose": ByRole("firehose"),
    "pipes": ByRole("pipes"),
    "scheduler": ByRole("scheduler"),
    "states": ByRole("states"),
}
"""Type of a trigger -> what it needs to work."""


def polled(source: str) -> str | None:
    """The type of the mapping that polls this ARN (`self-managed` for Kafka of one's own), or None without a row.

    >>> polled("arn:aws:sqs:us-east-1:111122223333:orders"), polled("self-managed")
    ('sqs', 'kafka')
    """
    service = service_of_arn(source) or source
    return next((name for name, row in TRIGGERS.items() if isinstance(row, Poll) and row.service == service), None)


def pushing(principal: str) -> Push | None:
    """The row of a service principal, also in its regional form, or None.

    >>> pushing("sns.eu-west-1.amazonaws.com").principal
    'sns.amazonaws.com'
    """
    parts = principal.split(".")
    plain = ".".join([parts[0], *parts[2:]]) if len(parts) == 4 and "-" in parts[1] else principal
    rows = (row for row in TRIGGERS.values() if isinstance(row, Push))
    return next((row for row in rows if row.principal in (principal, plain)), None)


def passes_on(role: str | None) -> bool:
    """Are these the credentials of whoever calls (API Gateway Developer Guide, "Integration request")?

    >>> passes_on("arn:aws:iam::*:user/*"), passes_on("arn:aws:iam::111122223333:role/api"), passes_on(None)
    (True, False, False)
    """
    return role is not None and role.endswith("::*:user/*")


def source_arns(policy: Policy) -> frozenset[str]:
    """The sources that the statements of a resource policy let in by aws:SourceArn, patterns as they are written."""
    conditions = (condition for statement in policy.allows for condition in statement.conditions)
    named = (each.values for each in conditions if each.key.lower() == "aws:sourcearn" and not each.is_negated)
    return frozenset(value for values in named for value in values if value.startswith("arn:"))


def functions_in(value: Any) -> Iterator[str]:
    """The ARNs of functions anywhere in a value.

    >>> list(functions_in({"Uri": "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/"
    ...     "arn:aws:lambda:eu-west-1:111122223333:function:orders:live/invocations"}))
    ['arn:aws:lambda:eu-west-1:111122223333:function:orders:live']
    """
    if isinstance(value, str):
        yield from FUNCTION.findall(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from functions_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from functions_in(each)
