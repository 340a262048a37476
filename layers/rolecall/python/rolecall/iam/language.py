"""Languages over text: for a set of patterns, one text for each way in which a text can match some and miss others."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from rolecall.iam.variables import MARK, STAR, plain

MOST = 5_000
"""States of a product of automata; real policies need some hundred, fifty lists of twenty names 1,200. Beyond, the
answer is that it is not known: the same for each set of languages, whatever was asked before."""

STEPS = 500_000
"""Steps from state to state; many or long patterns make each of them dear."""

Token = tuple[str, bool]
"""One character; or `*` or `?` with whether it crosses a colon. A plain `*` or `?` is written `\\*`, `\\?`."""


class TooManyError(Exception):
    """The patterns make more states than are looked at."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """Patterns side by side, as the places in them where a text can stand, each a bit of a number.

    A text is in the language if it fits one of them.
    """

    size: int
    named: dict[str, int]
    """The places that take a character because it is written there."""
    wild: int
    not_colon: int
    stars: int
    start: int
    end: int
    needless: dict[int, tuple[int, int]]
    """What a place takes away once it is reached, because it lets all of that through too, and what it puts there."""
    telling: int

    def step(self, places: int, char: str) -> int:
        """The places after one more character, as they are before `reduced`."""
        wild = self.wild if char != ":" else self.wild & ~self.not_colon
        taken = places & (self.named.get(char, 0) | wild)
        after = (taken & ~self.stars) << 1 | taken & self.stars
        return after | (after & self.stars) << 1

    def reduced(self, places: int, fresh: int) -> int:
        """The places without those that some just reached make needless: it leaves far fewer states of a product."""
        while fresh:
            place = 1 << fresh.bit_length() - 1
            fresh ^= place
            if places & place:
                away, put = self.needless[place]
                places = places & ~away | put
        return places

    def accepts(self, places: int) -> bool:
        return bool(places & self.end)


def automaton(*patterns: Sequence[Token], ignore_case: bool = False) -> Automaton:
    """The automaton of one or several patterns.

    What follows a last star is anything: one place is enough for all patterns that end so, the first one.
    """
    done = _one([("*", True)], ignore_case=False)
    whole = beside([done, *(_one(_without_last_star(each), ignore_case=ignore_case) for each in map(_kept, patterns))])
    opens, at = 0, done.size
    for tokens in map(_kept, patterns):
        at += len(_without_last_star(tokens)) + 1
        opens |= 1 << at - 1 if tokens[-1:] == [("*", True)] else 0
    every = (1 << whole.size) - 1
    needless = whole.needless | {1 << place: (every, done.start) for place in range(whole.size) if opens >> place & 1}
    made = replace(whole, needless=needless, telling=whole.telling | opens)
    started = made.start & ~done.start
    return replace(made, start=made.reduced(started, started & made.telling))


def beside(automata: Iterable[Automaton]) -> Automaton:
    """All of them as one, each behind the places of the one before."""
    size = wild = not_colon = stars = start = end = telling = 0
    named: dict[str, int] = {}
    needless: dict[int, tuple[int, int]] = {}
    for each in automata:
        for char, places in each.named.items():
            named[char] = named.get(char, 0) | places << size
        needless |= {place << size: (away << size, put << size) for place, (away, put) in each.needless.items()}
        wild |= each.wild << size
        not_colon |= each.not_colon << size
        stars |= each.stars << size
        start |= each.start << size
        end |= each.end << size
        telling |= each.telling << size
        size += each.size
    return Automaton(size, named, wild, not_colon, stars, start, end, needless, telling)


def _one(tokens: Sequence[Token], *, ignore_case: bool) -> Automaton:
    stars = sum(1 << place for place, (text, _) in enumerate(tokens) if text == "*")
    wild = sum(1 << place for place, (text, _) in enumerate(tokens) if text in "*?")
    not_colon = sum(1 << place for place, (text, crosses) in enumerate(tokens) if text in "*?" and not crosses)
    named: dict[str, int] = {}
    for place, (text, _) in enumerate(tokens):
        for char in "" if text in "*?" else _cases(text[-1]) if ignore_case else text[-1]:
            named[char] = named.get(char, 0) | 1 << place
    needless = {1 << place: (_behind(tokens, place), 0) for place in range(1, len(tokens)) if tokens[place][0] == "*"}
    start = 1 | (stars & 1) << 1
    return Automaton(len(tokens) + 1, named, wild, not_colon, stars, start, 1 << len(tokens), needless, sum(needless))


def _behind(tokens: Sequence[Token], star: int) -> int:
    """The places before a star from which no text fits that does not fit from the star too."""
    if tokens[star][1]:
        return (1 << star) - 1
    colons = [place for place in range(star) if tokens[place] in ((":", True), ("*", True), ("?", True))]
    first = colons[-1] + 1 if colons else 0
    return (1 << star) - (1 << first)


def _kept(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without stars behind a star."""
    return [token for place, token in enumerate(tokens) if token[0] != "*" or tokens[place - 1 : place] != [token]]


def _without_last_star(tokens: list[Token]) -> list[Token]:
    return tokens[:-1] if tokens[-1:] == [("*", True)] else tokens


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


def samples(languages: Sequence[Automaton], *, within: Automaton | None = None) -> dict[int, str]:
    """For each set of languages that some text is in, and in no other, the shortest such text.

    Parameters
    ----------
    languages : the bit of a set is the language's place here
    within : only texts of this language; without one, any text that is not empty

    Raises
    ------
    TooManyError : after `MOST` states, or fewer where long patterns make each of them dear (`STEPS`)
    """
    every = [*languages, within or automaton([("*", True)])]
    whole = beside(every)
    starts = [*accumulate(each.size for each in every[:-1])]
    last, ends = sum(starts[-1:]), [each.end << start for each, start in zip(every, [0, *starts], strict=True)]
    chars = sorted({":", *whole.named})
    fresh = _fresh({*chars})
    found: dict[int, str] = {}
    seen = {whole.start}
    todo = deque([(whole.start, "")])
    steps, dear = 0, 1 + whole.size // 8_000
    while todo:
        places, text = todo.popleft()
        steps += len(chars)
        for char in (fresh, *(each for each in chars if each == ":" or places & whole.named[each])):
            after = whole.step(places, char)
            reached = after & whole.telling & ~places
            steps += 1 + reached.bit_count()
            after = whole.reduced(after, reached)
            if after & ends[-1]:
                found.setdefault(after & whole.end, text + char)
            if after not in seen and after >> last:
                seen.add(after)
                if len(seen) > MOST or steps * dear > STEPS:
                    raise TooManyError(f"more than {len(seen) - 1} states of {len(languages)} languages")
                todo.append((after, text + char))
    by_set: dict[int, str] = {}
    for reached, text in found.items():
        by_set.setdefault(sum(1 << bit for bit, end in enumerate(ends[:-1]) if reached & end), text)
    return by_set


def _fresh(named: set[str]) -> str:
    return next(
        char for char in map(chr, (*b"xyzabcdefghijklmnopqrstuvw0123456789", *range(256, 4096))) if char not in named
    )
