"""A second opinion on what handlers call: `iam-policy-autopilot extract-sdk-calls` beside our own analysis.

.venv/bin/python -m benchmarks.second_opinion [--tool PATH]: every handler of the exam in which the two differ, and
which of these differences docs/second-opinion.md does not explain. The tool is on PyPI (`iam-policy-autopilot`);
`make setup` does not install it.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from botocore import xform_name

from tests.needs.code.exam import Case, read

ROOT = Path(__file__).parents[1]
EXPLAINED = ROOT / "docs" / "second-opinion.md"
EXAM = ("first.txt", "harder.txt", "further.txt", "wrappers.txt", "unwritten.txt")


@dataclass(frozen=True, slots=True)
class Difference:
    """What only one of the two says of a handler, as `service.operation`, with `|` between possible services."""

    handler: str
    theirs: tuple[str, ...]
    ours: tuple[str, ...]

    @property
    def row(self) -> str:
        """How the row of the table begins that explains it."""
        return f"| {self.handler} | {_cell(self.theirs)} | {_cell(self.ours)} |"


def _cell(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{each}`" for each in names) or "–"


def _difference(tool: str, case: Case) -> Difference | None:
    ours = {(call.service, xform_name(call.operation)) for call in case.analysis().calls}
    theirs = set(_asked(tool, case))
    only = sorted(f"{'|'.join(services)}.{name}" for name, services in theirs if not _meet(name, services, ours))
    missed = sorted(f"{service}.{name}" for service, name in ours if not _has(service, name, theirs))
    return Difference(case.name, tuple(only), tuple(missed)) if only or missed else None


def _meet(name: str, services: tuple[str, ...], ours: set[tuple[str, str]]) -> bool:
    return any((service, name) in ours for service in services)


def _has(service: str, name: str, theirs: set[tuple[str, tuple[str, ...]]]) -> bool:
    return any(name == other and service in services for other, services in theirs)


def _asked(tool: str, case: Case) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(operation, services that it may be of) of all files of a case: the tool has no notion of a handler."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in case.files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            paths += [str(path)] if name.endswith(".py") else []
        done = subprocess.run([tool, "extract-sdk-calls", *paths], capture_output=True, text=True, check=True)
    for each in json.loads(done.stdout):
        yield each["Name"], tuple(each["PossibleServices"])


def main() -> int:
    """Print the differences; 1 if one of them is not explained, 2 where the tool is not installed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tool", default="iam-policy-autopilot", help="its path, where it is not on PATH")
    tool = shutil.which(parser.parse_args().tool)
    if tool is None:
        print("iam-policy-autopilot is not installed: `pip install iam-policy-autopilot` gives it", file=sys.stderr)
        return 2
    cases = [case for name in EXAM for case in read(name)]
    found = [each for each in (_difference(tool, case) for case in cases) if each]
    explained = EXPLAINED.read_text(encoding="utf-8")
    unexplained = [each.row for each in found if each.row not in explained]
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print("\n".join(each.row for each in found))
    print(f"{version}: {len(cases)} handlers, the same in {len(cases) - len(found)}")
    print("\n".join(["not explained:", *unexplained] if unexplained else ["each difference is explained"]))
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
