"""Protocols: the methods of the user's objects that Python calls by itself, by what is written instead of a call.

Source: The Python Language Reference, "Special method names".
"""

import ast

from rolecall.needs.code import attributes
from rolecall.needs.code.machine import Machine, Site
from rolecall.needs.code.values import UNKNOWN, Arguments, Class, Descriptor, Instance, Value, join, one, ordered

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
COMPARISONS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Eq: ("__eq__", "__eq__"), ast.NotEq: ("__ne__", "__ne__"), ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"), ast.Gt: ("__gt__", "__lt__"), ast.GtE: ("__ge__", "__le__"),
}  # fmt: skip
UNARY: dict[type[ast.AST], str] = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}
TRUTH = ("__bool__", "__len__")
AS_TEXT = ("__format__", "__str__", "__repr__")
BUILTINS = {
    "builtins.abs": ("__abs__",), "builtins.bool": TRUTH, "builtins.bytes": ("__bytes__",),
    "builtins.dir": ("__dir__",), "builtins.float": ("__float__",), "builtins.format": AS_TEXT,
    "builtins.hash": ("__hash__",), "builtins.int": ("__int__", "__index__"), "builtins.len": ("__len__",),
    "builtins.print": ("__str__", "__repr__"), "builtins.repr": ("__repr__",), "builtins.round": ("__round__",),
    "builtins.str": ("__str__", "__repr__"),
}  # fmt: skip


def ask(machine: Machine, value: Value, names: tuple[str, ...], given: tuple[Value, ...], site: Site) -> Value:
    """Call the first of these methods that each of the user's objects has; what they give."""
    objects = [atom for atom in value if isinstance(atom, Instance)]
    found = []
    for atom in sorted(objects, key=repr) if len(objects) > 1 else objects:
        name = next((each for each in names if attributes.find(machine, atom.of, each)), None)
        if name is not None:
            found.append(attributes.call_method(machine, atom, name, Arguments(given), site))
    return join(*found)


def operate(machine: Machine, operator: ast.operator, left: Value, right: Value, site: Site) -> Value:
    """`left + right`: the method of the one, or the mirrored one of the other."""
    name = OPERATORS[type(operator)]
    ours = ask(machine, left, (f"__{name}__",), (right,), site)
    return join(ours, ask(machine, right, (f"__r{name}__",), (left,), site))


def compare(machine: Machine, operator: ast.cmpop, left: Value, right: Value, site: Site) -> None:
    """`left < right`, `left in right`."""
    if isinstance(operator, ast.In | ast.NotIn):
        ask(machine, right, ("__contains__", "__iter__", "__getitem__"), (left,), site)
    elif type(operator) in COMPARISONS:
        ours, theirs = COMPARISONS[type(operator)]
        ask(machine, left, (ours,), (right,), site)
        ask(machine, right, (theirs,), (left,), site)


def store(machine: Machine, instance: Instance, name: str, value: Value, site: Site) -> None:
    """`instance.name = value`, where its class has something to do with it: a property, a descriptor, `__setattr__`."""
    ask(machine, one(instance), ("__setattr__",), (UNKNOWN, value), site)
    for atom in ordered(attributes.find(machine, instance.of, name)):
        match atom:
            case Descriptor("property", function):
                for setter in ordered(machine.get(function, "<setter>")):
                    attributes.call_bound(machine, instance, setter, Arguments((value,)), site)
            case Instance():
                ask(machine, one(atom), ("__set__",), (one(instance), value), site)


def subclassed(machine: Machine, above: Value, made: Class, site: Site) -> None:
    """A class is made of bases that want to know."""
    for base in ordered(above):
        if isinstance(base, Class):
            for atom in ordered(attributes.find(machine, base, "__init_subclass__")):
                function = atom.function if isinstance(atom, Descriptor) else atom
                attributes.call_bound(machine, made, function, Arguments(open=True), site)
