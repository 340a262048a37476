"""Wildcards: does a pattern with `*` and `?` match a text, in time that no pattern can blow up?"""

import re
from collections.abc import Callable
from functools import lru_cache

Matcher = Callable[[str], bool]

_WILD = re.compile(r"[*?]")


def is_wild(pattern: str) -> bool:
    """Whether the pattern has a wildcard at all."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the whole text fits the pattern: `*` stands for any text, `?` for one character.

    >>> matches("s3:Get*", "s3:GetObject"), matches("a?c", "ac"), matches("S3:*", "s3:x", ignore_case=True)
    (True, False, True)
    """
    if ignore_case:
        return matcher(pattern.lower())(text.lower())
    return matcher(pattern)(text)


@lru_cache(maxsize=8192)
def matcher(pattern: str) -> Matcher:
    """The pattern as a function of the text; `ignore_case` is up to the caller (lower both)."""
    if not is_wild(pattern):
        return pattern.__eq__
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return _exactly(pieces[0])
    head, *middle, tail = pieces
    middle = [piece for piece in middle if piece]
    if is_wild(pattern.replace("*", "")):
        return _glob(head, [_finds(piece) for piece in middle], tail)
    if not middle and not tail:
        return _prefix(head)
    if not middle:
        return _around(head, tail)
    return _plain(head, middle, tail)


def _exactly(piece: str) -> Matcher:
    """A pattern with `?` but without `*`: every place is one character."""
    places = tuple((place, char) for place, char in enumerate(piece) if char != "?")
    length = len(piece)
    return lambda text: len(text) == length and all(text[place] == char for place, char in places)


def _prefix(head: str) -> Matcher:
    if not head:
        return lambda text: True
    return lambda text: text.startswith(head)


def _around(head: str, tail: str) -> Matcher:
    least = len(head) + len(tail)
    return lambda text: len(text) >= least and text.startswith(head) and text.endswith(tail)


def _plain(head: str, middle: list[str], tail: str) -> Matcher:
    """Literal pieces: the leftmost place for each is always good enough, so nothing is ever tried twice."""
    least = len(head) + len(tail)

    def match(text: str) -> bool:
        if len(text) < least or not text.startswith(head) or not text.endswith(tail):
            return False
        place, end = len(head), len(text) - len(tail)
        for piece in middle:
            place = text.find(piece, place, end)
            if place < 0:
                return False
            place += len(piece)
        return True

    return match


def _glob(head: str, middle: list[tuple[Callable[[str, int, int], int], int]], tail: str) -> Matcher:
    """Pieces of fixed length, some with `?`: leftmost places again, found by searches that never backtrack."""
    starts, ends = matcher(head), matcher(tail)

    def match(text: str) -> bool:
        place, end = len(head), len(text) - len(tail)
        if place > end or not starts(text[:place]) or not ends(text[end:]):
            return False
        for find, length in middle:
            place = find(text, place, end)
            if place < 0:
                return False
            place += length
        return True

    return match


def _finds(piece: str) -> tuple[Callable[[str, int, int], int], int]:
    if "?" not in piece:
        return (lambda text, start, end: text.find(piece, start, end)), len(piece)
    expression = re.compile("".join("." if char == "?" else re.escape(char) for char in piece), re.DOTALL)

    def find(text: str, start: int, end: int) -> int:
        found = expression.search(text, start, end)
        return found.start() if found else -1

    return find, len(piece)
