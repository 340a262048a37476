"""On the caller's behalf: what a service does with the rights of the role that called it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from rolecall.iam.statement import is_unresolved
from rolecall.needs.parameters import Given, steps
from rolecall.needs.placeholders import UNKNOWN, Value
from rolecall.needs.resources import places


@dataclass(frozen=True, slots=True)
class Further:
    """One more action that the call needs on a resource, and why; `may` where it hangs on more than the call.

    `told` are condition keys that are known of the request.
    """

    action: str
    resource: str
    why: str
    may: bool = False
    inferred: bool = False
    told: tuple[tuple[str, str], ...] = ()


def further(given: Given) -> Iterator[Further]:
    """What a call needs beside the actions of its operation, but for keys."""
    service, operation = given.call.service, given.call.operation
    yield from ON_BEHALF.get(service, _nothing)(given)
    if service not in UNPASSED and not operation.startswith(READS):
        yield from _passed(given)


READS = ("Batch", "Describe", "Get", "List", "Search")
UNPASSED = frozenset({"cognito-identity", "iam", "lakeformation", "sso", "sts"})
"""Services that take the ARN of a role without its being passed to a service."""

ROLES: Mapping[str, tuple[str, ...]] = {
    # API Reference: the role is a parameter that is not called `…RoleArn`.
    "codebuild": ("serviceRole",),
    "eks": ("nodeRole",),
    "emr": ("ServiceRole", "JobFlowRole", "AutoScalingRole"),
    "glue": ("Role",),
    "iot": ("roleArn",),
    "lambda": ("Role",),
    "mediaconvert": ("Role",),
}

PASSED_TO: Mapping[str, str] = {
    # IAM User Guide, "iam:PassedToService": the service principal that the role is for.
    "cloudformation": "cloudformation.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
    "events": "events.amazonaws.com",
    "firehose": "firehose.amazonaws.com",
    "glue": "glue.amazonaws.com",
    "lambda": "lambda.amazonaws.com",
    "pipes": "pipes.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "stepfunctions": "states.amazonaws.com",
}
"""Service of boto3 -> to whom it passes the roles that it is handed, where that is one service for all of them."""
TASKS = {"taskrolearn": "ecs-tasks.amazonaws.com", "executionrolearn": "ecs-tasks.amazonaws.com"}
"""The parameters of ECS that are for its tasks, likewise; others are for ECS itself."""


def _passed(given: Given) -> Iterator[Further]:
    """A role that the call hands to a service must be passed: IAM User Guide, "Granting permissions to pass a role"."""
    named = {name.lower() for name in ROLES.get(given.call.service, ())}
    for name, _ in given.call.parameters:
        leaf = steps(name)[-1] if steps(name) else ""
        if leaf not in named and not leaf.endswith("rolearn"):
            continue
        service = TASKS.get(leaf) if given.call.service == "ecs" else PASSED_TO.get(given.call.service)
        told = (("iam:PassedToService", service),) if service else ()
        values = [value for value in given.all(name) if value.text != "None"]
        for value in values:
            role = f"arn:{given.account.partition}:iam::{given.account.id}:role/{value.text}"
            arn = value.text if value.text.startswith("arn:") else role
            why = f"`{name}` hands the role to `{given.call.service}`"
            yield Further("iam:PassRole", arn, why, may=len(values) > 1, inferred=value.inferred, told=told)


def _object(given: Given, action: str, bucket: str, key: str, why: str) -> Iterator[Further]:
    """An action on the object that two parameters name; nothing if the bucket is not given."""
    buckets = given.all(bucket)
    keys = given.all(key) or (Value("*"),)
    for one in buckets:
        for other in keys:
            name = re.sub(r"⟨[^⟩]*⟩", "*", other.text)
            arn = f"arn:{given.account.partition}:s3:::{one.text}/{name}"
            yield Further(action, arn, why, may=len(buckets) * len(keys) > 1, inferred=one.inferred or other.inferred)


def _uri(given: Given, action: str, parameter: str, why: str, *, under: bool = False) -> Iterator[Further]:
    """An action on the object, or on all under the prefix, of an `s3://` URI."""
    values = given.all(parameter)
    for value in values:
        bucket, _, key = value.text.removeprefix("s3://").partition("/")
        if not value.text.startswith(("s3://", "⟨")) or value.text.startswith("⟨"):
            bucket, key = UNKNOWN, "*"
        key = re.sub(r"⟨[^⟩]*⟩", "*", key)
        arn = f"arn:{given.account.partition}:s3:::{bucket}/{f'{key}*' if under else key or '*'}"
        yield Further(action, re.sub(r"\*+", "*", arn), why, may=len(values) > 1, inferred=value.inferred)


def _documents(given: Given) -> Iterator[Further]:
    """Textract Developer Guide, "Asynchronous operations"; Rekognition Developer Guide, "Amazon S3 objects"."""
    why = f"{given.call.service} reads the object with the caller's rights"
    yield from _object(given, "s3:GetObject", "S3Object.Bucket", "S3Object.Name", why)
    if given.has("S3Object.Version"):
        yield from _object(given, "s3:GetObjectVersion", "S3Object.Bucket", "S3Object.Name", why)
    yield from _object(given, "s3:PutObject", "OutputConfig.S3Bucket", "OutputConfig.S3Key", "writes the results there")


def _transcribe(given: Given) -> Iterator[Further]:
    """Transcribe Developer Guide, "Identity-based policies": reads media, writes transcripts."""
    if not given.call.operation.startswith("Start"):
        return
    why = "Transcribe reads the media with the caller's rights"
    media = list(_uri(given, "s3:GetObject", "MediaFileUri", why))
    yield from media or [Further("s3:GetObject", _bucket(given, f"{UNKNOWN}/*"), why, may=True)]
    why = "Transcribe writes the transcript with the caller's rights"
    yield from _object(given, "s3:PutObject", "OutputBucketName", "OutputKey", why)


def _athena(given: Given) -> Iterator[Further]:
    """Athena User Guide, "Control access to Amazon S3 from Athena" and "Fine-grained access to databases and tables".

    Which tables and buckets a query reads is in its text and in the Data Catalog: MAY.
    """
    if given.call.operation not in ("StartQueryExecution", "GetQueryResults", "GetQueryResultsStream"):
        return
    why = "Athena reads and writes results with the caller's rights"
    objects = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
    for action in objects:
        found = list(_uri(given, action, "OutputLocation", why, under=True))
        for each in found or [Further(action, _bucket(given, f"{UNKNOWN}/*"), why)]:
            yield Further(each.action, each.resource, why, may=True, inferred=each.inferred)
    for action in ("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"):
        yield Further(action, _bucket(given, UNKNOWN), why, may=True)
    why = "Athena looks tables up in the Data Catalog with the caller's rights"
    verbs = ("GetCatalog", "GetDatabase", "GetDatabases", "GetPartition", "GetPartitions", "GetTable", "GetTables")
    for verb in (*verbs, "BatchGetPartition", "CreateTable", "DeleteTable", "UpdateTable"):
        yield Further(f"glue:{verb}", _regional(given, "glue", UNKNOWN), why, may=True)
    yield Further("lakeformation:GetDataAccess", "*", why, may=True)


def _translate(given: Given) -> Iterator[Further]:
    """Translate Developer Guide, "Automatic language detection"."""
    languages = given.texts("SourceLanguageCode")
    if given.call.operation in ("TranslateText", "TranslateDocument") and any(
        each == "auto" or is_unresolved(each) for each in languages
    ):
        why = "Translate lets Comprehend detect the language with the caller's rights"
        yield Further("comprehend:DetectDominantLanguage", "*", why, may=languages != ("auto",))


def _data_api(given: Given) -> Iterator[Further]:
    """Aurora User Guide, "Authorizing access to the Data API": the secret is read with the caller's rights."""
    for value in given.all("secretArn"):
        arn = value.text if value.text.startswith("arn:") else _regional(given, "secretsmanager", f"secret:{UNKNOWN}")
        yield Further("secretsmanager:GetSecretValue", arn, "the Data API reads the secret with the caller's rights")


