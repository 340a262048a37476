"""Sets of requests: the laws of sets hold, and nothing contradicts the evaluator."""

import pytest
from hypothesis import given, settings

from rolecall.iam.access import Access, UndecidedError, allows, covers
from rolecall.iam.policy import Policy
from tests.builders import allow
from tests.iam.test_compare import deny, policies, policy


def within(inner: Access, outer: Access) -> bool:
    """Is it proven, or at least not refuted?"""
    try:
        return covers(outer, inner)
    except UndecidedError:
        return True


@settings(max_examples=60)
@given(policies, policies)
def test_union_intersection_and_difference_obey_the_laws_of_sets(one: Policy, two: Policy) -> None:
    a, b = Access.of(one), Access.of(two)

    assert within(a | a, a)  # idempotence
    assert within(a, a & a)
    assert within(a & (a | b), a)  # absorption
    assert within(a, a | (a & b))
    assert within(a - (a - b), a & b)  # what is left is what both have
    assert within((a | b) - b, a - b)
    assert within((a - b) & b, Access.of())


@settings(max_examples=60)
@given(policies, policies, policies)
def test_de_morgan_holds_within_a_third_set(one: Policy, two: Policy, three: Policy) -> None:
    a, b, c = Access.of(one), Access.of(two), Access.of(three)

    assert within(c - (a | b), (c - a) & (c - b))
    assert within((c - a) | (c - b), c - (a & b))


@settings(max_examples=60)
@given(policies, policies)
def test_a_witness_is_confirmed_by_the_evaluator(one: Policy, two: Policy) -> None:
    try:
        witness = (Access.of(one) & Access.of(two)).witness()
    except UndecidedError:
        return

    assert witness is None or (allows(one, witness) and allows(two, witness))


def test_a_boundary_caps_what_a_role_may_do() -> None:
    grant, boundary = Access.of(policy(allow("*"))), Access.of(policy(allow("s3:*")))
    needs = Access.of(policy(allow("s3:GetObject", "arn:aws:s3:::inbox/*")))

    assert covers(grant & boundary, needs)
    assert not covers(grant & boundary, Access.of(policy(allow("sqs:*"))))


def test_policies_of_one_role_are_read_as_one() -> None:
    assert Access.of(policy(allow("s3:*")), policy(deny("s3:*"))).witness() is None


def test_nothing_is_empty() -> None:
    assert Access.of().witness() is None


def test_what_hostile_patterns_hide_is_not_decided() -> None:
    *outer, inner = (f"s3:{f'*{one}' * 20}" for one in "bcdefgh")

    with pytest.raises(UndecidedError):
        covers(Access.of(policy(*(allow(each) for each in outer))), Access.of(policy(allow(inner))))
