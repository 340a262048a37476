"""The demo: deploy the app into an embedded account, break it with real API calls, show what the auditor found."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape

from rolecall import engine
from rolecall.callers.wiring import states
from rolecall.reports.callers import answers, text
from rolecall.sources import SourceError, aws
from sandbox import account
from sandbox.deploy import DeployError, deploy
from sandbox.faults import WIRING, Fault, faults
from sandbox.shots import SHOTS, Shot
from sandbox.stack import BrokenPromiseError, Stack, now

T = TypeVar("T")
DIFF = {"-": "red", "+": "green"}
DEMO = ("alb", "eventbridge", "hello", "s3", "sqs")
COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow"}


def main() -> int:
    """Run the whole demo; 0 only if everything that it promises happened."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        with account.start() as sandbox:
            try:
                show(console, sandbox)
            except KeyboardInterrupt:
                console.print("\nstopping …")
                raise
    except (BrokenPromiseError, DeployError, SourceError, account.SandboxError) as broken:
        console.print(f"\n[bold red]The demo failed:[/] {escape(str(broken))}")
        return 1
    except KeyboardInterrupt:
        console.print("stopped; nothing is left behind")
        return 130
    return 0


def show(console: Console, sandbox: account.Account) -> None:
    """All acts, in order."""
    console.print("[bold]Rolecall[/]: the whole loop, in an AWS account that lives in a process of this machine\n")
    with busy(console, "sam deploy"):
        stack, took = timed(lambda: deploy(sandbox))
    console.print(f"[green]✓[/] sam deploy: {len(stack.functions())} functions in {took / 1000:.1f} s")
    console.print(f"[green]✓[/] {audit(stack)}\n")

    console.print("[bold]Each trigger once[/], and the line that its function logged")
    for shot in SHOTS:
        with busy(console, shot.title):
            line, took = timed(partial(fired, stack, shot))
        console.print(f"  [green]✓[/] {shot.title:<33} [dim]{took:>5.0f} ms[/]  {escape(said(line))}")

    console.print("\n[bold]Who may invoke[/], as `rolecall callers --account` tells it")
    with busy(console, "reading who may invoke"):
        told = callers(stack)
    console.print(escape(told))

    made = faults()
    console.print(f"\n[bold]{len(made)} faults[/], each a real API call, and what the auditor wrote to CloudWatch Logs")
    for number, fault in enumerate(made, 1):
        if number == 1 or fault.kind != made[number - 2].kind:
            console.print(f"\n[bold]{fault.kind}[/]")
        act(console, number, fault, stack)

    console.print(f"\n[green]✓[/] {audit(stack)}")


def act(console: Console, number: int, fault: Fault, stack: Stack) -> None:
    """Make one fault, show its finding, undo it, show that it is resolved."""
    console.print(f"\n  [bold]{number}. {fault.title}[/]  [dim]{fault.call}[/]")
    with busy(console, f"waiting for {fault.rule}"):
        found, took = timed(lambda: answered(stack, fault.make, fault, "finding"))
    colour = COLOURS.get(found["severity"], "cyan")
    console.print(f"     [{colour}]{found['severity']}[/]{escape('[' + found['rule'] + ']')}: {escape(found['text'])}")
    for line in (*proof(found), *(wiring(stack, fault.function) if fault.kind == WIRING else ())):
        console.print(f"     {line}")
    console.print(
        f"     [dim]{took:.0f} ms after the call by {found['actor']}, X-Ray trace {found['xray_trace_id']}[/]"
    )
    with busy(console, "undoing it"):
        resolved, took = timed(lambda: answered(stack, fault.undo, fault, "resolved"))
    name = resolved["function"].rpartition(":")[2]
    console.print(f"     [green]resolved[/] for {name} [dim]{took:.0f} ms after it was undone[/]")


