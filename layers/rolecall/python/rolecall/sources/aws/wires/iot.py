"""IoT: functions that topic rules invoke (API Reference, TopicRule; Developer Guide, SQL function `aws_lambda`)."""

import re
from collections.abc import Iterator
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.wire import Wire, Wires, canonical, enabled, limit, look_up, refusal, several, walk_over
from rolecall.triggers import functions_in


def named(calls: Calls, source: str) -> Wires:
    """The wires of a topic rule: `rule/NAME`."""
    kind, _, name = source.split(":", 5)[5].partition("/")
    if kind != "rule":
        return limit(f"`{source}` is no topic rule: what it invokes is not read")
    if is_wild(name):
        return several(source)
    read = look_up(source, lambda: _wires(calls, source, name))
    # IoT says of a rule that does not exist that access to it is denied; the list tells the two apart.
    if all(gap.why != "UnauthorizedException" for gap in read.gaps):
        return read
    try:
        exists = name in {rule["ruleName"] for rule in _rules(calls)}
    except Refused as refused:
        return Wires(gaps=(*read.gaps, refusal(refused)))
    return read if exists else Wires(resources=(Resource(source, exists=False),))


def walk(calls: Calls) -> Wires:
    """Those of all topic rules of the region."""
    return walk_over(_rules(calls), lambda rule: _listed(calls, rule["ruleName"]))


def _rules(calls: Calls) -> Iterator[Any]:
    return calls.pages("iot", "list_topic_rules", "rules")


def _listed(calls: Calls, name: str) -> Wires:
    arn = f"arn:{calls.partition}:iot:{calls.region}:{calls.account}:rule/{name}"
    return look_up(arn, lambda: _wires(calls, arn, name), listed=True)


def _wires(calls: Calls, arn: str, name: str) -> Iterator[Wire]:
    rule = calls.ask("iot", "get_topic_rule", ruleName=name)["rule"]
    actions = (*rule.get("actions", ()), rule.get("errorAction", {}))
    state, sql = enabled(not rule.get("ruleDisabled")), rule.get("sql", "")
    # SQL may call a function too: `SELECT aws_lambda("ARN", …)`, in which a name ends at the quote.
    texts = [*(each.get("lambda", {}).get("functionArn") for each in actions), *re.split("['\"]", sql)]
    for function in functions_in(texts):
        yield Wire(function, Trigger("iot", arn, name, state, filter=canonical({"sql": sql})))
