"""The forwarder: what us-east-1 hears of IAM and Organizations reaches the home region's bus."""

import json
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from rolecall import engine
from rolecall.changes import LATER, ROWS
from rolecall.sources import template
from tests.template.test_patterns import event, lets_in
from tests.template.test_template import ROOT

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "forwarder.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
RULE: dict[str, Any] = RESOURCES["IamRule"]["Properties"]


GLOBAL = {key for key in {*ROWS, *LATER} if key[0] in ("iam", "organizations")}


@pytest.mark.parametrize(("service", "name"), sorted(GLOBAL))
def test_it_forwards_every_event_that_is_recorded_in_us_east_1(service: str, name: str) -> None:
    assert lets_in(RULE["EventPattern"], event(service, name))


def test_it_forwards_nothing_that_the_region_hears_itself() -> None:
    assert [key for key in set(ROWS) - GLOBAL if lets_in(RULE["EventPattern"], event(*key))] == []


def test_the_auditor_finds_its_rule_by_name() -> None:
    assert RULE["Name"] == {"Fn::Sub": "${AWS::StackName}-iam"}
    assert TEMPLATE["Outputs"]["IamRuleArn"]["Value"] == {"Fn::GetAtt": ["IamRule", "Arn"]}


def test_its_role_may_put_events_on_that_bus_and_no_more() -> None:
    (target,) = RULE["Targets"]
    (policy,) = RESOURCES["ForwarderRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement == {"Effect": "Allow", "Action": "events:PutEvents", "Resource": target["Arn"]}
    assert target["Arn"]["Fn::Sub"].endswith(":events:${HomeRegion}:${AWS::AccountId}:event-bus/default")


def test_what_cannot_be_forwarded_is_kept() -> None:
    (target,) = RULE["Targets"]
    (statement,) = RESOURCES["UndeliveredPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["Undelivered", "Arn"]}}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["IamRule", "Arn"]}}}


def test_it_has_no_finding() -> None:
    (account,) = template.read([ROOT / "forwarder.yaml"])

    assert engine.audit(account).findings == ()


def test_its_pattern_is_short_enough() -> None:
    assert len(json.dumps(RULE["EventPattern"])) < 2048
