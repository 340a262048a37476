"""Triggers and permissions of templates: one seeded defect each, and what is well made."""

from pathlib import Path

import pytest

from rolecall import engine
from rolecall.sources import template
from tests.builders import ACCOUNT, REGION, account
from tests.rules.written import LIVE

DAILY = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/daily"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
HEAD = f"\nResources:{LIVE}"
RULE = """
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: %s}]}}
"""
LET = """
  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: %s, Action: 'lambda:InvokeFunction',
    Principal: events.amazonaws.com, SourceArn: %s}}
"""
QUEUED = """
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}]}}
  Dead: {Type: AWS::SQS::Queue}
"""
QUEUE_POLICY = """
  Policy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Dead], PolicyDocument: {Statement: [
    {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: 'sqs:SendMessage', Resource: !GetAtt Dead.Arn,
     Condition: {ArnEquals: {'aws:SourceArn': !GetAtt %s.Arn}}}]}}}
"""
REST = """
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
  Path: {Type: AWS::ApiGateway::Resource,
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
  Get: {Type: AWS::ApiGateway::Method, Properties: {RestApiId: !Ref Api, ResourceId: !Ref Path, HttpMethod: GET,
    Integration: {Type: AWS_PROXY, Uri: !Sub
      'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations'}}}
  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Action: 'lambda:InvokeFunction',
    Principal: apigateway.amazonaws.com,
    SourceArn: !Sub 'arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/%s'}}
"""
POLLED = """
  Source: {Type: AWS::SQS::Queue, Properties: {%s RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}}}
  Dead: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  Poll: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Orders,
    EventSourceArn: !GetAtt Source.Arn}}
  Read: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: !Ref Role, PolicyName: Read, PolicyDocument: {Statement: [
    {Effect: Allow, Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
     Resource: %s}]}}}
"""
MOVED = """
  Source: {Type: AWS::SQS::Queue, Properties: {QueueName: in, RedrivePolicy: %s}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead, RedriveAllowPolicy: %s}}
  Poll: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Orders,
    EventSourceArn: !GetAtt Source.Arn}}
  Read: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: !Ref Role, PolicyName: Read, PolicyDocument: {Statement: [
    {Effect: Allow, Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
     Resource: !GetAtt Source.Arn}]}}}
"""
TO_DEAD = "{deadLetterTargetArn: !GetAtt Dead.Arn}"
BY_QUEUE = "{redrivePermission: byQueue, sourceQueueArns: [%s]}"
AS_TEXT = '\'{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"}\''
VERSION = """
  First: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
"""
WIRED = RULE % "!GetAtt Orders.Arn" + LET % ("!Ref Orders", "!GetAtt Daily.Arn")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def found(resources: str, head: str = HEAD) -> list[tuple[str, str]]:
    Path("shop.yaml").write_text(head + resources)
    (account,) = template.read([Path("shop.yaml")])
    return [(finding.severity.value, finding.rule) for finding in engine.audit(account).findings]


@pytest.mark.parametrize(
    "resources",
    [
        "",
        WIRED,
        RULE % "!Ref Live" + LET % ("!Ref Live", "!GetAtt Daily.Arn"),
        VERSION + RULE % "!Ref First" + LET % ("!Ref First", "!GetAtt Daily.Arn"),
        REST % "*/GET/orders",
        REST % "prod/*/*",
        QUEUED + LET % ("orders", "!GetAtt Daily.Arn") + QUEUE_POLICY % "Daily",
        POLLED % ("FifoQueue: true, QueueName: in.fifo,", "!GetAtt Source.Arn"),
        MOVED % (TO_DEAD, "{redrivePermission: allowAll}"),
        MOVED % (TO_DEAD, BY_QUEUE % "'arn:aws:sqs:us-east-1:123456789012:other', !GetAtt Source.Arn"),
        MOVED % (AS_TEXT, "{redrivePermission: allowAll}"),
        POLLED % ("FifoQueue: true,", "!GetAtt Source.Arn"),
        POLLED % ("FifoQueue: 'true',", "!Sub 'arn:aws:sqs:*:*:${AWS::StackName}-Source-*'"),
        POLLED % ("FifoQueue: true,", "!Sub 'arn:aws:sqs:*:*:${AWS::StackName}-Source-*.fifo'"),
    ],
)
def test_what_is_well_wired_has_no_finding(resources: str) -> None:
    assert found(resources) == []


