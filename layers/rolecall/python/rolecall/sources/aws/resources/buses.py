"""EventBridge buses."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Key and policy of a bus: one call."""
    calls, arn = reading.calls, str(reading.arn)
    bus = reading.part("event bus", lambda: calls.ask("events", "describe_event_bus", Name=arn)) or {}
    return reading.resource(key=bus.get("KmsKeyIdentifier"), policy=bus.get("Policy"))
