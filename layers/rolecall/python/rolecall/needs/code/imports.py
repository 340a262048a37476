"""Import statements."""

import ast
from collections.abc import Sequence

from rolecall.needs.code import modules
from rolecall.needs.code.machine import Frame, Machine, Site
from rolecall.needs.code.names import bind
from rolecall.needs.code.values import External, Module, Value, join, one


def plain(machine: Machine, frame: Frame, node: ast.Import) -> None:
    """`import a.b` binds `a`, `import a.b as c` binds `a.b`."""
    for alias in node.names:
        whole = modules.imported(machine, alias.name, Site(frame, node))
        top = alias.name.partition(".")[0]
        if alias.asname:
            bind(machine, frame, alias.asname, whole)
        else:
            bind(machine, frame, top, whole if top == alias.name else _top(whole, top))


def _top(whole: Value, top: str) -> Value:
    return one(Module(top)) if any(isinstance(atom, Module) for atom in whole) else one(External(top))


def members(machine: Machine, frame: Frame, node: ast.ImportFrom, *, quiet: bool = False) -> None:
    """`from a import b`, relative ones and stars."""
    base = _base(frame, node)
    found = modules.imported(machine, base, Site(frame, node), quiet=quiet)
    for alias in node.names:
        if alias.name == "*":
            _star(machine, frame, base)
        elif any(isinstance(atom, Module) for atom in found):
            bind(machine, frame, alias.asname or alias.name, modules.member(machine, base, alias.name))
        else:
            bind(machine, frame, alias.asname or alias.name, one(External(f"{base}.{alias.name}")))


def _base(frame: Frame, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = frame.source.package.split(".")
    kept = package[: len(package) - node.level + 1]
    return ".".join(part for part in (*kept, node.module or "") if part)


def _star(machine: Machine, frame: Frame, base: str) -> None:
    source = modules.module(machine, base)
    if source is None:
        # Nothing tells what is in it but its own names, of which those of the SDK matter.
        for name in ("client", "resource", "Session", "Key", "Attr"):
            if base in ("boto3", "boto3.session"):
                bind(machine, frame, name, one(External(f"{base}.{name}")))
        return
    for name, cell in list(source.cells.items()):
        machine.look(cell)
        if not name.startswith("_"):
            bind(machine, frame, name, join(cell.value))


def for_types(machine: Machine, frame: Frame, body: Sequence[ast.stmt]) -> None:
    """The imports under `if TYPE_CHECKING`: they do not run, and tell what an annotation means."""
    for statement in body:
        if (
            isinstance(statement, ast.ImportFrom)
            and not statement.level
            and (statement.module or "").startswith("mypy_boto3")
        ):
            members(machine, frame, statement, quiet=True)
