"""Truth: is a condition decided by constants? Then only one way is taken."""

import ast

from rolecall.needs.code import expressions
from rolecall.needs.code.machine import Frame, Machine
from rolecall.needs.code.values import Plain, Text, Value


def of(machine: Machine, frame: Frame, test: ast.expr) -> bool | None:
    """Whether a condition holds, None where that is not known. It looks only at what evaluating has no effect on."""
    match test:
        case ast.Constant(value):
            return bool(value)
        case ast.UnaryOp(ast.Not(), inner):
            decided = of(machine, frame, inner)
            return None if decided is None else not decided
        case ast.BoolOp(operator, parts):
            return _combined([of(machine, frame, part) for part in parts], isinstance(operator, ast.And))
        case ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]):
            return False
        case ast.Compare(left, [operator], [right]) if _simple(left) and _simple(right):
            return _compared(machine, frame, left, operator, right)
        case ast.Name() | ast.Attribute() if is_typing(test):
            return False
        case ast.Name():
            return _truths(expressions.evaluate(machine, frame, test))
    return None


def is_typing(test: ast.expr) -> bool:
    """Is it `TYPE_CHECKING`, which is never true in a program that runs?"""
    return "TYPE_CHECKING" in (getattr(test, "id", ""), getattr(test, "attr", ""))


def _combined(decided: list[bool | None], every: bool) -> bool | None:
    if any(each is (not every) for each in decided):
        return not every
    return every if all(each is every for each in decided) else None


def _simple(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name | ast.Constant)


def _truths(value: Value) -> bool | None:
    found = {bool(atom.value) if isinstance(atom, Plain) else None for atom in value}
    return found.pop() if len(found) == 1 else None


def _compared(machine: Machine, frame: Frame, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool | None:
    ours = expressions.evaluate(machine, frame, left)
    theirs = expressions.evaluate(machine, frame, right)
    if not _constant(ours) or not _constant(theirs):
        return None
    if isinstance(operator, ast.Eq | ast.Is):
        return _equal(ours, theirs)
    if isinstance(operator, ast.NotEq | ast.IsNot):
        equal = _equal(ours, theirs)
        return None if equal is None else not equal
    return None


def _equal(ours: Value, theirs: Value) -> bool | None:
    if ours.isdisjoint(theirs):
        return False
    return True if len(ours) == len(theirs) == 1 else None


def _constant(value: Value) -> bool:
    return bool(value) and all(
        isinstance(atom, Plain) or (isinstance(atom, Text) and "⟨" not in atom.text) for atom in value
    )
