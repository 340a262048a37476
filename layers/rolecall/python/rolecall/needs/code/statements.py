"""Statements: run a block in an abstract way, both ways where it is not known which.

A frame's names are followed in order; where ways meet again, a name stands for what it was on any of them. A block
says whether it can be left at its end: what follows a `return` or `raise` is dead.
"""

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rolecall.needs.code import attributes, boxes, definitions, expressions, imports, patterns, protocols, truth
from rolecall.needs.code.machine import Frame, Machine, Site
from rolecall.needs.code.names import bind, declare
from rolecall.needs.code.values import NOTHING, UNKNOWN, Value, join, one

MOST_ROUNDS = 4
"""How often the body of a loop is run for what it carries from round to round."""

Names = dict[str, Value]


def block(machine: Machine, frame: Frame, body: Sequence[ast.stmt]) -> bool:
    """Run statements in order; False where the end is never reached."""
    for statement in body:
        machine.step()
        run = STATEMENTS.get(type(statement))
        if run is not None and run(machine, frame, statement) is False:
            return False
    return True


def assign(machine: Machine, frame: Frame, target: ast.expr, value: Value) -> None:
    """Give a value to a target: a name, an attribute, an element, or several of them."""
    match target:
        case ast.Name(name):
            bind(machine, frame, name, value)
        case ast.Attribute(owner, name):
            for atom in expressions.evaluate(machine, frame, owner):
                attributes.set_attribute(machine, atom, name, value, Site(frame, target))
        case ast.Subscript(owner, key):
            keys = expressions.evaluate(machine, frame, key)
            for atom in expressions.evaluate(machine, frame, owner):
                boxes.set_element(machine, atom, keys, value, Site(frame, target))
        case ast.Starred(inner):
            box = boxes.make(machine, Site(frame, target), everything=value)
            assign(machine, frame, inner, one(box))
        case ast.Tuple(parts) | ast.List(parts):
            _unpack(machine, frame, parts, value, Site(frame, target))


def _unpack(machine: Machine, frame: Frame, parts: list[ast.expr], value: Value, site: Site) -> None:
    starred = any(isinstance(part, ast.Starred) for part in parts)
    for index, part in enumerate(parts):
        if starred:
            taken = boxes.elements(machine, value, site)
        else:
            taken = join(*(boxes.at_index(machine, atom, index, site) for atom in value))
        assign(machine, frame, part, taken)


def merge(frame: Frame, ways: Iterable[Names]) -> None:
    """Where ways meet: a name stands for what it was on any of them."""
    ways = list(ways)
    if len(ways) == 1:
        frame.names = ways[0]
        return
    whole: Names = {}
    for names in ways:
        for name, value in names.items():
            known = whole.get(name)
            whole[name] = value if known is None or known is value else join(known, value)
    # What only some ways bind could be the name of an outer frame on the others: rare, and left out.
    frame.names = whole


def _ways(machine: Machine, frame: Frame, bodies: Sequence[Sequence[ast.stmt]]) -> bool:
    """Run several bodies from the same start; which of them is taken is not known."""
    start, ends = frame.names, []
    for body in bodies:
        frame.names = dict(start)
        if block(machine, frame, body):
            ends.append(frame.names)
    merge(frame, ends or [start])
    return bool(ends)


def _if(machine: Machine, frame: Frame, node: ast.If) -> bool:
    expressions.condition_of(machine, frame, node.test)
    decided = truth.of(machine, frame, node.test)
    if decided is True:
        return block(machine, frame, node.body)
    if decided is False:
        if truth.is_typing(node.test):
            imports.for_types(machine, frame, node.body)
        return block(machine, frame, node.orelse)
    return _ways(machine, frame, (node.body, node.orelse))


def _loop(machine: Machine, frame: Frame, enter: Callable[[], None], body: Sequence[ast.stmt]) -> None:
    """Run a body as often as it changes what names stand for; it may also not run at all."""
    for _ in range(MOST_ROUNDS):
        start = dict(frame.names)
        enter()
        block(machine, frame, body)
        merge(frame, (start, frame.names))
        if frame.names == start:
            return


def _for(machine: Machine, frame: Frame, node: ast.For | ast.AsyncFor) -> bool:
    taken = boxes.elements(machine, expressions.evaluate(machine, frame, node.iter), Site(frame, node.iter))
    _loop(machine, frame, lambda: assign(machine, frame, node.target, taken), node.body)
    return block(machine, frame, node.orelse)


def _while(machine: Machine, frame: Frame, node: ast.While) -> bool:
    def enter() -> None:
        expressions.condition_of(machine, frame, node.test)

    enter()
    if truth.of(machine, frame, node.test) is not False or not isinstance(node.test, ast.Constant):
        _loop(machine, frame, enter, node.body)
    return block(machine, frame, node.orelse)


def _try(machine: Machine, frame: Frame, node: ast.Try) -> bool:
    start = dict(frame.names)
    ends = []
    whole = block(machine, frame, node.body)
    # A handler starts from anywhere in the body.
    merge(frame, (start, reached := frame.names))
    broken = frame.names
    if whole:
        frame.names = dict(reached)
        if block(machine, frame, node.orelse):
            ends.append(frame.names)
    for handler in node.handlers:
        frame.names = dict(broken)
        if handler.type is not None:
            expressions.evaluate(machine, frame, handler.type)
        if handler.name:
            bind(machine, frame, handler.name, UNKNOWN)
        if block(machine, frame, handler.body):
            ends.append(frame.names)
    merge(frame, ends or [broken])
    return block(machine, frame, node.finalbody) and bool(ends)


