"""Event source mappings: what Lambda polls for a function, and where it sends what failed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.iam.arn import service_of_arn
from rolecall.model import MAPPINGS, Gap, Target, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.mapped import uses
from rolecall.triggers import polled

WHAT = MAPPINGS
"""`what` of every gap here."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One mapping: the function's ARN with its qualifier if it has one, and what the mapping means for it.

    `trigger` is None where what a role needs to poll such a source is not modelled: then `gap` says so.
    """

    function: str
    trigger: Trigger | None
    target: Target | None = None
    gap: Gap | None = None


def of_account(calls: Calls) -> tuple[Mapped, ...]:
    """All mappings of the region.

    Raises
    ------
    Refused : the list cannot be read to its end
    """
    return tuple(_mapped(calls.pages("lambda", "list_event_source_mappings", "EventSourceMappings")))


def of_function(calls: Calls, name: str) -> tuple[Mapped, ...]:
    """The mappings of a function (name), or of one of its aliases (`name:alias`).

    Raises
    ------
    Refused : the list cannot be read to its end; `absent` where the function does not exist
    """
    found = calls.pages("lambda", "list_event_source_mappings", "EventSourceMappings", FunctionName=name)
    return tuple(_mapped(found))


def _mapped(mappings: Iterable[Mapping[str, Any]]) -> Iterator[Mapped]:
    for each in mappings:
        source = each.get("EventSourceArn") or "self-managed"
        failure = each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        kind = polled(source)
        yield Mapped(
            function=each["FunctionArn"],
            trigger=_trigger(kind, source, each) if kind else None,
            target=Target("failure", failure) if failure else None,
            gap=None if kind else _unmodelled(source, each["FunctionArn"]),
        )


def _trigger(kind: str, source: str, each: Mapping[str, Any]) -> Trigger:
    patterns = sorted(one.get("Pattern", "") for one in each.get("FilterCriteria", {}).get("Filters", ()))
    said = (each.get("StateTransitionReason"), each.get("LastProcessingResult"))
    return Trigger(
        type=kind,
        source=source,
        id=each["UUID"],
        state=each.get("State", "Enabled"),
        reason="; ".join(filter(None, said)) or None,
        filter=json.dumps(patterns) if patterns else None,
        uses=tuple(uses(each)),
    )


def _unmodelled(source: str, function: str) -> Gap:
    service = service_of_arn(source) or source
    why = f"what a role needs to poll `{service}` is not modelled"
    return Gap(WHAT, why, None, ":".join(function.split(":")[:7]), mendable=False)
