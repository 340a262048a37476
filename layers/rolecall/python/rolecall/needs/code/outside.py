"""What is outside of the user's code: the SDK's makers, libraries, and everything unknown.

An unknown function is taken to call the functions that it is given, and to keep the rest. What it makes is followed
only so far: its methods call what was registered with it, and give back what was put into it.
"""

from collections.abc import Iterator

from rolecall.needs.code import boto, boxes, builtin, calling, extensions, libraries, protocols, sdk
from rolecall.needs.code.machine import ELEMENT, Machine, Site
from rolecall.needs.code.packages import HARMLESS, SDK, STANDARD
from rolecall.needs.code.parameters import flatten
from rolecall.needs.code.values import (
    CALLABLE,
    NOTHING,
    OWN_CALLABLE,
    UNKNOWN,
    Arguments,
    Atom,
    Bound,
    Box,
    Class,
    Client,
    Collection,
    Event,
    External,
    Function,
    Instance,
    Made,
    Partial,
    Resource,
    Session,
    Text,
    Value,
    join,
    one,
    ordered,
    texts,
)  # fmt: skip

MOST_CHAINED = 3
"""How many calls in a row on what something outside made are told apart."""
CLIENTS = frozenset({"boto3.client", "aioboto3.client", "boto3.DEFAULT_SESSION.client"})
RESOURCES = frozenset({"boto3.resource", "aioboto3.resource", "boto3.DEFAULT_SESSION.resource"})
SESSIONS = frozenset(
    {
        "aioboto3.Session",
        "aioboto3.session.Session",
        "aiobotocore.get_session",
        "aiobotocore.session.AioSession",
        "aiobotocore.session.get_session",
        "boto3.Session",
        "boto3._get_default_session",
        "boto3.session.Session",
        "boto3.setup_default_session",
        "botocore.session.Session",
        "botocore.session.get_session",
    }
)
GIVING_BACK = frozenset({"get", "pop", "popleft", "result", "get_nowait", "__enter__", "peek"})
KEPT = (Client, Resource, Session, Instance, Box, Made, Class, Collection)


def call(machine: Machine, atom: External, given: Arguments, site: Site) -> Value:
    """Call something outside by its dotted name."""
    name = atom.name
    if name in CLIENTS:
        return boto.make_client(machine, given, site, kind="client")
    if name in RESOURCES:
        return boto.make_client(machine, given, site, kind="resource")
    if name in SESSIONS:
        return boto.make_session(given)
    if (names := protocols.BUILTINS.get(name)) is not None:
        protocols.ask(machine, given.everything(), names, (), site)
    if (model := builtin.FUNCTIONS.get(name)) is not None:
        return model(machine, given, site)
    _notice(machine, name, given, site)
    return _unknown(machine, name, given, site)


def _notice(machine: Machine, name: str, given: Arguments, site: Site) -> None:
    """Calls that a library makes, requests that are signed or go to an extension, clients that get out of sight."""
    _library(machine, libraries.function_rows(name) or libraries.method_rows(name), name, given, site)
    if signer := libraries.SIGNERS.get(name):
        for service in texts(given.at(*signer)) or ("es",):
            machine.wonder(site, f"signs requests for `{service}`", None if "⟨" in service else service)
    whole = given.everything()
    if any(isinstance(each, Text) and "/" in each.text for each in whole):
        inner = (each for value in given.named.values() for each in value if isinstance(each, Box))
        options = {key: set(texts(value)) for box in inner for key, value in boxes.keyed(machine, box).items()}
        extensions.notice(machine, whole, site, options)
    top = name.partition(".")[0]
    if top in STANDARD or top in SDK or top in HARMLESS:
        return
    for each in ordered(whole):
        if isinstance(each, Client | Resource):
            machine.wonder(site, f"hands a client of `{each.service}` to `{top}`", each.service)
        elif isinstance(each, Session):
            machine.wonder(site, f"hands a session to `{top}`")


def _library(machine: Machine, rows: tuple[libraries.Row, ...], name: str, given: Arguments, site: Site) -> None:
    for row in rows:
        named = {parameter: given.at(position, key) for parameter, position, key in row.takes}
        known = flatten(machine, Arguments(named=named))
        for parameter, value in named.items():
            # `get_parameters_by_name` takes a dict whose keys are the names.
            for box in value:
                if isinstance(box, Box) and boxes.is_dict(machine, box):
                    known = {key: v for key, v in known.items() if not key.startswith(f"{parameter}.")}
                    known[parameter] = set(boxes.keyed(machine, box))
        machine.call(row.service, row.operation, site, known, library=name.partition(".")[0])


