"""What polling needs, per type of source."""

import pytest

from rolecall.model import Function
from rolecall.needs import Certainty
from rolecall.needs.from_triggers import NETWORK, from_triggers
from rolecall.triggers import polled
from tests.needs.world import KEY, QUEUE, Resource, Trigger, account, arn, function, row

STREAM = arn("kinesis", "stream/clicks")
CLUSTER = arn("kafka", "cluster/bus/1234-5")
SECRET = arn("secretsmanager", "secret:login-AbCdEf")


def sure(of: Function, *resources: Resource) -> set[tuple[str, str]]:
    """(action, resource) of each MUST."""
    return {
        (need.action, need.resource)
        for need in from_triggers(of, account(*resources))
        if need.certainty.value == "must"
    }


def test_a_queue_needs_three_actions() -> None:
    assert sure(function(Trigger("sqs", QUEUE))) == {
        (f"sqs:{verb}", QUEUE) for verb in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    }


def test_a_stream_needs_five_actions_and_may_list() -> None:
    verbs = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    found = function(Trigger("kinesis", STREAM))

    assert sure(found) == {(f"kinesis:{verb}", STREAM) for verb in verbs}
    assert ("kinesis:ListStreams", "*", "may") in map(row, from_triggers(found, account()))


def test_a_consumer_is_subscribed_to() -> None:
    consumer = f"{STREAM}/consumer/own:1700000000"
    found = sure(function(Trigger("kinesis", consumer)))

    assert ("kinesis:SubscribeToShard", consumer) in found
    assert ("kinesis:GetRecords", STREAM) in found


def test_a_stream_of_a_table_needs_three_actions() -> None:
    stream = arn("dynamodb", "table/orders/stream/2000-01-01T00:00:00.000")

    assert sure(function(Trigger("dynamodb", stream))) == {
        (f"dynamodb:{verb}", stream) for verb in ("DescribeStream", "GetRecords", "GetShardIterator")
    }


def test_a_cluster_needs_either_of_two_and_the_network() -> None:
    found = from_triggers(function(Trigger("msk", CLUSTER)), account())
    must = {need.action for need in found if need.certainty.value == "must"}

    assert must == {"kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers", *NETWORK}
    assert [need.instead for need in found if need.action == "kafka:DescribeClusterV2"] == [("kafka:DescribeCluster",)]


def test_a_cluster_may_let_in_by_iam_unless_there_is_a_secret() -> None:
    uses = (("topic", "orders"), ("group", "own"))
    rows = set(map(row, from_triggers(function(Trigger("msk", CLUSTER, uses=uses)), account())))
    secret = from_triggers(function(Trigger("msk", CLUSTER, uses=(("secret", SECRET),))), account())

    assert ("kafka-cluster:ReadData", arn("kafka", "topic/bus/1234-5/orders"), "may") in rows
    assert ("kafka-cluster:AlterGroup", arn("kafka", "group/bus/1234-5/own"), "may") in rows
    assert not any(need.action.startswith("kafka-cluster:") for need in secret)


def test_kafka_of_ones_own_needs_its_secret_only() -> None:
    trigger = Trigger("kafka", "self-managed", uses=(("secret", SECRET),))

    assert sure(function(trigger)) == {("secretsmanager:GetSecretValue", SECRET)}


def test_kafka_of_ones_own_in_a_subnet_needs_the_network() -> None:
    trigger = Trigger("kafka", "self-managed", uses=(("vpc_subnet", "subnet-1"),))

    assert {action for action, _ in sure(function(trigger))} == set(NETWORK)


@pytest.mark.parametrize(("facts", "must"), [((), True), ((("public", "true"),), False)])
def test_a_broker_needs_the_network_only_if_it_is_private(facts: tuple[tuple[str, str], ...], must: bool) -> None:
    broker = arn("mq", "broker:b:b-1")
    found = sure(function(Trigger("mq", broker)), Resource(broker, facts=facts))

    assert ("mq:DescribeBroker", broker) in found
    assert (("ec2:DescribeVpcs", "*") in found) is must


def test_documents_need_the_cluster_its_groups_and_the_network() -> None:
    cluster = arn("rds", "cluster:docs")
    found = sure(function(Trigger("documentdb", cluster)))

    assert found == {
        ("rds:DescribeDBClusters", cluster),
        ("rds:DescribeDBClusterParameters", arn("rds", "cluster-pg:*")),
        ("rds:DescribeDBSubnetGroups", arn("rds", "subgrp:*")),
        *((action, "*") for action in NETWORK),
    }


def test_what_the_guide_grants_for_documents_is_no_more_than_needed() -> None:
    found = from_triggers(function(Trigger("documentdb", arn("rds", "cluster:docs"))), account())

    assert {need.action for need in found if need.certainty is Certainty.MAY and need.resource == "*"} == {
        "rds:DescribeDBClusterParameters",
        "rds:DescribeDBClusters",
        "rds:DescribeDBSubnetGroups",
    }


def test_a_customer_key_of_the_source_is_needed() -> None:
    assert ("kms:Decrypt", KEY) in sure(function(Trigger("sqs", QUEUE)), Resource(QUEUE, key=KEY))


def test_a_source_with_a_key_of_aws_needs_none() -> None:
    found = from_triggers(function(Trigger("sqs", QUEUE)), account(Resource(QUEUE)))

    assert not any(need.action.startswith("kms:") for need in found)


def test_a_mapping_that_its_owner_disabled_is_a_may() -> None:
    assert sure(function(Trigger("sqs", QUEUE, state="Disabled"))) == set()


def test_what_pushes_needs_nothing() -> None:
    assert from_triggers(function(Trigger("s3", "arn:aws:s3:::inbox")), account()) == ()


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (QUEUE, "sqs"),
        (CLUSTER, "msk"),
        (arn("mq", "broker:b:b-1"), "mq"),
        (arn("rds", "cluster:d"), "documentdb"),
        ("self-managed", "kafka"),
    ],
)
def test_every_source_has_its_type(source: str, kind: str) -> None:
    assert polled(source) == kind
