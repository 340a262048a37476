"""Trust policies: who may assume an execution role, how bad that is, and what of it is no fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from tests.builders import ACCOUNT, FUNCTION, account, document
from tests.rules.written import ROLE, found, named

FOREIGN = "444455556666"
OWN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
WHOLE = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def trust(who: Any, effect: str = "Allow", action: str = "sts:AssumeRole", condition: Any = None) -> dict[str, Any]:
    return {"Effect": effect, "Principal": who, "Action": action, **({"Condition": condition} if condition else {})}


LAMBDA = trust({"Service": "lambda.amazonaws.com"})


def audited(*statements: dict[str, Any], **more: Any) -> list[Finding]:
    return list(engine.audit(account({"trust": list(statements), **more})).findings)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        {"ArnLike": {"aws:SourceArn": FUNCTION}},
        {"ArnLike": {"aws:SourceArn": f"{FUNCTION}:*"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:*"}},
        {"StringEqualsIfExists": {"sts:ExternalId": "orders"}},
    ],
)
def test_what_lambda_sends_may_be_asked_for(condition: dict[str, Any]) -> None:
    assert audited(trust({"Service": "lambda.amazonaws.com"}, condition=condition)) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": FOREIGN}},
        {"ArnLike": {"aws:SourceArn": FUNCTION.replace("orders", "others")}},
        {"StringEquals": {"sts:ExternalId": "orders"}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    ],
)
def test_what_lambda_never_sends_keeps_it_out(condition: dict[str, Any]) -> None:
    assert named(audited(trust({"Service": "lambda.amazonaws.com"}, condition=condition))) == ["high untrusting-role"]


def test_a_service_in_lambda_s_place_is_one_finding() -> None:
    (finding,) = audited(trust({"Service": "lamda.amazonaws.com"}))

    assert finding.rule == "untrusting-role"
    assert "cannot be assumed by `lambda.amazonaws.com`, but by `lamda.amazonaws.com`" in finding.message


def test_a_deny_keeps_lambda_out() -> None:
    assert named(audited(LAMBDA, trust("*", "Deny"))) == ["high untrusting-role"]


def test_a_function_at_the_edge_runs_as_another_service_too() -> None:
    replicator = {"Service": "replicator.lambda.amazonaws.com"}
    policy = [{"Effect": "Allow", "Principal": replicator, "Action": "lambda:GetFunction", "Resource": FUNCTION}]
    findings = audited(LAMBDA, **{"resource policy": policy})

    assert [(each.rule, each.principal) for each in findings] == [("untrusting-role", "edgelambda.amazonaws.com")]


@pytest.mark.parametrize(
    ("service", "severity"),
    [
        ("ec2.amazonaws.com", "high"),
        ("ec2.amazonaws.com.cn", "high"),
        ("ecs-tasks.amazonaws.com", "high"),
        ("states.eu-west-1.amazonaws.com", "high"),
        ("events.amazonaws.com", "medium"),
        ("scheduler.amazonaws.com", "medium"),
    ],
)
def test_what_runs_code_of_its_users_is_worse(service: str, severity: str) -> None:
    assert named(audited(LAMBDA, trust({"Service": service}))) == [f"{severity} extra-trusted-service"]


def test_several_services_of_a_statement_are_one_finding() -> None:
    findings = audited(trust({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com", "events.amazonaws.com"]}))

    assert [each.evidence["services"] for each in findings] == [["ec2.amazonaws.com", "events.amazonaws.com"]]


@pytest.mark.parametrize(
    ("who", "condition", "severity"),
    [
        ("*", {}, "critical"),
        ({"AWS": "*"}, {"StringEquals": {"sts:ExternalId": "orders"}}, "critical"),
        ({"AWS": "*"}, {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, "critical"),
        ({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, "high"),
        ({"AWS": "*"}, {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, "medium"),
        ({"AWS": FOREIGN}, {}, "high"),
        ({"AWS": [ACCOUNT, f"arn:aws:iam::{FOREIGN}:user/ann"]}, {}, "high"),
        ({"AWS": OWN}, {}, "medium"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, "medium"),
        ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, {}, "high"),
    ],
)
def test_the_further_away_who_may_assume_it_the_worse(who: Any, condition: dict[str, Any], severity: str) -> None:
    assert named(audited(LAMBDA, trust(who, condition=condition))) == [f"{severity} assumable-role"]


def test_users_of_an_identity_provider_may_assume_it() -> None:
    provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
    sub = {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:shop/orders:*"}}

    assert named(audited(LAMBDA, trust(provider, action="sts:AssumeRoleWithWebIdentity", condition=sub))) == [
        "high assumable-role"
    ]


def test_users_of_a_saml_provider_come_from_outside() -> None:
    provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"}

    assert named(audited(LAMBDA, trust(provider, action="sts:AssumeRoleWithSAML"))) == ["high assumable-role"]


@pytest.mark.parametrize(
    ("who", "condition"),
    [
        ({"AWS": "*"}, {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy-*"}}),
        ({"AWS": "*"}, {"StringLike": {"aws:PrincipalArn": "*"}}),
        (
            {"AWS": "*"},
            {
                "StringLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"},
                "StringEquals": {"aws:PrincipalType": "AssumedRole"},
            },
        ),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, {}),
        (
            {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
        ),
    ],
)
def test_a_pattern_is_one_finding(who: Any, condition: dict[str, Any]) -> None:
    assert named(audited(LAMBDA, trust(who, condition=condition))) == ["high wildcard-trust"]


def test_a_repository_that_is_left_open_is_a_pattern() -> None:
    provider = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
    sub = {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}

    assert named(audited(LAMBDA, trust(provider, action="sts:AssumeRoleWithWebIdentity", condition=sub))) == [
        "high wildcard-trust"
    ]


def test_everybody_but_a_few_is_a_pattern() -> None:
    but = {"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "sts:AssumeRole"}

    assert named(audited(LAMBDA, but)) == ["high wildcard-trust"]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Deny", "NotPrincipal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        trust({"AWS": FOREIGN}, "Deny"),
        trust({"AWS": OWN}, action="sts:TagSession"),
    ],
)
def test_what_lets_nobody_in_is_no_fault(statement: dict[str, Any]) -> None:
    assert audited(LAMBDA, statement) == []


def test_whom_a_deny_keeps_out_is_not_told() -> None:
    assert audited(LAMBDA, trust({"AWS": OWN}), trust({"AWS": ACCOUNT}, "Deny")) == []


@pytest.mark.parametrize(
    "statement",
    [
        trust("*"),
        trust({"AWS": OWN}),
        trust({"AWS": FOREIGN}, condition={"StringEquals": {"sts:ExternalId": "orders"}}),
        trust({"Service": "ec2.amazonaws.com"}),
        trust({"AWS": "*"}, condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy-*"}}),
        {"Effect": "Allow", "NotPrincipal": {"AWS": OWN}, "Action": "sts:AssumeRole"},
    ],
)
def test_the_evaluator_confirms_each_witness(statement: dict[str, Any]) -> None:
    (finding,) = audited(LAMBDA, statement)
    policies = {"resourcePolicy": document(LAMBDA, statement), "identityPolicies": [document(WHOLE)]}

    assert answer(json.dumps({**(finding.witness or {}), **policies}))["decision"] == "Allowed"


def test_the_fix_is_the_whole_trust_policy_without_them() -> None:
    (finding,) = audited(trust({"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}))
    command, _, policy = finding.fix.partition(" --policy-document ")

    assert command == "aws iam update-assume-role-policy --role-name orders"
    assert audited(*json.loads(policy.strip("'"))["Statement"]) == []


@pytest.mark.parametrize(
    ("principal", "told"),
    [
        ("{Service: ec2.amazonaws.com}", "high untrusting-role"),
        ("{Service: [lambda.amazonaws.com, glue.amazonaws.com]}", "high extra-trusted-service"),
        ("{Service: lambda.amazonaws.com, AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}", "medium assumable-role"),
        ("{Service: lambda.amazonaws.com, AWS: '444455556666'}", "high assumable-role"),
        ("{Service: lambda.amazonaws.com, AWS: '*'}", "critical assumable-role"),
    ],
)
def test_in_a_template_each_is_named_by_its_rule(principal: str, told: str, tmp_path: Path) -> None:
    role = ROLE.replace("{Service: lambda.amazonaws.com}", principal)

    assert named(found(tmp_path, "", role=role)) == [told]


def test_a_service_by_the_suffix_of_its_region_is_lambda(tmp_path: Path) -> None:
    role = ROLE.replace("{Service: lambda.amazonaws.com}", "{Service: !Sub 'lambda.${AWS::URLSuffix}'}")

    assert found(tmp_path, "", role=role) == []


EDGE = """
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Orders}
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins: [{Id: site, DomainName: example.com, CustomOriginConfig: {OriginProtocolPolicy: https-only}}]
        DefaultCacheBehavior:
          TargetOriginId: site
          ViewerProtocolPolicy: https-only
          LambdaFunctionAssociations: [{EventType: viewer-request, LambdaFunctionARN: !Ref Version}]
"""


def test_in_a_template_a_distribution_runs_it_at_the_edge(tmp_path: Path) -> None:
    findings = found(tmp_path, EDGE)

    assert {(each.rule, each.principal) for each in findings} == {("untrusting-role", "edgelambda.amazonaws.com")}


def test_a_role_that_trusts_both_is_clean(tmp_path: Path) -> None:
    both = "{Service: [lambda.amazonaws.com, edgelambda.amazonaws.com]}"

    assert found(tmp_path, EDGE, role=ROLE.replace("{Service: lambda.amazonaws.com}", both)) == []


def test_a_condition_that_no_member_of_any_organization_needs_to_meet_lets_everybody_in() -> None:
    who = trust("*", condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}})

    assert named(audited(LAMBDA, who)) == ["critical assumable-role"]


def test_who_was_deleted_assumes_nothing() -> None:
    assert audited(LAMBDA, trust({"AWS": "AROADBQP57FF2AEXAMPLE"})) == []
