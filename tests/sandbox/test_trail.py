"""The trail of an account: what is called, by users or by CloudFormation, arrives as an event."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import account
from sandbox.account import Account

QUEUE = "arn:aws:sqs:us-east-1:123456789012:seen"
ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "stacked",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    },
}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "FunctionName": "stacked",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": "def handler(event, context): ..."},
    },
}
MAPPING = {
    "Type": "AWS::Lambda::EventSourceMapping",
    "Properties": {
        "FunctionName": {"Ref": "Function"},
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "ScalingConfig": {"MaximumConcurrency": 2},
        "Enabled": False,
    },
}
RESOURCES = {"Queue": {"Type": "AWS::SQS::Queue"}, "Role": ROLE, "Function": FUNCTION, "Mapping": MAPPING}
Seen = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def empty() -> Iterator[Account]:
    """An account with a trail, and a queue of its events."""
    with account.start() as running:
        running.client("s3").create_bucket(Bucket="trail")
        running.client("sqs").create_queue(QueueName="seen")
        events, trails = running.client("events"), running.client("cloudtrail")
        events.put_rule(Name="all", EventPattern=json.dumps({"detail-type": ["AWS API Call via CloudTrail"]}))
        events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": QUEUE}])
        trails.create_trail(Name="all", S3BucketName="trail", IsMultiRegionTrail=True)
        trails.start_logging(Name="all")
        yield running


@pytest.fixture
def seen(empty: Account) -> Seen:
    """All events until one of a name, which must come."""
    client = empty.client("sqs")
    url = client.get_queue_url(QueueName="seen")["QueueUrl"]

    def until(name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while not found or found[-1]["eventName"] != name:
            messages = client.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages")
            assert messages, f"{name} did not come, only {[each['eventName'] for each in found]}"
            for message in messages:
                found.append(json.loads(message["Body"])["detail"])
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return until


def deployed(empty: Account, resources: dict[str, Any]) -> None:
    """Make, or change, a stack of these resources."""
    formation = empty.client("cloudformation")
    exists = bool(formation.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"])
    call = formation.update_stack if exists else formation.create_stack
    body = json.dumps({"Resources": resources})
    call(StackName="stacked", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    waiter = formation.get_waiter("stack_update_complete" if exists else "stack_create_complete")
    waiter.wait(StackName="stacked", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})


def test_calls_of_every_protocol_arrive_and_data_does_not(empty: Account, seen: Seen) -> None:
    empty.client("s3").create_bucket(Bucket="inbox")
    empty.client("s3").put_object(Bucket="inbox", Key="a", Body=b"x")
    topic = empty.client("sns").create_topic(Name="orders")["TopicArn"]
    empty.client("sns").publish(TopicArn=topic, Message="x")
    empty.client("elbv2").create_target_group(Name="orders", TargetType="lambda")
    empty.client("apigateway").create_rest_api(name="orders")
    empty.client("events").put_rule(Name="orders", ScheduleExpression="rate(1 day)")

    names = [each["eventName"] for each in seen("PutRule")]
    assert names[-5:] == ["CreateBucket", "CreateTopic", "CreateTargetGroup", "CreateRestApi", "PutRule"]


def test_an_answer_is_in_the_event(empty: Account, seen: Seen) -> None:
    group = empty.client("elbv2").create_target_group(Name="payments", TargetType="lambda")["TargetGroups"][0]

    record = seen("CreateTargetGroup")[-1]
    assert record["responseElements"]["targetGroups"][0]["targetGroupArn"] == group["TargetGroupArn"]


def test_what_a_stack_makes_arrives_too(empty: Account, seen: Seen) -> None:
    deployed(empty, RESOURCES)

    records = {each["eventName"]: each for each in seen("CreateEventSourceMapping20150331")}
    assert {"CreateQueue", "CreateRole", "AttachRolePolicy", "CreateFunction20150331"} < set(records)
    assert {each["userIdentity"]["invokedBy"] for each in records.values()} == {"cloudformation.amazonaws.com"}
    assert records["AttachRolePolicy"]["requestParameters"]["roleName"] == "stacked"
    assert records["CreateFunction20150331"]["responseElements"]["functionArn"].endswith(":function:stacked")


def test_what_a_stack_changes_arrives_too(empty: Account, seen: Seen) -> None:
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    changed = {"Type": ROLE["Type"], "Properties": {**ROLE["Properties"], "ManagedPolicyArns": [policy]}}  # type: ignore[dict-item]
    deployed(empty, {**RESOURCES, "Role": changed})

    records = seen("AttachRolePolicy")
    assert records[0]["eventName"] == "DetachRolePolicy"
    assert records[-1]["requestParameters"] == {"roleName": "stacked", "policyArn": policy}


def test_cloudformation_keeps_the_settings_of_a_mapping(empty: Account) -> None:
    (mapping,) = empty.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    assert (mapping["ScalingConfig"], mapping["State"]) == ({"MaximumConcurrency": 2}, "Disabled")


def test_what_a_stack_deletes_arrives_too(empty: Account, seen: Seen) -> None:
    empty.client("cloudformation").delete_stack(StackName="stacked")

    names = [each["eventName"] for each in seen("DeleteRole")]
    assert names[-4:] == [
        "DeleteEventSourceMapping20150331",
        "DeleteFunction20150331",
        "DetachRolePolicy",
        "DeleteRole",
    ]


def test_the_call_that_stops_a_trail_is_its_last(empty: Account, seen: Seen) -> None:
    trails = empty.client("cloudtrail")
    trails.stop_logging(Name="all")
    empty.client("sns").create_topic(Name="unseen")
    trails.start_logging(Name="all")

    assert [each["eventName"] for each in seen("StartLogging")[-2:]] == ["StopLogging", "StartLogging"]


def test_a_trail_that_selects_data_alone_sends_no_calls(empty: Account, seen: Seen) -> None:
    trails, everything = empty.client("cloudtrail"), {"ReadWriteType": "All"}
    trails.put_event_selectors(TrailName="all", EventSelectors=[{**everything, "IncludeManagementEvents": False}])
    empty.client("sns").create_topic(Name="unseen")
    trails.put_event_selectors(TrailName="all", EventSelectors=[{**everything, "IncludeManagementEvents": True}])

    assert [each["eventName"] for each in seen("PutEventSelectors")] == ["PutEventSelectors"]
