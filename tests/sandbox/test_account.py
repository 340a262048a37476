"""The embedded account behaves as AWS does where the audit depends on it."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from select import select
from typing import Any, BinaryIO

import pytest
from botocore.exceptions import ClientError

from sandbox import account, hooks
from sandbox.account import Account
from sandbox.stack import Stack, now


def invoke(stack: Stack, function: str, event: object) -> tuple[str | None, Any]:
    answer = stack.client("lambda").invoke(FunctionName=stack.arn(function), Payload=json.dumps(event))
    return answer.get("FunctionError"), json.loads(answer["Payload"].read())


def test_every_hook_into_ministack_is_there() -> None:
    assert hooks.gone() == []


def test_a_hook_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hooks.HOOKS, "ministack.services.s3", ("_deliver_by_pigeon",))

    assert hooks.gone() == ["ministack.services.s3._deliver_by_pigeon"]


def test_an_account_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)
    code = f"with account.start(log=Path({str(log)!r})): print('up', flush=True); input()"
    command = [sys.executable, "-c", f"from pathlib import Path; from sandbox import account\n{code}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent, log.open("rb") as told:
        assert parent.stdout
        assert parent.stdout.readline() == b"up\n"
        parent.kill()

        assert is_closed(told, within=30)


def is_closed(told: BinaryIO, *, within: float) -> bool:
    """Is everybody gone who could write to it?"""
    while select([told], [], [], within)[0]:
        if not os.read(told.fileno(), 4096):
            return True
    return False


def test_aws_managed_policies_exist(sandbox: Account) -> None:
    policy = sandbox.client("iam").get_policy(PolicyArn="arn:aws:iam::aws:policy/AWSLambda_FullAccess")

    assert policy["Policy"]["PolicyName"] == "AWSLambda_FullAccess"


def test_a_function_runs_under_its_role(stack: Stack) -> None:
    event = json.loads((Path(__file__).parents[2] / "events" / "sqs.json").read_text())
    iam, role = stack.client("iam"), stack.role("Sqs").rpartition("/")[2]
    policy = iam.get_role_policy(RoleName=role, PolicyName="StoreOrders")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="StoreOrders")

    error, answer = invoke(stack, "Sqs", event)

    iam.put_role_policy(RoleName=role, PolicyName="StoreOrders", PolicyDocument=json.dumps(policy))
    assert error == "Unhandled"
    assert "dynamodb:PutItem" in answer["errorMessage"]


def digest(package: bytes) -> str:
    """CodeSha256, as Lambda tells it."""
    return base64.b64encode(hashlib.sha256(package).digest()).decode()


def fetched(location: str) -> str:
    """The digest of what is there."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(location) as answer:
        return digest(answer.read())


def test_code_is_where_lambda_says(stack: Stack) -> None:
    functions = stack.client("lambda")
    function = functions.get_function(FunctionName=stack.arn("S3"))
    layer = functions.get_layer_version_by_arn(Arn=function["Configuration"]["Layers"][0]["Arn"])

    assert function["Code"]["Location"].startswith(f"{stack.account.endpoint}/")
    assert fetched(function["Code"]["Location"]) == function["Configuration"]["CodeSha256"]
    assert fetched(layer["Content"]["Location"]) == layer["Content"]["CodeSha256"]


def zipped(text: str) -> bytes:
    """A package whose one module is this text."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", text)
    return code.getvalue()


def test_a_version_keeps_its_code(stack: Stack) -> None:
    functions, named = stack.client("lambda"), {"FunctionName": "old"}
    old = zipped("old = 1")
    functions.create_function(
        **named, Role=stack.role("Hello"), Runtime="python3.13", Handler="app.handler", Code={"ZipFile": old}
    )
    functions.publish_version(**named)
    functions.update_function_code(**named, ZipFile=zipped("new = 1"))

    got = fetched(functions.get_function(**named, Qualifier="1")["Code"]["Location"])

    functions.delete_function(**named)
    assert got == digest(old)


def test_get_policy_of_a_function_without_statements_is_not_found(stack: Stack) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        stack.client("lambda").get_policy(FunctionName=stack.arn("Hello"))


def test_a_load_balancer_needs_the_permission_before_the_target(stack: Stack) -> None:
    balancers = stack.client("elbv2")
    group = balancers.create_target_group(Name="stranger", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]

    with pytest.raises(ClientError, match="does not have permission to invoke"):
        balancers.register_targets(TargetGroupArn=group, Targets=[{"Id": stack.arn("Hello")}])


def test_a_bucket_needs_the_permission_before_the_notification(stack: Stack) -> None:
    stack.client("s3").create_bucket(Bucket="stranger")
    configuration = [{"LambdaFunctionArn": stack.arn("Hello"), "Events": ["s3:ObjectCreated:*"]}]

    with pytest.raises(ClientError, match="InvalidArgument"):
        stack.client("s3").put_bucket_notification_configuration(
            Bucket="stranger", NotificationConfiguration={"LambdaFunctionConfigurations": configuration}
        )


def test_a_trace_can_be_read(stack: Stack) -> None:
    start = now()
    invoke(stack, "Hello", {"name": "Ada"})
    line = stack.wait(stack.log_group("Hello"), start, lambda line: line.get("message") == "greeted", "greeted")

    (trace,) = stack.client("xray").batch_get_traces(TraceIds=[line["xray_trace_id"]])["Traces"]

    assert trace["Segments"]


def test_a_function_that_takes_too_long_is_ended(sandbox: Account, stack: Stack) -> None:
    code = zipped("import threading\ndef handler(event, context): threading.Event().wait()\n")
    functions = sandbox.client("lambda")
    functions.create_function(
        FunctionName="endless",
        Runtime="python3.13",
        Handler="app.handler",
        Role=stack.role("Hello"),
        Code={"ZipFile": code},
        Timeout=1,
    )

    answer = functions.invoke(FunctionName="endless")

    functions.delete_function(FunctionName="endless")
    assert "timed out" in answer["Payload"].read().decode().lower()


def test_a_busy_port_is_said_in_one_line(sandbox: Account) -> None:
    port = int(sandbox.endpoint.rpartition(":")[2])

    with pytest.raises(account.SandboxError, match=f"port {port} on 127.0.0.1 is taken"), account.start(port=port):
        pass


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with account.start() as running:
        running.client("sts").get_caller_identity()
        (scratch,) = tmp_path.iterdir()
        pid = next(int(each) for each in os.listdir("/proc") if each.isdigit() and _is_server(each, running.endpoint))

    assert not scratch.exists()
    assert not Path(f"/proc/{pid}").exists()


def _is_server(pid: str, endpoint: str) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return False
    return "sandbox.server" in command and endpoint.rpartition(":")[2] in command
