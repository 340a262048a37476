"""Lambda's control plane: versions with code of their own, and the IAM actions of its calls."""

import json
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from sandbox import calls
from sandbox.hooks import module

Answer = tuple[int, dict[str, str], bytes]
# AWS Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda": those that differ.
ACTIONS: Mapping[str, str] = {
    "GetLayerVersionByArn": "GetLayerVersion",
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}


def complete(host: str) -> None:
    """Answer as Lambda does where ministack knows one version only; code is offered at the host."""
    functions, actions = module("ministack.services.lambda_svc"), module("ministack.core.iam_actions")
    functions._MINISTACK_HOST = host  # Of the places of code and layers: the name that the account is called by.
    functions.serve_function_code = _of_version(functions.serve_function_code)
    functions._list_functions = _with_versions(functions._list_functions)
    functions._list_versions = _numbered(functions._list_versions)
    for name in ("_get_function", "_get_function_config"):
        setattr(functions, name, _qualified(getattr(functions, name)))
    functions._list_esms = _of_qualifier(functions._list_esms)
    actions.extract_iam_action = _action(actions.extract_iam_action)


def _with_versions(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """ListFunctions with FunctionVersion=ALL: each function, then its versions."""

    def listed(query: Mapping[str, Any]) -> Answer:
        functions = module("ministack.services.lambda_svc")
        if functions._qp_first(query, "FunctionVersion") != "ALL":
            return plain(query)
        every = []
        for name in sorted(functions._functions.keys()):
            versions = functions._functions[name]["versions"]
            every.append(_named(functions._functions[name]["config"], "$LATEST"))
            every += [_named(versions[number]["config"], number) for number in sorted(versions, key=int)]
        start = int(functions._qp_first(query, "Marker") or 0)
        end = start + int(functions._qp_first(query, "MaxItems") or 50)
        more = {"NextMarker": str(end)} if end < len(every) else {}
        answer: Answer = functions.json_response({"Functions": every[start:end], **more})
        return answer

    return listed


def _named(configuration: dict[str, Any], qualifier: str) -> dict[str, Any]:
    """A configuration whose ARN has its qualifier; some of ministack's versions lack it."""
    unqualified = ":".join(configuration["FunctionArn"].split(":")[:7])
    return {**configuration, "FunctionArn": f"{unqualified}:{qualifier}"}


def _numbered(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """ListVersionsByFunction: every ARN has its version."""

    def listed(*arguments: Any, **more: Any) -> Answer:
        status, headers, body = plain(*arguments, **more)
        answer = json.loads(body)
        if status == 200:
            answer["Versions"] = [_named(each, each["Version"]) for each in answer["Versions"]]
        return status, headers, json.dumps(answer).encode()

    return listed


def _qualified(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """GetFunction and GetFunctionConfiguration: the ARN has the qualifier that was asked for."""

    def got(name: str, qualifier: str | None = None) -> Answer:
        status, headers, body = plain(name, qualifier)
        if status != 200 or not qualifier:
            return status, headers, body
        answer = json.loads(body)
        if "Configuration" in answer:
            _place(answer)
            answer["Configuration"] = _named(answer["Configuration"], qualifier)
        else:
            answer = _named(answer, qualifier)
        return status, headers, json.dumps(answer).encode()

    return got


def _place(answer: dict[str, Any]) -> None:
    """Let GetFunction lead to the code of the version that it speaks of; ministack's is that of the latest."""
    name, version = answer["Configuration"]["FunctionName"], answer["Configuration"]["Version"]
    if version.isdecimal() and (location := answer["Code"].get("Location")):
        answer["Code"]["Location"] = location.replace(f"/{name}?", f"/{name}:{version}?")


def _of_version(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """The code at the place that GetFunction tells, also where that names a version."""

    def served(name: str, account_id: str | None = None, region: str | None = None) -> Answer:
        function, _, version = name.partition(":")
        if not version:
            return plain(name, account_id, region)
        record = module("ministack.services.lambda_svc")._functions.get_scoped(account_id, region, function)
        found = record and record["versions"].get(version)
        if not found:
            return 404, {"Content-Type": "text/plain"}, b"Function version not found"
        return 200, {"Content-Type": "application/zip"}, found["code_zip"]

    return served


def _of_qualifier(plain: Callable[..., Answer]) -> Callable[..., Answer]:
    """ListEventSourceMappings of an alias or version: not those of the function's others."""

    def listed(query: Mapping[str, Any]) -> Answer:
        functions = module("ministack.services.lambda_svc")
        name = functions._qp_first(query, "FunctionName") or ""
        qualifier = functions._resolve_request_scoped_name_and_qualifier(name)[1]
        status, headers, body = plain(query)
        if status != 200 or not qualifier:
            return status, headers, body
        answer = json.loads(body)
        mappings = answer["EventSourceMappings"]
        answer["EventSourceMappings"] = [each for each in mappings if each["FunctionArn"].endswith(f":{qualifier}")]
        return status, headers, json.dumps(answer).encode()

    return listed


def _action(plain: Callable[..., str | None]) -> Callable[..., str | None]:
    """The action that a call needs, by the model of the API; ministack takes many calls for GetFunction."""

    def action(service: str, method: str, path: str, headers: Any, body: bytes, query: Mapping[str, Any]) -> str | None:
        request = calls.Request(method, path, urllib.parse.urlencode(query, doseq=True), {})
        name = calls.operation(request, "lambda") if service == "lambda" else ""
        return f"lambda:{ACTIONS.get(name, name)}" if name else plain(service, method, path, headers, body, query)

    return action
