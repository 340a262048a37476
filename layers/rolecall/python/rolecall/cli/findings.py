"""`rolecall findings`."""

import argparse
import json
import sys
import time

from rolecall.cli.inputs import open_session
from rolecall.cli.output import SEVERITIES, complain


def findings(options: argparse.Namespace) -> int:
    """Show what the deployed auditor wrote to CloudWatch Logs."""
    from rolecall.sources import findings as source

    try:
        start = source.now() - 1000 * source.since(options.since)
    except ValueError as error:
        return complain(str(error))
    group = f"/{options.stack}/findings"

    def again() -> bool:
        if options.follow:
            time.sleep(1)
        return bool(options.follow)

    from botocore.exceptions import BotoCoreError, ClientError

    shown = 0
    try:
        for line in source.lines(open_session(options).client("logs"), group, start=start, follow=again):
            if _wanted(options, line):
                print(json.dumps(line) if options.format == "json" else _line_text(line), flush=True)
                shown += 1
    except ClientError as error:
        return complain(f"{group}: {error.response['Error'].get('Message') or error}")
    except BotoCoreError as error:
        return complain(str(error))
    if not shown:
        print(f"rolecall: no findings in {group} since {options.since} ago", file=sys.stderr)
    return 0


def _wanted(options: argparse.Namespace, line: dict[str, object]) -> bool:
    function = str(line.get("function") or "")
    named = options.function is None or options.function in (function, function.rpartition(":")[2])
    severity = str(line.get("severity"))
    severe = severity not in SEVERITIES or SEVERITIES.index(severity) <= SEVERITIES.index(options.severity)
    return named and severe


def _line_text(line: dict[str, object]) -> str:
    """`2026-01-31T03:00:00 critical[admin-role] orders: … (opened, by alice)`."""
    state = str(line.get("state") or line.get("message"))
    by = f", by {line['actor']}" if line.get("actor") else ""
    function = str(line.get("function") or line.get("role") or "the account").rpartition(":")[2]
    rule = f"{line.get('severity')}[{line.get('rule')}]"
    return f"{line.get('timestamp', '')} {rule} {function}: {line.get('text')} ({state}{by})"
