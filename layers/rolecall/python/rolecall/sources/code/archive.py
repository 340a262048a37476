"""Zip archives with code: their members are read in memory, within bounds; nothing is unpacked to disk."""

import hashlib
import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rolecall.sources.code.files import Files, UnreadableError, plain, wanted

MOST_PACKED = 260 * 2**20
MOST_UNPACKED = 270 * 2**20
"""Bytes. Lambda takes 250 MB of code and layers, unpacked: Lambda Developer Guide, "Lambda quotas"."""
MOST_DIRECTORY = 16 * 2**20
"""Bytes of the list of members: 65,535 of them, the most that a plain zip has, with paths of 200 characters."""
MOST_RATIO = 200
"""Times that a file may grow when it is unpacked. Source grows some 4 times; the most that deflate does is 1,032."""
RATIO_FROM = 100_000

_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, NotImplementedError, RuntimeError)


def open_archive(source: Path | bytes, name: str, *, fingerprint: str | None = None) -> Files:
    """The source in a zip archive: a file, or the bytes of one. `fingerprint` where its digest is known already.

    Raises
    ------
    UnreadableError : it is no zip that can be read, or is more than Lambda takes
    """
    try:
        fingerprint = fingerprint or _fingerprint(source)
        with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            _check(file)
        archive = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (*BROKEN, ValueError) as error:
        raise UnreadableError(f"is no zip archive that can be read: {error}") from error
    if (unpacked := sum(each.file_size for each in archive.infolist())) > MOST_UNPACKED:
        raise UnreadableError(f"unpacks to {unpacked // 2**20:,} MB, more than Lambda takes: not read")
    unread: dict[str, None] = {}
    members = {each.filename: each for each in _members(archive, unread)}

    def read(path: str, most: int) -> bytes:
        try:
            with archive.open(members[path]) as member:
                return member.read(most)
        except BROKEN as error:
            raise UnreadableError(f"cannot be unpacked: {error}") from error

    sizes = {path: members[path].file_size for path in sorted(members)}
    return Files(name, sizes, read, fingerprint=fingerprint, unread=unread)


def _fingerprint(source: Path | bytes) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    known = source.stat()
    return f"{source.resolve()}\0{known.st_size}\0{known.st_mtime_ns}"


def _check(file: IO[bytes]) -> None:
    """Refuse what would take too much to list: the size of the list stands at the end (APPNOTE.TXT, 4.3.16)."""
    size = file.seek(0, io.SEEK_END)
    if size > MOST_PACKED:
        raise UnreadableError(f"has {size // 2**20:,} MB, more than Lambda takes: not read")
    file.seek(max(0, size - 66_000))
    tail = file.read()
    start = tail.rfind(_END)
    if start < 0 or len(tail) - start < 22:
        raise zipfile.BadZipFile("File is not a zip file")
    if tail[max(0, start - 20) :].startswith(_END_64):
        raise UnreadableError("is a ZIP64 archive, larger than any that Lambda takes: not read")
    listed: int = struct.unpack_from("<L", tail, start + 12)[0]
    if listed > MOST_DIRECTORY:
        raise UnreadableError(f"lists its files on {listed // 2**20:,} MB: not read")


def _members(archive: zipfile.ZipFile, unread: dict[str, None]) -> Iterator[zipfile.ZipInfo]:
    """The members that are wanted; of two with the same name the last, as when they are unpacked."""
    for each in {one.filename: one for one in archive.infolist()}.values():
        path = each.filename
        if not wanted(path):
            continue
        parts = path.split("/")
        if "\\" in path or path.startswith("/") or ":" in parts[0] or ".." in parts:
            why = "has a path that leaves the archive: not read"
        elif stat.S_ISLNK(each.external_attr >> 16):
            why = "is a symbolic link: not followed"
        elif each.flag_bits & 1:
            why = "is encrypted: not read"
        elif each.file_size > RATIO_FROM and each.file_size > MOST_RATIO * max(each.compress_size, 1):
            why = "grows more than 200 times when it is unpacked: not read"
        else:
            yield each
            continue
        unread[f"`{plain(path)}` {why}"] = None
