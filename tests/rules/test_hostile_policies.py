"""Policies that nobody should have written: whatever stands in one, every rule comes to an answer or says why not."""

import cProfile
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall import engine
from rolecall.callers.who import who
from rolecall.sources import file
from tests.builders import ACCOUNT, FUNCTION, REGION, ROLE, allow, clean, document, permission

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:lib:3"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/daily"
BOUND = 60  # seconds of CPU: the slowest takes some
MOST_CALLS = 9_000_000

ODD = st.sampled_from(["*", "?", "**", "${aws:username}", "${", "\u0000", "arn:", ":::::", "é", " ", "a" * 3_000])
ARNS = st.sampled_from(
    [
        FUNCTION,
        f"{FUNCTION}:*",
        f"{FUNCTION}:live",
        FUNCTION.replace("arn:aws:", "arn:aws-cn:"),
        FUNCTION.upper(),
        RULE,
        ROLE,
        LAYER,
        "arn:aws:s3:::inbox",
        "arn:aws:s3:::*",
        "arn:*:*:*:*:*",
        "arn:aws:sns:us-east-1:*:alarms",
        "arn:aws:sns:us-east-1:11112222:alarms",
        "arn:aws:iam::111122223333",
        "arn:aws:lambda:::",
    ]
)
WORDS = st.sampled_from([ACCOUNT, "444455556666", "o-a1b2c3d4e5", "NONE", "true", "10.0.0.0/99", "2020-13-99"])
TEXTS = ARNS | ODD | WORDS
WRONG: st.SearchStrategy[Any] = st.sampled_from((None, True, 7, 1.5, {}, [[]], [None], "", []))
FEW = st.lists(TEXTS, min_size=1, max_size=3)
MANY = st.lists(st.integers(0, 9_999).map("arn:aws:lambda:*:*:function:f-{}-*".format), min_size=200, max_size=200)
LISTS = st.one_of(TEXTS, FEW, FEW, MANY)
NAMES = st.sampled_from(
    [
        "*",
        ACCOUNT,
        "444455556666",
        f"arn:aws:iam::{ACCOUNT}:root",
        "arn:aws:iam::444455556666:role/any/path/deploy",
        "arn:aws:sts::444455556666:assumed-role/deploy/ann",
        "arn:aws:sts::444455556666:federated-user/ann",
        "arn:aws-cn:iam::444455556666:user/ann",
        "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
        "AIDAQ3EGRIRFOEXAMPLE1",
        "AROAQ3EGRIRFOEXAMPLE2",
        "arn:aws:iam:444455556666",
        "nobody",
    ]
)
SERVICES = st.sampled_from(
    [
        "events.amazonaws.com",
        "s3.amazonaws.com",
        "sqs.amazonaws.com",
        "sns.us-east-1.amazonaws.com",
        "alexa-appkit.amazon.com",
        "cloudfront.amazonaws.com",
        "lambda.amazonaws.com",
        "unheard-of.amazonaws.com",
    ]
)
PRINCIPALS = st.one_of(
    st.just("*"),
    st.fixed_dictionaries({}, optional={"AWS": NAMES, "Service": SERVICES | st.lists(SERVICES, max_size=3)}),
    st.builds(lambda kind, names: {kind: names}, st.sampled_from(["aws", "Federated", "CanonicalUser"]), NAMES),
    st.builds(lambda names: {"AWS": names}, st.lists(NAMES, max_size=3)),
)
OPERATORS = st.sampled_from(
    [
        "StringEquals",
        "stringequals",
        "StringNotEquals",
        "StringLikeIfExists",
        "StringNotLike",
        "ForAnyValue:StringEquals",
        "ForAllValues:StringLike",
        "ForAllValues:StringNotEquals",
        "ArnLike",
        "ArnNotEquals",
        "Bool",
        "BoolIfExists",
        "Null",
        "IpAddress",
        "NotIpAddress",
        "DateLessThan",
        "NumericGreaterThan",
        "BinaryEquals",
    ]
)
KEYS = st.sampled_from(
    [
        "aws:SourceArn",
        "AWS:SOURCEARN",
        "aws:SourceAccount",
        "aws:SourceOrgID",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalArn",
        "aws:PrincipalAccount",
        "aws:PrincipalTag/team",
        "aws:SourceIp",
        "aws:SourceVpce",
        "aws:CurrentTime",
        "aws:MultiFactorAuthAge",
        "aws:userid",
        "aws:ResourceTag/team",
        "aws:TagKeys",
        "lambda:FunctionUrlAuthType",
        "lambda:InvokedViaFunctionUrl",
        "lambda:EventSourceToken",
        "lambda:SourceFunctionArn",
        "sts:ExternalId",
        "unheard:Of",
    ]
)
CONDITIONS = st.dictionaries(OPERATORS, st.dictionaries(KEYS, LISTS | st.just([]), max_size=2), max_size=2)
ACTIONS = st.sampled_from(
    [
        "lambda:InvokeFunction",
        "LAMBDA:invokefunction",
        "lambda:Invoke*",
        "lambda:*",
        "*",
        "lambda:InvokeFunctionUrl",
        "lambda:GetLayerVersion",
        "lambda:UpdateFunctionCode",
        "sts:AssumeRole",
        "sqs:SendMessage",
        "iam:PassRole",
    ]
)
EFFECTS = st.sampled_from(["Allow", "Allow", "Deny"])
VERSIONS = st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"])


