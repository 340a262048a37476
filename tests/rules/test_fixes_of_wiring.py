"""Fixes of permissions and triggers name what the template gives: no id, account or stack that this reading made up."""

import json
import re
from pathlib import Path

import pytest

from rolecall.finding import Finding
from rolecall.fixes import as_property
from rolecall.iam.policy import Place
from tests.rules.written import FUNCTION, ROLE, SAM, SERVERLESS, found, named

OWN = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}"
HTTP = """
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: shop, ProtocolType: HTTP}}
  Call: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY,
    IntegrationUri: !GetAtt Orders.Arn}}
  Post: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: 'POST /orders/{id}',
    Target: !Sub 'integrations/${Call}'}}
"""
LET = """
  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: %s, Action: 'lambda:InvokeFunction',
    Principal: %s}}
"""
BUCKET = """
  Inbox: {Type: AWS::S3::Bucket, DependsOn: Let, Properties: {BucketName: !Sub 'inbox-${AWS::AccountId}',
    NotificationConfiguration: {LambdaConfigurations: [{Event: 's3:ObjectCreated:*', Function: !GetAtt Orders.Arn}]}}}
"""
GROUP = """
  Pages: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, DependsOn: Let, Properties: {Name: pages, TargetType: lambda,
    Targets: [{Id: !GetAtt Orders.Arn}]}}
"""
ALIAS = """
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Orders, FunctionVersion: '1', Name: live}}
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: !Ref Live}]}}
"""
SCHEDULE = """
  Hourly: {Type: AWS::Scheduler::Schedule, Properties: {ScheduleExpression: rate(1 hour), Target: {
    Arn: !GetAtt Orders.Arn, RoleArn: !GetAtt Clock.Arn}, FlexibleTimeWindow: {Mode: 'OFF'}}}
  Clock: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: scheduler.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
"""
QUEUED = """
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn, DeadLetterConfig: {Arn: !GetAtt Dead.Arn}}]}}
  Dead: {Type: AWS::SQS::Queue}
"""
MOVED = """
  Source: {Type: AWS::SQS::Queue, Properties: {QueueName: in, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead, RedriveAllowPolicy: {redrivePermission: byQueue,
    sourceQueueArns: ['arn:aws:sqs:us-east-1:123456789012:other']}}}
  Poll: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Orders,
    EventSourceArn: !GetAtt Source.Arn}}
  Read: {Type: AWS::IAM::RolePolicy, Properties: {RoleName: !Ref Role, PolicyName: Read, PolicyDocument: {Statement: [
    {Effect: Allow, Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
     Resource: !GetAtt Source.Arn}]}}}
"""
URL = """
  Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Orders.Arn, AuthType: AWS_IAM}}
  Web: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
  Open: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders, Action: 'lambda:InvokeFunctionUrl',
    Principal: !GetAtt Web.Arn, FunctionUrlAuthType: AWS_IAM}}
"""


def let(principal: str, function: str = "!Ref Orders") -> str:
    return LET % (function, principal)


def only(folder: Path, resources: str) -> Finding:
    (finding,) = found(folder, resources)
    return finding


def added(finding: Finding) -> dict[str, object]:
    """The resource that a fix adds."""
    properties: dict[str, object] = json.loads(finding.fix[finding.fix.index("{") :])["Properties"]
    return properties


def test_the_permission_of_an_api_names_it_by_reference(tmp_path: Path) -> None:
    finding = only(tmp_path, HTTP)

    assert (finding.rule, added(finding)["SourceArn"]) == ("refused-trigger", {"Fn::Sub": f"{OWN}/*/POST/orders/*"})


@pytest.mark.parametrize(("path", "rules"), [("POST/orders/*", []), ("POST/order", ["high refused-trigger"])])
def test_a_route_comes_with_its_path(path: str, rules: list[str], tmp_path: Path) -> None:
    permission = let(f"apigateway.amazonaws.com, SourceArn: !Sub '{OWN}/*/{path}'")

    assert named(found(tmp_path, HTTP + permission)) == rules


def test_a_permission_for_another_route_is_the_one_that_misses(tmp_path: Path) -> None:
    finding = only(tmp_path, HTTP + let(f"apigateway.amazonaws.com, SourceArn: !Sub '{OWN}/live/GET/orders'"))
    wanted, others = re.findall(r"`[^`]*-Api/([^`]*)`", finding.message)

    assert (finding.rule, wanted, others) == ("refused-trigger", "*/POST/orders/*", "live/GET/orders")
    assert finding.fix.endswith(f"set `SourceArn: {json.dumps({'Fn::Sub': f'{OWN}/*/POST/orders/*'})}`")


