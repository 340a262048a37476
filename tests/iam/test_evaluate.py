"""Laws of the evaluator, for whatever policies and requests."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.iam.evaluate import Outcome, Policies, evaluate
from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.iam.request import EVERY_KEY, Caller, Request
from tests.iam import policies as some

ALLOWED, EXPLICIT = Outcome.ALLOWED, Outcome.EXPLICITLY_DENIED


def with_statement(policy: Policy, statement: dict[str, Any]) -> Policy:
    document = policy.document()
    return parse(document | {"Statement": [*document["Statement"], statement]}, name=policy.name, kind=policy.kind)


@settings(max_examples=300)
@given(some.requests, some.all_policies, some.policies(Kind.IDENTITY), some.statements(Kind.IDENTITY, "Allow"))
def test_another_allow_never_takes_access_away(
    request: Request, policies: Policies, policy: Policy, allow: dict[str, Any]
) -> None:
    before = evaluate(request, replace(policies, identity=(policy,))).outcome
    after = evaluate(request, replace(policies, identity=(with_statement(policy, allow),))).outcome

    assert after == before or after is ALLOWED


@settings(max_examples=300)
@given(some.requests, some.all_policies, some.policies(Kind.RESOURCE), some.statements(Kind.RESOURCE, "Deny"))
def test_another_deny_never_gives_access(
    request: Request, policies: Policies, policy: Policy, deny: dict[str, Any]
) -> None:
    before = evaluate(request, replace(policies, resource=policy)).outcome
    after = evaluate(request, replace(policies, resource=with_statement(policy, deny))).outcome

    assert after == before or after is EXPLICIT


@settings(max_examples=300)
@given(some.requests, some.all_policies)
def test_the_order_of_policies_and_statements_does_not_matter(request: Request, policies: Policies) -> None:
    def turned(policy: Policy) -> Policy:
        document = policy.document()
        return parse(document | {"Statement": document["Statement"][::-1]}, name=policy.name, kind=policy.kind)

    other = replace(
        policies,
        identity=tuple(map(turned, reversed(policies.identity))),
        resource=turned(policies.resource) if policies.resource else None,
        scps=policies.scps and policies.scps[::-1],
    )

    assert evaluate(request, other).outcome is evaluate(request, policies).outcome


@settings(max_examples=300)
@given(some.requests, some.all_policies)
def test_the_statements_named_bear_the_decision_out(request: Request, policies: Policies) -> None:
    decision = evaluate(request, policies)

    effects = {str(statement.effect) for statement in decision.statements}
    expected = {ALLOWED: {"Allow"}, EXPLICIT: {"Deny"}, Outcome.IMPLICITLY_DENIED: set()}
    assert effects == expected[decision.outcome]
    assert decision.allowed is (decision.outcome is ALLOWED)


@settings(max_examples=500)
@given(some.requests, some.all_policies, st.sets(st.sampled_from(some.KEYS), min_size=1))
def test_a_decision_without_some_keys_is_the_one_with_whatever_values_they_have(
    request: Request, policies: Policies, hidden: set[str]
) -> None:
    known = {key: value for key, value in request.context.items() if key not in hidden}

    sure = evaluate(replace(request, context=known, unknown=frozenset(hidden)), policies)

    true = evaluate(request, policies)
    if sure.outcome is not Outcome.UNKNOWN:
        assert sure.outcome is true.outcome
    elif sure.allowed is False:
        assert not true.allowed
    else:
        assert sure.keys


def test_a_key_that_decides_is_named() -> None:
    document = {
        "Statement": {
            "Effect": "Allow",
            "Action": "s3:Get",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:A": "x"}, "Bool": {"aws:Known": "true"}},
        }
    }
    policies = Policies(identity=(parse(document, name="p"),))
    request = Request(some.USER, "s3:Get", "*", {"aws:known": "true"}, unknown=EVERY_KEY)

    decision = evaluate(request, policies)

    assert (decision.outcome, decision.keys, decision.allowed) == (Outcome.UNKNOWN, ("aws:a",), None)
    assert evaluate(replace(request, context={"aws:known": "false"}), policies).allowed is False


def test_where_aws_leaves_a_value_open_only_a_complete_request_is_decided() -> None:
    statement = {"Effect": "Allow", "Action": "s3:Get", "Resource": "*"}
    policy = parse({"Statement": statement | {"Condition": {"NumericNotEquals": {"aws:a": "1"}}}}, name="p")
    request = Request(some.USER, "s3:Get", "*", {"aws:a": "one"})

    assert evaluate(request, Policies(identity=(policy,))).outcome is ALLOWED
    decision = evaluate(replace(request, unknown=frozenset()), Policies(identity=(policy,)))
    assert (decision.outcome, decision.keys) == (Outcome.UNKNOWN, ("aws:a",))


def test_a_caller_knows_its_account() -> None:
    assert Caller("AWS", "arn:aws:iam::111122223333:role/a/b").account == "111122223333"
    assert Caller("Service", "s3.amazonaws.com").account is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Version", "Statement", "Effect", "Action", "Resource", "Principal", "Condition", "AWS"])
            | st.sampled_from(["StringEquals", "ForAnyValue:Null", "aws:a", "NotPrincipal", "Sid", "Id", ""])
            | st.text(max_size=3),
            children,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=500)
@given(json_values, st.sampled_from(Kind))
def test_any_json_value_is_a_policy_or_refused(value: object, kind: Kind) -> None:
    with suppress(PolicyError):
        assert isinstance(parse(value, name="p", kind=kind), Policy)


@settings(max_examples=500)
@given(some.policies(Kind.RESOURCE), st.data())
def test_a_mutated_policy_is_a_policy_or_refused(policy: Policy, data: st.DataObject) -> None:
    document = policy.document()
    statement = data.draw(st.sampled_from(document["Statement"]))
    statement[data.draw(st.sampled_from(sorted(statement)))] = data.draw(json_values)

    try:
        found = parse(document, name="p", kind=Kind.RESOURCE)
    except PolicyError:
        return
    request = Request(some.USER, "s3:Get", "arn:aws:s3:::a")
    assert evaluate(request, Policies(resource=found)).outcome in Outcome


def test_a_request_takes_keys_in_any_case_and_an_empty_list_as_none() -> None:
    assert Request.of(some.USER, "s3:Get", "*", {"AWS:a": "x", "aws:TagKeys": ()}).context == {"aws:a": "x"}
