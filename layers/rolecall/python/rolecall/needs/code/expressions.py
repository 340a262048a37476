"""Expressions: what they can be.

Longer than most: a function for each kind of them, a few lines each.
"""

import ast
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from rolecall.needs.code import attributes, boxes, calling, definitions, protocols, statements, strings, truth
from rolecall.needs.code.machine import DEEPEST, Frame, Machine, Site
from rolecall.needs.code.names import bind, look_up
from rolecall.needs.code.values import (
    LONGEST_TEXT,
    NOTHING,
    UNKNOWN,
    Atom,
    Box,
    Instance,
    Plain,
    Text,
    Unknown,
    Value,
    join,
    one,
    ordered,
)  # fmt: skip


def evaluate(machine: Machine, frame: Frame, node: ast.expr) -> Value:
    """What an expression can be; calls in it are made."""
    machine.steps += 1
    run = EXPRESSIONS.get(type(node))
    if run is None:
        return UNKNOWN
    if machine.depth > 2 * DEEPEST:
        machine.gap(f"`{frame.source.path}` nests too deep, line {node.lineno}", frame.source.path)
        return UNKNOWN
    machine.depth += 1
    value = run(machine, frame, node)
    machine.depth -= 1
    if len(value) > 8:
        machine.step(value)
    return value


def condition_of(machine: Machine, frame: Frame, node: ast.expr) -> Value:
    """An expression of which it is asked whether it is true."""
    value = evaluate(machine, frame, node)
    protocols.ask(machine, value, protocols.TRUTH, (), Site(frame, node))
    return value


def _constant(machine: Machine, frame: Frame, node: ast.Constant) -> Value:
    match node.value:
        case str(text):
            return one(Text(text)) if len(text) <= LONGEST_TEXT else UNKNOWN
        case bool() | int() | float() | complex() | None:
            return one(Plain(node.value)) if not isinstance(node.value, int) or abs(node.value) < 2**63 else UNKNOWN
    return UNKNOWN


def _name(machine: Machine, frame: Frame, node: ast.Name) -> Value:
    return look_up(machine, frame, node.id)


def _attribute(machine: Machine, frame: Frame, node: ast.Attribute) -> Value:
    owners = evaluate(machine, frame, node.value)
    return attributes.of_value(machine, owners, node.attr, Site(frame, node))


def _call(machine: Machine, frame: Frame, node: ast.Call) -> Value:
    called = evaluate(machine, frame, node.func)
    arguments = calling.arguments(machine, frame, node)
    site = Site(frame, node)
    if isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args:
        return attributes.make_super(machine, frame)
    return calling.call_value(machine, called, arguments, site)


def _subscript(machine: Machine, frame: Frame, node: ast.Subscript) -> Value:
    owners = evaluate(machine, frame, node.value)
    if isinstance(node.slice, ast.Slice):
        for part in (node.slice.lower, node.slice.upper, node.slice.step):
            if part is not None:
                evaluate(machine, frame, part)
        # A part of a list is a list of the same; a part of a text is not known.
        taken = protocols.ask(machine, owners, ("__getitem__",), (UNKNOWN,), Site(frame, node))
        return join(frozenset(Unknown() if isinstance(atom, Text) else atom for atom in owners), taken)
    keys = evaluate(machine, frame, node.slice)
    return join(*(boxes.subscript(machine, atom, keys, Site(frame, node)) for atom in owners))


def _sequence(machine: Machine, frame: Frame, node: ast.Tuple | ast.List | ast.Set) -> Value:
    positions, everything = [], NOTHING
    for element in node.elts:
        if isinstance(element, ast.Starred):
            taken = evaluate(machine, frame, element.value)
            everything = join(everything, boxes.elements(machine, taken, Site(frame, element)))
        else:
            positions.append(evaluate(machine, frame, element))
    if everything:
        return one(boxes.make(machine, Site(frame, node), everything=join(everything, *positions)))
    return one(boxes.make(machine, Site(frame, node), positions=positions))


