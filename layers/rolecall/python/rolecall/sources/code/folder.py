"""Folders with code: what Lambda would be given of them, without ever leaving them."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from rolecall.sources.code.files import Files, UnreadableError, plain, wanted

MOST_ENTRIES = 50_000
DEEPEST = 40
SKIPPED = frozenset({"__pycache__", "node_modules"})
"""Folders without modules that Python would import, beside those that begin with a dot."""


def open_folder(root: Path, name: str) -> Files:
    """The source below a folder. A link that leads out of it is not followed, nor is one to a folder.

    Raises
    ------
    UnreadableError : it is no folder, or may not be read
    """
    unread: dict[str, None] = {}
    sizes: dict[str, int] = {}
    digest = hashlib.sha256(str(root.resolve()).encode(errors="surrogateescape"))
    try:
        for path, size, changed in _entries(root, unread):
            sizes[path] = size
            digest.update(f"{path}\0{size}\0{changed}\0".encode(errors="surrogateescape"))
    except OSError as error:
        raise UnreadableError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error

    def read(path: str, most: int) -> bytes:
        with (root / path).open("rb") as file:
            return file.read(most)

    return Files(name, dict(sorted(sizes.items())), read, fingerprint=digest.hexdigest(), unread=unread)


def _entries(root: Path, unread: dict[str, None]) -> Iterator[tuple[str, int, int]]:
    """(path, bytes, time of change in nanoseconds) of each file that is wanted."""
    home = root.resolve(strict=True)
    waiting, seen = [("", 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            found = sorted(os.scandir(root / folder), key=lambda each: each.name)
        except OSError as error:
            if not folder:
                raise
            unread[f"folder `{plain(folder[:-1])}` cannot be read: {(error.strerror or str(error)).lower()}"] = None
            continue
        for each in found:
            seen += 1
            if seen > MOST_ENTRIES:
                unread[f"it has more than {MOST_ENTRIES:,} files: the rest is not read"] = None
                return
            path = f"{folder}{each.name}"
            if each.is_dir(follow_symlinks=False):
                if each.name in SKIPPED or each.name.startswith("."):
                    continue
                if depth >= DEEPEST:
                    unread[f"folder `{plain(path)}` lies too deep: not read"] = None
                    continue
                waiting.append((f"{path}/", depth + 1))
            elif (wanted(path) or _links_to_folder(each)) and (entry := _file(each, path, home, unread)):
                yield entry


def _links_to_folder(each: "os.DirEntry[str]") -> bool:
    try:
        return each.is_symlink() and each.is_dir()
    except OSError:  # links in a circle
        return False


def _file(each: "os.DirEntry[str]", path: str, home: Path, unread: dict[str, None]) -> tuple[str, int, int] | None:
    """One file that is wanted, or a link; None, and why, where it is not to be read."""
    try:
        real = Path(each.path).resolve(strict=True)
        known = real.stat()
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        unread[f"`{plain(path)}` is a link that leads nowhere: not read"] = None
        return None
    name = plain(path)
    if home not in real.parents:
        unread[f"`{name}` is a link that leaves the folder: not followed"] = None
    elif stat.S_ISDIR(known.st_mode):
        unread[f"`{name}` is a link to a folder: not followed"] = None
    elif not stat.S_ISREG(known.st_mode):
        unread[f"`{name}` is no regular file: not read"] = None
    else:
        return path, known.st_size, known.st_mtime_ns
    return None
