"""Notified by a bucket: reads each object that arrives and writes a summary of it into another bucket."""

import hashlib
import json
import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import S3Event, event_source
from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])

CHUNK = 1024 * 1024  # bytes read at a time: an object of any size fits into the memory


@cache
def s3() -> Any:
    """The client, made on first use."""
    return boto3.client("s3")


@logger.inject_lambda_context
@tracer.capture_lambda_handler
@metrics.log_metrics
@event_source(data_class=S3Event)
def handler(event: S3Event, context: LambdaContext) -> None:
    """Summarise every object of the event."""
    for record in event.records:
        bucket, key = record.s3.bucket.name, record.s3.get_object.key
        summary = summarise(bucket, key)
        s3().put_object(Bucket=os.environ["SUMMARY_BUCKET"], Key=f"{key}.json", Body=json.dumps(summary))
        logger.info("summarised", bucket=bucket, bytes=summary["bytes"])
        metrics.add_metric("Summaries", MetricUnit.Count, 1)


def summarise(bucket: str, key: str) -> dict[str, str | int]:
    """Size, number of lines and SHA-256 of an object."""
    size, lines, digest = 0, 0, hashlib.sha256()
    for chunk in s3().get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(CHUNK):
        size += len(chunk)
        lines += chunk.count(b"\n")
        digest.update(chunk)
    return {"bucket": bucket, "key": key, "bytes": size, "lines": lines, "sha256": digest.hexdigest()}
