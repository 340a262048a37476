"""Purpose: what an unneeded right was once good for, by what it is a right to. Each right has one purpose."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from enum import Enum

from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Confirmed, Excess, Right, written
from rolecall.needs.extent import is_account_wide
from rolecall.needs.from_config import INTERFACES
from rolecall.needs.of import EVERY
from rolecall.triggers import TRIGGERS, Poll

Rights = tuple[Confirmed, ...]


class Purpose(Enum):
    """Whose rule judges it."""

    LOGS = "logs"
    BULK = "bulk"
    POLLER = "poller"
    CONFIG = "config"
    OTHER = "other"


LOGS = frozenset({"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"})
"""What Lambda itself does with the logs of a function."""

CONSUMES = frozenset(
    {
        "dynamodb:GetRecords",
        "kafka-cluster:ReadData",
        "kafka:DescribeCluster",
        "kafka:DescribeClusterV2",
        "kafka:GetBootstrapBrokers",
        "kinesis:GetRecords",
        "kinesis:SubscribeToShard",
        "mq:DescribeBroker",
        "sqs:DeleteMessage",
        "sqs:ReceiveMessage",
    }
)
"""Actions that show that a statement is there to poll a source."""

POLLS = frozenset(
    {
        *(
            action
            for row in TRIGGERS.values()
            if isinstance(row, Poll) and row.service != "rds"
            for action in (*row.reads, *row.watches, *row.either, *row.lists, *(each for each, _ in row.besides))
        ),
        *CONSUMES,
        # What the policies of SAM and of AWS for pollers grant besides.
        "kafka-cluster:AlterGroup",
        "kafka-cluster:Connect",
        "kafka-cluster:DescribeClusterDynamicConfiguration",
        "kafka-cluster:DescribeGroup",
        "kafka-cluster:DescribeTopic",
        "kinesis:DescribeStreamConsumer",
        "sqs:ChangeMessageVisibility",
        "sqs:ChangeMessageVisibilityBatch",
        "sqs:DeleteMessageBatch",
        "sqs:GetQueueUrl",
    }
)
"""Actions of pollers."""

BULK = frozenset(
    {
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "kms:Decrypt",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetSecretValue",
        "sqs:ReceiveMessage",
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
    }
)
"""Actions that hand out data or secrets; those of `rds-data` do so as well."""

KEYS = frozenset({"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"})

SETTINGS: Mapping[str, str] = {
    **dict.fromkeys((*INTERFACES, "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"), "a VPC"),
    **dict.fromkeys(
        (
            "xray:GetSamplingRules",
            "xray:GetSamplingStatisticSummaries",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ),
        "active tracing",
    ),
    **dict.fromkeys(
        (
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientRootAccess",
            "elasticfilesystem:ClientWrite",
            "s3files:ClientMount",
            "s3files:ClientRootAccess",
            "s3files:ClientWrite",
        ),
        "a file system",
    ),
    **dict.fromkeys(("lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"), "durable execution"),
    **dict.fromkeys(KEYS, "a customer key"),
}
"""Action -> the setting that it is for."""

SENDS = frozenset({"events:PutEvents", "lambda:InvokeFunction", "sns:Publish", "sqs:SendMessage"})
FAILURES = ("dead", "dlq", "fail", "on-success", "onsuccess", "destination")
"""Parts of the names that people give to dead-letter queues and destinations: nothing else tells what a right to send
was for."""

PICKING = (
    "resourcetag/",
    "ecs:cluster",
    "kms:requestalias",
    "kms:resourcealiases",
    "secretsmanager:resource/allowrotationlambdaarn",
    "secretsmanager:secretid",
    "ses:fromaddress",
)
"""Parts of condition keys that pick the resource, as its ARN would: Service Authorization Reference. The sender of a
mail tells its identity (SES Developer Guide, "Identity and access management", "From" addresses).
"""

MEET_KEYS = frozenset({"s3", "ssm", "secretsmanager", "sqs", "sns", "dynamodb", "kinesis", "logs"})
"""Services whose resources can have a customer key, so that a call of one may use it."""


def setting_of(right: Right) -> str | None:
    """The setting that the right is for, if that can be told."""
    if right.action in SENDS:
        names = [pattern.rpartition(":")[2].lower() for pattern in right.unneeded]
        is_for_failures = any(part in name for name in names for part in FAILURES)
        return "a dead-letter queue or destination" if is_for_failures else None
    return SETTINGS.get(right.action)


def by_purpose(comparison: Comparison, excess: Excess) -> Mapping[Purpose, tuple[Right, ...]]:
    """The rights of a statement that nothing needs, by their purpose; those that an entry names without a wildcard.

    Only rights of services of which all needs are known. Rights on keys that some call may meet are none.
    """
    rights = [each for each in excess.rights if each.unneeded and each.known and not is_wild(each.entry)]
    rights = [each for each in rights if each.action not in KEYS or not _meets_keys(comparison)]
    consumed = {each.action.partition(":")[0] for each in rights if each.action in CONSUMES and not _is_bulk(each)}
    found: dict[Purpose, list[Right]] = defaultdict(list)
    for right in rights:
        found[_purpose(right, consumed)].append(right)
    return {purpose: tuple(each) for purpose, each in found.items()}


def judged(function: Function, account: Account, purpose: Purpose) -> Iterator[tuple[Comparison, Excess, Rights]]:
    """Each statement that the user wrote with the rights of a purpose that hold and that nothing needs, if any do."""
    for comparison, excess in written(function, account):
        confirmed = comparison.confirmed(excess, by_purpose(comparison, excess).get(purpose, ()))
        if confirmed:
            yield comparison, excess, confirmed


def unneeded(comparison: Comparison, excess: Excess) -> tuple[Right, ...]:
    """All rights of a statement that may go, whatever their purpose and however they are named."""
    rights = (each for each in excess.rights if each.is_unneeded and each.known)
    return tuple(each for each in rights if each.action not in KEYS or not _meets_keys(comparison))


def too_wide(excess: Excess) -> tuple[Right, ...]:
    """The rights of a statement that are needed, but on less than it names; those on logs have a rule of their own.

    Only rights of services of which all needs are known, and none where a condition picks the resource by tag, alias or
    sender.
    """
    if any(each.pins and any(part in each.key.lower() for part in PICKING) for each in excess.statement.conditions):
        return ()
    return tuple(each for each in excess.rights if each.wide and each.known and each.action not in LOGS)


def _purpose(right: Right, consumed: set[str]) -> Purpose:
    if right.action in LOGS or right.action.startswith("logs:Delete"):
        return Purpose.LOGS
    if _is_bulk(right):
        return Purpose.BULK
    if right.action in POLLS and right.action.partition(":")[0] in consumed:
        return Purpose.POLLER
    return Purpose.CONFIG if setting_of(right) else Purpose.OTHER


def _is_bulk(right: Right) -> bool:
    hands_out = right.action in BULK or right.action.startswith("rds-data:")
    return hands_out and right.is_unneeded and any(map(is_account_wide, right.unneeded))


def _meets_keys(comparison: Comparison) -> bool:
    """Does the code call a service whose resources may have a customer key, or may it?"""
    if comparison.needs.unknown & {*MEET_KEYS, EVERY}:
        return True
    by_code = (need for need in comparison.needs.needs if need.proof.kind in ("code", "library"))
    return any(need.action.partition(":")[0] in MEET_KEYS for need in by_code)
