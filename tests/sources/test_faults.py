"""Faults while an account is read, a table: what AWS refuses is the right gap, and all else is still judged."""

import io
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto import mock_aws

from rolecall import engine
from rolecall.model import Account
from rolecall.sources import SourceError
from tests.sources.world import (
    ACCOUNT,
    Refusing,
    arn,
    make_function,
    make_orders,
    make_role,
    open_session,
    world,
)

ORDERS = arn("lambda", "function:orders")
# What is refused -> the gap that it leaves, the IAM action that it names, and the rules that still find their faults.
SHARED, OPEN = "shared-role", "unguarded-service"
REFUSED = [
    ("lambda", "get_function", "tags and code", "lambda:GetFunction", {SHARED, OPEN}),
    ("lambda", "list_aliases", "aliases", "lambda:ListAliases", {SHARED, OPEN}),
    ("lambda", "list_function_url_configs", "function URLs", "lambda:ListFunctionUrlConfigs", {SHARED, OPEN}),
    (
        "lambda",
        "list_function_event_invoke_configs",
        "destinations",
        "lambda:ListFunctionEventInvokeConfigs",
        {SHARED, OPEN},
    ),
    (
        "lambda",
        "list_event_source_mappings",
        "event source mappings",
        "lambda:ListEventSourceMappings",
        {SHARED, OPEN},
    ),
    ("lambda", "get_policy", "resource policy", "lambda:GetPolicy", {SHARED}),
    ("iam", "get_role", "role", "iam:GetRole", {OPEN}),
    ("iam", "list_role_policies", "role policies", "iam:ListRolePolicies", {SHARED, OPEN}),
    ("iam", "get_role_policy", "role policies", "iam:GetRolePolicy", {SHARED, OPEN}),
    ("iam", "list_attached_role_policies", "role policies", "iam:ListAttachedRolePolicies", {SHARED, OPEN}),
    ("iam", "get_policy", "role policies", "iam:GetPolicy", {SHARED, OPEN}),
    ("iam", "get_policy_version", "role policies", "iam:GetPolicyVersion", {SHARED, OPEN}),
    ("iam", "get_policy_version", "boundary", "iam:GetPolicyVersion", {SHARED, OPEN}),
]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`orders` with two faults: `invoices` shares its role, and any account's rule may invoke it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = open_session()
        make_orders(session)
        make_function(session, "invoices", arn("iam", "role/orders"))
        yield session


def found(account: Account) -> set[str]:
    return {finding.rule for finding in engine.audit(account).findings}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
@pytest.mark.parametrize(("service", "operation", "what", "call", "still"), REFUSED)
def test_what_an_event_audit_may_not_read_is_a_gap_and_the_rest_is_judged(
    service: str, operation: str, what: str, call: str, still: set[str], code: str, session: Any
) -> None:
    account = world(Refusing(session, service, operation, code)).read({ORDERS})

    assert (what, code, call) in {(gap.what, gap.why, gap.call) for gap in account.all_gaps()}
    assert found(account) & {SHARED, OPEN, "incomplete-audit"} == still | {"incomplete-audit"}


def test_what_one_function_was_not_told_of_a_source_is_no_gap_of_the_account_when_others_are_read_after_it(
    session: Any,
) -> None:
    session.client("lambda").add_permission(
        FunctionName="orders",
        StatementId="Bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::inbox",
    )
    session.client("s3").create_bucket(Bucket="inbox")
    here = world(Refusing(session, "s3", "get_bucket_notification_configuration"))
    first, second = (here.read({arn("lambda", f"function:{name}")}) for name in ("orders", "invoices"))

    assert "s3:GetBucketNotification" in {gap.call for gap in first.all_gaps()}
    assert "s3:GetBucketNotification" not in {gap.call for gap in second.all_gaps()}


SWEEP = [
    ("iam", "get_account_authorization_details", "principals", "iam:GetAccountAuthorizationDetails"),
    ("lambda", "list_event_source_mappings", "event source mappings", "lambda:ListEventSourceMappings"),
    ("lambda", "get_function", "tags and code", "lambda:GetFunction"),
    ("lambda", "get_policy", "resource policy", "lambda:GetPolicy"),
]


@pytest.mark.parametrize(("service", "operation", "what", "call"), SWEEP)
def test_what_a_sweep_may_not_read_is_a_gap_and_the_rest_is_judged(
    service: str, operation: str, what: str, call: str, session: Any
) -> None:
    account = world(Refusing(session, service, operation)).read()

    assert (what, call) in {(gap.what, gap.call) for gap in account.all_gaps()}
    assert SHARED in found(account)


def test_without_the_list_of_functions_a_sweep_can_say_nothing(session: Any) -> None:
    with pytest.raises(SourceError, match="lambda:ListFunctions: AccessDeniedException"):
        world(Refusing(session, "lambda", "list_functions")).read()


