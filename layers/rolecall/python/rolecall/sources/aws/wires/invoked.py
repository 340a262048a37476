"""Functions as callers of the Invoke API name them, in definitions and inputs of targets."""

import re
from collections.abc import Iterator
from typing import Any

from rolecall.sources.aws.calls import Calls
from rolecall.triggers import functions_in

NAME = re.compile(r"(?:(?P<account>\d{12}):function:)?(?P<name>[\w-]+)(?::(?P<qualifier>[\w$-]+))?")


def named_function(calls: Calls, arguments: dict[str, Any]) -> str | None:
    """The ARN of the function in the arguments of an Invoke; None where it is computed when it runs.

    A FunctionName is a name, a partial ARN or an ARN, with a qualifier or without (Lambda API Reference, Invoke).
    """
    name, qualifier = arguments.get("FunctionName"), arguments.get("Qualifier")
    if not isinstance(name, str) or "Qualifier.$" in arguments:
        return None
    if qualifier is not None and (not isinstance(qualifier, str) or qualifier.startswith("{%")):
        return None
    arn = next(functions_in(name), None) or _whole(calls, name)
    return f"{arn}:{qualifier}" if arn and qualifier else arn


def _whole(calls: Calls, name: str) -> str | None:
    found = NAME.fullmatch(name)
    if not found:
        return None
    account, qualifier = found["account"] or calls.account, found["qualifier"]
    arn = f"arn:{calls.partition}:lambda:{calls.region}:{account}:function:{found['name']}"
    return f"{arn}:{qualifier}" if qualifier else arn


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object within a value, itself included."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
