"""DynamoDB tables and their streams."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Key of a table, policy of it or of its stream, and the fact `state` of a stream: two calls.

    Only the latest stream of a table counts: DynamoDB deletes an older one within 24 hours of its end.
    """
    calls, arn = reading.calls, str(reading.arn)
    name = arn.partition("/stream/")[0]
    answer = reading.part("table", lambda: calls.ask("dynamodb", "describe_table", TableName=name))
    table = (answer or {}).get("Table", {})
    facts: tuple[tuple[str, str], ...] = ()
    if answer and name != arn:
        reading.exists = table.get("LatestStreamArn") == arn
        enabled = table.get("StreamSpecification", {}).get("StreamEnabled", False)
        facts = (("state", "ENABLED" if enabled else "DISABLED"),)
    policy = reading.part("table policy", lambda: calls.ask("dynamodb", "get_resource_policy", ResourceArn=arn))
    key = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
    return reading.resource(key=key, policy=(policy or {}).get("Policy"), facts=facts)