def _dict(machine: Machine, frame: Frame, node: ast.Dict) -> Value:
    site = Site(frame, node)
    box = boxes.make(machine, site, keys=NOTHING)
    for key, part in zip(node.keys, node.values, strict=True):
        value = evaluate(machine, frame, part)
        if key is None:
            boxes.copy(machine, value, box, site)
        else:
            boxes.set_element(machine, box, evaluate(machine, frame, key), value, site)
    return one(box)


def _comprehension(machine: Machine, frame: Frame, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    _generators(machine, frame, node.generators)
    value = evaluate(machine, frame, node.elt)
    return one(boxes.make(machine, Site(frame, node), everything=value))


def _dict_comprehension(machine: Machine, frame: Frame, node: ast.DictComp) -> Value:
    site = Site(frame, node)
    box = boxes.make(machine, site)
    targets = _generators(machine, frame, node.generators)
    chosen = _choices(frame, targets)
    # Key and value of one round belong together: `{name: boto3.client(name) for name in NAMES}`.
    for names in chosen:
        frame.names.update(names)
        value = evaluate(machine, frame, node.value)
        boxes.set_element(machine, box, evaluate(machine, frame, node.key), value, site)
    return one(box)


def _choices(frame: Frame, targets: list[str]) -> Iterable[dict[str, Value]]:
    if len(targets) != 1 or targets[0] not in frame.names:
        return ({},)
    whole = frame.names[targets[0]]
    return [{targets[0]: one(atom)} for atom in ordered(whole)] if len(whole) > 1 else ({},)


def _generators(machine: Machine, frame: Frame, generators: list[ast.comprehension]) -> list[str]:
    targets = []
    for each in generators:
        taken = boxes.elements(machine, evaluate(machine, frame, each.iter), Site(frame, each.iter))
        statements.assign(machine, frame, each.target, taken)
        targets.append(each.target.id if isinstance(each.target, ast.Name) else "")
        for condition in each.ifs:
            condition_of(machine, frame, condition)
    return targets


def _text(machine: Machine, frame: Frame, node: ast.JoinedStr) -> Value:
    return strings.concatenated(evaluate(machine, frame, part) for part in list(node.values))


def _formatted(machine: Machine, frame: Frame, node: ast.FormattedValue) -> Value:
    value = evaluate(machine, frame, node.value)
    protocols.ask(machine, value, protocols.AS_TEXT, (UNKNOWN,), Site(frame, node))
    if node.format_spec is not None:
        evaluate(machine, frame, node.format_spec)
        return UNKNOWN
    return frozenset(atom if isinstance(atom, Text) or not _is_none(atom) else Text("None") for atom in value)


def _is_none(atom: Atom) -> bool:
    return atom == Plain(None)


def _operation(machine: Machine, frame: Frame, node: ast.BinOp) -> Value:
    if isinstance(node.op, ast.Add):
        return _sum(machine, frame, node)
    left, right = evaluate(machine, frame, node.left), evaluate(machine, frame, node.right)
    site = Site(frame, node)
    if result := protocols.operate(machine, node.op, left, right, site):
        return result
    if isinstance(node.op, ast.Mod):
        return join(*(_percent(machine, atom, right, site) for atom in left))
    if isinstance(node.op, ast.BitOr) and any(isinstance(atom, Box) for atom in left | right):
        return _together(machine, (left, right), site)
    if isinstance(node.op, ast.Mult) and any(isinstance(atom, Box) for atom in left | right):
        # A list several times is a list of the same.
        return frozenset(atom for atom in left | right if isinstance(atom, Box))
    return UNKNOWN


def _percent(machine: Machine, atom: Atom, right: Value, site: Site) -> Value:
    return strings.percent(machine, atom.text, right, site) if isinstance(atom, Text) else UNKNOWN


def _sum(machine: Machine, frame: Frame, node: ast.BinOp) -> Value:
    # A long sum is a chain to the left: followed in a loop, as it would nest too deep.
    parts: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        parts.append(left.right)
        left = left.left
    values = [evaluate(machine, frame, part) for part in (left, *reversed(parts))]
    if any(isinstance(atom, Instance) for value in values for atom in value):
        results = [protocols.operate(machine, node.op, *pair, Site(frame, node)) for pair in pairwise(values)]
        if any(results):
            return join(*results)
    if any(isinstance(atom, Box) for value in values for atom in value):
        return _together(machine, values, Site(frame, node))
    if all(all(isinstance(atom, Plain | Unknown) for atom in value) for value in values):
        return UNKNOWN
    return strings.concatenated(values)


def _together(machine: Machine, values: Iterable[Value], site: Site) -> Value:
    box = boxes.make(machine, site, tag="sum")
    for value in values:
        boxes.copy(machine, frozenset(atom for atom in value if not isinstance(atom, Plain)), box, site)
    return one(box)


def _either(machine: Machine, frame: Frame, node: ast.BoolOp) -> Value:
    values = [condition_of(machine, frame, part) for part in node.values]
    if isinstance(node.op, ast.And):
        return values[-1] if len(values) == 2 else join(*values[1:])
    # What is None or false never comes out of an `or`, but for the last one.
    kept = [frozenset(atom for atom in value if not _is_false(atom)) for value in values[:-1]]
    return join(*kept, values[-1])


def _is_false(atom: Atom) -> bool:
    return (isinstance(atom, Plain) and not atom.value) or atom == Text("")


def _conditional(machine: Machine, frame: Frame, node: ast.IfExp) -> Value:
    condition_of(machine, frame, node.test)
    decided = truth.of(machine, frame, node.test)
    if decided is not None:
        return evaluate(machine, frame, node.body if decided else node.orelse)
    return join(evaluate(machine, frame, node.body), evaluate(machine, frame, node.orelse))


def _compare(machine: Machine, frame: Frame, node: ast.Compare) -> Value:
    values = [evaluate(machine, frame, part) for part in (node.left, *node.comparators)]
    for operator, left, right in zip(node.ops, values, values[1:], strict=False):
        protocols.compare(machine, operator, left, right, Site(frame, node))
    return UNKNOWN


def _unary(machine: Machine, frame: Frame, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        condition_of(machine, frame, node.operand)
        return UNKNOWN
    value = evaluate(machine, frame, node.operand)
    if result := protocols.ask(machine, value, (protocols.UNARY[type(node.op)],), (), Site(frame, node)):
        return result
    match node.op, list(value):
        case ast.USub(), [Plain(int(number))]:
            return one(Plain(-number))
    return UNKNOWN


def _inner(machine: Machine, frame: Frame, node: ast.Await | ast.Starred) -> Value:
    return evaluate(machine, frame, node.value)


def _walrus(machine: Machine, frame: Frame, node: ast.NamedExpr) -> Value:
    value = evaluate(machine, frame, node.value)
    bind(machine, frame, node.target.id, value)
    return value


def _lambda(machine: Machine, frame: Frame, node: ast.Lambda) -> Value:
    return definitions.make_lambda(machine, frame, node)


def _yield(machine: Machine, frame: Frame, node: ast.Yield) -> Value:
    value = evaluate(machine, frame, node.value) if node.value is not None else NOTHING
    frame.yielded = join(frame.yielded, value)
    return UNKNOWN


def _yield_from(machine: Machine, frame: Frame, node: ast.YieldFrom) -> Value:
    value = evaluate(machine, frame, node.value)
    frame.yielded = join(frame.yielded, boxes.elements(machine, value, Site(frame, node)))
    return value


EXPRESSIONS: dict[type[ast.expr], Callable[[Machine, Frame, Any], Value]] = {
    ast.Attribute: _attribute,
    ast.Await: _inner,
    ast.BinOp: _operation,
    ast.BoolOp: _either,
    ast.Call: _call,
    ast.Compare: _compare,
    ast.Constant: _constant,
    ast.Dict: _dict,
    ast.DictComp: _dict_comprehension,
    ast.FormattedValue: _formatted,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _conditional,
    ast.JoinedStr: _text,
    ast.Lambda: _lambda,
    ast.List: _sequence,
    ast.ListComp: _comprehension,
    ast.Name: _name,
    ast.NamedExpr: _walrus,
    ast.Set: _sequence,
    ast.SetComp: _comprehension,
    ast.Starred: _inner,
    ast.Subscript: _subscript,
    ast.Tuple: _sequence,
    ast.UnaryOp: _unary,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
}
