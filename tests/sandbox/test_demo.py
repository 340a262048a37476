"""End to end: the real template, real API calls, findings out of CloudWatch Logs."""

import pytest

from rolecall import engine
from rolecall.cli import main
from rolecall.sources import aws, file
from sandbox.demo import answered, fired
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


def test_our_own_stack_has_no_finding(stack: Stack) -> None:
    report = engine.audit(aws.read(stack.session()))

    assert [(finding.rule, finding.function) for finding in report.findings] == []
    assert sorted(function.function for function in report.functions) == sorted(stack.functions())


def test_a_snapshot_is_audited_like_the_account(stack: Stack) -> None:
    account = aws.read(stack.session())
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


def test_the_command_line_shows_what_the_auditor_wrote(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in stack.account.environment.items():
        monkeypatch.setenv(name, value)
    fault = faults()[1]
    answered(stack, fault.make, fault, "finding")
    answered(stack, fault.undo, fault, "resolved")

    assert main(["findings", "--function", "rolecall-alb", "--severity", "critical"]) == 0
    assert "critical[public-function] rolecall-alb: anybody may invoke `rolecall-alb`" in capsys.readouterr().out
