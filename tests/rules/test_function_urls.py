"""Function URLs: who may call one, with which half of what it asks for, and which permission fits none."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.callers.urls import by_identity
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.model import Account
from tests.builders import ACCOUNT, FUNCTION, account, allow, document
from tests.rules.written import SAM, SERVERLESS, found, named

OPEN = {"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}
SIGNED = {"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}}
VIA = {"Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}
WEB = f"arn:aws:iam::{ACCOUNT}:role/web"
FOREIGN = "444455556666"
DISTRIBUTION = {"aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"}


def opening(who: Any, **more: Any) -> dict[str, Any]:
    return allow("lambda:InvokeFunctionUrl", FUNCTION, Sid="Url", Principal=who, **more)


def invoking(who: Any, **more: Any) -> dict[str, Any]:
    return allow("lambda:InvokeFunction", FUNCTION, Sid="Invoke", Principal=who, **more)


def with_url(auth: str, *statements: dict[str, Any], **more: Any) -> Account:
    policy = {"resource policy": list(statements)} if statements else {}
    return account({"configuration": {"url_auth": auth}, **policy, **more})


def audited(within: Account) -> list[Finding]:
    """What is found of urls, callers and permissions: roles of callers have no function and are told elsewhere."""
    return [each for each in engine.audit(within).findings if each.function == "orders"]


def person(name: str, *statements: dict[str, Any]) -> dict[str, Any]:
    policies = [{"name": "Own", "document": document(*statements)}]
    trust = document(
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    return {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "policies": policies, "trust": trust, "boundary": None}


def test_both_actions_for_everybody_are_one_finding() -> None:
    within = with_url("NONE", opening("*", **OPEN), invoking("*", **VIA))

    assert named(audited(within)) == ["critical public-url"]


def test_everybody_but_one_is_everybody() -> None:
    spared = allow("lambda:*", FUNCTION, NotPrincipal={"AWS": f"arn:aws:iam::{FOREIGN}:root"})

    assert "critical public-url" in named(audited(with_url("AWS_IAM", spared)))


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}},
        {"StringLike": {"aws:PrincipalType": "AssumedRole"}},
    ],
)
def test_a_condition_that_strangers_meet_keeps_nobody_from_the_url(condition: dict[str, Any]) -> None:
    both = allow(["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], FUNCTION, Principal="*", Condition=condition)

    assert "critical public-url" in named(audited(with_url("AWS_IAM", both)))


def test_the_older_half_alone_answers_403() -> None:
    within = with_url("NONE", opening("*", **OPEN))

    assert named(audited(within)) == ["high half-permitted-url"]


def test_the_younger_half_alone_answers_403() -> None:
    within = with_url("NONE", invoking("*", **VIA))

    assert named(audited(within)) == ["high half-permitted-url"]


def test_the_wrong_way_to_mend_it_opens_the_api() -> None:
    within = with_url("NONE", opening("*", **OPEN), invoking("*"))

    assert named(audited(within)) == ["critical open-url-invoke", "critical public-url"]


def test_an_alias_without_a_url_has_a_permission_for_none() -> None:
    within = account({"resource policy": [opening("*", **OPEN)]})

    assert named(audited(within)) == ["medium mismatched-url-permission"]


def test_a_permission_for_another_authentication_is_one_finding() -> None:
    within = with_url("AWS_IAM", opening("*", **OPEN), invoking("*", **VIA))

    assert named(audited(within)) == ["medium mismatched-url-permission"]


def test_a_signed_url_for_everybody_is_public_to_every_account() -> None:
    within = with_url("AWS_IAM", opening("*", **SIGNED), invoking("*", **VIA))

    assert named(audited(within)) == ["critical public-url"]


@pytest.mark.parametrize(
    "narrowing",
    [
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
    ],
)
def test_what_narrows_everybody_makes_no_url_public(narrowing: dict[str, Any]) -> None:
    both = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]
    within = with_url("AWS_IAM", allow(both, FUNCTION, Principal="*", Condition=narrowing))

    assert not {"public-url", "open-url-invoke"} & {each.rule for each in audited(within)}


@pytest.mark.parametrize(
    "idle",
    [
        {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}},
        {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringLike": {"aws:UserAgent": "Mozilla*"}},
        {"StringEquals": {"aws:PrincipalTag/team": "web"}},
    ],
)
def test_what_keeps_nobody_out_leaves_the_api_open(idle: dict[str, Any]) -> None:
    within = with_url("AWS_IAM", invoking("*", Condition=idle))

    assert "critical open-url-invoke" in named(audited(within))


def test_a_deny_of_calls_past_the_url_closes_the_api() -> None:
    past = {"Null": {"lambda:InvokedViaFunctionUrl": "true"}}
    within = with_url(
        "NONE",
        opening("*", **OPEN),
        invoking("*"),
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "lambda:InvokeFunction",
            "Resource": FUNCTION,
            "Condition": past,
        },
    )

    assert "open-url-invoke" not in {each.rule for each in audited(within)}


def test_a_distribution_needs_both_halves() -> None:
    cloudfront = {"Service": "cloudfront.amazonaws.com"}
    half = opening(cloudfront, Condition={"ArnLike": DISTRIBUTION})
    rest = invoking(cloudfront, Condition={"ArnLike": DISTRIBUTION, **VIA["Condition"]})

    assert named(audited(with_url("AWS_IAM", half))) == ["high half-permitted-url"]
    assert audited(with_url("AWS_IAM", half, rest)) == []


def test_of_another_account_the_function_itself_must_allow_both() -> None:
    within = with_url("AWS_IAM", opening({"AWS": f"arn:aws:iam::{FOREIGN}:root"}, **SIGNED))

    assert "high half-permitted-url" in named(audited(within))


def test_the_own_policies_of_a_role_can_be_the_other_half() -> None:
    within = with_url(
        "AWS_IAM", opening({"AWS": WEB}, **SIGNED), roles=[person("web", allow("lambda:InvokeFunction", FUNCTION))]
    )

    assert audited(within) == []


def test_a_role_whose_own_policies_are_not_known_is_a_known_limit() -> None:
    within = with_url("AWS_IAM", opening({"AWS": WEB}, **SIGNED))
    findings = engine.audit(within).findings

    assert named(list(findings)) == ["info incomplete-audit"]


def test_a_role_with_half_of_it_in_its_own_policies_is_told() -> None:
    within = with_url("AWS_IAM", roles=[person("web", allow("lambda:InvokeFunctionUrl", FUNCTION))])
    (finding,) = audited(within)

    assert (finding.rule, finding.principal) == ("half-permitted-url", WEB)


def test_the_account_as_a_whole_is_judged_by_identity_policies() -> None:
    assert audited(with_url("AWS_IAM", opening({"AWS": ACCOUNT}, **SIGNED))) == []


def test_the_half_that_a_boundary_takes_away_is_told() -> None:
    web = person("web", allow("lambda:*")) | {"boundary": document(allow("lambda:InvokeFunctionUrl"))}

    found = [each for each in audited(with_url("AWS_IAM", roles=[web])) if each.rule == "half-permitted-url"]
    assert [each.principal for each in found] == [WEB]


def test_only_those_are_asked_who_may_have_half_of_it() -> None:
    whole = person("whole", allow("lambda:*"))
    half = person("web", allow("lambda:InvokeFunctionUrl"))
    within = with_url("AWS_IAM", roles=[whole, half])

    assert [each.who for each in by_identity(within.functions[0], within)] == [WEB]


def test_the_other_half_is_a_command_without_an_authentication_type() -> None:
    (finding,) = audited(
        with_url("AWS_IAM", opening({"AWS": WEB}, **SIGNED), roles=[person("web", allow("s3:ListAllMyBuckets"))])
    )

    assert finding.fix == (
        "aws lambda add-permission --function-name orders --statement-id url-InvokeFunction"
        " --action lambda:InvokeFunction --principal 'arn:aws:iam::111122223333:role/web' --invoked-via-function-url"
    )


def test_a_url_with_half_a_permission_for_everybody_is_closed_rather_than_opened() -> None:
    (finding,) = audited(with_url("NONE", opening("*", **OPEN)))

    assert finding.fix.split("; or, if everybody is to call it (`public-url` then asks to accept that), ") == [
        (
            "aws lambda update-function-url-config --function-name orders --auth-type AWS_IAM"
            " && aws lambda remove-permission --function-name orders --statement-id Url"
        ),
        (
            "aws lambda add-permission --function-name orders --statement-id url-InvokeFunction"
            " --action lambda:InvokeFunction --principal '*' --invoked-via-function-url"
        ),
    ]
    assert named(audited(with_url("AWS_IAM"))) == []


@pytest.mark.parametrize(
    ("auth", "statements"),
    [
        ("NONE", [opening("*", **OPEN), invoking("*", **VIA)]),
        ("NONE", [opening("*", **OPEN), invoking("*")]),
        ("NONE", [opening("*", **OPEN)]),
        ("AWS_IAM", [opening("*", **SIGNED), invoking("*", **VIA)]),
        ("AWS_IAM", [opening({"AWS": FOREIGN})]),
    ],
)
def test_the_evaluator_confirms_each_witness(auth: str, statements: list[dict[str, Any]]) -> None:
    whole = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for finding in audited(with_url(auth, *statements)):
        if finding.witness is None:
            continue
        policies = {"resourcePolicy": document(*statements), "identityPolicies": [document(whole)]}
        decision = answer(json.dumps({**finding.witness, **policies}))["decision"]

        assert decision == ("ImplicitlyDenied" if finding.rule == "half-permitted-url" else "Allowed")


URL = """
  Url:
    Type: AWS::Lambda::Url
    Properties: {AuthType: NONE, TargetFunctionArn: !GetAtt Orders.Arn}
