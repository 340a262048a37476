"""What a role allows of a need: yes, no, or not decided."""

from dataclasses import replace
from typing import Any

import pytest

from rolecall.iam.policy import Kind, parse
from rolecall.model import Account, Gap, Role
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.grant import Verdict, grant
from tests.builders import allow, document
from tests.needs.world import ACCOUNT, KEY, QUEUE, ROLE, Resource, Trigger, account, arn, function

BOSS = f"arn:aws:iam::{ACCOUNT}:role/boss"


def asked(
    action: str, resource: str, *statements: dict[str, Any], kind: str = "code", within: Account | None = None
) -> Verdict:
    """What the grant of these statements says of a need."""
    found = grant(function(), within or account(statements=statements))
    assert found is not None
    return found.meets(Need(action, resource, Certainty.MUST, Proof(kind, "here", "a test")))


def test_a_statement_that_covers_it_allows_it() -> None:
    assert asked("sqs:SendMessage", QUEUE, allow("sqs:Send*", QUEUE)).allowed is True


def test_another_resource_does_not_and_is_a_near_miss() -> None:
    found = asked("sqs:SendMessage", QUEUE, allow("sqs:SendMessage", f"{QUEUE}-old"))

    assert found.allowed is False
    assert [each.resources for each in found.near] == [(f"{QUEUE}-old",)]


def test_a_deny_takes_it_away() -> None:
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}
    found = asked("sqs:SendMessage", QUEUE, allow("sqs:SendMessage", QUEUE), deny)

    assert found.allowed is False
    assert [each.effect for each in found.statements] == ["Deny"]


def test_one_unknown_value_is_itself_as_an_arn_and_as_a_name() -> None:
    secret = arn("secretsmanager", "secret:⟨Secret⟩")

    assert asked("secretsmanager:GetSecretValue", secret, allow("secretsmanager:*", "⟨Secret⟩")).allowed is True
    assert asked("secretsmanager:GetSecretValue", secret, allow("secretsmanager:*", "⟨Other⟩")).allowed is None


def test_a_boundary_takes_it_away() -> None:
    boundary = parse(document(allow("s3:*")), name="boundary", kind=Kind.BOUNDARY)
    within = account(statements=(allow("sqs:SendMessage", QUEUE),), boundary=boundary)

    assert asked("sqs:SendMessage", QUEUE, within=within).allowed is False


def test_a_condition_that_is_not_known_leaves_it_open() -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "orders"}}

    assert asked("sqs:SendMessage", QUEUE, allow("sqs:SendMessage", QUEUE, Condition=condition)).allowed is None


