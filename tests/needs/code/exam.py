"""The exam: handlers with the calls that they make, in text files that read as a list of cases.

A case starts with `== NAME`; its first file is `app.py`, a further one starts with `-- PATH` (`-- layer/PATH` for one
of a layer). Then come, for the handler `app.handler`, all calls (`-> service.Operation Parameter=value|value`; other
parameters are not looked at), what is unresolved (`?> words of it`) and gaps (`!> words of it`).
"""

from dataclasses import dataclass, field
from pathlib import Path

from rolecall.needs.code import Analysis, Program, analyse

HERE = Path(__file__).parent
MARKS = {"->": "calls", "?>": "unresolved", "!>": "gaps"}


@dataclass(slots=True)
class Case:
    name: str
    files: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def analysis(self) -> Analysis:
        ours = {path: text for path, text in self.files.items() if not path.startswith("layer/")}
        layer = {path[6:]: text for path, text in self.files.items() if path.startswith("layer/")}
        return analyse(Program(ours, (layer,) if layer else ()), "app.handler")

    def misses(self) -> list[str]:
        """In what the analysis differs from what is expected, a line each."""
        found = self.analysis()
        calls = {f"{call.service}.{call.operation}" for call in found.calls}
        expected = {line.split()[0] for line in self.calls}
        lines = [f"no {each}" for each in sorted(expected - calls)]
        lines += [f"needless {each}" for each in sorted(calls - expected)]
        for line in self.calls:
            name, *pairs = line.split()
            lines += [f"{name}: {pair} is {have}" for pair in pairs if (have := _values(found, name, pair)) != pair]
        lines += _differences(self.unresolved, [f"{each.what} {each.service}" for each in found.unresolved])
        lines += _differences(self.gaps, [gap.why for gap in found.gaps])
        return lines


def _values(found: Analysis, name: str, pair: str) -> str:
    parameter = pair.partition("=")[0]
    made = [call for call in found.calls if f"{call.service}.{call.operation}" == name]
    values = {value for call in made for value in call.values(parameter)}
    return f"{parameter}={'|'.join(sorted(values))}"


def _differences(expected: list[str], found: list[str]) -> list[str]:
    lines = [f"nothing says: {each}" for each in expected if not any(each in text for text in found)]
    return lines + [f"needlessly says: {text}" for text in found if not any(each in text for each in expected)]


def read(name: str) -> list[Case]:
    cases: list[Case] = []
    path = "app.py"
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            cases.append(Case(line[3:]))
            path = "app.py"
        elif line.startswith("-- "):
            path = line[3:]
            cases[-1].files[path] = ""
        elif line[:2] in MARKS:
            getattr(cases[-1], MARKS[line[:2]]).append(line[3:])
        else:
            cases[-1].files[path] = f"{cases[-1].files.get(path, '')}{line}\n"
    return cases
