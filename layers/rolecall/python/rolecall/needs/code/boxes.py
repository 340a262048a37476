"""Boxes: lists, tuples, sets, dicts, generators and futures, and everything else that has elements.

In the store a box has cells `#0`, `#1` … for known positions, `=key` for known keys, `*` for elements under no known
key, `(pattern` for keys that are known in part (texts with placeholders, tuples), and `~` for keys that are not known
as text.

Longer than most: what is put in under a key and what comes out for one must agree.
"""

from collections.abc import Iterable, Mapping

from rolecall.needs.code import attributes, boto, calling, modules, opaque, protocols
from rolecall.needs.code.machine import ELEMENT, Machine, Site
from rolecall.needs.code.values import (
    NOTHING,
    OPAQUE,
    PLACEHOLDER,
    UNKNOWN,
    UNKNOWN_TEXT,
    Arguments,
    Atom,
    Box,
    Class,
    Collection,
    Event,
    External,
    Foreign,
    Instance,
    Made,
    Module,
    Opaque,
    Plain,
    Text,
    Unknown,
    Value,
    join,
    known_texts,
    one,
    pattern,
    texts,
)  # fmt: skip

KEYS = "~"
PARTLY = "("
MOST_POSITIONS = 12
# Lambda Developer Guide, "Defined runtime environment variables".
SET_BY_LAMBDA = frozenset({"AWS_DEFAULT_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION"})
LONGEST_DEFAULT = 200  # characters: more than any name or ARN that stands in for a variable


def make(
    machine: Machine,
    site: Site,
    *,
    tag: str = "",
    positions: Iterable[Value] = (),
    named: Mapping[str, Value] | None = None,
    everything: Value = NOTHING,
    keys: Value = NOTHING,
) -> Box:
    """A box made at a place; what it held in an earlier run stays."""
    box = Box((*site.key, tag))
    for index, value in enumerate(positions):
        machine.put(box, f"#{index}" if index < MOST_POSITIONS else ELEMENT, value)
    for name, value in (named or {}).items():
        machine.put(box, f"={name}", value)
    machine.put(box, ELEMENT, everything)
    if keys:
        machine.put(box, KEYS, keys)
    return box


def contents(machine: Machine, box: Atom) -> Value:
    """All that is in a box, keys left out."""
    return join(*(value for name, value in machine.items(box) if name != KEYS))


def keyed(machine: Machine, box: Atom) -> dict[str, Value]:
    """The known keys of a dict with their values."""
    return {name[1:]: value for name, value in machine.items(box) if name.startswith("=")}


def _written(machine: Machine, key: Atom) -> str | None:
    """A key as a text with placeholders, a tuple by its parts; None where nothing of it is known."""
    match key:
        case Text(text):
            whole = text
        case Box():
            held = dict(machine.items(key))
            if not held or any(not name.startswith("#") for name, value in held.items() if value):
                return None
            parts = [texts(held.get(f"#{index}", UNKNOWN)) for index in range(len(held))]
            whole = "".join(f"{part[0] if len(part) == 1 else UNKNOWN_TEXT}, " for part in parts)
        case _:
            return None
    return whole if PLACEHOLDER.sub("", whole).strip(", ") else None


def _may_equal(left: str, right: str) -> bool:
    """Can two texts with placeholders be the same, as far as their beginnings and ends tell?"""
    ours, theirs = PLACEHOLDER.split(left), PLACEHOLDER.split(right)
    if len(ours) == len(theirs) == 1:
        return left == right
    starts = ours[0].startswith(theirs[0]) or theirs[0].startswith(ours[0])
    return starts and (ours[-1].endswith(theirs[-1]) or theirs[-1].endswith(ours[-1]))


def is_dict(machine: Machine, box: Atom) -> bool:
    return any(name[0] in "=~" for name, _ in machine.items(box))


def elements(machine: Machine, value: Value, site: Site) -> Value:
    """What a loop over a value takes from it."""
    return join(*(_elements(machine, atom, site) for atom in value))


def _elements(machine: Machine, atom: Atom, site: Site) -> Value:
    match atom:
        case Box():
            if is_dict(machine, atom):
                return join(*(one(Text(key)) for key in keyed(machine, atom)), machine.get(atom, KEYS))
            return contents(machine, atom)
        case Event():
            return one(atom)
        case Collection():
            return boto.iterate(machine, atom, site)
        case Class():
            return attributes.constants(machine, atom)
        case Instance():
            iterated = protocols.ask(machine, one(atom), ("__iter__", "__aiter__", "__getitem__"), (), site)
            if atom in iterated:
                return protocols.ask(machine, one(atom), ("__next__", "__anext__"), (), site)
            return elements(machine, iterated, site) if iterated else UNKNOWN
        case Made():
            return join(UNKNOWN, machine.get(atom.root, ELEMENT))
        case Opaque():
            return OPAQUE
        case Plain():
            return NOTHING
    return UNKNOWN


