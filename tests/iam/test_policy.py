import json
import re
from pathlib import Path

import pytest

from rolecall.iam.policy import Condition, Effect, Kind, Policy, PolicyError, Principal, Statement, parse

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def statement(**elements: object) -> Statement:
    return parse({"Statement": ALLOW | elements}, name="inbox").statements[0]


def resource_statement(**elements: object) -> Statement:
    return parse({"Statement": ALLOW | elements}, name="inbox", kind=Kind.RESOURCE).statements[0]


def test_a_single_statement_and_a_single_string_are_lists_of_one() -> None:
    policy = parse(json.dumps({"Version": "2012-10-17", "Statement": ALLOW}), name="inbox")

    assert policy == Policy(
        "inbox",
        Kind.IDENTITY,
        "2012-10-17",
        (Statement("inbox", 0, None, Effect.ALLOW, actions=("s3:GetObject",), resources=("*",)),),
    )


def test_names_of_elements_are_read_in_any_case() -> None:
    policy = parse(
        {"version": "2012-10-17", "statement": {"effect": "Deny", "ACTION": "s3:*", "resource": "*"}}, name="p"
    )

    assert policy.denies[0].actions == ("s3:*",)


def test_every_form_of_principal_is_read() -> None:
    principal = {"AWS": ["*", "111122223333"], "Service": "s3.amazonaws.com", "Federated": "accounts.google.com"}

    assert resource_statement(Principal="*").principals == (Principal("*", "*"),)
    assert resource_statement(Principal=principal).principals == (
        Principal("AWS", "*"),
        Principal("AWS", "111122223333"),
        Principal("Service", "s3.amazonaws.com"),
        Principal("Federated", "accounts.google.com"),
    )


def test_conditions_take_their_operator_apart_and_their_values_as_text() -> None:
    condition = {"ForAnyValue:stringlikeIfExists": {"aws:TagKeys": ["a", "b"]}, "Bool": {"aws:SecureTransport": False}}

    assert statement(Condition=condition).conditions == (
        Condition("StringLike", "ForAnyValue", True, "aws:TagKeys", ("a", "b")),
        Condition("Bool", None, False, "aws:SecureTransport", ("false",)),
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"Statement": ALLOW | {"Effect": "allow"}}, 'inbox, statement 1: Effect is "allow", not "Allow" or "Deny"'),
        ({"Statement": [ALLOW, {}]}, 'inbox, statement 2: has no Effect, it needs "Allow" or "Deny"'),
        ({"Statement": ALLOW | {"NotAction": "s3:*"}}, "inbox, statement 1: has both Action and NotAction, not one of"),
        ({"Statement": ALLOW | {"Actions": "s3:*"}}, 'inbox, statement 1: the statement has the element "Actions"'),
        ({"Statement": ALLOW | {"Principal": "*"}}, "inbox, statement 1: has a Principal"),
        ({"Statement": ALLOW | {"Action": "GetObject"}}, 'inbox, statement 1: Action has "GetObject", not "*" or'),
        ({"Statement": ALLOW | {"Resource": "inbox"}}, 'inbox, statement 1: Resource has "inbox", not an ARN or "*"'),
        ({"Statement": ALLOW | {"Resource": []}}, "inbox, statement 1: Resource is empty"),
        ({"Statement": ALLOW | {"Condition": {"StringEqual": {}}}}, 'inbox, statement 1: Condition has the operator "'),
        ({"Statement": ALLOW | {"Condition": {"NullIfExists": {}}}}, 'inbox, statement 1: Condition has "NullIfExists'),
        ({"Statement": ALLOW | {"Condition": {"Bool": {"a:b": None}}}}, "inbox, statement 1: Bool a:b is null, not a"),
        ({"Statement": [ALLOW | {"Sid": "A"}] * 2}, 'inbox: has the Sid "A" twice'),
        ({"Statement": []}, "inbox: Statement is empty"),
        ({"Version": "2012-10-18", "Statement": ALLOW}, 'inbox: Version is "2012-10-18", not "2012-10-17" or'),
        ({}, "inbox: has no Statement"),
        ("[", "inbox: is no JSON"),
        ("[" * 100_000, "inbox: is nested too deeply"),
        ('{"Statement": 1, "Statement": 2}', 'inbox: has "Statement" twice in one object'),
        ('{"Version": ' + "1" * 5000 + "}", "inbox: is no JSON"),
        ("NaN", "inbox: is no JSON: NaN is no JSON number"),
        (" " * 1_000_001, "inbox: is 1,000,001 characters long"),
    ],
)
def test_what_aws_refuses_is_refused_in_one_line(document: object, message: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(message)) as refused:
        parse(document, name="inbox")

    assert "\n" not in str(refused.value)


