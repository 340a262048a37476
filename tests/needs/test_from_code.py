"""Calls become actions on resources, with a certainty."""

import pytest

from rolecall.model import Call
from rolecall.needs import Certainty
from rolecall.needs.from_code import needs_of
from tests.needs.world import ACCOUNT, KEY, Resource, Trigger, account, arn, call, function, needed

MUST = [
    (call("dynamodb", "PutItem", {"TableName": "orders"}), "dynamodb:PutItem", arn("dynamodb", "table/orders")),
    (
        call("dynamodb", "Query", {"TableName": "orders", "IndexName": "by-day"}),
        "dynamodb:Query",
        arn("dynamodb", "table/orders/index/by-day"),
    ),
    (
        call("dynamodb", "GetItem", {"TableName": "orders", "IndexName": "x"}),
        "dynamodb:GetItem",
        arn("dynamodb", "table/orders"),
    ),
    (
        call("dynamodb", "BatchGetItem", {"RequestItems": "orders"}),
        "dynamodb:BatchGetItem",
        arn("dynamodb", "table/orders"),
    ),
    (
        call("dynamodb", "ExecuteStatement", {"Statement": 'SELECT * FROM "orders"."by-day" WHERE a=?'}),
        "dynamodb:PartiQLSelect",
        arn("dynamodb", "table/orders/index/by-day"),
    ),
    (
        call("dynamodb", "TransactWriteItems", {"TransactItems.Update.TableName": "orders"}),
        "dynamodb:UpdateItem",
        arn("dynamodb", "table/orders"),
    ),
    (call("s3", "HeadBucket", {"Bucket": "inbox"}), "s3:ListBucket", "arn:aws:s3:::inbox"),
    (call("s3", "ListObjectsV2", {"Bucket": "inbox", "Prefix": "in/"}), "s3:ListBucket", "arn:aws:s3:::inbox"),
    (call("s3", "GetObject", {"Bucket": "inbox", "Key": "a/b"}), "s3:GetObject", "arn:aws:s3:::inbox/a/b"),
    (call("s3", "GetObject", {"Bucket": "inbox", "Key": "a/⟨?⟩.json"}), "s3:GetObject", "arn:aws:s3:::inbox/a/*"),
    (call("s3", "GetObject", {"Bucket": "inbox"}), "s3:GetObject", "arn:aws:s3:::inbox/*"),
    (call("s3", "ListBuckets"), "s3:ListAllMyBuckets", "*"),
    (
        call("s3", "GetObject", {"Bucket": arn("s3", "accesspoint/own"), "Key": "k"}),
        "s3:GetObject",
        arn("s3", "accesspoint/own/object/k"),
    ),
    (
        call("sqs", "SendMessageBatch", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/111122223333/out"}),
        "sqs:SendMessage",
        arn("sqs", "out"),
    ),
    (call("sqs", "GetQueueUrl", {"QueueName": "out"}), "sqs:GetQueueUrl", arn("sqs", "out")),
    (call("sns", "PublishBatch", {"TopicArn": arn("sns", "news")}), "sns:Publish", arn("sns", "news")),
    (call("sns", "Publish", {"PhoneNumber": "⟨?⟩"}), "sns:Publish", "*"),
    (call("lambda", "Invoke", {"FunctionName": "other"}), "lambda:InvokeFunction", arn("lambda", "function:other")),
    (
        call("lambda", "Invoke", {"FunctionName": "other", "Qualifier": "live"}),
        "lambda:InvokeFunction",
        arn("lambda", "function:other:live"),
    ),
    (
        call("secretsmanager", "GetSecretValue", {"SecretId": "db"}),
        "secretsmanager:GetSecretValue",
        arn("secretsmanager", "secret:db-??????"),
    ),
    (
        call("secretsmanager", "GetSecretValue", {"SecretId": arn("secretsmanager", "secret:db-AbCdEf")}),
        "secretsmanager:GetSecretValue",
        arn("secretsmanager", "secret:db-AbCdEf"),
    ),
    (call("ssm", "GetParameter", {"Name": "/app/db"}), "ssm:GetParameter", arn("ssm", "parameter/app/db")),
    (call("ssm", "GetParameter", {"Name": "db:3"}), "ssm:GetParameter", arn("ssm", "parameter/db")),
    (call("kms", "Decrypt", {"KeyId": KEY}), "kms:Decrypt", KEY),
    (call("kinesis", "PutRecord", {"StreamName": "clicks"}), "kinesis:PutRecord", arn("kinesis", "stream/clicks")),
    (
        call("kinesis", "PutRecord", {"StreamARN": arn("kinesis", "stream/clicks")}),
        "kinesis:PutRecord",
        arn("kinesis", "stream/clicks"),
    ),
    (
        call("firehose", "PutRecordBatch", {"DeliveryStreamName": "lake"}),
        "firehose:PutRecordBatch",
        arn("firehose", "deliverystream/lake"),
    ),
    (call("events", "PutEvents", {"Entries.EventBusName": "bus"}), "events:PutEvents", arn("events", "event-bus/bus")),
    (call("events", "PutEvents"), "events:PutEvents", arn("events", "event-bus/default")),
    (
        call("stepfunctions", "StartExecution", {"stateMachineArn": arn("states", "stateMachine:m")}),
        "states:StartExecution",
        arn("states", "stateMachine:m"),
    ),
    (call("logs", "FilterLogEvents", {"logGroupName": "/x"}), "logs:FilterLogEvents", arn("logs", "log-group:/x:*")),
    (call("cloudwatch", "PutMetricData", {"Namespace": "shop"}), "cloudwatch:PutMetricData", "*"),
    (
        call("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::444455556666:role/x"}),
        "sts:AssumeRole",
        "arn:aws:iam::444455556666:role/x",
    ),
    (
        call("bedrock-runtime", "Converse", {"modelId": "amazon.nova-lite-v1:0"}),
        "bedrock:InvokeModel",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
    ),
    (
        call("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e"}),
        "sagemaker:InvokeEndpoint",
        arn("sagemaker", "endpoint/e"),
    ),
    (
        call("cognito-idp", "AdminGetUser", {"UserPoolId": "us-east-1_x"}),
        "cognito-idp:AdminGetUser",
        arn("cognito-idp", "userpool/us-east-1_x"),
    ),
    (
        call("route53", "ChangeResourceRecordSets", {"HostedZoneId": "/hostedzone/Z1"}),
        "route53:ChangeResourceRecordSets",
        "arn:aws:route53:::hostedzone/Z1",
    ),
    (call("ec2", "DescribeInstances"), "ec2:DescribeInstances", "*"),
    (call("apigateway", "GetRestApis"), "apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis"),
    (call("apigateway", "GetUsagePlans"), "apigateway:GET", "arn:aws:apigateway:us-east-1::/⟨?⟩"),
]


