"""SES: functions that receipt rules invoke (API Reference, LambdaAction). Only the active rule set is at work."""

from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Trigger
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
    """The wires of a receipt rule: `receipt-rule-set/SET:receipt-rule/RULE`."""
    first, _, second = source.split(":", 5)[5].partition(":")
    (kind, _, rules), (subkind, _, name) = first.partition("/"), second.partition("/")
    if (kind, subkind) != ("receipt-rule-set", "receipt-rule"):
        return limit(f"`{source}` is no receipt rule: what it invokes is not read")
    if is_wild(source):
        return several(source)

    def said() -> Iterator[Wire]:
        rule = calls.ask("ses", "describe_receipt_rule", RuleSetName=rules, RuleName=name)["Rule"]
        yield from _wires(source, rule, rules == _active(calls))

    return look_up(source, said)


def walk(calls: Calls) -> Wires:
    """Those of all receipt rules of the region."""
    gaps: list[Gap] = []
    sets = [each["Name"] for each in until_refused(calls.pages("ses", "list_receipt_rule_sets", "RuleSets"), gaps)]
    listing = until_refused(_rules(calls, sets), gaps)
    return join([walk_over(listing, lambda each: _listed(*each)), Wires(gaps=tuple(gaps))])


def _rules(calls: Calls, sets: list[str]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    active = _active(calls) if sets else None
    for name in sets:
        for rule in calls.ask("ses", "describe_receipt_rule_set", RuleSetName=name).get("Rules", ()):
            arn = f"arn:{calls.partition}:ses:{calls.region}:{calls.account}:receipt-rule-set/{name}"
            yield f"{arn}:receipt-rule/{rule['Name']}", rule, name == active


def _active(calls: Calls) -> str | None:
    name: str | None = calls.ask("ses", "describe_active_receipt_rule_set").get("Metadata", {}).get("Name")
    return name


def _listed(arn: str, rule: dict[str, Any], active: bool) -> Wires:
    return look_up(arn, lambda: _wires(arn, rule, active))


def _wires(arn: str, rule: dict[str, Any], active: bool) -> Iterator[Wire]:
    for action in rule.get("Actions", ()):
        if "LambdaAction" in action:
            state = enabled(active and bool(rule.get("Enabled")))
            yield Wire(action["LambdaAction"]["FunctionArn"], Trigger("ses", arn, rule["Name"], state))
