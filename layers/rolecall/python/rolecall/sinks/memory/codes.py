"""Codes: what was found in the code of functions, by its digest, so that no package is fetched twice."""

import time
from collections.abc import Callable

from rolecall.sinks.memory.table import Table

PREFIX = "code#"
LARGEST = 200_000  # bytes: an item of DynamoDB holds 400 KB. What is larger is found out anew each time.
KEPT = 30 * 86_400
"""Seconds until what nobody asks for is dropped: the table does that, by its attribute `expires`."""


class Codes:
    """Items of the key `code#<digest>`, each with `packed` (bytes) and `expires` (epoch seconds, a number)."""

    def __init__(self, table: Table, *, clock: Callable[[], float] = time.time) -> None:
        self._table, self._clock = table, clock

    def recall(self, digest: str) -> bytes | None:
        """What was kept; None where nothing was. What is asked for is kept on."""
        item = self._table.one(PREFIX + digest)
        if "packed" not in item:
            return None
        if float(item["expires"]) < self._clock() + KEPT / 2:
            self._table.update(PREFIX + digest, "SET expires = :expires", {"expires": self._expires()})
        return bytes(item["packed"])

    def keep(self, digest: str, packed: bytes) -> None:
        """Keep it, unless it is too large."""
        if len(packed) <= LARGEST:
            values = {"packed": packed, "expires": self._expires()}
            self._table.update(PREFIX + digest, "SET packed = :packed, expires = :expires", values)

    def _expires(self) -> int:
        return int(self._clock()) + KEPT
