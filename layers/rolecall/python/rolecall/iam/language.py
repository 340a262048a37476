"""Languages over text: for a set of patterns, one text for each way in which a text can match some and miss others."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from rolecall.iam.variables import MARK, STAR, plain

MOST = 20_000
"""States of a product of automata; real policies need some hundred. Beyond, the answer is that it is not known."""

STEPS = 800_000
"""Steps of single automata: many patterns at once make each state dear."""

Token = tuple[str, bool]
"""One character; or `*` or `?` with whether it crosses a colon. A plain `*` or `?` is written `\\*`, `\\?`."""


class TooManyError(Exception):
    """The patterns make more states than are looked at."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """A pattern as the places in it where a text can stand, each a bit of a number."""

    steps: dict[str, int]
    other: int
    not_colon: int
    stars: int
    end: int
    named: tuple[str, ...]

    @property
    def start(self) -> int:
        return 1 | (self.stars & 1) << 1

    def step(self, places: int, char: str) -> int:
        """The places after one more character."""
        takes = self.steps.get(char)
        if takes is None:
            takes = self.other if char != ":" else self.other & ~self.not_colon
        taken = places & takes
        places = (taken & ~self.stars) << 1 | taken & self.stars
        return places | (places & self.stars) << 1

    def awaited(self, places: int) -> set[str]:
        """The characters that are named at these places: all others are alike there."""
        found: set[str] = set()
        while places:
            place = places.bit_length() - 1
            places ^= 1 << place
            if place < len(self.named):
                found.update(self.named[place])
        return found

    def accepts(self, places: int) -> bool:
        return bool(places & self.end)


def automaton(tokens: Sequence[Token], *, ignore_case: bool = False) -> Automaton:
    """The automaton of a pattern."""
    kept = [token for place, token in enumerate(tokens) if token[0] != "*" or tokens[place - 1 : place] != [token]]
    stars = sum(1 << place for place, (text, _) in enumerate(kept) if text == "*")
    wild = sum(1 << place for place, (text, _) in enumerate(kept) if text in "*?")
    not_colon = sum(1 << place for place, (text, crosses) in enumerate(kept) if text in "*?" and not crosses)
    named = tuple("" if text in "*?" else _cases(text[-1]) if ignore_case else text[-1] for text, _ in kept)
    steps: dict[str, int] = {}
    for place, chars in enumerate(named):
        for char in chars:
            steps[char] = steps.get(char, 0) | 1 << place
    full = {char: places | (wild if char != ":" else wild & ~not_colon) for char, places in steps.items()}
    return Automaton(full, wild, not_colon, stars, 1 << len(kept), named)


# Signs whose lower case is a letter of its own: Kelvin, Angstrom and Ohm.
SIGNS = {"k": "\u212a", "\u00e5": "\u212b", "\u03c9": "\u2126"}


def _cases(char: str) -> str:
    cases = (char.lower(), char.upper(), SIGNS.get(char.lower(), char))
    return "".join(sorted({each for each in cases if len(each) == 1}))


def glob(pattern: str) -> list[Token]:
    """The tokens of a pattern whose wildcards stand for anything."""
    return [_token(char, crosses=True) for char in pattern]


def exactly(text: str) -> list[Token]:
    """The tokens of a text without wildcards."""
    return [(f"\\{char}" if char in "*?" else char, True) for char in plain(text)]


ANYTHING = "\ue002"
"""In a pattern: a variable, whatever it stands for."""


def resource(pattern: str) -> list[Token]:
    """The tokens of an entry of Resource: inside a segment wildcards do not cross a colon (`arn.resource_matches`).

    What a variable stands for may hold colons, so that behind it no segment is certain.
    """
    head, variable, tail = pattern.partition(ANYTHING)
    if variable:
        return [*_segments(head), ("*", True), *glob(tail.replace(ANYTHING, "*"))]
    return _segments(pattern)


def _segments(pattern: str) -> list[Token]:
    segments = pattern.split(":", 5)
    tokens: list[Token] = []
    for place, segment in enumerate(segments):
        body = segment.rstrip("*")
        tokens += [_token(char, crosses=place == 5) for char in body]
        tokens += [("*", True)] if body != segment else []
        tokens += [(":", True)] if place < len(segments) - 1 else []
    return tokens


def arn(pattern: str) -> list[Token] | None:
    """The tokens of a value of ArnLike (`arn.arn_matches`), or None for one that matches nothing."""
    if "*" not in pattern and "?" not in pattern:
        return exactly(pattern)
    pieces = pattern.split(":", 5)
    last = len(pieces) - 1
    if last < 5 and not pattern.endswith("*"):
        return None
    tokens: list[Token] = []
    for place, piece in enumerate(pieces):
        tokens += [_token(char, crosses=place == last) for char in piece]
        tokens += [(":", True)] if place < last else []
    return tokens


def _token(char: str, *, crosses: bool) -> Token:
    """A character of a pattern; a star that a variable or an escape put in is no wildcard."""
    return ({STAR: "\\*", MARK: "\\?"}.get(char, char), crosses)


def samples(patterns: Sequence[Automaton], *, within: Automaton | None = None) -> dict[int, str]:
    """For each set of patterns that some text matches exactly, the shortest such text.

    Parameters
    ----------
    patterns : the bit of a set is the pattern's place here
    within : only texts of this language; without one, any text that is not empty

    Raises
    ------
    TooManyError : after `MOST` states, or fewer where many patterns make each of them dear (`STEPS`)
    """
    every = [*patterns, *([within] if within else [])]
    start = tuple(each.start for each in every)
    fresh = _fresh({":"}.union(*(each.steps for each in every)))
    found: dict[int, str] = {}
    seen = {start}
    todo = deque([(start, "")])
    steps = 0
    while todo:
        state, text = todo.popleft()
        awaited = {":"}.union(*(each.awaited(places) for each, places in zip(every, state, strict=True) if places))
        for char in (fresh, *sorted(awaited)):
            after = tuple(each.step(places, char) if places else 0 for each, places in zip(every, state, strict=True))
            steps += len(every)
            if within is None or within.accepts(after[-1]):
                found.setdefault(_vector(patterns, after), text + char)
            if after not in seen and (within is None or after[-1]):
                seen.add(after)
                if len(seen) > MOST or steps > STEPS:
                    raise TooManyError(f"more than {len(seen) - 1} states of {len(every)} patterns")
                todo.append((after, text + char))
    return found


def _vector(patterns: Sequence[Automaton], state: tuple[int, ...]) -> int:
    return sum(1 << bit for bit, each in enumerate(patterns) if each.accepts(state[bit]))


def _fresh(named: set[str]) -> str:
    return next(
        char for char in map(chr, (*b"xyzabcdefghijklmnopqrstuvw0123456789", *range(256, 4096))) if char not in named
    )
