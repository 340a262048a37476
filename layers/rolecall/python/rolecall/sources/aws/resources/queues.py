"""SQS queues."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading
from rolecall.sources.decoded import decoded
from rolecall.sources.redrive import redriven


def read(reading: Reading) -> Resource:
    """Key, policy and facts (`fifo`, `dead-letter`, `redrive`) of a queue: one call."""
    calls, arn = reading.calls, reading.arn
    # GetQueueUrl would be a call more. Only the path of the URL tells SQS which queue is meant.
    url = f"{calls.client('sqs').meta.endpoint_url}/{arn.account}/{arn.resource}"
    # By name, SQS refuses FifoQueue of a standard queue.
    answer = reading.part(
        "queue", lambda: calls.ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    )
    attributes = (answer or {}).get("Attributes", {})
    facts = [("fifo", "true")] if attributes.get("FifoQueue") == "true" else []
    facts += redriven(decoded(attributes.get("RedrivePolicy")), decoded(attributes.get("RedriveAllowPolicy")))
    return reading.resource(
        key=attributes.get("KmsMasterKeyId"), policy=attributes.get("Policy"), facts=tuple(sorted(facts))
    )