def test_a_resource_policy_needs_a_principal_and_a_trust_policy_has_no_resource() -> None:
    with pytest.raises(PolicyError, match="has no Principal"):
        parse({"Statement": ALLOW}, name="queue", kind=Kind.RESOURCE)
    with pytest.raises(PolicyError, match="has a Resource"):
        parse({"Statement": ALLOW | {"Principal": "*"}}, name="trust", kind=Kind.TRUST)


@pytest.mark.parametrize(
    ("principal", "message"),
    [
        ({"AWS": []}, "queue, statement 1: Principal AWS is empty, it needs at least one"),
        ({"AWS": "111122223333", "Service": []}, "queue, statement 1: Principal Service is empty"),
        ({}, "queue, statement 1: Principal is empty"),
    ],
)
def test_a_principal_names_somebody(principal: object, message: str) -> None:
    with pytest.raises(PolicyError, match=re.escape(message)):
        parse({"Statement": ALLOW | {"Principal": principal}}, name="queue", kind=Kind.RESOURCE)


@pytest.mark.parametrize(
    ("condition", "pins"),
    [
        ({"StringEquals": {"AWS:SourceAccount": "111122223333"}}, True),
        ({"StringLike": {"aws:SourceAccount": ["1111*", "*"]}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}, False),
        ({"ForAllValues:StringEquals": {"aws:SourceAccount": "111122223333"}}, False),
        ({"ArnLike": {"aws:SourceAccount": "arn:*:*:*:*:*"}}, False),
        ({"Null": {"aws:SourceAccount": "false"}}, False),
        ({"StringEquals": {"aws:SourceOrgId": "o-1"}}, False),
    ],
)
def test_a_condition_pins_a_key_when_only_named_values_pass(condition: object, pins: bool) -> None:
    assert statement(Condition=condition).pins("aws:SourceAccount") is pins


def test_two_wordings_of_one_statement_have_one_canonical_form() -> None:
    one = resource_statement(Sid="A", Principal={"AWS": "111122223333"}, Action=["s3:GetObject", "s3:PutObject"])
    other = resource_statement(
        Sid="B", Principal={"AWS": "arn:aws:iam::111122223333:root"}, Action=["s3:putobject", "s3:GetObject"]
    )

    assert one.canonical() == other.canonical()


def test_a_policy_written_back_is_the_same_policy() -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [ALLOW | {"Sid": "", "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": ["a", "b"]}}}],
    }
    policy = parse(document, name="inbox")

    assert parse(policy.document(), name="inbox") == policy


def test_every_managed_policy_of_aws_parses() -> None:
    moto = pytest.importorskip("moto.iam.aws_managed_policies")
    documents = {name: each["Document"] for name, each in json.loads(moto.aws_managed_policies_data).items()}

    policies = [parse(document, name=name) for name, document in documents.items()]

    assert len(policies) > 1_500
    assert all(parse(policy.document(), name=policy.name) == policy for policy in policies)


def test_the_package_has_its_marker_for_types() -> None:
    import rolecall

    assert (Path(rolecall.__file__).parent / "py.typed").exists()
