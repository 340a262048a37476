"""Packed: what was found in code as a few bytes, to be kept for the next audit."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import replace

from rolecall.model import Call, Code, Gap, Unresolved


def pack(code: Code, gaps: Sequence[Gap]) -> bytes:
    """What an analysis found, and what it did not see, without whose code it is."""
    found = {
        "read": code.read,
        "files": code.files,
        "calls": [
            [each.service, each.operation, each.where, each.parameters, each.library, each.certain]
            for each in code.calls
        ],
        "unresolved": [[each.where, each.what, each.service] for each in code.unresolved],
        "gaps": [[gap.what, gap.why, gap.call, gap.mendable] for gap in gaps],
    }
    return zlib.compress(json.dumps(found, separators=(",", ":")).encode())


def unpack(packed: bytes, code: Code, subject: str) -> tuple[Code, tuple[Gap, ...]]:
    """The code with what was found in it, and the gaps of a function (id)."""
    found = json.loads(zlib.decompress(packed))
    calls = tuple(
        Call(service, operation, where, tuple((name, tuple(values)) for name, values in given), library, certain)
        for service, operation, where, given, library, certain in found["calls"]
    )
    unresolved = tuple(Unresolved(*each) for each in found["unresolved"])
    gaps = tuple(Gap(what, why, call, subject, mendable=mendable) for what, why, call, mendable in found["gaps"])
    return replace(code, read=found["read"], files=found["files"], calls=calls, unresolved=unresolved), gaps