@pytest.mark.parametrize(
    ("made", "action", "resource"), MUST, ids=lambda each: each.operation if isinstance(each, Call) else ""
)
def test_a_call_needs_its_action_on_its_resource(made: Call, action: str, resource: str) -> None:
    found = {
        (need.action, need.resource)
        for need in needs_of(made, function(), account())
        if need.certainty is Certainty.MUST
    }

    assert (action, resource) in found


def test_a_call_may_need_several_resources_at_once() -> None:
    found = needed(call("glue", "GetTable", {"DatabaseName": "lake", "Name": "orders"}))

    assert ("glue:GetTable", arn("glue", "catalog"), "must") in found
    assert ("glue:GetTable", arn("glue", "database/lake"), "must") in found
    assert ("glue:GetTable", arn("glue", "table/lake/orders"), "must") in found


def test_a_version_is_another_right() -> None:
    made = call("s3", "GetObject", {"Bucket": "inbox", "Key": "a", "VersionId": "⟨?⟩"})

    assert needed(made) == {("s3:GetObjectVersion", "arn:aws:s3:::inbox/a", "must")}


def test_a_copy_reads_its_source_and_writes_its_target() -> None:
    made = call("s3", "CopyObject", {"Bucket": "out", "Key": "b", "CopySource.Bucket": "in", "CopySource.Key": "a"})

    assert needed(made) == {
        ("s3:GetObject", "arn:aws:s3:::in/a", "must"),
        ("s3:GetObjectTagging", "arn:aws:s3:::in/a", "may"),
        ("s3:PutObject", "arn:aws:s3:::out/b", "must"),
        ("s3:PutObjectTagging", "arn:aws:s3:::out/b", "may"),
    }


