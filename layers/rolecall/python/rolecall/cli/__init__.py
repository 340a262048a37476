"""The command line: one module per group of commands. Everything slow is imported by the command that uses it."""

import os
import sys
from collections.abc import Sequence

from rolecall.cli.output import FAILED, complain
from rolecall.cli.parser import command_line
from rolecall.sources import SourceError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    options = command_line().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except SourceError as error:
        return complain(str(error))
    except BrokenPipeError:
        # The reader (`head`) went away. Python flushes stdout once more at its end: let it go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return 130
    return status
