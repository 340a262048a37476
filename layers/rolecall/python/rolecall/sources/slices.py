"""Slices: an Account in parts that are small enough for a message, as packed snapshots."""

import base64
import gzip
import json
from collections.abc import Iterator

from rolecall.model import Account
from rolecall.parts import cut
from rolecall.sources import file

# A message of SQS holds 1 MiB at most, and held 256 KiB until 2025 (SQS Developer Guide, "Amazon SQS message quotas").
LARGEST = 250_000  # bytes of a packed slice
SIZE = 25  # functions


def pack(account: Account) -> str:
    """The account as text: its snapshot as JSON, gzip, base64."""
    return base64.b64encode(gzip.compress(json.dumps(file.dump(account)).encode(), mtime=0)).decode()


def unpack(text: str) -> Account:
    """The account of a packed text.

    Raises
    ------
    SourceError, ValueError, OSError : it is not what `pack` made
    """
    return file.load(json.loads(gzip.decompress(base64.b64decode(text))))


def slices(
    account: Account, *, size: int = SIZE, largest: int = LARGEST
) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The functions (ids) of each slice, and its text; no text for a single function that is too large for one."""
    for each in cut(account, size):
        yield from _fitting(each, largest)


def _fitting(account: Account, largest: int) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The slice, or its halves where it is too large."""
    ids = tuple(sorted({function.id for function in account.functions}))
    packed = pack(account)
    if len(packed) <= largest:
        yield ids, packed
    elif len(ids) == 1:
        yield ids, None
    else:
        for half in cut(account, (len(ids) + 1) // 2):
            yield from _fitting(half, largest)