def test_headers_of_an_upload_need_more() -> None:
    made = call("s3", "PutObject", {"Bucket": "out", "Key": "b", "ACL": "public-read", "Tagging": "a=b"})

    assert {action for action, _, _ in needed(made)} == {"s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"}


def test_several_values_are_alternatives() -> None:
    made = call("dynamodb", "PutItem", {"TableName": ("one", "two")})

    assert needed(made) == {
        ("dynamodb:PutItem", arn("dynamodb", "table/one"), "may"),
        ("dynamodb:PutItem", arn("dynamodb", "table/two"), "may"),
    }


def test_a_call_that_is_not_certain_is_a_may() -> None:
    made = call("dynamodb", "PutItem", {"TableName": "one"}, certain=False)

    assert needed(made) == {("dynamodb:PutItem", arn("dynamodb", "table/one"), "may")}


@pytest.mark.parametrize(("environment", "certainty"), [({"TOPIC": ""}, "may"), ({"OTHER": ""}, "must")])
def test_a_call_on_what_a_variable_names_that_is_set_to_nothing_may_not_happen(
    environment: dict[str, str], certainty: str
) -> None:
    publish = call("sns", "Publish", {"TopicArn": "⟨env:TOPIC⟩"})

    ((_, _, found),) = needed(publish, function(environment=environment))
    assert found == certainty


def test_a_statement_that_is_not_known_may_do_anything() -> None:
    made = call("dynamodb", "ExecuteStatement", {"Statement": "⟨?⟩"})

    assert {certainty for _, _, certainty in needed(made)} == {"may"}
    assert len(needed(made)) == 4


def test_who_one_is_needs_nothing() -> None:
    assert needed(call("sts", "GetCallerIdentity")) == set()


def test_an_operation_that_nobody_knows_is_never_guessed() -> None:
    assert needed(call("sqs", "InventedCall")) == {("sqs:*", "*", "unknown")}
    assert needed(call("invented", "Call")) == {("invented:*", "*", "unknown")}


def test_a_role_that_is_handed_on_must_be_passed() -> None:
    role = "arn:aws:iam::111122223333:role/runner"
    made = call("scheduler", "CreateSchedule", {"Name": "n", "Target.RoleArn": role})

    assert needed(made) == {
        ("iam:PassRole", role, "must"),
        ("scheduler:CreateSchedule", arn("scheduler", "schedule/default/n"), "must"),
    }


def test_a_role_that_is_assumed_is_not_passed() -> None:
    made = call("sts", "AssumeRole", {"RoleArn": "arn:aws:iam::111122223333:role/x"})

    assert {action for action, _, _ in needed(made)} == {"sts:AssumeRole"}


def test_a_thing_of_some_type_that_is_not_known_may_be_of_any() -> None:
    tagging = call("ec2", "CreateTags", {"Resources": "⟨?⟩"})

    assert needed(tagging) == {("ec2:CreateTags", "arn:aws:ec2:⟨?⟩", "must")}


