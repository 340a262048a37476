"""A template means before its deployment what it means after: the same findings."""

import io
import json
import re
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Report, united
from rolecall.sources import aws, template
from sandbox.account import Account
from sandbox.stack import Session, Stack

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "tests" / "sources" / "template" / "templates"
NAMES = (
    "aliases",
    "anchors",
    "conditions",
    "connectors",
    "implicit_role",
    "listed_policy",
    "loops",
    "policy_templates",
    "poll_events",
    "push_events",
    "role_callers",
    "state_machine",
)
PARAMETERS = {"conditions": {"Stage": "prod", "Bucket": "inbox"}}


def compared(report: Report, ids: Mapping[str, str], *, besides: Collection[str] = ()) -> list[tuple[Any, ...]]:
    """The findings by what makes them equal; `ids` leads from the name of a deployed function to its logical id."""
    return sorted(
        (
            finding.rule,
            ids.get((finding.function or "").rpartition(":")[2], finding.function or ""),
            finding.qualifier or "",
            finding.actions,
            finding.severity.value,
            json.dumps(finding.acceptance),
        )
        for finding in report.findings
        if finding.actions != LACKING and finding.rule not in besides
    )


# The sandbox has no Kafka to look clusters up in.
LACKING = ("kafka:DescribeClusterV2",)
# It puts URLs on functions, not on aliases, and makes no integrations out of the Body of a REST API, nor anything of
# Firehose, AppSync, Pipes and state machines. Nothing tells of a deployed permission that SAM added it.
LOST = {
    "aliases": ("mismatched-url-permission", "public-url"),
    "push_events": ("account-wide-source", "incomplete-audit", "leftover-permission"),
    "role_callers": ("refused-trigger",),
}


@pytest.fixture(scope="module")
def code(sandbox: Account) -> Iterator[str]:
    """The URI of an archive with code, in the account."""
    bucket, archive = sandbox.client("s3"), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.write(TEMPLATES / "src" / "app.py", "app.py")
    bucket.create_bucket(Bucket="code")
    bucket.put_object(Bucket="code", Key="code.zip", Body=archive.getvalue())
    yield "s3://code/code.zip"
    bucket.delete_object(Bucket="code", Key="code.zip")
    bucket.delete_bucket(Bucket="code")


@pytest.fixture
def deployed(sandbox: Account, code: str, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The functions of a template that was deployed: name -> logical id."""
    name, formation = request.param, sandbox.client("cloudformation")
    parameters = PARAMETERS.get(name, {}).items()
    formation.create_stack(
        StackName=name.replace("_", "-"),
        TemplateBody=re.sub(r"CodeUri: (\./)?src/?", f"CodeUri: {code}", (TEMPLATES / f"{name}.yaml").read_text()),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters],
    )
    formation.get_waiter("stack_create_complete").wait(
        StackName=name.replace("_", "-"), WaiterConfig={"Delay": 0.1, "MaxAttempts": 200}
    )
    resources = formation.describe_stack_resources(StackName=name.replace("_", "-"))["StackResources"]
    functions = {
        each["PhysicalResourceId"].rpartition(":")[2]: each["LogicalResourceId"]
        for each in resources
        if each["ResourceType"] == "AWS::Lambda::Function"
    }
    # A template cannot tell whether a group that it does not declare exists; here it does.
    missing = sorted(set(map("/aws/lambda/{}".format, functions)) - set(log_groups(sandbox)))
    for group in missing:
        sandbox.client("logs").create_log_group(logGroupName=group)
    yield functions
    for group in missing:
        sandbox.client("logs").delete_log_group(logGroupName=group)
    formation.delete_stack(StackName=name.replace("_", "-"))


def log_groups(sandbox: Account) -> list[str]:
    pages = sandbox.client("logs").get_paginator("describe_log_groups").paginate()
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


@pytest.mark.parametrize(("deployed", "name"), [(name, name) for name in NAMES], indirect=["deployed"])
def test_a_template_has_the_findings_of_its_deployment(deployed: dict[str, str], name: str, sandbox: Account) -> None:
    live = engine.audit(aws.read(Session(sandbox), functions=list(deployed), code=aws.CodeReading()))
    variants = template.read([TEMPLATES / f"{name}.yaml"], values=PARAMETERS.get(name))
    before = united([engine.audit(account) for account in variants])

    lost = LOST.get(name, ())
    assert compared(before, {}, besides=lost) == compared(live, deployed, besides=lost)
    assert sorted({function.function for function in before.functions}) == sorted(deployed.values())


def test_our_own_template_has_the_findings_of_its_deployment(stack: Stack) -> None:
    live = engine.audit(aws.read(stack.session(), functions=stack.functions(), code=aws.CodeReading()))
    (account,) = template.read([ROOT / "template.yaml"])

    assert engine.audit(account).findings == live.findings == ()
    assert len(live.functions) == len(account.functions) == 8
