"""One source of each service that moto has, made by API, with the trigger that it declares."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from rolecall.model import Trigger
from tests.builders import document
from tests.sources.aws.wires.sessions import ACCOUNT, REGION

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/caller"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"


def make_role(session: Any, service: str) -> None:
    trust = document({"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:*"})
    session.client("iam").create_role(RoleName="caller", AssumeRolePolicyDocument=json.dumps(trust))


def make_function(session: Any) -> None:
    make_role(session, "lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    session.client("lambda").create_function(
        FunctionName="orders",
        Runtime="python3.13",
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
    )


def bucket(session: Any) -> Trigger:
    make_function(session)
    s3 = session.client("s3")
    s3.create_bucket(Bucket="orders")
    rules = [{"Name": "suffix", "Value": ".csv"}, {"Name": "prefix", "Value": "in/"}]
    notification = {"Id": "n", "LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="orders",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [{**notification, "Filter": {"Key": {"FilterRules": rules}}}]
        },
    )
    return Trigger("s3", "arn:aws:s3:::orders", "n", filter='{"prefix": "in/", "suffix": ".csv"}')


def rule(session: Any) -> Trigger:
    events = session.client("events")
    events.create_event_bus(Name="shop")
    pattern = '{"source": ["shop"], "detail": {}}'
    arn = events.put_rule(Name="orders", EventBusName="shop", EventPattern=pattern, State="DISABLED")["RuleArn"]
    target = {"Id": "t", "Arn": FUNCTION, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": QUEUE}}
    events.put_targets(Rule="orders", EventBusName="shop", Targets=[target, {"Id": "q", "Arn": QUEUE}])
    text = '{"detail": {}, "source": ["shop"]}'
    return Trigger("eventbridge", arn, "t", "Disabled", ROLE, filter=text, dead_letter=QUEUE)


def topic(session: Any) -> Trigger:
    sns = session.client("sns")
    arn = sns.create_topic(Name="orders")["TopicArn"]
    attributes = {"FilterPolicy": '{"kind": ["new"]}', "RedrivePolicy": json.dumps({"deadLetterTargetArn": QUEUE})}
    subscription = sns.subscribe(TopicArn=arn, Protocol="lambda", Endpoint=FUNCTION, Attributes=attributes)
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=QUEUE)
    return Trigger("sns", arn, subscription["SubscriptionArn"], filter='{"kind": ["new"]}', dead_letter=QUEUE)


def target_group(session: Any) -> Trigger:
    elbv2 = session.client("elbv2")
    group = elbv2.create_target_group(Name="orders", TargetType="lambda")["TargetGroups"][0]
    elbv2.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": FUNCTION}])
    return Trigger("alb", group["TargetGroupArn"], "orders")


def log_group(session: Any) -> Trigger:
    make_function(session)
    logs = session.client("logs")
    logs.create_log_group(logGroupName="/shop")
    logs.put_subscription_filter(
        logGroupName="/shop", filterName="errors", filterPattern="ERROR", destinationArn=FUNCTION
    )
    source = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/shop:*"
    return Trigger("cloudwatch-logs", source, "errors", filter='{"pattern": "ERROR"}')


def config_rule(session: Any) -> Trigger:
    make_function(session)
    config = session.client("config")
    details = [{"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"}]
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": FUNCTION, "SourceDetails": details}
    config.put_config_rule(ConfigRule={"ConfigRuleName": "orders", "Source": source})
    arn = config.describe_config_rules()["ConfigRules"][0]["ConfigRuleArn"]
    return Trigger("config", arn, "orders")


def topic_rule(session: Any) -> Trigger:
    actions = [{"lambda": {"functionArn": FUNCTION}}]
    payload = {"sql": "SELECT * FROM 'shop'", "actions": actions, "ruleDisabled": True}
    session.client("iot").create_topic_rule(ruleName="orders", topicRulePayload=payload)
    source = f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/orders"
    return Trigger("iot", source, "orders", "Disabled", filter='{"sql": "SELECT * FROM \'shop\'"}')


def schedule(session: Any) -> Trigger:
    target = {"Arn": FUNCTION, "RoleArn": ROLE, "DeadLetterConfig": {"Arn": QUEUE}}
    scheduler = session.client("scheduler")
    scheduler.create_schedule_group(Name="shop")
    arn = scheduler.create_schedule(
        Name="orders",
        GroupName="shop",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )["ScheduleArn"]
    return Trigger("scheduler", arn, "orders", role=ROLE, dead_letter=QUEUE)


def pipe(session: Any) -> Trigger:
    source = f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders"
    criteria = {"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}
    arn = session.client("pipes").create_pipe(
        Name="orders", RoleArn=ROLE, Source=source, Target=FUNCTION, SourceParameters=criteria
    )["Arn"]
    return Trigger("pipes", arn, "Target", role=ROLE, filter='{"Filters": [{"Pattern": "{}"}]}')


def state_machine(session: Any) -> Trigger:
    make_role(session, "states")
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    definition = {"StartAt": "Order", "States": {"Order": {**task, "Parameters": {"FunctionName": "orders"}}}}
    arn = session.client("stepfunctions").create_state_machine(
        name="orders", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    return Trigger("states", arn, "Order", role=ROLE)


def delivery_stream(session: Any) -> Trigger:
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": FUNCTION}]
    processing = {"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]}
    arn = session.client("firehose").create_delivery_stream(
        DeliveryStreamName="orders",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::orders",
            "ProcessingConfiguration": processing,
        },
    )["DeliveryStreamARN"]
    return Trigger("firehose", arn, "destinationId-000000000001", role=ROLE)


def receipt_rule(session: Any) -> Trigger:
    make_function(session)
    ses = session.client("ses")
    ses.create_receipt_rule_set(RuleSetName="shop")
    action = {"LambdaAction": {"FunctionArn": FUNCTION}}
    ses.create_receipt_rule(RuleSetName="shop", Rule={"Name": "orders", "Enabled": True, "Actions": [action]})
    ses.set_active_receipt_rule_set(RuleSetName="shop")
    source = f"arn:aws:ses:{REGION}:{ACCOUNT}:receipt-rule-set/shop:receipt-rule/orders"
    return Trigger("ses", source, "orders")


def alarm(session: Any) -> Trigger:
    session.client("cloudwatch").put_metric_alarm(
        AlarmName="orders",
        AlarmActions=[FUNCTION],
        MetricName="m",
        Namespace="n",
        Period=60,
        Statistic="Sum",
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    return Trigger("cloudwatch-alarm", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:orders", "orders")


MADE: dict[str, Callable[[Any], Trigger]] = {
    "cloudwatch": alarm,
    "config": config_rule,
    "elasticloadbalancing": target_group,
    "events": rule,
    "firehose": delivery_stream,
    "iot": topic_rule,
    "logs": log_group,
    "pipes": pipe,
    "s3": bucket,
    "scheduler": schedule,
    "ses": receipt_rule,
    "sns": topic,
    "states": state_machine,
}
"""Service in the ARN of a source -> what makes one."""
