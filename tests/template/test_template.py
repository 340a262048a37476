"""The template: one block per function, least privilege, and nothing forgotten."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse

from rolecall.iam import catalog
from rolecall.sources.aws.pace import SHARE
from rolecall.triggers import TRIGGERS, Poll

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]


def of_type(kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


FUNCTIONS = of_type("AWS::Serverless::Function")
ROLES = of_type("AWS::IAM::Role")


def actions(role: str) -> set[str]:
    managed = [RESOURCES[each["Ref"]]["Properties"] for each in ROLES[role].get("ManagedPolicyArns", ())]
    policies = [*ROLES[role]["Policies"], *managed]
    statements = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    return {action for s in statements for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])}


def test_every_folder_of_functions_is_a_function() -> None:
    folders = {f"functions/{path.parent.name}" for path in (ROOT / "functions").glob("*/app.py")}

    assert {each["CodeUri"] for each in FUNCTIONS.values()} == folders


def test_every_function_has_an_event() -> None:
    names = {each["CodeUri"].partition("/")[2] for each in FUNCTIONS.values()}

    assert {path.stem for path in (ROOT / "events").glob("*.json")} == names


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_a_role_of_its_own_and_a_log_group_with_retention(name: str) -> None:
    stem = name.removesuffix("Function")
    group = FUNCTIONS[name]["LoggingConfig"]["LogGroup"]["Ref"]

    assert FUNCTIONS[name]["Role"] == {"Fn::GetAtt": [f"{stem}Role", "Arn"]}
    assert "RetentionInDays" in RESOURCES[group]["Properties"]
    assert f"{stem}FunctionArn" in TEMPLATE["Outputs"]


def test_only_auditor_sweep_and_worker_share_a_log_group_so_that_findings_are_in_one_place() -> None:
    groups = Counter(each["LoggingConfig"]["LogGroup"]["Ref"] for each in FUNCTIONS.values())

    assert {group: number for group, number in groups.items() if number > 1} == {"FindingsLogs": 3}


@pytest.mark.parametrize(
    ("queue", "function"),
    [("OrdersQueue", "SqsFunction"), ("PlanQueue", "SweepFunction"), ("WorkQueue", "WorkerFunction")],
)
def test_a_queue_that_lambda_polls_hides_messages_for_six_timeouts(queue: str, function: str) -> None:
    timeout = FUNCTIONS[function].get("Timeout", TEMPLATE["Globals"]["Function"]["Timeout"])

    assert RESOURCES[queue]["Properties"]["VisibilityTimeout"] == 6 * timeout


@pytest.mark.parametrize("queue", ["PlanQueue", "WorkQueue"])
def test_what_comes_again_too_often_is_a_dead_letter_that_is_watched(queue: str) -> None:
    redrive = RESOURCES[queue]["Properties"]["RedrivePolicy"]

    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["SweepFailures", "Arn"]}


def test_a_message_for_a_change_that_does_not_show_is_done_before_it_is_a_dead_letter() -> None:
    tries = re.search(r"^TRIES = (\d+)", (ROOT / "functions" / "worker" / "app.py").read_text(), re.MULTILINE)

    assert tries is not None
    assert RESOURCES["WorkQueue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"] > int(tries[1])


def test_two_workers_take_no_more_than_two_thirds_of_what_lambda_answers() -> None:
    workers = RESOURCES["WorkMapping"]["Properties"]["ScalingConfig"]["MaximumConcurrency"]

    assert workers * SHARE <= 2 / 3


def test_an_alarm_watches_every_queue_of_what_was_not_audited() -> None:
    assert watched("ApproximateNumberOfMessagesVisible") == {"AuditorUndelivered", "AuditorFailures", "SweepFailures"}


def test_an_alarm_watches_every_polled_queue_for_what_nobody_takes() -> None:
    polled = {name: RESOURCES[name]["Properties"] for name in watched("ApproximateAgeOfOldestMessage")}

    (age,) = {each["Threshold"] for each in of_type("AWS::CloudWatch::Alarm").values() if each["Threshold"]}
    assert polled.keys() == {"PlanQueue", "WorkQueue"}
    for queue in polled.values():  # What fails is told once: as a failure.
        failed = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
        assert failed < age < queue["MessageRetentionPeriod"]


def watched(metric: str) -> set[str]:
    """The queues that an alarm on this metric names."""
    alarms = [each for each in of_type("AWS::CloudWatch::Alarm").values() if each["MetricName"] == metric]
    return {each["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for each in alarms}


def test_all_functions_are_traced() -> None:
    assert TEMPLATE["Globals"]["Function"]["Tracing"] == "Active"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_its_actions_and_its_resources(role: str) -> None:
    assert {name for name in actions(role) if "*" in name or catalog.action(name) is None} == set()


def test_the_poller_may_read_its_queue_and_no_more() -> None:
    row = TRIGGERS["sqs"]

    assert isinstance(row, Poll)
    assert {name for name in actions("SqsRole") if name.startswith("sqs:")} == set(row.reads)


@pytest.mark.parametrize(("name", "permission"), of_type("AWS::Lambda::Permission").items())
def test_a_permission_names_its_source(name: str, permission: dict[str, Any]) -> None:
    assert "SourceArn" in permission
    assert ("SourceAccount" in permission) == (permission["Principal"] == "s3.amazonaws.com")


@pytest.mark.parametrize(("name", "rule"), of_type("AWS::Events::Rule").items())
def test_a_pattern_is_short_enough_for_eventbridge(name: str, rule: dict[str, Any]) -> None:
    assert len(json.dumps(rule.get("EventPattern", {}))) < 2048


def files(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if "__pycache__" not in path.parts and path.name != "py.typed"}


def test_the_engine_layer_is_the_package() -> None:
    built = ROOT / ".aws-sam" / "build" / "RolecallLayer" / "python" / "rolecall"

    assert files(built) == files(ROOT / "layers" / "rolecall" / "python" / "rolecall")


def test_no_compiled_file_gets_into_a_layer() -> None:
    built = ROOT / ".aws-sam" / "build"

    assert [str(path) for path in built.rglob("__pycache__")] == []
    assert (built / "PowertoolsLayer" / "python" / "aws_lambda_powertools").is_dir()
