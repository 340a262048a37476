"""Python's own functions, as far as values flow through them: a table, with a few lines for each row."""

from collections.abc import Callable

from rolecall.needs.code import attributes, boto, boxes, calling, modules, strings
from rolecall.needs.code.machine import ELEMENT, Machine, Site
from rolecall.needs.code.values import (
    CALLABLE,
    NOTHING,
    UNKNOWN,
    Arguments,
    Atom,
    Box,
    Class,
    Client,
    Descriptor,
    Event,
    External,
    Foreign,
    Function,
    Instance,
    Made,
    Module,
    Partial,
    Resource,
    Super,
    Text,
    Unknown,
    Value,
    join,
    known_texts,
    one,
    ordered,
    pattern,
    texts,
)  # fmt: skip

Model = Callable[[Machine, Arguments, Site], Value]

WRAPPERS = frozenset(
    {
        "functools.lru_cache", "functools.cache", "functools.wraps", "functools.singledispatch",
        "functools.total_ordering", "contextlib.contextmanager", "contextlib.asynccontextmanager",
        "dataclasses.dataclass", "attr.s", "attrs.define",
        "attr.attrs", "attrs.frozen", "typing.overload", "typing.no_type_check", "typing.final", "abc.abstractmethod",
        "cachetools.cached", "cachetools.func.ttl_cache", "cachetools.func.lru_cache", "async_lru.alru_cache",
        "retry.retry", "backoff.on_exception", "tenacity.retry", "builtins.property", "builtins.staticmethod",
        "builtins.classmethod", "functools.singledispatchmethod", "pydantic.validate_call", "typing.runtime_checkable",
    }
)  # fmt: skip
"""Decorators that give back what does the same, and call nothing by themselves."""


def _first(machine: Machine, given: Arguments, site: Site) -> Value:
    return given.at(0, "")


def _second(machine: Machine, given: Arguments, site: Site) -> Value:
    return given.at(1, "val")


def _listed(machine: Machine, given: Arguments, site: Site) -> Value:
    _by_key(machine, given, site)
    if not given.positional:
        return one(boxes.make(machine, site))
    held = [atom for atom in given.positional[0] if isinstance(atom, Box)]
    if held and len(held) == len(given.positional[0]) and not any(boxes.is_dict(machine, each) for each in held):
        return given.positional[0]
    return one(boxes.make(machine, site, everything=boxes.elements(machine, given.positional[0], site)))


def _by_key(machine: Machine, given: Arguments, site: Site) -> None:
    """`sorted(orders, key=…)`: the function is called with each element."""
    taken = boxes.elements(machine, given.at(0, ""), site)
    calling.call_value(machine, given.named.get("key", NOTHING), Arguments((taken or UNKNOWN,)), site)


def _dict(machine: Machine, given: Arguments, site: Site) -> Value:
    box = boxes.make(machine, site, named=given.named, keys=UNKNOWN if given.open else NOTHING)
    for value in given.positional:
        for atom in value:
            if isinstance(atom, Box) and not boxes.is_dict(machine, atom):
                _pairs(machine, box, boxes.elements(machine, one(atom), site), site)
            elif isinstance(atom, Event):
                return one(atom)
            else:
                boxes.copy(machine, one(atom), box, site)
    return one(box)


def _pairs(machine: Machine, box: Box, pairs: Value, site: Site) -> None:
    for pair in pairs:
        key, value = (boxes.at_index(machine, pair, index, site) for index in (0, 1))
        boxes.set_element(machine, box, key, value, site)


def _getattr(machine: Machine, given: Arguments, site: Site) -> Value:
    names = given.at(1, "name")
    found = [given.positional[2] if len(given.positional) > 2 else NOTHING]
    for atom in ordered(given.at(0, "object")):
        if isinstance(atom, Client):
            found.append(boto.operations(machine, atom, names, site))
        else:
            found.append(_named(machine, atom, names, site))
    return join(*found)


def _named(machine: Machine, atom: Atom, names: Value, site: Site) -> Value:
    """An attribute by names of which some are not known: then every one that fits."""
    if isinstance(atom, Module):
        return boxes.members(machine, atom.name, names)
    found = [attributes.get(machine, atom, text, site) for text in known_texts(names)]
    open_names = [text for text in texts(names) if "⟨" in text]
    for text in open_names:
        fitting = pattern(text)
        names_that_fit = [name for name in _attributes(machine, atom) if fitting.match(name) and name[:2] != "__"]
        found += [attributes.get(machine, atom, name, site) for name in names_that_fit]
    if open_names and isinstance(atom, External | Resource):
        machine.wonder(
            site, "takes an attribute by a name that is not known", atom.service if isinstance(atom, Resource) else None
        )
    return join(*found)


