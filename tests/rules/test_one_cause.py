"""One cause, one finding: templates in which one slip meets several rules."""

from pathlib import Path

import pytest

from tests.rules.written import found, named

DAILY = """
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn}]}}
  Other: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: []}}
"""
TOPIC = """
  Alarms: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: lambda, Endpoint: !GetAtt Orders.Arn}]}}
"""
BUCKET = """
  Inbox: {Type: AWS::S3::Bucket, Properties: {BucketName: inbox,
    NotificationConfiguration: {LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt Orders.Arn}]}}}
"""
LET = """
  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Action: 'lambda:InvokeFunction',
    Principal: %s}}
"""
API = """
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
"""
POLICY = """
  Policy: {Type: AWS::Lambda::ResourcePolicy, Properties: {ResourceArn: !GetAtt Orders.Arn, Policy: {
    Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: sns.amazonaws.com},
    Action: 'lambda:InvokeFunction', Resource: '*', Condition: {ArnLike: {'aws:SourceArn': []}}}]}}}
"""


@pytest.mark.parametrize(
    ("resources", "rule"),
    [
        (
            DAILY + LET % "events.amazonaws.com, SourceArn: 'arn:aws:events:us-east-1:444455556666:rule/x'",
            "foreign-source",
        ),
        (
            BUCKET + LET % "s3.amazonaws.com, SourceArn: !GetAtt Inbox.Arn, SourceAccount: '444455556666'",
            "foreign-source",
        ),
        (TOPIC + LET % "events.amazonaws.com, SourceArn: !Ref Alarms", "mismatched-source"),
        (
            API + LET % "apigateway.amazonaws.com, SourceArn: !Sub 'arn:aws:apigateway:us-east-1::/restapis/${Api}/*'",
            "mismatched-source",
        ),
        (LET % "!Ref AWS::AccountId, FunctionUrlAuthType: AWS_IAM", "mismatched-source"),
        (TOPIC + POLICY, "mismatched-source"),
    ],
)
def test_a_permission_that_cannot_match_explains_the_trigger_that_is_refused(
    resources: str, rule: str, tmp_path: Path
) -> None:
    assert named(found(tmp_path, resources)) == [f"high {rule}"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("!GetAtt Other.Arn", "rule/template-Other`"),
        ("!Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/dayly'", "rule/dayly`"),
    ],
)
def test_a_refused_trigger_names_the_permission_that_misses_it(source: str, said: str, tmp_path: Path) -> None:
    (finding,) = found(tmp_path, DAILY + LET % f"events.amazonaws.com, SourceArn: {source}")

    assert finding.rule == "refused-trigger"
    assert said.replace("template", tmp_path.name) in finding.message
    assert finding.fix.endswith('set `SourceArn: {"Fn::GetAtt": ["Daily", "Arn"]}`')


URL = """
  Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: %s, AuthType: AWS_IAM}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Orders, FunctionVersion: '1', Name: live}}
  Web: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
  Open: {Type: AWS::Lambda::Permission, Properties: {FunctionName: %s, Action: 'lambda:InvokeFunctionUrl',
    Principal: !GetAtt Web.Arn, FunctionUrlAuthType: %s}}
  Call: {Type: AWS::Lambda::Permission, Properties: {FunctionName: %s, Action: 'lambda:InvokeFunction',
    Principal: !GetAtt Web.Arn, InvokedViaFunctionUrl: true}}
"""


@pytest.mark.parametrize(
    ("opens", "auth", "fix"),
    [("!Ref Live", "NONE", "let `FunctionUrlAuthType` be `AWS_IAM`"), ("!Ref Orders", "AWS_IAM", '{"Ref": "Live"}')],
)
def test_a_url_permission_that_fits_no_url_explains_why_the_other_half_is_not_enough(
    opens: str, auth: str, fix: str, tmp_path: Path
) -> None:
    (finding,) = found(tmp_path, URL % ("!Ref Live", opens, auth, "!Ref Live"))

    assert finding.rule == "mismatched-url-permission"
    assert finding.fix.endswith(fix)