def test_a_permission_for_a_route_that_is_gone_is_left_over(tmp_path: Path) -> None:
    route = HTTP.replace("/orders/{id}", "/orders")
    used, gone = (let(f"apigateway.amazonaws.com, SourceArn: !Sub '{OWN}/*/{verb}/orders'") for verb in ("POST", "GET"))

    assert named(found(tmp_path, route + used + gone.replace("Let:", "Gone:"))) == ["medium leftover-permission"]


def test_several_routes_that_are_refused_are_let_in_with_their_api(tmp_path: Path) -> None:
    more = HTTP + HTTP.partition("  Post:")[2].join(["  Put:", ""]).replace("POST /orders/{id}", "PUT /orders")

    assert added(only(tmp_path, more))["SourceArn"] == {"Fn::Sub": f"{OWN}/*"}


def test_an_api_of_which_all_is_let_in_is_named_with_its_stages(tmp_path: Path) -> None:
    finding = only(tmp_path, HTTP + let("apigateway.amazonaws.com"))

    assert finding.fix.endswith(f"add `SourceArn: {json.dumps({'Fn::Sub': f'{OWN}/*/POST/orders/*'})}`")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", 'add `SourceArn: %s` and `SourceAccount: {"Ref": "AWS::AccountId"}`'),
        (", SourceAccount: !Ref AWS::AccountId", "add `SourceArn: %s`"),
        (
            ", SourceArn: !Sub 'arn:${AWS::Partition}:s3:::inbox-${AWS::AccountId}'",
            'add `SourceAccount: {"Ref": "AWS::AccountId"}`',
        ),
    ],
)
def test_a_bucket_is_named_as_it_will_be_called(more: str, said: str, tmp_path: Path) -> None:
    name = json.dumps({"Fn::Sub": "arn:${AWS::Partition}:s3:::inbox-${AWS::AccountId}"})
    finding = only(tmp_path, BUCKET + let(f"s3.amazonaws.com{more}"))

    assert finding.fix.partition(": ")[2] == (said % name if "%s" in said else said)


UNNAMED = BUCKET.replace("BucketName: !Sub 'inbox-${AWS::AccountId}',", "")
NAME = json.dumps({"Fn::Sub": "arn:${AWS::Partition}:s3:::NAME"})


@pytest.mark.parametrize("guard", ["", ", SourceAccount: !Ref AWS::AccountId"])
def test_a_bucket_that_waits_for_its_permission_needs_a_name_to_be_said_there(guard: str, tmp_path: Path) -> None:
    finding = only(tmp_path, UNNAMED + let(f"s3.amazonaws.com{guard}"))

    assert f"`SourceArn: {NAME}`" in finding.fix
    assert finding.fix.endswith(", and `BucketName: NAME` to `Inbox`")


def test_a_bucket_without_a_name_that_waits_for_nothing_is_referred_to(tmp_path: Path) -> None:
    apart = """
  Inbox: {Type: AWS::S3::Bucket}
  Notify: {Type: 'Custom::S3BucketNotifications', Properties: {ServiceToken: !Sub 'arn:aws:lambda:${AWS::Region}:1:x',
    BucketName: !Ref Inbox, Managed: true, NotificationConfiguration: {LambdaFunctionConfigurations: [
    {Events: ['s3:ObjectCreated:*'], LambdaFunctionArn: !GetAtt Orders.Arn}]}}}
"""
    finding = next(
        each for each in found(tmp_path, apart + let("s3.amazonaws.com")) if each.rule == "unguarded-service"
    )

    assert '`SourceArn: {"Fn::GetAtt": ["Inbox", "Arn"]}`' in finding.fix


SUBSCRIBED = """
  Web: {Type: AWS::Logs::LogGroup}
  Errors: {Type: AWS::Logs::SubscriptionFilter, Properties: {LogGroupName: !Ref Web, FilterPattern: ERROR,
    DestinationArn: !GetAtt Orders.Arn}}
"""
CHECKED = """
  Tagged: {Type: AWS::Config::ConfigRule, Properties: {Source: {Owner: CUSTOM_LAMBDA,
    SourceIdentifier: !GetAtt Orders.Arn}}}
"""


