"""Escalation in templates, as people write them: references, intrinsics and SAM's shapes lead to the same targets."""

from pathlib import Path

import pytest

from rolecall import engine
from rolecall.finding import Finding, Severity
from rolecall.sources import template

HEAD = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  GivenRole: {Type: String}
Resources:
  Admin:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: &tasks
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: [lambda.amazonaws.com, ecs-tasks.amazonaws.com]}
            Action: sts:AssumeRole
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AdministratorAccess]
  Jobs:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: *tasks
      Policies:
        - PolicyName: Read
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "dynamodb:Scan", Resource: "*"}]
  Root:
    Type: AWS::Serverless::Function
    Properties: {Runtime: nodejs22.x, Handler: index.handler, InlineCode: "//", Role: !GetAtt Admin.Arn}
  Billing:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => {}"
      Policies: [{DynamoDBReadPolicy: {TableName: invoices}}]
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      FunctionName: orders
      InlineCode: "exports.handler = async () => {}"
      Policies:
        - Version: "2012-10-17"
          Statement: [%s]
"""
RUN = '{Effect: Allow, Action: "ecs:RunTask", Resource: "*"}'


def found(statement: str, folder: Path) -> list[Finding]:
    """What is told of escalation."""
    (folder / "template.yaml").write_text(HEAD % statement)
    (account,) = template.read([folder / "template.yaml"])
    rules = (
        "self-escalation",
        "role-passing",
        "workload-takeover",
        "self-rewrite",
        "role-chaining",
        "incomplete-audit",
    )
    findings = engine.audit(account).findings
    chosen = (each for each in findings if each.rule in rules and each.severity is not Severity.INFO)
    return [each for each in chosen if each.function == "Orders"]


def told(statement: str, folder: Path) -> list[str]:
    """Severity, rule and message of it."""
    return [f"{each.severity.value} {each.rule}: {each.message}" for each in found(statement, folder)]


@pytest.mark.parametrize(
    "resource",
    [
        "!GetAtt Billing.Arn",
        '!Sub "${Billing.Arn}"',
        '!Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Billing}"',
        '!Join ["", ["arn:aws:lambda:", !Ref AWS::Region, ":", !Ref AWS::AccountId, ":function:", !Ref Billing]]',
    ],
)
def test_another_function_is_the_target_however_it_is_named(resource: str, tmp_path: Path) -> None:
    (finding,) = told(f'{{Effect: Allow, Action: "lambda:UpdateFunctionCode", Resource: {resource}}}', tmp_path)

    assert finding.startswith("high workload-takeover: `orders` can become `")
    assert finding.endswith("by `lambda:UpdateFunctionCode` it runs its own code there")
    assert "BillingRole" in finding


def test_itself_by_its_name_is_a_rewrite(tmp_path: Path) -> None:
    own = '!Sub "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:orders"'
    (finding,) = told(f'{{Effect: Allow, Action: ["lambda:PublishVersion"], Resource: {own}}}', tmp_path)

    assert finding.startswith("high self-rewrite: `orders` can rewrite itself: by `lambda:PublishVersion`")


def test_an_administrator_can_be_passed(tmp_path: Path) -> None:
    passing = f'{{Effect: Allow, Action: "iam:PassRole", Resource: !GetAtt Admin.Arn}}, {RUN}'
    (finding,) = told(passing, tmp_path)

    assert finding.startswith("critical role-passing: `orders` can become `")


@pytest.mark.parametrize("role", ["!GetAtt Jobs.Arn", "!Ref GivenRole"])
def test_a_role_that_one_service_gets_is_left_alone_where_the_code_is_not_known(role: str, tmp_path: Path) -> None:
    pin = '{StringEquals: {"iam:PassedToService": ecs-tasks.amazonaws.com}}'
    passing = f'{{Effect: Allow, Action: "iam:PassRole", Resource: {role}%s}}, {RUN}'

    assert [each.partition(":")[0] for each in told(passing % "", tmp_path)] == ["high role-passing"]
    assert told(passing % f", Condition: {pin}", tmp_path) == []


@pytest.mark.parametrize("resource", ['"*"', '!Sub "arn:aws:iam::${AWS::AccountId}:role/*"'])
def test_any_role_can_be_assumed(resource: str, tmp_path: Path) -> None:
    (finding,) = told(f'{{Effect: Allow, Action: "sts:AssumeRole", Resource: {resource}}}', tmp_path)

    assert finding.startswith("high role-chaining: `orders` may assume every role that lets it in")


def test_its_own_role_can_be_written(tmp_path: Path) -> None:
    roles = '!Sub "arn:aws:iam::${AWS::AccountId}:role/${AWS::StackName}-*"'
    (finding,) = told(f'{{Effect: Allow, Action: ["iam:AttachRolePolicy"], Resource: {roles}}}', tmp_path)

    assert finding == (
        "critical self-escalation: `orders` can raise its own rights: "
        "by `iam:AttachRolePolicy` it attaches any policy to itself"
    )


@pytest.mark.parametrize(
    "statement",
    [
        '{Effect: Allow, Action: "lambda:InvokeFunction", Resource: !GetAtt Billing.Arn}',
        '{Effect: Allow, Action: ["codebuild:StartBuild"], Resource: !Sub "arn:aws:codebuild:*:*:project/site"}',
        '{Effect: Allow, Action: ["states:StartExecution"], Resource: !Sub "arn:aws:states:*:*:stateMachine:x"}',
        '{Effect: Allow, Action: "sts:AssumeRole", Resource: "arn:aws:iam::444455556666:role/reader"}',
        '{Effect: Allow, Action: "sts:AssumeRole", Resource: !Ref GivenRole}',
        '{Effect: Allow, Action: ["events:PutEvents"], Resource: "*"}',
    ],
)
def test_what_people_plainly_need_is_no_escalation(statement: str, tmp_path: Path) -> None:
    assert told(statement, tmp_path) == []


@pytest.mark.parametrize(
    "statement",
    [
        '{Effect: Allow, Action: ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], Resource: "*"}',
        '{Effect: Allow, Action: "iam:PassRole", Resource: [!GetAtt Jobs.Arn, !GetAtt Admin.Arn]}',
        '{Effect: Allow, Action: "iam:PassRole", Resource: !Ref GivenRole}',
        '{Effect: Allow, Action: ["lambda:GetFunction", "lambda:UpdateFunctionCode"], Resource: !GetAtt Billing.Arn}',
        '{Effect: Allow, Action: "sts:AssumeRole", Resource: "*"}',
        '{Effect: Allow, Action: "lambda:*", Resource: "*"}',
    ],
)
def test_the_statements_of_a_fix_mend_the_template(statement: str, tmp_path: Path) -> None:
    (finding,) = found(f"{statement}, {RUN}", tmp_path)
    where, _, new = (finding.fix or "").partition(" by ")
    roles = new.replace("ROLE_ARN", "arn:aws:iam::444455556666:role/reader").replace("lambda:ACTION", "lambda:Invoke")

    assert f"{tmp_path / 'template.yaml'}:45: replace the statement (" in where
    assert found(f"{roles}, {RUN}", tmp_path) == []


def test_a_statement_of_which_nothing_is_left_goes(tmp_path: Path) -> None:
    (finding,) = found('{Effect: Allow, Action: "lambda:UpdateFunctionCode", Resource: !GetAtt Billing.Arn}', tmp_path)

    assert finding.fix == f"{tmp_path / 'template.yaml'}:45: remove the statement (OrdersRolePolicy0, statement 1)"
