"""Loops: what a function may write to the source of one of its own triggers, so that it invokes itself."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.iam.policy import Statement
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function, Trigger
from rolecall.needs.grant import Grant, grant

WRITES: Mapping[str, tuple[str, ...]] = {
    "cloudwatch-logs": ("logs:PutLogEvents",),
    "dynamodb": ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"),
    "eventbridge": ("events:PutEvents",),
    "kinesis": ("kinesis:PutRecord", "kinesis:PutRecords"),
    "s3": ("s3:PutObject",),
    "sns": ("sns:Publish",),
    "sqs": ("sqs:SendMessage",),
}
"""Type of a trigger -> the actions that put something into its source (Service Authorization Reference)."""

CHANGES: Mapping[str, tuple[str, ...]] = {
    "INSERT": ("dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    "MODIFY": ("dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"),
    "REMOVE": ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem"),
}
"""eventName of a stream's record -> the actions that make one (DynamoDB Developer Guide, "Record")."""


@dataclass(frozen=True, slots=True)
class Loop:
    """One way in which a function may invoke itself.

    `actions` may write to `resource`, an example of what passes the filter; `statement` allows it. `is_sure` False:
    the filter looks at what is written, and what the function writes is not known.
    """

    trigger: Trigger
    actions: tuple[str, ...]
    resource: str
    statement: Statement
    held: Grant
    is_sure: bool


def loops(function: Function, account: Account) -> Iterator[Loop]:
    """The triggers of a function into whose source its role may write, filter included."""
    held = grant(function, account)
    if held is None:
        return
    seen = set[tuple[str, str | None]]()
    for trigger in function.triggers:
        if trigger.type not in WRITES or (trigger.source, trigger.filter) in seen:
            continue
        seen.add((trigger.source, trigger.filter))
        actions, is_sure = _passing(trigger)
        found = [made for action in actions if (made := _made(held, trigger, action, is_sure))]
        if found:
            together = tuple(each.actions[0] for each in found if each.statement == found[0].statement)
            yield Loop(trigger, together, found[0].resource, found[0].statement, held, is_sure)


def _made(held: Grant, trigger: Trigger, action: str, is_sure: bool) -> Loop | None:
    for resource in _written(held, trigger, action):
        verdict = held.allows(action, resource)
        if verdict.allowed and verdict.statements:
            return Loop(trigger, (action,), resource, verdict.statements[0], held, is_sure)
    return None


def _written(held: Grant, trigger: Trigger, action: str) -> Iterator[str]:
    """What would be written to, one example for each way in which statements name it."""
    source = trigger.source
    if is_unresolved(source):
        return
    if trigger.type == "dynamodb":
        yield source.partition("/stream/")[0]
    elif trigger.type == "kinesis":
        yield source.partition("/consumer/")[0]
    elif trigger.type == "eventbridge":
        head, _, rest = source.partition(":rule/")
        yield f"{head}:event-bus/{rest.rpartition('/')[0] or 'default'}"
    elif trigger.type == "cloudwatch-logs":
        yield f"{source.removesuffix(':*')}:log-stream:x"
    elif trigger.type == "s3":
        yield from _keys(held, trigger, action)
    else:
        yield source


def _keys(held: Grant, trigger: Trigger, action: str) -> Iterator[str]:
    """Objects that pass the notification's filter."""
    parts = _object(trigger.filter)
    wanted = f"{trigger.source}/{parts.get('prefix', '')}*{parts.get('suffix', '')}"
    yield wanted.replace("*", "x")
    for statement in held.statements_allowing(action, wanted):
        for each in statement.resources:
            text = each.replace("*", "x").replace("?", "x") if is_wild(each) else each
            for written in (text, _joined(each, parts)):
                if written and matches(wanted, written):
                    yield written


def _joined(pattern: str, parts: Mapping[str, Any]) -> str | None:
    """A key of the pattern with the wanted end, where the pattern is open there."""
    if not pattern.endswith("*"):
        return None
    return pattern[:-1].replace("*", "x").replace("?", "x") + "x" + str(parts.get("suffix", ""))


def _passing(trigger: Trigger) -> tuple[tuple[str, ...], bool]:
    """The actions whose writes can pass the filter, and whether that is sure whatever they write."""
    actions = WRITES[trigger.type]
    if trigger.type == "s3":
        return actions, not is_unresolved(trigger.filter or "")
    if trigger.type == "eventbridge":
        pattern = _object(trigger.filter)
        sources = pattern.get("source")
        of_aws = isinstance(sources, list) and bool(sources) and all(str(each).startswith("aws.") for each in sources)
        # A schedule takes no events, and nobody but AWS puts events of `aws.…` (EventBridge API, PutEvents).
        return (() if not pattern or of_aws else actions), False
    if not trigger.filter:
        return actions, True
    if trigger.type == "dynamodb":
        return _of_stream(trigger.filter, actions)
    return actions, False


def _of_stream(text: str, actions: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """A filter by eventName alone is decided; one of its patterns is enough to pass."""
    passing, is_sure = set[str](), False
    for pattern in _list(text):
        told = _object(pattern)
        names = told.get("eventName")
        if not isinstance(names, list):
            return actions, False
        passing |= {action for name in names for action in CHANGES.get(str(name), actions)}
        is_sure = is_sure or set(told) == {"eventName"}
    return tuple(action for action in actions if action in passing), is_sure


def _object(text: str | None) -> dict[str, Any]:
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _list(text: str) -> list[str]:
    try:
        told = json.loads(text)
    except ValueError:
        return []
    return [str(each) for each in told] if isinstance(told, list) else []
