"""Names: what they stand for in a frame, and giving them something."""

import builtins

from rolecall.needs.code.machine import Cell, Frame, Machine
from rolecall.needs.code.values import NOTHING, UNKNOWN, External, Module, Text, Value, join, one

BUILTINS = frozenset(dir(builtins)) | {"unicode", "raw_input"}


def look_up(machine: Machine, frame: Frame, name: str) -> Value:
    """The value of a name: of this frame at this point, of outer ones whatever they ever held."""
    if name in frame.outer:
        return join(_cell(machine, frame.outer[name], name).value, frame.names.get(name, NOTHING))
    if name in frame.names:
        return frame.names[name]
    outer = frame.parent
    while outer is not None:
        # The body of a class is no scope for its methods.
        if outer.kind != "class" and (name in outer.cells or outer.parent is None):
            return _from_outer(machine, outer, name)
        outer = outer.parent
    return _builtin(frame, name)


def _from_outer(machine: Machine, outer: Frame, name: str) -> Value:
    cell = _cell(machine, outer, name)
    return cell.value or _builtin(outer, name)


def _cell(machine: Machine, frame: Frame, name: str) -> Cell:
    cell = frame.cells.setdefault(name, Cell())
    machine.look(cell)
    return cell


def _builtin(frame: Frame, name: str) -> Value:
    if name == "__name__":
        return one(Text(frame.module.source.name))
    if name == "__file__":
        return UNKNOWN
    return one(External(f"builtins.{name}")) if name in BUILTINS else UNKNOWN


def bind(machine: Machine, frame: Frame, name: str, value: Value) -> None:
    """Let a name stand for a value from here on."""
    target = frame.outer.get(name)
    if target is not None:
        frame.names[name] = value
        target.names[name] = join(target.names.get(name, NOTHING), value)
        grown = machine.grow(target.cells.setdefault(name, Cell()), value)
        if grown and target.kind == "module":
            machine.flow(Module(target.source.name), value)
        return
    frame.names[name] = value
    if frame.kind != "class":
        grown = machine.grow(frame.cells.setdefault(name, Cell()), value)
        if grown and frame.kind == "module":
            machine.flow(Module(frame.source.name), value)


def declare(frame: Frame, name: str, *, everywhere: bool) -> None:
    """`global` or `nonlocal`: the name is that of the module, or of the nearest function that has it."""
    outer = frame.parent
    while outer is not None and not everywhere and (outer.kind != "function" or name not in outer.cells):
        outer = outer.parent
    frame.outer[name] = frame.module if everywhere or outer is None else outer
