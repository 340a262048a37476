"""Declared callers: the tag by which a function says who is to invoke it.

The key is `rolecall:callers`, the value role names, user names, ARNs and account ids with spaces between them, or
`none`; further ones stand in `rolecall:callers:2` and so on, since the value of a tag has 256 characters at most.
"""

from dataclasses import dataclass

from rolecall.callers.caller import Caller
from rolecall.iam.arn import Arn
from rolecall.iam.statement import is_unresolved
from rolecall.model import Function

KEY = "rolecall:callers"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Declared:
    """Whom a function declares; `refused` are words that name nobody, `unknown` says that a value is not known."""

    names: frozenset[str]
    refused: tuple[str, ...] = ()
    unknown: bool = False

    def covers(self, caller: Caller) -> bool:
        """Is it one of them, by its name, its ARN or its account? A session also by the name of its role."""
        arn = Arn.parse(caller.principal)
        owner = arn.account if arn else caller.principal
        root = f"arn:{arn.partition if arn else 'aws'}:iam::{owner}:root"
        role = arn.session[0] if arn and arn.session else caller.name
        return bool(self.names & {caller.principal, caller.name, role, owner, root})


def declared(function: Function) -> Declared | None:
    """What its tags say; None without one.

    >>> from rolecall.model import Function
    >>> tags = (("rolecall:callers", "deploy ann"), ("rolecall:callers:2", "111122223333"))
    >>> sorted(declared(Function("f", "f", "arn", "role", tags=tags)).names)
    ['111122223333', 'ann', 'deploy']
    """
    values = function.values_of(KEY)
    if not values:
        return None
    words = [word for value in values for word in value.split()]
    named = frozenset(words) - {NONE}
    refused = ("an empty value",) if not words else (NONE,) if named and NONE in words else ()
    return Declared(named, refused, any(map(is_unresolved, values)))
