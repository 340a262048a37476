"""Libraries that call AWS for the code: a table.

Each row is a function, or a class with its methods, by dotted name, and the calls that it makes. `takes` says which
argument, by position and name, is which parameter of the operation. Sources: the documentation of each library, and
for Powertools "Parameters", "Idempotency" and "Feature flags", each under "IAM permissions".
"""

from dataclasses import dataclass

POWERTOOLS = "aws_lambda_powertools.utilities"


@dataclass(frozen=True, slots=True)
class Row:
    """One call: `takes` are (parameter, position, name)."""

    service: str
    operation: str
    takes: tuple[tuple[str, int, str], ...] = ()


def _app_config(*takes: tuple[str, int, str]) -> tuple[Row, ...]:
    return (Row("appconfigdata", "StartConfigurationSession", takes), Row("appconfigdata", "GetLatestConfiguration"))


PARAMETER = (Row("ssm", "GetParameter", (("Name", 0, "name"), ("WithDecryption", 9, "decrypt"))),)
BY_PATH = (Row("ssm", "GetParametersByPath", (("Path", 0, "path"), ("WithDecryption", 9, "decrypt"))),)
BY_NAME = (
    Row("ssm", "GetParameters", (("Names", 0, "parameters"), ("WithDecryption", 9, "decrypt"))),
    # One that is to be decrypted or fetched on its own is asked for by itself.
    Row("ssm", "GetParameter", (("Name", 0, "parameters"),)),
)
PUT_PARAMETER = (Row("ssm", "PutParameter", (("Name", 0, "name"),)),)
SECRET = (Row("secretsmanager", "GetSecretValue", (("SecretId", 0, "name"),)),)
SET_SECRET = (
    Row("secretsmanager", "PutSecretValue", (("SecretId", 0, "name"),)),
    Row("secretsmanager", "CreateSecret", (("Name", 0, "name"),)),
)
CONFIGURATION = _app_config(
    ("ConfigurationProfileIdentifier", 0, "name"),
    ("EnvironmentIdentifier", 1, "environment"),
    ("ApplicationIdentifier", 2, "application"),
)
STORE = _app_config(
    ("EnvironmentIdentifier", 0, "environment"),
    ("ApplicationIdentifier", 1, "application"),
    ("ConfigurationProfileIdentifier", 2, "name"),
)
IDEMPOTENCY = tuple(
    Row("dynamodb", operation, (("TableName", 0, "table_name"),))
    for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
)
CACHED_SECRET = (
    Row("secretsmanager", "DescribeSecret", (("SecretId", 0, "secret_id"),)),
    Row("secretsmanager", "GetSecretValue", (("SecretId", 0, "secret_id"),)),
)
ENCRYPT = (Row("kms", "GenerateDataKey"), Row("kms", "Encrypt"))
DECRYPT = (Row("kms", "Decrypt"),)

FUNCTIONS: dict[str, tuple[Row, ...]] = {
    f"{POWERTOOLS}.parameters.get_parameter": PARAMETER,
    f"{POWERTOOLS}.parameters.get_parameters": BY_PATH,
    f"{POWERTOOLS}.parameters.get_parameters_by_name": BY_NAME,
    f"{POWERTOOLS}.parameters.set_parameter": PUT_PARAMETER,
    f"{POWERTOOLS}.parameters.get_secret": SECRET,
    f"{POWERTOOLS}.parameters.set_secret": SET_SECRET,
    f"{POWERTOOLS}.parameters.get_app_config": CONFIGURATION,
    f"{POWERTOOLS}.idempotency.DynamoDBPersistenceLayer": IDEMPOTENCY,
    f"{POWERTOOLS}.feature_flags.AppConfigStore": STORE,
    "aws_secretsmanager_caching.InjectSecretString": CACHED_SECRET,
    "aws_secretsmanager_caching.InjectKeywordedSecretString": CACHED_SECRET,
    "aws_encryption_sdk.encrypt": ENCRYPT,
    "aws_encryption_sdk.decrypt": DECRYPT,
}

