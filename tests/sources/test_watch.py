"""What the auditor depends on, read from AWS: complete, or with a gap for each part that was refused."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rolecall.model import Gap, Trail, Watch
from rolecall.sources.aws import watch
from rolecall.sources.aws.calls import Calls
from tests.sources.world import make_function, make_role, refusing

ACCOUNT, HOME, OF_IAM = "123456789012", "eu-west-1", "us-east-1"
AUDITOR = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:auditor"
DEAD = f"https://sqs.{HOME}.amazonaws.com/{ACCOUNT}/dead"
RULE = f"arn:aws:events:{HOME}:{ACCOUNT}:rule/auditor"
FORWARDER = f"arn:aws:events:{OF_IAM}:{ACCOUNT}:rule/rolecall-forwarder-iam"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/audit"


@pytest.fixture(scope="module")
def shared() -> Any:
    """The session of all tests: it reads the API models once, of which EC2's alone takes half a second."""
    return boto3.Session(region_name=HOME, aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def session(shared: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An auditor in Ireland that hears all: trail, rule, forwarding rule and an empty dead-letter queue."""
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # They would take half a second a test.
    with mock_aws():
        session = shared
        session.client("s3", region_name=OF_IAM).create_bucket(Bucket="trails")
        make_trail(session, "audit", IsMultiRegionTrail=True)
        make_rule(session, "auditor", AUDITOR)
        make_rule(session, "rolecall-forwarder-iam", f"arn:aws:events:{HOME}:{ACCOUNT}:event-bus/default", OF_IAM)
        session.client("sqs").create_queue(QueueName="dead")
        yield session


def make_trail(session: Any, name: str, *, region: str = HOME, **more: bool) -> Any:
    trails = session.client("cloudtrail", region_name=region)
    trails.create_trail(Name=name, S3BucketName="trails", **more)
    trails.start_logging(Name=name)
    return trails


def make_rule(session: Any, name: str, target: str, region: str = HOME) -> None:
    events = session.client("events", region_name=region)
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.iam"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])


def read(
    session: Any,
    *,
    rules: Sequence[str] = ("auditor",),
    account: str = ACCOUNT,
    unread: Sequence[str] = ("eu-north-1",),
) -> tuple[Watch, tuple[Gap, ...]]:
    """What is read where all regions but `unread` are covered: each of the others costs a client."""
    plain = getattr(session, "session", session)
    regions = plain.client("ec2").describe_regions()["Regions"]
    return watch.read(
        Calls(session, account=account),
        functions=[AUDITOR],
        rules=rules,
        queues=[DEAD],
        today=date(2026, 1, 31),
        covered={region["RegionName"] for region in regions} - set(unread),
    )


def test_an_auditor_that_hears_all_is_read_without_a_gap(session: Any) -> None:
    found, gaps = read(session)

    assert gaps == ()
    assert found == Watch(
        day="2026-01-31",
        trails=(Trail(TRAIL, logging=True, multi_region=True, global_events=True),),
        rules=((RULE, "ENABLED"), (FORWARDER, "ENABLED")),
        queues=((f"arn:aws:sqs:{HOME}:{ACCOUNT}:dead", 0),),
        forwarded=OF_IAM,
    )


def test_where_iam_itself_is_no_forwarder_is_asked_for(session: Any) -> None:
    there = boto3.Session(region_name=OF_IAM, aws_access_key_id="test", aws_secret_access_key="test")
    found, _ = read(there, rules=[])

    assert (found.forwarded, found.rules) == (None, ())


def test_the_calls_are_those_that_the_docstring_counts(session: Any) -> None:
    calls = Calls(session, account=ACCOUNT)

    watch.read(calls, functions=[AUDITOR], rules=["auditor"], queues=[DEAD], today=date(2026, 1, 31))

    others = calls.made.pop("lambda:ListFunctions")
    assert others == len(session.client("ec2").describe_regions()["Regions"]) - 1
    assert calls.made.total() == 2 + 2 + 3 + 3


@pytest.mark.parametrize(
    ("region", "seen"), [(HOME, True), (OF_IAM, True), ("ap-southeast-2", False)], ids=["home", "IAM's", "another"]
)
def test_a_trail_of_one_region_is_seen_where_it_matters(region: str, seen: bool, session: Any) -> None:
    make_trail(session, "local", region=region, IncludeGlobalServiceEvents=False)

    trails = {trail.arn: trail for trail in read(session)[0].trails}

    arn = f"arn:aws:cloudtrail:{region}:{ACCOUNT}:trail/local"
    assert trails.get(arn) == (Trail(arn, logging=True) if seen else None)


def test_a_trail_that_was_stopped_does_not_log(session: Any) -> None:
    session.client("cloudtrail").stop_logging(Name="audit")

    assert [trail.logging for trail in read(session)[0].trails] == [False]


def test_a_trail_that_is_deleted_between_two_calls_is_not_there(session: Any) -> None:
    found, gaps = read(refusing(session, "get_event_selectors", "TrailNotFoundException"))

    assert (found.trails, gaps) == ((), ())


def test_the_trail_of_an_organisation_is_believed_to_log_all_unless_it_says_otherwise(session: Any) -> None:
    (trail,) = read(refusing(session, "get_event_selectors"), account="999900001111")[0].trails

    assert trail.writes


def test_the_trail_of_an_organisation_that_tells_nothing_is_a_known_limit(session: Any) -> None:
    refused = refusing(session, "get_trail_status", "TrailNotFoundException")

    (gap,) = (gap for gap in read(refused, account="999900001111")[1] if gap.what == "trails")

    assert (gap.call, gap.mendable) == ("cloudtrail:GetTrailStatus", False)


def basic(**more: Any) -> dict[str, Any]:
    return {"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True} | more]}


def advanced(*fields: dict[str, Any], category: str = "Management") -> dict[str, Any]:
    return {"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": [category]}, *fields]}]}


def field(name: str, **operators: list[str]) -> dict[str, Any]:
    return {"Field": name, **operators}


@pytest.mark.parametrize(
    ("selectors", "writes"),
    [
        (basic(), True),
        (basic(ReadWriteType="WriteOnly"), True),
        (basic(ReadWriteType="ReadOnly"), False),
        (basic(IncludeManagementEvents=False), False),
        (basic(ExcludeManagementEventSources=["kms.amazonaws.com"]), True),
        (basic(ExcludeManagementEventSources=["iam.amazonaws.com"]), False),
        (advanced(), True),
        (advanced(category="Data"), False),
        (advanced(field("readOnly", Equals=["false"])), True),
        (advanced(field("readOnly", Equals=["true"])), False),
        (advanced(field("eventSource", NotEquals=["kms.amazonaws.com"])), True),
        (advanced(field("eventSource", NotEquals=["lambda.amazonaws.com"])), False),
        (advanced(field("eventSource", NotStartsWith=["iam."])), False),
        (advanced(field("eventSource", Equals=["iam.amazonaws.com"])), False),
        (advanced(field("userIdentity.arn", NotEquals=["arn:aws:iam::123456789012:user/eve"])), False),
    ],
)
def test_only_a_trail_that_tells_all_writes_of_lambda_and_iam_will_do(
    selectors: dict[str, Any], writes: bool, session: Any
) -> None:
    session.client("cloudtrail").put_event_selectors(TrailName="audit", **selectors)

    assert [trail.writes for trail in read(session)[0].trails] == [writes]


def test_a_rule_that_was_disabled_deleted_or_turned_away_is_told(session: Any) -> None:
    events = session.client("events")
    events.disable_rule(Name="auditor")
    make_rule(session, "turned", f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:other")

    found, _ = read(session, rules=["auditor", "gone", "turned"])

    states = {arn.rpartition("/")[2]: state for arn, state in found.rules}
    assert states == {
        "auditor": "DISABLED",
        "gone": "absent",
        "turned": "targetless",
        "rolecall-forwarder-iam": "ENABLED",
    }


def test_a_rule_that_feeds_the_auditor_is_found_though_nobody_named_it(session: Any) -> None:
    make_rule(session, "extra", AUDITOR)

    assert (f"{RULE.rpartition('/')[0]}/extra", "ENABLED") in read(session)[0].rules


def test_a_forwarder_without_the_home_bus_forwards_nothing(session: Any) -> None:
    session.client("events", region_name=OF_IAM).remove_targets(Rule="rolecall-forwarder-iam", Ids=["1"])

    assert dict(read(session)[0].rules)[FORWARDER] == "targetless"


def test_messages_in_a_dead_letter_queue_are_counted_also_while_somebody_reads_them(session: Any) -> None:
    queue = session.client("sqs")
    for delay in (0, 0, 60):
        queue.send_message(QueueUrl=DEAD, MessageBody="lost", DelaySeconds=delay)
    queue.receive_message(QueueUrl=DEAD)

    assert [count for _, count in read(session)[0].queues] == [3]


def test_a_dead_letter_queue_that_was_deleted_is_no_empty_one(session: Any) -> None:
    session.client("sqs").delete_queue(QueueUrl=DEAD)

    assert [count for _, count in read(session)[0].queues] == [None]


def test_regions_with_functions_that_nobody_reads_are_named(session: Any) -> None:
    role = make_role(session, "orders")
    for region in (HOME, "eu-north-1", "eu-central-1"):
        make_function(boto3.Session(region_name=region), "orders", role)

    assert read(session, unread=["eu-north-1", "eu-central-1", "eu-west-3"])[0].regions == (
        "eu-central-1",
        "eu-north-1",
    )
    assert read(session, unread=["eu-north-1"])[0].regions == ("eu-north-1",)


REFUSALS = [
    ("describe_trails", "trails", "cloudtrail:DescribeTrails"),
    ("get_trail_status", "trails", "cloudtrail:GetTrailStatus"),
    ("get_event_selectors", "trails", "cloudtrail:GetEventSelectors"),
    ("list_rule_names_by_target", "rules that feed the auditor", "events:ListRuleNamesByTarget"),
    ("describe_rule", "rules that feed the auditor", "events:DescribeRule"),
    ("get_queue_attributes", "dead-letter queues", "sqs:GetQueueAttributes"),
    ("describe_regions", "regions", "ec2:DescribeRegions"),
    ("list_functions", "functions in eu-north-1", "lambda:ListFunctions"),
]


@pytest.mark.parametrize(("operation", "what", "call"), REFUSALS)
def test_what_aws_refuses_is_a_gap_of_the_account(operation: str, what: str, call: str, session: Any) -> None:
    _, gaps = read(refusing(session, operation))

    assert {gap.call for gap in gaps} == {call}
    assert what in {gap.what for gap in gaps}
    assert {(gap.subject, gap.mendable) for gap in gaps} == {(None, True)}


def test_where_the_events_of_iam_arise_is_not_known_of_every_partition(session: Any) -> None:
    calls = Calls(session, account=ACCOUNT)
    calls.partition = "aws-iso"

    found, gaps = watch.read(calls, functions=[], rules=[], queues=[], today=date(2026, 1, 31))

    assert found.forwarded is None
    assert [(gap.what, gap.mendable) for gap in gaps] == [("forwarding rule", False)]
