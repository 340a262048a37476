"""Fed by a queue: writes each order into a table; what fails goes back to the queue alone."""

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])
processor = BatchProcessor(event_type=EventType.SQS)


@cache
def table() -> Any:
    """The table, opened on first use."""
    return boto3.resource("dynamodb").Table(os.environ["TABLE"])


def store(record: SQSRecord) -> None:
    """Write the order of one message: `{"order": "…", "items": 2}`."""
    order = record.json_body
    table().put_item(Item={"order": str(order["order"]), "items": int(order["items"])})
    logger.info("stored", order=order["order"])


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Store a batch; names the messages that failed, so that only they come again."""
    metrics.add_metric("Batches", MetricUnit.Count, 1)
    return process_partial_response(event=event, record_handler=store, processor=processor, context=context)
