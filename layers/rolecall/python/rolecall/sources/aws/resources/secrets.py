"""Secrets of Secrets Manager."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Key and policy of a secret, and the fact `state` `deleted` of one that waits for its end: two calls."""
    calls, arn = reading.calls, str(reading.arn)
    secret = reading.part("secret", lambda: calls.ask("secretsmanager", "describe_secret", SecretId=arn)) or {}
    policy = reading.part("secret policy", lambda: calls.ask("secretsmanager", "get_resource_policy", SecretId=arn))
    deleted = (("state", "deleted"),) if secret.get("DeletedDate") else ()
    return reading.resource(key=secret.get("KmsKeyId"), policy=(policy or {}).get("ResourcePolicy"), facts=deleted)
