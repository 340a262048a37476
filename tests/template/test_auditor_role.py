"""Auditor, sweep and worker together may make the calls that the source makes; `tests/needs` tells who which."""

import json
from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

from tests.template.test_template import actions
from tools import reading_policy

ROOT = Path(__file__).parents[2]
# Written by Lambda, the tracer, the memory table and the queues; not calls of the source.
OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "sqs:SendMessage",
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
}
OF_ALL = {"WriteLogs", "WriteTraces", "Remember", "ReadAccount"}
# Lambda polls queues with the roles of sweep and worker; the worker says when a message is to come again.
POLLED = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"}
# The sweep looks through the whole table, and after what the auditor depends on: trails, and the regions they cover.
WATCHED = {
    "dynamodb:Scan",
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "ec2:DescribeRegions",
}


def test_the_roles_grant_what_the_source_asks_and_nothing_else() -> None:
    granted = actions("AuditorRole") | actions("SweepRole") | actions("WorkerRole")

    assert granted - OWN - POLLED - {"dynamodb:Scan"} == set(reading_policy.actions())


def test_the_policy_for_people_is_up_to_date() -> None:
    assert json.loads(reading_policy.OUTPUT.read_text()) == reading_policy.document()


def test_each_reads_what_the_others_do_not() -> None:
    assert actions("AuditorRole") - actions("WorkerRole") - OWN == {"iam:ListEntitiesForPolicy"}
    assert actions("WorkerRole") - actions("AuditorRole") == POLLED
    assert actions("SweepRole") - actions("WorkerRole") - OWN == WATCHED


def test_the_sweep_reads_no_function_no_role_and_no_key() -> None:
    one_by_one = {"lambda:GetFunction", "lambda:GetPolicy", "iam:GetRolePolicy", "kms:GetKeyPolicy"}

    assert one_by_one <= actions("WorkerRole") - actions("SweepRole")


def test_the_worker_sends_nothing() -> None:
    assert "sqs:SendMessage" not in actions("WorkerRole")


@pytest.mark.parametrize(
    ("role", "policies"),
    [
        ("AuditorRole", {"AskForLooks", "AskForPlans", "SendFailures"}),
        ("SweepRole", {"PollPlans", "SendSlices", "SendFailures"}),
        ("WorkerRole", {"PollWork"}),
    ],
)
def test_a_role_reads_the_account_and_writes_only_its_own_outputs(role: str, policies: set[str]) -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    written = template["Resources"][role]["Properties"]["Policies"]

    assert {policy["PolicyName"] for policy in written} == policies | OF_ALL
