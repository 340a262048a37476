"""Handlers as Lambda loads them: a file in a folder that is no package, under an environment of its own."""

import importlib.util
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from tests.builders import allow, document
from tests.sources.bucket import Bucket, opened
from tests.sources.world import answer_lacking

ROOT = Path(__file__).parents[2]
CONTEXT = SimpleNamespace(
    function_name="rolecall",
    memory_limit_in_mb=256,
    get_remaining_time_in_millis=lambda: 900_000,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:rolecall",
    aws_request_id="00000000-0000-4000-8000-000000000001",
)
BEGINNING = datetime(2026, 1, 31, 3, tzinfo=UTC).timestamp()
NUMBERS = itertools.count()
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
Load = Callable[..., ModuleType]


class Stdout:
    """Whatever stdout is when something is written: pytest changes it, and a logger keeps the first."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Where the code of functions is."""
    with opened() as bucket:
        yield bucket


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> Iterator[Load]:
    """Load the handler of a folder, with the environment variables that its block sets.

    Powertools keeps a logger for each service name, so each load has a name of its own.
    """
    settings = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Rolecall",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "AWS_ENDPOINT_URL_LAMBDA": bucket.home,
    }

    def loaded(name: str, **variables: str) -> ModuleType:
        for key, value in {**settings, "POWERTOOLS_SERVICE_NAME": f"{name}-{next(NUMBERS)}", **variables}.items():
            monkeypatch.setenv(key, value)
        found = importlib.util.spec_from_file_location(f"functions_{name}", ROOT / "functions" / name / "app.py")
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        module.logger.registered_handler.setStream(Stdout())
        if hasattr(module, "session"):
            answer_lacking(module.session())
            bucket.serve(module.session())
        return module

    with mock_aws():
        boto3.setup_default_session()
        bucket.serve(boto3.DEFAULT_SESSION)
        yield loaded
    boto3.DEFAULT_SESSION = None


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> float:
        return self.now

    def text(self) -> str:
        """As CloudTrail writes it."""
        return datetime.fromtimestamp(self.now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def unhurried() -> Callable[[str], None]:
    """The pace of a sweep that need not wait."""
    return lambda call: None


def event(name: str) -> Any:
    """The event of a function, out of `events/`."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The JSON lines that were logged, metrics included."""
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def lines(capsys: pytest.CaptureFixture[str], message: str) -> list[dict[str, Any]]:
    """Those that were logged with this message."""
    return [line for line in logged(capsys) if line.get("message") == message]


def make_stack(**variables: str) -> dict[str, str]:
    """What auditor, sweep and worker share: table and queues. The variables of their blocks."""
    boto3.client("dynamodb", region_name="us-east-1").create_table(
        TableName="memory",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "function", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "function", "KeyType": "HASH"}],
    )
    sqs = boto3.client("sqs", region_name="us-east-1")
    queues = {f"{name}_QUEUE": sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("PLAN", "WORK")}
    return {"MEMORY_TABLE": "memory", "PAUSE": "15", "STACK": "rolecall", **queues, **variables}


def make_role(name: str) -> str:
    made = boto3.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    arn: str = made["Role"]["Arn"]
    return arn


def make_function(name: str, role: str) -> str:
    """A function under this role (name), which may write its logs; its ARN."""
    group = f"arn:aws:logs:us-east-1:{DEFAULT_ACCOUNT_ID}:log-group:/aws/lambda/{name}:*"
    writes = document(allow(["logs:CreateLogStream", "logs:PutLogEvents"], group))
    boto3.client("iam").put_role_policy(
        RoleName=role, PolicyName=f"WriteLogs-{name}", PolicyDocument=json.dumps(writes)
    )
    made = boto3.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/{role}",
        Handler="app.handler",
        Code={"ZipFile": b"zip"},
    )
    arn: str = made["FunctionArn"]
    return arn


def open_up(name: str) -> None:
    """Let everybody invoke a function: `public-function`."""
    boto3.client("lambda").add_permission(
        FunctionName=name, StatementId="Everybody", Action="lambda:InvokeFunction", Principal="*"
    )


def shut(name: str) -> None:
    boto3.client("lambda").remove_permission(FunctionName=name, StatementId="Everybody")


def sent(name: str = "WORK") -> list[tuple[dict[str, Any], int]]:
    """The messages of a queue that have not been taken yet, and their delays; takes them, whatever these."""
    queue = sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].queues[name]
    taken = [
        (json.loads(each.body), max(0, round((each.delayed_until - (each.sent_timestamp or 0)) / 1000)))
        for each in queue._messages
    ]
    queue._messages.clear()
    return taken


def delivered(message: Any, *, times: int = 1, id: str = "00000000-0000-4000-8000-000000000002") -> dict[str, Any]:
    """The event by which Lambda hands a message of a queue to a function, for the so-many-th time."""
    record = {
        "messageId": id,
        "receiptHandle": "handle",
        "body": message if isinstance(message, str) else json.dumps(message),
        "attributes": {"ApproximateReceiveCount": str(times), "SentTimestamp": "0"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:WORK",
        "awsRegion": "us-east-1",
    }
    return {"Records": [record]}
