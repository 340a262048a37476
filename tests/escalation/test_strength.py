"""Strength: what one role holds that another lacks, and that what every function has makes nobody stronger."""

from time import process_time
from typing import Any

import pytest

from rolecall.escalation.strength import Gain, gain, holder, is_administrator, is_stronger
from rolecall.iam import managed
from rolecall.iam.policy import Kind, parse
from rolecall.model import Account, Role
from tests.builders import ACCOUNT, LOG_GROUP, QUEUE, REGION, allow, document

WITHIN = Account(ACCOUNT, REGION, "a test")
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
DENY = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}
SEND = allow("sqs:SendMessage", QUEUE)


def role(name: str, *statements: dict[str, Any], boundary: dict[str, Any] | None = None) -> Role:
    policies = (parse(document(*statements), name="Own"),) if statements else ()
    edge = parse(document(boundary), name="boundary", kind=Kind.BOUNDARY) if boundary else None
    return Role(f"arn:aws:iam::{ACCOUNT}:role/{name}", policies=policies, boundary=edge)


def gained(own: Role, target: Role) -> Gain | None:
    return gain(holder(own, WITHIN), target)


@pytest.mark.parametrize(
    ("own", "target"),
    [
        ([SEND], [SEND]),
        ([allow("sqs:*", QUEUE)], [SEND]),
        ([allow("sqs:Send*", "arn:aws:sqs:*:*:*"), allow("s3:*")], [SEND]),
        ([SEND], [SEND, DENY]),
        ([SEND, allow("dynamodb:GetItem", TABLE)], [allow("dynamodb:GetItem", TABLE), SEND]),
        ([SEND], [allow(["logs:CreateLogStream", "logs:PutLogEvents"], LOG_GROUP), allow("xray:PutTraceSegments")]),
        ([SEND], [allow("sqs:SendMessage", QUEUE, Condition={"Bool": {"aws:SecureTransport": "true"}})]),
    ],
)
def test_a_role_that_holds_no_more_is_nothing_to_gain(own: list[dict[str, Any]], target: list[dict[str, Any]]) -> None:
    assert gained(role("own", *own), role("target", *target)) is None
    assert not is_stronger(holder(role("own", *own), WITHIN), role("target", *target))


@pytest.mark.parametrize(
    ("own", "target"),
    [
        ([], [SEND]),
        ([allow("sqs:ReceiveMessage", QUEUE)], [SEND]),
        ([allow("sqs:SendMessage", f"{QUEUE}-old")], [SEND]),
        ([SEND, DENY], [SEND]),
        ([allow("sqs:SendMessage", QUEUE, Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})], [SEND]),
    ],
)
def test_a_right_that_one_lacks_is_gained(own: list[dict[str, Any]], target: list[dict[str, Any]]) -> None:
    assert gained(role("own", *own), role("target", *target)) == Gain((f"sqs:SendMessage on {QUEUE}",))


def test_a_boundary_counts_on_both_sides() -> None:
    edge = allow("s3:*")

    assert gained(role("own"), role("target", SEND, boundary=edge)) is None
    assert gained(role("own", SEND, boundary=edge), role("target", SEND)) == Gain((f"sqs:SendMessage on {QUEUE}",))


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        ([allow("*")], True),
        ([allow("iam:PutRolePolicy")], True),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
        ([allow("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/app-*")], False),
        ([allow("*"), {"Effect": "Deny", "NotAction": "sqs:*", "Resource": "*"}], False),
        ([allow("s3:*"), allow("lambda:*")], False),
    ],
)
def test_who_may_do_anything_is_an_administrator(statements: list[dict[str, Any]], answer: bool) -> None:
    assert is_administrator(role("own", *statements), WITHIN) == answer


@pytest.mark.parametrize("name", ["ReadOnlyAccess", "SecurityAudit", "AmazonEC2FullAccess", "AWSLambda_FullAccess"])
def test_large_policies_are_compared_within_seconds(name: str) -> None:
    arn = managed.arn_of(name) or ""
    large = Role(f"arn:aws:iam::{ACCOUNT}:role/large", policies=(parse(managed.document(arn), name=arn),))
    more = Role(f"arn:aws:iam::{ACCOUNT}:role/more", policies=(*large.policies, parse(document(SEND), name="Own")))

    began = process_time()
    assert gained(more, large) is None
    assert gained(large, more) == Gain((f"sqs:SendMessage on {QUEUE}",))
    assert process_time() - began < 3