"""
FIRST = """
  First:
    Type: AWS::Lambda::Permission
    Properties:
      {FunctionName: !Ref Orders, Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: NONE}
"""
SECOND = """
  Second:
    Type: AWS::Lambda::Permission
    Properties:
      {FunctionName: !Ref Orders, Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true}
"""


SITE = """
  Site: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true}}}
  Let:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Orders
      Action: lambda:InvokeFunctionUrl
      Principal: cloudfront.amazonaws.com
      SourceArn: !Sub 'arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Site}'
"""


def test_a_name_that_nobody_can_have_has_no_half_of_a_url() -> None:
    within = with_url("AWS_IAM", opening({"AWS": f"arn:aws:iam::{ACCOUNT}:wizard/x"}, **SIGNED))

    assert named(audited(within)) == ["info incomplete-audit"]


def test_in_a_template_both_permissions_make_a_url_public(tmp_path: Path) -> None:
    assert named(found(tmp_path, URL + FIRST + SECOND)) == ["critical public-url"]


def test_in_a_template_the_other_half_is_missing(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, URL + FIRST)

    assert (finding.rule, finding.place and finding.place.line) == ("half-permitted-url", 31)


def test_in_a_template_half_a_permission_for_every_account_is_told_by_its_own_statement(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, URL.replace("NONE", "AWS_IAM") + FIRST.replace("NONE", "AWS_IAM"))

    assert finding.statement
    assert (finding.rule, finding.statement.sid, finding.place and finding.place.line) == (
        "half-permitted-url",
        "First",
        31,
    )
    assert "template.yaml:31; or, if everybody is to call it (`public-url` then" in finding.fix


def test_the_half_that_a_distribution_lacks_is_pasted_with_a_reference_to_it(tmp_path: Path) -> None:
    signed = URL.replace("NONE", "AWS_IAM") + SITE
    (finding,) = found(tmp_path, signed)
    pasted = finding.fix.partition(": ")[2]

    assert json.loads(pasted)["Properties"]["SourceArn"] == {
        "Fn::Sub": "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Site}"
    }
    assert found(tmp_path, f"{signed}  Pasted: {pasted}\n") == []


def test_in_a_template_a_permission_is_left_without_a_url(tmp_path: Path) -> None:
    assert named(found(tmp_path, FIRST)) == ["medium mismatched-url-permission"]


def test_in_a_template_an_open_invoke_is_told(tmp_path: Path) -> None:
    wrong = SECOND.replace(", InvokedViaFunctionUrl: true", "")

    assert "critical open-url-invoke" in named(found(tmp_path, URL + FIRST + wrong))


def test_a_url_of_an_alias_is_the_alias_s(tmp_path: Path) -> None:
    alias = """
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Orders}
  Alias:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Orders, FunctionVersion: !GetAtt Version.Version, Name: live}
"""
    url = URL.replace("AuthType: NONE", "AuthType: NONE, Qualifier: live").replace("!GetAtt Orders.Arn", "!Ref Orders")
    findings = found(tmp_path, alias + url + FIRST.replace("!Ref Orders", "!Ref Alias") + SECOND)

    assert sorted((each.rule, each.qualifier) for each in findings) == [
        ("half-permitted-url", "live"),
        ("mismatched-url-permission", None),
    ]


def test_sam_s_own_signed_url_is_clean(tmp_path: Path) -> None:
    function = SERVERLESS + "      FunctionUrlConfig: {AuthType: AWS_IAM}\n"

    assert found(tmp_path, "", head=SAM, function=function) == []