def at_index(machine: Machine, atom: Atom, index: int, site: Site) -> Value:
    """One element by its position, for unpacking."""
    if isinstance(atom, Box) and not is_dict(machine, atom):
        found = machine.get(atom, f"#{index}")
        return join(found, machine.get(atom, ELEMENT)) if found else contents(machine, atom)
    return _elements(machine, atom, site)


def subscript(machine: Machine, atom: Atom, keys: Value, site: Site) -> Value:
    """`atom[keys]`."""
    match atom:
        case Box():
            return join(*(_of_box(machine, atom, key) for key in keys or UNKNOWN))
        case Event():
            return join(*(_of_event(atom, key) for key in keys))
        case External("os.environ"):
            return environment(keys)
        case External("sys.modules"):
            return join(*(one(Module(text)) for text in texts(keys) if modules.module(machine, text)))
        case Module(name):
            return members(machine, name, keys)
        case Instance(of) if attributes.find(machine, of, "__getitem__"):
            return attributes.call_method(machine, atom, "__getitem__", Arguments((keys,)), site)
        case Instance():
            missing = attributes.call_method(machine, atom, "__missing__", Arguments((keys,)), site)
            return join(missing, *(attributes.get(machine, atom, text, site) for text in known_texts(keys)))
        case Class():
            # `Mapping[str, int]` is the class; a key of an enumeration is one of its members.
            return join(
                one(atom), *(attributes.get(machine, atom, text, site) for text in texts(keys) if text.isidentifier())
            )
        case Made():
            return join(UNKNOWN, machine.get(atom.root, ELEMENT))
        case Foreign():
            return one(atom)
        case Opaque():
            return OPAQUE
    return UNKNOWN


def _of_box(machine: Machine, box: Box, key: Atom) -> Value:
    match key:
        case Plain(int(index)) if index >= 0:
            found = machine.get(box, f"#{index}")
            return join(found, machine.get(box, ELEMENT)) if found else contents(machine, box)
        case Text(text) if not PLACEHOLDER.search(text):
            exact = machine.get(box, f"={text}")
            return join(exact, machine.get(box, ELEMENT), *_partly(machine, box, text))
    written = _written(machine, key)
    if written is None:
        return contents(machine, box)
    fitting = pattern(written)
    known = keyed(machine, box).items() if isinstance(key, Text) else ()
    named = [value for name, value in known if fitting.match(name)]
    return join(machine.get(box, ELEMENT), *named, *_partly(machine, box, written))


def _partly(machine: Machine, box: Box, text: str) -> list[Value]:
    """What is in a box under keys that are known in part, of which the text can be one."""
    if not any(name[0] == PARTLY for name in machine.store.get(box, ())):
        return []
    held = machine.items(box)
    return [value for name, value in held if name[0] == PARTLY and _may_equal(name[1:], text)]


def _of_event(event: Event, key: Atom) -> Value:
    match key:
        case Text(text) if not PLACEHOLDER.search(text):
            return one(event.at(text))
        case Plain(int()):
            return one(event)
    return UNKNOWN


def environment(names: Value, default: Value = NOTHING) -> Value:
    """What environment variables of these names hold, with what stands in for one that is not set.

    `⟨env:NAME=text⟩` is a variable with the text that stands in for it, which is a value by its side as well: only one
    of the two holds, and the configuration tells which.
    """
    # What Lambda itself sets is never absent; a default of None or "" says that it may be, not what it is.
    if set(texts(names)) <= SET_BY_LAMBDA:
        default = NOTHING
    instead = frozenset(atom for atom in default if atom not in (Plain(None), Text("")))
    plain = texts(instead) if len(instead) == 1 else ()
    end = f"={plain[0]}" if plain and len(plain[0]) <= LONGEST_DEFAULT and "⟨" not in plain[0] else ""
    found = join(*(one(Text(f"⟨env:{text}{end}⟩")) if "⟨" not in text else UNKNOWN for text in texts(names)))
    return join(found, instead)


