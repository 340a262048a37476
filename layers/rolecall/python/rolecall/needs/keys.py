"""Keys: which actions on a resource need its customer key as well, with the caller's rights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rolecall.iam.statement import is_unresolved
from rolecall.model import Account


@dataclass(frozen=True, slots=True)
class Use:
    """What an action needs of a customer key; `may` where the caller's rights are not asked each time."""

    actions: tuple[str, ...]
    may: bool = False


DECRYPT = Use(("kms:Decrypt",))
ENCRYPT = Use(("kms:GenerateDataKey",))
BOTH = Use(("kms:Decrypt", "kms:GenerateDataKey"))
_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "GetRecords",
    "PartiQLDelete",
    "PartiQLInsert",
    "PartiQLSelect",
    "PartiQLUpdate",
    "PutItem",
    "Query",
    "Scan",
    "UpdateItem",
)
USES: Mapping[str, Use] = {
    # S3 User Guide, "Using server-side encryption with AWS KMS keys": objects may have another key than the bucket's.
    "s3:GetObject": Use(("kms:Decrypt",), may=True),
    "s3:GetObjectVersion": Use(("kms:Decrypt",), may=True),
    "s3:PutObject": Use(("kms:Decrypt", "kms:GenerateDataKey"), may=True),
    # SQS Developer Guide, "Key management": producers need both.
    "sqs:SendMessage": BOTH,
    "sqs:ReceiveMessage": DECRYPT,
    # SNS Developer Guide, "Managing Amazon SNS encryption keys and costs".
    "sns:Publish": BOTH,
    # Kinesis Developer Guide, "Permissions to use user-generated KMS keys".
    "kinesis:PutRecord": ENCRYPT,
    "kinesis:PutRecords": ENCRYPT,
    "kinesis:GetRecords": DECRYPT,
    # Secrets Manager User Guide, "Secret encryption and decryption".
    "secretsmanager:GetSecretValue": DECRYPT,
    "secretsmanager:PutSecretValue": BOTH,
    "secretsmanager:CreateSecret": BOTH,
    "secretsmanager:UpdateSecret": BOTH,
    # Systems Manager User Guide, "SecureString parameters": only those that are SecureString.
    "ssm:GetParameter": Use(("kms:Decrypt",), may=True),
    "ssm:GetParameters": Use(("kms:Decrypt",), may=True),
    "ssm:GetParametersByPath": Use(("kms:Decrypt",), may=True),
    "ssm:GetParameterHistory": Use(("kms:Decrypt",), may=True),
    "ssm:PutParameter": Use(("kms:Encrypt", "kms:GenerateDataKey"), may=True),
    # DynamoDB Developer Guide, "How Amazon DynamoDB uses AWS KMS": by a grant, and the caller's rights now and then.
    **{f"dynamodb:{verb}": Use(("kms:Decrypt",), may=True) for verb in _ITEMS},
    # EventBridge User Guide, "Encrypting events": a bus with a customer key.
    "events:PutEvents": Use(("kms:Decrypt", "kms:GenerateDataKey"), may=True),
    # Step Functions Developer Guide, "Data at rest encryption".
    "states:StartExecution": Use(("kms:Decrypt", "kms:GenerateDataKey"), may=True),
    "states:StartSyncExecution": Use(("kms:Decrypt", "kms:GenerateDataKey"), may=True),
}
"""Action -> what it needs of the customer key of its resource."""


def uses(action: str, resource: str, account: Account) -> Iterator[tuple[str, str, bool]]:
    """(kms action, ARN of the key, is it sure?) that the action on the resource needs besides.

    Nothing for a resource that has no customer key; a key that is not known is `key/⟨?⟩`, and never sure.
    """
    use = USES.get(action)
    if use is None:
        return
    known = None if is_unresolved(resource) else account.resource(_owner(resource))
    if known is not None and known.exists and not known.key and not known.gaps and not use.may:
        return
    key = known.key if known else None
    unknown = f"arn:{account.partition}:kms:{account.region}:{account.id}:key/⟨?⟩"
    for each in use.actions:
        yield each, key or unknown, key is not None and not use.may


def _owner(resource: str) -> str:
    """What has the key: the bucket of an object, the table of an index.

    >>> _owner("arn:aws:s3:::inbox/orders/*"), _owner("arn:aws:sqs:us-east-1:111122223333:orders")
    ('arn:aws:s3:::inbox', 'arn:aws:sqs:us-east-1:111122223333:orders')
    """
    if ":s3:::" in resource:
        return resource.partition("/")[0]
    return resource.partition("/index/")[0] if ":dynamodb:" in resource else resource
