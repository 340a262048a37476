"""`rolecall audit` and `rolecall snapshot`."""

import argparse
import json
from typing import TYPE_CHECKING

from rolecall.cli.inputs import read_accounts
from rolecall.cli.output import colour, write
from rolecall.sources import SourceError

if TYPE_CHECKING:
    from rolecall.finding import Report


def audit(options: argparse.Namespace) -> int:
    """Judge templates, an account or a snapshot; 1 when there is an open finding at or above --fail-on."""
    from rolecall import engine
    from rolecall.finding import Severity, united

    # Of single functions the other principals are not read: rules on the whole account would miss them.
    whole = not options.function
    report = united([engine.audit(account, whole=whole) for account in read_accounts(options)])
    write(options, _rendered(options, report))
    if options.fail_on == "never":
        return 0
    return int(any(finding.severity >= Severity(options.fail_on) for finding in report.open()))


def snapshot(options: argparse.Namespace) -> int:
    """Write what was read to a file, to audit it again offline."""
    from rolecall.sources import file

    account, *others = read_accounts(options)
    if others:
        raise SourceError(f"{account.source}: conditions are open, so it is not one account: give their parameters")
    write(options, json.dumps(file.dump(account), indent=2))
    return 0


def _rendered(options: argparse.Namespace, report: "Report") -> str:
    if options.format == "json":
        from rolecall.reports import json as json_report

        return json_report.render(report)
    from rolecall.reports import text

    return text.render(report, colour=options.output is None and colour())
