"""Template files: YAML or JSON text in, plain values out that remember their lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rolecall.model import Gap
from rolecall.sources import SourceError

LONGEST = 1_048_576  # bytes: CloudFormation takes no longer template (User Guide, "CloudFormation quotas")
LARGEST = 500_000  # values, once every alias is written out; a template of the longest size has fewer
DEEPEST = 100  # nested values; CloudFormation itself refuses less

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Map(dict[str, Any]):
    """An object of a template: `line` is where it begins, `lines` where each of its keys stands, from 1."""

    line: int = 0
    lines: dict[str, int] = {}  # noqa: RUF012  Replaced, never changed.

    def __deepcopy__(self, memo: dict[int, Any]) -> "Map":
        copied = Map((key, _copied(value)) for key, value in self.items())
        copied.line, copied.lines = self.line, self.lines
        return copied


class Items(list[Any]):
    """A list of a template: `lines` is where each of its items begins, from 1."""

    lines: tuple[int, ...] = ()

    def __deepcopy__(self, memo: dict[int, Any]) -> "Items":
        copied = Items(map(_copied, self))
        copied.lines = self.lines
        return copied


def _copied(value: Any) -> Any:
    """A copy of a value that is a tree: quicker than `deepcopy`, which looks for what is shared."""
    if isinstance(value, Map | Items):
        return value.__deepcopy__({})
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Document:
    """A template file: where it is, how it is called, what it says, and what of it cannot be right."""

    path: Path
    name: str
    body: Map
    gaps: tuple[Gap, ...] = field(default=())


def line_of(value: Any, default: int) -> int:
    """The line where an object begins, or the default for one that nobody wrote."""
    return getattr(value, "line", 0) or default


def read(path: Path) -> Document:
    """A template file. `name` is the path as people give it.

    Raises
    ------
    SourceError : it is no template: the line says where and why
    """
    return parse(_text(path), path)


def parse(text: str, path: Path) -> Document:
    """The template that a text says; the path is for messages, and for files that it names.

    Raises
    ------
    SourceError : broken YAML or JSON, with line and column; no object; or more than a template can be
    """
    name = str(path)
    node = _composed(text, name)
    if not isinstance(node, yaml.MappingNode):
        raise SourceError(f"{name}: not a template: {'it is empty' if node is None else 'it is no object'}")
    builder = _Builder(name)
    body: Map = builder.value(node)
    if not isinstance(body.get("Resources"), dict):
        raise SourceError(f"{name}: not a template: it has no `Resources`")
    return Document(path, name, body, tuple(builder.gaps))


def fragment(path: Path) -> Map:
    """A file that a template includes: any object.

    Raises
    ------
    SourceError : as for a template
    """
    node = _composed(_text(path), str(path))
    return Map(_placeless(_Builder(str(path)).value(node))) if isinstance(node, yaml.MappingNode) else Map()


def _placeless(value: Any) -> Any:
    """The value without its lines, which are those of another file."""
    if isinstance(value, Map):
        return Map((key, _placeless(each)) for key, each in value.items())
    return Items(map(_placeless, value)) if isinstance(value, Items) else value


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise SourceError(f"{path}: is a directory: give the template in it")
        with path.open("rb") as file:
            content = file.read(LONGEST + 1)
    except OSError as error:
        raise SourceError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if len(content) > LONGEST:
        raise SourceError(f"{path}: longer than 1 MB, which is the most that CloudFormation takes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not text: byte {error.start + 1} is no UTF-8") from error


def _composed(text: str, name: str) -> Any:
    is_json = text.lstrip().startswith("{")
    try:
        # A tab between the tokens of JSON is a space; YAML allows none there.
        return yaml.compose(text.replace("\t", " ") if is_json else text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise SourceError(f"{name}{where}: not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise SourceError(f"{name}: not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise SourceError(f"{name}: nested too deeply") from error


class _Builder:
    """Makes values of nodes; an alias is written out wherever it stands, within bounds."""

    def __init__(self, name: str) -> None:
        self.name, self.gaps = name, list[Gap]()
        self._made = 0

    def value(self, node: Any, depth: int = 0) -> Any:
        self._made += 1
        line = node.start_mark.line + 1
        if self._made > LARGEST:
            raise SourceError(f"{self.name}:{line}: more than {LARGEST:,} values: are its aliases meant?")
        if depth > DEEPEST:
            raise SourceError(f"{self.name}:{line}: nested more than {DEEPEST} deep: does an alias hold itself?")
        if node.tag.startswith("!"):
            return self._function(node, depth)
        if isinstance(node, yaml.MappingNode):
            return self._map(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return self._items(node, depth)
        return _scalar(node)

    def _map(self, node: Any, depth: int) -> Map:
        made = Map()
        made.line, made.lines = node.start_mark.line + 1, {}
        for key_node, value_node in self._pairs(node):
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in made:
                self.gaps.append(
                    Gap("template", f"{self.name}:{line}: `{key}` stands twice, the last one counts", self.name)
                )
            made[key] = self.value(value_node, depth + 1)
            made.lines[key] = line
        return made

    def _pairs(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """The keys and values of an object, those that it merges (`<<`) first, so that its own win."""
        own = [pair for pair in node.value if pair[0].tag != "tag:yaml.org,2002:merge"]
        names = {key.value for key, _ in own}
        for key, merged in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for each in merged.value if isinstance(merged, yaml.SequenceNode) else [merged]:
                    if isinstance(each, yaml.MappingNode):
                        yield from (pair for pair in each.value if pair[0].value not in names)
        yield from own

    def _items(self, node: Any, depth: int) -> Items:
        made = Items(self.value(each, depth + 1) for each in node.value)
        made.lines = tuple(each.start_mark.line + 1 for each in node.value)
        return made

    def _function(self, node: Any, depth: int) -> Map:
        """The short form of an intrinsic function as its long form: `!Sub x` is `{"Fn::Sub": "x"}`."""
        tag = node.tag.removeprefix("!")
        name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
        value: Any
        if isinstance(node, yaml.ScalarNode):
            value = node.value.split(".", 1) if tag == "GetAtt" and "." in node.value else node.value
        else:
            value = self._map(node, depth) if isinstance(node, yaml.MappingNode) else self._items(node, depth)
        made = Map({name: value})
        made.line = node.start_mark.line + 1
        made.lines = {name: made.line}
        return made


def _scalar(node: Any) -> Any:
    """Text, number, truth value or None. A date stays text (`2012-10-17`), and so does an account id (`0123…`)."""
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    if kind == "bool":
        return node.value.lower() in ("true", "yes", "on")
    if kind in ("int", "float") and (node.value == "0" or not node.value.startswith("0")):
        try:
            return json.loads(node.value)
        except ValueError:  # `1_000`, `0x1F`, `.5`: nothing that anybody compares.
            return node.value
    return node.value
