"""Lines: where in a template the parts of a function's configuration stand."""

from collections.abc import Iterator
from typing import Any

from rolecall.sources.template.document import Items, Map
from rolecall.sources.template.sam import PREFIX
from rolecall.sources.template.stack import Stack


def lines(stack: Stack, logical_id: str) -> tuple[tuple[str, int], ...]:
    """(what, line): of layers and the key by ARN, of variables by name, as the function or the `Globals` say them."""
    body = stack.document.body
    resource = body["Resources"].get(stack.origins.get(logical_id, logical_id), {})
    shared = body["Globals"].get("Function") if isinstance(body.get("Globals"), dict) else None
    of_sam = str(resource.get("Type")).startswith(PREFIX)
    found: dict[str, int] = {}
    for properties in (shared if of_sam else None, resource.get("Properties")):
        if isinstance(properties, Map):
            found |= {what: line for what, line in _lines(stack, properties) if line}
    return tuple(sorted(found.items()))


def _lines(stack: Stack, properties: Map) -> Iterator[tuple[str, int]]:
    layers = stack.resolver.value(properties.get("Layers"))
    whole = properties.lines.get("Layers", 0)
    for index, layer in enumerate(layers if isinstance(layers, list) else ()):
        own = layers.lines[index] if isinstance(layers, Items) and index < len(layers.lines) else 0
        yield str(layer), own or whole
    variables = _member(stack.resolver.value(properties.get("Environment")), "Variables")
    yield from variables.lines.items() if isinstance(variables, Map) else ()
    yield str(stack.resolver.value(properties.get("KmsKeyArn"))), properties.lines.get("KmsKeyArn", 0)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
