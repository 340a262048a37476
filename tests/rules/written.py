"""Templates that a test writes out: what is found in one, by rule."""

from pathlib import Path

from rolecall import engine
from rolecall.finding import Finding, united
from rolecall.sources import template

ROLE = """
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: WriteLogs
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents']
                Resource: !Sub 'arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/app:*'
"""
FUNCTION = """
  Orders:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: app
      Runtime: python3.13
      Handler: index.handler
      Code: {ZipFile: 'def handler(event, context): return 1'}
      Role: !GetAtt Role.Arn
"""
SAM = "Transform: AWS::Serverless-2016-10-31"
SERVERLESS = """
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: app
      Runtime: python3.13
      Handler: index.handler
      InlineCode: 'def handler(event, context): return 1'
      Role: !GetAtt Role.Arn
"""
LIVE = """
  Orders: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders, Handler: index.b, Runtime: python3.13,
    Code: {ZipFile: 'def b(event, context): return 1'}, Role: !GetAtt Role.Arn, LoggingConfig: {LogGroup: !Ref Logs}}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: orders, RetentionInDays: 7}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Orders, FunctionVersion: '1', Name: live}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: Log
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: !GetAtt Logs.Arn}
"""
"""A clean function `Orders`, with its log group and an alias `Live`."""


def found(folder: Path, resources: str, *, head: str = "", function: str = FUNCTION, role: str = ROLE) -> list[Finding]:
    """What is found in a template with one clean function `Orders` and these resources."""
    path = folder / "template.yaml"
    path.write_text(f"{head}\nResources:{function}{role}{resources}")
    return list(united([engine.audit(each) for each in template.read([path])]).findings)


def named(findings: list[Finding]) -> list[str]:
    """`severity rule` of each, as they are told."""
    return [f"{each.severity.value} {each.rule}" for each in findings]
