"""S3 buckets."""

from rolecall.model import Gap, Resource
from rolecall.sources.aws.calls import Refused
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Policy and key of a bucket: two calls, and a third where S3 refuses one.

    S3 says that a bucket does not exist to anybody who asks for its policy, so nobody asks for the bucket itself.
    A refusal means a lack of rights, or that the bucket is another account's (the fact `owner` is `another`):
    its ARN holds no account, and its name can be taken by anybody once it is free.
    """
    calls, bucket = reading.calls, reading.arn.resource
    try:
        policy = calls.ask("s3", "get_bucket_policy", Bucket=bucket)["Policy"]
    except Refused as refused:
        if refused.why == "NoSuchBucket":
            return Resource(str(reading.arn), exists=False)
        if not refused.absent:
            if _of_another(reading):
                return _foreign(reading)
            reading.refuse("bucket policy", refused)
        policy = None
    answer = reading.part("bucket key", lambda: calls.ask("s3", "get_bucket_encryption", Bucket=bucket))
    rules = (answer or {}).get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    # Without an id it is S3's own key.
    return reading.resource(key=next((each.get("KMSMasterKeyID") for each in defaults), None), policy=policy)


def _of_another(reading: Reading) -> bool:
    """Is it not among the buckets of the account? If nobody tells, it is taken for our own."""
    calls, bucket = reading.calls, reading.arn.resource
    try:
        return bucket not in {each["Name"] for each in calls.pages("s3", "list_buckets", "Buckets", Prefix=bucket)}
    except Refused:
        return False


def _foreign(reading: Reading) -> Resource:
    gap = Gap("bucket", "another account's: its policy and key cannot be read", mendable=False)
    return Resource(str(reading.arn), facts=(("owner", "another"),), gaps=(gap,))
