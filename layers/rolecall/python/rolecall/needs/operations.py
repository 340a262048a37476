"""Operations: which IAM actions a call needs where the action is not called like the operation.

Each service names its source; "SAR" is the Service Authorization Reference, "API" the API Reference of the service.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """An action that an operation needs.

    Parameters
    ----------
    action : with its prefix
    on : the parameter that tells the resource, where it is not the usual one
    when : needed only if one of these parameters is given
    unless : needed only if none of these is given
    may : needed in some accounts, or with some values, only
    instead : actions of which any will do in place of this one
    """

    action: str
    on: str = ""
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    may: bool = False
    instead: tuple[str, ...] = ()


VERSION = ("VersionId",)
ACLS = ("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP")
_LOCKS = ("ObjectLockMode", "ObjectLockRetainUntilDate")
_HEADERS = (
    Act("s3:PutObjectAcl", when=ACLS),
    Act("s3:PutObjectTagging", when=("Tagging",)),
    Act("s3:PutObjectRetention", when=_LOCKS),
    Act("s3:PutObjectLegalHold", when=("ObjectLockLegalHoldStatus",)),
)
"""What headers of an upload need besides: S3 User Guide, "Required permissions for Amazon S3 API operations"."""


def _versioned(action: str) -> tuple[Act, ...]:
    return (Act(action, unless=VERSION), Act(f"{action}Version", when=VERSION))


def _as(*actions: str) -> tuple[Act, ...]:
    return tuple(map(Act, actions))


def _may(*actions: str) -> tuple[Act, ...]:
    return tuple(Act(action, may=True) for action in actions)


def _renamed(prefix: str, names: str) -> dict[str, tuple[Act, ...]]:
    """Rows out of `Operation=Action` with blanks between."""
    pairs = (pair.split("=") for pair in names.split())
    return {operation: (Act(f"{prefix}:{action}"),) for operation, action in pairs}


_S3 = _renamed(
    "s3",
    """
    DeleteBucketAnalyticsConfiguration=PutAnalyticsConfiguration
    DeleteBucketCors=PutBucketCORS
    DeleteBucketEncryption=PutEncryptionConfiguration
    DeleteBucketIntelligentTieringConfiguration=PutIntelligentTieringConfiguration
    DeleteBucketInventoryConfiguration=PutInventoryConfiguration
    DeleteBucketLifecycle=PutLifecycleConfiguration
    DeleteBucketMetadataConfiguration=DeleteBucketMetadataTableConfiguration
    DeleteBucketMetricsConfiguration=PutMetricsConfiguration
    DeleteBucketOwnershipControls=PutBucketOwnershipControls
    DeleteBucketReplication=PutReplicationConfiguration
    DeleteBucketTagging=PutBucketTagging
    DeletePublicAccessBlock=PutBucketPublicAccessBlock
    CreateBucketMetadataConfiguration=CreateBucketMetadataTableConfiguration
    GetBucketAccelerateConfiguration=GetAccelerateConfiguration
    GetBucketAnalyticsConfiguration=GetAnalyticsConfiguration
    GetBucketEncryption=GetEncryptionConfiguration
    GetBucketIntelligentTieringConfiguration=GetIntelligentTieringConfiguration
    GetBucketInventoryConfiguration=GetInventoryConfiguration
    GetBucketLifecycle=GetLifecycleConfiguration
    GetBucketLifecycleConfiguration=GetLifecycleConfiguration
    GetBucketMetadataConfiguration=GetBucketMetadataTableConfiguration
    GetBucketMetricsConfiguration=GetMetricsConfiguration
    GetBucketNotificationConfiguration=GetBucketNotification
    GetBucketReplication=GetReplicationConfiguration
    GetObjectLockConfiguration=GetBucketObjectLockConfiguration
    GetPublicAccessBlock=GetBucketPublicAccessBlock
    HeadBucket=ListBucket
    ListBucketAnalyticsConfigurations=GetAnalyticsConfiguration
    ListBucketIntelligentTieringConfigurations=GetIntelligentTieringConfiguration
    ListBucketInventoryConfigurations=GetInventoryConfiguration
    ListBucketMetricsConfigurations=GetMetricsConfiguration
    ListBuckets=ListAllMyBuckets
    ListMultipartUploads=ListBucketMultipartUploads
    ListObjectVersions=ListBucketVersions
    ListObjects=ListBucket
    ListObjectsV2=ListBucket
    ListParts=ListMultipartUploadParts
    PutBucketAccelerateConfiguration=PutAccelerateConfiguration
    PutBucketAnalyticsConfiguration=PutAnalyticsConfiguration
    PutBucketEncryption=PutEncryptionConfiguration
    PutBucketIntelligentTieringConfiguration=PutIntelligentTieringConfiguration
    PutBucketInventoryConfiguration=PutInventoryConfiguration
    PutBucketLifecycle=PutLifecycleConfiguration
    PutBucketLifecycleConfiguration=PutLifecycleConfiguration
    PutBucketMetricsConfiguration=PutMetricsConfiguration
    PutBucketNotification=PutBucketNotification
    PutBucketNotificationConfiguration=PutBucketNotification
    PutBucketReplication=PutReplicationConfiguration
    PutObjectLockConfiguration=PutBucketObjectLockConfiguration
    PutPublicAccessBlock=PutBucketPublicAccessBlock
    SelectObjectContent=GetObject
    UploadPart=PutObject
    CompleteMultipartUpload=PutObject
    """,
) | {
    "GetObject": _versioned("s3:GetObject"),
    # Without ListBucket an object that is not there answers 403 and not 404.
    "HeadObject": (*_versioned("s3:GetObject"), Act("s3:ListBucket", may=True)),
    "GetObjectAcl": (Act("s3:GetObjectAcl", unless=VERSION), Act("s3:GetObjectVersionAcl", when=VERSION)),
    "GetObjectAttributes": (
        *_versioned("s3:GetObject"),
        Act("s3:GetObjectAttributes", unless=VERSION),
        Act("s3:GetObjectVersionAttributes", when=VERSION),
    ),
    "GetObjectTagging": (Act("s3:GetObjectTagging", unless=VERSION), Act("s3:GetObjectVersionTagging", when=VERSION)),
    "PutObjectTagging": (Act("s3:PutObjectTagging", unless=VERSION), Act("s3:PutObjectVersionTagging", when=VERSION)),
    "PutObjectAcl": (Act("s3:PutObjectAcl", unless=VERSION), Act("s3:PutObjectVersionAcl", when=VERSION)),
    "DeleteObjectTagging": (
        Act("s3:DeleteObjectTagging", unless=VERSION),
        Act("s3:DeleteObjectVersionTagging", when=VERSION),
    ),
    "DeleteObject": (
        *_versioned("s3:DeleteObject"),
        Act("s3:BypassGovernanceRetention", when=("BypassGovernanceRetention",)),
    ),
    "DeleteObjects": (
        Act("s3:DeleteObject"),
        Act("s3:DeleteObjectVersion", when=VERSION),
        Act("s3:BypassGovernanceRetention", when=("BypassGovernanceRetention",)),
    ),
    "PutObject": (Act("s3:PutObject"), *_HEADERS),
    "CreateMultipartUpload": (Act("s3:PutObject"), *_HEADERS),
    "CopyObject": (
        Act("s3:GetObject", on="CopySource", unless=("CopySource.VersionId",)),
        Act("s3:GetObjectVersion", on="CopySource", when=("CopySource.VersionId",)),
        Act("s3:PutObject"),
        # Tags are copied if there are any.
        Act("s3:GetObjectTagging", on="CopySource", may=True),
        Act("s3:PutObjectTagging", may=True),
        *_HEADERS,
    ),
    "UploadPartCopy": (Act("s3:GetObject", on="CopySource"), Act("s3:PutObject")),
    "ListDirectoryBuckets": _as("s3express:ListAllMyDirectoryBuckets"),
    "CreateSession": _as("s3express:CreateSession"),
    "RenameObject": _as("s3express:CreateSession"),
    "WriteGetObjectResponse": _as("s3-object-lambda:WriteGetObjectResponse"),
}

_PARTIQL = ("dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert", "dynamodb:PartiQLSelect", "dynamodb:PartiQLUpdate")
_TRANSACT = ("dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")

OPERATIONS: Mapping[str, Mapping[str, tuple[Act, ...]]] = {
    # API, "Authorization" and "Permissions" of each operation.
    "s3": _S3,
    "s3control": _renamed(
        "s3",
        """
        DeleteBucketLifecycleConfiguration=PutLifecycleConfiguration DeleteBucketReplication=PutReplicationConfiguration
        DeleteBucketTagging=PutBucketTagging DeletePublicAccessBlock=PutAccountPublicAccessBlock
        GetBucketLifecycleConfiguration=GetLifecycleConfiguration GetBucketReplication=GetReplicationConfiguration
        GetPublicAccessBlock=GetAccountPublicAccessBlock PutBucketReplication=PutReplicationConfiguration
        PutBucketLifecycleConfiguration=PutLifecycleConfiguration PutPublicAccessBlock=PutAccountPublicAccessBlock
        """,
    ),
    # Lambda Developer Guide, "Fine-tuning the resources and conditions of policies".
    "lambda": {
        "Invoke": _as("lambda:InvokeFunction"),
        "InvokeWithResponseStream": _as("lambda:InvokeFunction"),
        "InvokeAsync": _may("lambda:InvokeFunction", "lambda:InvokeAsync"),
        # API Reference, "GetFunction": the answer holds the tags only for those who may list them.
        "GetFunction": (*_as("lambda:GetFunction"), *_may("lambda:ListTags")),
        "GetLayerVersionByArn": _as("lambda:GetLayerVersion"),
    },
    # DynamoDB Developer Guide, "Using IAM with transactions" and "IAM security policies with PartiQL". What is in the
    # items or the statement decides: `from_code` narrows these.
    "dynamodb": {
        "TransactGetItems": _as("dynamodb:GetItem"),
        "TransactWriteItems": _may(*_TRANSACT),
        "ExecuteStatement": _may(*_PARTIQL),
        "BatchExecuteStatement": _may(*_PARTIQL),
        "ExecuteTransaction": _may(*_PARTIQL),
    },
    # SQS Developer Guide, "Amazon SQS API permissions": a batch needs the right of the single call.
    "sqs": _renamed(
        "sqs",
        """
        ChangeMessageVisibilityBatch=ChangeMessageVisibility DeleteMessageBatch=DeleteMessage
        SendMessageBatch=SendMessage
        """,
    ),
    "sns": _renamed("sns", "PublishBatch=Publish"),  # SNS API, PublishBatch
    # KMS Developer Guide, "Permissions reference".
    "kms": {"ReEncrypt": (Act("kms:ReEncryptFrom", on="SourceKeyId"), Act("kms:ReEncryptTo", on="DestinationKeyId"))},
    # Secrets Manager API, BatchGetSecretValue: GetSecretValue on each secret, ListSecrets for filters.
    "secretsmanager": {
        "BatchGetSecretValue": (
            Act("secretsmanager:BatchGetSecretValue"),
            Act("secretsmanager:GetSecretValue", on="SecretIdList"),
            Act("secretsmanager:ListSecrets", when=("Filters",)),
        )
    },
    # STS API: these need no permission, or have no credentials yet and are judged by the trust policy alone.
    "sts": dict.fromkeys(
        ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken"), ()
    ),
    # Cognito API: these are called with a token of the user, or with none; IAM does not judge them.
    "cognito-idp": dict.fromkeys(
        (
            "AssociateSoftwareToken",
            "ChangePassword",
            "CompleteWebAuthnRegistration",
            "ConfirmDevice",
            "ConfirmForgotPassword",
            "ConfirmSignUp",
            "DeleteUser",
            "DeleteUserAttributes",
            "DeleteWebAuthnCredential",
            "ForgetDevice",
            "ForgotPassword",
            "GetDevice",
            "GetTokensFromRefreshToken",
            "GetUser",
            "GetUserAttributeVerificationCode",
            "GetUserAuthFactors",
            "GlobalSignOut",
            "InitiateAuth",
            "ListDevices",
            "ListWebAuthnCredentials",
            "ResendConfirmationCode",
            "RespondToAuthChallenge",
            "RevokeToken",
            "SetUserMFAPreference",
            "SetUserSettings",
            "SignUp",
            "StartWebAuthnRegistration",
            "UpdateAuthEventFeedback",
            "UpdateDeviceStatus",
            "UpdateUserAttributes",
            "VerifySoftwareToken",
            "VerifyUserAttribute",
        ),
        (),
    ),
    # Cognito API, the same of identity pools.
    "cognito-identity": dict.fromkeys(("GetCredentialsForIdentity", "GetId", "GetOpenIdToken", "UnlinkIdentity"), ()),
    # Bedrock API: "requires permissions for bedrock:InvokeModel".
    "bedrock-runtime": {
        "Converse": _as("bedrock:InvokeModel"),
        "ConverseStream": _as("bedrock:InvokeModelWithResponseStream"),
        "InvokeModelWithBidirectionalStream": _as("bedrock:InvokeModel"),
        "StartAsyncInvoke": _as("bedrock:InvokeModel"),
    },
    # Bedrock User Guide, "RetrieveAndGenerate": the knowledge base and the model besides.
    "bedrock-agent-runtime": {
        "RetrieveAndGenerate": (
            Act("bedrock:RetrieveAndGenerate"),
            Act("bedrock:Retrieve"),
            Act("bedrock:InvokeModel", may=True),
            Act("bedrock:GetInferenceProfile", may=True),
        ),
        "RetrieveAndGenerateStream": (
            Act("bedrock:RetrieveAndGenerate"),
            Act("bedrock:Retrieve"),
            Act("bedrock:InvokeModel", may=True),
            Act("bedrock:InvokeModelWithResponseStream", may=True),
        ),
    },
    # API Gateway Developer Guide, "Use @connections commands in your backend service".
    "apigatewaymanagementapi": dict.fromkeys(
        ("DeleteConnection", "GetConnection", "PostToConnection"), _as("execute-api:ManageConnections")
    ),
    # SAR, "AWS IoT": shadows and publishing belong to it.
    "iot-data": _renamed(
        "iot",
        """
        DeleteThingShadow=DeleteThingShadow GetRetainedMessage=GetRetainedMessage GetThingShadow=GetThingShadow
        ListNamedShadowsForThing=ListNamedShadowsForThing ListRetainedMessages=ListRetainedMessages Publish=Publish
        UpdateThingShadow=UpdateThingShadow
        """,
    ),
    "cloudfront": {  # SAR, "CreateDistribution"
        "CreateDistributionWithTags": _as("cloudfront:CreateDistribution", "cloudfront:TagResource")
    },
    # Batch and Redshift Data API: SAR knows the older operations only.
    "redshift-data": _renamed("redshift-data", "GetStatementResultV2=GetStatementResult"),
    "timestream-query": {"Query": (Act("timestream:Select"), Act("timestream:DescribeEndpoints"))},
    "timestream-write": {"WriteRecords": (Act("timestream:WriteRecords"), Act("timestream:DescribeEndpoints"))},
    # SES API v2, SendEmail; what is in the message decides by which of the three it is judged.
    "sesv2": {
        "SendEmail": (
            Act("ses:SendEmail", instead=("ses:SendRawEmail", "ses:SendTemplatedEmail")),
            Act("ses:SendRawEmail", may=True),
            Act("ses:SendTemplatedEmail", may=True),
        )
    },
    # IAM Identity Center OIDC API and portal API, Sign-In API: clients have a token, and no AWS credentials yet.
    "sso-oidc": dict.fromkeys(("CreateToken", "RegisterClient", "StartDeviceAuthorization"), ()),
    "sso": dict.fromkeys(("GetRoleCredentials", "ListAccountRoles", "ListAccounts", "Logout"), ()),
    "signin": {"CreateOAuth2Token": ()},
}
"""Service of boto3 -> operation -> the actions that it needs; `()` where it needs none."""

VERBS: Mapping[str, Mapping[str, str]] = {
    # SAR, "Amazon API Gateway Management": actions are HTTP verbs.
    "apigateway": {
        "Get": "GET",
        "Export": "GET",
        "Create": "POST",
        "Generate": "POST",
        "Import": "POST",
        "TestInvoke": "POST",
        "Put": "PUT",
        "Reimport": "PUT",
        "Tag": "PUT",
        "Update": "PATCH",
        "Delete": "DELETE",
        "Flush": "DELETE",
        "Reset": "DELETE",
        "Untag": "DELETE",
    },
    # SAR, "AWS Budget Service": two actions for all budgets.
    "budgets": {"Create": "ModifyBudget", "Delete": "ModifyBudget", "Update": "ModifyBudget", "Describe": "ViewBudget"},
}
"""Prefix of IAM -> how an operation begins -> the action, for services that judge by kinds of calls."""
