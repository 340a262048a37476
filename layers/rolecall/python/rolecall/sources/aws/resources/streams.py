"""Kinesis data streams and their consumers."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Key and policy of a stream, or policy of a consumer (its key is the stream's): two calls."""
    calls, arn = reading.calls, str(reading.arn)
    if stream_of(arn) != arn:
        reading.part("stream", lambda: calls.ask("kinesis", "describe_stream_consumer", ConsumerARN=arn))
        summary = {}
    else:
        answer = reading.part("stream", lambda: calls.ask("kinesis", "describe_stream_summary", StreamARN=arn))
        summary = (answer or {}).get("StreamDescriptionSummary", {})
    policy = reading.part("stream policy", lambda: calls.ask("kinesis", "get_resource_policy", ResourceARN=arn))
    return reading.resource(key=summary.get("KeyId"), policy=(policy or {}).get("Policy"))


def stream_of(arn: str) -> str:
    """The ARN of the stream that a consumer reads; any other ARN as it is.

    >>> stream_of("arn:aws:kinesis:us-east-1:111122223333:stream/clicks/consumer/orders:1700000000")
    'arn:aws:kinesis:us-east-1:111122223333:stream/clicks'
    """
    return arn.partition("/consumer/")[0] if ":kinesis:" in arn else arn
