"""Fixes of what says who may invoke: pasted into a template, they mend it and keep out nobody that was declared."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall.finding import Finding
from tests.rules.written import FUNCTION, ROLE, found

DECLARED = FUNCTION.replace("      Runtime", "      Tags: [{Key: 'rolecall:callers', Value: web}]\n      Runtime")
WEB = """
  Web:
    Type: AWS::IAM::Role
    Properties:
      RoleName: web
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: 'sts:AssumeRole'}]
"""
ANN = "\n  Ann: {Type: AWS::IAM::User, Properties: {UserName: ann}}\n"


def policy(*statements: Any) -> str:
    """The whole policy of the function."""
    members = {"ResourceArn": {"Fn::GetAtt": ["Orders", "Arn"]}, "Policy": {"Statement": statements}}
    return f"\n  Callers: {json.dumps({'Type': 'AWS::Lambda::ResourcePolicy', 'Properties': members})}\n"


def about(fix: str) -> Any:
    """The statement that a fix prints."""
    return json.loads(fix[fix.index("{") :])


def statement(effect: str, principal: Any, **more: Any) -> dict[str, Any]:
    on = {"Fn::GetAtt": ["Orders", "Arn"]}
    return {"Effect": effect, "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": on, **more}


def test_a_deny_that_stops_a_declared_role_is_to_spare_that_role(tmp_path: Path) -> None:
    deny = statement("Deny", {"AWS": "*"})
    (finding,) = found(tmp_path, WEB + policy(deny), function=DECLARED)
    spared = {"ArnNotEquals": {"aws:PrincipalArn": [{"Fn::GetAtt": ["Web", "Arn"]}]}}

    assert (finding.rule, about(finding.fix)["Condition"]) == ("blocked-caller", spared)
    assert found(tmp_path, WEB + policy(about(finding.fix)), function=DECLARED) == []


def test_a_deny_that_spares_services_alone_still_stops_a_declared_role(tmp_path: Path) -> None:
    deny = statement("Deny", {"AWS": "*"}, Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}})
    (finding,) = found(tmp_path, WEB + policy(deny), function=DECLARED)

    assert finding.rule == "blocked-caller"


def trusting(*statements: str) -> str:
    """The role of the function with these statements in its trust policy, in YAML."""
    mine = "{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}"
    return ROLE.replace(mine, ", ".join(statements))


@pytest.mark.parametrize(
    "statement",
    [
        "{Effect: Allow, Principal: {Service: edgelambda.amazonaws.com}, Action: 'sts:AssumeRole'}",
        "{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:TagSession'}",
    ],
)
def test_a_role_that_does_not_trust_lambda_is_to_let_it_in(statement: str, tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "", role=trusting(statement))
    wanted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}

    assert (finding.rule, about(finding.fix.rstrip("`"))["Statement"][0]) == ("untrusting-role", wanted)


def test_the_trust_policy_of_a_fix_names_the_account_as_the_template_does(tmp_path: Path) -> None:
    mine = (
        "{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole', "
        "Condition: {StringEquals: {'aws:SourceAccount': !Ref 'AWS::AccountId'}}}"
    )
    other = "{Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}"
    (finding,) = found(tmp_path, "", role=trusting(mine, other))
    (kept,) = about(finding.fix.rstrip("`"))["Statement"]

    assert kept["Condition"] == {"StringEquals": {"aws:SourceAccount": [{"Ref": "AWS::AccountId"}]}}


DAILY = """
  Daily:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: orders, Arn: !GetAtt Orders.Arn}]}
"""


def test_a_source_that_is_there_is_set_to_the_account_of_the_template(tmp_path: Path) -> None:
    any_account = (
        "\n  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Principal: sns.amazonaws.com,"
        " Action: 'lambda:InvokeFunction', SourceArn: !Sub 'arn:aws:sns:${AWS::Region}:*:orders'}}"
    )
    fixes = [each.fix for each in found(tmp_path, any_account) if each.rule == "ownerless-source"]
    wanted = '{"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:orders"}'

    assert [fix.partition(": ")[2] for fix in fixes] == [f"set `SourceArn: {wanted}`"]


def test_a_statement_of_a_whole_policy_is_guarded_by_a_condition(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, DAILY + policy(statement("Allow", {"Service": "events.amazonaws.com"})))
    guard = {"ArnLike": {"aws:SourceArn": {"Fn::GetAtt": ["Daily", "Arn"]}}}

    assert (finding.rule, about(finding.fix)["Condition"]) == ("unguarded-service", guard)
    assert found(tmp_path, DAILY + policy(about(finding.fix))) == []


def test_a_statement_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, policy(statement("Allow", "*")))

    assert finding.fix.startswith("take statement 1 out of ")


def test_a_declared_caller_stays_where_another_one_is_taken_out(tmp_path: Path) -> None:
    both = statement("Allow", {"AWS": [{"Fn::GetAtt": ["Web", "Arn"]}, {"Fn::GetAtt": ["Ann", "Arn"]}]})
    (finding,) = found(tmp_path, WEB + ANN + policy(both), function=DECLARED)

    assert about(finding.fix)["Principal"] == {"AWS": [{"Fn::GetAtt": ["Web", "Arn"]}]}
    assert found(tmp_path, WEB + ANN + policy(about(finding.fix)), function=DECLARED) == []


SIGNED_URL = """
  Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Orders.Arn, AuthType: AWS_IAM}}
  Opens: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Principal: '*',
    Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: AWS_IAM}}
  Invokes: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Principal: '*',
    Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true}}
"""


def test_a_signed_url_for_everybody_is_closed_where_the_template_opens_it(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, SIGNED_URL)
    fixes = [each.rpartition(":")[0] for each in finding.fix.split("; ")]
    at = f"out of {tmp_path / 'template.yaml'}"

    assert (finding.rule, fixes) == ("public-url", [f"take `Opens` {at}", f"take `Invokes` {at}"])


SUPPORT = """
  Support:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: Work
          PolicyDocument: {Version: '2012-10-17', Statement: [%s]}
"""


def tagged(tag: str, value: str) -> str:
    """The function with one tag."""
    return FUNCTION.replace("      Runtime", f"      Tags: [{{Key: '{tag}', Value: {value}}}]\n      Runtime")


@pytest.mark.parametrize(
    ("action", "tag", "rule"),
    [
        ("lambda:UpdateFunctionCode", "rolecall:deployers", "exposed-function"),
        ("lambda:InvokeFunction", "rolecall:callers", "undeclared-caller"),
    ],
)
def test_who_is_meant_is_declared_as_the_template_names_it_and_else_scoped(
    action: str, tag: str, rule: str, tmp_path: Path
) -> None:
    support = SUPPORT % f"{{Effect: Allow, Action: ['{action}', 's3:ListAllMyBuckets'], Resource: '*'}}"
    stronger = ROLE.replace("Action: ['logs:C", "Action: ['s3:PutObject', 'logs:C")

    def told(support: str, value: str) -> list[Finding]:
        findings = found(tmp_path, support, function=tagged(tag, value), role=stronger)
        return [each for each in findings if each.rule == rule]

    (finding,) = told(support, "web")
    declared, scoped = finding.fix.split("; else say in place of `FUNCTION_ARN` ")
    value = declared.partition("` of `Orders` be `")[2].rstrip("`")
    other = scoped.partition(" by ")[2].replace("FUNCTION_ARN", "arn:aws:lambda:us-east-1:123456789012:function:b")

    assert value == '{"Fn::Sub": "web ${Support.Arn}"}'
    assert told(support, value) == []
    assert told(SUPPORT % other, "web") == []
