"""What settings need."""

from typing import Any

import pytest

from rolecall.iam.policy import Kind, parse
from rolecall.needs.from_config import INTERFACES, from_config
from tests.builders import document
from tests.needs.world import ACCOUNT, FUNCTION, KEY, QUEUE, REGION, Resource, Target, account, arn, function, row

GROUP = arn("logs", "log-group:/aws/lambda/orders")
LOGS = {("logs:CreateLogStream", f"{GROUP}:*", "must"), ("logs:PutLogEvents", f"{GROUP}:*", "must")}


def needed(*resources: Resource, **settings: Any) -> set[tuple[str, str, str]]:
    """What the settings need, beside writing logs into a group that is managed."""
    managed = Resource(GROUP, facts=(("retention", "14"),))
    return set(map(row, from_config(function(**settings), account(managed, *resources)))) - LOGS


@pytest.mark.parametrize(
    ("group", "certainty"),
    [
        ((), {"may"}),
        ((Resource(GROUP, exists=False),), {"must"}),
        ((Resource(GROUP),), {"may"}),
        ((Resource(GROUP, facts=(("retention", "14"),)),), set()),
        ((Resource(GROUP, facts=(("stack", "shop"),)),), set()),
    ],
    ids=["not read", "missing", "not managed", "with retention", "of a stack"],
)
def test_a_log_group_is_made_only_where_it_is_missing(group: tuple[Resource, ...], certainty: set[str]) -> None:
    found = set(map(row, from_config(function(), account(*group))))

    assert found >= LOGS
    assert {sure for action, _, sure in found if action == "logs:CreateLogGroup"} == certainty


@pytest.mark.parametrize(
    ("log_group", "name"), [(None, f"/aws/lambda/{REGION}.orders"), ("/own", "/own")], ids=["usual", "chosen"]
)
def test_replicas_at_the_edge_may_write_logs_in_any_region(log_group: str | None, name: str) -> None:
    group = f"arn:aws:logs:*:{ACCOUNT}:log-group:{name}:*"
    verbs = ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
    at_the_edge = {(f"logs:{verb}", group, "may") for verb in verbs}

    assert at_the_edge <= needed(log_group=log_group, others=(("edge", "Site"),))
    assert not at_the_edge & needed(log_group=log_group)


def test_logs_go_to_the_group_that_is_configured() -> None:
    found = {resource for _, resource, _ in map(row, from_config(function(log_group="/own"), account()))}

    assert found == {arn("logs", "log-group:/own:*")}


def test_tracing_sends_segments_and_may_sample() -> None:
    assert needed(tracing=True) == {
        ("xray:PutTelemetryRecords", "*", "must"),
        ("xray:PutTraceSegments", "*", "must"),
        ("xray:GetSamplingRules", "*", "may"),
        ("xray:GetSamplingStatisticSummaries", "*", "may"),
        ("xray:GetSamplingTargets", "*", "may"),
    }


def test_a_vpc_needs_network_interfaces() -> None:
    assert needed(subnets=("subnet-1",)) == {(action, "*", "must") for action in INTERFACES}


@pytest.mark.parametrize(
    ("target", "action"),
    [
        (QUEUE, "sqs:SendMessage"),
        (arn("sns", "news"), "sns:Publish"),
        (arn("lambda", "function:other"), "lambda:InvokeFunction"),
        (arn("events", "event-bus/bus"), "events:PutEvents"),
    ],
)
def test_a_destination_is_sent_to(target: str, action: str) -> None:
    found = needed(Resource(target), targets=(Target("failure", target),))

    assert {each for each in found if not each[0].startswith("kms:")} == {(action, target, "must")}


def test_a_bucket_as_destination_is_written_and_listed() -> None:
    found = needed(targets=(Target("failure", "arn:aws:s3:::failed"),))

    assert {
        ("s3:PutObject", "arn:aws:s3:::failed/*", "must"),
        ("s3:ListBucket", "arn:aws:s3:::failed", "must"),
    } <= found


def test_a_dead_letter_queue_with_a_customer_key_needs_the_key() -> None:
    found = needed(Resource(QUEUE, key=KEY), targets=(Target("dead-letter", QUEUE),))

    assert {("kms:Decrypt", KEY, "must"), ("kms:GenerateDataKey", KEY, "must")} < found


def test_the_key_of_the_environment_is_no_must() -> None:
    assert needed(key=KEY) == {("kms:Decrypt", KEY, "may")}


def test_a_file_system_is_asked_only_if_it_has_a_policy() -> None:
    point, system = arn("elasticfilesystem", "access-point/fsap-1"), arn("elasticfilesystem", "file-system/fs-1")
    allow = {"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:ClientMount", "Resource": "*"}
    policy = parse(document(allow), name="resource", kind=Kind.RESOURCE)
    facts = (("file-system", system),)
    with_policy = needed(Resource(point, policy=policy, facts=facts), file_systems=(point,))
    without = needed(Resource(point, facts=facts), file_systems=(point,))

    assert ("elasticfilesystem:ClientMount", system, "must") in with_policy
    assert ("elasticfilesystem:ClientMount", system, "may") in without


def test_a_bucket_as_file_system_is_mounted() -> None:
    system = arn("s3files", "file-system/fs-1")

    assert ("s3files:ClientMount", system, "must") in needed(file_systems=(f"{system}/access-point/fsap-1",))


def test_a_durable_function_saves_its_progress() -> None:
    assert needed(durable=True) == {
        ("lambda:CheckpointDurableExecution", f"{FUNCTION}:*", "must"),
        ("lambda:GetDurableExecutionState", f"{FUNCTION}:*", "must"),
    }


def test_insights_write_to_their_own_group() -> None:
    found = needed(layers=("arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53",))

    assert ("logs:PutLogEvents", arn("logs", "log-group:/aws/lambda-insights:*"), "must") in found
