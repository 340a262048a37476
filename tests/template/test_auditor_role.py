"""The auditor's role grants exactly the calls that the auditor makes."""

from pathlib import Path

from samcli.yamlhelper import yaml_parse

from tests.template.test_template import actions

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "layers" / "rolecall" / "python" / "rolecall"
# Written by Lambda, the tracer and the memory table's three methods; not calls of the source.
OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "sqs:SendMessage",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:DeleteItem",
}


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


def test_the_role_writes_only_its_own_outputs() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    policies = template["Resources"]["AuditorRole"]["Properties"]["Policies"]
    written = {policy["PolicyName"] for policy in policies if not policy["PolicyName"].startswith("Read")}

    assert written == {"WriteLogs", "WriteTraces", "Remember", "SendFailures"}
