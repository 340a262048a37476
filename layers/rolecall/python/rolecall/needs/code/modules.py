"""Modules: bring one in as `import` does, and find what a name in it stands for."""

import ast

from rolecall.needs.code import calling, statements
from rolecall.needs.code.machine import DEEPEST, MOST_BYTES, MOST_FILES, Cell, ExhaustedError, Frame, Machine, Site
from rolecall.needs.code.packages import HARMLESS, SDK, STANDARD, USES_AWS
from rolecall.needs.code.program import Source
from rolecall.needs.code.values import OPAQUE, UNKNOWN, Arguments, External, Module, Text, Value, join, one

PYTHON_2 = ("Missing parentheses in call", "multiple exception types", "leading zeros", "invalid hexadecimal")


def module(machine: Machine, name: str, *, forced: bool = False) -> Frame | None:
    """The module of that name, run if it was not in this run; None where it is not the user's.

    A handler is run even if its file has the name of a package.
    """
    if name not in machine.modules:
        top = name.partition(".")[0]
        followed = forced or (top not in STANDARD and top not in HARMLESS and machine.program.owns(top))
        source = machine.program.find(name) if followed else None
        machine.modules[name] = Frame("module", (name,), source) if source else None
        if source:
            machine.frames[(name,)] = machine.modules[name]  # type: ignore[assignment]  # not None here
    frame = machine.modules[name]
    if frame is None:
        return None
    if "." in name:
        module(machine, name.rpartition(".")[0], forced=forced)
    task = machine.lead(name, lambda: _run(machine, frame))
    if task is not None and machine.depth > DEEPEST:
        machine.dirty.add(task)
    elif task is not None:
        machine.perform(task)
    return frame


def _run(machine: Machine, frame: Frame) -> None:
    frame.names = {}
    tree = _tree(machine, frame.source)
    machine.depth += 12
    statements.block(machine, frame, tree.body)
    machine.depth -= 12


def _tree(machine: Machine, source: Source) -> ast.Module:
    path = source.path
    if path is None:
        return ast.Module([], [])
    if path not in machine.trees:
        machine.bytes += len(source.text)
        if len(machine.trees) >= MOST_FILES or machine.bytes > MOST_BYTES:
            raise ExhaustedError(
                f"the analysis stopped after {len(machine.trees):,} files, {MOST_BYTES:,} bytes at most"
            )
        machine.trees[path] = _parse(machine, source, path)
    tree = machine.trees[path]
    if isinstance(broken := getattr(tree, "broken", None), int):
        machine.wonder(Site(Frame("module", (path,), source), ast.Pass(lineno=broken)), f"`{path}` cannot be parsed")
    return tree


def _parse(machine: Machine, source: Source, path: str) -> ast.Module:
    try:
        return ast.parse(source.text)
    except SyntaxError as error:
        line, said = error.lineno or 1, error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        # Null bytes; nesting that the parser does not take.
        line, said = 1, str(error) or "nested too deep"
    kind = "is written in Python 2" if said.startswith(PYTHON_2) else "is no Python that this version reads"
    machine.gap(f"`{path}` {kind}, line {line}: {said}", path, mendable=True)
    tree = ast.Module([], [])
    tree.broken = line  # type: ignore[attr-defined]  # kept for the next run
    return tree


def is_broken(machine: Machine, source: Source) -> bool:
    """Is it a file that could not be parsed, of which a gap tells?"""
    return hasattr(machine.trees.get(source.path or ""), "broken")


def imported(machine: Machine, name: str, site: Site, *, quiet: bool = False) -> Value:
    """What `import name` gives for the whole dotted name; a package that may call AWS is told, unless `quiet`."""
    if module(machine, name):
        return one(Module(name))
    if not quiet:
        _tell(machine, name, site)
    return one(External(name))


def _tell(machine: Machine, name: str, site: Site) -> None:
    top = name.partition(".")[0]
    if top in SDK or top in STANDARD or top in HARMLESS or top.startswith(("mypy_boto3", "types_")):
        return
    if top in USES_AWS:
        for service in USES_AWS[top] or (None,):
            machine.wonder(site, f"imports `{top}`, which calls AWS", service)
    elif machine.modules.get(top):
        machine.gap(f"`{name}` is imported and is not in the code", site.frame.source.path)
    elif not machine.program.installed(top) or machine.program.mentions_aws(top):
        machine.wonder(site, f"imports `{top}`, of which it is not known whether it calls AWS")


def member(machine: Machine, name: str, wanted: str) -> Value:
    """What a name in a module stands for: something defined there, or a module below it."""
    frame = module(machine, name)
    if frame is None:
        return one(External(f"{name}.{wanted}"))
    cell = frame.cells.setdefault(wanted, Cell())
    machine.look(cell)
    if cell.value:
        return join(cell.value, OPAQUE) if machine.replaced(name, wanted) else cell.value
    if module(machine, f"{name}.{wanted}"):
        return one(Module(f"{name}.{wanted}"))
    if "__getattr__" not in frame.cells:
        return UNKNOWN
    maker = machine.look(frame.cells["__getattr__"])
    return calling.call_value(machine, maker, Arguments((one(Text(wanted)),)), Site(frame, ast.Pass(lineno=1)))


def put(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    """`module.name = value`, from another module."""
    if machine.grow(frame.cells.setdefault(name, Cell()), value):
        machine.flow(Module(frame.source.name), value)
    frame.names[name] = value
