"""Calls: of whatever is called, with whatever it is given.

Longer than most: binding arguments, situations and what is handed outside all serve one act.
"""

import ast
from dataclasses import replace

from rolecall.needs.code import (
    attributes,
    boto,
    boxes,
    definitions,
    expressions,
    opaque,
    outside,
    powertools,
    statements,
    strings,
)
from rolecall.needs.code.machine import (
    DEEPEST,
    ELEMENT,
    MOST_CONTEXTS,
    MOST_KINDS,
    Cell,
    Definition,
    Frame,
    Machine,
    Site,
)
from rolecall.needs.code.names import bind
from rolecall.needs.code.values import (
    CALLABLE,
    NOTHING,
    OPAQUE,
    UNKNOWN,
    Arguments,
    Atom,
    Batch,
    Bound,
    Box,
    Class,
    Client,
    Collection,
    Descriptor,
    Event,
    External,
    Foreign,
    Function,
    Instance,
    Key,
    Made,
    Method,
    Module,
    Opaque,
    Partial,
    Repeater,
    Resource,
    Session,
    Super,
    Text,
    Unknown,
    Value,
    join,
    known_texts,
    one,
    ordered,
)  # fmt: skip

NEW_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def arguments(machine: Machine, frame: Frame, node: ast.Call) -> Arguments:
    """Evaluate what a call is given, lists and dicts with stars included."""
    given = Arguments()
    positional: list[Value] = []
    for argument in node.args:
        value = expressions.evaluate(machine, frame, argument)
        if isinstance(argument, ast.Starred):
            _spread(machine, given, positional, value, Site(frame, argument))
        else:
            positional.append(value)
    given.positional = tuple(positional)
    for keyword in node.keywords:
        value = expressions.evaluate(machine, frame, keyword.value)
        if keyword.arg is not None:
            given.named[keyword.arg] = value
        else:
            _spread_names(machine, given, value)
    return given


def _spread(machine: Machine, given: Arguments, positional: list[Value], value: Value, site: Site) -> None:
    boxed = [atom for atom in value if isinstance(atom, Box)]
    held = dict(machine.items(boxed[0])) if len(boxed) == len(value) == 1 else {}
    known = [name for name in held if name.startswith("#")]
    if known and not held.get("*"):
        positional += [held[f"#{index}"] for index in range(len(known)) if f"#{index}" in held]
    else:
        given.rest = join(given.rest, boxes.elements(machine, value, site))


def _spread_names(machine: Machine, given: Arguments, value: Value) -> None:
    for atom in value:
        if isinstance(atom, Box):
            for name, held in boxes.keyed(machine, atom).items():
                touched = OPAQUE & machine.get(atom, ELEMENT)
                given.named[name] = join(given.named.get(name, NOTHING), held, touched)
            given.open = given.open or bool(machine.get(atom, boxes.KEYS))
        else:
            given.open = True


def call_value(machine: Machine, called: Value, given: Arguments, site: Site) -> Value:
    """Call everything that a value can be."""
    if len(called) == 1:
        (atom,) = called
        return call(machine, atom, given, site)
    clients = [atom.receiver for atom in called if isinstance(atom, Method) and isinstance(atom.receiver, Client)]
    if len({client.service for client in clients}) > 1:
        # Which of several clients is meant hangs on a choice that is not followed.
        called = frozenset(_doubtful(atom) for atom in called)
    # In a fixed order: where boxes are made, and bounds are hit, must not hang on hashes.
    return join(*(call(machine, atom, given, site) for atom in ordered(called)))


def _doubtful(atom: Atom) -> Atom:
    match atom:
        case Method(Client() as client, name):
            return Method(replace(client, certain=False), name)
    return atom


def call(machine: Machine, atom: Atom, given: Arguments, site: Site) -> Value:
    """Call one thing."""
    match atom:
        case Function():
            return run(machine, atom, given, site)
        case Bound(function, receiver):
            return run(machine, function, _before(one(receiver), given), site)
        case Partial(function, positional, named):
            whole = Arguments((*positional, *given.positional), {**dict(named), **given.named}, given.rest, given.open)
            return call(machine, function, whole, site)
        case Class():
            return attributes.instantiate(machine, atom, given, site)
        case Instance():
            return attributes.call_instance(machine, atom, given, site)
        case Descriptor(_, function):
            return run(machine, function, given, site)
        case External():
            return outside.call(machine, atom, given, site)
        case Made():
            return outside.call_made(machine, atom, given, site)
        case Method(receiver, name):
            return _method(machine, receiver, name, given, site)
        case Foreign():
            return one(atom)
        case Opaque():
            return opaque.call(machine, atom, given, site)
        case Event():
            return UNKNOWN
    escape(machine, given, site)
    return UNKNOWN


