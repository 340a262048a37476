"""The auditor's role grants exactly the calls that the auditor makes."""

from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

from tests.template.test_template import actions

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "layers" / "rolecall" / "python" / "rolecall"
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
OF_SWEEP = {"dynamodb:Scan", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}


def asked() -> set[str]:
    """The IAM actions of every `ask("service", "operation"` and `pages(…)` in the source, but the command line's."""
    import re

    import botocore.session
    from botocore import xform_name

    session = botocore.session.get_session()
    text = "".join(path.read_text() for path in (SOURCE / "sources" / "aws").glob("*.py"))
    calls = set(re.findall(r'(?:ask|pages)\(\s*"(\w+)",\s*"(\w+)"', text)) - {("sts", "get_caller_identity")}
    names = {service: session.get_service_model(service).operation_names for service, _ in calls}
    return {f"{service}:{next(n for n in names[service] if xform_name(n) == called)}" for service, called in calls}


def test_the_role_grants_what_the_source_asks_and_nothing_else() -> None:
    assert actions("AuditorRole") - OWN == asked()


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