def _attributes(machine: Machine, atom: Atom) -> list[str]:
    owners: list[Atom] = [atom]
    if isinstance(atom, Instance | Class):
        owners += attributes.bases(machine, atom.of if isinstance(atom, Instance) else atom)
    return [name for owner in owners for name, _ in machine.items(owner) if name.isidentifier()]


def _setattr(machine: Machine, given: Arguments, site: Site) -> Value:
    for atom in given.at(0, "object"):
        for name in known_texts(given.at(1, "name")):
            attributes.set_attribute(machine, atom, name, given.at(2, "value"), site)
        if isinstance(atom, Instance) and any("⟨" in text for text in texts(given.at(1, "name"))):
            machine.put(atom, ELEMENT, given.at(2, "value"))
    return NOTHING


def _super(machine: Machine, given: Arguments, site: Site) -> Value:
    return frozenset(
        Super(cls, receiver)
        for cls in given.at(0, "type") if isinstance(cls, Class)
        for receiver in given.at(1, "object") if isinstance(receiver, Instance | Class)
    )  # fmt: skip


def _map(machine: Machine, given: Arguments, site: Site) -> Value:
    taken = tuple(boxes.elements(machine, value, site) for value in given.positional[1:])
    result = calling.call_value(machine, given.at(0, "function"), Arguments(taken, rest=given.rest), site)
    return one(boxes.make(machine, site, tag="map", everything=result))


def _starmap(machine: Machine, given: Arguments, site: Site) -> Value:
    rows = boxes.elements(machine, given.at(1, "iterable"), site)
    taken = tuple(join(*(boxes.at_index(machine, row, index, site) for row in rows)) for index in range(4))
    result = calling.call_value(machine, given.at(0, "function"), Arguments(taken), site)
    return one(boxes.make(machine, site, tag="map", everything=result))


def _filter(machine: Machine, given: Arguments, site: Site) -> Value:
    taken = boxes.elements(machine, given.at(1, "iterable"), site)
    calling.call_value(machine, given.at(0, "function"), Arguments((taken,)), site)
    return one(boxes.make(machine, site, tag="filter", everything=taken))


def _reduce(machine: Machine, given: Arguments, site: Site) -> Value:
    taken = boxes.elements(machine, given.at(1, "iterable"), site)
    first = join(given.at(2, "initial"), taken)
    return join(first, calling.call_value(machine, given.at(0, "function"), Arguments((first, taken)), site))


def _zip(machine: Machine, given: Arguments, site: Site) -> Value:
    columns = [boxes.elements(machine, value, site) for value in given.positional]
    pair = boxes.make(machine, site, tag="pair", positions=columns)
    return one(boxes.make(machine, site, everything=one(pair)))


def _enumerate(machine: Machine, given: Arguments, site: Site) -> Value:
    taken = boxes.elements(machine, given.at(0, "iterable"), site)
    pair = boxes.make(machine, site, tag="pair", positions=(UNKNOWN, taken))
    return one(boxes.make(machine, site, everything=one(pair)))


def _chain(machine: Machine, given: Arguments, site: Site) -> Value:
    taken = join(*(boxes.elements(machine, value, site) for value in (*given.positional, given.rest)))
    inner = frozenset(atom for atom in taken if isinstance(atom, Box))
    return one(boxes.make(machine, site, everything=join(taken, boxes.elements(machine, inner, site))))


def _element(machine: Machine, given: Arguments, site: Site) -> Value:
    _by_key(machine, given, site)
    default = given.positional[1] if len(given.positional) > 1 else NOTHING
    return join(boxes.elements(machine, given.at(0, ""), site), default)


def _str(machine: Machine, given: Arguments, site: Site) -> Value:
    return strings.concatenated(given.positional[:1]) if given.positional else one(Text(""))


def _type(machine: Machine, given: Arguments, site: Site) -> Value:
    if len(given.positional) < 2:
        return frozenset(atom.of for atom in given.at(0, "object") if isinstance(atom, Instance)) or UNKNOWN
    # `type(name, bases, members)` makes a class that does what its base does.
    return boxes.elements(machine, given.positional[1], site) or UNKNOWN


def _execute(machine: Machine, given: Arguments, site: Site) -> Value:
    machine.wonder(site, "runs code that is made while it runs")
    return UNKNOWN


def _import(machine: Machine, given: Arguments, site: Site) -> Value:
    found: list[Value] = []
    for text in texts(given.at(0, "name")) or ("⟨?⟩",):
        package = site.frame.source.package if text.startswith(".") else ""
        name = f"{package}{text}" if package else text.lstrip(".")
        if "⟨" not in text:
            found.append(modules.imported(machine, name, site))
            continue
        fitting = [each for each in machine.program.below(name.partition("⟨")[0]) if pattern(name).match(each)]
        if not fitting:
            machine.wonder(site, "imports a module whose name is not known")
        found += [modules.imported(machine, each, site) for each in fitting]
    return join(*found) or UNKNOWN


