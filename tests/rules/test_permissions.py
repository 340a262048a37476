"""Who is let in by a resource policy, in live accounts: what narrows it, and what does not."""

import json
from dataclasses import replace
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.sources import file
from tests.builders import ACCOUNT, FUNCTION, allow, document, laid_over, permission
from tests.rules.test_examples import CASES

RULES = {
    "account-wide-source",
    "foreign-caller",
    "foreign-source",
    "more-than-invoke",
    "ownerless-source",
    "public-function",
    "tokenless-partner",
    "unguarded-service",
    "wide-source",
}
OTHER = "444455556666"
ORGANIZATION = "o-a1b2c3d4e5"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/daily"
DAILY: dict[str, Any] = {"triggers": [{"type": "eventbridge", "source": RULE}]}


def audited(*statements: dict[str, Any], trusted: tuple[str, ...] = (), **fragment: Any) -> tuple[Finding, ...]:
    read = file.load(laid_over({"resource policy": list(statements), **fragment}))
    return engine.audit(replace(read, trusted=trusted)).findings


def found(*statements: dict[str, Any], trusted: tuple[str, ...] = (), **fragment: Any) -> list[tuple[str, str]]:
    findings = audited(*statements, trusted=trusted, **fragment)
    return [(each.severity.value, each.rule) for each in findings if each.rule != "incomplete-audit"]


def gaps(*statements: dict[str, Any]) -> list[str]:
    return [each.message for each in audited(*statements) if each.rule == "incomplete-audit"]


def service(name: str, **conditions: Any) -> dict[str, Any]:
    return permission({"Service": f"{name}.amazonaws.com"}, condition=conditions)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}},
        {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/r-a/"}},
        {"StringNotEquals": {"aws:PrincipalAccount": OTHER}},
        {"StringLike": {"aws:PrincipalOrgID": "*"}},
        {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy*"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2024-01-01T00:00:00Z"}},
        {"DateLessThan": {"aws:CurrentTime": "2099-01-01T00:00:00Z"}},
        {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
        {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringEquals": {"aws:PrincipalTag/team": "payments"}},
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
        {"Null": {"aws:PrincipalArn": "false"}},
        {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
        {"StringLike": {"aws:UserAgent": "shop/*"}},
        {"StringLike": {"aws:userid": "*:ann"}},
    ],
    ids=lambda each: json.dumps(each),
)
def test_what_strangers_can_meet_keeps_nobody_out(condition: Any) -> None:
    assert found(permission("*", condition=condition)) == [("critical", "public-function")]


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
        {"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}},
        {"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}},
        {"ArnLike": {"lambda:SourceFunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*"}},
        {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION, "aws:PrincipalAccount": ACCOUNT}},
        {"StringLike": {"aws:userid": "AROAQ3EGRIRFOEXAMPLE2:*"}},
    ],
    ids=lambda each: json.dumps(each),
)
def test_what_ties_everybody_to_the_account_narrows(condition: Any) -> None:
    assert audited(permission("*", condition=condition)) == ()


