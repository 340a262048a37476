"""CloudTrail: the record of one API call, as AWS writes it.

Shapes of IAM, Lambda, S3 and API Gateway (HTTP) follow published records. Those of the other services are the API
model's own names with a small first letter, which is how every published record looks, but were not compared with one.
"""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.parsers import ResponseParserError, create_parser

from sandbox.calls import Call

MOST = 100 * 1024  # bytes of parameters: AWS CloudTrail User Guide, "CloudTrail record contents"
# Records of global services appear in this region only.
GLOBAL = {"iam": "us-east-1", "organizations": "us-east-1"}
# Lambda's event names carry API dates: AWS Lambda Developer Guide, "Logging Lambda API calls using CloudTrail".
DATES = {
    **dict.fromkeys(
        (
            "CreateAlias",
            "CreateEventSourceMapping",
            "CreateFunction",
            "DeleteAlias",
            "DeleteEventSourceMapping",
            "DeleteFunction",
            "PublishVersion",
            "UpdateAlias",
            "UpdateEventSourceMapping",
        ),
        "20150331",
    ),
    **dict.fromkeys(
        ("AddPermission", "RemovePermission", "UpdateFunctionCode", "UpdateFunctionConfiguration"), "20150331v2"
    ),
    **dict.fromkeys(("DeleteFunctionConcurrency", "PutFunctionConcurrency"), "20171031"),
    **dict.fromkeys(("TagResource", "UntagResource"), "20170331v2"),
    **dict.fromkeys(
        (
            "AddLayerVersionPermission",
            "DeleteLayerVersion",
            "PublishLayerVersion",
            "RemoveLayerVersionPermission",
        ),
        "20181031",
    ),
}
NAMES: Mapping[tuple[str, str], str] = {
    **{("lambda", operation): operation + date for operation, date in DATES.items()},
    ("s3", "PutBucketLifecycleConfiguration"): "PutBucketLifecycle",
    ("s3", "PutBucketNotificationConfiguration"): "PutBucketNotification",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "DeletePublicAccessBlock"): "DeleteBucketPublicAccessBlock",
}
"""(service, operation) -> event name, where it is not the operation's. S3: Amazon S3 User Guide, "Amazon S3 CloudTrail
events"."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP response to a call; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def record(call: Call, answer: Answer, *, account: str, identity: dict[str, Any], source_ip: str) -> dict[str, Any]:
    """The CloudTrail record of a call: names, members and masks as AWS writes them."""
    parsed = _parsed(call, answer)
    request = answer.headers.get("x-amzn-requestid") or str(uuid.uuid4())
    made: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": NAMES.get((call.service, call.operation.name), call.operation.name),
        "awsRegion": GLOBAL.get(call.service, call.region),
        "sourceIPAddress": source_ip,
        "userAgent": "sandbox",
        "requestParameters": _fitting(_parameters(call)) or None,
        "responseElements": None,
        "requestID": request,
        "eventID": event_id(request),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if answer.status < 300:
        made["responseElements"] = _written(call.operation.output_shape, parsed) or None
        return made
    error = parsed.get("Error", {})
    made |= {"errorCode": error.get("Code") or "UnknownError", "errorMessage": error.get("Message", "")}
    if made["errorCode"].startswith("AccessDenied"):
        made["requestParameters"] = None
    return made


def event_id(request: str) -> str:
    """The id of a request's record. AWS draws one; here the caller, who knows the request's id, can tell it."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, request))


def event(record: dict[str, Any]) -> dict[str, Any]:
    """The entry of PutEvents that carries a record."""
    source = f"aws.{record['eventSource'].split('.')[0]}"
    return {
        "Source": source,
        "DetailType": "AWS API Call via CloudTrail",
        "Resources": [],
        "Detail": json.dumps(record),
    }


def _parameters(call: Call) -> dict[str, Any]:
    if call.service == "s3":
        return call.parameters
    shape: Any = call.operation.input_shape
    written: dict[str, Any] = _written(shape, call.parameters)
    if call.operation.service_model.service_name != "apigateway":
        return written
    # REST APIs are recorded apart from all others: what is in the path stays, the body is one member.
    placed = {_small(name) for name, each in shape.members.items() if each.serialization.get("location")}
    body = {name: value for name, value in written.items() if name not in placed}
    path = {name: value for name, value in written.items() if name in placed}
    return path | ({f"{_small(call.operation.name)}Input": body} if body else {}) | {"template": False}


def _fitting(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters, or what stands in the place of those that are too large."""
    size = len(json.dumps(parameters))
    too_large = {"reason": "requestParameters too large", "omitted": True, "originalSize": size}
    return too_large if size > MOST else parameters


def _parsed(call: Call, answer: Answer) -> dict[str, Any]:
    parser = create_parser(call.protocol)
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    try:
        shape: Any = call.operation.output_shape  # None where there is no output
        parsed: dict[str, Any] = parser.parse(response, shape)
    except ResponseParserError:
        return {}
    parsed.pop("ResponseMetadata", None)
    return parsed


def _written(shape: Any, value: Any) -> Any:
    """CloudTrail writes members with a small first letter, keys of maps as they are, no bytes, and leaves out what
    the model calls sensitive: code, values of environment variables, secrets."""
    if shape is not None and shape.type_name == "structure" and isinstance(value, dict):
        known = {name: each for name, each in shape.members.items() if not each.metadata.get("sensitive")}
        return {_small(name): _written(known[name], item) for name, item in value.items() if name in known}
    if shape is not None and shape.type_name == "map" and isinstance(value, dict):
        return {key: _written(shape.value, item) for key, item in value.items()}
    if shape is not None and shape.type_name == "list" and isinstance(value, list):
        return [_written(shape.member, item) for item in value]
    if isinstance(value, bytes) or shape is None:
        return None
    return value if isinstance(value, str | int | float | bool | dict | list | None) else str(value)


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
