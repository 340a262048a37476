"""Parameters of a call: found by their name, at any depth (`Document.S3Object.Bucket`, `Entries[].EventBusName`)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from rolecall.model import Account, Call, Function
from rolecall.needs.placeholders import Value, filled


@lru_cache(maxsize=1024)
def steps(name: str) -> tuple[str, ...]:
    """The names on the way to a parameter, in lower case, without positions in lists.

    >>> steps("Entries[0].EventBusName"), steps("TransactItems.0.Put")
    (('entries', 'eventbusname'), ('transactitems', 'put'))
    """
    words = re.split(r"[.\[\]]+", name)
    return tuple(word.lower() for word in words if word and not re.fullmatch(r"[\d*]+", word))


@dataclass(frozen=True, slots=True)
class Given:
    """A call with the function that makes it: what its parameters can be there."""

    call: Call
    function: Function
    account: Account

    def has(self, name: str) -> bool:
        """Is the parameter given, or something inside it?"""
        wanted = steps(name)
        return any(_holds(steps(each), wanted) for each, _ in self.call.parameters)

    def all(self, *names: str) -> tuple[Value, ...]:
        """The values of the first of these parameters that is given; a name without dots is found at any depth."""
        for name in names:
            wanted = steps(name)
            found = [texts for each, texts in self.call.parameters if steps(each)[-len(wanted) :] == wanted]
            if found:
                texts = tuple(dict.fromkeys(text for each in found for text in each))
                return filled(texts, self.function, self.account)
        return ()

    def of(self, parameter: str) -> tuple[Value, ...]:
        """The values of a parameter by its whole name, as the call has it."""
        return filled(self.call.values(parameter), self.function, self.account)

    def texts(self, name: str) -> tuple[str, ...]:
        """The values as text."""
        return tuple(value.text for value in self.all(name))


def _holds(path: tuple[str, ...], part: tuple[str, ...]) -> bool:
    return any(path[place : place + len(part)] == part for place in range(len(path) - len(part) + 1))
