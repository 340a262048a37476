"""The wire of the EventBridge function: its rule's target, and the permission that lets the rule in."""

import json
from typing import Any

from sandbox.stack import Stack

ALIAS = "live"


class Wire:
    """What is taken apart is put back as it was."""

    def __init__(self) -> None:
        self._permission: dict[str, str] = {}
        self._rule: dict[str, str] = {}
        self._target: dict[str, Any] = {}

    def unguard(self, stack: Stack) -> None:
        """Let every rule of every account in."""
        self._take_permission(stack)
        kept = {name: value for name, value in self._permission.items() if name != "SourceArn"}
        stack.client("lambda").add_permission(FunctionName=stack.arn("EventBridge"), **kept)

    def guard(self, stack: Stack) -> None:
        client, arn = stack.client("lambda"), stack.arn("EventBridge")
        client.remove_permission(FunctionName=arn, StatementId=self._permission["StatementId"])
        self.let_in(stack)

    def keep_out(self, stack: Stack) -> None:
        """Leave the trigger without its permission."""
        self._take_permission(stack)

    def let_in(self, stack: Stack) -> None:
        stack.client("lambda").add_permission(FunctionName=stack.arn("EventBridge"), **self._permission)

    def cut(self, stack: Stack) -> None:
        """Leave the permission without its trigger."""
        self._find_target(stack)
        stack.client("events").remove_targets(**self._rule, Ids=[self._target["Id"]])

    def connect(self, stack: Stack) -> None:
        stack.client("events").put_targets(**self._rule, Targets=[self._target])

    def move(self, stack: Stack) -> None:
        """Lead the trigger to an alias; the permission stays on the function."""
        client, arn = stack.client("lambda"), stack.arn("EventBridge")
        self._find_target(stack)
        version = client.publish_version(FunctionName=arn)["Version"]
        client.create_alias(FunctionName=arn, Name=ALIAS, FunctionVersion=version)
        moved = {**self._target, "Arn": f"{arn}:{ALIAS}"}
        stack.client("events").put_targets(**self._rule, Targets=[moved])

    def move_back(self, stack: Stack) -> None:
        self.connect(stack)
        stack.client("lambda").delete_alias(FunctionName=stack.arn("EventBridge"), Name=ALIAS)

    def _take_permission(self, stack: Stack) -> None:
        client, arn = stack.client("lambda"), stack.arn("EventBridge")
        (statement,) = json.loads(client.get_policy(FunctionName=arn)["Policy"])["Statement"]
        (guards,) = statement["Condition"].values()
        (source,) = guards.values()
        self._permission = {
            "StatementId": statement["Sid"],
            "Principal": "events.amazonaws.com",
            "Action": "lambda:InvokeFunction",
            "SourceArn": source,
        }
        client.remove_permission(FunctionName=arn, StatementId=statement["Sid"])

    def _find_target(self, stack: Stack) -> None:
        events, bus = stack.client("events"), f"{stack.name}-orders"
        (rule,) = events.list_rules(EventBusName=bus)["Rules"]
        self._rule = {"Rule": rule["Name"], "EventBusName": bus}
        (self._target,) = events.list_targets_by_rule(**self._rule)["Targets"]