@pytest.mark.parametrize(
    ("resources", "source"),
    [
        (SUBSCRIBED, {"SourceArn": {"Fn::GetAtt": ["Web", "Arn"]}}),
        (CHECKED, {"SourceAccount": {"Ref": "AWS::AccountId"}}),
    ],
)
def test_what_is_tried_when_it_is_made_is_to_wait(resources: str, source: dict[str, object], tmp_path: Path) -> None:
    finding = only(tmp_path, resources)
    made, _ = json.JSONDecoder().raw_decode(finding.fix[finding.fix.index("{") :])

    assert {key: value for key, value in made["Properties"].items() if key.startswith("Source")} == source
    assert finding.fix.endswith(" wait for it by `DependsOn`")


def test_a_target_group_waits_for_its_permission_which_names_it(tmp_path: Path) -> None:
    finding = only(tmp_path, GROUP + let("elasticloadbalancing.amazonaws.com"))
    group = "arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}:targetgroup/pages/*"

    assert finding.fix.endswith(f"add `SourceArn: {json.dumps({'Fn::Sub': group})}`")


def test_the_right_qualifier_is_named_by_reference(tmp_path: Path) -> None:
    finding = only(tmp_path, ALIAS + let("events.amazonaws.com, SourceArn: !GetAtt Daily.Arn"))

    assert finding.fix.endswith('let `FunctionName` of `Let` be `{"Ref": "Live"}`')


def test_the_role_of_a_schedule_is_let_in_by_reference(tmp_path: Path) -> None:
    finding = only(tmp_path, SCHEDULE)

    assert '"Resource": {"Fn::GetAtt": ["Orders", "Arn"]}' in finding.fix


def test_a_role_of_a_schedule_that_may_invoke_versions_only_is_told_where(tmp_path: Path) -> None:
    may = "[{Effect: Allow, Action: 'lambda:InvokeFunction', Resource: !Sub '${Orders.Arn}:*'}]"
    policies = f"Policies: [{{PolicyName: May, PolicyDocument: {{Statement: {may}}}}}]"
    end = "'sts:AssumeRole'}]}"
    finding = only(tmp_path, SCHEDULE.replace(end, f"{end}, {policies}"))

    assert finding.rule == "refused-trigger"
    assert finding.message.endswith("which may not do so: `May`, statement 1, lets it invoke `app:*`")
    assert finding.fix.endswith(': add `{"Fn::GetAtt": ["Orders", "Arn"]}` to the resources of statement 1')


def test_the_role_of_a_schedule_that_may_not_fill_its_dead_letter_queue_is_named(tmp_path: Path) -> None:
    invokes = "{Statement: [{Effect: Allow, Action: 'lambda:InvokeFunction', Resource: !GetAtt Orders.Arn}]}"
    end = "'sts:AssumeRole'}]}"
    granted = SCHEDULE.replace(
        end, f"{end}, Policies: [{{PolicyName: May, PolicyDocument: {invokes}}}], RoleName: clock"
    )
    kept = granted.replace("RoleArn:", "DeadLetterConfig: {Arn: !GetAtt Dead.Arn}, RoleArn:")
    finding = only(tmp_path, kept + "\n  Dead: {Type: AWS::SQS::Queue}\n")

    assert finding.rule == "undeliverable-dead-letter"
    assert finding.fix.endswith("in a policy of `clock`")


def test_a_dead_letter_queue_and_its_rule_are_named_by_reference(tmp_path: Path) -> None:
    finding = only(tmp_path, QUEUED + let("events.amazonaws.com, SourceArn: !GetAtt Daily.Arn"))

    assert finding.rule == "undeliverable-dead-letter"
    assert '"Resource": {"Fn::GetAtt": ["Dead", "Arn"]}' in finding.fix
    assert '{"aws:SourceArn": {"Fn::GetAtt": ["Daily", "Arn"]}}' in finding.fix


def test_a_dead_letter_queue_is_told_which_queues_it_has_to_let_in(tmp_path: Path) -> None:
    finding = only(tmp_path, MOVED)

    assert finding.rule == "undeliverable-dead-letter"
    assert finding.message == (
        "the dead-letter queue `dead` of `in` lets only `other` move messages there: events are lost"
    )
    assert finding.fix == (
        'write as the `RedriveAllowPolicy` of `dead`: {"redrivePermission": "byQueue", "sourceQueueArns":'
        ' [{"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:other"},'
        ' {"Fn::GetAtt": ["Source", "Arn"]}]}'
    )


