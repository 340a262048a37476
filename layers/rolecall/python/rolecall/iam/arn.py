"""ARNs: their six parts, and which ARNs an ARN pattern of a policy matches."""

from dataclasses import dataclass
from functools import lru_cache

from rolecall.iam.wildcard import Matcher, is_wild, matcher


@dataclass(frozen=True, slots=True)
class Arn:
    """arn:partition:service:region:account:resource.

    >>> Arn.parse("arn:aws:lambda:eu-west-1:111122223333:function:audit").resource
    'function:audit'
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """The ARN, or None when the text is none."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            return None
        return cls(*parts[1:])

    @property
    def kind(self) -> str:
        """`role`, `function`, `user` …: the resource up to its first `/` or `:`; empty when it has neither."""
        for place, char in enumerate(self.resource):
            if char in "/:":
                return self.resource[:place]
        return ""

    @property
    def name(self) -> str:
        """The last part of the resource: a role's name without its path, a session's name, a queue's name."""
        return self.resource.replace(":", "/").rsplit("/", 1)[-1]

    @property
    def is_root(self) -> bool:
        """Whether it stands for a whole account."""
        return self.service == "iam" and self.resource == "root"

    @property
    def session(self) -> tuple[str, str] | None:
        """Role name and session name of `arn:aws:sts::111122223333:assumed-role/ROLE/SESSION`."""
        parts = self.resource.split("/")
        if self.service != "sts" or parts[0] != "assumed-role" or len(parts) != 3:
            return None
        return parts[1], parts[2]

    def __str__(self) -> str:
        return ":".join(("arn", self.partition, self.service, self.region, self.account, self.resource))


def service_of_arn(text: str) -> str:
    """The service of an ARN or of a pattern of ARNs, as written; empty where the text has none.

    >>> service_of_arn("arn:aws:s3:::inbox/*"), service_of_arn("arn:*:s?:::x"), service_of_arn("*")
    ('s3', 's?', '')
    """
    return [*text.split(":"), "", "", ""][2]


def resource_matches(pattern: str, text: str) -> bool:
    """Whether an entry of Resource matches.

    Segments are matched one by one, but a `*` that ends a segment may run on past the colon
    (IAM User Guide, "IAM JSON policy elements: Resource"). The sixth segment is all that follows the fifth colon.

    >>> resource_matches("arn:aws:lambda:us-east-1:*", "arn:aws:lambda:us-east-1:111122223333:function:audit")
    True
    >>> resource_matches("arn:aws:s3:*box", "arn:aws:s3:::inbox")
    False
    """
    return resource_matcher(pattern)(text)


def arn_matches(pattern: str, text: str) -> bool:
    """Whether a value of ArnLike or ArnEquals matches: each of the six parts on its own.

    >>> arn_matches("arn:aws:s3:*:*:inbox", "arn:aws:s3:::inbox")
    True
    >>> arn_matches("arn:aws:s*:inbox", "arn:aws:s3:::inbox")
    False
    """
    return arn_matcher(pattern)(text)


@lru_cache(maxsize=8192)
def resource_matcher(pattern: str) -> Matcher:
    """`resource_matches` with the pattern given."""
    segments = pattern.split(":", 5)
    if any(is_wild(segment.rstrip("*")) for segment in segments[:5]):
        return _within_segments(segments)
    return matcher(pattern)


@lru_cache(maxsize=8192)
def arn_matcher(pattern: str) -> Matcher:
    """`arn_matches` with the pattern given.

    A pattern of fewer parts matches only if it ends with `*`, which then stands for all that is left.
    """
    if not is_wild(pattern):
        return pattern.__eq__
    pieces = pattern.split(":", 5)
    last = len(pieces) - 1
    if last < 5 and not pattern.endswith("*"):
        return lambda text: False
    parts = [matcher(piece) for piece in pieces]

    def match(text: str) -> bool:
        found = text.split(":", last)
        return len(found) == last + 1 and all(part(piece) for part, piece in zip(parts, found, strict=True))

    return match


def _within_segments(segments: list[str]) -> Matcher:
    """The rare pattern with a wildcard inside a segment, which must not cross a colon there.

    All places where the pattern may stand are kept as the bits of one number, so that the time is that of
    one pass over the text, whatever the pattern.
    """
    tokens = [token for place, segment in enumerate(segments) for token in _tokens(segment, last=place == 5)]
    del tokens[-1]  # the colon that follows the last segment
    stars = sum(1 << bit for bit, token in enumerate(tokens) if token[0] == "*")
    alphabet = {token for token in tokens if token[0] not in "*?"} | {":", ""}
    steps = {char: sum(1 << bit for bit, token in enumerate(tokens) if _takes(token, char)) for char in alphabet}
    start = 1 | (stars & 1) << 1

    @lru_cache(maxsize=1024)
    def match(text: str) -> bool:
        places = start
        for char in text:
            taken = places & steps.get(char, steps[""])
            places = (taken & ~stars) << 1 | taken & stars
            places |= (places & stars) << 1
            if not places:
                return False
        return bool(places >> len(tokens) & 1)

    return match


def _tokens(segment: str, *, last: bool) -> list[str]:
    """A token per character: a plain one, or `*` and `?`, with a `:` behind them when they may cross a colon."""
    body = segment.rstrip("*")
    tokens = [char + (":" if last and char in "*?" else "") for char in body]
    tokens = [token for place, token in enumerate(tokens) if token[0] != "*" or tokens[place - 1 : place] != [token]]
    return [*tokens, *(["*:"] if body != segment else []), ":"]


def _takes(token: str, char: str) -> bool:
    """Whether the token takes that character; the empty one stands for those that the pattern does not name."""
    if token[0] not in "*?":
        return token == char
    return char != ":" or token.endswith(":")