def _unknown(machine: Machine, name: str, given: Arguments, site: Site) -> Value:
    wraps = [atom for value in given.positional[:1] for atom in value if isinstance(atom, OWN_CALLABLE)]
    if wraps and name in builtin.WRAPPERS:
        return frozenset(wraps)
    if name in builtin.WRAPPERS:
        return one(External(name))
    calling.escape(machine, given, site)
    made = Made(name, site.key)
    _keep(machine, made, given)
    return one(made)


def _keep(machine: Machine, made: Made, given: Arguments) -> None:
    whole = given.everything()
    # What comes of an object by many steps is not kept: it could go on without end.
    held = frozenset(atom for atom in whole if isinstance(atom, KEPT) and not _far(atom))
    if held:
        machine.put(made.root, ELEMENT, held)
    watched = (atom for atom in whole if isinstance(atom, Made) and not atom.name.startswith(libraries.OBSERVERS))
    calls = frozenset(atom.root for atom in watched if atom.root != made.root)
    if calls and not made.name.startswith(libraries.OBSERVERS):
        machine.put(made.root, "<callbacks>", calls)


def _far(atom: Atom) -> bool:
    return isinstance(atom, Made) and atom.name.count("()") > 1


def register(machine: Machine, made: Made, value: Value) -> None:
    """A decorator of an object outside: `@app.get("/orders")`. What it does may call the function later."""
    if made.name.startswith(libraries.OBSERVERS):
        return
    machine.put(made.root, "<callbacks>", frozenset(atom for atom in value if isinstance(atom, CALLABLE)))


def call_made(machine: Machine, made: Made, given: Arguments, site: Site) -> Value:
    """Call an object outside, or a method of one."""
    name = made.name
    if (model := builtin.METHODS.get(name.rpartition(".")[2])) is not None:
        taken = model(machine, made, given, site)
        if taken is not None:
            return taken
    _notice(machine, name, given, site)
    calling.escape(machine, given, site)
    _keep(machine, made, given)
    # While modules are imported, objects are set up; what they are for comes when the handler runs.
    if site.frame.kind == "function":
        _call_back(machine, made, given, site, set())
    held = machine.get(made.root, ELEMENT) if name.rpartition(".")[2] in GIVING_BACK else NOTHING
    result: Value = one(Made(f"{name}()", made.key)) if name.count("()") < MOST_CHAINED else UNKNOWN
    return join(result, held, *_as_held(machine, made, given, site))


def _as_held(machine: Machine, made: Made, given: Arguments, site: Site) -> Iterator[Value]:
    """What was put in may have come out: `random.choice(clients).list_buckets()`."""
    called = made.name.rpartition(".")[2]
    held = machine.get(made.root, ELEMENT)
    within = join(held, *(boxes.contents(machine, atom) for atom in held if isinstance(atom, Box)))
    for atom in ordered(frozenset(each for each in within if isinstance(each, Client))):
        facts = sdk.service(atom.service) if isinstance(atom, Client) and atom.service else None
        if facts and (facts.operation(called) or called in ("get_paginator", "get_waiter")):
            yield boto.method(machine, atom, called, given, site)


def _call_back(machine: Machine, made: Made, given: Arguments, site: Site, seen: set[Atom]) -> None:
    if made.name.startswith(libraries.OBSERVERS) or made.root in seen:
        return
    seen.add(made.root)
    machine.step()
    event = frozenset(atom for atom in given.everything() if isinstance(atom, Event))
    for atom in ordered(machine.get(made.root, "<callbacks>")):
        if isinstance(atom, Made):
            _call_back(machine, atom, given, site, seen)
        elif not _runs(machine, atom):
            calling.call(machine, atom, Arguments(rest=event or UNKNOWN, open=True), site)


def _runs(machine: Machine, atom: Atom) -> bool:
    """Is the function on its way already? Then it is not what its own call would call back."""
    match atom:
        case Bound(function, _) | Partial(Function() as function):
            return _runs(machine, function)
        case Function():
            return not machine.contexts.get((atom,), set()).isdisjoint(machine.running)
    return False
