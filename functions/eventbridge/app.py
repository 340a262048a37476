"""Target of a rule: takes an order that was placed, and announces on another bus that it was confirmed."""

import json
import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])


@cache
def events() -> Any:
    """The client, made on first use."""
    return boto3.client("events")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@event_source(data_class=EventBridgeEvent)
def handler(event: EventBridgeEvent, context: LambdaContext) -> None:
    """Confirm the order of `{"order": "…", "items": [{"price": 1, "quantity": 1}]}`."""
    order = str(event.detail["order"])
    total = sum(item["price"] * item["quantity"] for item in event.detail["items"])
    answer = events().put_events(
        Entries=[
            {
                "EventBusName": os.environ["BUS"],
                "Source": "rolecall.orders",
                "DetailType": "OrderConfirmed",
                "Detail": json.dumps({"order": order, "total": total}),
            }
        ]
    )
    if answer["FailedEntryCount"]:
        raise RuntimeError(f"order {order} was not announced: {answer['Entries'][0].get('ErrorCode')}")
    logger.info("confirmed", order=order, total=total)
    metrics.add_metric("OrdersConfirmed", MetricUnit.Count, 1)