def either(element: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The element, or the one that says the opposite, in whatever case."""
    names = st.sampled_from([element, element, f"Not{element}", element.upper()])
    return st.builds(lambda name, value: {name: value}, names, values)


def policies(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Any]:
    """Documents that AWS may take; in some, one member is of a type that it refuses."""
    plain = st.fixed_dictionaries({"Effect": EFFECTS}, optional={"Condition": CONDITIONS})
    acting = either("Action", st.lists(ACTIONS, min_size=1, max_size=3))
    whole = st.tuples(plain, acting, *parts).map(lambda each: {k: v for part in each for k, v in part.items()})
    broken = st.builds(lambda each, name, value: each | {name: value}, whole, st.sampled_from(MEMBERS), WRONG)
    few = st.lists(whole, min_size=1, max_size=3)
    return st.builds(
        lambda version, each: {"Version": version, "Statement": each}, VERSIONS, st.one_of(few, few, few, broken)
    )


MEMBERS = ("Effect", "Action", "Resource", "Principal", "Condition", "Sid", "Unheard")
ON_RESOURCES = policies(either("Principal", PRINCIPALS), either("Resource", LISTS) | st.just({}))
TRUST = policies(either("Principal", PRINCIPALS))
OWN = st.one_of(ARNS, st.lists(ARNS, min_size=1, max_size=3), MANY, st.just("*"))
OF_ROLES = policies(either("Resource", OWN))


def snapshot(resource: Any, trust: Any = None, own: Any = None, auth: str | None = None) -> dict[str, Any]:
    """An account in which each of the hostile policies stands wherever it can."""
    written = clean()
    function, role = written["functions"][0], written["roles"][0]
    function["resource_policy"] = resource
    function["settings"] |= {"url_auth": auth, "layers": [LAYER]}
    function["triggers"] += [{"type": "eventbridge", "source": RULE}, {"type": "s3", "source": "arn:aws:s3:::inbox"}]
    function["tags"] = {"rolecall:callers": "orders 444455556666", "rolecall:deployers": "none"}
    role["trust"] = trust
    role["policies"].append({"name": "Hostile", "document": own})
    written["users"] = [{"arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "policies": [{"name": "Own", "document": own}]}]
    written["resources"] = [{"arn": arn, "policy": resource} for arn in (LAYER, QUEUE, "arn:aws:s3:::inbox")]
    return written


def crashes(written: dict[str, Any]) -> list[str]:
    """What stopped a rule, or took too long."""
    began = time.process_time()
    account = file.load(written)
    for function in account.functions:
        who(function, account)
    stopped = [f"{gap.what}: {gap.why}" for gap in engine.audit(account).gaps if "crashed" in gap.why]
    seconds = time.process_time() - began
    return stopped if seconds < BOUND else [*stopped, f"took {seconds:.0f} s"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(ON_RESOURCES, st.sampled_from([None, "NONE", "AWS_IAM", "${Auth}"]))
def test_no_rule_crashes_on_a_policy_of_a_function_or_layer(policy: Any, auth: str | None) -> None:
    assert crashes(snapshot(policy, auth=auth)) == []


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(TRUST, OF_ROLES)
def test_no_rule_crashes_on_a_policy_of_a_role(trust: Any, own: Any) -> None:
    assert crashes(snapshot(None, trust, own)) == []


def invoking(effect: str, **condition: Any) -> dict[str, Any]:
    return allow("lambda:InvokeFunction", "*", Effect=effect, Principal="*", Condition=condition)


def overlapping(number: int) -> str:
    return "*{}{}*{}*".format(*(chr(ord("a") + number // 26**place % 26) for place in range(3)))


NAMES_OF_MANY = [f"arn:aws:lambda:*:*:function:f-{number}-*" for number in range(185)]
SLOW = {
    "many patterns for a key": [
        invoking("Deny", StringLike={"aws:UserAgent": NAMES_OF_MANY}),
        *(invoking("Allow", StringLike={"aws:UserAgent": f"*{number}*:f-7-*"}) for number in range(40)),
    ],
    "patterns that overlap": [
        invoking("Deny" if number < 26 else "Allow", StringLike={"aws:UserAgent": overlapping(number)})
        for number in range(60)
    ],
    "many keys": [
        invoking("Deny" if number < 11 else "Allow", StringEquals={f"aws:RequestTag/k{number % 11}": "v"})
        for number in range(60)
    ],
    "many bounds": [
        invoking(
            "Deny" if number % 3 else "Allow",
            NumericLessThan={"aws:MultiFactorAuthAge": str(number)},
            DateGreaterThan={"aws:CurrentTime": f"20{number + 10}-01-01T00:00:00Z"},
        )
        for number in range(60)
    ],
}
SLOW_OF_ROLES = {
    "all of a list denied": [
        {"Effect": "Deny", "Action": "*", "Resource": "arn:*"},
        allow("*", [f"arn:aws:*:::*{number}*" for number in range(185)]),
    ],
    "much that may be denied": [
        *(
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {f"aws:RequestTag/{each}": "v"}},
            }
            for each in range(11)
        ),
        *(allow("*", f"arn:*{number}*") for number in range(24)),
    ],
}


def calls(written: dict[str, Any]) -> int:
    """How many functions are called for all that is said of an account: the same number on every machine."""
    account = file.load(written)
    profile = cProfile.Profile(builtins=False)
    with profile:
        for function in account.functions:
            who(function, account)
        engine.audit(account)
    return sum(each.callcount for each in profile.getstats())


@pytest.mark.parametrize("statements", SLOW.values(), ids=SLOW)
def test_what_was_slow_in_a_policy_of_a_function_is_not(statements: list[dict[str, Any]]) -> None:
    assert calls(snapshot(document(*statements), auth="AWS_IAM")) < MOST_CALLS


@pytest.mark.parametrize("statements", SLOW_OF_ROLES.values(), ids=SLOW_OF_ROLES)
def test_what_was_slow_in_a_policy_of_a_role_is_not(statements: list[dict[str, Any]]) -> None:
    assert calls(snapshot(None, own=document(*statements))) < MOST_CALLS


def test_a_report_is_the_same_whatever_was_audited_before() -> None:
    hostile = [file.load(snapshot(document(*each), auth="AWS_IAM")) for each in SLOW.values()]

    assert [engine.audit(each) for each in hostile] == [engine.audit(each) for each in hostile[::-1]][::-1]


def test_a_policy_of_hundreds_of_statements_is_judged_to_its_end() -> None:
    many = [permission({"AWS": f"{100_000_000_000 + each}"}, sid=f"Of{each}") for each in range(150)]
    written = snapshot(document(*many, permission("*", sid="Last")))

    assert crashes(written) == []
    assert "public-function" in {each.rule for each in engine.audit(file.load(written)).findings}


def test_a_policy_that_is_larger_than_any_that_aws_takes_is_told() -> None:
    many = [permission({"AWS": f"{100_000_000_000 + each}"}, sid=f"Of{each}") for each in range(1_000)]

    report = engine.audit(file.load(snapshot(document(*many))))

    assert any("characters long without white space" in gap.why for gap in report.gaps)


def test_roles_that_assume_each_other_come_to_an_end() -> None:
    written = snapshot(None)
    arns = [ROLE, *(f"arn:aws:iam::{ACCOUNT}:role/r{each}" for each in range(3))]
    roles = []
    for arn, other in zip(arns, [*arns[1:], ROLE], strict=True):
        trust = document({"Effect": "Allow", "Principal": {"AWS": arns}, "Action": "sts:AssumeRole"})
        own = {"name": "Assume", "document": document(allow("sts:AssumeRole", [other, arn]))}
        roles.append({"arn": arn, "policies": [own], "trust": trust, "boundary": None})
    written["roles"] = roles

    assert crashes(written) == []


def test_what_is_too_much_to_try_is_told() -> None:
    many = [f"arn:aws:lambda:*:*:function:f-{number}-*" for number in range(200)]
    own = document(
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": many},
        {"Effect": "Deny", "Action": "lambda:*", "Resource": "*"},
    )

    report = engine.audit(file.load(snapshot(None, own=own)))

    assert [gap.what for gap in report.gaps if "stands for more" in gap.why] == ["rule negated-grant"]
