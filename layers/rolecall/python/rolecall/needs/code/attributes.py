"""Attributes: what `atom.name` is, and objects of the user's classes.

Longer than most: how Python finds an attribute is one set of rules, in which each case falls back on the next.
"""

import ast
from collections.abc import Iterator

from rolecall.needs.code import boto, boxes, calling, modules, opaque, powertools, protocols
from rolecall.needs.code.machine import ELEMENT, Frame, Machine, Site
from rolecall.needs.code.names import look_up
from rolecall.needs.code.values import (
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
    Made,
    Method,
    Module,
    Opaque,
    Partial,
    Plain,
    Repeater,
    Resource,
    Session,
    Super,
    Text,
    Value,
    join,
    one,
    ordered,
)  # fmt: skip

MOST_BASES = 40
MOST_DOTS = 10


def of_value(machine: Machine, owners: Value, name: str, site: Site) -> Value:
    """`value.name`, for everything that the value can be."""
    if len(owners) == 1:
        (atom,) = owners
        return get(machine, atom, name, site)
    return join(*(get(machine, atom, name, site) for atom in ordered(owners)))


def get(machine: Machine, atom: Atom, name: str, site: Site) -> Value:
    """`atom.name`."""
    match atom:
        case Module() | Class() if name == "__dict__":
            return one(atom)
        case Module() if name == "update":
            return one(Method(atom, name))
        case Module(module):
            return modules.member(machine, module, name)
        case External(owner):
            return join(machine.get(atom, name), one(External(f"{owner}.{name}")))
        case Instance():
            return _of_instance(machine, atom, name, site)
        case Class():
            return _of_class(machine, atom, name, site)
        case Super(cls, receiver):
            return _of_super(machine, cls, receiver, name, site)
        case Made(owner, key):
            if name in powertools.EVENTS:
                return one(Event(""))
            further = one(Made(f"{owner}.{name}", key)) if owner.count(".") < MOST_DOTS else UNKNOWN
            return machine.get(atom, name) or further
        case Event():
            return _of_event(atom, name)
        case Client() | Resource() | Session():
            return boto.attribute(machine, atom, name, site)
        case Method(Resource() as resource, "meta") if name == "client":
            return one(Client(resource.service, region=resource.region))
        case Function() | Bound() | Partial():
            return machine.get(atom, name) or one(Method(atom, name))
        case Box():
            return machine.get(atom, f"={name}") or one(Method(atom, name))
        case Text() if name == "value":
            # A member of an enumeration stands for its value.
            return one(atom)
        case Text() | Collection() | Batch() | Repeater() | Descriptor():
            return one(Method(atom, name))
        case Foreign():
            return one(atom)
        case Opaque():
            return one(Opaque(name))
        case Plain(None):
            return NOTHING
    return UNKNOWN


def _of_event(event: Event, name: str) -> Value:
    if name in powertools.DICT_METHODS:
        return one(Method(event, name))
    path = powertools.path(name)
    return one(event.at(path)) if path else one(event)


# Classes


def bases(machine: Machine, cls: Class) -> tuple[Atom, ...]:
    """The class and all that it inherits from, in the order in which Python looks (without sharing in diamonds)."""
    if cls not in machine.lines:
        machine.lines[cls] = tuple(_bases(machine, cls))
    return machine.lines[cls]


def _bases(machine: Machine, cls: Class) -> Iterator[Atom]:
    seen: set[Atom] = set()
    waiting: list[Atom] = [cls]
    while waiting and len(seen) < MOST_BASES:
        atom = waiting.pop(0)
        if atom in seen:
            continue
        seen.add(atom)
        yield atom
        if isinstance(atom, Class):
            declared = [value for name, value in sorted(machine.items(atom)) if name.startswith("<")]
            waiting = [each for value in declared for each in ordered(value)] + waiting


def find(machine: Machine, cls: Class, name: str) -> Value:
    """What a class or the first of its bases has under a name."""
    for base in bases(machine, cls):
        if isinstance(base, Class) and (value := machine.get(base, name)):
            return value
    return NOTHING


def externals(machine: Machine, cls: Class) -> tuple[str, ...]:
    """The names of the classes outside that it inherits from."""
    return tuple(base.name for base in bases(machine, cls) if isinstance(base, External | Made))


def constants(machine: Machine, cls: Class) -> Value:
    """The members of an enumeration, as their values."""
    if not any(name.rpartition(".")[2].endswith("Enum") for name in externals(machine, cls)):
        return UNKNOWN
    return join(*(value for name, value in machine.items(cls) if name.isidentifier() and not _is_code(value)))


def _is_code(value: Value) -> bool:
    return any(isinstance(atom, Function | Descriptor) for atom in value)


