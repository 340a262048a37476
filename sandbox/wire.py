"""The wire: what was sent in a request, with the names and types of botocore's model."""

import json
import re
import urllib.parse
from typing import Any
from xml.etree import ElementTree


def from_json(body: bytes) -> dict[str, Any]:
    """A JSON object; empty where there is none."""
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def from_texts(*texts: str) -> dict[str, Any]:
    """The query protocol's flat names as a tree.

    >>> from_texts("RoleName=r&Tags.member.1.Key=a")
    {'RoleName': 'r', 'Tags': {'member': {'1': {'Key': 'a'}}}}
    """
    tree: dict[str, Any] = {}
    for name, text in (pair for each in texts for pair in urllib.parse.parse_qsl(each, keep_blank_values=True)):
        *path, last = name.split(".")
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node[last] = text
    return tree


def from_xml(body: bytes) -> dict[str, Any]:
    """An XML document: the tags as they are, the name space of the root as `xmlns`; empty where there is none.

    >>> from_xml(b'<A xmlns="u"><B>1</B><C>2</C><C>3</C></A>')
    {'A': {'xmlns': 'u', 'B': '1', 'C': ['2', '3']}}
    """
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return {}
    space, _, name = root.tag.rpartition("}")
    tree = _tree(root)
    return {name: ({"xmlns": space[1:]} if space else {}) | (tree if isinstance(tree, dict) else {})}


def _tree(element: ElementTree.Element) -> Any:
    found: dict[str, list[Any]] = {}
    for child in element:
        found.setdefault(child.tag.rpartition("}")[2], []).append(_tree(child))
    if not found:
        return element.text or ""
    return {name: items[0] if len(items) == 1 else items for name, items in found.items()}


def typed(shape: Any, sent: Any) -> Any:
    """A value that was sent, as a shape of the model names and types it. What the model does not know is dropped."""
    if shape is None:
        return {}
    if shape.type_name == "structure":
        known = sent if isinstance(sent, dict) else {}
        names = {member: each.serialization.get("name", member) for member, each in shape.members.items()}
        return {member: typed(shape.members[member], known[name]) for member, name in names.items() if name in known}
    if shape.type_name == "list":
        return [typed(shape.member, item) for item in _items(sent, shape.member.serialization.get("name", "member"))]
    if shape.type_name == "map":
        given = sent if isinstance(sent, dict) else {}
        pairs = [(each["key"], each.get("value", "")) for each in _items(given, "entry")]
        return {key: typed(shape.value, item) for key, item in pairs or given.items()}
    if not isinstance(sent, str):
        return sent
    if shape.type_name == "boolean":
        return sent.lower() == "true"
    if shape.type_name in ("integer", "long"):
        return int(sent) if re.fullmatch(r"-?\d+", sent) else sent
    if shape.type_name in ("float", "double"):
        return float(sent) if re.fullmatch(r"-?\d+(\.\d+)?", sent) else sent
    return sent


def _items(sent: Any, step: str) -> list[Any]:
    """The items of a list: of JSON as they are, of the query protocol in the order of their numbers."""
    if isinstance(sent, list):
        return sent
    numbered = sent.get(step) if isinstance(sent, dict) else None
    if not isinstance(numbered, dict) or not all(number.isdecimal() for number in numbered):
        return []
    return [numbered[number] for number in sorted(numbered, key=int)]
