"""Comparing policies: proven relations and confirmed witnesses."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.iam.access import Witness, allows
from rolecall.iam.compare import answer, compare, relation
from rolecall.iam.policy import Policy, parse
from tests.builders import allow, document

Json = dict[str, Any]


def when(operator: str, key: str, *values: str) -> Json:
    return {"Condition": {operator: {key: list(values)}}}


def deny(actions: str, resources: str = "*", **more: Any) -> Json:
    return allow(actions, resources, **more) | {"Effect": "Deny"}


def policy(*statements: Json) -> Policy:
    return parse(document(*statements), name="policy")


VPC, IP, TAGS = "aws:SourceVpc", "aws:SourceIp", "aws:TagKeys"
HOME = "arn:aws:s3:::home/${aws:username}/*"

PAIRS: list[tuple[str, list[Json], list[Json]]] = [
    ("equal", [allow("s3:*")], [allow("S3:*")]),
    ("equal", [allow(["s3:Get*", "s3:*"])], [allow("s3:*")]),
    ("equal", [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], [allow("*"), deny("iam:*")]),
    ("equal", [allow("s3:*", "arn:aws:s3:::a/*")], [allow("s3:*", ["arn:aws:s3:::a/*", "arn:aws:s3:::a/b*"])]),
    ("A<B", [allow("s3:Get*")], [allow("s3:*")]),
    ("B<A", [allow("s3:*")], [allow("s3:*"), deny("s3:Put*")]),
    ("A<B", [allow("s3:*", **when("StringEquals", VPC, "v"))], [allow("s3:*", **when("StringLike", VPC, "v*"))]),
    (
        "equal",
        [allow("s3:*", **when("IpAddress", IP, "10.0.0.0/8"))],
        [allow("s3:*", **when("IpAddress", IP, "10.0.0.0/9", "10.128.0.0/9"))],
    ),
    (
        "A<B",
        [allow("s3:*", **when("NumericLessThan", "s3:max-keys", "10"))],
        [allow("s3:*", **when("NumericLessThanEquals", "s3:max-keys", "10"))],
    ),
    (
        "equal",
        [allow("s3:*", **when("StringNotEquals", VPC, "v"))],
        [allow("s3:*"), deny("s3:*", **when("StringEquals", VPC, "v"))],
    ),
    (
        "incomparable",
        [allow("s3:*", **when("ForAllValues:StringEquals", TAGS, "a"))],
        [allow("s3:*", **when("ForAnyValue:StringEquals", TAGS, "a"))],
    ),
    ("A<B", [allow("s3:*", HOME)], [allow("s3:*", "arn:aws:s3:::home/*")]),
    ("incomparable", [allow("s3:*", HOME)], [allow("s3:*", "arn:aws:s3:::home/ann/*")]),
    ("equal", [allow("s3:*", HOME)], [allow("s3:*", HOME)]),
    ("incomparable", [allow("s3:*")], [allow("sqs:*")]),
    (
        "B<A",  # The Kelvin sign is a k in lower case.
        [allow("s3:*", **when("StringEqualsIgnoreCase", VPC, "k"))],
        [allow("s3:*", **when("StringEquals", VPC, "k", "K"))],
    ),
    (
        "unknown",  # Only a text that is no number tells them apart.
        [allow("s3:*", **when(f"Numeric{than}", "s3:max-keys", "5")) for than in ("LessThan", "GreaterThanEquals")],
        [allow("s3:*", **when("Null", "s3:max-keys", "false"))],
    ),
]


@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_a_relation_is_found(name: str, a: list[Json], b: list[Json]) -> None:
    assert relation(policy(*a), policy(*b)).name == name


@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_the_other_way_round_it_is_the_mirror_image(name: str, a: list[Json], b: list[Json]) -> None:
    mirrored = {"A<B": "B<A", "B<A": "A<B"}.get(name, name)

    assert relation(policy(*b), policy(*a)).name == mirrored


ACTIONS = ["s3:Get*", "s3:GetObject", "s3:*", "*", "s3:Put?bject", "sqs:SendMessage", "*:Get*"]
RESOURCES = ["*", "arn:aws:s3:::a/*", "arn:aws:s3:::a/b*", "arn:aws:s3:::a/b", "arn:aws:sqs:us-east-1:*", HOME]
TESTS: list[tuple[list[str], str, list[str]]] = [
    (
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLikeIfExists"],
        "aws:PrincipalTag/t",
        ["a", "a*", "ab"],
    ),
    (["NumericEquals", "NumericLessThan", "NumericGreaterThanEqualsIfExists"], "s3:max-keys", ["1", "5", "10"]),
    (["IpAddress", "NotIpAddress"], IP, ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"]),
    (["DateLessThan", "DateGreaterThan"], "aws:CurrentTime", ["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"]),
    (["Bool", "BoolIfExists", "Null"], "aws:SecureTransport", ["true", "false"]),
    (["ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals"], TAGS, ["a", "b", "c*"]),
    (["ArnLike", "ArnNotEquals"], "aws:SourceArn", ["arn:aws:s3:::a", "arn:aws:*:*:*:a"]),
    (["StringEquals", "StringLike"], "aws:PrincipalTag/t", ["${aws:username}", "${aws:username}*", "a"]),
]


@st.composite
def conditions(draw: st.DrawFn) -> Json:
    operators, key, values = draw(st.sampled_from(TESTS))
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
    return {draw(st.sampled_from(operators)): {key: chosen}}


@st.composite
def statements(draw: st.DrawFn) -> Json:
    made: Json = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    made[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(some(ACTIONS))
    made[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(some(RESOURCES))
    if draw(st.booleans()):
        made["Condition"] = draw(conditions())
    return made


def some(texts: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(texts), min_size=1, max_size=2, unique=True)


policies = st.lists(statements(), min_size=1, max_size=3).map(lambda found: policy(*found))
requests = st.builds(
    Witness,
    st.sampled_from(["s3:getobject", "s3:putobject", "sqs:sendmessage", "iam:getrole", "s3:x"]),
    st.sampled_from(
        ["arn:aws:s3:::a/b", "arn:aws:s3:::a/x", "arn:aws:sqs:us-east-1:111122223333:q", "arn:aws:s3:::home/ann/k"]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "aws:principaltag/t": st.sampled_from(["a", "ab", "z", "ann"]),
            "s3:max-keys": st.sampled_from(["1", "3", "7", "20"]),
            "aws:sourceip": st.sampled_from(["10.0.0.1", "10.1.0.1", "192.0.2.1", "8.8.8.8"]),
            "aws:currenttime": st.sampled_from(["2019-01-01T00:00:00Z", "2020-06-01T00:00:00Z"]),
            "aws:securetransport": st.sampled_from(["true", "false"]),
            "aws:tagkeys": st.sampled_from([("a",), ("a", "b"), ("c", "x")]),
            "aws:sourcearn": st.sampled_from(["arn:aws:s3:::a", "arn:aws:s3:::b"]),
            "aws:username": st.sampled_from(["ann", "a"]),
        },
    ),
)


@settings(max_examples=200)
@given(policies, policies, st.lists(requests, min_size=20, max_size=20))
def test_no_request_refutes_a_relation_and_the_evaluator_confirms_each_witness(
    a: Policy, b: Policy, sample: list[Witness]
) -> None:
    found = relation(a, b)

    for witness, first, second in ((found.in_a_not_b, a, b), (found.in_b_not_a, b, a)):
        assert witness is None or (allows(first, witness) and not allows(second, witness))
    for request in sample:
        assert not (found.name in ("equal", "A<B") and allows(a, request) and not allows(b, request))
        assert not (found.name in ("equal", "B<A") and allows(b, request) and not allows(a, request))


@settings(max_examples=100)
@given(policies)
def test_a_policy_is_equal_to_itself(a: Policy) -> None:
    assert relation(a, a).name == "equal"


@settings(max_examples=100)
@given(policies, statements())
def test_an_allow_more_allows_no_less(a: Policy, extra: Mapping[str, Any]) -> None:
    wider = parse(
        {"Version": "2012-10-17", "Statement": [*a.document()["Statement"], {**extra, "Effect": "Allow"}]}, name="b"
    )

    assert relation(a, wider).name in ("equal", "A<B", "unknown")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", "no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "no JSON object"),
        ('{"id": 7, "A": {}}', None),
        ('{"id": 7, "B": {"Statement": []}}', None),
    ],
)
def test_a_bad_line_gets_an_error_and_the_run_goes_on(line: str, error: str | None) -> None:
    good = json.dumps({"id": "good", "A": document(allow("*")), "B": document(allow("*"))})
    first, second = compare([line, "\n", good])

    assert first["error"] == error if error else first["error"]
    assert second["relation"] == "equal"


def test_an_answer_has_the_members_of_the_contract() -> None:
    pair = {"id": 1, "A": document(allow("s3:GetObject", "arn:aws:s3:::a/b")), "B": document(deny("*"))}

    assert answer(json.dumps(pair)) == {
        "id": 1,
        "relation": "B<A",
        "in_A_not_B": {"action": "s3:getobject", "resource": "arn:aws:s3:::a/b", "context": {}},
        "in_B_not_A": None,
    }
