"""Keys: which actions on a resource need its customer key as well, with the caller's rights."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Resource


@dataclass(frozen=True, slots=True)
class Use:
    """What an action needs of a customer key, for certain and depending on more than the key of its resource."""

    actions: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


DECRYPT = Use(("kms:Decrypt",))
ENCRYPT = Use(("kms:GenerateDataKey",))
BOTH = Use(("kms:Decrypt", "kms:GenerateDataKey"))
_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
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
    # S3 User Guide, "Using server-side encryption with AWS KMS keys": Decrypt to write only in several parts.
    "s3:GetObject": DECRYPT,
    "s3:GetObjectVersion": DECRYPT,
    "s3:PutObject": Use(("kms:GenerateDataKey",), may=("kms:Decrypt",)),
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
    "ssm:GetParameter": Use(may=("kms:Decrypt",)),
    "ssm:GetParameters": Use(may=("kms:Decrypt",)),
    "ssm:GetParametersByPath": Use(may=("kms:Decrypt",)),
    "ssm:GetParameterHistory": Use(may=("kms:Decrypt",)),
    "ssm:PutParameter": Use(may=("kms:Encrypt", "kms:GenerateDataKey")),
    # DynamoDB Developer Guide, "DynamoDB encryption at rest: how it works": the table key is decrypted anew for each
    # caller. Of its streams no page of Lambda asks it.
    **{f"dynamodb:{verb}": DECRYPT for verb in _ITEMS},
    "dynamodb:GetRecords": Use(may=("kms:Decrypt",)),
    # EventBridge User Guide, "Encrypting events": a bus with a customer key.
    "events:PutEvents": Use(may=("kms:Decrypt", "kms:GenerateDataKey")),
    # Step Functions Developer Guide, "Data at rest encryption".
    "states:StartExecution": Use(may=("kms:Decrypt", "kms:GenerateDataKey")),
    "states:StartSyncExecution": Use(may=("kms:Decrypt", "kms:GenerateDataKey")),
}
"""Action -> what it needs of the customer key of its resource."""


OF_OBJECTS = frozenset({"s3:GetObject", "s3:GetObjectVersion"})
"""Actions on what may have another key than its owner: an object that was written with one of its own."""


def uses(action: str, resource: str, account: Account) -> Iterator[tuple[str, str, bool]]:
    """(kms action, ARN of the key, is it sure?) that the action on the resource needs besides.

    Nothing for a resource that has no customer key; a key that is not known is `key/⟨?⟩`, and never sure.
    """
    use = USES.get(action)
    if use is None:
        return
    known = None if is_unresolved(resource) else _known(resource, account)
    if known is not None and known.exists and not known.key and not known.gaps and not _is_left_open(action, account):
        return
    key = known.key if known else None
    unknown = f"arn:{account.partition}:kms:{account.region}:{account.id}:key/⟨?⟩"
    for each in sorted((*use.actions, *use.may)):
        yield each, key or unknown, key is not None and each in use.actions


def _is_left_open(action: str, account: Account) -> bool:
    """May it need a key although its bucket has none? Only where a role may use keys at all is that worth a word."""
    if action not in OF_OBJECTS:
        return False
    roles = (role for role in account.roles if role.used_by)
    statements = (each for role in roles for policy in role.policies for each in policy.allows)
    return any(entry.lower().startswith("kms:") for each in statements for entry in each.actions)


def _known(resource: str, account: Account) -> Resource | None:
    """What has the key, as far as it was read; a secret also by its name, without the characters that AWS appends."""
    owner = _owner(resource)
    found = account.resource(resource) or account.resource(owner)
    if found is None and owner.endswith("-??????"):
        found = next((each for each in account.resources if matches(owner, each.arn)), None)
    return found


def _owner(resource: str) -> str:
    """What has the key: the bucket of an object, the table of an index or a stream.

    >>> _owner("arn:aws:s3:::inbox/orders/*"), _owner("arn:aws:sqs:us-east-1:111122223333:orders")
    ('arn:aws:s3:::inbox', 'arn:aws:sqs:us-east-1:111122223333:orders')
    """
    if ":s3:::" in resource:
        return resource.partition("/")[0]
    return "/".join(resource.split("/")[:2]) if ":dynamodb:" in resource else resource
