"""Definitions: functions and classes of the source, with their decorators and annotations."""

import ast

from rolecall.needs.code import calling, expressions, outside, protocols, sdk, statements
from rolecall.needs.code.machine import Definition, Frame, Machine, Site
from rolecall.needs.code.values import (
    NOTHING,
    OPAQUE,
    OWN_CALLABLE,
    Arguments,
    Atom,
    Bound,
    Class,
    Client,
    Descriptor,
    External,
    Function,
    Instance,
    Made,
    Method,
    Opaque,
    Resource,
    Value,
    join,
    one,
)  # fmt: skip

DESCRIPTORS = {
    "builtins.property": "property", "functools.cached_property": "property", "builtins.staticmethod": "static",
    "builtins.classmethod": "class", "abc.abstractproperty": "property", "abc.abstractclassmethod": "class",
    "django.utils.functional.cached_property": "property", "werkzeug.utils.cached_property": "property",
    "cached_property.cached_property": "property",
}  # fmt: skip


def function(machine: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
    """A function with its decorators."""
    decorators = [(expressions.evaluate(machine, frame, each), each) for each in node.decorator_list]
    value = _define(machine, frame, node, wrapped=bool(decorators))
    for atoms, decorator in reversed(decorators):
        value = _decorated(machine, atoms, value, Site(frame, decorator))
    return value


def make_lambda(machine: Machine, frame: Frame, node: ast.Lambda) -> Value:
    return _define(machine, frame, node)


def _define(
    machine: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, *, wrapped: bool = False
) -> Value:
    key = (frame.source.name, node.lineno, node.col_offset)
    machine.definitions[key] = Definition(node, frame.source, frame.owner, wrapped)
    machine.frames[frame.key] = frame
    made = Function(key, frame.key)
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    for name, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        machine.put(made, f"={name.arg}", expressions.evaluate(machine, frame, default))
    for name, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if given is not None:
            machine.put(made, f"={name.arg}", expressions.evaluate(machine, frame, given))
    return one(made)


def adds(decorator: ast.expr) -> bool:
    """Does it add to a name that is defined already: `@value.setter`, `@run.register`?"""
    return isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter", "getter")


def _decorated(machine: Machine, decorators: Value, value: Value, site: Site) -> Value:
    results = []
    for atom in decorators:
        match atom:
            case External(name) if name in DESCRIPTORS:
                results.append(_descriptors(DESCRIPTORS[name], value))
            case Function() | Bound() | Instance() | Class() | Descriptor():
                results.append(_result(machine, atom, value, site))
            case Made():
                outside.register(machine, atom, value)
                results.append(value)
            case Method(Descriptor() | Function(), _):
                results.append(_result(machine, atom, value, site))
            case Method(Resource() | Client(), _):
                results.append(value)
            case Opaque():
                # What was not run may keep it, and call it later.
                calling.escape(machine, Arguments((value,)), site)
                results.append(value)
            case _:
                # What an unknown decorator gives does what the function does.
                results.append(value)
    return join(*results) or value


def _descriptors(kind: str, value: Value) -> Value:
    return frozenset(Descriptor(kind, atom) if isinstance(atom, Function) else atom for atom in value)


def _result(machine: Machine, decorator: Atom, value: Value, site: Site) -> Value:
    result = calling.call(machine, decorator, Arguments((value,)), site)
    useful = any(isinstance(atom, (*OWN_CALLABLE, Class, Instance, Descriptor, Method)) for atom in result)
    return result if useful else value


def make_class(machine: Machine, frame: Frame, node: ast.ClassDef) -> Value:
    """A class: its body runs where it stands."""
    key = (frame.source.name, node.lineno, node.col_offset)
    machine.definitions[key] = Definition(node, frame.source)
    machine.frames[frame.key] = frame
    made = Class(key, frame.key)
    decorators = [(expressions.evaluate(machine, frame, each), each) for each in node.decorator_list]
    above = [expressions.evaluate(machine, frame, base) for base in node.bases]
    for index, (base, value) in enumerate(zip(node.bases, above, strict=True)):
        machine.put(made, f"<{index}>", value)
        if value >= OPAQUE:
            machine.wonder(Site(frame, base), f"`{node.name}` inherits from code that is not followed")
        for atom in value:
            if isinstance(atom, Class):
                # `Base.__subclasses__()` gives what is made of it.
                machine.flow(atom, one(made))
    for keyword in node.keywords:
        expressions.evaluate(machine, frame, keyword.value)
    inner = machine.frames.setdefault(
        ("class", *key, *frame.key), Frame("class", ("class", *key, *frame.key), frame.source, frame, made)
    )
    inner.parent, inner.names = frame, {}
    statements.block(machine, inner, node.body)
    for name, value in inner.names.items():
        machine.put(made, name, value)
    protocols.subclassed(machine, join(*above), made, Site(frame, node))
    value = one(made)
    for atoms, decorator in reversed(decorators):
        value = _decorated(machine, atoms, value, Site(frame, decorator))
    return value


def typed(machine: Machine, frame: Frame, annotation: ast.expr | None) -> Value:
    """The client or resource that an annotation names by a type of mypy_boto3; nothing for any other."""
    if annotation is None or "mypy_boto3" not in frame.source.text:
        return NOTHING
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return typed(machine, frame, _parsed(annotation.value))
    found = []
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name | ast.Attribute):
            found += [_typed(atom) for atom in expressions.evaluate(machine, frame, node) if isinstance(atom, External)]
    return join(*found)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _typed(atom: External) -> Value:
    module, _, name = atom.name.rpartition(".")
    top, _, part = module.partition(".")
    if not top.startswith("mypy_boto3_"):
        return NOTHING
    service = top.removeprefix("mypy_boto3_").rstrip("_").replace("_", "-")
    facts = sdk.service(service)
    if facts is None:
        return NOTHING
    if name.endswith("Client"):
        return one(Client(service))
    if name.endswith("ServiceResource"):
        return one(Resource(service))
    if part in ("service_resource", "") and name in facts.resources:
        identifiers = tuple((each, ("⟨?⟩",)) for each in facts.resources[name].identifiers)
        return one(Resource(service, name, identifiers))
    return NOTHING
