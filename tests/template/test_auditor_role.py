"""The roles of auditor and sweep together grant the calls that the source makes; `tests/needs` tells which of them."""

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
# The sweep looks through the whole table, and Lambda polls its queue with its role.
OF_SWEEP = {"dynamodb:Scan", "sqs:ReceiveMessage", "sqs:DeleteMessage"}
# The sweep looks after what the auditor depends on: trails, and the regions that they cover.
WATCHED = {
    "cloudtrail:DescribeTrails",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrailStatus",
    "ec2:DescribeRegions",
}


def test_the_roles_grant_what_the_source_asks_and_nothing_else() -> None:
    assert (actions("AuditorRole") | actions("SweepRole")) - OWN - OF_SWEEP == set(reading_policy.actions())


def test_the_policy_for_people_is_up_to_date() -> None:
    assert json.loads(reading_policy.OUTPUT.read_text()) == reading_policy.document()


def test_each_reads_what_the_other_does_not() -> None:
    assert actions("SweepRole") - actions("AuditorRole") - OF_SWEEP == WATCHED
    assert actions("AuditorRole") - actions("SweepRole") == {"iam:ListEntitiesForPolicy"}


@pytest.mark.parametrize(
    ("role", "policies"),
    [
        ("AuditorRole", {"WriteLogs", "WriteTraces", "Remember", "AskForLooks", "SendFailures", "ReadAccount"}),
        (
            "SweepRole",
            {"WriteLogs", "WriteTraces", "Remember", "PollQueue", "SendSlices", "SendFailures", "ReadAccount"},
        ),
    ],
)
def test_a_role_reads_the_account_and_writes_only_its_own_outputs(role: str, policies: set[str]) -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    written = template["Resources"][role]["Properties"]["Policies"]

    assert {policy["PolicyName"] for policy in written} == policies