def test_a_dead_letter_queue_without_a_policy_gets_one_for_all_that_write_there(tmp_path: Path) -> None:
    daily = QUEUED + let("events.amazonaws.com, SourceArn: !GetAtt Daily.Arn")
    hourly = QUEUED.partition("  Dead:")[0].replace("Daily", "Hourly") + LET.replace("Let:", "LetHourly:") % (
        "!Ref Orders",
        "events.amazonaws.com, SourceArn: !GetAtt Hourly.Arn",
    )
    findings = found(tmp_path, daily + hourly)
    (made,) = {each.fix[each.fix.index("{") :] for each in findings}

    assert [each.rule for each in findings] == ["undeliverable-dead-letter"] * 2
    assert found(tmp_path, f"{daily}{hourly}  Fixed: {made}\n") == []


def test_the_other_half_of_a_url_is_a_whole_resource(tmp_path: Path) -> None:
    finding = only(tmp_path, URL)

    assert added(finding) == {
        "FunctionName": {"Fn::GetAtt": ["Orders", "Arn"]},
        "Action": "lambda:InvokeFunction",
        "Principal": {"Fn::GetAtt": ["Web", "Arn"]},
        "InvokedViaFunctionUrl": True,
    }


def test_the_half_that_a_role_lacks_in_its_own_policy_is_named_by_reference(tmp_path: Path) -> None:
    allowed = "{Statement: [{Effect: Allow, Action: 'lambda:InvokeFunctionUrl', Resource: !GetAtt Orders.Arn}]}"
    own = f"Action: 'sts:AssumeRole'}}]}}, Policies: [{{PolicyName: Open, PolicyDocument: {allowed}}}]}}}}\n"
    finding = only(tmp_path, URL.partition("Action: 'sts:AssumeRole'}]}}}")[0] + own)

    assert '`{"Fn::GetAtt": ["Orders", "Arn"]}`' in finding.fix


WHOLE = """
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn}]}}
  Idle: {Type: AWS::Events::Rule, Properties: {Name: idle, ScheduleExpression: rate(1 day), Targets: []}}
  Policy: {Type: AWS::Lambda::ResourcePolicy, Properties: {ResourceArn: !GetAtt Orders.Arn, Policy: {
    Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com},
    Action: 'lambda:InvokeFunction', Resource: '*', Condition: {ArnLike: {'aws:SourceArn': [
    !GetAtt Daily.Arn, !GetAtt Idle.Arn]}}}]}}}
"""


def test_a_source_that_is_left_over_does_not_cost_the_others_their_permission(tmp_path: Path) -> None:
    finding = only(tmp_path, WHOLE)

    assert finding.rule == "leftover-permission"
    assert finding.fix.endswith("take `rule/idle` out of the condition on `aws:SourceArn`")


RULES = """
  Early: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn}]}}
  Late: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(2 days), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn}]}}
"""


@pytest.mark.parametrize(
    ("guard", "rule"),
    [
        ("", "unguarded-service"),
        (", SourceAccount: !Ref AWS::AccountId", "account-wide-source"),
        (", SourceArn: !Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/*'", "wide-source"),
    ],
)
def test_each_of_several_triggers_keeps_its_permission(guard: str, rule: str, tmp_path: Path) -> None:
    finding = only(tmp_path, RULES + let(f"events.amazonaws.com{guard}"))
    first, further = finding.fix.split("; ")

    assert finding.rule == rule
    assert first.endswith('`SourceArn: {"Fn::GetAtt": ["Early", "Arn"]}`')
    assert json.loads(further[further.index("{") :])["Properties"]["SourceArn"] == {"Fn::GetAtt": ["Late", "Arn"]}


def test_a_route_of_any_api_is_put_on_the_api_that_has_it(tmp_path: Path) -> None:
    path = "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*/*/POST/orders/*"
    finding = only(tmp_path, HTTP + let(f"apigateway.amazonaws.com, SourceArn: !Sub '{path}'"))

    assert finding.rule == "wide-source"
    assert finding.fix.endswith(f"set `SourceArn: {json.dumps({'Fn::Sub': f'{OWN}/*/POST/orders/*'})}`")


