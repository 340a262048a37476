"""`rolecall needs`."""

import argparse
import sys
from typing import TYPE_CHECKING

from rolecall.cli.inputs import read_accounts
from rolecall.cli.output import colour, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolecall.reports.needs import Answer


def needs(options: argparse.Namespace) -> int:
    """Show what each function needs, with the proof of each need, and the policy that would be right."""
    from rolecall.reports.needs import answers, policy

    found = answers(read_accounts(options))
    write(options, _rendered(options, found))
    for note in policy.notes(found) if options.format == "policy" else policy.unread(found):
        print(f"rolecall: {note}", file=sys.stderr)
    return 0


def _rendered(options: argparse.Namespace, found: "Sequence[Answer]") -> str:
    if options.format == "json":
        from rolecall.reports.needs import json

        return json.render(found)
    if options.format == "policy":
        from rolecall.reports.needs import policy

        return policy.render(found, single=len(options.function or ()) == 1)
    if options.format == "sam":
        from rolecall.reports.needs import sam

        return sam.render(found)
    from rolecall.reports.needs import text

    return text.render(found, colour=options.output is None and colour())