def _of_class(machine: Machine, cls: Class, name: str, site: Site) -> Value:
    if name == "__name__":
        return one(Text(_name_of(machine, cls)))
    found = find(machine, cls, name)
    if found:
        return join(*(_unbound(machine, cls, atom, site) for atom in found))
    if name in ("__subclasses__", "__new__", "mro", "__init__") or externals(machine, cls):
        return one(Method(cls, name))
    return UNKNOWN


def _name_of(machine: Machine, cls: Class) -> str:
    node = machine.definitions[cls.key].node
    return node.name if isinstance(node, ast.ClassDef) else "?"


def _unbound(machine: Machine, cls: Class, atom: Atom, site: Site) -> Value:
    match atom:
        case Descriptor("static", function):
            return one(function)
        case Descriptor("class", function):
            return one(Bound(function, cls))
        case Instance(of) if find(machine, of, "__get__"):
            return call_method(machine, atom, "__get__", Arguments((NOTHING, one(cls))), site)
    return one(atom)


def _bound(machine: Machine, receiver: Atom, atom: Atom, site: Site) -> Value:
    """What an attribute of the class is when it is taken from an object."""
    match atom:
        case Function():
            return one(Bound(atom, receiver))
        case Descriptor("property", function):
            return calling.call(machine, Bound(function, receiver), Arguments(), site)
        case Descriptor("static", function):
            return one(function)
        case Descriptor("class", function):
            return one(Bound(function, receiver.of if isinstance(receiver, Instance) else receiver))
        case Instance(of) if find(machine, of, "__get__"):
            owner = one(receiver.of) if isinstance(receiver, Instance) else NOTHING
            return call_method(machine, atom, "__get__", Arguments((one(receiver), owner)), site)
    return one(atom)


def _of_instance(machine: Machine, instance: Instance, name: str, site: Site) -> Value:
    if name == "__class__":
        return one(instance.of)
    if name == "__dict__":
        return one(instance)
    # Under any name: `setattr(self, name, …)`, and what code that was not run may have put there.
    own, further = machine.get(instance, name), machine.get(instance, ELEMENT)
    if own:
        return join(own, further)
    found = find(machine, instance.of, name)
    if found:
        bound = join(*(_bound(machine, instance, atom, site) for atom in ordered(found)))
        return bound if _is_code(found) else join(bound, further)
    if further and further != OPAQUE:
        return further
    if not name.startswith("__") and find(machine, instance.of, "__getattr__"):
        return call_method(machine, instance, "__getattr__", Arguments((one(Text(name)),)), site)
    if name == "update":
        return one(Method(instance, name))
    outside = externals(machine, instance.of)
    if any(each.endswith("BaseSettings") for each in outside):
        # pydantic-settings, "Usage": a field is read from the variable of its name, in any case.
        return one(Text(f"⟨env:{name.upper()}⟩"))
    if name in ("start", "join") and (run := find(machine, instance.of, "run")):
        return join(*(_bound(machine, instance, atom, site) for atom in run)) if name == "start" else UNKNOWN
    if outside:
        return one(Made(f"{outside[0]}.{name}", instance.key))
    # What a method that was not run would have set.
    spared = machine.power is not None and machine.power.spared(str(instance.of.key[0]), machine.current)
    return one(Opaque(name)) if spared else UNKNOWN


def update(machine: Machine, atom: Atom, given: Arguments, site: Site) -> Value:
    """`vars(atom).update(…)`."""
    for key, value in given.named.items():
        set_attribute(machine, atom, key, value, site)
    for each in ordered(join(*given.positional)):
        if isinstance(each, Box):
            for key, value in boxes.keyed(machine, each).items():
                set_attribute(machine, atom, key, value, site)
    return NOTHING


def make_super(machine: Machine, frame: Frame) -> Value:
    """`super()` in a method."""
    if frame.owner is None or frame.first is None:
        return UNKNOWN
    receivers = look_up(machine, frame, frame.first)
    return frozenset(Super(frame.owner, atom) for atom in receivers if isinstance(atom, Instance | Class))


def _of_super(machine: Machine, cls: Class, receiver: Atom, name: str, site: Site) -> Value:
    of = receiver.of if isinstance(receiver, Instance) else receiver
    order = [base for base in bases(machine, of) if isinstance(base, Class)] if isinstance(of, Class) else []
    for base in order[order.index(cls) + 1 :] if cls in order else []:
        if found := machine.get(base, name):
            return join(*(_bound(machine, receiver, atom, site) for atom in found))
    return one(Method(Super(cls, receiver), name))


def set_attribute(machine: Machine, atom: Atom, name: str, value: Value, site: Site) -> None:
    """`atom.name = value`."""
    match atom:
        case Module(module):
            frame = modules.module(machine, module)
            if frame is not None:
                modules.put(machine, frame, name, value)
        case Instance():
            protocols.store(machine, atom, name, value, site)
            machine.put(atom, name, value)
        case Class() | Made() | Function() | External():
            machine.put(atom, name, value)
        case Bound(function, _):
            machine.put(function, name, value)
        case Opaque():
            opaque.keep(machine, value, site)