@pytest.mark.parametrize(("subnets", "allowed"), [((), False), (("subnet-1",), None)])
def test_only_a_function_in_a_vpc_comes_by_an_endpoint_of_one(subnets: tuple[str, ...], allowed: bool | None) -> None:
    condition = {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": condition}
    held = grant(function(subnets=subnets), account(statements=(allow("sqs:SendMessage", QUEUE), deny)))

    assert held is not None
    assert held.allows("sqs:SendMessage", QUEUE).allowed is allowed


def test_lambda_itself_polls_without_the_functions_arn() -> None:
    condition = {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", "function:orders")}}
    statement = allow("sqs:ReceiveMessage", QUEUE, Condition=condition)

    assert asked("sqs:ReceiveMessage", QUEUE, statement, kind="trigger").allowed is False
    assert asked("sqs:ReceiveMessage", QUEUE, statement).allowed is True


def test_the_deny_that_aws_recommends_does_not_block_the_vpc() -> None:
    condition = {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", "function:orders")}}
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": condition}
    found = asked("ec2:CreateNetworkInterface", "*", allow("ec2:CreateNetworkInterface"), deny, kind="config")

    assert found.allowed is True


def test_a_pattern_is_allowed_whole_in_part_or_not() -> None:
    objects = "arn:aws:s3:::inbox/in/*"

    assert asked("s3:GetObject", objects, allow("s3:GetObject", "arn:aws:s3:::inbox/*")).allowed is True
    assert asked("s3:GetObject", objects, allow("s3:GetObject", "arn:aws:s3:::inbox/in/a*")).allowed is None
    assert asked("s3:GetObject", objects, allow("s3:GetObject", "arn:aws:s3:::other/*")).allowed is False


def test_a_resource_that_is_not_known_is_allowed_by_all_or_not_decided() -> None:
    table = arn("dynamodb", "table/⟨?⟩")

    assert asked("dynamodb:PutItem", table, allow("dynamodb:PutItem")).allowed is True
    assert asked("dynamodb:PutItem", table, allow("dynamodb:PutItem", arn("dynamodb", "table/a"))).allowed is None
    assert asked("dynamodb:PutItem", table, allow("sqs:*")).allowed is False


def test_a_name_that_is_not_known_is_equal_to_itself() -> None:
    assert (
        asked("sqs:SendMessage", arn("sqs", "⟨Queue⟩"), allow("sqs:SendMessage", arn("sqs", "⟨Queue⟩"))).allowed is True
    )
    assert asked("sqs:SendMessage", QUEUE, allow("sqs:SendMessage", arn("sqs", "⟨Queue⟩"))).allowed is None


def test_one_of_two_actions_is_enough() -> None:
    found = grant(function(), account(statements=(allow("kafka:DescribeCluster"),)))
    need = Need(
        "kafka:DescribeClusterV2", "*", Certainty.MUST, Proof("trigger", "m", "x"), instead=("kafka:DescribeCluster",)
    )

    assert found is not None
    assert found.meets(need).allowed is True


def test_the_policy_of_the_resource_may_allow_it() -> None:
    principal = {"AWS": "arn:aws:iam::111122223333:role/orders"}
    policy = parse(document(allow("sqs:*", QUEUE, Principal=principal)), name="resource", kind=Kind.RESOURCE)

    assert asked("sqs:SendMessage", QUEUE, within=account(Resource(QUEUE, policy=policy))).allowed is True


def test_the_key_policy_must_delegate_to_the_account() -> None:
    statement = allow("kms:Decrypt", KEY)
    mine = {"AWS": "arn:aws:iam::111122223333:role/other"}
    policy = parse(document(allow("kms:*", "*", Principal=mine)), name="resource", kind=Kind.RESOURCE)

    assert asked("kms:Decrypt", KEY, statement).allowed is True
    assert (
        asked("kms:Decrypt", KEY, within=account(Resource(KEY, policy=policy), statements=(statement,))).allowed
        is False
    )


def trusting(principal: dict[str, str]) -> Account:
    """The account where `orders` may assume `boss`, who trusts the principal."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    boss = Role(BOSS, trust=parse(document(statement), name="trust", kind=Kind.TRUST))
    own = account(statements=(allow("sts:AssumeRole", BOSS),))
    return replace(own, roles=(*own.roles, boss))


@pytest.mark.parametrize("principal", [ROLE, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT])
def test_a_role_that_trusts_the_role_or_its_account_can_be_assumed(principal: str) -> None:
    assert asked("sts:AssumeRole", BOSS, within=trusting({"AWS": principal})).allowed is True


def test_a_role_that_trusts_others_cannot_be_assumed() -> None:
    assert asked("sts:AssumeRole", BOSS, within=trusting({"Service": "ecs-tasks.amazonaws.com"})).allowed is False


def test_a_role_of_the_account_that_was_not_read_lets_the_account_in() -> None:
    assert asked("sts:AssumeRole", BOSS, allow("sts:AssumeRole", BOSS)).allowed is True
    assert asked("sts:AssumeRole", BOSS).allowed is False


def test_a_role_of_another_account_that_was_not_read_is_not_decided() -> None:
    theirs = "arn:aws:iam::444455556666:role/boss"

    assert asked("sts:AssumeRole", theirs, allow("sts:AssumeRole", theirs)).allowed is None


def test_a_role_that_was_not_read_has_no_grant() -> None:
    world = account()
    role = world.roles[0].__class__(world.roles[0].arn, gaps=(Gap("role policies", "AccessDenied"),))

    assert grant(function(), Account(world.id, world.region, "a test", roles=(role,))) is None


def test_a_secret_allows_the_function_that_rotates_it() -> None:
    secret, other = arn("secretsmanager", "secret:db-AbCdEf"), arn("secretsmanager", "secret:web-AbCdEf")
    own = {"StringEquals": {"secretsmanager:resource/AllowRotationLambdaArn": arn("lambda", "function:orders")}}
    statement = allow("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:*"), Condition=own)
    held = grant(function(Trigger("secretsmanager", secret)), account(statements=(statement,)))

    assert held is not None
    assert [held.allows("secretsmanager:GetSecretValue", each).allowed for each in (secret, other)] == [True, None]
