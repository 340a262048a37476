"""Random policies and requests over a small alphabet, so that statements often meet requests."""

from typing import Any

from hypothesis import strategies as st

from rolecall.iam.evaluate import Policies
from rolecall.iam.policy import Kind, Policy, parse
from rolecall.iam.request import Caller, Request

USER = Caller("AWS", "arn:aws:iam::111122223333:user/ann")
SESSION = Caller("AWS", "arn:aws:sts::111122223333:assumed-role/deploy/ann")
STRANGER = Caller("AWS", "arn:aws:iam::444455556666:user/bob")
SERVICE = Caller("Service", "s3.amazonaws.com")
NOBODY = Caller("Anonymous", "*")

ACTIONS = ("s3:Get", "s3:Put", "sqs:Send")
RESOURCES = ("arn:aws:s3:::a", "arn:aws:s3:::b/x", "arn:aws:sqs:us-east-1:111122223333:q")
KEYS = ("aws:a", "aws:b")
VALUES = ("x", "y", "xy")

PRINCIPALS = (
    "*",
    {"AWS": "111122223333"},
    {"AWS": USER.id},
    {"AWS": "arn:aws:iam::111122223333:role/deploy"},
    {"AWS": SESSION.id},
    {"Service": "s3.amazonaws.com"},
    {"AWS": [STRANGER.id, USER.id]},
)

operators = st.sampled_from(
    [
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "StringEqualsIfExists",
        "ForAllValues:StringEquals",
        "ForAllValues:StringNotLike",
        "ForAnyValue:StringLike",
        "ForAnyValue:StringNotEquals",
    ]
)
patterns = st.sampled_from(["x", "y", "x*", "*", "?", "${aws:b}", "${aws:a, 'x'}"])
tests = st.dictionaries(st.sampled_from(KEYS), st.lists(patterns, min_size=1, max_size=2), min_size=1, max_size=2)
nulls = st.dictionaries(st.just("Null"), st.dictionaries(st.sampled_from(KEYS), st.booleans(), min_size=1))
conditions = st.one_of(st.dictionaries(operators, tests, max_size=2), nulls)


def some(options: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(options), min_size=1, max_size=2, unique=True)


@st.composite
def statements(draw: st.DrawFn, kind: Kind, effect: str | None = None) -> dict[str, Any]:
    negate = st.sampled_from(["", "", "", "Not"])
    written: dict[str, Any] = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(negate) + "Action": draw(some((*ACTIONS, "s3:*", "*"))),
        draw(negate) + "Resource": draw(some((*RESOURCES, "*", "arn:aws:s3:::${aws:a}*"))),
    }
    if draw(st.booleans()):
        written["Condition"] = draw(conditions)
    if kind.names_principals:
        written[draw(negate) + "Principal"] = draw(st.sampled_from(PRINCIPALS))
    return written


@st.composite
def policies(draw: st.DrawFn, kind: Kind) -> Policy:
    version = draw(st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]))
    written = draw(st.lists(statements(kind), min_size=1, max_size=3))
    return parse({"Version": version, "Statement": written}, name=str(kind), kind=kind)


def layers(kind: Kind) -> st.SearchStrategy[tuple[Policy, ...] | None]:
    return st.one_of(st.none(), st.lists(policies(kind), min_size=1, max_size=2).map(tuple))


def levels(kind: Kind) -> st.SearchStrategy[tuple[tuple[Policy, ...], ...] | None]:
    return st.one_of(st.none(), st.lists(policies(kind).map(lambda each: (each,)), max_size=2).map(tuple))


all_policies = st.builds(
    Policies,
    identity=st.lists(policies(Kind.IDENTITY), max_size=2).map(tuple),
    resource=st.one_of(st.none(), policies(Kind.RESOURCE)),
    boundaries=layers(Kind.BOUNDARY),
    sessions=layers(Kind.SESSION),
    scps=levels(Kind.SCP),
    rcps=levels(Kind.RCP),
    endpoint=layers(Kind.ENDPOINT),
)

values = st.one_of(st.sampled_from(VALUES), st.lists(st.sampled_from(VALUES), min_size=1, max_size=2).map(tuple))
contexts = st.dictionaries(st.sampled_from(KEYS), values)
requests = st.builds(
    Request,
    st.sampled_from([USER, SESSION, STRANGER, SERVICE, NOBODY]),
    st.sampled_from(ACTIONS),
    st.sampled_from(RESOURCES),
    contexts,
    st.just("111122223333"),
)
