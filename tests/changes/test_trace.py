"""Traces: a reading shows what a call did, or does not yet."""

import json
from typing import Any

import pytest
from hypothesis import given

from rolecall.changes import ROWS, Change, parse, visible
from rolecall.changes.trace import LEAVES
from rolecall.model import Account
from rolecall.sources import file
from tests.builders import FUNCTION, ROLE, account, allow, document, laid_over, permission
from tests.changes.records import call, changed
from tests.changes.test_record import JSON

READERS = f"{ROLE.rpartition(':')[0]}:policy/readers"
LISTS = allow("s3:ListBucket", "arn:aws:s3:::in")
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
LETS_IN = {"resource policy": [permission({"Service": "sns.amazonaws.com"}, sid="topic")]}
HAS_POLICIES = {"more policies": {"extra": [LISTS], READERS: [LISTS]}}


def seen(name: str, parameters: dict[str, Any], fragment: dict[str, Any] | None = None) -> bool | None:
    """Is what the call did visible in the clean account with a fragment over it?"""
    service = next(service for service, each in LEAVES if each == name)
    return visible(changed(name, parameters, service=service), account(fragment))


def of_role(**more: Any) -> dict[str, Any]:
    return {"roleName": "orders", **more}


def put(*statements: dict[str, Any]) -> dict[str, Any]:
    return of_role(policyName="extra", policyDocument=json.dumps(document(*statements)))


def test_an_inline_policy_is_visible_when_it_says_what_the_call_said() -> None:
    assert seen("PutRolePolicy", put({**LISTS, "Action": ["s3:ListBucket"]}), HAS_POLICIES) is True
    assert seen("PutRolePolicy", put(allow("s3:*")), HAS_POLICIES) is False
    assert seen("PutRolePolicy", put(LISTS)) is False


def test_a_deleted_inline_policy_is_visible_when_it_is_gone() -> None:
    assert seen("DeleteRolePolicy", of_role(policyName="extra")) is True
    assert seen("DeleteRolePolicy", of_role(policyName="extra"), HAS_POLICIES) is False


def test_a_managed_policy_is_visible_by_its_arn() -> None:
    assert seen("AttachRolePolicy", of_role(policyArn=READERS), HAS_POLICIES) is True
    assert seen("AttachRolePolicy", of_role(policyArn=READERS)) is False
    assert seen("DetachRolePolicy", of_role(policyArn=READERS)) is True


def test_a_new_version_is_visible_in_the_roles_it_is_attached_to() -> None:
    version = {"policyArn": READERS, "policyDocument": json.dumps(document(LISTS)), "setAsDefault": True}

    assert seen("CreatePolicyVersion", version, HAS_POLICIES) is True
    assert (
        seen("CreatePolicyVersion", {**version, "policyDocument": json.dumps(document(allow("*")))}, HAS_POLICIES)
        is False
    )
    assert seen("CreatePolicyVersion", {**version, "setAsDefault": False}, HAS_POLICIES) is None


def test_a_trust_policy_is_visible_when_it_says_what_the_call_said() -> None:
    other = document({**TRUST, "Principal": {"Service": "ec2.amazonaws.com"}})

    assert seen("UpdateAssumeRolePolicy", of_role(policyDocument=json.dumps(document(TRUST)))) is True
    assert seen("UpdateAssumeRolePolicy", of_role(policyDocument=json.dumps(other))) is False


def test_a_boundary_is_visible_when_there_is_one() -> None:
    assert seen("PutRolePermissionsBoundary", of_role(permissionsBoundary=READERS)) is False
    assert seen("DeleteRolePermissionsBoundary", of_role()) is True


def test_a_permission_is_visible_by_its_sid() -> None:
    added = {"functionName": "orders", "statementId": "topic"}

    assert seen("AddPermission", added, LETS_IN) is True
    assert seen("AddPermission", added) is False
    assert seen("RemovePermission", added) is True


@pytest.mark.parametrize(
    "parameters", [{"functionName": "orders", "qualifier": "live"}, {"functionName": f"{FUNCTION}:live"}]
)
def test_a_permission_is_looked_for_on_its_qualifier(parameters: dict[str, str]) -> None:
    assert seen("AddPermission", {**parameters, "statementId": "topic"}, LETS_IN) is None
    assert seen("AddPermission", {"functionName": f"{FUNCTION}:$LATEST", "statementId": "topic"}, LETS_IN) is True


def test_a_new_role_is_visible_in_the_function() -> None:
    assert seen("UpdateFunctionConfiguration", {"functionName": "orders", "role": ROLE}) is True
    assert seen("UpdateFunctionConfiguration", {"functionName": "orders", "role": f"{ROLE}-2"}) is False
    assert seen("UpdateFunctionConfiguration", {"functionName": "orders", "memorySize": 512}) is None


def test_what_was_not_read_shows_nothing() -> None:
    snapshot = laid_over({})
    snapshot["roles"][0]["gaps"] = [{"what": "role policies", "why": "AccessDenied"}]
    assert visible(changed("PutRolePolicy", put(LISTS), service="iam"), file.load(snapshot)) is None
    assert visible(changed("PutRolePolicy", put(LISTS), service="iam"), Account("1", "r", "nothing")) is None


def test_a_document_that_does_not_parse_is_compared_by_name_only() -> None:
    assert seen("PutRolePolicy", of_role(policyName="extra", policyDocument="{"), HAS_POLICIES) is True


def test_an_attempt_that_failed_leaves_nothing() -> None:
    change = changed("AddPermission", {"functionName": "orders", "statementId": "s"}, errorCode="PublicPolicyException")

    assert (change.trace, visible(change, account())) == (None, None)


def test_all_that_leaves_a_trace_is_a_row() -> None:
    assert set(LEAVES) <= set(ROWS)


@given(JSON, JSON)
def test_any_record_leaves_a_trace_or_none(parameters: Any, value: Any) -> None:
    for service, name in LEAVES:
        change = parse(
            call(name, {"roleName": "orders", "policyName": "extra", "policyDocument": value}, service=service)
        )
        other = parse(call(name, parameters, service=service))

        assert all(
            visible(each, account()) in (True, False, None) for each in (change, other) if isinstance(each, Change)
        )
