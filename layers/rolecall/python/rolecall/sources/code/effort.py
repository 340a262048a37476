"""Effort: how much one audit may spend on code, so that no package makes it long. What goes beyond is a gap."""

import math
from collections.abc import Iterator, Mapping

STOPPED = 1_000_000
"""Bytes that an analysis counts for that one of its bounds has stopped: it took as long as one may."""


class Effort:
    """What is left to one audit; without numbers, all that it takes. Counted, not timed: the same code, the same gaps.

    Parameters
    ----------
    source : bytes of source to analyse; a file counts for each function that reaches it
    packed : bytes of packages to download
    seconds : to download them in
    """

    def __init__(self, *, source: float = math.inf, packed: float = math.inf, seconds: float = math.inf) -> None:
        self._source, self.packed, self.seconds = source, packed, seconds
        self._counted: set[str] = set()

    def allows(self, key: str) -> bool:
        """May this be analysed? What was counted once costs nothing more."""
        return key in self._counted or self._source > 0

    def count(self, key: str, size: int) -> None:
        """Take the bytes of an analysis off."""
        if key not in self._counted:
            self._counted.add(key)
            self._source -= size


class Counted(Mapping[str, str]):
    """Files, and how much of them one analysis asked for."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files
        self._sizes: dict[str, int] = {}

    @property
    def size(self) -> int:
        """Characters of all texts that were asked for, each once."""
        return sum(self._sizes.values())

    def __getitem__(self, path: str) -> str:
        text = self._files[path]
        self._sizes[path] = len(text)
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def __contains__(self, path: object) -> bool:
        return path in self._files