def members(machine: Machine, name: str, keys: Value) -> Value:
    """`globals()[key]`, `getattr(module, key)`: of a key that is not known, every member that fits."""
    found = []
    for text in texts(keys):
        if "⟨" not in text:
            found.append(modules.member(machine, name, text))
        elif frame := modules.module(machine, name):
            fitting = pattern(text)
            for member, cell in list(frame.cells.items()):
                machine.look(cell)
                if fitting.match(member):
                    found.append(cell.value)
    return join(*found)


def set_element(machine: Machine, atom: Atom, keys: Value, value: Value, site: Site) -> None:
    """`atom[keys] = value`."""
    match atom:
        case Instance(of) if attributes.find(machine, of, "__setitem__"):
            attributes.call_method(machine, atom, "__setitem__", Arguments((keys, value)), site)
        case Instance() | Class() | Module():
            # `vars(it)[key] = value`, `it.__dict__[key] = value`, `globals()[key] = value`.
            for name in known_texts(keys):
                attributes.set_attribute(machine, atom, name, value, site)
            if isinstance(atom, Instance) and any("⟨" in text for text in texts(keys)):
                machine.put(atom, ELEMENT, value)
        case Made():
            machine.put(atom.root, ELEMENT, value)
        case Opaque():
            opaque.keep(machine, value, site)
        case Box():
            for key in keys or UNKNOWN:
                if isinstance(key, Text) and "⟨" not in key.text:
                    machine.put(atom, f"={key.text}", value)
                else:
                    text = _written(machine, key)
                    machine.put(atom, ELEMENT if text is None else f"{PARTLY}{text}", value)
                    if not isinstance(key, Plain):
                        machine.put(atom, KEYS, one(key))


def copy(machine: Machine, value: Value, target: Box, site: Site) -> None:
    """Put into a box what a value holds, under the same keys."""
    for atom in value:
        if isinstance(atom, Box):
            for name, held in machine.items(atom):
                machine.put(target, ELEMENT if name.startswith("#") else name, held)
        else:
            machine.put(target, ELEMENT, _elements(machine, atom, site))


def method(machine: Machine, box: Box, name: str, arguments: Arguments, site: Site) -> Value:
    """Call a method of a list, dict, set or future."""
    first, second = arguments.at(0, "key"), arguments.at(1, "default")
    match name:
        case "get" | "pop":
            if not arguments.positional:
                return contents(machine, box)
            found = subscript(machine, box, first, site)
            return join(found, second) if not found or Unknown() in first else found
        case "setdefault":
            set_element(machine, box, first, second, site)
            return join(subscript(machine, box, first, site), second)
        case "update" | "extend" | "union":
            copy(machine, arguments.at(0, "iterable"), box, site)
            for key, value in arguments.named.items():
                machine.put(box, f"={key}", value)
            return one(box)
        case "append" | "add" | "appendleft" | "put":
            machine.put(box, ELEMENT, first)
            return NOTHING
        case "insert":
            machine.put(box, ELEMENT, second)
            return NOTHING
        case "items":
            pair = make(machine, site, tag="pair", positions=(_elements(machine, box, site), contents(machine, box)))
            return one(make(machine, site, tag="items", everything=one(pair)))
        case "values":
            return one(make(machine, site, tag="values", everything=contents(machine, box)))
        case "keys":
            return one(make(machine, site, tag="keys", everything=_elements(machine, box, site)))
        case "copy" | "__iter__" | "__enter__" | "__aiter__":
            return one(box)
        case "result" | "popleft" | "popitem" | "__next__" | "__anext__" | "send" | "asend":
            return contents(machine, box)
        case "__getitem__":
            return subscript(machine, box, first, site)
        case "add_done_callback" | "sort":
            calling.escape(machine, arguments, site)
            return NOTHING
    return UNKNOWN


def event_method(machine: Machine, event: Event, name: str, arguments: Arguments, site: Site) -> Value:
    """Call a method of a part of the event: it is a dict, a list or a text."""
    match name:
        case "get" | "pop" | "setdefault" | "get_header_value" | "get_query_string_value":
            default = frozenset(atom for atom in arguments.at(1, "default") if isinstance(atom, Text | Event))
            return join(subscript(machine, event, arguments.at(0, "name"), site), default)
        case "items":
            pair = make(machine, site, tag="pair", positions=(UNKNOWN, one(event)))
            return one(make(machine, site, tag="items", everything=one(pair)))
        case "values" | "copy" | "strip" | "encode" | "decode" | "dict" | "model_dump" | "read":
            return one(event)
    return UNKNOWN
