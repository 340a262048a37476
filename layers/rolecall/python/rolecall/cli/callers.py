"""`rolecall callers`."""

import argparse
from typing import TYPE_CHECKING

from rolecall.cli.inputs import read_accounts
from rolecall.cli.output import colour, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolecall.model import Account


def callers(options: argparse.Namespace) -> int:
    """Show who may invoke each function, and through which statements."""
    write(options, _rendered(options, read_accounts(options, code=False, principals=True)))
    return 0


def _rendered(options: argparse.Namespace, accounts: "Sequence[Account]") -> str:
    from rolecall.reports.callers import answers, notes

    if options.format == "json":
        from rolecall.reports.callers import json

        return json.render(answers(accounts), notes(accounts))
    from rolecall.reports.callers import text

    return text.render(answers(accounts), notes(accounts), colour=options.output is None and colour())
