"""Decoded: the object of a JSON text, as AWS and templates give it."""

import json
from typing import Any


def decoded(text: Any) -> dict[str, Any]:
    """The object of a JSON text, or an empty one for anything else.

    >>> decoded('{"a": 1}'), decoded("none"), decoded(None)
    ({'a': 1}, {}, {})
    """
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
