"""Reading an account: complete, or with a gap for each part that could not be read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from rolecall import engine
from rolecall.changes import Change
from rolecall.model import Account
from rolecall.sources import SourceError
from rolecall.sources.aws import World, read
from tests.builders import allow, document

ACCOUNT, REGION = "123456789012", "us-east-1"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with the function `orders`: role, all kinds of policies, resource policy, mapping."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = boto3.Session(region_name=REGION)
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


@dataclass
class Refusing:
    """A session in which one operation is refused."""

    session: Any
    operation: str
    code: str = "AccessDeniedException"

    @property
    def region_name(self) -> str:
        name: str = self.session.region_name
        return name

    def get_partition_for_region(self, region: str) -> str:
        return "aws"

    def client(self, service: str, **more: Any) -> Any:
        client = self.session.client(service, **more)
        if hasattr(client, self.operation):

            def refuse(**parameters: Any) -> None:
                raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, self.operation)

            setattr(client, self.operation, refuse)
        return client


REFUSALS = [
    ("get_policy", "lambda", "resource policy", "lambda:GetPolicy"),
    ("list_tags", "lambda", "tags", "lambda:ListTags"),
    ("list_event_source_mappings", "lambda", "event source mappings", "lambda:ListEventSourceMappings"),
    ("get_role", "iam", "role", "iam:GetRole"),
    ("list_role_policies", "iam", "role policies", "iam:ListRolePolicies"),
    ("get_role_policy", "iam", "role policies", "iam:GetRolePolicy"),
    ("list_attached_role_policies", "iam", "role policies", "iam:ListAttachedRolePolicies"),
    ("get_policy_version", "iam", "role policies", "iam:GetPolicyVersion"),
    ("get_policy_version", "iam", "boundary", "iam:GetPolicyVersion"),
]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
@pytest.mark.parametrize(("operation", "service", "what", "call"), REFUSALS)
def test_what_aws_refuses_is_a_gap_and_a_finding(
    operation: str, service: str, what: str, call: str, code: str, session: Any
) -> None:
    account = world(Refusing(session, operation, code)).read()

    assert (what, code) in {(gap.what, gap.why) for gap in account.all_gaps()}
    assert call in {gap.call for gap in account.all_gaps()}
    assert "incomplete-audit" in rules(account)


def rules(account: Account) -> list[str]:
    return [finding.rule for finding in engine.audit(account).findings]


def test_a_role_whose_policies_are_unread_has_no_finding_about_rights_that_it_lacks(session: Any) -> None:
    account = world(Refusing(session, "list_role_policies")).read()

    assert "unreadable-source" not in rules(account)


def test_without_the_list_of_functions_nothing_can_be_said(session: Any) -> None:
    with pytest.raises(SourceError, match="lambda:ListFunctions: AccessDeniedException"):
        world(Refusing(session, "list_functions")).read()


def test_a_role_that_does_not_exist_is_a_gap(session: Any) -> None:
    iam = session.client("iam")
    role = make_role(session, "short")
    make_function(session, "invoices", role)
    iam.delete_role(RoleName="short")

    assert [(gap.what, gap.why) for gap in world(session).read().all_gaps()] == [("role", "the role does not exist")]


def test_a_source_that_is_not_modelled_is_a_known_limit(session: Any) -> None:
    calls = Refusing(session, "list_event_source_mappings")
    calls.client = with_mapping(session)  # type: ignore[method-assign]

    (gap,) = world(calls).read().all_gaps()

    assert (gap.what, gap.mendable) == ("event source mappings", False)
    assert "`kafka`" in gap.why


def with_mapping(session: Any) -> Any:
    def client(service: str, **more: Any) -> Any:
        made = session.client(service, **more)
        if service == "lambda":
            mapping = {"UUID": "u", "EventSourceArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/c/1"}
            made.list_event_source_mappings = lambda **parameters: {"EventSourceMappings": [mapping]}
        return made

    return client


def change(**named: Any) -> Change:
    return Change("e", "Event", "2026-01-31T03:00:00Z", "ada", ACCOUNT, REGION, **named)


@pytest.mark.parametrize(
    ("named", "touched"),
    [
        ({"functions": ("orders",)}, ["orders"]),
        ({"functions": ("gone",)}, []),
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
