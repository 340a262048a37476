"""Calls: which API call a signed HTTP request makes, found with botocore's models of the services."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from sandbox import wire

SERVICES: Mapping[str, tuple[str, ...]] = {
    **{
        name: (name,) for name in ("cloudtrail", "cognito-idp", "config", "dynamodb", "events", "iam", "iot", "kinesis")
    },
    **{name: (name,) for name in ("kms", "lambda", "logs", "organizations", "pipes", "s3", "scheduler")},
    **{name: (name,) for name in ("secretsmanager", "ses", "sns", "sqs")},
    "apigateway": ("apigateway", "apigatewayv2"),
    "elasticloadbalancing": ("elbv2",),
    "monitoring": ("cloudwatch",),
}
"""Signing name -> models of botocore: the services whose calls are recorded."""
READS = re.compile(
    r"(Get|List|Describe|Head|Lookup|Search|Select|Simulate|Generate|BatchGet|Test|Filter|Start\w*Query)"
)
DATA: Mapping[str, re.Pattern[str]] = {
    "dynamodb": re.compile(r"(Put|Update|Delete)Item|BatchWriteItem|Query|Scan|Transact\w+|\w*Execute\w+"),
    "events": re.compile(r"Put(Partner)?Events"),
    "kinesis": re.compile(r"PutRecords?|SubscribeToShard"),
    "kms": re.compile(r"(De|En|ReEn)crypt|Sign|Verify(Mac)?|DeriveSharedSecret"),
    "lambda": re.compile(r"Invoke\w*|\w+Durable\w+"),
    "logs": re.compile(r"PutLogEvents|StopQuery"),
    "monitoring": re.compile(r"PutMetricData"),
    "s3": re.compile(r"DeleteObjects|CreateSession|WriteGetObjectResponse"),
    "ses": re.compile(r"Send\w+"),
    "sns": re.compile(r"Publish(Batch)?"),
    "sqs": re.compile(r"(Send|Delete|Receive)Message(Batch)?|ChangeMessageVisibility(Batch)?"),
}
"""Data events, and reads that are not named so: each service's own page on CloudTrail."""
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
VIRTUAL = re.compile(r"(.+)\.s3[.-].+")
REST = ("rest-json", "rest-xml")

Found = tuple[OperationModel, str, dict[str, Any]]
"""An operation, the protocol in which it was called, its parameters."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request without its body: the path percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def signed(self) -> tuple[str, str, str]:
        """Access key, region and signing name; all empty where nobody signed."""
        match = CREDENTIAL.search(self.headers.get("authorization", ""))
        return (match[1], match[2], match[3]) if match else ("", "", "")


@dataclass(frozen=True, slots=True)
class Call:
    """One API call of a service (its signing name). Parameters are named as in the model, those of S3 as sent."""

    service: str
    region: str
    access_key: str
    protocol: str
    operation: OperationModel
    parameters: dict[str, Any]


def may_be_recorded(request: Request) -> bool:
    """False where the request without its body shows a read or a data event, so that it can pass at once."""
    service = request.signed[2]
    if service not in SERVICES or request.method in ("GET", "HEAD"):
        return False
    if named := _named(request):
        return _is_recorded(service, named)
    if model(SERVICES[service][0]).metadata["protocol"] not in REST:
        return True
    routed = _routed(request, service)
    return routed is not None and _is_recorded(service, routed[0].name)


def call(request: Request, body: bytes) -> Call | None:
    """The call that a request makes, or None when it only reads, touches data, or is of another service."""
    key, region, service = request.signed
    if not may_be_recorded(request):
        return None
    found = _by_name(request, service, body) or _by_query(request, service, body) or _by_path(request, service, body)
    if found is None or not _is_recorded(service, found[0].name):
        return None
    operation, protocol, parameters = found
    return Call(service, region, key, protocol, operation, parameters)


def operation(request: Request, service: str) -> str:
    """The operation that a request of a REST service asks for by its path; empty where there is none."""
    routed = _routed(request, service)
    return routed[0].name if routed else ""


@cache
def model(name: str) -> ServiceModel:
    """botocore's model of a service."""
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def _is_recorded(service: str, operation: str) -> bool:
    data = DATA.get(service)
    return not READS.match(operation) and not (data and data.fullmatch(operation))


