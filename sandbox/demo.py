"""The demo: deploy the app into an embedded account, break it with real API calls, show what the auditor found."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console

from rolecall import engine
from rolecall.sources import aws, findings
from sandbox import account, faults, triggers
from sandbox.stack import Stack

ROOT = Path(__file__).parent.parent
PATIENCE = 30  # seconds to wait for one log line


class BrokenPromiseError(Exception):
    """Something that the demo shows did not happen. One line: what was waited for."""


def main() -> int:
    """Run the whole demo; 0 only if everything that it promises happened."""
    console = Console(highlight=False)
    try:
        with account.start() as sandbox:
            show(console, sandbox)
    except BrokenPromiseError as broken:
        console.print(f"[bold red]The demo failed:[/] {broken}")
        return 1
    except KeyboardInterrupt:
        console.print("stopped; nothing is left behind")
        return 130
    return 0


def show(console: Console, sandbox: account.Account) -> None:
    """All acts, in order."""
    console.print("[bold]Rolecall[/]  the whole loop, in an AWS account that lives in one process here\n")
    with step(console, "sam deploy", "the app is deployed"):
        stack = deploy(sandbox)
    with step(console, "first audit", "the auditor has seen the deployment"):
        clean = own_findings(sandbox)
    console.print(f"  {clean}\n")

    console.print("[bold]Each trigger once[/]: the function's own log line")
    for trigger in triggers.TRIGGERS:
        with step(console, trigger.title, None):
            line = log_line(stack, trigger)
        console.print(f"  [green]✓[/] {trigger.title:<42} [dim]{line}[/]")

    console.print("\n[bold]Five faults[/]: made by real API calls, found by the auditor in CloudWatch Logs, then undone")
    for number, fault in enumerate(faults.FAULTS, 1):
        act(console, number, fault, stack)

    with step(console, "last audit", "everything is as it was"):
        clean = own_findings(sandbox)
    console.print(f"  {clean}")


def act(console: Console, number: int, fault: faults.Fault, stack: Stack) -> None:
    """Make one fault, show its finding, undo it, show that it is resolved."""
    console.print(f"\n  [bold]{number}. {fault.title}[/]  [dim]{fault.call}[/]")
    with step(console, f"waiting for {fault.rule}", None):
        (line,), took = answers(stack, fault.make, [fault.opened])
    colour = {"critical": "bold red", "high": "red", "medium": "yellow"}.get(line["severity"], "cyan")
    console.print(f"     [{colour}]{line['severity']}[/]\\[{line['rule']}]: {escape(line['finding'])}")
    console.print(f"     [dim]{took} ms after the call, by {line['actor']}, trace {line['xray_trace_id']}[/]")
    with step(console, "undoing it", None):
        lines, took = answers(stack, fault.undo, fault.resolved)
    names = " and ".join(sorted({name for line in lines for name in line["functions"]}))
    console.print(f"     [green]resolved[/] for {names} [dim]{took} ms after it was undone[/]")
