"""Config: rules whose owner is a function (API Reference, Source)."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Resource, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.wire import (
    Wire,
    Wires,
    enabled,
    join,
    limit,
    look_up,
    several,
    until_refused,
    walk_over,
)


def named(calls: Calls, source: str) -> Wires:
    """The wires of a rule: `config-rule/ID`. Config finds rules by name only, so all are listed."""
    if not source.split(":", 5)[5].startswith("config-rule/"):
        return limit(f"`{source}` is no rule of Config: what it invokes is not read")
    if is_wild(source):
        return several(source)
    gaps: list[Gap] = []
    found = [_read(rule) for rule in until_refused(_rules(calls), gaps) if rule["ConfigRuleArn"] == source]
    absent = Wires(resources=(Resource(source, exists=False),))
    return join([*found, Wires(gaps=tuple(gaps))] if found or gaps else [absent])


def walk(calls: Calls) -> Wires:
    """Those of all rules of the region."""
    return walk_over(_rules(calls), _read)


def _rules(calls: Calls) -> Iterator[Any]:
    return calls.pages("config", "describe_config_rules", "ConfigRules")


def _read(rule: dict[str, Any]) -> Wires:
    return look_up(rule["ConfigRuleArn"], lambda: _wires(rule))


def _wires(rule: dict[str, Any]) -> Iterator[Wire]:
    if rule["Source"]["Owner"] == "CUSTOM_LAMBDA":
        state = enabled(rule.get("ConfigRuleState", "ACTIVE") in ("ACTIVE", "EVALUATING"))
        yield Wire(
            rule["Source"]["SourceIdentifier"], Trigger("config", rule["ConfigRuleArn"], rule["ConfigRuleName"], state)
        )
