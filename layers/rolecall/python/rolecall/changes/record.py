"""Records: what a CloudTrail record says was done, to what, and by whom."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.changes.change import Change, Skipped, partition
from rolecall.changes.names import forms
from rolecall.changes.paths import at, says_something, texts
from rolecall.changes.rows import LATER, ROWS, SOURCES, WATCHED, Row
from rolecall.changes.trace import trace

# Lambda's event names carry API dates, inconsistently: AddPermission20150331v2, PutFunctionEventInvokeConfig.
DATE = re.compile(r"\d{8}(v\d+)?$")
# The name in a name, partial ARN or ARN, with a qualifier or without: the patterns of Lambda's API model, in one.
NAME = re.compile(
    r"(?:(?:(?:arn:[\w-]+:lambda:(?P<region>[\w-]+):)?(?P<account>\d{12}):)?(?:function|layer):)?"
    r"(?P<name>[\w-]+)(?::(?P<qualifier>[^:]+))?"
)
# A function in longer text, such as the URI of an integration.
TARGET = re.compile(r"arn:[\w-]+:lambda:(?P<region>[\w-]+):(?P<account>\d{12}):function:(?P<name>[\w-]+)")
QUEUE_URL = re.compile(r"https?://[^/]+/(\d{12})/([\w.-]+)")
PLACEHOLDER = re.compile(r"{([^{}]+)}")
# The call that failed because it would have made the policy public changed nothing, but somebody tried.
TELLING_ERRORS = frozenset({"PublicPolicyException"})


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a call was made; empty where the record does not say."""

    account: str
    region: str

    def is_here(self, match: re.Match[str]) -> bool:
        """Is a function or layer of this account and region named? One without an ARN is."""
        named = match.groupdict()
        here = {"account": self.account, "region": self.region}
        return all(not value or named[part] in (None, value) for part, value in here.items())


def parse(event: object) -> Change | Skipped:
    """What an event of EventBridge (its decoded JSON) says. Never raises.

    >>> parse({"detail-type": "Scheduled Event"})
    Skipped(reason='no CloudTrail record', event_id=None, event_name=None)
    """
    record = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(record, dict) or not isinstance(record.get("eventName"), str):
        return Skipped("no CloudTrail record")
    name, event_id = record["eventName"], _text(record, "eventID")
    source = _text(record, "eventSource").partition(".")[0]
    key = SOURCES.get(source, source), DATE.sub("", name)
    reason = _irrelevant(record)
    if reason is None and key in LATER:
        reason = f"changes {LATER[key]}: the next sweep judges it"
    if reason is None and key not in ROWS:
        reason = "changes nothing that is audited"
    if reason is not None:
        return Skipped(reason, event_id, name)
    scene = Scene(_text(record, "recipientAccountId") or _text(event, "account"), _text(record, "awsRegion"))
    said = [(kind, *_said(record, kind, where, scene)) for kind, where in ROWS[key]]
    found = _found(said)
    silent = not any(heard for _, heard, _ in said)
    if not silent and not any(found.values()):
        return Skipped("names nothing that is audited", event_id, name)
    return Change(
        event_id=event_id,
        event_name=name,
        time=_text(record, "eventTime"),
        actor=_actor(record.get("userIdentity")),
        account=scene.account,
        region=scene.region,
        **found,
        everything=silent and key[0] != "cloudtrail",
        omitted=_leaves_out(record, ROWS[key], silent=silent),
        watch=key in WATCHED,
        trace=None if silent or record.get("errorCode") else trace(key, record),
    )


def _irrelevant(record: Mapping[str, Any]) -> str | None:
    """Why the record changed nothing, or None."""
    if record.get("readOnly") is True and not _is_service_event(record):
        return "a call that only reads"
    error = record.get("errorCode")
    if error and str(error) not in TELLING_ERRORS:
        return f"the call failed: {str(error)[:100]}"
    if any(str(value).lower() == "true" for value in at(record, "dryRun")):
        return "a dry run"
    return None


def _leaves_out(record: Mapping[str, Any], row: Row, *, silent: bool) -> bool:
    """Are the parameters missing that would say what was touched? What a service does by itself has none."""
    if not row or _is_service_event(record):
        return False
    return silent or any(value is True for value in at(record, "omitted"))


def _is_service_event(record: Mapping[str, Any]) -> bool:
    """Did a service do it by itself, without a call?"""
    return record.get("eventType") == "AwsServiceEvent"


def _said(record: Mapping[str, Any], kind: str, where: str, scene: Scene) -> tuple[bool, tuple[str, ...]]:
    """Whether the record holds what one part of a row asks for, and the names that it means here."""
    if kind == "things":
        arns = list(_filled(record, where, scene))
        return bool(arns), tuple(form for arn in arns for form in forms(arn))
    said = list(texts(record, where))
    if kind in ("functions", "layers"):
        matches = [match for text in said if (match := NAME.fullmatch(text))]
        return bool(said), tuple(match["name"] for match in matches if scene.is_here(match))
    if kind == "targets":
        matches = [match for text in said for match in TARGET.finditer(text)]
        return bool(matches), tuple(match["name"] for match in matches if scene.is_here(match))
    return bool(said), tuple(said)


def _found(said: list[tuple[str, bool, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """The names of each kind, each once, in their order; targets are functions too."""
    found: dict[str, dict[str, None]] = {}
    for kind, _, names in said:
        found.setdefault("functions" if kind == "targets" else kind, {}).update(dict.fromkeys(names))
    return {kind: tuple(names) for kind, names in found.items() if names}


def _filled(record: Mapping[str, Any], template: str, scene: Scene) -> Iterator[str]:
    """The ARNs that a template stands for: one per value of its last path, none where a path has no value."""
    known = {"partition": partition(scene.region), "region": scene.region, "account": scene.account}
    *first, last = [field for field in PLACEHOLDER.findall(template) if field not in known] or [""]
    values = {field: next(_values(record, field, scene), None) for field in first}
    if None in values.values():
        return
    for value in _values(record, last, scene) if last else [""][: says_something(record)]:
        if value.startswith("arn:") and not first:
            yield value
            continue
        parts = {field: _name(str(each)) for field, each in values.items()}
        yield _fill(template, {**known, **parts, last: value})


def _fill(template: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values[match[1]], template)


def _name(text: str) -> str:
    """The name in it: `eventBusName` may be the ARN of a bus."""
    return text.partition("/")[2] if text.startswith("arn:") else text


def _values(record: Mapping[str, Any], field: str, scene: Scene) -> Iterator[str]:
    """The values of a path in a template. The URL of a queue is its ARN, but for the words."""
    path, _, default = field.partition("=")
    defaults = [default] if default and says_something(record) else []
    for text in list(texts(record, path)) or defaults:
        url = QUEUE_URL.fullmatch(text)
        yield f"arn:{partition(scene.region)}:sqs:{scene.region}:{url[1]}:{url[2]}" if url else text


def _actor(identity: object) -> str:
    """Who called: an ARN where there is one, else the service or kind of identity."""
    if not isinstance(identity, dict):
        return "unknown"
    names = (identity.get(key) for key in ("arn", "invokedBy", "principalId", "type"))
    return next((name for name in names if isinstance(name, str) and name), "unknown")


def _text(record: object, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""
