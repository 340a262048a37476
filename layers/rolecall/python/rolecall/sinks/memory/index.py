"""The index: which functions refer to a name, as sets in the memory table that are kept up to date by differences."""

from collections.abc import Collection, Iterable, Mapping
from zlib import crc32

from rolecall.sinks.memory.table import Table

PREFIX = "name#"
# A layer may be used by all of 10,000 functions, and their ARNs take more than an item's 400 KB.
SHARDS = 8
LONGEST = 1_000  # characters of a name: a key holds 2,048 bytes. Longer ones are cut, and then mean each other too.
# A function with more names than this is asked for whatever the name: its item would not hold them.
MOST = 1_000
ANY = "*"


class Index:
    """Items of the key `name#<shard>#<name>`, each with the string set `functions`.

    It may hold more than is so, for some time after a handler was killed: that costs a look, and hides nothing.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def users(self, name: str) -> frozenset[str]:
        """The ARNs of the functions that refer to a name."""
        keys = [_key(each, shard) for each in (name, ANY) for shard in range(SHARDS)]
        items = self._table.many(keys).values()
        return frozenset(function for item in items for function in item.get("functions", ()))

    def add(self, function: str, names: Collection[str]) -> None:
        for name in sorted(names):
            self._table.update(_key(name, _shard(function)), "ADD #functions :f", {"f": {function}})

    def remove(self, function: str, names: Collection[str]) -> None:
        for name in sorted(names):
            self._table.update(_key(name, _shard(function)), "DELETE #functions :f", {"f": {function}})

    def mend(self, names: Mapping[str, Collection[str]], held: Mapping[str, Collection[str]]) -> None:
        """Add what is missing: `names` by function, `held` the functions by key of the item.

        An older audit that ends after a newer one may have removed what that one had just added.
        """
        for function, its in names.items():
            self.add(function, [each for each in its if function not in held.get(_key(each, _shard(function)), ())])


def bounded(names: Iterable[str]) -> frozenset[str]:
    """The names as they are kept: `*` where they are too many.

    >>> bounded(str(number) for number in range(2000))
    frozenset({'*'})
    """
    kept = frozenset(name[:LONGEST] for name in names)
    return kept if len(kept) <= MOST and sum(map(len, kept)) <= 100_000 else frozenset({ANY})


def _key(name: str, shard: int) -> str:
    return f"{PREFIX}{shard}#{name[:LONGEST]}"


def _shard(function: str) -> int:
    return crc32(function.encode()) % SHARDS
