"""Policies of functions and layer versions: a whole document each, written at once or by single statements.

ministack keeps the statements of all qualifiers of a function in one document, and tells them apart by their resource.
A document that is written whole may name any resource, so here each qualifier has its own, by ARN.
"""

import functools
import json
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.hooks import module

Answer = tuple[int, dict[str, str], bytes]
Document = dict[str, Any]
LAMBDA = "ministack.services.lambda_svc"
WHOLE = "/resource-policy/"
LIMIT = 20_480  # characters: Lambda API Reference, "PutResourcePolicy"
PARTNERS = ("alexa-appkit.amazon.com", "alexa-connectedhome.amazon.com")


def complete() -> None:
    """Answer as Lambda does where ministack knows single statements, and names of layers, only."""
    functions, actions = module(LAMBDA), module("ministack.core.iam_actions")
    functions._get_policy = _told(functions._get_policy)
    functions._add_permission = _apart(functions._add_permission)
    functions._remove_permission = _apart(functions._remove_permission)
    functions.function_policy_for_arn = _of_arn(functions.function_policy_for_arn)
    functions.handle_request = _with_whole(functions.handle_request)
    functions._find_layer_version = _by_arn(functions._find_layer_version)
    actions.extract_resource_arn = _resource(actions.extract_resource_arn)


def of(arn: str) -> Document | None:
    """The policy of a function or one of its qualifiers, as both are named by this ARN; None where it has none."""
    return _kept(arn.split(":")[6]).get(arn)


def _kept(name: str) -> dict[str, Document]:
    """The policies of a function and its qualifiers, by ARN."""
    record = module(LAMBDA)._functions.get(name)
    kept: dict[str, Document] = {} if record is None else record.setdefault("policies", {})
    return kept


def _told(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """GetPolicy: the policy of this qualifier; 404 where it has none."""

    def got(name: str, query: Any = None, path_qualifier: str | None = None) -> Answer:
        functions = module(LAMBDA)
        qualifier = functions._qualifier_from_path_or_query(path_qualifier, query)
        if functions._validate_function_qualifier_exists(name, qualifier):
            return plain(name, query, path_qualifier)
        return _answer(functions._policy_resource_arn(name, qualifier))

    return got


def _answer(arn: str) -> Answer:
    functions, policy = module(LAMBDA), of(arn)
    answer: Answer
    if policy is None:
        missing = "The resource you requested does not exist."
        answer = functions.error_response_json("ResourceNotFoundException", missing, 404)
    else:
        text = json.dumps(policy)
        answer = functions.json_response({"Policy": text, "RevisionId": _revision(text)})
    return answer


def _revision(text: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, text))


def _apart(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """AddPermission and RemovePermission: of the policy of one qualifier, and of no other."""

    def changed(name: str, what: Any, query: Any = None, path_qualifier: str | None = None) -> Answer:
        functions = module(LAMBDA)
        if name not in functions._functions:
            return plain(name, what, query, path_qualifier)
        arn = functions._policy_resource_arn(name, functions._qualifier_from_path_or_query(path_qualifier, query))
        with _lent(functions._functions[name], arn) as policy:
            status, headers, body = plain(name, what, query, path_qualifier)
            answered = json.loads(body or b"{}")
            if status == 201 and what.get("Principal") in PARTNERS:
                policy["Statement"][-1]["Principal"] = {"Service": what["Principal"]}
                answered["Statement"] = json.dumps(policy["Statement"][-1])
                body = json.dumps(answered).encode()
        return status, headers, body

    return changed


@contextmanager
def _lent(record: dict[str, Any], arn: str) -> Iterator[Document]:
    """A function whose one policy is, for a while, that of a qualifier."""
    kept, empty = record.setdefault("policies", {}), record["policy"]
    record["policy"] = policy = kept.pop(arn, None) or {**empty, "Statement": []}
    try:
        yield policy
    finally:
        if policy["Statement"]:
            kept[arn] = policy
        record["policy"] = empty


def _of_arn(plain: Callable[[str], tuple[Document, str] | None]) -> Callable[[str], tuple[Document, str] | None]:
    """The policy that decides on a call, and its account."""

    def found(arn: str) -> tuple[Document, str] | None:
        known = plain(arn)
        return known and (of(arn) or known[0], known[1])

    return found


def _with_whole(plain: Callable[..., Any]) -> Callable[..., Any]:
    """GetResourcePolicy, PutResourcePolicy and DeleteResourcePolicy, which ministack does not know."""

    @functools.wraps(plain)
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
        if WHOLE not in path:
            return await plain(method, path, headers, body, query)
        arn = urllib.parse.unquote(path.partition(WHOLE)[2])
        functions = module(LAMBDA)
        name, qualifier = functions._resolve_request_scoped_name_and_qualifier(arn)
        if refused := functions._validate_function_qualifier_exists(name, qualifier):
            return refused
        if method == "GET":
            return _answer(arn)
        if method == "PUT":
            return _put(arn, json.loads(body))
        return _deleted(arn, functions._qp_first(query, "RevisionId"))

    return handle


def _put(arn: str, asked: dict[str, Any]) -> Answer:
    """Replace a policy, whoever wrote what was there."""
    if refused := _outdated(arn, asked.get("RevisionId")) or _invalid(asked["Policy"]):
        return refused
    _kept(arn.split(":")[6])[arn] = json.loads(asked["Policy"])
    return _answer(arn)


def _deleted(arn: str, revision: str | None) -> Answer:
    if of(arn) is None:
        return _answer(arn)
    if refused := _outdated(arn, revision):
        return refused
    del _kept(arn.split(":")[6])[arn]
    return 204, {}, b""


def _invalid(text: str) -> Answer | None:
    """Why a text cannot be a policy."""
    functions, answer = module(LAMBDA), None
    if len(text) > LIMIT:
        answer = functions.error_response_json("PolicyLengthExceededException", "The policy is too long.", 400)
    else:
        try:
            statements = json.loads(text)["Statement"]
        except (ValueError, TypeError, KeyError):
            statements = None
        if not isinstance(statements, list):
            said = "The policy is not a document with a list of statements."
            answer = functions.error_response_json("InvalidParameterValueException", said, 400)
    return answer


def _outdated(arn: str, revision: str | None) -> Answer | None:
    if not revision or ((policy := of(arn)) and revision == _revision(json.dumps(policy))):
        return None
    said = "The RevisionId provided does not match the latest one: get the policy to know it."
    refused: Answer = module(LAMBDA).error_response_json("PreconditionFailedException", said, 412)
    return refused


def _by_arn(plain: Callable[..., Any]) -> Callable[..., Any]:
    """A version of a layer, by the layer's name or ARN."""

    def found(layer: str, *others: Any, **more: Any) -> Any:
        return plain(layer.rpartition(":layer:")[2], *others, **more)

    return found


def _resource(plain: Callable[..., str]) -> Callable[..., str]:
    """The resource that a call is about: the ARN in the path of a policy that is written whole."""

    def resource(service: str, method: str, path: str, *others: Any) -> str:
        if service == "lambda" and WHOLE in path:
            return urllib.parse.unquote(path.partition(WHOLE)[2])
        return plain(service, method, path, *others)

    return resource
