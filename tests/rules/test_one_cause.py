"""One cause, one finding: templates in which one slip meets several rules."""

from pathlib import Path

import pytest

from tests.rules.written import FUNCTION, ROLE, found, named

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


def let(name: str, source: str) -> str:
    """A permission of that name for a rule."""
    return LET.replace("Let:", f"{name}:") % f"events.amazonaws.com, SourceArn: !GetAtt {source}.Arn"


WEEKLY = DAILY.replace("Daily", "Weekly").replace("Other", "Third")


def test_a_permission_that_misses_no_trigger_is_left_over_all_the_same(tmp_path: Path) -> None:
    findings = found(
        tmp_path, DAILY + WEEKLY.replace("!GetAtt Orders.Arn", "a") + let("A", "Other") + let("B", "Third")
    )

    assert named(findings) == ["high refused-trigger", "medium leftover-permission"]


def test_one_permission_cannot_be_meant_for_two_triggers(tmp_path: Path) -> None:
    one, other = found(tmp_path, DAILY + WEEKLY + let("A", "Other"))

    assert "set `SourceArn" in one.fix
    assert '"Type": "AWS::Lambda::Permission"' in other.fix


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
    [
        ("!Ref Live", "NONE", "let `FunctionUrlAuthType` be `AWS_IAM`"),
        ("!Ref Orders", "AWS_IAM", 'be `{"Ref": "Live"}`'),
    ],
)
def test_a_url_permission_that_fits_no_url_explains_why_the_other_half_is_not_enough(
    opens: str, auth: str, fix: str, tmp_path: Path
) -> None:
    (finding,) = found(tmp_path, URL % ("!Ref Live", opens, auth, "!Ref Live"))

    assert finding.rule == "mismatched-url-permission"
    assert finding.fix.endswith(fix)


OTHER = """
  Jobs: {Type: AWS::IAM::Role, Properties: {RoleName: jobs, AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}]},
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess']}}
  Billing: {Type: AWS::Lambda::Function, Properties: {FunctionName: billing, Handler: index.handler,
    Runtime: python3.13, Code: {ZipFile: "import boto3\\n
    \\ndef handler(event, context): boto3.client('sqs').list_queues()"},
    Role: !GetAtt BillingRole.Arn}}
  BillingRole: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}, Policies: [{PolicyName: Work,
    PolicyDocument: {Statement: [{Effect: Allow, Action: 'sqs:ListQueues', Resource: '*'}, {Effect: Allow,
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: !Sub
    'arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/billing:*'}]}}]}}
"""
PASS = "{Effect: Allow, Action: 'iam:PassRole', Resource: !GetAtt Jobs.Arn}"
RUN = "{Effect: Allow, Action: %s, Resource: '*'}"


@pytest.mark.parametrize(
    ("statements", "rules"),
    [
        ([PASS, RUN % "'ec2:RunInstances'"], ["critical role-passing"]),
        (
            [PASS, RUN % "['ec2:RunInstances', 'ec2:CreateVolume']"],
            ["critical role-passing", "medium unneeded-grant"],
        ),
        (["{Effect: Allow, NotAction: ['iam:*', 'sts:*'], Resource: '*'}"], ["high negated-grant"]),
        (
            ["{Effect: Allow, Action: 'iam:PassRole', NotResource: 'arn:aws:iam::*:role/x'}", RUN % "'ec2:Run*'"],
            ["critical role-passing", "high service-wildcard"],
        ),
    ],
)
def test_a_path_to_other_rights_is_one_finding(statements: list[str], rules: list[str], tmp_path: Path) -> None:
    start = "            Statement:\n"
    more = "".join(f"              - {each}\n" for each in statements)

    assert named(found(tmp_path, OTHER, role=ROLE.replace(start, start + more))) == rules


def test_full_access_to_a_service_is_one_finding(tmp_path: Path) -> None:
    attached = "Properties:\n      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess']"
    role = ROLE.replace("Properties:", attached)

    assert named(found(tmp_path, OTHER, role=role)) == ["high broad-managed-policy"]


INBOX = "\n  Inbox: {Type: AWS::S3::Bucket, Properties: {BucketName: inbox}}\n"
READS = r"""
      Code: {ZipFile: "import boto3\ndef handler(event, _): boto3.client('s3').get_object(Bucket='inbox', Key='a')"}
"""
ENDS = "log-group:/aws/lambda/app:*'\n"
MEANT = "              - {Effect: Allow, Action: [%s], Resource: 'arn:aws:s3:::inbox%s'}\n"


@pytest.mark.parametrize(
    ("actions", "starts", "ends"),
    [
        ("'s3:GetObject'", "replace the statement (WriteLogs, statement 2) by {", "}"),
        ("'s3:GetObject', 's3:PutBucketTagging'", "{", "; take `s3:GetObject` out of %s, where nothing comes of it"),
        ("'s3:GetObjct', 's3:PutObjectTagging'", "{", "; take `s3:GetObjct` out of %s, where nothing comes of it"),
    ],
)
def test_what_was_granted_in_vain_is_what_is_lacking(actions: str, starts: str, ends: str, tmp_path: Path) -> None:
    function = FUNCTION.replace("\n      Code: {ZipFile: 'def handler(event, context): return 1'}\n", READS)
    on = "/*" if "PutObject" in actions else ""
    findings = found(tmp_path, INBOX, function=function, role=ROLE.replace(ENDS, ENDS + MEANT % (actions, on)))
    (denied,) = [each for each in findings if each.rule != "unneeded-grant"]
    place = f"{tmp_path}/template.yaml:26 (WriteLogs, statement 2)"

    assert denied.rule == "denied-call"
    assert denied.fix.removeprefix(f"{tmp_path}/template.yaml:26: ").startswith(starts)
    assert denied.fix.endswith(ends % place if "%s" in ends else ends)


@pytest.mark.parametrize(
    ("statement", "fix"),
    [
        ("Action: 's3:HeadObject', Resource: '*'", "take `s3:HeadObject` out, or write what was meant"),
        (
            "Action: 'ses:SendEmail', Resource: '*', Condition: {StringEquals: {'aws:Acount': '1'}}",
            "write the key that was meant in place of `aws:Acount`",
        ),
    ],
)
def test_a_condition_is_never_to_be_taken_out(statement: str, fix: str, tmp_path: Path) -> None:
    role = ROLE.replace(ENDS, f"{ENDS}              - {{Effect: Deny, {statement}}}\n")
    (finding,) = [each for each in found(tmp_path, "", role=role) if each.rule == "unknown-action"]

    assert finding.fix.partition(": ")[2] == fix
