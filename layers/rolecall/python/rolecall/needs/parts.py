"""Patterns that are known in part: what they can stand for, and whether two can mean the same thing."""

import re
from functools import lru_cache

from rolecall.iam.wildcard import is_wild, matches

_MARK = re.compile(r"⟨[^⟩]*⟩|\$\{[^}]*\}")


@lru_cache(maxsize=16_384)
def widened(resource: str) -> str:
    """The pattern with `*` for each part that is not known, and for policy variables.

    >>> widened("arn:aws:s3:::⟨Bucket⟩/in/*")
    'arn:aws:s3:::*/in/*'
    """
    return re.sub(r"\*{2,}", "*", _MARK.sub("*", resource))


@lru_cache(maxsize=65_536)
def overlap(one: str, other: str) -> bool:
    """Is there a text that both patterns match? Wildcards stand for anything here, also over colons.

    >>> overlap("arn:aws:s3:::inbox/*", "arn:aws:s3:::*/orders"), overlap("a?c", "ab"), overlap("*", "?")
    (True, False, True)
    """
    if not is_wild(other):
        return matches(one, other)
    # places[j]: can what is left of `one` and `other[j:]` match the same text?
    places = [not other[place:].strip("*") for place in range(len(other) + 1)]
    for start in range(len(one) - 1, -1, -1):
        char = one[start]
        before, places = places, [False] * (len(other) + 1)
        places[-1] = char == "*" and before[-1]
        for place in range(len(other) - 1, -1, -1):
            facing = other[place]
            if char == "*" or facing == "*":
                # Either star ends here, or it takes one more of what the other has.
                places[place] = (char == "*" and (before[place] or places[place + 1])) or (
                    facing == "*" and (places[place + 1] or before[place])
                )
            else:
                places[place] = before[place + 1] and (char == facing or "?" in (char, facing))
    return places[0]
