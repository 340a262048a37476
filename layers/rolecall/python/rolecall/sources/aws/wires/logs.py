"""CloudWatch Logs: subscription filters of log groups and of the account (API Reference).

The source is the ARN that Logs calls with: that of the log group with `:*`, for an account's filter `log-group:*`.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Resource, Trigger
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.wires.wire import Wire, Wires, canonical, join, limit, look_up, several, walk_over
from rolecall.sources.decoded import decoded
from rolecall.triggers import functions_in


def named(calls: Calls, source: str) -> Wires:
    """The wires of a log group; of `log-group:*`, which stands for the account, those of its account-wide filters."""
    kind, _, rest = source.split(":", 5)[5].partition(":")
    name = rest.partition(":")[0]
    if kind != "log-group":
        return limit(f"`{source}` is no log group: what it invokes is not read")
    if name == "*":
        return join([_account(calls), several(source)])
    if is_wild(name):
        return several(source)
    return look_up(_arn(calls, name), lambda: _wires(calls, name))


def walk(calls: Calls) -> Wires:
    """Those of all log groups of the region, and the account's."""
    groups = calls.pages("logs", "describe_log_groups", "logGroups")
    return join([_account(calls), walk_over(groups, lambda group: _listed(calls, group))])


def _arn(calls: Calls, name: str) -> str:
    return f"arn:{calls.partition}:logs:{calls.region}:{calls.account}:log-group:{name}"


def _listed(calls: Calls, group: dict[str, Any]) -> Wires:
    name = group["logGroupName"]
    arn = _arn(calls, name)
    if group.get("logGroupClass", "STANDARD") != "STANDARD":  # The other classes have no subscription filters.
        return Wires(resources=(Resource(arn),))
    return look_up(arn, lambda: _wires(calls, name), listed=True)


def _wires(calls: Calls, name: str) -> Iterator[Wire]:
    source = f"{_arn(calls, name)}:*"
    for each in calls.pages("logs", "describe_subscription_filters", "subscriptionFilters", logGroupName=name):
        pattern = canonical({"pattern": each["filterPattern"]} if each.get("filterPattern") else None)
        for function in functions_in(each["destinationArn"]):
            yield Wire(function, Trigger("cloudwatch-logs", source, each["filterName"], filter=pattern))


def _account(calls: Calls) -> Wires:
    # `log-group:*` is no log group, so it neither exists nor not.
    return replace(look_up(_arn(calls, "*"), lambda: _account_wires(calls)), resources=())


def _account_wires(calls: Calls) -> Iterator[Wire]:
    policies = calls.pages(
        "logs", "describe_account_policies", "accountPolicies", policyType="SUBSCRIPTION_FILTER_POLICY"
    )
    for each in policies:
        document = decoded(each.get("policyDocument"))
        parts = {"pattern": document.get("FilterPattern"), "groups": each.get("selectionCriteria")}
        pattern = canonical({name: value for name, value in parts.items() if value})
        for function in functions_in(document.get("DestinationArn")):
            yield Wire(function, Trigger("cloudwatch-logs", _arn(calls, "*"), each["policyName"], filter=pattern))