def test_it_is_said_why_a_condition_does_not_narrow() -> None:
    condition = {"StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}}
    (finding,) = audited(permission("*", condition=condition))

    assert finding.message == (
        "anybody may invoke `orders`: the principal is `*`, and `StringEqualsIfExists` on `aws:PrincipalOrgID` "
        "holds without it"
    )


@pytest.mark.parametrize("key", ["aws:PrincipalAccount", "aws:PrincipalOrgID"])
def test_what_a_deny_takes_away_is_not_public(key: str) -> None:
    deny = permission("*", sid="Others", condition={"StringNotEquals": {key: "111122223333"}}) | {"Effect": "Deny"}

    assert found(permission("*"), deny) == []


def test_a_deny_that_spares_an_id_that_aws_gave_keeps_strangers_out() -> None:
    spared = {"StringNotLike": {"aws:userid": ["AROAQ3EGRIRFOEXAMPLE2:*", ACCOUNT]}}

    assert found(permission("*"), permission("*", sid="Others", condition=spared) | {"Effect": "Deny"}) == []


def test_an_account_that_is_named_is_no_stranger() -> None:
    assert found(permission("*", condition={"StringEquals": {"aws:PrincipalAccount": "999999999999"}})) == [
        ("high", "foreign-caller")
    ]


def test_a_network_that_cannot_be_read_is_a_gap() -> None:
    (said,) = gaps(permission("*", condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/99"}}))

    assert said.endswith("not decided whether its conditions on `aws:SourceIp` narrow it")


def test_a_deny_that_spares_services_leaves_those_of_everybody() -> None:
    condition = {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}, "Bool": {"aws:PrincipalIsAWSService": "false"}}
    deny = permission("*", sid="Others", condition=condition) | {"Effect": "Deny"}

    assert found(permission("*"), deny) == [("high", "unguarded-service")]


def test_everybody_with_any_source_are_the_services_of_everybody() -> None:
    statement = permission("*", condition={"ArnLike": {"aws:SourceArn": "*"}})

    assert found(statement) == [("high", "unguarded-service")]


def test_a_deny_that_strangers_can_pass_changes_nothing() -> None:
    deny = permission("*", sid="Curl", condition={"StringLike": {"aws:UserAgent": "curl/*"}}) | {"Effect": "Deny"}

    assert found(permission("*"), deny) == [("critical", "public-function")]


def test_all_but_a_few_are_everybody() -> None:
    statement = allow("lambda:InvokeFunction", FUNCTION, Sid="Most", NotPrincipal={"AWS": OTHER})

    assert found(statement) == [("critical", "public-function")]


@pytest.mark.parametrize("resource", [f"{FUNCTION}:*", [f"{FUNCTION}:live", f"{FUNCTION}:7"], "*"])
def test_a_policy_that_names_versions_is_as_open(resource: Any) -> None:
    assert found(permission("*") | {"Resource": resource}) == [("critical", "public-function")]


def test_everything_but_some_actions_is_more_than_invoking() -> None:
    ours = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/shop"}
    statement = {"Effect": "Allow", "Principal": ours, "NotAction": "lambda:Delete*", "Resource": FUNCTION}

    assert found(statement) == [("high", "more-than-invoke")]


def test_a_condition_on_an_unknown_key_is_a_gap() -> None:
    condition = {"StringEquals": {"shop:Door": "front"}}

    assert found(permission("*", condition=condition)) == []
    assert (
        "not decided whether its conditions on `shop:Door` narrow it" in gaps(permission("*", condition=condition))[0]
    )


def test_a_function_with_a_url_is_for_the_rules_of_urls() -> None:
    statements = [
        permission("*", condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}),
        permission("*", sid="Url", condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}})
        | {"Action": "lambda:InvokeFunctionUrl"},
    ]
    findings = audited(*statements, configuration={"url_auth": "NONE"})

    assert [each.message for each in findings if "public-function" in each.message] == []
    assert RULES & {each.rule for each in findings} == set()


@pytest.mark.parametrize(
    "principal",
    [
        OTHER,
        f"arn:aws:iam::{OTHER}:root",
        f"arn:aws:iam::{OTHER}:role/path/deploy",
        f"arn:aws:iam::{OTHER}:user/ann",
        f"arn:aws:sts::{OTHER}:assumed-role/deploy/ann",
    ],
)
def test_a_principal_of_another_account_is_foreign_unless_trusted(principal: str) -> None:
    statement = permission({"AWS": principal})

    assert found(statement) == [("high", "foreign-caller")]
    assert found(statement, trusted=(OTHER,)) == []


