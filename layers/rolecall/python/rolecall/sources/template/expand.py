"""What stands before all other transforms: loops of the language extensions, and files that are included."""

from collections.abc import Iterator, Mapping
from typing import Any

from rolecall.model import Gap
from rolecall.sources import SourceError
from rolecall.sources.template import document as documents
from rolecall.sources.template.document import Document, Items, Map

LOOP = "Fn::ForEach::"
KNOWN = ("AWS::Serverless-2016-10-31", "AWS::LanguageExtensions", "AWS::Include")
MACRO = "Fn::Transform"
SECTIONS = ("Conditions", "Globals", "Mappings", "Outputs", "Parameters")
MOST = 2_000  # members that loops may make: CloudFormation takes 500 resources


def expand(document: Document, values: Mapping[str, Any]) -> tuple[Map, list[Gap]]:
    """The template with loops written out and local files included; gaps for macros, which only AWS can run."""
    expander = _Expander(document, values)
    body = expander.value(document.body, {})
    for name in _macros(document.body.get("Transform")):
        if name not in KNOWN:
            why = f"the macro `{name}` changes the template when it is deployed"
            expander.gaps.append(Gap("template", why, document.name, mendable=False))
    for section in SECTIONS:
        if not isinstance(body.get(section, {}), dict):
            line = body.lines.get(section, 0)
            expander.gaps.append(Gap("template", f"{document.name}:{line}: `{section}` is no object", document.name))
            del body[section]
    body["Resources"] = _resources(body["Resources"], document, expander.gaps)
    return body, expander.gaps


def _macros(written: Any) -> Iterator[str]:
    for each in written if isinstance(written, list) else [] if written is None else [written]:
        yield str(each.get("Name") if isinstance(each, dict) else each)


def _includes(transform: Any) -> bool:
    return isinstance(transform, dict) and transform.get("Name") == "AWS::Include"


def _of_macro(transform: Any, document: Document) -> Gap:
    """The gap that what stands beside a macro, or is all of it, is known only when AWS has run it."""
    name = transform.get("Name") if isinstance(transform, dict) else None
    called = f"the macro `{name}`" if isinstance(name, str) else "a macro without a name"
    return Gap("template", f"{called} changes the template when it is deployed", document.name, mendable=False)


def _resources(resources: Map, document: Document, gaps: list[Gap]) -> Map:
    """The resources that are objects; what is not is a gap."""
    made = Map()
    made.line, made.lines = resources.line, resources.lines
    if set(resources) == {MACRO}:
        gaps.append(_of_macro(resources[MACRO], document))
    for name, each in resources.items():
        if name == MACRO:
            continue
        if isinstance(each, dict) and isinstance(each.get("Properties"), dict) and set(each["Properties"]) == {MACRO}:
            gaps.append(_of_macro(each["Properties"][MACRO], document))
        if isinstance(each, dict) and isinstance(each.get("Properties", {}), dict):
            made[name] = each
        else:
            line = resources.lines.get(name, 0)
            gaps.append(Gap("template", f"{document.name}:{line}: `{name}` is no resource", document.name))
            if isinstance(each, dict):
                made[name] = Map({**each, "Properties": Map()})
    return made


class _Expander:
    def __init__(self, document: Document, values: Mapping[str, Any]) -> None:
        self.document, self.values, self.gaps = document, values, list[Gap]()
        self._made = 0

    def value(self, node: Any, names: Mapping[str, str]) -> Any:
        """The value with its loops written out; `names` are the loop variables around it."""
        if isinstance(node, str):
            return _filled(node, names)
        if isinstance(node, list):
            items = Items(self.value(each, names) for each in node)
            items.lines = getattr(node, "lines", ())
            return items
        if not isinstance(node, dict):
            return node
        if MACRO in node and len(node) > 1 and not _includes(node[MACRO]):
            self.gaps.append(_of_macro(node[MACRO], self.document))
        if MACRO in node and _includes(node[MACRO]):
            included = self._included(node[MACRO])
            rest = {key: value for key, value in node.items() if key != MACRO}
            line = node.lines.get(MACRO, node.line) if isinstance(node, Map) else 0
            lines = {**dict.fromkeys(included, line), **getattr(node, "lines", {})}
            whole = Map({**included, **rest})
            whole.line, whole.lines = getattr(node, "line", 0), lines
            node = whole
        if set(node) == {"Ref"} and isinstance(node["Ref"], str) and node["Ref"] in names:
            return names[node["Ref"]]
        made = Map()
        made.line, made.lines = getattr(node, "line", 0), dict(getattr(node, "lines", {}))
        for key, each in node.items():
            if str(key).startswith(LOOP):
                self._loop(str(key), each, names, made)
            else:
                made[_filled(str(key), names)] = self.value(each, names)
        return made

    def _loop(self, key: str, loop: Any, names: Mapping[str, str], made: Map) -> None:
        """`Fn::ForEach::Name: [Variable, [items], {key: body}]`."""
        line = made.lines.get(key, made.line)
        try:
            variable, written, body = loop
            items = self._items(written, names)
            members = list(body.items())
        except (TypeError, ValueError, AttributeError):
            self.gaps.append(Gap("template", f"{self.document.name}:{line}: `{key}` is no loop", self.document.name))
            return
        if items is None:
            why = f"{self.document.name}:{line}: what `{key}` loops over is not known"
            self.gaps.append(Gap("template", why, self.document.name))
            return
        for item in items:
            for name, each in members:
                self._made += 1
                if self._made > MOST:
                    raise SourceError(f"{self.document.name}:{line}: its loops make more than {MOST:,} members")
                inner = {**names, str(variable): item}
                if str(name).startswith(LOOP):
                    self._loop(str(name), each, inner, made)
                else:
                    whole = _filled(str(name), inner)
                    made[whole] = self.value(each, inner)
                    made.lines[whole] = body.lines.get(name, line) if isinstance(body, Map) else line

    def _items(self, written: Any, names: Mapping[str, str]) -> list[str] | None:
        """The items of a loop: a list, or a parameter that is one."""
        if isinstance(written, dict):
            value = self.values.get(str(written.get("Ref")))
            return [str(each) for each in value] if isinstance(value, list) else None
        found: list[str] = []
        for each in written if isinstance(written, list) else []:
            value = self.values.get(str(each.get("Ref"))) if isinstance(each, dict) else _filled(str(each), names)
            if value is None:
                return None
            found += value if isinstance(value, list) else [str(value)]
        return found

    def _included(self, transform: Mapping[str, Any]) -> Map:
        """What `AWS::Include` puts there, where it is a file on this machine; else a gap."""
        parameters = transform.get("Parameters")
        location = parameters.get("Location") if isinstance(parameters, dict) else None
        path = self.document.path.parent / str(location)
        if not isinstance(location, str) or not path.is_file():
            why = f"`AWS::Include` of `{location}` is no file here"
            self.gaps.append(Gap("template", why, self.document.name, mendable=False))
            return Map()
        self._made += 1
        if self._made > MOST:
            raise SourceError(f"{self.document.name}: its files include each other")
        return documents.fragment(path)


def _filled(text: str, names: Mapping[str, str]) -> str:
    """Text with the loop variables in it filled in: `${Name}`, and `&{Name}` without what is no letter or digit."""
    for name, value in names.items():
        text = text.replace(f"${{{name}}}", value)
        text = text.replace(f"&{{{name}}}", "".join(each for each in value if each.isalnum()))
    return text
