"""The sweep and the forwarder, deployed: everything is audited once, and IAM's events find their way home."""

import json
from pathlib import Path
from typing import Any

from sandbox.stack import Stack, now

ROOT = Path(__file__).parents[2]


def test_a_sweep_audits_every_function_and_finds_nothing_in_our_own_stack(stack: Stack) -> None:
    start, group = now(), stack.outputs["FindingsLogGroup"]
    event = json.loads((ROOT / "events" / "sweep.json").read_text())
    answer = stack.client("lambda").invoke(FunctionName=stack.arn("Sweep"), Payload=json.dumps(event))
    told = stack.wait(group, start, lambda line: line.get("message") == "sweep", "sweep")
    audited = stack.wait(group, start, is_swept, "the audit of a slice")

    assert (answer["StatusCode"], told["slices"]) == (200, 1)
    assert set(stack.functions()) <= set(audited["functions"])
    assert audited["counts"] == dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)


def test_a_rule_that_no_longer_wakes_the_auditor_is_told_until_it_does(stack: Stack) -> None:
    start, group, events = now(), stack.outputs["FindingsLogGroup"], stack.client("events")
    # The one that would have brought the event of its own end.
    (name,) = (each["Name"] for each in events.list_rules()["Rules"] if "AuditorSourcesRule" in each["Name"])
    events.disable_rule(Name=name)
    sweep(stack)
    found = stack.wait(group, start, lambda line: is_blind(line, "opened"), "blind-auditor")
    stack.wait(group, start, lambda line: is_swept(line) and is_told(line), "the audit of its slice")
    events.enable_rule(Name=name)
    again = now()
    sweep(stack)
    resolved = stack.wait(group, again, lambda line: is_blind(line, "resolved"), "its end")
    stack.wait(group, again, is_swept, "the audit of the next slice")

    assert (found["evidence"]["state"], found["resources"][0].rpartition("/")[2]) == ("DISABLED", name)
    assert resolved["fingerprint"] == found["fingerprint"]


def sweep(stack: Stack) -> None:
    stack.client("lambda").invoke(FunctionName=stack.arn("Sweep"), Payload=b"{}")


def is_blind(line: dict[str, Any], state: str) -> bool:
    return (line.get("rule"), line.get("state")) == ("blind-auditor", state)


def is_told(line: dict[str, Any]) -> bool:
    """Does an audit count the trigger of the auditor that is switched off?"""
    return bool(line["counts"]["info"])


def is_swept(line: dict[str, Any]) -> bool:
    return line.get("message") == "audit" and line.get("cause") == "sweep" and bool(line.get("functions"))


def test_the_forwarder_deploys_and_hands_the_events_of_iam_to_the_home_region(stack: Stack) -> None:
    formation = stack.account.client("cloudformation")
    formation.create_stack(
        StackName="rolecall-forwarder",
        TemplateBody=(ROOT / "forwarder.yaml").read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": "HomeRegion", "ParameterValue": "eu-west-1"}],
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName="rolecall-forwarder", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    (target,) = stack.client("events").list_targets_by_rule(Rule="rolecall-forwarder-iam")["Targets"]
    formation.delete_stack(StackName="rolecall-forwarder")

    assert target["Arn"] == "arn:aws:events:eu-west-1:123456789012:event-bus/default"