@pytest.mark.parametrize(
    ("resources", "finding"),
    [
        (RULE % "!GetAtt Orders.Arn", ("high", "refused-trigger")),
        (REST % "*/POST/orders", ("high", "refused-trigger")),
        (RULE % "!Ref Live" + LET % ("!Ref Orders", "!GetAtt Daily.Arn"), ("high", "qualifier-mismatch")),
        (RULE % "!GetAtt Orders.Arn" + LET % ("!Ref Live", "!GetAtt Daily.Arn"), ("high", "qualifier-mismatch")),
        (WIRED.replace("Properties: {Sch", "Properties: {State: DISABLED, Sch"), ("info", "failing-trigger")),
        (POLLED % ("", "!GetAtt Source.Arn"), ("high", "undeliverable-dead-letter")),
        (QUEUED + LET % ("orders", "!GetAtt Daily.Arn"), ("high", "undeliverable-dead-letter")),
        (MOVED % (TO_DEAD, "{redrivePermission: denyAll}"), ("high", "undeliverable-dead-letter")),
        (MOVED % (TO_DEAD, '\'{"redrivePermission": "denyAll"}\''), ("high", "undeliverable-dead-letter")),
        (MOVED % (AS_TEXT, "{redrivePermission: denyAll}"), ("high", "undeliverable-dead-letter")),
        (MOVED % (TO_DEAD, BY_QUEUE % ""), ("high", "undeliverable-dead-letter")),
        (
            MOVED % (TO_DEAD, BY_QUEUE % "'arn:aws:sqs:us-east-1:123456789012:other'"),
            ("high", "undeliverable-dead-letter"),
        ),
        (MOVED % (TO_DEAD, BY_QUEUE % "!ImportValue other"), ("info", "incomplete-audit")),
        (
            RULE % "!Sub '${Orders.Arn}:7'" + LET % ("!Sub '${Orders.Arn}:7'", "!GetAtt Daily.Arn"),
            ("info", "incomplete-audit"),
        ),
        (
            RULE % "!Sub '${Orders.Arn}:test'" + LET % ("!Sub '${Orders.Arn}:test'", "!GetAtt Daily.Arn"),
            ("high", "dangling-trigger"),
        ),
    ],
)
def test_a_defect_is_named_by_its_rule_alone(resources: str, finding: tuple[str, str]) -> None:
    assert found(resources) == [finding]


def test_a_subscription_may_name_its_dead_letter_queue_in_json_text() -> None:
    subscribed = f"""
  Topic: {{Type: AWS::SNS::Topic, Properties: {{TopicName: news}}}}
  Sub: {{Type: AWS::SNS::Subscription, Properties: {{TopicArn: !Ref Topic, Protocol: lambda,
    Endpoint: !GetAtt Orders.Arn, RedrivePolicy: {AS_TEXT}}}}}
  Let: {{Type: AWS::Lambda::Permission, Properties: {{FunctionName: !Ref Orders, Action: 'lambda:InvokeFunction',
    Principal: sns.amazonaws.com, SourceArn: !Ref Topic}}}}
  Dead: {{Type: AWS::SQS::Queue, Properties: {{QueueName: dead}}}}
"""

    assert found(subscribed) == [("high", "undeliverable-dead-letter")]


def test_a_rule_that_invokes_something_else_leaves_its_permission_over() -> None:
    other = RULE % "'arn:aws:sqs:us-east-1:123456789012:other'"

    assert found(other + LET % ("orders", "!GetAtt Daily.Arn")) == [("medium", "leftover-permission")]


def test_a_source_outside_of_the_template_is_a_known_limit() -> None:
    outside = LET % ("orders", "'arn:aws:events:us-east-1:123456789012:rule/elsewhere'")

    assert found(outside) == [("info", "incomplete-audit")]


def test_a_target_that_is_nearly_a_function_dangles() -> None:
    slip = RULE % "'arn:aws:lambda:us-east-1:123456789012:function:order'"

    assert ("high", "dangling-trigger") in found(slip)


@pytest.mark.parametrize(("source", "queue"), [("daily", DEAD), (DAILY, "dead"), ("", "::::")])
def test_a_malformed_arn_beside_a_dead_letter_queue_is_a_gap(source: str, queue: str) -> None:
    trigger = {"type": "eventbridge", "source": source, "dead_letter": queue}
    found = engine.audit(account({"triggers": [trigger]})).findings

    told = [each.message for each in found if each.rule == "incomplete-audit"]
    assert any("dead-letter queue" in each and "is no ARN" in each for each in told)
    assert not any("crashed" in each for each in told)


@pytest.mark.parametrize("source", ['"shop"', "1", "null"])
def test_an_event_pattern_whose_source_is_no_list_is_open(source: str) -> None:
    trigger = {"type": "eventbridge", "source": DAILY, "filter": f'{{"source": {source}}}'}
    put = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
    found = engine.audit(account({"triggers": [trigger], "more policies": {"Put": [put]}})).findings

    assert "trigger-loop" in [each.rule for each in found]


LOOP = """
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Poll: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Orders,
    EventSourceArn: !GetAtt Jobs.Arn}}
  Send: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: !Ref Role, PolicyName: Send, PolicyDocument: {Statement: [
    {Effect: Allow, Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:SendMessage'],
     Resource: !GetAtt Jobs.Arn}]}}}
"""


@pytest.mark.parametrize(
    ("setting", "expected"),
    [("", "medium"), ("RecursiveLoop: Terminate,", "medium"), ("RecursiveLoop: Allow,", "high")],
)
def test_a_loop_that_lambda_may_not_stop_is_high(setting: str, expected: str) -> None:
    head = HEAD.replace("FunctionName: orders,", f"FunctionName: orders, {setting}")

    assert (expected, "trigger-loop") in found(LOOP, head)


def test_sam_hands_the_setting_on() -> None:
    code = "def b(event, context): return 1"
    head = HEAD.replace(f"Code: {{ZipFile: '{code}'}}", f"InlineCode: '{code}', RecursiveLoop: Allow")
    head = "Transform: AWS::Serverless-2016-10-31" + head.replace("AWS::Lambda::Function", "AWS::Serverless::Function")

    assert ("high", "trigger-loop") in found(LOOP, head)