def proof(found: dict[str, Any]) -> Iterator[str]:
    """What proves a finding about rights: a request that is allowed and not needed, and the statement that would do."""
    witness, diff = found.get("witness"), found["evidence"].get("diff", ())
    if witness and diff:
        on = escape(short(witness["resource"]))
        yield f"proof: [cyan]{witness['action']}[/] on {on} is allowed, and nothing needs it"
    if "needs" in found["evidence"]:
        diff = [f"+ {json.dumps({'Action': found['actions'], 'Resource': found['resources']})}"]
    for line in diff:
        sign, _, statement = line.partition(" ")
        actions, resources = (listed(json.loads(statement)[member]) for member in ("Action", "Resource"))
        yield f"[{DIFF[sign]}]{sign} allow {escape(actions)} on {escape(resources)}[/]"


def wiring(stack: Stack, function: str) -> Iterator[str]:
    """How each trigger of a function and its permission go together now."""
    # All of it: a rule of another bus is only met by a walk.
    account = aws.read(stack.session())
    for each in account.functions:
        if each.arn != stack.arn(function):
            continue
        at = each.qualifier or "the function"
        yield from (
            f"[cyan]{row.state}[/]: {row.type} {escape(short(row.source or ''))} on {at}"
            for row in states(each, account)
        )


def callers(stack: Stack) -> str:
    """Who may invoke the demo functions, as the command line tells it."""
    account = aws.read(stack.session())
    demo = tuple(each for each in account.functions if each.name.removeprefix(f"{stack.name}-") in DEMO)
    return text.render(answers([replace(account, functions=demo)]))


def listed(texts: str | list[str]) -> str:
    """One text, or several, as a policy has them; ARNs by their last part."""
    return ", ".join(map(short, [texts] if isinstance(texts, str) else texts))


def short(text: str) -> str:
    """What is left of an ARN without service, region and account; of anything else, all of it."""
    return text.split(":", 5)[-1] if text.startswith("arn:") else text


def answered(stack: Stack, call: Callable[[Stack], None], fault: Fault, message: str) -> dict[str, Any]:
    """Make a call, and wait for the auditor's line about the fault's function.

    Raises
    ------
    BrokenPromiseError : the line did not come, or names no trace that X-Ray has
    """
    start, arn = now(), stack.arn(fault.function)
    call(stack)

    def wanted(line: dict[str, Any]) -> bool:
        named = (line.get("message"), line.get("rule"), line.get("function")) == (message, fault.rule, arn)
        return named and line.get("state") in ("opened", "resolved")

    return stack.wait(stack.outputs["FindingsLogGroup"], start, wanted, f"{message} {fault.rule} of {arn}")


def fired(stack: Stack, shot: Shot) -> dict[str, Any]:
    """Fire a trigger, and wait for the function's own line."""
    start = now()
    shot.fire(stack)
    group = stack.log_group(shot.function)
    return stack.wait(group, start, lambda line: line.get("message") == shot.said, f"{shot.title}: {shot.said}")


def said(line: dict[str, Any]) -> str:
    """What a function logged, without what Powertools adds to every line."""
    added = ("level", "location", "message", "timestamp", "service", "cold_start", "xray_trace_id", "correlation_id")
    own = {key: value for key, value in line.items() if key not in added and not key.startswith("function_")}
    return " ".join([f"{line['service']}: {line['message']}", *(f"{key}={value}" for key, value in own.items())])


def audit(stack: Stack) -> str:
    """The whole account by the command line's own engine; what it says in a line.

    Raises
    ------
    BrokenPromiseError : our own stack has a finding
    """
    report = engine.audit(aws.read(stack.session(), code=aws.CodeReading()))
    if worst := next(iter(report.findings), None):
        raise BrokenPromiseError(f"our own stack has a finding: {worst.rule}: {worst.message}")
    return f"rolecall audit --account: {len(report.functions)} functions, no findings, the auditor included"


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and the milliseconds that it took."""
    began = time.perf_counter()
    result = call()
    return result, 1000 * (time.perf_counter() - began)


@contextmanager
def busy(console: Console, what: str) -> Iterator[None]:
    """Show on a terminal what is being waited for."""
    with console.status(what):
        yield


if __name__ == "__main__":
    sys.exit(main())
