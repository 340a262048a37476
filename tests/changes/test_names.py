"""Names: a change and a function that uses what it names speak of it in the same words."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from rolecall.changes import ROWS, named, names_of, thing
from rolecall.model import Resource, Settings, Trigger
from tests.builders import ACCOUNT, FUNCTION, QUEUE, REGION, account, permission
from tests.changes.records import changed


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


KEY = arn("kms", "key/1f2e")
LAYER = arn("lambda", "layer:tools")
GROUP = arn("elasticloadbalancing", "targetgroup/web/0123")
FORWARD = {"targetGroupArn": GROUP, "weight": 1}
RECEIPT_RULE = arn("ses", "receipt-rule-set/s:receipt-rule/r")
SECRET = arn("secretsmanager", "secret:db-a1B2c3")
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/readers"
CLOUD_FUNCTION = {"CloudFunction": FUNCTION, "Event": "s3:ObjectCreated:*"}


def uses(*triggers: Trigger, resources: tuple[Resource, ...] = (), **settings: Any) -> frozenset[str]:
    """What the clean function refers to, with these triggers and settings instead of its own."""
    whole = account()
    function = replace(whole.functions[0], triggers=triggers, settings=Settings(**settings))
    return names_of(function, replace(whole, functions=(function,), resources=resources))


# Event, its parameters, and the source that they name, as AWS writes its ARN.
CASES: list[tuple[str, dict[str, Any], str]] = [
    ("s3 PutBucketNotification", {"bucketName": "in"}, "arn:aws:s3:::in"),
    ("s3 DeleteBucket", {"bucketName": "in"}, "arn:aws:s3:::in"),
    ("events PutTargets", {"rule": "r", "targets": []}, arn("events", "rule/r")),
    ("events RemoveTargets", {"rule": "r", "eventBusName": "default"}, arn("events", "rule/r")),
    ("events DisableRule", {"name": "r", "eventBusName": "shop"}, arn("events", "rule/shop/r")),
    ("events PutRule", {"name": "r", "eventBusName": arn("events", "event-bus/shop")}, arn("events", "rule/shop/r")),
    ("events PutPermission", {"eventBusName": "shop"}, arn("events", "rule/shop/r")),
    ("events RemovePermission", {"statementId": "s"}, arn("events", "rule/r")),
    ("events DeleteEventBus", {"name": "shop"}, arn("events", "rule/shop/r")),
    ("scheduler DeleteSchedule", {"name": "s", "groupName": "g"}, arn("scheduler", "schedule/g/s")),
    ("scheduler UpdateSchedule", {"name": "s"}, arn("scheduler", "schedule/default/s")),
    ("pipes StopPipe", {"name": "p"}, arn("pipes", "pipe/p")),
    ("sns DeleteTopic", {"topicArn": arn("sns", "t")}, arn("sns", "t")),
    ("sns Unsubscribe", {"subscriptionArn": arn("sns", "t:0a1b")}, arn("sns", "t")),
    ("sqs DeleteQueue", {"queueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/q"}, arn("sqs", "q")),
    ("sqs CreateQueue", {"queueName": "q"}, arn("sqs", "q")),
    ("elasticloadbalancing RegisterTargets", {"targetGroupArn": GROUP}, GROUP),
    ("elasticloadbalancing ModifyListener", {"defaultActions": [{"targetGroupArn": GROUP}]}, GROUP),
    ("elasticloadbalancing CreateRule", {"actions": [{"forwardConfig": {"targetGroups": [FORWARD]}}]}, GROUP),
    ("apigateway PutIntegration", {"restApiId": "a1"}, arn("execute-api", "a1/*/GET/orders")),
    ("apigateway DeleteAuthorizer", {"apiId": "a1"}, arn("execute-api", "a1/authorizers/x")),
    ("cognito-idp UpdateUserPool", {"userPoolId": "us-east-1_a"}, arn("cognito-idp", "userpool/us-east-1_a")),
    ("config DeleteConfigRule", {"configRuleName": "tags"}, arn("config", "config-rule/config-rule-x1")),
    ("iot DeleteTopicRule", {"ruleName": "heat"}, arn("iot", "rule/heat")),
    ("ses CreateReceiptRule", {"ruleSetName": "s", "rule": {"name": "r"}}, RECEIPT_RULE),
    ("ses DeleteReceiptRule", {"ruleSetName": "s", "ruleName": "r"}, RECEIPT_RULE),
    ("logs PutSubscriptionFilter", {"logGroupName": "/app"}, arn("logs", "log-group:/app:*")),
    ("logs DeleteAccountPolicy", {"policyName": "p"}, arn("logs", "log-group:*")),
    ("secretsmanager DeleteSecret", {"secretId": "db"}, SECRET),
    ("secretsmanager RotateSecret", {"secretId": SECRET}, SECRET),
    ("secretsmanager CancelRotateSecret", {"secretId": SECRET.removesuffix("-a1B2c3")}, SECRET),
    ("monitoring PutMetricAlarm", {"alarmName": "high"}, arn("cloudwatch", "alarm:high")),
    ("monitoring DeleteAlarms", {"alarmNames": ["low", "high"]}, arn("cloudwatch", "alarm:high")),
    ("kms DisableKey", {"keyId": "1f2e"}, KEY),
    ("dynamodb DeleteTable", {"tableName": "t"}, arn("dynamodb", "table/t/stream/2026-01-31T00:00:00.000")),
    ("dynamodb PutResourcePolicy", {"resourceArn": arn("dynamodb", "table/t")}, arn("dynamodb", "table/t/stream/1")),
    ("kinesis DeleteStream", {"streamName": "s"}, arn("kinesis", "stream/s/consumer/c:1")),
    ("kinesis StopStreamEncryption", {"streamARN": arn("kinesis", "stream/s")}, arn("kinesis", "stream/s")),
    ("kinesis PutResourcePolicy", {"resourceARN": arn("kinesis", "stream/s")}, arn("kinesis", "stream/s")),
    ("kafka DeleteCluster", {"clusterArn": quote(arn("kafka", "cluster/c/uuid"))}, arn("kafka", "cluster/c/uuid")),
    ("amazonmq DeleteBroker", {"brokerId": "b-1"}, arn("mq", "broker:orders:b-1")),
]


@pytest.mark.parametrize(("event", "parameters", "source"), CASES)
def test_a_change_and_a_function_call_a_thing_by_one_name(event: str, parameters: dict[str, Any], source: str) -> None:
    service, name = event.split()
    names = named(changed(name, parameters, service=service))

    assert names & uses(Trigger(service, source, "tags"))
    assert not names & uses(Trigger("sqs", arn("sqs", "another")))


@pytest.mark.parametrize(
    ("event", "answer", "source"),
    [
        ("apigateway CreateApi", {"apiId": "a1"}, arn("execute-api", "a1")),
        ("apigateway ImportRestApi", {"id": "a1"}, arn("execute-api", "a1")),
        ("cognito-idp CreateUserPool", {"userPool": {"id": "a"}}, arn("cognito-idp", "userpool/a")),
        ("elasticloadbalancing CreateTargetGroup", {"targetGroups": [{"targetGroupArn": GROUP}]}, GROUP),
    ],
)
def test_what_a_call_makes_is_named_by_its_answer(event: str, answer: dict[str, Any], source: str) -> None:
    service, name = event.split()
    change = changed(name, {"name": "new"}, service=service, responseElements=answer)

    assert named(change) & uses(Trigger(service, source))


def test_a_secret_whose_name_looks_like_a_suffix_is_found() -> None:
    secret = arn("secretsmanager", "secret:db-secret")
    change = changed("DeleteSecret", {"secretId": secret}, service="secretsmanager")

    assert named(change) & uses(Trigger("secretsmanager", f"{secret}-a1B2c3"))


def test_layers_keys_and_roles_are_named_too() -> None:
    layer = changed("DeleteLayerVersion", {"layerName": LAYER, "versionNumber": 3})
    key = changed("PutKeyPolicy", {"keyId": KEY}, service="kms")
    role = changed("PutRolePolicy", {"roleName": "orders", "policyName": "p"}, service="iam")

    assert named(layer) <= uses(layers=(f"{LAYER}:2",))
    assert named(key) <= uses(Trigger("sqs", QUEUE), resources=(Resource(QUEUE, key=KEY),))
    assert named(role) == {"role/orders"} <= uses()


def test_every_service_whose_things_are_named_has_a_case() -> None:
    rows = {service for (service, _), row in ROWS.items() if any(kind == "things" for kind, _ in row)}
    cases = {event.split()[0] for event, *_ in CASES}

    # No function refers to a trail; `mq` is `amazonmq` in events; of Lambda it is the source of a mapping.
    assert rows - cases == {"cloudtrail", "lambda", "mq"}


def test_a_mapping_that_changes_its_function_leads_to_the_one_that_it_had_by_its_source() -> None:
    answer = {"functionArn": FUNCTION, "eventSourceArn": QUEUE}
    change = changed("UpdateEventSourceMapping", {"uUID": "u"}, responseElements=answer)

    assert named(change) & uses(Trigger("sqs", QUEUE))


def test_a_managed_policy_is_named_by_its_arn() -> None:
    whole = account({"policies": {POLICY: [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}})
    change = changed("SetDefaultPolicyVersion", {"policyArn": POLICY}, service="iam")

    assert named(change) <= names_of(whole.functions[0], whole)


def test_the_source_in_a_statement_is_a_name() -> None:
    condition = {"ArnLike": {"AWS:SourceArn": arn("execute-api", "a1/*/POST/orders")}}
    whole = account({"resource policy": [permission({"Service": "apigateway.amazonaws.com"}, condition=condition)]})

    assert arn("execute-api", "a1") in names_of(whole.functions[0], whole)


def test_a_pattern_in_a_statement_is_none() -> None:
    condition = {"ArnLike": {"aws:SourceArn": arn("events", "rule/*")}}
    whole = account({"resource policy": [permission({"Service": "events.amazonaws.com"}, condition=condition)]})

    assert not any("rule/" in name for name in names_of(whole.functions[0], whole))


def test_a_function_refers_to_what_its_settings_and_triggers_use() -> None:
    dead, access, disk = arn("sqs", "dead"), arn("elasticfilesystem", "access-point/a"), arn("elasticfilesystem", "fs")
    trigger = Trigger("mq", arn("mq", "broker:b:1"), uses=(("secret", SECRET), ("queue", "in")), dead_letter=dead)
    point = Resource(access, facts=(("file-system", disk),))

    assert {thing(SECRET), dead, access, disk, KEY} <= uses(
        trigger, resources=(point,), file_systems=(access,), code_key=KEY
    )


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("text", "text"),
        (f"{FUNCTION}:live", FUNCTION),
        ("arn:aws:s3:::in/photos/*", "arn:aws:s3:::in"),
        (arn("s3", "accesspoint/mine"), arn("s3", "accesspoint/mine")),
        (arn("kms", "key/alias/orders"), arn("kms", "alias/orders")),
        (arn("logs", "log-group:*"), arn("logs", "log-group:*")),
        (arn("events", "rule/default/hourly"), arn("events", "rule/hourly")),
    ],
)
def test_a_thing_is_written_without_what_is_only_a_part_of_it(written: str, plain: str) -> None:
    assert thing(written) == plain


INTEGRATION = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


@pytest.mark.parametrize(
    ("event", "parameters"),
    [
        ("s3 PutBucketNotification", {"NotificationConfiguration": {"CloudFunctionConfiguration": CLOUD_FUNCTION}}),
        ("s3 PutBucketNotification", {"NotificationConfiguration": {"CloudFunctionConfiguration": [CLOUD_FUNCTION]}}),
        ("events PutTargets", {"rule": "r", "targets": [{"id": "1", "arn": f"{FUNCTION}:live"}]}),
        ("scheduler CreateSchedule", {"name": "s", "target": {"arn": FUNCTION}}),
        ("pipes UpdatePipe", {"name": "p", "enrichment": FUNCTION}),
        ("sns Subscribe", {"topicArn": arn("sns", "t"), "protocol": "lambda", "endpoint": FUNCTION}),
        ("elasticloadbalancing RegisterTargets", {"targetGroupArn": GROUP, "targets": [{"id": FUNCTION}]}),
        ("apigateway CreateIntegration", {"apiId": "a1", "integrationUri": INTEGRATION}),
        ("apigateway PutIntegration", {"restApiId": "a1", "putIntegrationInput": {"uri": INTEGRATION}}),
        ("apigateway UpdateIntegration", {"updateIntegrationInput": {"patchOperations": [{"value": INTEGRATION}]}}),
        ("cognito-idp UpdateUserPool", {"userPoolId": "p", "lambdaConfig": {"preSignUp": FUNCTION}}),
        ("config PutConfigRule", {"configRule": {"source": {"sourceIdentifier": FUNCTION}}}),
        ("iot CreateTopicRule", {"topicRulePayload": {"actions": [{"lambda": {"functionArn": FUNCTION}}]}}),
        ("ses CreateReceiptRule", {"rule": {"actions": [{"lambdaAction": {"functionArn": FUNCTION}}]}}),
        ("logs PutSubscriptionFilter", {"logGroupName": "/app", "destinationArn": FUNCTION}),
        ("logs PutAccountPolicy", {"policyDocument": f'{{"DestinationArn": "{FUNCTION}"}}'}),
        ("secretsmanager RotateSecret", {"secretId": "db", "rotationLambdaARN": FUNCTION}),
        ("monitoring PutMetricAlarm", {"alarmName": "high", "alarmActions": [FUNCTION]}),
    ],
)
def test_a_source_that_is_wired_names_its_function(event: str, parameters: dict[str, Any]) -> None:
    service, name = event.split()

    assert changed(name, parameters, service=service).functions == ("orders",)