METHODS: dict[str, dict[str, tuple[Row, ...]]] = {
    f"{POWERTOOLS}.parameters.SSMProvider": {
        "get": PARAMETER, "get_multiple": BY_PATH, "get_parameters_by_name": BY_NAME, "set": PUT_PARAMETER,
    },
    f"{POWERTOOLS}.parameters.SecretsProvider": {"get": SECRET, "set": SET_SECRET},
    f"{POWERTOOLS}.parameters.AppConfigProvider": {
        "get": _app_config(("ConfigurationProfileIdentifier", 0, "name")),
    },
    f"{POWERTOOLS}.parameters.DynamoDBProvider": {
        "get": (Row("dynamodb", "GetItem"),), "get_multiple": (Row("dynamodb", "Query"),),
    },
    "aws_secretsmanager_caching.SecretCache": {
        "get_secret_string": CACHED_SECRET, "get_secret_binary": CACHED_SECRET,
    },
    "aws_encryption_sdk.EncryptionSDKClient": {
        "encrypt": ENCRYPT, "decrypt": DECRYPT, "stream": (*ENCRYPT, *DECRYPT),
    },
}  # fmt: skip

MODULES = ("ssm", "secrets", "appconfig", "dynamodb", "base", "persistence", "persistence.dynamodb", "appconfig_store",
           "secret_cache", "decorators", "streaming_client")  # fmt: skip
"""Where the names also stand: `…parameters.ssm.get_parameter` is `…parameters.get_parameter`."""

SIGNERS = {
    "requests_aws4auth.AWS4Auth": (3, "service"),
    "requests_auth_aws_sigv4.AWSSigV4": (0, "service"),
    "botocore.auth.SigV4Auth": (1, "service_name"),
    "botocore.crt.auth.CrtSigV4Auth": (1, "service_name"),
    "botocore.auth.S3SigV4Auth": (1, "service_name"),
    "aws_requests_auth.aws_auth.AWSRequestsAuth": (5, "aws_service"),
    "aws_requests_auth.boto_utils.BotoAWSRequestsAuth": (2, "aws_service"),
    "opensearchpy.AWSV4SignerAuth": (2, "service"),
    "opensearchpy.RequestsAWSV4SignerAuth": (2, "service"),
    "opensearchpy.Urllib3AWSV4SignerAuth": (2, "service"),
    "opensearchpy.AWSV4SignerAsyncAuth": (2, "service"),
}
"""What signs requests for a service, by the argument that names it; which requests it signs is not followed."""

OBSERVERS = (
    "aws_lambda_powertools.Logger", "aws_lambda_powertools.Tracer", "aws_lambda_powertools.Metrics",
    "aws_lambda_powertools.logging", "aws_lambda_powertools.tracing", "aws_lambda_powertools.metrics",
    "aws_lambda_powertools.single_metric", "aws_xray_sdk", "logging", "structlog", "loguru", "sentry_sdk", "ddtrace",
)  # fmt: skip
"""Their decorators wrap a function and never call it at another time."""


def plain_name(name: str) -> str:
    """The dotted name without the inner modules of a modelled library.

    >>> plain_name("aws_lambda_powertools.utilities.parameters.ssm.SSMProvider")
    'aws_lambda_powertools.utilities.parameters.SSMProvider'
    """
    if not name.startswith(("aws_lambda_powertools.", "aws_secretsmanager_caching.", "aws_encryption_sdk.")):
        return name
    for inner in MODULES:
        head, found, tail = name.partition(f".{inner}.")
        if found and head.rpartition(".")[2] != "utilities":
            name = f"{head}.{tail}"
    return name


def function_rows(name: str) -> tuple[Row, ...]:
    """What calling a function, or making an object, of a library calls."""
    return FUNCTIONS.get(plain_name(name), ())


def method_rows(name: str) -> tuple[Row, ...]:
    """What a method calls, by the dotted name of its class and its own."""
    owner, _, method = plain_name(name).rpartition(".")
    return METHODS.get(owner, {}).get(method, ())