def test_a_sender_is_verified_by_address_or_by_domain() -> None:
    mail = call("ses", "SendEmail", {"Source": "Shop <shop@example.com>"})

    assert needed(mail) == {
        ("ses:SendEmail", arn("ses", "identity/example.com"), "may"),
        ("ses:SendEmail", arn("ses", "identity/shop@example.com"), "may"),
    }


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (call("cloudwatch", "PutMetricData", {"Namespace": "Shop"}), (("cloudwatch:namespace", "Shop"),)),
        (call("cloudwatch", "PutMetricData", {"Namespace": ("Shop", "Till")}), ()),
        (call("s3", "ListObjectsV2", {"Bucket": "inbox", "Prefix": "in/"}), (("s3:prefix", "in/"),)),
        (call("s3", "ListObjectsV2", {"Bucket": "inbox", "Prefix": "⟨?⟩"}), ()),
        (call("events", "PutEvents", {"Entries.Source": "shop"}), (("events:source", "shop"),)),
        (call("iam", "AttachUserPolicy", {"UserName": "x", "PolicyArn": "arn:p"}), (("iam:PolicyARN", "arn:p"),)),
        (call("ses", "SendEmail", {"Source": "Shop <shop@a.com>"}), (("ses:FromAddress", "shop@a.com"),)),
    ],
)
def test_condition_keys_that_are_parameters_are_known_where_these_are(
    made: Call, told: tuple[tuple[str, str], ...]
) -> None:
    assert {need.told for need in needs_of(made, function(), account()) if need.action[:4] != "kms:"} == {told}


@pytest.mark.parametrize("cluster", ["jobs", arn("ecs", "cluster/jobs")])
def test_a_task_runs_in_the_cluster_that_the_code_names(cluster: str) -> None:
    found = needs_of(call("ecs", "RunTask", {"taskDefinition": "etl", "cluster": cluster}), function(), account())

    assert {need.told for need in found if need.action == "ecs:RunTask"} == {
        (("ecs:cluster", arn("ecs", "cluster/jobs")),)
    }


@pytest.mark.parametrize(
    ("service", "operation", "name", "to"),
    [
        ("scheduler", "CreateSchedule", "Target.RoleArn", "scheduler"),
        ("stepfunctions", "CreateStateMachine", "roleArn", "states"),
    ],
)
def test_to_whom_a_role_is_passed_is_known(service: str, operation: str, name: str, to: str) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/jobs"
    found = needs_of(call(service, operation, {name: role}), function(), account())

    assert [need.told for need in found if need.action == "iam:PassRole"] == [
        (("iam:PassedToService", f"{to}.amazonaws.com"),)
    ]


@pytest.mark.parametrize("service", ["textract", "rekognition"])
def test_documents_are_read_with_the_callers_rights(service: str) -> None:
    operation = {"textract": "DetectDocumentText", "rekognition": "DetectLabels"}[service]
    made = call(service, operation, {"Document.S3Object.Bucket": "inbox", "Document.S3Object.Name": "a.png"})

    assert ("s3:GetObject", "arn:aws:s3:::inbox/a.png", "must") in needed(made)


def test_media_are_read_with_the_callers_rights() -> None:
    made = call(
        "transcribe", "StartTranscriptionJob", {"Media.MediaFileUri": "s3://inbox/a.mp3", "OutputBucketName": "out"}
    )

    assert ("s3:GetObject", "arn:aws:s3:::inbox/a.mp3", "must") in needed(made)
    assert ("s3:PutObject", "arn:aws:s3:::out/*", "must") in needed(made)


def test_a_query_may_read_tables_and_writes_results() -> None:
    made = call("athena", "StartQueryExecution", {"WorkGroup": "w", "ResultConfiguration.OutputLocation": "s3://out/q"})

    assert ("athena:StartQueryExecution", arn("athena", "workgroup/w"), "must") in needed(made)
    assert ("s3:PutObject", "arn:aws:s3:::out/q*", "may") in needed(made)
    assert ("glue:GetTable", arn("glue", "⟨?⟩"), "may") in needed(made)


