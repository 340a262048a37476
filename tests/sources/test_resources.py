"""What functions point to: existence, key, policy and facts, or a gap."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rolecall import engine
from rolecall.iam import catalog
from rolecall.model import Account, Resource, Settings, Target, Trigger
from rolecall.sources.aws import organization, resources
from rolecall.sources.aws.calls import Calls, action
from rolecall.sources.aws.resources import pointed, read, read_all
from tests import builders
from tests.builders import allow, document
from tests.sources.world import ACCOUNT, REGION, Refusing, refusing, world

KMS = f"arn:aws:kms:{REGION}:{ACCOUNT}"
POLICY = json.dumps(document(allow("*", "*", Sid="Own", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})))


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.Session(region_name=REGION)


def calls_of(session: Any) -> Calls:
    return Calls(session, account=ACCOUNT)


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def make_key(session: Any) -> str:
    made: str = session.client("kms").create_key(Policy=POLICY)["KeyMetadata"]["Arn"]
    return made


def make_queue(session: Any, key: str, **attributes: str) -> str:
    attributes |= {"KmsMasterKeyId": key, "Policy": POLICY}
    session.client("sqs").create_queue(QueueName="orders", Attributes=attributes)
    return arn("sqs", "orders")


def make_topic(session: Any, key: str) -> str:
    attributes = {"KmsMasterKeyId": key, "Policy": POLICY}
    made: str = session.client("sns").create_topic(Name="orders", Attributes=attributes)["TopicArn"]
    return made


def make_stream(session: Any, key: str) -> str:
    kinesis = session.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)
    kinesis.start_stream_encryption(StreamName="orders", EncryptionType="KMS", KeyId=key)
    kinesis.put_resource_policy(ResourceARN=arn("kinesis", "stream/orders"), Policy=POLICY)
    return arn("kinesis", "stream/orders")


def make_table(session: Any, key: str) -> str:
    dynamodb = session.client("dynamodb")
    made = dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    table: str = made["TableDescription"]["TableArn"]
    dynamodb.put_resource_policy(ResourceArn=table, Policy=POLICY)
    return table


def make_bucket(session: Any, key: str) -> str:
    s3 = session.client("s3")
    s3.create_bucket(Bucket="orders")
    s3.put_bucket_policy(Bucket="orders", Policy=POLICY)
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket="orders", ServerSideEncryptionConfiguration={"Rules": [default]})
    return "arn:aws:s3:::orders"


def make_secret(session: Any, key: str) -> str:
    secrets = session.client("secretsmanager")
    made: str = secrets.create_secret(Name="orders", SecretString="s", KmsKeyId=key)["ARN"]
    secrets.put_resource_policy(SecretId=made, ResourcePolicy=POLICY)
    return made


def make_layer(session: Any, key: str = "") -> str:
    functions = session.client("lambda")
    made: str = functions.publish_layer_version(LayerName="orders", Content={"ZipFile": b"zip"})["LayerVersionArn"]
    functions.add_layer_version_permission(
        LayerName="orders", VersionNumber=1, StatementId="all", Action="lambda:GetLayerVersion", Principal="*"
    )
    return made


def make_log_group(session: Any, key: str) -> str:
    logs = session.client("logs")
    for name in ("/aws/lambda/orders-two", "/aws/lambda/orders"):
        logs.create_log_group(logGroupName=name, kmsKeyId=key)
    logs.put_retention_policy(logGroupName="/aws/lambda/orders", retentionInDays=14)
    return arn("logs", "log-group:/aws/lambda/orders")


def make_access_point(session: Any, key: str = "") -> str:
    efs = session.client("efs")
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    efs.put_file_system_policy(FileSystemId=system, Policy=POLICY)
    made: str = efs.create_access_point(ClientToken="t", FileSystemId=system)["AccessPointArn"]
    return made


def make_bus(session: Any, key: str = "") -> str:
    events = session.client("events")
    made: str = events.create_event_bus(Name="orders")["EventBusArn"]
    events.put_permission(EventBusName="orders", StatementId="o", Action="events:PutEvents", Principal=ACCOUNT)
    return made


Maker = Callable[[Any, str], str]
ENCRYPTED: list[Maker] = [make_queue, make_topic, make_stream, make_table, make_bucket, make_secret]


@pytest.mark.parametrize("make", ENCRYPTED)
def test_a_resource_is_read_with_its_key_and_policy(make: Maker, session: Any) -> None:
    key = make_key(session)
    resource = read(calls_of(session), make(session, key))

    assert (resource.exists, resource.key, resource.gaps) == (True, key, ())
    assert resource.policy is not None
    assert resource.policy.statements[0].sid == "Own"


@pytest.mark.parametrize("make", [make_layer, make_access_point, make_bus])
def test_what_needs_no_key_of_the_role_is_read_with_its_policy(make: Maker, session: Any) -> None:
    resource = read(calls_of(session), make(session, ""))

    assert (resource.exists, resource.gaps) == (True, ())
    assert resource.policy is not None


COUNTS: list[tuple[Maker, int]] = [
    (make_queue, 1),
    (make_topic, 1),
    (make_bus, 1),
    (make_stream, 2),
    (make_table, 2),
    (make_bucket, 2),
    (make_secret, 2),
    (make_layer, 2),
    (make_access_point, 2),
    (make_log_group, 2),
    (lambda session, key: key, 3),
]


@pytest.mark.parametrize(("make", "count"), COUNTS)
def test_no_more_is_asked_than_is_needed(make: Maker, count: int, session: Any) -> None:
    made, calls = make(session, make_key(session)), calls_of(session)
    read(calls, made)

    assert calls.made.total() == count


def test_a_log_group_is_told_from_those_whose_names_go_on(session: Any) -> None:
    key = make_key(session)
    group = make_log_group(session, key)
    session.client("logs").tag_resource(resourceArn=group, tags={"aws:cloudformation:stack-name": "shop"})

    expected = Resource(group, key=key, facts=(("retention", "14"), ("stack", "shop")))
    assert read(calls_of(session), group) == expected
    assert not read(calls_of(session), group.removesuffix("s")).exists


def test_a_queue_tells_what_it_is(session: Any) -> None:
    dead = arn("sqs", "dead")
    session.client("sqs").create_queue(QueueName="dead")
    make_queue(session, "alias/aws/sqs", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3}))

    queue = read(calls_of(session), arn("sqs", "orders"))

    assert (queue.key, queue.facts) == (None, (("dead-letter", dead),))


@pytest.mark.parametrize(
    ("allow", "facts"),
    [
        ({"redrivePermission": "allowAll"}, ()),
        ({"redrivePermission": "denyAll"}, (("redrive", "nobody"),)),
        (
            {"redrivePermission": "byQueue", "sourceQueueArns": [arn("sqs", "b"), arn("sqs", "a")]},
            (("redrive", arn("sqs", "a")), ("redrive", arn("sqs", "b"))),
        ),
    ],
)
def test_a_queue_tells_which_others_may_move_their_messages_there(allow: Any, facts: Any, session: Any) -> None:
    session.client("sqs").create_queue(QueueName="dead")

    def answer(parsed: dict[str, Any], **_: Any) -> None:  # moto does not keep it.
        parsed["Attributes"]["RedriveAllowPolicy"] = json.dumps(allow)

    session.events.register("after-call.sqs.GetQueueAttributes", answer)

    assert read(calls_of(session), arn("sqs", "dead")).facts == facts


def test_where_a_queue_moves_its_messages_is_read_too(session: Any) -> None:
    session.client("sqs").create_queue(QueueName="dead")
    redrive = json.dumps({"deadLetterTargetArn": arn("sqs", "dead"), "maxReceiveCount": 3})
    queue = make_queue(session, "alias/aws/sqs", RedrivePolicy=redrive)
    account = builders.account({"triggers": [{"type": "sqs", "source": queue}]})

    assert arn("sqs", "dead") in read_whole(session, account)


def test_an_access_point_leads_to_its_file_system(session: Any) -> None:
    (system,) = read(calls_of(session), make_access_point(session)).fact("file-system")

    assert system.startswith(arn("elasticfilesystem", "file-system/fs-"))


def test_a_file_system_is_known_with_the_policy_that_was_read_with_its_access_point(session: Any) -> None:
    made = make_access_point(session)
    found = read_whole(session, with_settings(file_systems=(made,)))
    (system,) = found[made].fact("file-system")

    assert found[system].policy == found[made].policy is not None


def test_a_file_system_whose_policy_may_not_be_read_is_not_known(session: Any) -> None:
    account = with_settings(file_systems=(make_access_point(session),))
    found = read_whole(refusing(session, "describe_file_system_policy"), account)

    assert not any(":file-system/" in each for each in found)


def test_a_stream_that_a_table_no_longer_writes_does_not_exist(session: Any) -> None:
    key = make_key(session)
    make_table(session, key)
    stream = session.client("dynamodb").describe_table(TableName="orders")["Table"]["LatestStreamArn"]

    assert read(calls_of(session), stream) == Resource(stream, key=key, facts=(("state", "ENABLED"),))
    assert not read(calls_of(session), stream.rpartition("/")[0] + "/2020-01-01T00:00:00.000").exists


ABSENT = [
    arn("sqs", "gone"),
    arn("sns", "gone"),
    arn("kinesis", "stream/gone"),
    arn("kinesis", "stream/gone/consumer/c:1"),
    arn("dynamodb", "table/gone/stream/2026"),
    "arn:aws:s3:::gone",
    arn("kms", "key/00000000-0000-0000-0000-000000000000"),
    arn("kms", "alias/gone"),
    arn("lambda", "layer:gone:1"),
    arn("elasticfilesystem", "access-point/fsap-00000000000000000"),
    arn("secretsmanager", "secret:gone-a1b2c3"),
    arn("events", "event-bus/gone"),
    arn("logs", "log-group:/gone"),
    arn("mq", "broker:gone:b-1"),
    arn("rds", "cluster:gone"),
]


@pytest.mark.parametrize("gone", ABSENT)
def test_what_is_not_there_is_no_gap(gone: str, session: Any) -> None:
    calls = calls_of(session)

    assert read(calls, gone) == Resource(gone, exists=False)
    assert calls.made.total() == 1


REFUSED = [
    ("get_queue_attributes", make_queue, "queue", "sqs:GetQueueAttributes"),
    ("get_topic_attributes", make_topic, "topic", "sns:GetTopicAttributes"),
    ("describe_stream_summary", make_stream, "stream", "kinesis:DescribeStreamSummary"),
    ("get_resource_policy", make_stream, "stream policy", "kinesis:GetResourcePolicy"),
    ("describe_table", make_table, "table", "dynamodb:DescribeTable"),
    ("get_resource_policy", make_table, "table policy", "dynamodb:GetResourcePolicy"),
    ("get_bucket_policy", make_bucket, "bucket policy", "s3:GetBucketPolicy"),
    ("get_bucket_encryption", make_bucket, "bucket key", "s3:GetEncryptionConfiguration"),
    ("describe_secret", make_secret, "secret", "secretsmanager:DescribeSecret"),
    ("get_resource_policy", make_secret, "secret policy", "secretsmanager:GetResourcePolicy"),
    ("get_layer_version", make_layer, "layer", "lambda:GetLayerVersion"),
    ("get_layer_version_policy", make_layer, "layer policy", "lambda:GetLayerVersionPolicy"),
    ("describe_access_points", make_access_point, "access point", "elasticfilesystem:DescribeAccessPoints"),
    (
        "describe_file_system_policy",
        make_access_point,
        "file system policy",
        "elasticfilesystem:DescribeFileSystemPolicy",
    ),
    ("describe_event_bus", make_bus, "event bus", "events:DescribeEventBus"),
    ("describe_log_groups", make_log_group, "log group", "logs:DescribeLogGroups"),
    ("list_tags_for_resource", make_log_group, "log group tags", "logs:ListTagsForResource"),
    ("describe_key", lambda session, key: key, "key", "kms:DescribeKey"),
    ("get_key_policy", lambda session, key: key, "key policy", "kms:GetKeyPolicy"),
    ("list_grants", lambda session, key: key, "key grants", "kms:ListGrants"),
]


@pytest.mark.parametrize(("operation", "make", "what", "call"), REFUSED)
def test_a_refused_part_is_a_gap_and_the_rest_is_read(
    operation: str, make: Maker, what: str, call: str, session: Any
) -> None:
    made = make(session, make_key(session))
    resource = read(calls_of(refusing(session, operation)), made)

    assert [(gap.what, gap.call, gap.why, gap.mendable) for gap in resource.gaps] == [
        (what, call, "AccessDeniedException", True)
    ]
    assert resource.exists


CLUSTERS = [
    (arn("kafka", "cluster/orders/1"), "describe_cluster_v2"),
    (arn("mq", "broker:orders:b-1"), "describe_broker"),
    (arn("rds", "cluster:orders"), "describe_db_clusters"),
]


@pytest.mark.parametrize(("cluster", "operation"), CLUSTERS)
def test_a_cluster_whose_existence_is_refused_is_a_gap(cluster: str, operation: str, session: Any) -> None:
    gaps = read(calls_of(refusing(session, operation)), cluster).gaps

    assert [gap.why for gap in gaps] == ["AccessDeniedException"]


def test_clusters_exist(session: Any) -> None:
    made = session.client("rds").create_db_cluster(
        DBClusterIdentifier="orders", Engine="neptune", MasterUsername="ada", MasterUserPassword="not-a-secret"
    )
    kafka = session.client("kafka").create_cluster(
        ClusterName="orders",
        KafkaVersion="3.6.0",
        NumberOfBrokerNodes=2,
        BrokerNodeGroupInfo={"ClientSubnets": ["subnet-1"], "InstanceType": "kafka.t3.small"},
    )
    broker = session.client("mq").create_broker(
        BrokerName="orders",
        DeploymentMode="SINGLE_INSTANCE",
        EngineType="ACTIVEMQ",
        EngineVersion="5.18",
        HostInstanceType="mq.t3.micro",
        PubliclyAccessible=True,
        Users=[{"Username": "ada", "Password": "not-a-secret"}],
    )
    arns = made["DBCluster"]["DBClusterArn"], kafka["ClusterArn"], broker["BrokerArn"]

    assert [read(calls_of(session), each) for each in arns] == [
        Resource(arns[0]),
        Resource(arns[1]),
        Resource(arns[2], facts=(("public", "true"),)),
    ]


def test_what_another_account_does_not_tell_is_a_known_limit_and_asked_once(session: Any) -> None:
    calls = calls_of(refusing(session, "describe_stream_summary"))
    (gap,) = read(calls, f"arn:aws:kinesis:{REGION}:999999999999:stream/clicks").gaps

    assert (gap.mendable, gap.why) == (False, "another account's: AccessDeniedException")
    assert calls.made.total() == 1


ELSEWHERE = [
    ("sqs", "orders"),
    ("kms", "key/00000000-0000-0000-0000-000000000000"),
    ("elasticfilesystem", "access-point/fsap-00000000000000000"),
    ("logs", "log-group:/aws/lambda/orders"),
    ("rds", "cluster:orders"),
]


@pytest.mark.parametrize(("service", "name"), ELSEWHERE)
def test_what_is_not_found_in_another_account_may_be_hidden(service: str, name: str, session: Any) -> None:
    found = read(calls_of(session), f"arn:aws:{service}:{REGION}:999999999999:{name}")

    assert (found.exists, [gap.mendable for gap in found.gaps]) == (True, [False])


def test_a_bucket_that_refuses_and_is_not_listed_is_another_accounts(session: Any) -> None:
    bucket = read(calls_of(refusing(session, "get_bucket_policy", "AccessDenied")), "arn:aws:s3:::taken")

    assert bucket.fact("owner") == ("another",)
    assert [(gap.what, gap.mendable) for gap in bucket.gaps] == [("bucket", False)]


@pytest.mark.parametrize("unknown", [arn("mediastore", "container/a"), arn("sqs", "q").replace(REGION, "eu-west-1")])
def test_what_has_no_reader_is_a_known_limit(unknown: str, session: Any) -> None:
    calls = calls_of(session)

    assert [gap.mendable for gap in read(calls, unknown).gaps] == [False]
    assert calls.made.total() == 0


def test_a_malformed_policy_is_a_gap(session: Any) -> None:
    secrets = session.client("secretsmanager")
    secret = secrets.create_secret(Name="orders", SecretString="s")["ARN"]
    secrets.put_resource_policy(SecretId=secret, ResourcePolicy='{"Statement": []}')

    (gap,) = read(calls_of(session), secret).gaps

    assert (gap.what, gap.call) == ("secret policy", None)
    assert gap.why.startswith("orders-")


ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders"


def test_a_key_tells_its_state_and_which_roles_may_decrypt_by_a_grant(session: Any) -> None:
    key = make_key(session)
    for grantee, operation in ((ROLE, "Decrypt"), (f"{ROLE}-two", "Decrypt"), (f"{ROLE}-three", "Encrypt")):
        session.client("kms").create_grant(KeyId=key, GranteePrincipal=grantee, Operations=[operation])

    known = read(calls_of(session), key, roles={ROLE})

    assert known.facts == (("grant", ROLE), ("manager", "CUSTOMER"), ("state", "Enabled"))
    assert known.policy is not None
    assert read(calls_of(session), key).fact("grant") == (ROLE, f"{ROLE}-two")


@pytest.mark.parametrize("name", ["alias/orders", f"{KMS}:alias/orders"])
def test_a_key_is_named_by_an_alias_too(name: str, session: Any) -> None:
    key = make_key(session)
    session.client("kms").create_alias(AliasName="alias/orders", TargetKeyId=key)
    make_queue(session, name)

    assert read(calls_of(session), arn("sqs", "orders")).key == key
    assert read(calls_of(session), f"{KMS}:alias/orders").key == key


def test_an_alias_that_cannot_be_resolved_is_a_gap(session: Any) -> None:
    make_queue(session, "alias/orders")
    queue = read(calls_of(session), arn("sqs", "orders"))

    assert [(gap.what, gap.why) for gap in queue.gaps] == [("queue key", "NotFoundException")]


def test_a_key_is_named_by_its_id_too(session: Any) -> None:
    make_queue(session, "0123")

    assert read(calls_of(session), arn("sqs", "orders")).key == f"{KMS}:key/0123"


def with_settings(**settings: Any) -> Account:
    account = builders.account()
    (function,) = account.functions
    function = replace(function, arn=arn("lambda", "function:orders"), settings=Settings(**settings))
    return replace(account, id=ACCOUNT, functions=(function,))


def test_triggers_and_settings_point_to_resources() -> None:
    account = with_settings(targets=(Target("failure", "arn:f"),), key="arn:k", layers=("arn:l",), log_group="/shop")
    consumer = arn("kinesis", "stream/s/consumer/c:1")
    triggers = (
        Trigger("kinesis", consumer, dead_letter="arn:d", uses=(("secret", "arn:s"), ("topic", "orders"))),
        Trigger("eventbridge", "arn:rule"),
    )
    account = replace(account, functions=(replace(account.functions[0], triggers=triggers),))

    group, stream = arn("logs", "log-group:/shop"), arn("kinesis", "stream/s")
    assert pointed(account) == (stream, consumer, group, "arn:d", "arn:f", "arn:k", "arn:l", "arn:s")


def read_whole(session: Any, account: Account, **more: Any) -> dict[str, Resource]:
    with ThreadPoolExecutor(4) as pool:
        return {each.arn: each for each in read_all(calls_of(session), account, pool=pool, **more)}


def test_the_keys_of_what_functions_point_to_are_read_too(session: Any) -> None:
    key = make_key(session)
    account = with_settings(targets=(Target("failure", make_queue(session, key)), Target("success", "arn:aws:s3:::b")))
    found = read_whole(session, account)

    assert found[key].fact("state") == ("Enabled",)
    assert not found["arn:aws:s3:::b"].exists
    assert list(found) == sorted(found)


class Managed(Refusing):
    """A session in which every key is one that AWS manages: moto knows none."""

    def client(self, service: str, **more: Any) -> Any:
        client = self.session.client(service, **more)
        if service == "kms":
            described = client.describe_key

            def describe(**parameters: Any) -> Any:
                metadata = described(**parameters)["KeyMetadata"]
                return {"KeyMetadata": metadata | {"KeyManager": "AWS"}}

            client.describe_key = describe
        return client


def test_a_key_that_aws_manages_is_nobodys(session: Any) -> None:
    key = make_key(session)
    queue = make_queue(session, key)
    found = read_whole(Managed(session, "", ""), with_settings(targets=(Target("failure", queue),)))

    assert found[queue].key is None
    assert found[key] == Resource(key, facts=(("manager", "AWS"), ("state", "Enabled")))


def test_a_gap_says_which_functions_it_concerns(session: Any) -> None:
    queue = make_queue(session, make_key(session))
    account = with_settings(targets=(Target("failure", queue),))
    found = read_whole(refusing(session, "get_key_policy"), account)

    assert [gap.subject for each in found.values() for gap in each.gaps] == ["orders"]


def test_a_sweep_reads_who_may_have_the_layers_that_functions_use(session: Any) -> None:
    account = world(session).with_layers(with_settings(layers=(make_layer(session),)))
    findings = [each for each in engine.audit_whole(account).findings if each.rule == "shared-layer"]

    assert [(each.principal, each.statement and each.statement.sid) for each in findings] == [("*", "all")]


def test_layers_of_others_are_not_read_and_functions_only_looked_up(session: Any) -> None:
    layer = f"arn:aws:lambda:{REGION}:580247275435:layer:insights:1"
    here, gone = arn("lambda", "function:here:live"), arn("lambda", "function:gone")
    account = with_settings(layers=(layer,), targets=(Target("failure", here), Target("success", gone)))

    found = read_whole(session, account, functions={arn("lambda", "function:here")})

    assert layer not in found
    assert (found[here].exists, found[gone].exists) == (True, False)
    assert here not in read_whole(session, account)


ASKED = re.compile(r"""\.(?:ask|pages)\(\s*"(\w+)",\s*"(\w+)""")
SOURCES = [*Path(resources.__file__).parent.glob("*.py"), Path(organization.__file__)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_call_is_an_iam_action(path: Path, session: Any) -> None:
    asked = ASKED.findall(path.read_text())
    models = [(service, session.client(service).meta.method_to_api_mapping[name]) for service, name in asked]

    assert [pair for pair in models if not catalog.action(action(*pair))] == []
