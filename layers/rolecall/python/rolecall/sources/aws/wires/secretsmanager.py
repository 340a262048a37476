"""Secrets Manager: functions that rotate secrets (API Reference, DescribeSecret)."""

import re
from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.wire import Wire, Wires, enabled, look_up, refusal, several, walk_over
from rolecall.triggers import functions_in

SUFFIX = re.compile(r"-(?:\?{6}|\*)$")
"""Stands for the six characters that Secrets Manager adds to a secret's name."""


def named(calls: Calls, source: str) -> Wires:
    """The wires of a secret: `secret:NAME-SUFFIX`, where the suffix may be a wildcard."""
    secret = SUFFIX.sub("", source)
    if is_wild(secret):
        return several(source)
    asked = secret if secret == source else secret.split(":", 6)[-1]
    try:
        answer = calls.ask("secretsmanager", "describe_secret", SecretId=asked)
    except Refused as refused:
        if refused.absent:
            return Wires(resources=(Resource(source, exists=False),))
        return Wires(gaps=(refusal(refused),))
    return _read(answer)


def walk(calls: Calls) -> Wires:
    """Those of all secrets of the region."""
    return walk_over(calls.pages("secretsmanager", "list_secrets", "SecretList", IncludePlannedDeletion=True), _read)


def _read(secret: dict[str, Any]) -> Wires:
    return look_up(secret["ARN"], lambda: _wires(secret))


def _wires(secret: dict[str, Any]) -> Iterator[Wire]:
    state = enabled(bool(secret.get("RotationEnabled")) and "DeletedDate" not in secret)
    for function in functions_in(secret.get("RotationLambdaARN")):
        yield Wire(function, Trigger("secretsmanager", secret["ARN"], secret["Name"], state))
