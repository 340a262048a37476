"""End to end: the real template, real API calls, findings out of CloudWatch Logs."""

from functools import reduce

import pytest
from rich.text import Text

from rolecall import engine
from rolecall.cli import main
from rolecall.sources import aws, file
from sandbox.demo import answered, callers, fired, proof, wiring
from sandbox.faults import Fault, faults
from sandbox.shots import SHOTS, Shot
from sandbox.stack import Stack


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.function)
def test_a_trigger_fires_its_function(shot: Shot, stack: Stack) -> None:
    assert fired(stack, shot)["message"] == shot.said


@pytest.mark.parametrize("fault", faults(), ids=lambda fault: fault.rule)
def test_a_fault_is_found_and_then_resolved(fault: Fault, stack: Stack) -> None:
    found = answered(stack, fault.make, fault, "finding")
    resolved = answered(stack, fault.undo, fault, "resolved")

    assert (found["state"], found["actor"]) == ("opened", "arn:aws:iam::123456789012:root")
    assert resolved["fingerprint"] == found["fingerprint"]


def shown(fault: Fault, stack: Stack) -> list[str]:
    """What the demo shows of a finding to prove it, without colours; the queue and the bucket by their role in it."""
    found = answered(stack, fault.make, fault, "finding")
    answered(stack, fault.undo, fault, "resolved")
    lines = [Text.from_markup(line).plain for line in proof(found)]
    names = {stack.outputs["QueueUrl"].rpartition("/")[2]: "QUEUE", stack.outputs["InputBucket"]: "BUCKET"}
    return [reduce(lambda text, name: text.replace(*name), names.items(), line) for line in lines]


def test_what_is_too_much_is_shown_by_a_request_and_by_the_statement_that_would_do(stack: Stack) -> None:
    (fault,) = (fault for fault in faults() if fault.rule == "service-wildcard")

    assert shown(fault, stack) == [
        "proof: sqs:AddPermission on QUEUE is allowed, and nothing needs it",
        "- allow sqs:* on QUEUE",
        "+ allow sqs:DeleteMessage, sqs:GetQueueAttributes, sqs:ReceiveMessage on QUEUE",
    ]


@pytest.mark.parametrize(
    ("rule", "statement"),
    [
        ("unreadable-source", "+ allow sqs:ReceiveMessage on QUEUE"),
        ("unwritable-traces", "+ allow xray:PutTelemetryRecords, xray:PutTraceSegments on *"),
        ("denied-call", "+ allow s3:GetObject on BUCKET/*"),
    ],
)
def test_what_is_too_little_is_shown_by_the_statement_that_mends_it(rule: str, statement: str, stack: Stack) -> None:
    (fault,) = (fault for fault in faults() if fault.rule == rule)

    assert shown(fault, stack) == [statement]


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("leftover-permission", "permission-only"),
        ("refused-trigger", "trigger-only"),
        ("qualifier-mismatch", "wrong-qualifier"),
    ],
)
def test_a_wire_that_is_taken_apart_is_shown_by_its_state(rule: str, state: str, stack: Stack) -> None:
    (fault,) = (fault for fault in faults() if fault.rule == rule)
    whole = list(wiring(stack, fault.function))
    answered(stack, fault.make, fault, "finding")
    broken = list(wiring(stack, fault.function))
    answered(stack, fault.undo, fault, "resolved")

    assert [line.startswith("[cyan]wired") for line in whole] == [True]
    assert all(line.startswith(f"[cyan]{state}") for line in broken)


def test_the_demo_answers_who_may_invoke(stack: Stack) -> None:
    blocks = callers(stack).split("\n\n")
    assert [block.split()[3].rpartition("-")[2] for block in blocks[:-1]] == [
        "alb",
        "eventbridge",
        "hello",
        "s3",
        "sqs",
    ]
    assert "let in by the function's policy, statement 1" in blocks[3]
    assert "needs no statement: Lambda polls it" in blocks[4]
    assert blocks[2].splitlines()[1:] == ["  nobody"]


def test_our_own_stack_has_no_finding(stack: Stack) -> None:
    report = engine.audit(aws.read(stack.session(), code=aws.CodeReading()))

    # What other tests left in the account is none of ours.
    assert [each.message for each in report.findings if each.function in stack.functions()] == []
    assert sorted(function.function for function in report.functions) == sorted(stack.functions())


def test_a_snapshot_is_audited_like_the_account(stack: Stack) -> None:
    account = aws.read(stack.session(), code=aws.CodeReading())
    kept = file.load(file.dump(account))

    assert engine.audit(kept) == engine.audit(account)
    assert file.load(file.dump(kept)) == kept


def test_the_command_line_reads_the_account(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in stack.account.environment.items():
        monkeypatch.setenv(name, value)

    assert main(["audit", "--account", "--function", "rolecall-sqs"]) == 0
    assert capsys.readouterr().out.startswith("1 function, no findings (account 123456789012, us-east-1; ")


def test_the_command_line_asks_what_roles_last_used(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in stack.account.environment.items():
        monkeypatch.setenv(name, value)

    assert main(["audit", "--account", "--function", "rolecall-sqs", "--last-accessed"]) == 0
    assert capsys.readouterr().out.startswith("note: roles younger than 90 days, so that what they did not use proves")


def test_the_command_line_shows_what_the_auditor_wrote(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in stack.account.environment.items():
        monkeypatch.setenv(name, value)
    (fault,) = (fault for fault in faults() if fault.rule == "public-function")
    answered(stack, fault.make, fault, "finding")
    answered(stack, fault.undo, fault, "resolved")

    assert main(["findings", "--function", "rolecall-alb", "--severity", "critical"]) == 0
    assert "critical[public-function] rolecall-alb: anybody may invoke `rolecall-alb`" in capsys.readouterr().out