# Objects


def instantiate(machine: Machine, cls: Class, given: Arguments, site: Site) -> Value:
    """`cls(…)`."""
    outside = externals(machine, cls)
    if any(name.rpartition(".")[2].endswith("Enum") for name in outside):
        return constants(machine, cls)
    instance = machine.instance(cls, given, site)
    made = one(instance)
    for maker in find(machine, cls, "__new__"):
        maker = maker.function if isinstance(maker, Descriptor) else maker
        whole = Arguments((one(cls), *given.positional), given.named, given.rest, given.open)
        made = calling.call(machine, maker, whole, site) or made
    initial = find(machine, cls, "__init__")
    for atom in made:
        if not isinstance(atom, Instance):
            continue
        for each in initial:
            if isinstance(each, Function):
                calling.call(machine, Bound(each, atom), given, site)
        if not initial:
            _fill(machine, atom, given)
            call_method(machine, atom, "__post_init__", Arguments(), site)
    if outside:
        calling.escape(machine, given, site)
    return made


def _fill(machine: Machine, instance: Instance, given: Arguments) -> None:
    """The fields of a dataclass, a named tuple or a model; a default is an attribute of its class."""
    fields = _fields(machine, instance.of)
    for name, value in zip(fields, given.positional, strict=False):
        machine.put(instance, name, value)
    for name, value in given.named.items():
        machine.put(instance, name, value)
    for name in fields[len(given.positional) :]:
        if name not in given.named and (given.rest or given.open):
            machine.put(instance, name, given.rest or UNKNOWN)


def _fields(machine: Machine, cls: Class) -> list[str]:
    found: dict[str, None] = {}
    for base in reversed(bases(machine, cls)):
        if isinstance(base, Class):
            frame = machine.frames.get(("class", *base.key, *base.frame))
            found.update(dict.fromkeys(frame.annotated if frame else ()))
    return list(found)


def call_instance(machine: Machine, instance: Instance, given: Arguments, site: Site) -> Value:
    """`instance(…)`."""
    if find(machine, instance.of, "__call__"):
        return call_method(machine, instance, "__call__", given, site)
    calling.escape(machine, given, site)
    return UNKNOWN


def call_method(machine: Machine, instance: Instance, name: str, given: Arguments, site: Site) -> Value:
    """Call a method that Python calls by itself; nothing where the class has none."""
    found = find(machine, instance.of, name)
    return join(
        *(
            calling.call(machine, called, given, site)
            for atom in ordered(found)
            for called in _bound(machine, instance, atom, site)
        )
    )


def call_bound(machine: Machine, receiver: Instance | Class, function: Atom, given: Arguments, site: Site) -> Value:
    """Call a function of the user's with an object or class as its first argument."""
    called: Atom = Bound(function, receiver) if isinstance(function, Function) else function
    return calling.call(machine, called, given, site)


def class_method(machine: Machine, receiver: Class | Super, name: str, given: Arguments, site: Site) -> Value:
    """Call what a class has from outside: `super().__new__(cls)`, `Base.__subclasses__()`, `Model.parse_obj(…)`."""
    calling.escape(machine, given, site)
    match receiver:
        case Super() if name == "__new__":
            made = given.at(0, "cls")
            return frozenset(Instance(atom, site.key) for atom in made if isinstance(atom, Class))
        case Super() if name == "__call__" and isinstance(receiver.receiver, Class):
            return instantiate(machine, receiver.receiver, given, site)
        case Super(_, Instance() as instance) if name == "__init__":
            _fill(machine, instance, given)
            return NOTHING
        case Class() if name == "__subclasses__":
            below = (atom for atom in list(machine.store) if isinstance(atom, Class) and atom != receiver)
            found = frozenset(atom for atom in below if receiver in bases(machine, atom))
            return one(boxes.make(machine, site, everything=found))
        case Class() if name == "__new__":
            return one(Instance(receiver, site.key))
        case Class():
            # A constructor that a base outside has: `Order.model_validate(event)`.
            return one(Instance(receiver, site.key))
    return UNKNOWN


def enter(machine: Machine, atom: Atom, site: Site) -> Value:
    """What `with atom as …` gives; the end of the block is run as well."""
    match atom:
        case Instance():
            entered = join(
                *(call_method(machine, atom, name, Arguments(), site) for name in ("__enter__", "__aenter__"))
            )
            for name in ("__exit__", "__aexit__"):
                call_method(machine, atom, name, Arguments(rest=UNKNOWN), site)
            return entered or one(atom)
        case Box():
            # What a function with @contextmanager yields.
            return join(boxes.contents(machine, atom))
        case Made():
            return join(one(atom), machine.get(atom.root, ELEMENT))
    return one(atom)
