"""The auditor's role grants exactly the calls that the auditor makes."""

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


def test_the_role_grants_what_the_source_asks_and_nothing_else() -> None:
    assert actions("AuditorRole") - OWN == set(reading_policy.actions())


def test_it_is_granted_on_the_resources_of_this_account() -> None:
    statements = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]["ReadAccount"]["Properties"]
    everything, scoped = statements["PolicyDocument"]["Statement"]
    patterns = {each["Fn::Sub"] for each in scoped["Resource"]}
    homes = {"partition": "${AWS::Partition}", "account": "${AWS::AccountId}"}

    assert {name for name in everything["Action"] if reading_policy.scopes(name) != ("*",)} == set()
    assert patterns == {each.format(**homes) for name in scoped["Action"] for each in reading_policy.scopes(name)}


def test_the_policy_for_people_is_up_to_date() -> None:
    assert json.loads(reading_policy.OUTPUT.read_text()) == reading_policy.document()


def test_the_sweep_reads_what_the_auditor_reads() -> None:
    assert actions("SweepRole") - actions("AuditorRole") == OF_SWEEP
    assert actions("AuditorRole") <= actions("SweepRole")


@pytest.mark.parametrize(
    ("role", "policies"),
    [
        ("AuditorRole", {"WriteLogs", "WriteTraces", "Remember", "AskForLooks", "SendFailures"}),
        ("SweepRole", {"WriteLogs", "WriteTraces", "Remember", "PollQueue", "SendSlices", "SendFailures"}),
    ],
)
def test_a_role_writes_only_its_own_outputs(role: str, policies: set[str]) -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    written = template["Resources"][role]["Properties"]["Policies"]

    assert {policy["PolicyName"] for policy in written} == policies
