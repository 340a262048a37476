"""Powertools' event classes: which part of the event each property is.

Source: Powertools for AWS Lambda (Python), "Event source data classes"; a property is the key of the event in snake
case unless it stands here.
"""

RECORD_HANDLER = "record_handler"
"""The argument of the batch utility that is called with each record."""

EVENTS = frozenset({"current_event", "raw_event"})

DICT_METHODS = frozenset(
    {
        "copy", "decode", "dict", "encode", "endswith", "format", "get", "get_header_value", "get_query_string_value",
        "items", "join", "keys", "lower", "lstrip", "model_dump", "pop", "read", "replace", "rsplit", "rstrip",
        "setdefault", "split", "startswith", "strip", "upper", "values",
    }
)  # fmt: skip

_PATHS = {
    "records": "Records", "record": "Records", "bucket_name": "Records.s3.bucket.name",
    "object_key": "Records.s3.object.key", "get_object": "object", "json_body": "body", "decoded_body": "body",
    "sns": "Sns", "sns_message": "Records.Sns.Message", "message": "Message", "subject": "Subject", "keys": "Keys",
    "new_image": "NewImage", "old_image": "OldImage", "detail_type": "detail-type", "data_as_text": "data",
    "data_as_json": "data", "data_as_bytes": "data", "raw_event": "", "_data": "", "event_source": "eventSource",
    "event_source_arn": "eventSourceARN", "aws_region": "awsRegion", "version_id": "versionId", "etag": "eTag",
    "message_id": "messageId", "receipt_handle": "receiptHandle", "message_attributes": "messageAttributes",
}  # fmt: skip


def path(name: str) -> str:
    """The part of the event that a property stands for.

    >>> path("records"), path("query_string_parameters"), path("raw_event")
    ('Records', 'queryStringParameters', '')
    """
    if name in _PATHS:
        return _PATHS[name]
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail) if head else name
