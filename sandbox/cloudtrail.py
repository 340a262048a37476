"""CloudTrail: the record of one API call, made from its HTTP exchange."""

import json
import re
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import ResponseParserError, create_parser

# The calls of these services (by signing name) are recorded.
SERVICES = frozenset({"iam", "lambda"})
# Records of global services appear in this region only.
GLOBAL = {"iam": "us-east-1"}
READS = re.compile(r"^(Get|List|Describe|Head|Lookup|Search|Simulate|Generate)|^Invoke(Async|WithResponseStream)?$")
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
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


@dataclass(frozen=True, slots=True)
class Call:
    """One API call, read from its HTTP request. `parameters` are named as in the API model."""

    service: str
    region: str
    access_key: str
    operation: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP response to it; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def call(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Call | None:
    """The call that a request makes, or None when it is not of a recorded service or only reads."""
    signed = CREDENTIAL.search(headers.get("authorization", ""))
    if not signed or signed[3] not in SERVICES:
        return None
    key, region, service = signed.groups()
    if _model(service).metadata["protocol"] == "query":
        found = _query_call(service, query, body)
    else:
        found = _rest_call(service, method, path, query, body)
    if found is None or READS.match(found[0]):
        return None
    return Call(service, region, key, *found)


def record(call: Call, answer: Answer, *, account: str, identity: dict[str, Any], source_ip: str) -> dict[str, Any]:
    """The CloudTrail record of a call: names, members and masks as AWS writes them."""
    date = DATES.get(call.operation, "") if call.service == "lambda" else ""
    parsed = _parsed(call, answer)
    made: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.operation + date,
        "awsRegion": GLOBAL.get(call.service, call.region),
        "sourceIPAddress": source_ip,
        "userAgent": "sandbox",
        "requestParameters": _masked(_camel(call.parameters)) or None,
        "responseElements": None,
        "requestID": answer.headers.get("x-amzn-requestid") or str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    if answer.status < 300:
        made["responseElements"] = _masked(_camel(parsed)) or None
    else:
        error = parsed.get("Error", {})
        made |= {"errorCode": error.get("Code") or "UnknownError", "errorMessage": error.get("Message", "")}
    return made


def event(record: dict[str, Any]) -> dict[str, Any]:
    """The entry of PutEvents that carries a record."""
    source = f"aws.{record['eventSource'].split('.')[0]}"
    return {
        "Source": source,
        "DetailType": "AWS API Call via CloudTrail",
        "Resources": [],
        "Detail": json.dumps(record),
    }


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _routes(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """(HTTP method, path, operation) of a REST service."""
    routes = []
    for name in _model(service).operation_names:
        http = _model(service).operation_model(name).http
        parts = re.split(r"\{(\w+)(\+?)\}", http["requestUri"].partition("?")[0])
        pattern = re.escape(parts[0])
        for member, greedy, literal in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            pattern += f"(?P<{member}>{'.+' if greedy else '[^/]+'})" + re.escape(literal)
        routes.append((http["method"], re.compile(f"{pattern}/?"), name))
    return tuple(routes)


def _query_call(service: str, query: str, body: bytes) -> tuple[str, dict[str, Any]] | None:
    flat = dict(urllib.parse.parse_qsl(query)) | dict(urllib.parse.parse_qsl(body.decode(errors="replace")))
    name = flat.pop("Action", "")
    flat.pop("Version", None)
    return (name, _nested(flat)) if name in _model(service).operation_names else None


def _rest_call(service: str, method: str, path: str, query: str, body: bytes) -> tuple[str, dict[str, Any]] | None:
    for verb, pattern, name in _routes(service):
        if verb == method and (hit := pattern.fullmatch(path)):
            shape_of_input = _model(service).operation_model(name).input_shape
            members = shape_of_input.members if shape_of_input else {}
            in_query = {
                shape.serialization.get("name", member): member
                for member, shape in members.items()
                if shape.serialization.get("location") == "querystring"
            }
            found: dict[str, Any] = {member: urllib.parse.unquote(text) for member, text in hit.groupdict().items()}
            found |= {in_query[key]: text for key, text in urllib.parse.parse_qsl(query) if key in in_query}
            return name, found | _json(body)
    return None


def _nested(flat: dict[str, str]) -> dict[str, Any]:
    """The query protocol's flat names as a tree.

    >>> _nested({"RoleName": "r", "Tags.member.1.Key": "a"})
    {'RoleName': 'r', 'Tags': [{'Key': 'a'}]}
    """
    tree: dict[str, Any] = {}
    for name, text in flat.items():
        *path, last = name.split(".")
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node[last] = text
    folded: dict[str, Any] = _folded(tree)
    return folded


def _folded(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if set(node) == {"member"}:
        return [_folded(item) for _, item in sorted(node["member"].items(), key=lambda pair: int(pair[0]))]
    return {name: _folded(item) for name, item in node.items()}


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _parsed(call: Call, answer: Answer) -> dict[str, Any]:
    model = _model(call.service)
    parser = create_parser(model.metadata["protocol"])
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    try:
        shape: Any = model.operation_model(call.operation).output_shape  # None where there is no output
        parsed: dict[str, Any] = parser.parse(response, shape)
    except ResponseParserError:
        return {}
    parsed.pop("ResponseMetadata", None)
    return parsed


def _camel(value: Any) -> Any:
    """CloudTrail writes members with a small first letter, and no bytes."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if isinstance(value, bytes):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _masked(members: dict[str, Any]) -> dict[str, Any]:
    """Without what CloudTrail masks: code, and values of environment variables."""
    kept = {name: value for name, value in members.items() if name not in ("zipFile", "responseMetadata")}
    if isinstance(kept.get("code"), dict):
        kept["code"] = {name: value for name, value in kept["code"].items() if name != "zipFile"}
    if "environment" in kept:
        kept["environment"] = {}
    return kept
