"""Harm: how much an action can do, so that the worst comes first and severity follows what a right can do."""

from enum import IntEnum
from functools import lru_cache

from rolecall.iam import catalog
from rolecall.iam.catalog import AccessLevel


class Harm(IntEnum):
    """What an unneeded right does, the worst first."""

    PERMISSIONS = 0
    SECRETS = 1
    DELETION = 2
    WRITE = 3
    READ = 4
    LIST = 5

    @property
    def changes(self) -> bool:
        """Does it change anything, or who may?"""
        return self in (Harm.PERMISSIONS, Harm.DELETION, Harm.WRITE)


SECRETS = frozenset(
    {
        "kms:decrypt",
        "secretsmanager:batchgetsecretvalue",
        "secretsmanager:getsecretvalue",
        "ssm:getparameter",
        "ssm:getparameterhistory",
        "ssm:getparameters",
        "ssm:getparametersbypath",
    }
)
POWERS = frozenset({"iam:passrole", "sts:assumerole"})
"""Actions that lend the rights of another role; the Service Authorization Reference has them as Write."""

NOTORIOUS = frozenset(
    {
        "dynamodb:DeleteTable",
        "dynamodb:PutResourcePolicy",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RunInstances",
        "ec2:TerminateInstances",
        "ecr:SetRepositoryPolicy",
        "events:PutPermission",
        "iam:AttachRolePolicy",
        "iam:CreateAccessKey",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "kms:PutKeyPolicy",
        "kms:ScheduleKeyDeletion",
        "lambda:AddPermission",
        "lambda:DeleteFunction",
        "lambda:UpdateFunctionCode",
        "logs:DeleteLogGroup",
        "rds:DeleteDBInstance",
        "s3:DeleteBucket",
        "s3:DeleteObject",
        "s3:PutBucketPolicy",
        "s3:PutObject",
        "secretsmanager:PutResourcePolicy",
        "sns:AddPermission",
        "sns:Publish",
        "sqs:AddPermission",
        "sqs:PurgeQueue",
        "sqs:SendMessage",
        "states:DeleteStateMachine",
        "states:StartExecution",
        "sts:AssumeRole",
    }
)
"""Those that people know: of equal harm they are named first."""

DELETIONS = ("delete", "destroy", "purge", "remove", "terminate", "batchdelete", "scheduledelet", "schedulekeydelet")
"""Beginnings of the names of actions that take something away (Service Authorization Reference, by its names)."""


@lru_cache(maxsize=8192)
def harm(action: str) -> Harm:
    """What the action can do; one that the catalog lacks is taken to write.

    >>> harm("s3:PutBucketPolicy").name, harm("s3:DeleteObject").name, harm("s3:ListBucket").name
    ('PERMISSIONS', 'DELETION', 'LIST')
    """
    known = catalog.action(action)
    if known is None:
        return Harm.WRITE
    if action.lower() in SECRETS:
        return Harm.SECRETS
    if AccessLevel.PERMISSIONS in known.levels or action.lower() in POWERS:
        return Harm.PERMISSIONS
    if known.levels & {AccessLevel.WRITE, AccessLevel.TAGGING}:
        is_deletion = action.partition(":")[2].lower().startswith(DELETIONS)
        return Harm.DELETION if is_deletion else Harm.WRITE
    return Harm.READ if AccessLevel.READ in known.levels else Harm.LIST


def worst_first(actions: tuple[str, ...]) -> tuple[str, ...]:
    """The actions, those that can do most harm first, then those that people know, then by name."""
    return tuple(sorted(dict.fromkeys(actions), key=rank))


def rank(action: str) -> tuple[Harm, bool, str]:
    """What orders actions, the worst first."""
    return harm(action), action not in NOTORIOUS, action
