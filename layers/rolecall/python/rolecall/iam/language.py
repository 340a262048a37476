"""Languages of texts: which combinations of patterns can hold of one text, each with a text that shows it?

A pattern is a row of tokens. All patterns of a question run through a text together as one automaton, whose states are
the bits of a number (as in `arn.py`, with the same reading of wildcards: a test holds the two together). Walking its
states answers the question exactly, for texts of any length over any alphabet; patterns made to blow it up run into
`LIMIT` and raise `TooHard`, which is never taken for an answer.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rolecall.iam.variables import MARK, STAR

LIMIT = 6_000
"""States that are walked at most."""

PREFERRED = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCDEFGHIJKLMNOPQRSTUVWXYZ./@+=,~#!%&;éø漢"
"""Characters for texts in examples, the plainest first."""

HOLES = tuple(chr(0xE100 + place) for place in range(256))
"""Stand in a pattern for a policy variable whose value is not known: any text may be there."""

_SAME_IN_LOWER_CASE = {"k": "\u212a"}
_ESCAPED = {STAR: "*", MARK: "?"}


class TooHard(Exception):
    """The question has more cases than are worth trying."""


class Token(NamedTuple):
    """Takes one of `chars` (or one outside of them), once or, a star, any number of times."""

    chars: str
    outside: bool = False
    star: bool = False


Pattern = tuple[Token, ...]

ANY = Token("", outside=True)
ANYTHING = Token("", outside=True, star=True)
ANY_WITHIN = Token(":", outside=True)
ANYTHING_WITHIN = Token(":", outside=True, star=True)

EVERY_TEXT: Pattern = (ANYTHING,)
SOME_TEXT: Pattern = (ANY, ANYTHING)
EVERY_ACTION: Pattern = (ANY_WITHIN, ANYTHING_WITHIN, Token(":"), ANY_WITHIN, ANYTHING_WITHIN)
"""`service:name`, neither of them empty."""


@lru_cache(maxsize=8192)
def exact(text: str) -> Pattern:
    """The text itself."""
    return tuple(_plain(char) for char in text)


@lru_cache(maxsize=8192)
def folded(text: str) -> Pattern:
    """The text in any case."""
    if not text.isascii() and not any(char in text for char in (STAR, MARK, *HOLES)):
        raise TooHard(f"the case of {text!r}")
    return tuple(_fold(char) for char in text)


@lru_cache(maxsize=8192)
def glob(text: str) -> Pattern:
    """A pattern whose wildcards stand for any character."""
    return _joined(_token(char, crosses=True) for char in text)


@lru_cache(maxsize=8192)
def arn(text: str) -> Pattern:
    """A value of ArnLike: wildcards cross no colon, except in the last part (`arn.arn_matches`)."""
    parts = text.split(":", 5)
    if "*" not in text and "?" not in text:
        return exact(text)
    if len(parts) < 6 and not text.endswith("*"):
        return NOWHERE
    tokens: list[Token] = []
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        tokens += [Token(":")] if place else []
        tokens += [_token(char, crosses=last) for char in part]
    return _joined(tokens)


@lru_cache(maxsize=8192)
def resource(text: str) -> Pattern:
    """An entry of Resource: a `*` that ends a part crosses colons, other wildcards only in the sixth part."""
    tokens: list[Token] = []
    for place, part in enumerate(text.split(":", 5)):
        tokens += [Token(":")] if place else []
        body = part.rstrip("*")
        tokens += [_token(char, crosses=place == 5) for char in body]
        tokens += [ANYTHING] if body != part else []
    return _joined(tokens)


NOWHERE: Pattern = (Token("", outside=False),)
"""Matches nothing."""

EVERY_ARN: Pattern = (
    *map(Token, "arn"),
    *(token for _ in range(4) for token in (Token(":"), ANYTHING_WITHIN)),
    Token(":"),
    ANYTHING,
)
"""Six parts, the first `arn`."""

FULL_ARN: Pattern = (
    *map(Token, "arn:"),
    *(ANY_WITHIN, ANYTHING_WITHIN, Token(":"), ANY_WITHIN, ANYTHING_WITHIN, Token(":")),
    *(ANYTHING_WITHIN, Token(":"), ANYTHING_WITHIN, Token(":"), ANY, ANYTHING),
)
"""An ARN with a partition, a service and a resource."""


def word(pattern: Pattern) -> str | None:
    """The only text that the pattern matches; None when it has others, or none."""
    if any(token.outside or len(token.chars) != 1 for token in pattern):
        return None
    return "".join(token.chars for token in pattern)


def implies(inner: str, outer: str) -> bool:
    """Whether all that one glob with holes matches, the other matches, whatever the holes hold.

    >>> implies(f"home/{HOLES[0]}/a", f"home/{HOLES[0]}*"), implies("home/*", f"home/{HOLES[0]}")
    (True, False)
    """
    holes = "".join({char for char in inner + outer if char in HOLES})
    patterns = [_with_holes(inner, holes), _with_holes(outer, holes)]
    try:
        return all(cell.fits != 1 for cell in cells(patterns, domain=EVERY_TEXT, core=EVERY_TEXT, reach=1))
    except TooHard:
        return False


@dataclass(frozen=True, slots=True)
class Cell:
    """Texts that the same patterns match: the bits of `fits`; `text` is one, `core` when it is a plain one."""

    text: str
    fits: int
    core: bool


def cells(
    patterns: Sequence[Pattern],
    *,
    domain: Pattern,
    core: Pattern,
    reach: int | None = None,
    apart: bool = True,
) -> list[Cell]:
    """Every combination of patterns that some text of the domain has.

    Parameters
    ----------
    core
        The plain texts of the domain: a combination that only others have is not `core`.
    reach
        Only texts that match one of these patterns (bits); None for all.
    apart
        Whether patterns that match a single text are answered without the automaton, where that is enough.

    Raises
    ------
    TooHard
        There are too many.
    """
    words: dict[str, int] = {}
    globs: list[tuple[int, Pattern]] = []
    for place, pattern in enumerate(patterns):
        text = word(pattern) if apart else None
        if text is None:
            globs.append((1 << place, pattern))
        else:
            words[text] = words.get(text, 0) | 1 << place
    automaton = _Automaton([pattern for _, pattern in globs], domain, core)
    bits = [bit for bit, _ in globs]
    found: dict[tuple[int, bool], Cell] = {}
    for text, own in words.items():
        places = automaton.run(text)
        fits = own | automaton.fits(places, bits)
        if places & automaton.in_domain and (reach is None or fits & reach):
            plain = bool(places & automaton.in_core)
            found.setdefault((fits, plain), Cell(text, fits, plain))
    if reach is not None and not any(bit & reach for bit in bits):
        return _sorted(found)
    reached = None if reach is None else automaton.positions([bool(bit & reach) for bit in bits])
    for places, text in automaton.walk(reached, words):
        if text is None:
            return cells(patterns, domain=domain, core=core, reach=reach, apart=False)
        fits, plain = automaton.fits(places, bits), bool(places & automaton.in_core)
        found.setdefault((fits, plain), Cell(text, fits, plain))
    return _sorted(found)


def _sorted(found: dict[tuple[int, bool], Cell]) -> list[Cell]:
    """The plain ones first; what is plain need not be told again as not plain."""
    plain = [cell for cell in found.values() if cell.core]
    return plain + [cell for cell in found.values() if not cell.core and (cell.fits, True) not in found]


class _Automaton:
    """Patterns, one behind the other: a bit per token, and one behind the last for having matched."""

    def __init__(self, patterns: Sequence[Pattern], domain: Pattern, core: Pattern) -> None:
        self.tokens: list[Token | None] = []
        self.start = self.stars = self.other = self.narrow = 0
        self.accepts: list[int] = []
        self.spans: list[int] = []
        differs: dict[str, int] = {}
        for pattern in (*patterns, domain, core):
            first = len(self.tokens)
            for place, token in enumerate(pattern, first):
                bit = 1 << place
                self.stars |= bit if token.star else 0
                self.other |= bit if token.outside else 0
                self.narrow |= bit if token.chars else 0
                for char in token.chars:
                    differs[char] = differs.get(char, 0) ^ bit
            self.tokens += [*pattern, None]
            self.start |= 1 << first
            self.accepts.append(1 << first + len(pattern))
            self.spans.append((1 << len(self.tokens)) - (1 << first))
        self.steps = {char: self.other ^ bits for char, bits in differs.items()}
        self.start = self._past_stars(self.start)
        self.in_core, self.in_domain = self.accepts.pop(), self.accepts.pop()
        self.core_span, self.domain_span = self.spans.pop(), self.spans.pop()
        self.accepting = sum(self.accepts)

    def positions(self, which: Sequence[bool]) -> tuple[int, int]:
        """All the bits of some patterns, and those for having matched one of them."""
        return (
            sum(span for span, chosen in zip(self.spans, which, strict=True) if chosen),
            sum(bit for bit, chosen in zip(self.accepts, which, strict=True) if chosen),
        )

    def fits(self, places: int, bits: Sequence[int]) -> int:
        if not places & self.accepting:
            return 0
        return sum(bit for accept, bit in zip(self.accepts, bits, strict=True) if places & accept)

    def run(self, text: str) -> int:
        places = self.start
        for char in text:
            places = self.step(places, char)
        return places

    def step(self, places: int, char: str) -> int:
        taken = places & self.steps.get(char, self.other)
        return self._past_stars((taken & ~self.stars) << 1 | taken & self.stars)

    def _past_stars(self, places: int) -> int:
        return places | (places & self.stars) << 1

    def walk(self, reached: tuple[int, int] | None, words: dict[str, int]) -> Iterator[tuple[int, str | None]]:
        """A state for each combination in the domain, with a text that leads there and is none of the words.

        The text is None when there may be one, but none was found.
        """
        span, goal = reached or (-1, -1)
        came: dict[int, tuple[int, str]] = {self.start: (0, "")}
        queue = deque(came)
        open_: dict[tuple[int, bool], list[int]] = {}
        done: set[tuple[int, bool]] = set()
        while queue:
            places = queue.popleft()
            if places & self.in_domain and places & goal:
                combination = (places & self.accepting, bool(places & self.in_core))
                if combination not in done:
                    text = self._text(places, came)
                    if text not in words:
                        done.add(combination)
                        yield places, text
                    else:
                        open_.setdefault(combination, []).append(places)
            for char in self._choices(places):
                reachable = self.step(places, char)
                if reachable not in came and reachable & self.domain_span and reachable & span:
                    if len(came) >= LIMIT:
                        raise TooHard("patterns")
                    came[reachable] = (places, char)
                    queue.append(reachable)
        for combination, states in open_.items():
            if combination not in done:
                yield states[0], self._varied(states, came, words, combination)

    def _choices(self, places: int) -> list[str]:
        """A character for each way on: those that tokens here name, and one that none names."""
        named: dict[str, None] = {}
        narrow = places & self.narrow
        while narrow:
            bit = narrow & -narrow
            narrow ^= bit
            token = self.tokens[bit.bit_length() - 1]
            assert token is not None
            named |= dict.fromkeys(token.chars)
        return [next(char for char in _every_char() if char not in named), *named]

    def _text(self, places: int, came: dict[int, tuple[int, str]]) -> str:
        chars: list[str] = []
        while places != self.start:
            places, char = came[places]
            chars.append(char)
        return "".join(reversed(chars))

    def _varied(
        self,
        states: Iterable[int],
        came: dict[int, tuple[int, str]],
        words: dict[str, int],
        combination: tuple[int, bool],
    ) -> str | None:
        """A text with one more or one other character, of the same combination."""
        for places in list(states)[:4]:
            text = self._text(places, came)
            for place in range(len(text), -1, -1):
                for char in PREFERRED[:12]:
                    for changed in (text[:place] + char + text[place:], text[:place] + char + text[place + 1 :]):
                        if changed in words:
                            continue
                        end = self.run(changed)
                        if end & self.in_domain and combination == (end & self.accepting, bool(end & self.in_core)):
                            return changed
        return None


def _every_char() -> Iterator[str]:
    yield from PREFERRED
    yield from (chr(code) for code in range(0x4E00, 0x9FA5))


def _plain(char: str) -> Token:
    return ANYTHING if char in HOLES else Token(_ESCAPED.get(char, char))


def _fold(char: str) -> Token:
    if not char.isalpha() or char in HOLES or char in _ESCAPED:
        return _plain(char)
    return Token("".join(sorted({char.lower(), char.upper()})) + _SAME_IN_LOWER_CASE.get(char.lower(), ""))


def _token(char: str, *, crosses: bool) -> Token:
    if char == "*":
        return ANYTHING if crosses else ANYTHING_WITHIN
    if char == "?":
        return ANY if crosses else ANY_WITHIN
    return _plain(char)


def _joined(tokens: Iterable[Token]) -> Pattern:
    """Stars that stand together as one, the wider one."""
    joined: list[Token] = []
    for token in tokens:
        if token.star and joined and joined[-1].star:
            joined[-1] = min(token, joined[-1])
        else:
            joined.append(token)
    return tuple(joined)


def _with_holes(text: str, holes: str) -> Pattern:
    """The glob with its holes as characters of their own, which `?` does not take: their values have any length."""
    tokens = (Token(char) if char in holes else _token(char, crosses=True) for char in text)
    return _joined(token._replace(chars=holes) if token == ANY else token for token in tokens)
