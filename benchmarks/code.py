"""What reading code costs: a typical handler, a package of 250 files, and our own functions, beside parsing alone.

    python -m benchmarks.code

Prints milliseconds of CPU, and how often as long as `ast.parse` of the same files it took: of a package, all of them.
"""

import ast
import sys
import time
from pathlib import Path

from rolecall.needs.code import Program, analyse
from tests.needs.code.exam import read

ROOT = Path(__file__).parents[1]
FILES = 250


def main() -> int:
    """Measure."""
    cases = [case.files for case in read("first.txt") if not any(path.startswith("layer/") for path in case.files)]
    for files in cases:
        analyse(Program(files), "app.handler")
    measured(f"a handler, mean of {len(cases)}", [Program(files) for files in cases])
    measured(f"{FILES} files, all with a client", [Program(package())])
    measured(f"{FILES} files, one with a client", [Program(package(clients=1))])
    layers = (sources(ROOT / "layers" / "rolecall" / "python"),)
    for name in ("auditor", "sweep", "worker"):
        measured(f"our {name}", [Program(sources(ROOT / "functions" / name), layers)])
    return 0


def package(clients: int = FILES) -> dict[str, str]:
    """A package of which so many files have a client of their own, and of which all are called."""
    body = "class Store:\n    def __init__(self, name):\n        self.table = boto3.resource('dynamodb').Table(name)\n"
    body += "    def get(self, key):\n        return self.table.get_item(Key={'id': key}).get('Item')\n\n"
    plain = "class Store:\n    def __init__(self, name):\n        self.name = name\n"
    plain += "    def get(self, key):\n        return work0([self.name, key], key)\n\n"
    rest = "".join(
        f"def work{each}(orders, more):\n    return [more + x for x in orders if x]\n\n" for each in range(15)
    )
    files = {f"m{n}.py": f"import boto3\n{body}{rest}" if n < clients else plain + rest for n in range(FILES)}
    imports = "".join(f"from m{n} import Store as Store{n}\n" for n in range(FILES))
    calls = "".join(f"    Store{n}('orders{n}').get(event['id'])\n" for n in range(FILES))
    return files | {"app.py": f"{imports}def handler(event, context):\n{calls}"}


def sources(folder: Path) -> dict[str, str]:
    """The files of a folder by their paths in it."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.py"))}


def measured(what: str, programs: list[Program]) -> None:
    """Print the mean of some programs."""
    began = time.process_time()
    for program in programs:
        for files in (program.files, *program.layers):
            for text in files.values():
                ast.parse(text)
    parsed = time.process_time()
    for program in programs:
        analyse(program, "app.handler")
    whole = time.process_time() - parsed
    print(f"{what:<32}{1000 * whole / len(programs):>9.1f} ms, {whole / (parsed - began):.1f} times as long as parsing")


if __name__ == "__main__":
    sys.exit(main())