def _redshift(given: Given) -> Iterator[Further]:
    """Redshift Management Guide, "Authorizing access to the Data API"."""
    why = "the Data API logs in with the caller's rights"
    for value in given.all("SecretArn"):
        yield Further("secretsmanager:GetSecretValue", value.text, why)
    if given.has("DbUser") or not given.has("SecretArn"):
        for action in ("redshift:GetClusterCredentials", "redshift:GetClusterCredentialsWithIAM"):
            yield Further(action, _regional(given, "redshift", UNKNOWN), why, may=True)
        workgroup = _regional(given, "redshift-serverless", UNKNOWN)
        yield Further("redshift-serverless:GetCredentials", workgroup, why, may=True)


def _bedrock(given: Given) -> Iterator[Further]:
    """Bedrock User Guide, "Prerequisites for inference profiles": the models behind it, wherever it sends to."""
    for value in given.all("modelId"):
        match = re.fullmatch(r"(?:us|eu|apac|jp|au|ca|us-gov|global)\.(.+)", value.text)
        if match:
            action = (
                "bedrock:InvokeModelWithResponseStream" if "Stream" in given.call.operation else "bedrock:InvokeModel"
            )
            arn = f"arn:{given.account.partition}:bedrock:*::foundation-model/{match[1]}"
            yield Further(action, arn, "the inference profile sends to this model", inferred=value.inferred)


def _nothing(given: Given) -> Iterator[Further]:
    return iter(())


def _bucket(given: Given, rest: str) -> str:
    return f"arn:{given.account.partition}:s3:::{rest}"


def _regional(given: Given, service: str, rest: str) -> str:
    return f"arn:{given.account.partition}:{service}:{given.account.region}:{given.account.id}:{rest}"


def _parameters(given: Given) -> Iterator[Further]:
    """What lies under a path: Systems Manager User Guide, "How Parameter Store authorizes parameter retrieval".

    Who may ask for a path gets all under it, so a right on that beside it is no more, and asked for by a longer path.
    """
    if given.call.operation == "GetParametersByPath":
        why = "what lies under a path is given with it"
        for place in places("ssm:GetParametersByPath", given):
            if not is_unresolved(place.arn):
                under = f"{place.arn.rstrip('/')}/*"
                yield Further("ssm:GetParametersByPath", under, why, may=True, inferred=True)


ON_BEHALF: Mapping[str, Callable[[Given], Iterator[Further]]] = {
    "athena": _athena,
    "bedrock-runtime": _bedrock,
    "rds-data": _data_api,
    "redshift-data": _redshift,
    "rekognition": _documents,
    "ssm": _parameters,
    "textract": _documents,
    "transcribe": _transcribe,
    "translate": _translate,
}
"""Service of boto3 -> what it does with the caller's rights."""
