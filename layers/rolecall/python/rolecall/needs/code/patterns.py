"""Patterns of `match`: what they bind, and whether they can fit."""

import ast

from rolecall.needs.code import attributes, boxes, expressions
from rolecall.needs.code.machine import Frame, Machine, Site
from rolecall.needs.code.names import bind
from rolecall.needs.code.values import Value, join, known_texts, one


def fits(machine: Machine, frame: Frame, pattern: ast.pattern, subject: Value) -> bool | None:
    """True for a pattern that takes everything or exactly this, False for other constants, None for not known."""
    match pattern:
        case ast.MatchAs(None):
            return True
        case ast.MatchAs(ast.pattern() as inner):
            return fits(machine, frame, inner, subject)
        case ast.MatchOr(parts):
            found = [fits(machine, frame, part, subject) for part in parts]
            return True if True in found else False if all(each is False for each in found) else None
        case ast.MatchValue(node):
            wanted, have = known_texts(expressions.evaluate(machine, frame, node)), known_texts(subject)
            if not wanted or len(have) != len(subject):
                return None
            return False if not set(wanted) & set(have) else True if wanted == have else None
    return None


def capture(machine: Machine, frame: Frame, pattern: ast.pattern, subject: Value) -> None:
    """Bind the names of a pattern to the parts of the subject."""
    site = Site(frame, pattern)
    match pattern:
        case ast.MatchAs(inner, name):
            if inner is not None:
                capture(machine, frame, inner, subject)
            if name:
                bind(machine, frame, name, subject)
        case ast.MatchStar(name) if name:
            bind(
                machine, frame, name, one(boxes.make(machine, site, everything=boxes.elements(machine, subject, site)))
            )
        case ast.MatchOr(parts):
            for part in parts:
                capture(machine, frame, part, subject)
        case ast.MatchSequence(parts):
            for part in parts:
                capture(machine, frame, part, boxes.elements(machine, subject, site))
        case ast.MatchMapping(keys, parts, rest):
            for key, part in zip(keys, parts, strict=True):
                wanted = expressions.evaluate(machine, frame, key)
                capture(machine, frame, part, join(*(boxes.subscript(machine, atom, wanted, site) for atom in subject)))
            if rest:
                bind(machine, frame, rest, subject)
        case ast.MatchClass(_, positional, names, parts):
            for part in positional:
                capture(machine, frame, part, subject)
            for name, part in zip(names, parts, strict=True):
                capture(machine, frame, part, attributes.of_value(machine, subject, name, site))