def test_a_page_that_fails_halfway_is_not_taken_for_the_whole(session: Any) -> None:
    first = {"Functions": session.client("lambda").list_functions()["Functions"], "NextMarker": "more"}
    halfway = Refusing(session, "lambda", "list_functions", refuses=lambda asked: "Marker" in asked, answer=first)

    with pytest.raises(SourceError, match="lambda:ListFunctions"):
        world(halfway).read()


# What goes away between two calls is no gap, but for a role, and a boundary that is named and cannot be seen.
@pytest.mark.parametrize(
    ("service", "operation", "code", "gaps"),
    [
        ("lambda", "list_aliases", "ResourceNotFoundException", set()),
        ("lambda", "list_function_url_configs", "ResourceNotFoundException", set()),
        ("lambda", "list_function_event_invoke_configs", "ResourceNotFoundException", set()),
        ("lambda", "list_event_source_mappings", "ResourceNotFoundException", set()),
        ("lambda", "get_policy", "ResourceNotFoundException", set()),
        ("lambda", "get_function_configuration", "ResourceNotFoundException", set()),
        ("iam", "get_role_policy", "NoSuchEntity", set()),
        ("iam", "get_policy", "NoSuchEntity", {"boundary"}),
        ("iam", "get_policy_version", "NoSuchEntity", {"boundary"}),
        ("iam", "get_role", "NoSuchEntity", {"missing role"}),
    ],
)
def test_what_is_deleted_between_two_calls_is_not_there(
    service: str, operation: str, code: str, gaps: set[str], session: Any
) -> None:
    account = world(Refusing(session, service, operation, code)).read({ORDERS})

    assert [function.name for function in account.functions if function.qualifier is None] == ["orders"]
    assert {gap.what for gap in account.all_gaps()} == gaps


def test_a_function_that_is_deleted_between_two_calls_is_not_in_the_account(session: Any) -> None:
    account = world(Refusing(session, "lambda", "get_function", "ResourceNotFoundException")).read({ORDERS})

    assert account.functions == ()


def answering(session: Any, operation: str, answer: dict[str, Any], *, service: str = "lambda") -> Refusing:
    return Refusing(session, service, operation, refuses=lambda asked: False, answer=answer)


def test_a_policy_that_does_not_parse_is_a_gap(session: Any) -> None:
    broken = {"Version": "2012-10-17", "Statement": [{"Effect": "allow", "Action": "s3:GetObject", "Resource": "*"}]}
    policies = answering(session, "get_role_policy", {"PolicyDocument": broken}, service="iam")

    (gap,) = world(policies).read({ORDERS}).roles[0].gaps

    assert (gap.what, gap.why) == ("role policies", 'poll, statement 1: Effect is "allow", not "Allow" or "Deny"')


def test_a_source_that_is_not_modelled_is_a_known_limit(session: Any) -> None:
    newer = {"UUID": "u", "FunctionArn": ORDERS, "EventSourceArn": arn("newer", "source/c/1")}
    mapped = answering(session, "list_event_source_mappings", {"EventSourceMappings": [newer]})

    (gap,) = world(mapped).read({ORDERS}).all_gaps()

    assert (gap.what, gap.mendable, "`newer`" in gap.why) == ("event source mappings", False, True)
    assert ACCOUNT in (gap.subject or "")


def test_environment_values_that_need_a_key_are_a_gap_of_their_names(session: Any) -> None:
    configuration = session.client("lambda").get_function(FunctionName="orders")["Configuration"]
    configuration["Environment"] = {"Error": {"ErrorCode": "AccessDeniedException", "Message": "kms"}}
    sealed = answering(session, "get_function", {"Configuration": configuration})

    gaps = world(sealed).read({ORDERS}).all_gaps()

    assert ("environment", "kms:Decrypt") in {(gap.what, gap.call) for gap in gaps}


def test_a_role_that_was_made_again_elsewhere_is_a_gap(session: Any) -> None:
    make_function(session, "short", make_role(session, "short"))
    session.client("iam").delete_role(RoleName="short")

    gaps = world(session).read({arn("lambda", "function:short")}).all_gaps()

    assert [(gap.what, gap.why) for gap in gaps] == [("missing role", "the role does not exist")]


def test_throttling_on_a_third_of_all_calls_is_retried_until_everything_is_read(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    quiet = world(session).read({ORDERS})
    dice = Random(30)
    session.events.register("before-send", lambda **_: throttled() if dice.random() < 0.3 else None)

    assert world(session).read({ORDERS}) == quiet


class Body(io.BytesIO):
    def stream(self) -> Iterator[bytes]:
        yield self.read()


def throttled() -> AWSResponse:
    headers = HTTPHeaders.from_dict({"x-amzn-errortype": "ThrottlingException"})
    return AWSResponse("https://aws", 429, headers, Body(b'{"__type": "ThrottlingException", "message": "slow down"}'))
