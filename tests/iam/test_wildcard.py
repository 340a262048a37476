import re

from hypothesis import given
from hypothesis import strategies as st

from rolecall.iam.arn import Arn, arn_matches, resource_matches
from rolecall.iam.wildcard import matches

texts = st.text("ab:", max_size=8)
patterns = st.text("ab:*?", max_size=8)


@given(patterns, texts)
def test_a_pattern_matches_what_the_regular_expression_of_its_wildcards_matches(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)

    assert matches(pattern, text) == (re.fullmatch(expression, text) is not None)


@given(st.text("a:*?", max_size=14), st.text("ab:", max_size=14))
def test_a_wildcard_crosses_a_colon_of_a_resource_only_at_the_end_of_its_segment(pattern: str, text: str) -> None:
    head, tail = pattern.split(":", 5)[:5], pattern.split(":", 5)[5:]
    inside = [re.sub(r"\?", "[^:]", re.sub(r"\*+(?!$)", "[^:]*", re.sub(r"\*+$", ".*", part))) for part in head]
    last = [part.replace("*", ".*").replace("?", ".") for part in tail]

    assert resource_matches(pattern, text) == (re.fullmatch(":".join(inside + last), text) is not None)


def test_an_arn_pattern_is_matched_part_by_part() -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:topic:sub"

    assert arn_matches("arn:aws:sns:*:*:topic:*", arn)
    assert arn_matches("arn:aws:sns:*", arn)
    assert not arn_matches("arn:aws:sns:*:sub", arn)
    assert not arn_matches("arn:aws:sns", arn)


def test_hostile_patterns_come_to_an_end() -> None:
    for pattern in ("*a" * 2000 + "b", "*?a" * 1000 + "b", "arn:" + "*a" * 1000 + "b:*"):
        assert not matches(pattern, "a" * 10_000)
        assert not resource_matches(pattern, "arn:" + "a" * 10_000)
        assert not arn_matches(pattern, "arn:" + "a" * 10_000)


def test_an_arn_knows_its_parts() -> None:
    session = Arn.parse("arn:aws:sts::111122223333:assumed-role/deploy/ann")

    assert session == Arn("aws", "sts", "", "111122223333", "assumed-role/deploy/ann")
    assert session.session == ("deploy", "ann")
    assert Arn.parse("arn:aws:s3:::inbox/a:b") == Arn("aws", "s3", "", "", "inbox/a:b")
    assert Arn.parse("inbox") is None
