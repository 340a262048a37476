"""Principals of an account: users with what their groups give them, and roles that no function runs as."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rolecall.model import Account
from rolecall.sources import file
from tests.builders import allow, document
from tests.sources.world import arn, make_function, make_role, open_session, world

TEXT = json.dumps(document(allow("lambda:InvokeFunction")))


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        session = open_session()
        make_function(session, "orders", make_role(session, "orders"))
        make_role(session, "deploy")
        make_ann(session.client("iam"))
        yield world(session).read()


def make_ann(iam: Any) -> None:
    """A user with an inline policy, a group with one, and a managed policy of each."""
    own, theirs = (iam.create_policy(PolicyName=n, PolicyDocument=TEXT)["Policy"]["Arn"] for n in ("own", "theirs"))
    iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "shop"}])
    iam.put_user_policy(UserName="ann", PolicyName="mine", PolicyDocument=TEXT)
    iam.attach_user_policy(UserName="ann", PolicyArn=own)
    iam.create_group(GroupName="staff")
    iam.put_group_policy(GroupName="staff", PolicyName="ours", PolicyDocument=TEXT)
    iam.attach_group_policy(GroupName="staff", PolicyArn=theirs)
    iam.add_user_to_group(UserName="ann", GroupName="staff")


def test_a_user_has_the_policies_of_its_groups(account: Account) -> None:
    (ann,) = account.users

    assert [policy.name for policy in ann.policies] == [
        "mine",
        "staff/ours",
        arn("iam", "policy/own"),
        arn("iam", "policy/theirs"),
    ]
    assert (ann.tags, ann.gaps) == ((("team", "shop"),), ())


def test_roles_that_no_function_runs_as_are_known_too(account: Account) -> None:
    assert [(role.name, bool(role.used_by)) for role in account.roles] == [("deploy", False), ("orders", True)]


def test_a_snapshot_keeps_users(account: Account) -> None:
    assert file.load(file.dump(account)).users == account.users
