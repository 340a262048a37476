"""S3: the notifications of buckets (API Reference, GetBucketNotificationConfiguration)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.wire import Wire, Wires, canonical, look_up, several, walk_over

# A bucket notifies functions of its own region only, so that what cannot be read here has no wires to here.
ELSEWHERE = frozenset(
    {"301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect"}
)
# Of a bucket that does not exist S3 says NoSuchBucket, whoever asks: one that forbids exists.
FORBIDDEN = frozenset({"403", "AccessDenied", "AllAccessDisabled"})


def named(calls: Calls, source: str) -> Wires:
    """The wires of a bucket, or of the bucket that an object's ARN is in."""
    bucket = source.split(":", 5)[5].partition("/")[0]
    return several(source) if is_wild(bucket) else _read(calls, bucket)


def walk(calls: Calls) -> Wires:
    """Those of all buckets of the region."""
    listing = calls.pages("s3", "list_buckets", "Buckets", BucketRegion=calls.region)
    here = (each["Name"] for each in listing if each.get("BucketRegion", calls.region) == calls.region)
    return walk_over(here, lambda name: _read(calls, name))


def _read(calls: Calls, bucket: str) -> Wires:
    arn = f"arn:{calls.partition}:s3:::{bucket}"
    try:
        answer = calls.ask("s3", "get_bucket_notification_configuration", Bucket=bucket)
    except Refused as refused:
        if refused.why in ELSEWHERE:
            return Wires(resources=(Resource(arn),))
        error = refused
        return look_up(arn, lambda: _refused(error), listed=refused.why in FORBIDDEN)
    return look_up(arn, lambda: _wires(arn, answer))


def _refused(refused: Refused) -> Iterator[Wire]:
    raise refused


def _wires(arn: str, answer: dict[str, Any]) -> Iterator[Wire]:
    for each in answer.get("LambdaFunctionConfigurations", ()):
        rules = each.get("Filter", {}).get("Key", {}).get("FilterRules", ())
        parts = {rule["Name"].lower(): rule["Value"] for rule in rules if rule["Value"]}
        yield Wire(each["LambdaFunctionArn"], Trigger("s3", arn, each.get("Id"), filter=canonical(parts)))