def test_a_language_that_is_detected_needs_comprehend() -> None:
    detected = call("translate", "TranslateText", {"SourceLanguageCode": "auto"})
    named = call("translate", "TranslateText", {"SourceLanguageCode": "de"})

    assert ("comprehend:DetectDominantLanguage", "*", "must") in needed(detected)
    assert "comprehend:DetectDominantLanguage" not in {action for action, _, _ in needed(named)}


def test_entries_that_are_not_known_may_go_to_any_bus() -> None:
    found = needed(call("events", "PutEvents", {"Entries": "⟨?⟩"}))

    assert found == {("events:PutEvents", arn("events", "event-bus/⟨?⟩"), "must")}


def test_a_message_needs_any_of_three_rights() -> None:
    found = needs_of(call("sesv2", "SendEmail"), function(), account())

    assert [(need.action, need.certainty.value, len(need.instead)) for need in found] == [
        ("ses:SendEmail", "must", 2),
        ("ses:SendRawEmail", "may", 0),
        ("ses:SendTemplatedEmail", "may", 0),
    ]


def test_a_secret_that_is_known_is_meant_by_its_name() -> None:
    known, other = (Resource(arn("secretsmanager", f"secret:{name}-AbCdEf")) for name in ("db", "db-old"))
    made = call("secretsmanager", "GetSecretValue", {"SecretId": "db"})

    assert needed(made, within=account(known, other)) == {("secretsmanager:GetSecretValue", known.arn, "must")}


def test_the_data_api_reads_the_secret_with_the_callers_rights() -> None:
    secret = arn("secretsmanager", "secret:db-AbCdEf")
    made = call("rds-data", "ExecuteStatement", {"resourceArn": arn("rds", "cluster:db"), "secretArn": secret})

    assert needed(made) == {
        ("rds-data:ExecuteStatement", arn("rds", "cluster:db"), "must"),
        ("secretsmanager:GetSecretValue", secret, "must"),
    }


def test_a_customer_key_of_a_queue_is_needed_as_well() -> None:
    queue = Resource(arn("sqs", "out"), key=KEY)
    found = needed(call("sqs", "SendMessage", {"QueueUrl": "out"}), within=account(queue))

    assert {("kms:Decrypt", KEY, "must"), ("kms:GenerateDataKey", KEY, "must")} < found


def test_a_queue_without_a_customer_key_needs_none() -> None:
    found = needs_of(call("sqs", "SendMessage", {"QueueUrl": "out"}), function(), account(Resource(arn("sqs", "out"))))

    assert [need.action for need in found] == ["sqs:SendMessage"]


def test_a_key_that_is_not_known_may_be_needed() -> None:
    found = needs_of(call("sqs", "SendMessage", {"QueueUrl": "out"}), function(), account())

    assert {need.action for need in found if need.certainty is Certainty.MAY} == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_an_alias_is_the_key_that_it_stands_for() -> None:
    alias = Resource(arn("kms", "alias/own"), key=KEY)
    made = call("kms", "Decrypt", {"KeyId": "alias/own"})

    assert needed(made, within=account(alias)) == {("kms:Decrypt", KEY, "must")}


def test_connections_are_those_of_the_api_that_invokes() -> None:
    made = call("apigatewaymanagementapi", "PostToConnection", {"ConnectionId": "⟨?⟩"})
    found = needed(made, function(Trigger("api", arn("execute-api", "a1b2"))))

    assert found == {("execute-api:ManageConnections", arn("execute-api", "a1b2/*/POST/@connections/*"), "must")}


def test_a_library_is_named_in_the_proof() -> None:
    made = call("ssm", "GetParameter", {"Name": "/a"}, library="aws_lambda_powertools")
    need = next(each for each in needs_of(made, function(), account()) if each.action == "ssm:GetParameter")

    assert (need.proof.kind, need.proof.where) == ("library", "app.py:7")
