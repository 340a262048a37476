"""The configuration of one version of a function, as Lambda describes it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rolecall.model import Code, Function, Gap, Settings, Target
from rolecall.sources.deployed_from import repository_arn

LATEST = "$LATEST"


def plain(arn: str) -> tuple[str, str | None]:
    """The ARN of a function without its qualifier, and the qualifier; `$LATEST` is none.

    >>> plain("arn:aws:lambda:us-east-1:111122223333:function:orders:live")
    ('arn:aws:lambda:us-east-1:111122223333:function:orders', 'live')
    """
    parts = arn.split(":")
    qualifier = parts[7] if len(parts) > 7 else None
    return ":".join(parts[:7]), None if qualifier == LATEST else qualifier


def name_of(arn: str) -> str:
    """The name in the ARN of a function."""
    return arn.split(":")[6]


def configured(each: Mapping[str, Any], *, qualifier: str | None = None) -> Function:
    """A function of a FunctionConfiguration; `qualifier` is what serves it, else its own number if it has one."""
    arn, _ = plain(each["FunctionArn"])
    version = each.get("Version", LATEST)
    number = None if version == LATEST else version
    error = each.get("Environment", {}).get("Error")
    return Function(
        id=arn,
        name=each["FunctionName"],
        arn=arn,
        role=each["Role"],
        qualifier=qualifier or number,
        version=number,
        updated=each.get("LastModified"),
        runtime=each.get("Runtime"),
        settings=_settings(each),
        code=Code("image" if each.get("PackageType") == "Image" else "remote", digest=each.get("CodeSha256")),
        gaps=(_unread_environment(arn, error),) if error else (),
    )


def with_code(function: Function, answer: Mapping[str, Any]) -> Function:
    """The function with what only GetFunction says: tags, the key of its code, the repository of its image."""
    said = answer.get("Code", {})
    settings = replace(function.settings, code_key=said.get("SourceKMSKeyArn"))
    source = repository_arn(said.get("ImageUri"), partition=function.arn.split(":")[1])
    code = replace(function.code, source=source) if function.code else None
    gaps = function.gaps
    if error := answer.get("TagsError"):
        gaps += (Gap("tags", error.get("ErrorCode", "unknown error"), "lambda:ListTags", function.id),)
    return replace(
        function, settings=settings, code=code, tags=tuple(sorted(answer.get("Tags", {}).items())), gaps=gaps
    )


def _settings(each: Mapping[str, Any]) -> Settings:
    group = each.get("LoggingConfig", {}).get("LogGroup")
    dead_letter = each.get("DeadLetterConfig", {}).get("TargetArn")
    return Settings(
        handler=each.get("Handler"),
        log_group=None if group == f"/aws/lambda/{each['FunctionName']}" else group,
        tracing=each.get("TracingConfig", {}).get("Mode") == "Active",
        subnets=tuple(sorted(each.get("VpcConfig", {}).get("SubnetIds", ()))),
        targets=(Target("dead-letter", dead_letter),) if dead_letter else (),
        key=each.get("KMSKeyArn"),
        layers=tuple(layer["Arn"] for layer in each.get("Layers", ())),
        file_systems=tuple(sorted(one["Arn"] for one in each.get("FileSystemConfigs", ()))),
        durable=bool(each.get("DurableConfig")),
        environment=tuple(sorted(each.get("Environment", {}).get("Variables", {}).items())),
        others=tuple(_others(each)),
    )


def _others(each: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Newer settings: AWS Lambda API Reference, "FunctionConfiguration"."""
    managed = each.get("CapacityProviderConfig", {}).get("LambdaManagedInstancesCapacityProviderConfig", {})
    if provider := managed.get("CapacityProviderArn"):
        yield "capacity-provider", provider
    if key := each.get("DurableConfig", {}).get("KMSKeyArn"):
        yield "durable-key", key
    if profile := each.get("SigningProfileVersionArn"):
        yield "signing-profile", profile
    if each.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions":
        yield "snap-start", "PublishedVersions"
    if isolation := each.get("TenancyConfig", {}).get("TenantIsolationMode"):
        yield "tenancy", isolation


def _unread_environment(arn: str, error: Mapping[str, Any]) -> Gap:
    """Its values are encrypted with a key that the reader may not use: names of resources in them are not known."""
    return Gap("environment", error.get("ErrorCode", "unknown error"), "kms:Decrypt", arn)
