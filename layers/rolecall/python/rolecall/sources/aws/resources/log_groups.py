"""Log groups of CloudWatch Logs."""

from typing import Any

from rolecall.iam.arn import Arn
from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading

STACK = "aws:cloudformation:stack-name"


def read(reading: Reading) -> Resource:
    """Key and facts of a log group, `retention` (days) and `stack` (the name of the stack that manages it): two calls.

    A log group that does not exist is one call. Its policy is not read: none is needed to write into one's own.
    """
    calls, arn = reading.calls, str(reading.arn)
    name = reading.arn.resource.partition(":")[2]
    # Sorted by name: the group itself comes before those whose names go on.
    answer = reading.part(
        "log group", lambda: calls.ask("logs", "describe_log_groups", logGroupNamePrefix=name, limit=1)
    )
    found = (each for each in (answer or {}).get("logGroups", ()) if each["logGroupName"] == name)
    group: dict[str, Any] = next(found, {})
    reading.exists = bool(group) or answer is None
    tags = reading.part("log group tags", lambda: calls.ask("logs", "list_tags_for_resource", resourceArn=arn))
    facts = [("retention", str(group["retentionInDays"]))] if group.get("retentionInDays") else []
    facts += [("stack", value) for key, value in (tags or {}).get("tags", {}).items() if key == STACK]
    return reading.resource(key=group.get("kmsKeyId"), facts=tuple(facts))


def log_group_arn(function: Arn, name: str) -> str:
    """The ARN of the log group of that name, where the function is."""
    return str(Arn(function.partition, "logs", function.region, function.account, f"log-group:{name}"))
