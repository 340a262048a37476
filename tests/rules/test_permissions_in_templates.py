"""Permissions of templates: one seeded defect each, named by its rule, and what is well made."""

from pathlib import Path

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.sources import template
from tests.rules.written import LIVE

ALONE = f"\nResources:{LIVE}"
HEAD = (
    ALONE
    + """\
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn}]}}
  LetDaily: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Action: 'lambda:InvokeFunction',
    Principal: events.amazonaws.com, SourceArn: !GetAtt Daily.Arn}}
"""
)
LET = """
  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: %s, Action: 'lambda:InvokeFunction',
    Principal: %s}}
"""
TOPIC = """
  Alarms: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: lambda, Endpoint: !GetAtt Orders.Arn}]}}
"""
BUCKET = """
  Inbox: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub 'inbox-${AWS::AccountId}',
    NotificationConfiguration: {LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt Orders.Arn}]}}}
"""
POLICY = """
  Policy: {Type: AWS::Lambda::ResourcePolicy, Properties: {ResourceArn: !GetAtt Orders.Arn, Policy: {
    Version: '2012-10-17', Statement: [%s]}}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def audited(resources: str, head: str = HEAD) -> tuple[Finding, ...]:
    Path("shop.yaml").write_text(head + resources)
    (account,) = template.read([Path("shop.yaml")])
    return engine.audit(account).findings


def found(resources: str, head: str = HEAD) -> list[tuple[str, str]]:
    return [(each.severity.value, each.rule) for each in audited(resources, head)]


def let(principal: str, function: str = "!Ref Orders") -> str:
    return LET % (function, principal)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (let("'*'"), ("critical", "public-function")),
        (let("'*'", "!Ref Live"), ("critical", "public-function")),
        (let("'*', PrincipalOrgID: o-a1b2c3d4e5"), ("medium", "foreign-caller")),
        (let("'444455556666'"), ("high", "foreign-caller")),
        (let("!Sub 'arn:${AWS::Partition}:iam::444455556666:role/deploy'"), ("high", "foreign-caller")),
        (let("'444455556666'").replace("lambda:InvokeFunction", "lambda:*"), ("critical", "more-than-invoke")),
        (let("events.amazonaws.com"), ("high", "unguarded-service")),
        (let("events.amazonaws.com", "!Sub '${Orders}:live'"), ("high", "unguarded-service")),
        (let("events.amazonaws.com, SourceAccount: !Ref AWS::AccountId"), ("low", "account-wide-source")),
        (
            let("events.amazonaws.com, SourceArn: !Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/*'"),
            ("medium", "wide-source"),
        ),
        (
            let("sns.amazonaws.com, SourceArn: !Sub 'arn:aws:sns:${AWS::Region}:444455556666:alarms'"),
            ("high", "foreign-source"),
        ),
        (
            TOPIC + let("sns.amazonaws.com, SourceArn: !Ref Alarms, SourceAccount: !Ref AWS::AccountId"),
            ("high", "mismatched-source"),
        ),
        (BUCKET + let("s3.amazonaws.com, SourceArn: !GetAtt Inbox.Arn"), ("high", "ownerless-source")),
        (let("sqs.amazonaws.com"), ("low", "pointless-permission")),
        (let("alexa-appkit.amazon.com"), ("medium", "tokenless-partner")),
    ],
)
def test_a_seeded_defect_is_named_by_its_rule_alone(resources: str, expected: tuple[str, str]) -> None:
    assert found(resources) == [expected]


@pytest.mark.parametrize(
    "resources",
    [
        "",
        TOPIC + let("sns.amazonaws.com, SourceArn: !Ref Alarms"),
        BUCKET + let("s3.amazonaws.com, SourceArn: !GetAtt Inbox.Arn, SourceAccount: !Ref AWS::AccountId"),
        BUCKET
        + let(
            "s3.amazonaws.com, SourceArn: !Sub 'arn:${AWS::Partition}:s3:::inbox-${AWS::AccountId}',"
            " SourceAccount: !Ref AWS::AccountId"
        ),
        let("!GetAtt Role.Arn"),
        let("!Ref AWS::AccountId"),
        let("alexa-appkit.amazon.com, EventSourceToken: amzn1.ask.skill.a1"),
    ],
)
def test_a_well_made_permission_has_no_finding(resources: str) -> None:
    assert audited(resources) == ()


def test_a_name_that_no_principal_can_have_is_told_at_its_line() -> None:
    (finding,) = audited(let("!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:wizard/x'"))

    assert (finding.severity.value, finding.rule, finding.place and finding.place.line) == (
        "info",
        "incomplete-audit",
        len(HEAD.splitlines()) + 2,
    )
    assert "wizard/x` is no ARN of a principal" in finding.message


def test_permissions_of_two_kinds_overwrite_each_other() -> None:
    statement = (
        "{Effect: Allow, Principal: {AWS: !Ref AWS::AccountId}, Action: 'lambda:InvokeFunction',"
        " Resource: !GetAtt Orders.Arn}"
    )
    (finding,) = audited(POLICY % statement)

    assert (finding.rule, finding.severity.value) == ("mixed-permissions", "medium")
    assert finding.fix.startswith("write the statement of `LetDaily` of shop.yaml:")
    assert audited(POLICY % statement, ALONE) == ()


def test_the_fix_of_a_template_names_file_and_line() -> None:
    (finding,) = audited(let("events.amazonaws.com"))

    assert finding.fix.startswith("shop.yaml:")


def test_an_owner_that_is_not_known_is_a_gap() -> None:
    resources = let("s3.amazonaws.com, SourceArn: 'arn:aws:s3:::inbox', SourceAccount: !Ref Owner")
    parameters = "Parameters: {Owner: {Type: String}}\n"
    findings = audited(resources, parameters + HEAD)

    assert {each.rule for each in findings} == {"incomplete-audit"}


API = """
  Caller:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: apigateway.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: Call
          PolicyDocument: {Statement: [{Effect: Allow, Action: 'lambda:InvokeFunction', Resource: !GetAtt %s.Arn}]}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Body:
        components: {securitySchemes: {Own: {x-amazon-apigateway-authorizer: {
          authorizerUri: !Sub 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations',
          authorizerCredentials: !GetAtt Caller.Arn}}}}