def test_an_api_of_several_routes_is_let_in_as_a_whole(tmp_path: Path) -> None:
    more = HTTP + HTTP.partition("  Post:")[2].join(["  Put:", ""]).replace("POST /orders/{id}", "PUT /orders")
    finding = only(tmp_path, more + let("apigateway.amazonaws.com"))

    assert finding.fix.endswith(f"add `SourceArn: {json.dumps({'Fn::Sub': f'{OWN}/*'})}`")


def test_a_source_of_another_account_is_not_told_to_be_what_it_is(tmp_path: Path) -> None:
    topic = "'arn:aws:sns:us-east-1:444455556666:feed'"
    subscribed = f"""
  Feed: {{Type: AWS::SNS::Subscription, Properties: {{TopicArn: {topic}, Protocol: lambda,
    Endpoint: !GetAtt Orders.Arn}}}}
"""
    finding = only(tmp_path, subscribed + let(f"sns.amazonaws.com, SourceArn: {topic}"))

    assert finding.rule == "foreign-source"
    assert finding.fix.startswith("take `Let` out")
    assert finding.fix.endswith("or trust the account: `--trust 444455556666`")


def test_a_template_in_json_gets_members_of_an_object() -> None:
    place = Place("template.json", 1)

    assert as_property(place, "SourceArn", {"Ref": "Feed"}) == '"SourceArn": {"Ref": "Feed"}'
    assert as_property(place, "EventSourceToken", "SKILL_ID") == '"EventSourceToken": "SKILL_ID"'


def test_a_skill_of_sam_is_named_in_its_event(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "", head=SAM, function=SERVERLESS + "      Events: {Skill: {Type: AlexaSkill}}\n")

    assert finding.rule == "tokenless-partner"
    assert finding.fix.endswith("add `SkillId: SKILL_ID`")


def test_an_alias_that_sam_makes_is_waited_for(tmp_path: Path) -> None:
    rule = ALIAS.partition("  Daily:")[2].join(["  Daily:", ""]).replace("!Ref Live", "!Ref OrdersAliaslive")
    permission = let("events.amazonaws.com, SourceArn: !GetAtt Daily.Arn")
    published = SERVERLESS + "      AutoPublishAlias: live\n"
    (finding,) = found(tmp_path, rule + permission, head=SAM, function=published)

    assert finding.fix.endswith('let `FunctionName` of `Let` be `{"Ref": "OrdersAliaslive"}`')


OTHER = FUNCTION.replace("Orders:", "Mail:").replace("FunctionName: app", "FunctionName: mail").replace("Role.", "Own.")
OWN_ROLE = ROLE.replace("Role:\n    Type", "Own:\n    Type").replace("/aws/lambda/app", "/aws/lambda/mail")
DAILY = """
  Daily: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [
    {Id: a, Arn: !GetAtt Orders.Arn}]}}
"""


def test_a_permission_on_the_wrong_function_is_one_finding(tmp_path: Path) -> None:
    astray = let("events.amazonaws.com, SourceArn: !GetAtt Daily.Arn", function="!Ref Mail")
    finding = only(tmp_path, OTHER + OWN_ROLE + DAILY + astray)

    assert (finding.rule, finding.function) == ("refused-trigger", "Orders")
    assert finding.message.endswith(": `Let` lets it invoke `mail`")
    assert finding.fix.endswith('let `FunctionName` of `Let` be `{"Fn::GetAtt": ["Orders", "Arn"]}`')


def test_a_permission_that_two_functions_miss_is_left_over(tmp_path: Path) -> None:
    both = DAILY.replace("{Id: a", "{Id: b, Arn: !GetAtt Third.Arn}, {Id: a")
    third = (OTHER + OWN_ROLE).replace("Mail:", "Third:").replace("mail", "third").replace("Own", "Thirds")
    astray = let("events.amazonaws.com, SourceArn: !GetAtt Daily.Arn", function="!Ref Mail")
    findings = found(tmp_path, OTHER + OWN_ROLE + third + both + astray)

    assert sorted(named(findings)) == ["high refused-trigger"] * 2 + ["medium leftover-permission"]


def test_a_permission_for_a_service_that_never_comes_is_the_one_that_misses(tmp_path: Path) -> None:
    finding = only(tmp_path, DAILY + let("scheduler.amazonaws.com, SourceArn: !GetAtt Daily.Arn"))

    assert finding.rule == "refused-trigger"
    assert finding.message.endswith(": `Let` lets `scheduler.amazonaws.com` in for it, which never comes")
    assert finding.fix.endswith("set `Principal: events.amazonaws.com`")