def _with(machine: Machine, frame: Frame, node: ast.With | ast.AsyncWith) -> bool:
    for item in node.items:
        managers = expressions.evaluate(machine, frame, item.context_expr)
        entered = join(*(attributes.enter(machine, atom, Site(frame, item.context_expr)) for atom in managers))
        if item.optional_vars is not None:
            assign(machine, frame, item.optional_vars, entered)
    return block(machine, frame, node.body)


def _match(machine: Machine, frame: Frame, node: ast.Match) -> bool:
    subject = expressions.evaluate(machine, frame, node.subject)
    start, ends = frame.names, []
    for case in node.cases:
        fits = patterns.fits(machine, frame, case.pattern, subject)
        if fits is False:
            continue
        frame.names = dict(start)
        patterns.capture(machine, frame, case.pattern, subject)
        if case.guard is not None:
            expressions.evaluate(machine, frame, case.guard)
        if block(machine, frame, case.body):
            ends.append(frame.names)
        if fits and case.guard is None:
            merge(frame, ends or [start])
            return bool(ends)
    merge(frame, [*ends, start])
    return True


def _assign(machine: Machine, frame: Frame, node: ast.Assign) -> None:
    value = expressions.evaluate(machine, frame, node.value)
    for target in node.targets:
        assign(machine, frame, target, value)


def _annotated(machine: Machine, frame: Frame, node: ast.AnnAssign) -> None:
    if frame.kind == "class" and isinstance(node.target, ast.Name):
        frame.annotated[node.target.id] = node.annotation
    if node.value is not None:
        assign(machine, frame, node.target, expressions.evaluate(machine, frame, node.value))
    elif frame.kind != "class" and (typed := definitions.typed(machine, frame, node.annotation)):
        assign(machine, frame, node.target, typed)


def _augmented(machine: Machine, frame: Frame, node: ast.AugAssign) -> None:
    target = ast.copy_location(_loaded(node.target), node.target)
    whole = ast.copy_location(ast.BinOp(target, node.op, node.value), node)
    own = (f"__i{protocols.OPERATORS[type(node.op)]}__",)
    protocols.ask(machine, expressions.evaluate(machine, frame, target), own, (UNKNOWN,), Site(frame, node))
    assign(machine, frame, node.target, expressions.evaluate(machine, frame, whole))


def _loaded(target: ast.expr) -> ast.expr:
    """The target of `+=` as an expression that reads it."""
    match target:
        case ast.Name(name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(owner, name):
            return ast.Attribute(owner, name, ast.Load(), end_lineno=target.end_lineno)
        case ast.Subscript(owner, key):
            return ast.Subscript(owner, key, ast.Load())
    return target


def _return(machine: Machine, frame: Frame, node: ast.Return) -> bool:
    value = expressions.evaluate(machine, frame, node.value) if node.value is not None else NOTHING
    frame.returned = join(frame.returned, value)
    return False


def _raise(machine: Machine, frame: Frame, node: ast.Raise) -> bool:
    for part in (node.exc, node.cause):
        if part is not None:
            expressions.evaluate(machine, frame, part)
    return False


def _expression(machine: Machine, frame: Frame, node: ast.Expr) -> None:
    expressions.evaluate(machine, frame, node.value)


def _assert(machine: Machine, frame: Frame, node: ast.Assert) -> None:
    expressions.condition_of(machine, frame, node.test)
    if node.msg is not None:
        expressions.evaluate(machine, frame, node.msg)


def _delete(machine: Machine, frame: Frame, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Attribute | ast.Subscript):
            owners = expressions.evaluate(machine, frame, target.value)
            name = "__delattr__" if isinstance(target, ast.Attribute) else "__delitem__"
            key = expressions.evaluate(machine, frame, target.slice) if isinstance(target, ast.Subscript) else UNKNOWN
            protocols.ask(machine, owners, (name,), (key,), Site(frame, target))


def _global(machine: Machine, frame: Frame, node: ast.Global) -> None:
    for name in node.names:
        declare(frame, name, everywhere=True)


def _nonlocal(machine: Machine, frame: Frame, node: ast.Nonlocal) -> None:
    for name in node.names:
        declare(frame, name, everywhere=False)


def _define(machine: Machine, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    old = frame.names.get(node.name, NOTHING)
    value = definitions.function(machine, frame, node)
    # `@x.setter` and `@overload` define a name once more that still has its first meaning.
    kept = old if any(definitions.adds(each) for each in node.decorator_list) else NOTHING
    bind(machine, frame, node.name, join(kept, value))


def _class(machine: Machine, frame: Frame, node: ast.ClassDef) -> None:
    bind(machine, frame, node.name, definitions.make_class(machine, frame, node))


STATEMENTS: dict[type[ast.stmt], Callable[[Machine, Frame, Any], bool | None]] = {
    ast.AnnAssign: _annotated,
    ast.Assert: _assert,
    ast.Assign: _assign,
    ast.AsyncFor: _for,
    ast.AsyncFunctionDef: _define,
    ast.AsyncWith: _with,
    ast.AugAssign: _augmented,
    ast.ClassDef: _class,
    ast.Delete: _delete,
    ast.Expr: _expression,
    ast.For: _for,
    ast.FunctionDef: _define,
    ast.Global: _global,
    ast.If: _if,
    ast.Import: imports.plain,
    ast.ImportFrom: imports.members,
    ast.Match: _match,
    ast.Nonlocal: _nonlocal,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.While: _while,
    ast.With: _with,
}