def _globals(machine: Machine, given: Arguments, site: Site) -> Value:
    return one(Module(site.frame.module.source.name))


def _vars(machine: Machine, given: Arguments, site: Site) -> Value:
    return given.positional[0] if given.positional else _globals(machine, given, site)


def _partial(machine: Machine, given: Arguments, site: Site) -> Value:
    if not given.positional:
        return UNKNOWN
    named = tuple(sorted(given.named.items(), key=lambda item: item[0]))
    return frozenset(
        atom if isinstance(atom, Unknown | Foreign) or _deep(atom) else Partial(atom, given.positional[1:], named)
        for atom in given.positional[0]
    )


def _deep(atom: Atom, limit: int = 5) -> bool:
    """Partials of partials, as a loop could make without end."""
    while isinstance(atom, Partial) and limit:
        atom, limit = atom.function, limit - 1
    return not limit


def _property(machine: Machine, given: Arguments, site: Site) -> Value:
    """`property(get, set)`, as a call."""
    getters = frozenset(atom for atom in given.at(0, "fget") if isinstance(atom, Function))
    for getter in getters:
        machine.put(getter, "<setter>", given.at(1, "fset"))
    return frozenset(Descriptor("property", getter) for getter in getters) or UNKNOWN


def _path(machine: Machine, given: Arguments, site: Site) -> Value:
    parts = [part for each in given.positional for part in (one(Text("/")), each)][1:]
    return strings.concatenated(parts)


def _environment(machine: Machine, given: Arguments, site: Site) -> Value:
    return boxes.environment(given.at(0, "key"), given.at(1, "default"))


def _decoded(machine: Machine, given: Arguments, site: Site) -> Value:
    """The content of what is decoded is a part of the event if the whole is."""
    calling.escape(machine, Arguments(named=given.named), site)
    return frozenset(atom if isinstance(atom, Event) else Unknown() for atom in given.at(0, "s"))


def _unquoted(machine: Machine, given: Arguments, site: Site) -> Value:
    return frozenset(atom if isinstance(atom, Event | Text) else Unknown() for atom in given.at(0, "string"))


def _field(machine: Machine, given: Arguments, site: Site) -> Value:
    makers = join(*(given.named.get(name, NOTHING) for name in ("default_factory", "factory")))
    default = join(given.named.get("default", NOTHING), *given.positional[:1])
    return join(default, calling.call_value(machine, makers, Arguments(), site))


def _defaults(machine: Machine, given: Arguments, site: Site) -> Value:
    made = calling.call_value(machine, given.at(0, "default_factory"), Arguments(), site)
    return one(boxes.make(machine, site, everything=made, keys=UNKNOWN))


def _namespace(machine: Machine, given: Arguments, site: Site) -> Value:
    return one(boxes.make(machine, site, named=given.named))


def _named_tuple(machine: Machine, given: Arguments, site: Site) -> Value:
    made = Made("collections.namedtuple", site.key)
    fields = given.at(1, "field_names")
    named = join(fields, boxes.elements(machine, frozenset(each for each in fields if isinstance(each, Box)), site))
    ordered = [name for text in known_texts(named) for name in text.replace(",", " ").split()]
    for box in fields:
        if isinstance(box, Box):
            held = dict(machine.items(box))
            ordered = [text for index in range(len(held)) for text in known_texts(held.get(f"#{index}", NOTHING))]
    machine.put(made.root, "<fields>", one(Text(" ".join(ordered))))
    return one(made)


def _shell(machine: Machine, given: Arguments, site: Site) -> Value:
    command = join(given.at(0, "args"), boxes.elements(machine, given.at(0, "args"), site))
    if any(
        text.startswith("aws ") or text == "aws" or "/aws " in text or text.endswith("/aws") for text in texts(command)
    ):
        machine.wonder(site, "runs the AWS CLI")
    return UNKNOWN


def _gathered(machine: Machine, given: Arguments, site: Site) -> Value:
    return one(boxes.make(machine, site, positions=given.positional, everything=given.rest))


def _in_thread(machine: Machine, given: Arguments, site: Site) -> Value:
    inner = Arguments(given.positional[1:], given.named, given.rest, given.open)
    return calling.call_value(machine, given.at(0, "func"), inner, site)


def _entered(machine: Machine, given: Arguments, site: Site) -> Value:
    return join(*(attributes.enter(machine, atom, site) for atom in given.at(0, "cm")))


def _caller(machine: Machine, given: Arguments, site: Site) -> Value:
    made = Made("operator.methodcaller", site.key)
    machine.put(made.root, "<name>", given.at(0, "name"))
    for name, value in given.named.items():
        machine.put(made.root, f"={name}", value)
    return one(made)