@pytest.mark.parametrize(
    "principal", [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/shop", "AIDAEXAMPLE1234567890"]
)
def test_our_own_principals_and_deleted_ones_are_none(principal: str) -> None:
    assert audited(permission({"AWS": principal})) == ()


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "role/shop"},
        {"AWS": "arn:aws:iam::x:root"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:wizard/x"},
        {"AWS": f"arn:aws:iam::{OTHER}:wizard/x"},
        {"CanonicalUser": "0123456789abcdef"},
    ],
)
def test_a_principal_that_says_nothing_is_a_gap(principal: Any) -> None:
    assert found(permission(principal)) == []
    assert len(gaps(permission(principal))) == 1


def test_an_organisation_is_milder_and_can_be_trusted() -> None:
    statement = permission("*", condition={"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}})

    assert [(each.severity.value, each.rule) for each in audited(statement)] == [("medium", "foreign-caller")]
    assert audited(statement, trusted=(ORGANIZATION,)) == ()


def test_a_role_that_must_be_in_an_organisation_is_milder() -> None:
    role = {"AWS": f"arn:aws:iam::{OTHER}:role/deploy"}
    condition = {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}

    assert found(permission(role, condition=condition)) == [("medium", "foreign-caller")]
    assert found(permission({"AWS": OTHER}, condition=condition)) == [("high", "foreign-caller")]


def test_a_condition_may_name_another_account() -> None:
    statement = permission("*", condition={"StringEquals": {"aws:PrincipalAccount": OTHER}})

    assert found(statement) == [("high", "foreign-caller")]


def test_a_deny_that_keeps_the_other_account_out_is_heard() -> None:
    deny = permission("*", sid="Ours", condition={"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}})

    assert found(permission({"AWS": OTHER}), deny | {"Effect": "Deny"}) == []


@pytest.mark.parametrize(
    "condition",
    [{"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}],
)
def test_a_network_may_be_that_of_the_other_account(condition: Any) -> None:
    assert found(permission({"AWS": OTHER}, condition=condition)) == [("high", "foreign-caller")]


def test_the_first_of_several_principals_names_the_finding() -> None:
    statement = permission({"AWS": [OTHER, "777788889999", ACCOUNT]})
    (finding,) = audited(statement)

    assert (finding.rule, finding.evidence) == ("foreign-caller", {"principals": [OTHER, "777788889999"]})


@pytest.mark.parametrize(
    ("action", "principal", "severity"),
    [
        ("lambda:UpdateFunctionCode", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/shop"}, "high"),
        ("lambda:AddPermission", {"AWS": OTHER}, "critical"),
        ("lambda:GetFunction", {"AWS": OTHER}, "high"),
        ("lambda:*", {"Service": "events.amazonaws.com"}, "critical"),
        ("lambda:GetPolicy", "*", "high"),
    ],
)
def test_more_than_invoking_is_worse_from_outside(action: str, principal: Any, severity: str) -> None:
    assert found(permission(principal) | {"Action": action}) == [(severity, "more-than-invoke")]


def test_a_declared_caller_may_look_at_the_function() -> None:
    statement = permission({"AWS": f"arn:aws:iam::{ACCOUNT}:role/shop"})
    statement |= {"Action": ["lambda:InvokeFunction", "lambda:GetFunction"]}

    assert found(statement) == [("high", "more-than-invoke")]
    assert ("high", "more-than-invoke") not in found(statement, tags={"rolecall:callers": "shop"})


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (service("events"), "unguarded-service"),
        (service("events", StringEqualsIfExists={"aws:SourceAccount": ACCOUNT}), "unguarded-service"),
        (service("events", StringNotEquals={"aws:SourceAccount": OTHER}), "unguarded-service"),
        (service("events", StringLike={"aws:SourceAccount": "*"}), "unguarded-service"),
        (service("events", DateLessThan={"aws:CurrentTime": "2099-01-01"}), "unguarded-service"),
        (service("sns.eu-west-1"), "unguarded-service"),
        (service("cloudfront"), "unguarded-service"),
        (service("events", ArnLike={"aws:SourceArn": "arn:aws:events:us-east-1:*:rule/daily"}), "ownerless-source"),
        (service("s3", ArnLike={"aws:SourceArn": "arn:aws:s3:::inbox"}), "ownerless-source"),
        (service("s3", ArnLike={"aws:SourceArn": "arn:aws:s3:::*"}), "ownerless-source"),
        (service("events", ArnLike={"aws:SourceArn": RULE.replace(ACCOUNT, OTHER)}), "foreign-source"),
        (service("events", StringEquals={"aws:SourceAccount": OTHER}), "foreign-source"),
        (
            service("apigateway", ArnLike={"aws:SourceArn": "arn:aws:apigateway:us-east-1::/apis/a1"}),
            "mismatched-source",
        ),
        (service("lexv2", ArnLike={"aws:SourceArn": f"arn:aws:lexv2:us-east-1:{ACCOUNT}:bot/A"}), "mismatched-source"),
        (service("s3", ArnLike={"aws:SourceArn": RULE}), "mismatched-source"),
        (service("sns", StringEquals={"aws:SourceAccount": ACCOUNT}), "mismatched-source"),
        (service("events", StringEquals={"aws:PrincipalOrgID": ORGANIZATION}), "mismatched-source"),
        (service("states", ArnLike={"aws:SourceArn": RULE}), "pointless-permission"),
        (service("dynamodb"), "pointless-permission"),
        (service("events", StringEquals={"aws:SourceAccount": ACCOUNT}), "account-wide-source"),
    ],
    ids=lambda each: each if isinstance(each, str) else json.dumps(each["Principal"] | each.get("Condition", {})),
)
def test_one_fault_of_a_service_permission_is_one_finding(statement: dict[str, Any], expected: str) -> None:
    assert [rule for _, rule in found(statement)] == [expected]


@pytest.mark.parametrize(
    "statement",
    [
        service("events", ArnLike={"aws:SourceArn": RULE}),
        service("events.us-east-1", ArnEquals={"aws:SourceArn": RULE}),
        service(
            "events", ArnLike={"aws:SourceArn": RULE.replace(ACCOUNT, "*")}, StringEquals={"aws:SourceAccount": ACCOUNT}
        ),
        service("events", StringLike={"aws:SourceArn": RULE}),
        service("events", ArnLike={"aws:SourceArn": RULE}, Bool={"aws:SecureTransport": "true"}),
    ],
    ids=lambda each: json.dumps(each["Condition"]),
)
def test_a_guarded_permission_of_a_trigger_has_no_finding(statement: dict[str, Any]) -> None:
    assert audited(statement, **DAILY, policies=_kept()) == ()


def _kept() -> dict[str, Any]:
    policies = laid_over({})["roles"][0]["policies"]
    return {each["name"]: each["document"]["Statement"] for each in policies if each["name"] == "WriteLogs"}


@pytest.mark.parametrize(
    ("principal", "pattern", "is_wide"),
    [
        ("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:a1b2c3/*/GET/orders", False),
        ("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:a1b2c3/*", False),
        ("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:a1b2c3/authorizers/*", False),
        ("apigateway", f"arn:aws:execute-api:us-east-1:{ACCOUNT}:*/*/GET/orders", True),
        ("logs", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app:*", False),
        ("logs", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app/*:*", True),
        ("elasticloadbalancing", f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/shop/*", False),
        ("elasticloadbalancing", f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:targetgroup/*", True),
        ("cognito-idp", f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/us-east-1_*", False),
        ("cognito-idp", f"arn:aws:cognito-idp:us-east-1:{ACCOUNT}:userpool/*", True),
        ("sns", f"arn:aws:sns:us-east-1:{ACCOUNT}:*", True),
        ("events", f"arn:aws:events:*:{ACCOUNT}:rule/daily", True),
        ("events", f"arn:*:events:us-east-1:{ACCOUNT}:rule/daily", False),
        ("events", f"arn:aws:events:us-east-1:{ACCOUNT}:rule/dail?", True),
    ],
)
def test_a_wildcard_is_wide_where_a_second_source_fits(principal: str, pattern: str, is_wide: bool) -> None:
    rules = {rule for _, rule in found(service(principal, ArnLike={"aws:SourceArn": pattern}))}

    assert ("wide-source" in rules) == is_wide


def test_a_bucket_that_is_gone_is_anybodys() -> None:
    statement = service("s3", ArnLike={"aws:SourceArn": "arn:aws:s3:::inbox"})

    assert found(statement, resources=[{"arn": "arn:aws:s3:::inbox", "exists": False}]) == [
        ("critical", "ownerless-source")
    ]


def test_a_trusted_account_is_no_foreign_source() -> None:
    statement = service("events", ArnLike={"aws:SourceArn": RULE.replace(ACCOUNT, OTHER)})

    assert found(statement, trusted=(OTHER,)) == []


def test_a_mismatch_explains_the_trigger_that_is_not_served() -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
    statement = service("sns", ArnLike={"aws:SourceArn": topic}, StringEquals={"aws:SourceAccount": ACCOUNT})
    rules = {rule for _, rule in found(statement, triggers=[{"type": "sns", "source": topic}])}

    assert {"mismatched-source", "refused-trigger"} & rules == {"mismatched-source"}


def test_a_service_that_is_not_known_is_one_gap() -> None:
    told = gaps(service("tomorrow", ArnLike={"aws:SourceArn": f"arn:aws:tomorrow:us-east-1:{ACCOUNT}:x"}))

    assert len([each for each in told if "for which sources `tomorrow.amazonaws.com` invokes" in each]) == 1


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, ["tokenless-partner"]),
        ({"StringLike": {"lambda:EventSourceToken": "*"}}, ["tokenless-partner"]),
        ({"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.a1"}}, []),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:lex:us-east-1:111122223333:x"}}, ["mismatched-source"]),
    ],
)
def test_alexa_comes_with_a_token(condition: Any, expected: list[str]) -> None:
    statement = permission({"Service": "alexa-appkit.amazon.com"}, condition=condition)

    assert [rule for _, rule in found(statement)] == expected


def test_lambda_at_edge_is_expected() -> None:
    replica = permission({"Service": "replicator.lambda.amazonaws.com"}) | {"Action": "lambda:GetFunction"}
    edge = permission({"Service": "edgelambda.amazonaws.com"}, sid="Edge")

    services = {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}
    trust = [{"Effect": "Allow", "Principal": services, "Action": "sts:AssumeRole"}]
    fragment = {"resource policy": [replica, edge], "trust": trust}

    assert engine.audit(file.load(laid_over(fragment))).findings == ()


@pytest.mark.parametrize(
    ("name", "kind", "fragment"), [case for case in CASES if case.values[0] in RULES and case.values[1] == "Bad"]
)
def test_a_witness_of_who_is_let_in_is_confirmed_by_the_evaluator(name: str, kind: str, fragment: Any) -> None:
    snapshot = laid_over(fragment)
    policy = snapshot["functions"][0]["resource_policy"] or document()
    (finding,) = (each for each in engine.audit(file.load(snapshot)).findings if each.rule == name)

    assert answer(json.dumps({"resourcePolicy": policy} | dict(finding.witness or {})))["decision"] == "Allowed"


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
        {"Null": {"aws:SourceArn": "true"}},
        {"StringNotEquals": {"aws:SourceAccount": OTHER}},
        {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    ],
)
def test_a_role_calls_as_a_session_and_sends_what_sessions_send(condition: Any) -> None:
    deny = permission("*", sid="Sessions", condition=condition) | {"Effect": "Deny"}
    shop: dict[str, Any] = {"arn": f"arn:aws:iam::{ACCOUNT}:role/shop", "policies": [], "trust": None, "boundary": None}
    findings = audited(deny, tags={"rolecall:callers": "shop"}, roles=[shop])

    assert [each.principal for each in findings if each.rule == "blocked-caller"] == [shop["arn"]]
