"""The organization's policies that bound an account."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rolecall.iam.policy import Kind
from rolecall.model import ORGANIZATION
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.organization import Controls, read
from tests.builders import document
from tests.sources.world import ACCOUNT, REGION, refusing

DENY = json.dumps(document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}))
GUARD = json.dumps(document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.Session(region_name=REGION)


@pytest.fixture
def member(session: Any) -> str:
    """An account in an organizational unit, with a policy of either type; the session may read them."""
    organizations = session.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="shop")["OrganizationalUnit"]["Id"]
    account: str = organizations.create_account(AccountName="a", Email="a@example.com")["CreateAccountStatus"][
        "AccountId"
    ]
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    attach(session, "NoRoles", "SERVICE_CONTROL_POLICY", DENY, unit)
    attach(session, "NoStrangers", "RESOURCE_CONTROL_POLICY", GUARD, account)
    return account


def attach(session: Any, name: str, kind: str, content: str, target: str) -> None:
    organizations = session.client("organizations")
    made = organizations.create_policy(Name=name, Description=name, Type=kind, Content=content)
    organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=target)


def names(levels: Any) -> list[list[str]]:
    return [[policy.name for policy in level] for level in levels]


def test_policies_are_read_from_the_root_down_to_the_account(session: Any, member: str) -> None:
    controls = read(Calls(session, account=member))

    assert names(controls.scps) == [["FullAWSAccess"], ["FullAWSAccess", "NoRoles"], ["FullAWSAccess"]]
    assert names(controls.rcps) == [["RCPFullAWSAccess"], ["RCPFullAWSAccess"], ["NoStrangers", "RCPFullAWSAccess"]]
    assert {policy.kind for level in controls.rcps for policy in level} == {Kind.RCP}
    assert controls.gaps == ()


def test_each_policy_is_read_once(session: Any, member: str) -> None:
    calls = Calls(session, account=member)
    read(calls)

    assert calls.made["organizations:DescribePolicy"] == 4
    assert calls.made.total() == 1 + 2 + 6 + 4


def test_the_management_account_is_bound_by_none(session: Any, member: str) -> None:
    calls = Calls(session, account=ACCOUNT)

    assert read(calls) == Controls()
    assert calls.made.total() == 1


def test_without_an_organization_there_is_no_gap(session: Any) -> None:
    assert read(Calls(session, account=ACCOUNT)) == Controls()


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("describe_organization", "organizations:DescribeOrganization"),
        ("list_parents", "organizations:ListParents"),
        ("list_policies_for_target", "organizations:ListPoliciesForTarget"),
        ("describe_policy", "organizations:DescribePolicy"),
    ],
)
def test_a_member_that_may_not_read_them_says_so(operation: str, call: str, session: Any, member: str) -> None:
    controls = read(Calls(refusing(session, operation), account=member))

    assert (controls.scps, controls.rcps) == ((), ())
    assert [(gap.what, gap.call, gap.mendable) for gap in controls.gaps] == [(ORGANIZATION, call, False)]


def test_a_type_that_is_not_switched_on_has_no_policies(session: Any, member: str) -> None:
    refused = refusing(session, "list_policies_for_target", "PolicyTypeNotEnabledException")

    assert read(Calls(refused, account=member)) == Controls()


def test_a_policy_that_is_none_is_a_gap(session: Any, member: str) -> None:
    attach(session, "Broken", "SERVICE_CONTROL_POLICY", '{"Statement": []}', member)

    (gap,) = read(Calls(session, account=member)).gaps

    assert (gap.what, gap.mendable) == (ORGANIZATION, False)
    assert gap.why.startswith("Broken: ")
