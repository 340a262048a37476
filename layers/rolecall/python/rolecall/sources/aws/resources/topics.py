"""SNS topics."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Key, policy and the fact `fifo` of a topic: one call."""
    calls, arn = reading.calls, str(reading.arn)
    answer = reading.part("topic", lambda: calls.ask("sns", "get_topic_attributes", TopicArn=arn))
    attributes = (answer or {}).get("Attributes", {})
    fifo = (("fifo", "true"),) if attributes.get("FifoTopic") == "true" else ()
    return reading.resource(key=attributes.get("KmsMasterKeyId"), policy=attributes.get("Policy"), facts=fifo)