def _before(first: Value, given: Arguments) -> Arguments:
    return Arguments((first, *given.positional), given.named, given.rest, given.open)


def _method(machine: Machine, receiver: Atom, name: str, given: Arguments, site: Site) -> Value:
    match receiver:
        case Client() | Resource() | Collection() | Batch() | Repeater() | Session():
            return boto.method(machine, receiver, name, given, site)
        case Box():
            return boxes.method(machine, receiver, name, given, site)
        case Event():
            return boxes.event_method(machine, receiver, name, given, site)
        case Text(text):
            return strings.method(machine, text, name, given, site)
        case Module() | Instance() if name == "update":
            return attributes.update(machine, receiver, given, site)
        case Module(module) if name == "get":
            return boxes.members(machine, module, given.at(0, "key"))
        case Class() | Super():
            return attributes.class_method(machine, receiver, name, given, site)
        case Function() | Bound() | Partial() | Descriptor():
            return _function_method(machine, receiver, name, given)
        case External(owner):
            return outside.call(machine, External(f"{owner}.{name}"), given, site)
    escape(machine, given, site)
    return UNKNOWN


def _function_method(machine: Machine, receiver: Atom, name: str, given: Arguments) -> Value:
    if name in ("setter", "getter", "deleter"):
        if isinstance(receiver, Descriptor):
            machine.put(receiver.function, f"<{name}>", join(*given.positional))
        return one(receiver)
    if name == "register":
        # functools.singledispatch: `@run.register` and `run.register(type, function)`.
        added = frozenset(atom for value in given.positional for atom in value if isinstance(atom, CALLABLE))
        machine.put(receiver, "<registered>", added)
        return added or one(Method(receiver, name))
    return UNKNOWN


def escape(machine: Machine, given: Arguments, site: Site) -> None:
    """What the user's code hands to the outside is called there, with what follows it, or with anything."""
    for index, value in enumerate(given.positional):
        for atom in ordered(_callables(value)):
            after = given.positional[index + 1 :]
            call(machine, atom, Arguments(after, given.named, given.rest or UNKNOWN, open=True), site)
    target = [(name, value) for name, value in given.named.items() if _callables(value)]
    for name, value in target:
        passed = boxes.elements(machine, given.named.get("args", NOTHING), site) if name == "target" else UNKNOWN
        if name == powertools.RECORD_HANDLER:
            passed = one(Event("Records"))
        for atom in ordered(_callables(value)):
            call(machine, atom, Arguments((), _thread_names(machine, given), passed or UNKNOWN, open=True), site)


def _thread_names(machine: Machine, given: Arguments) -> dict[str, Value]:
    held = [boxes.keyed(machine, atom) for atom in given.named.get("kwargs", NOTHING) if isinstance(atom, Box)]
    return held[0] if held else {}


def _callables(value: Value) -> list[Atom]:
    return [atom for atom in value if isinstance(atom, CALLABLE)]


def run(machine: Machine, function: Function, given: Arguments, site: Site) -> Value:
    """Run a function once for each set of arguments; another call with the same takes what the first gave."""
    machine.step()
    if machine.spares(function, given):
        return OPAQUE
    number, given = _situation(machine, function, given)
    result = machine.returns.setdefault(number, Cell())
    task = machine.lead(number, lambda: _perform(machine, function, number, site))
    if task is not None:
        machine.given[number] = given
        if machine.depth > DEEPEST:
            machine.dirty.add(task)
        else:
            machine.perform(task)
    return machine.look(result)


def _perform(machine: Machine, function: Function, number: int, site: Site) -> None:
    machine.running.add(number)
    machine.depth += 12
    value = _run(machine, function, machine.given[number], number)
    machine.depth -= 12
    machine.running.discard(number)
    machine.grow(machine.returns[number], value)
    for other in machine.get(function, "<registered>"):
        call(machine, other, machine.given[number], site)


