"""The documented cases: tests/iam/cases/*.json, each group with the page that it follows."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.iam.cases import answer, is_failure, simulate

USER = {"type": "AWS", "id": "arn:aws:iam::111122223333:user/ann", "account": "111122223333"}
REQUEST = {"principal": USER, "action": "s3:GetObject", "resource": "arn:aws:s3:::inbox/x"}
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def documented() -> list[dict[str, Any]]:
    """The cases of all files; `condition` is short for one identity policy with that condition."""
    cases = []
    for path in sorted((Path(__file__).parent / "cases").glob("*.json")):
        for group in json.loads(path.read_text()):
            for case in group["cases"]:
                statement = ALLOW | {"Condition": case.get("condition", {})}
                short = {"identityPolicies": [{"Version": "2012-10-17", "Statement": statement}]}
                cases.append(REQUEST | group.get("base", {}) | (short if "condition" in case else {}) | case)
    return cases


@pytest.mark.parametrize("case", documented(), ids=lambda case: case["id"].replace(" ", "-"))
def test_aws_documents(case: dict[str, Any]) -> None:
    told = answer(json.dumps(case))

    assert told.get("decision", told.get("error")) == case["expected"]


def test_an_answer_names_the_statements_that_decided() -> None:
    policy = {"Statement": [ALLOW, {"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    case = REQUEST | {"id": 7, "expected": "Allowed", "identityPolicies": [policy]}

    assert answer(json.dumps(case)) == {
        "id": 7,
        "expected": "Allowed",
        "decision": "ExplicitlyDenied",
        "deciding": [{"policy": "identityPolicies[0]", "index": 1, "sid": "No", "effect": "Deny"}],
    }


def test_an_implicit_denial_names_what_came_nearest() -> None:
    policy = {"Statement": [ALLOW | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}]}

    told = answer(json.dumps(REQUEST | {"identityPolicies": [policy]}))

    assert told["deciding"] == []
    assert told["nearest"] == {
        "policy": "identityPolicies[0]",
        "index": 0,
        "sid": None,
        "effect": "Allow",
        "missing": ["aws:SecureTransport"],
    }


def test_a_grant_that_a_boundary_stops_says_so() -> None:
    nothing = {"Statement": ALLOW | {"Action": "ec2:*"}}

    told = answer(json.dumps(REQUEST | {"identityPolicies": [{"Statement": ALLOW}], "boundaries": [nothing]}))

    assert told["nearest"]["missing"] == ["boundary"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", {"id": None, "error": "the case: is no JSON: Expecting property name enclosed in double quotes"}),
        ("[]", {"id": None, "error": "the line is no JSON object"}),
        ('{"id": 1, "id": 2}', {"id": None, "error": 'the case: has "id" twice in one object'}),
        ('{"id": 1}', {"id": 1, "error": "principal is null, not an object"}),
        (json.dumps(REQUEST | {"id": 1, "context": {"a:b": "1", "A:B": "2"}}), {"id": 1, "error": "context: has two"}),
        (json.dumps(REQUEST | {"id": 1, "context": {"a:b": {}}}), {"id": 1, "error": "context a:b is an object, not"}),
        (json.dumps(REQUEST | {"id": 1, "scps": [{}]}), {"id": 1, "error": "scps is no list of lists of policies"}),
        (json.dumps(REQUEST | {"id": 1, "identityPolicies": [{}]}), {"id": 1, "error": "identityPolicies[0]: has no"}),
        (json.dumps(REQUEST | {"id": 1, "action": "GetObject"}), {"id": 1, "error": 'action is "GetObject", not "ser'}),
    ],
)
def test_a_line_that_is_no_case_is_answered_with_its_error(line: str, told: dict[str, Any]) -> None:
    found = answer(line)

    assert found["id"] == told["id"]
    assert found["error"].startswith(told["error"])
    assert is_failure(found)


members = ["id", "principal", "action", "resource", "context", "identityPolicies", "resourcePolicy", "scps", "type"]


@given(
    st.dictionaries(
        st.sampled_from(members),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text() | st.just(USER) | st.just("s3:GetObject"),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        ),
    )
)
def test_any_object_gets_an_answer(members: dict[str, Any]) -> None:
    told = answer(json.dumps(REQUEST | members))

    assert ("error" in told) != ("decision" in told)


@pytest.mark.parametrize("depth", [500, 900, 940, 960, 980, 100_000])
def test_depth_is_no_trap(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    line = json.dumps(REQUEST | {"id": 1, "resourcePolicy": {"Statement": 0}}).replace("0}", nested + "}")

    assert "error" in answer(line)


def test_lines_are_answered_as_they_come_and_empty_ones_passed_over() -> None:
    def lines() -> Any:
        yield "\n"
        yield json.dumps(REQUEST | {"id": "first"})
        raise AssertionError("read too far")

    assert next(simulate(lines()))["id"] == "first"


def test_an_expected_decision_that_differs_is_a_failure() -> None:
    assert is_failure(answer(json.dumps(REQUEST | {"expected": "Allowed"})))
    assert not is_failure(answer(json.dumps(REQUEST | {"expected": "ImplicitlyDenied"})))
    assert not is_failure(answer(json.dumps(REQUEST)))