"""


@pytest.mark.parametrize(("may", "expected"), [("Orders", []), ("Role", [("high", "refused-trigger")])])
def test_an_authorizer_of_an_api_in_openapi_calls_with_its_own_role(may: str, expected: list[tuple[str, str]]) -> None:
    assert found(API % may, ALONE) == expected


def test_an_api_that_passes_on_who_calls_it_is_not_judged_and_explains_its_permission() -> None:
    api = (API % "Orders").replace("!GetAtt Caller.Arn", "'arn:aws:iam::*:user/*'")
    arn = "!Sub 'arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/*'"

    assert found(api, ALONE) == []
    assert found(api + let(f"apigateway.amazonaws.com, SourceArn: {arn}"), ALONE) == []


def test_an_api_that_calls_with_a_role_leaves_a_permission_over() -> None:
    arn = "!Sub 'arn:aws:execute-api:us-east-1:${AWS::AccountId}:${Api}/*'"

    assert found(API % "Orders" + let(f"apigateway.amazonaws.com, SourceArn: {arn}"), ALONE) == [
        ("low", "leftover-permission")
    ]


def test_the_fix_for_a_config_rule_does_not_make_a_circle() -> None:
    rule = """
  Tagged: {Type: AWS::Config::ConfigRule, DependsOn: Let, Properties: {Source: {Owner: CUSTOM_LAMBDA,
    SourceIdentifier: !GetAtt Orders.Arn}}}
"""
    (finding,) = audited(rule + let("config.amazonaws.com, SourceAccount: !Ref AWS::AccountId"), ALONE)

    assert (finding.severity.value, finding.rule) == ("info", "account-wide-source")
    assert finding.fix.startswith("nothing to do in a template")
