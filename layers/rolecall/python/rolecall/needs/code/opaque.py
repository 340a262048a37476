"""Opaque things: what comes of code that was not run. Given something that may call AWS, the code runs after all."""

from rolecall.needs.code import calling
from rolecall.needs.code.machine import Machine, Site
from rolecall.needs.code.values import (
    OPAQUE,
    Arguments,
    Atom,
    Bound,
    Class,
    Client,
    Descriptor,
    Function,
    Opaque,
    Resource,
    Value,
    join,
    one,
    ordered,
)  # fmt: skip


def call(machine: Machine, atom: Opaque, given: Arguments, site: Site) -> Value:
    """Call an opaque thing: given power, whatever is defined by its name where no code was run."""
    whole = given.everything()
    if machine.power is None or not machine.power.of(whole, machine.current):
        return OPAQUE
    found = _named(machine, atom.name)
    if not found:
        keep(machine, whole, site)
        calling.escape(machine, given, site)
    return join(OPAQUE, *(calling.call(machine, each, given, site) for each in found))


def keep(machine: Machine, value: Value, site: Site) -> None:
    """Tell what gets out of sight, as it is put into an opaque thing."""
    for atom in ordered(value):
        if isinstance(atom, Client | Resource):
            machine.wonder(site, f"hands a client of `{atom.service}` to code that is not followed", atom.service)
        elif machine.power is not None and machine.power.of(one(atom), machine.current):
            machine.wonder(site, "hands what may call AWS to code that is not followed")


def _named(machine: Machine, name: str) -> list[Atom]:
    """The functions and methods of a name in code that was not run."""
    power = machine.power
    found: list[Atom] = []
    assert power is not None  # only then there is something opaque
    for frame in list(machine.modules.values()):
        if frame is not None and name in frame.cells and power.spared(frame.source.name, machine.current):
            found += [atom for atom in ordered(frame.cells[name].value) if isinstance(atom, Function | Class)]
    for cls in [
        each for each in machine.store if isinstance(each, Class) and power.spared(str(each.key[0]), machine.current)
    ]:
        cell = machine.store[cls].get(name)
        for atom in ordered(cell.value) if cell else ():
            function = atom.function if isinstance(atom, Descriptor) else atom
            if isinstance(function, Function):
                static = isinstance(atom, Descriptor) and atom.kind == "static"
                found.append(function if static else Bound(function, Opaque()))
    return found