FUNCTIONS: dict[str, Model] = {
    "ast.literal_eval": _decoded,
    "asyncio.create_task": _first,
    "asyncio.ensure_future": _first,
    "asyncio.as_completed": _first,
    "asyncio.gather": _gathered,
    "asyncio.run": _first,
    "asyncio.shield": _first,
    "asyncio.to_thread": _in_thread,
    "asyncio.wait_for": _first,
    "attr.ib": _field,
    "attrs.field": _field,
    "base64.b64decode": _decoded,
    "boto3.s3.transfer.S3Transfer": _first,
    "builtins.__import__": _import,
    "builtins.dict": _dict,
    "builtins.enumerate": _enumerate,
    "builtins.eval": _execute,
    "builtins.exec": _execute,
    "builtins.filter": _filter,
    "builtins.frozenset": _listed,
    "builtins.getattr": _getattr,
    "builtins.globals": _globals,
    "builtins.iter": _first,
    "builtins.list": _listed,
    "builtins.locals": _globals,
    "builtins.map": _map,
    "builtins.max": _element,
    "builtins.min": _element,
    "builtins.next": _element,
    "builtins.property": _property,
    "builtins.reversed": _listed,
    "builtins.set": _listed,
    "builtins.setattr": _setattr,
    "builtins.sorted": _listed,
    "builtins.str": _str,
    "builtins.super": _super,
    "builtins.tuple": _listed,
    "builtins.type": _type,
    "builtins.vars": _vars,
    "builtins.zip": _zip,
    "collections.ChainMap": _dict,
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _defaults,
    "collections.deque": _listed,
    "collections.namedtuple": _named_tuple,
    "concurrent.futures.as_completed": _first,
    "contextlib.aclosing": _first,
    "contextlib.closing": _first,
    "contextlib.nullcontext": _first,
    "copy.copy": _first,
    "copy.deepcopy": _first,
    "dataclasses.field": _field,
    "dataclasses.replace": _first,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "functools.reduce": _reduce,
    "importlib.import_module": _import,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain,
    "itertools.cycle": _listed,
    "itertools.islice": _listed,
    "itertools.repeat": _gathered,
    "itertools.starmap": _starmap,
    "json.load": _decoded,
    "json.loads": _decoded,
    "operator.methodcaller": _caller,
    "orjson.loads": _decoded,
    "simplejson.loads": _decoded,
    "ujson.loads": _decoded,
    "os.environ.get": _environment,
    "os.environ.pop": _environment,
    "os.environ.setdefault": _environment,
    "os.environ.__getitem__": _environment,
    "os.getenv": _environment,
    "os.path.join": _path,
    "os.popen": _shell,
    "os.system": _shell,
    "posixpath.join": _path,
    "pydantic.Field": _field,
    "subprocess.Popen": _shell,
    "subprocess.call": _shell,
    "subprocess.check_call": _shell,
    "subprocess.check_output": _shell,
    "subprocess.getoutput": _shell,
    "subprocess.run": _shell,
    "types.MappingProxyType": _first,
    "types.SimpleNamespace": _namespace,
    "typing.cast": _second,
    "urllib.parse.unquote": _unquoted,
    "urllib.parse.unquote_plus": _unquoted,
}


# Methods of objects that Python's own library makes


def _submit(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    called = given.at(0, "fn")
    if not any(isinstance(atom, CALLABLE) for atom in called):
        return None
    result = _in_thread(machine, given, site)
    return one(boxes.make(machine, site, tag="future", everything=result))


def _map_method(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    return _map(machine, given, site) if len(given.positional) > 1 else None


def _starmap_method(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    return _starmap(machine, given, site)


def _executor(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    inner = Arguments(given.positional[1:], given.named, given.rest, given.open)
    return _in_thread(machine, inner, site)


def _complete(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    return given.at(0, "future")


def _context(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    return _entered(machine, given, site)


def _fields(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    names = [name for text in known_texts(machine.get(made.root, "<fields>")) for name in text.split()]
    named = {**dict(zip(names, given.positional, strict=False)), **given.named}
    return one(boxes.make(machine, site, named=named, everything=given.rest))


def _call_by_name(machine: Machine, made: Made, given: Arguments, site: Site) -> Value | None:
    owners = given.at(0, "object")
    called = _getattr(machine, Arguments((owners, machine.get(made.root, "<name>"))), site)
    held = Arguments(named=boxes.keyed(machine, made.root))
    return calling.call_value(machine, called, held, site)


METHODS: dict[str, Callable[[Machine, Made, Arguments, Site], Value | None]] = {
    "enter_async_context": _context,
    "enter_context": _context,
    "map": _map_method,
    "methodcaller": _call_by_name,
    "namedtuple": _fields,
    "run_in_executor": _executor,
    "run_until_complete": _complete,
    "create_task": _complete,
    "starmap": _starmap_method,
    "submit": _submit,
}
