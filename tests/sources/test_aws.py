"""Reading an account: complete, or with a gap for each part that could not be read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rolecall.changes import Change
from rolecall.sources import SourceError
from rolecall.sources.aws import World, read
from tests.builders import allow, document
from tests.sources.world import open_session

ACCOUNT, REGION = "123456789012", "us-east-1"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with the function `orders`: role, all kinds of policies, resource policy, mapping."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = open_session()
        iam = session.client("iam")
        managed = [
            iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(document(allow("s3:GetObject"))))["Policy"][
                "Arn"
            ]
            for name in ("shared", "bounds")
        ]
        role = make_role(session, "orders", PermissionsBoundary=managed[1])
        iam.attach_role_policy(RoleName="orders", PolicyArn=managed[0])
        polls = document(allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]))
        iam.put_role_policy(RoleName="orders", PolicyName="poll", PolicyDocument=json.dumps(polls))
        make_function(session, "orders", role)
        queue = session.client("sqs").create_queue(QueueName="orders")["QueueUrl"]
        arn = session.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        functions = session.client("lambda")
        functions.create_event_source_mapping(FunctionName="orders", EventSourceArn=arn["QueueArn"])
        functions.add_permission(
            FunctionName="orders", StatementId="rule", Action="lambda:InvokeFunction", Principal="events.amazonaws.com"
        )
        yield session


def make_role(session: Any, name: str, **more: str) -> str:
    made = session.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)
    arn: str = made["Role"]["Arn"]
    return arn


def make_function(session: Any, name: str, role: str) -> None:
    session.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
        Tags={"team": "shop"},
    )


def world(session: Any) -> World:
    return World(session, account=ACCOUNT)


def test_a_function_is_read_with_all_that_decides(session: Any) -> None:
    account = world(session).read()
    (function,), (role,) = account.functions, account.roles

    assert list(account.all_gaps()) == []
    assert function.tags == (("team", "shop"),)
    assert [(trigger.type, trigger.source) for trigger in function.triggers] == [
        ("sqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders")
    ]
    assert function.resource_policy is not None
    assert function.resource_policy.allows[0].services == ("events.amazonaws.com",)
    assert [policy.name for policy in role.policies] == ["poll", f"arn:aws:iam::{ACCOUNT}:policy/shared"]
    assert role.boundary is not None
    assert role.trust is not None
    assert role.used_by == (function.id,)


def test_a_role_knows_its_users_also_those_that_are_not_read(session: Any) -> None:
    make_function(session, "invoices", f"arn:aws:iam::{ACCOUNT}:role/orders")
    account = read(session, functions=["orders"])

    assert [function.name for function in account.functions] == ["orders"]
    assert [user.rpartition(":")[2] for user in account.roles[0].used_by] == ["invoices", "orders"]


def test_a_role_that_does_not_exist_is_a_gap(session: Any) -> None:
    iam = session.client("iam")
    role = make_role(session, "short")
    make_function(session, "invoices", role)
    iam.delete_role(RoleName="short")

    gaps = world(session).read().all_gaps()
    assert [(gap.what, gap.why) for gap in gaps] == [("missing role", "the role does not exist")]


def change(**named: Any) -> Change:
    return Change("e", "Event", "2026-01-31T03:00:00Z", "ada", ACCOUNT, REGION, **named)


@pytest.mark.parametrize(
    ("named", "touched"),
    [
        ({"functions": ("orders",)}, ["orders"]),
        ({"functions": ("gone",)}, ["gone"]),
        ({"roles": ("orders",)}, ["orders"]),
        ({"roles": ("other",)}, ["invoices"]),
        ({"policies": (f"arn:aws:iam::{ACCOUNT}:policy/shared",)}, ["orders"]),
        ({"policies": (f"arn:aws:iam::{ACCOUNT}:policy/absent",)}, []),
        ({"everything": True}, ["invoices", "orders"]),
    ],
)
def test_a_change_touches_the_functions_that_use_what_it_names(
    named: dict[str, Any], touched: list[str], session: Any
) -> None:
    make_function(session, "invoices", make_role(session, "other"))

    found = world(session).touched(change(**named))

    assert sorted(arn.rpartition(":")[2] for arn in found) == touched


def test_a_name_that_no_function_has_is_said(session: Any) -> None:
    with pytest.raises(SourceError, match="no function `nothing` in account 123456789012, us-east-1"):
        read(session, functions=["nothing"])


def test_lists_are_read_to_their_last_page(session: Any) -> None:
    role = make_role(session, "many")
    for number in range(60):
        make_function(session, f"many-{number}", role)

    assert len(world(session).read().functions) == 61
