"""What a command tells: its answer on stdout or in a file, what went wrong on stderr."""

import argparse
import os
import sys
from pathlib import Path

from rolecall.sources import SourceError

FAILED = 2
SEVERITIES = ("critical", "high", "medium", "low", "info")


def complain(message: str) -> int:
    print(f"rolecall: {message}", file=sys.stderr)
    return FAILED


def write(options: argparse.Namespace, text: str) -> None:
    if options.output is None:
        print(text)
        return
    try:
        Path(options.output).write_text(text + "\n")
    except OSError as error:
        raise SourceError(f"{options.output}: {(error.strerror or str(error)).lower()}") from error


def colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
