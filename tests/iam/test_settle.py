"""Three values: the answer is known exactly when all values of the unknown keys give the same one."""

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall.iam.evaluate import Outcome, Policies, evaluate
from rolecall.iam.policy import parse
from rolecall.iam.request import Caller, Request
from rolecall.iam.settle import settle
from tests.builders import document

USER = Caller("AWS", "arn:aws:iam::111122223333:user/ann")
KEYS = {"aws:sourcevpc": ["a", "a*", "ab", "b", "c", None], "s3:max-keys": ["0", "1", "2", "5", "9", None]}
VPC = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIfExists", "Null"]
MAX = ["NumericEquals", "NumericLessThan", "NumericGreaterThanEquals", "NumericNotEqualsIfExists", "Null"]

conditions = st.one_of(
    st.tuples(st.sampled_from(VPC[:-1]), st.just("aws:SourceVpc"), st.sampled_from(["a", "a*", "b"])),
    st.tuples(st.sampled_from(MAX[:-1]), st.just("s3:max-keys"), st.sampled_from(["1", "5"])),
    st.tuples(st.just("Null"), st.sampled_from(["aws:SourceVpc", "s3:max-keys"]), st.sampled_from(["true", "false"])),
)
statements = st.builds(
    lambda effect, found: {
        "Effect": effect,
        "Action": "*",
        "Resource": "*",
        **({"Condition": {found[0]: {found[1]: found[2]}}} if found else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.none() | conditions,
)


@settings(max_examples=300)
@given(st.lists(statements, min_size=1, max_size=4))
def test_an_answer_is_known_exactly_when_brute_force_finds_no_other(found: list[dict[str, Any]]) -> None:
    policies = Policies(identity=(parse(document(*found), name="policy"),))
    request = Request(USER, "s3:ListBucket", "arn:aws:s3:::inbox", unknown=frozenset(KEYS))

    outcomes = set()
    for values in product(*KEYS.values()):
        context = {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}
        known = Request(USER, request.action, request.resource, context, unknown=frozenset())
        outcomes.add(evaluate(known, policies).outcome)

    settled = settle(request, policies).outcome
    assert settled is (outcomes.pop() if len(outcomes) == 1 else Outcome.UNKNOWN)