def _named(request: Request) -> str:
    """The operation that the header of a JSON protocol names."""
    return request.headers.get("x-amz-target", "").rpartition(".")[2]


def _by_name(request: Request, service: str, body: bytes) -> Found | None:
    name = _named(request)
    for known in map(model, SERVICES[service]):
        if name in known.operation_names:
            operation = known.operation_model(name)
            return operation, "json", wire.typed(operation.input_shape, wire.from_json(body))
    return None


def _by_query(request: Request, service: str, body: bytes) -> Found | None:
    """Of SQS this reads nothing: the model has no names of its old protocol any more."""
    for known in map(model, SERVICES[service]):
        if known.metadata["protocol"] == "query":
            sent = wire.from_texts(request.query, body.decode(errors="replace"))
            name = sent.get("Action")
            if name in known.operation_names and sent.get("Version") == known.metadata["apiVersion"]:
                operation = known.operation_model(name)
                return operation, "query", wire.typed(operation.input_shape, sent)
    return None


def _by_path(request: Request, service: str, body: bytes) -> Found | None:
    if (routed := _routed(request, service)) is None:
        return None
    operation, sent = routed
    texts = urllib.parse.parse_qs(request.query, keep_blank_values=True)
    protocol: str = operation.service_model.metadata["protocol"]
    if service == "s3":
        return operation, protocol, _of_bucket(request, operation.name, sent, texts, body)
    shape: Any = operation.input_shape
    payload = shape.serialization.get("payload") if shape else None
    given = wire.from_json(body)
    for member, each in shape.members.items() if shape else ():
        where, name = each.serialization.get("location"), each.serialization.get("name", member)
        if where == "querystring" and name in texts:
            sent[name] = texts[name] if each.type_name == "list" else texts[name][0]
        elif member == payload:
            sent[name] = given
        elif where is None and payload is None and name in given:
            sent[name] = given[name]
    return operation, protocol, wire.typed(shape, sent)


def _of_bucket(
    request: Request, operation: str, sent: dict[str, Any], texts: dict[str, list[str]], body: bytes
) -> dict[str, Any]:
    """Parameters as S3 records them: bucket, host, query, and the document of the body in its own words."""
    document = {"bucketPolicy": wire.from_json(body)} if operation == "PutBucketPolicy" else wire.from_xml(body)
    flags = {name: values[0] for name, values in texts.items()}
    return {"bucketName": sent["Bucket"], "Host": request.headers.get("host", "")} | flags | document


def _routed(request: Request, service: str) -> tuple[OperationModel, dict[str, Any]] | None:
    """The operation of a REST service, and the names in its path: the most exact one."""
    flags = set(urllib.parse.parse_qs(request.query, keep_blank_values=True))
    bucket = VIRTUAL.fullmatch(request.headers.get("host", "")) if service == "s3" else None
    path = f"/{bucket[1]}{request.path}" if bucket else request.path
    for method, pattern, names, wanted, operation in _routes(service):
        if method == request.method and wanted <= flags and (hit := pattern.fullmatch(path)):
            return operation, dict(zip(names, map(urllib.parse.unquote, hit.groups()), strict=True))
    return None


Route = tuple[str, re.Pattern[str], list[str], set[str], OperationModel]


@cache
def _routes(service: str) -> tuple[Route, ...]:
    """(HTTP method, path, names in it, flags in the query, operation), the most exact first.

    Objects of S3 have no routes: what concerns them are data events.
    """
    routes: list[Route] = []
    for operation in (known.operation_model(name) for known in _rest(service) for name in known.operation_names):
        path, _, query = operation.http["requestUri"].partition("?")
        if service == "s3" and "{Key+}" in path:
            continue
        parts = re.split(r"\{([\w-]+)(\+?)\}", path)
        pattern = re.escape(parts[0])
        for greedy, literal in zip(parts[2::3], parts[3::3], strict=True):
            pattern += f"({'.+' if greedy else '[^/]+'})" + re.escape(literal)
        flags = {flag.partition("=")[0] for flag in query.split("&") if flag}
        routes.append((operation.http["method"], re.compile(f"{pattern}/?"), parts[1::3], flags, operation))
    return tuple(sorted(routes, key=lambda route: (-len(route[3]), len(route[2]))))


def _rest(service: str) -> list[ServiceModel]:
    return [known for known in map(model, SERVICES[service]) if known.metadata["protocol"] in REST]
