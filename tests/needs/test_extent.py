"""Extent: on what an action can be done at all."""

import pytest

from rolecall.needs.extent import fits, within


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", "arn:aws:s3:::inbox*"),
        ("s3:GetObject", "arn:aws:s3:::inbox*"),
        ("sqs:SendMessage", "arn:aws:sqs:*:orders"),
        ("logs:PutLogEvents", "arn:aws:logs:*:*:*"),
        ("ssm:GetParameter", "arn:aws:ssm:us-east-1::parameter/aws/service/eks"),
        ("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1"),
    ],
)
def test_an_action_may_be_done_on_what_a_pattern_stands_for(action: str, resource: str) -> None:
    assert fits(action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:ListBucket", "arn:aws:s3:::inbox/*"),
        ("s3:GetObject", "arn:aws:s3:::inbox"),
        ("s3:DeleteAccessGrantsInstance", "arn:aws:s3:::⟨Bucket⟩/*"),
        ("xray:PutTraceSegments", "arn:aws:xray:us-east-1:111122223333:group/orders"),
    ],
)
def test_an_action_is_never_done_on_another_kind(action: str, resource: str) -> None:
    assert not fits(action, resource)


@pytest.mark.parametrize(("end", "expected"), [("-??????", True), ("-*", True), ("-AbCdEf", True), ("*", False)])
@pytest.mark.parametrize("needed", ["-AbCdEf", "-??????"])
def test_a_secret_is_one_thing_with_and_without_its_random_end(needed: str, end: str, expected: bool) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop/db"

    assert within(secret + end, secret + needed) is expected