def _situation(machine: Machine, function: Function, given: Arguments) -> tuple[int, Arguments]:
    """The number of this set of arguments, and the set itself: one for all where there are too many."""
    key = (function, given.key())
    number = machine.situations.setdefault(key, len(machine.situations))
    used = machine.contexts.setdefault((function,), set())
    if number in used or len(used) < MOST_CONTEXTS:
        used.add(number)
        return number, given
    kind = _kind(machine, function, given)
    number = machine.situations.setdefault(kind, len(machine.situations))
    known = machine.given.get(number)
    if known is not None and (whole := _merged(known, given)) != known:
        machine.given[number] = whole
        machine.dirty.add(machine.tasks[number])
    return number, given


def _kind(machine: Machine, function: Function, given: Arguments) -> Key:
    """What sets of arguments that are run together have in common: the constant texts among them."""
    names = (*enumerate(given.positional), *sorted(given.named.items(), key=lambda item: item[0]))
    constants = tuple((name, value) for name, value in names if len(value) == 1 and known_texts(value))
    kinds = machine.kinds.setdefault(function, set())
    if constants not in kinds and len(kinds) >= MOST_KINDS:
        return (function, "merged")
    kinds.add(constants)
    return (function, "merged", constants)


def _merged(one_set: Arguments, other: Arguments) -> Arguments:
    longest = max(len(one_set.positional), len(other.positional))
    positional = tuple(
        join(*(each.positional[index] for each in (one_set, other) if index < len(each.positional)))
        for index in range(longest)
    )
    named = {
        name: join(one_set.named.get(name, NOTHING), other.named.get(name, NOTHING))
        for name in sorted({*one_set.named, *other.named})
    }
    return Arguments(positional, named, join(one_set.rest, other.rest), one_set.open or other.open)


def _run(machine: Machine, function: Function, given: Arguments, number: int) -> Value:
    definition = machine.definitions[function.key]
    parent = machine.frames[function.frame]
    frame = machine.frames.setdefault(
        ("function", number), Frame("function", ("function", number), definition.source, parent)
    )
    frame.owner = definition.owner or parent.owner
    machine.enter(frame, parent, given)
    frame.names, frame.outer, frame.returned, frame.yielded = {}, {}, NOTHING, NOTHING
    _bind(machine, frame, function, definition, given)
    node = definition.node
    if isinstance(node, ast.Lambda):
        return expressions.evaluate(machine, frame, node.body)
    if not isinstance(node, ast.ClassDef):
        statements.block(machine, frame, node.body)
    if frame.yielded or (not frame.returned and _generates(machine, function.key, node)):
        return one(boxes.make(machine, Site(frame, node), tag="yielded", everything=frame.yielded))
    return frame.returned


def _generates(machine: Machine, key: Key, node: ast.AST) -> bool:
    if key not in machine.generators:
        machine.generators[key] = _yields(node)
    return machine.generators[key]


def _yields(node: ast.AST) -> bool:
    """Is there a `yield` in its own body? In a loop, as a long sum nests deeper than Python's stack."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, NEW_SCOPES):
            waiting.extend(ast.iter_child_nodes(each))
    return False


def _bind(machine: Machine, frame: Frame, function: Function, definition: Definition, given: Arguments) -> None:
    node = definition.node
    if isinstance(node, ast.ClassDef):
        return
    site, parameters = Site(frame, node), node.args
    positional = [*parameters.posonlyargs, *parameters.args]
    frame.first = positional[0].arg if positional else None
    for index, parameter in enumerate([*positional, *parameters.kwonlyargs]):
        position = index if index < len(positional) else len(given.positional)
        bind(machine, frame, parameter.arg, _argument(machine, frame, function, parameter, position, given))
    if parameters.vararg:
        left = given.positional[len(positional) :]
        box = boxes.make(machine, site, tag="*args", positions=left, everything=given.rest)
        bind(machine, frame, parameters.vararg.arg, one(box))
    if parameters.kwarg:
        names = {each.arg for each in (*positional, *parameters.kwonlyargs)}
        rest = {name: value for name, value in given.named.items() if name not in names}
        box = boxes.make(machine, site, tag="**", named=rest, keys=UNKNOWN if given.open else NOTHING)
        bind(machine, frame, parameters.kwarg.arg, one(box))


def _argument(
    machine: Machine, frame: Frame, function: Function, parameter: ast.arg, position: int, given: Arguments
) -> Value:
    default = machine.get(function, f"={parameter.arg}")
    if parameter.arg in given.named:
        value = given.named[parameter.arg]
    elif position < len(given.positional):
        value = given.positional[position]
    else:
        value = join(given.rest, default, UNKNOWN if given.open and not given.rest else NOTHING)
    if not value or Unknown() in value:
        return join(value, definitions.typed(machine, frame, parameter.annotation))
    return value
