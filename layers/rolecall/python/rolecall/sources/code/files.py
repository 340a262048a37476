"""Files: the Python source below one root, by path. A file is read when it is asked for, and only so much of all."""

import codecs
import io
import tokenize
from collections.abc import Callable, Iterator, Mapping

MOST_FILES = 2_000
MOST_BYTES = 40_000_000
LARGEST = 2_000_000
"""Bytes of one file: written by hand, none is as long."""

TOLD = ("top_level.txt", "RECORD")
"""Files of a `*.dist-info` folder that tell what pip installed: Python Packaging User Guide, "Core metadata"."""

ENCODINGS = ("ascii", "utf-8", "iso8859-", "cp125", "koi8-", "gb", "big5", "shift_jis", "euc_")
"""Beginnings of the names of encodings that a file may declare: some others take very long, or are no text."""


class UnreadableError(Exception):
    """A file or package is not read. The message says why, in a few words that follow its name."""


class Files(Mapping[str, str]):
    """Path relative to the root, with `/`, to the text of each `.py` file.

    Parameters
    ----------
    name : what people call the root
    sizes : path -> bytes, of all that may be asked for
    read : the bytes of a path, and no more than so many. Raises OSError or UnreadableError
    fingerprint : changes when any file does
    unread : why something that lies below the root is not there, one line each
    """

    def __init__(
        self,
        name: str,
        sizes: Mapping[str, int],
        read: Callable[[str, int], bytes],
        *,
        fingerprint: str,
        unread: Mapping[str, None] | None = None,
    ) -> None:
        self.name, self.fingerprint = name, fingerprint
        self.unread: dict[str, None] = dict(unread or {})
        self._sizes, self._read = sizes, read
        self._texts: dict[str, str] = {}
        self._bytes = 0

    def __getitem__(self, path: str) -> str:
        """The text; that of a file that cannot be read is empty, and `unread` says why."""
        if path not in self._sizes:
            raise KeyError(path)
        if path not in self._texts:
            try:
                self._texts[path] = self._text(path)
            except (OSError, UnreadableError) as error:
                why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else str(error)
                self.unread[f"`{plain(path)}` {why}"] = None
                self._texts[path] = ""
            except _FullError as full:
                self.unread[str(full)] = None
                return ""
        return self._texts[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sizes)

    def __len__(self) -> int:
        return len(self._sizes)

    def __contains__(self, path: object) -> bool:
        return path in self._sizes

    def below(self, folder: str) -> "Files":
        """The same from a folder on: `python/` of a layer."""
        sizes = {path.removeprefix(folder): size for path, size in self._sizes.items() if path.startswith(folder)}
        return Files(
            self.name,
            sizes,
            lambda path, most: self._read(folder + path, most),
            fingerprint=f"{self.fingerprint}/{folder}",
            unread=self.unread,
        )

    def _text(self, path: str) -> str:
        if len(self._texts) >= MOST_FILES:
            raise _FullError(f"more than {MOST_FILES:,} files are needed: the rest is not read")
        if self._bytes >= MOST_BYTES:
            raise _FullError(f"more than {MOST_BYTES // 10**6} MB of source are needed: the rest is not read")
        if self._sizes[path] > LARGEST:
            raise UnreadableError(f"is larger than {LARGEST // 10**6} MB: not read")
        data = self._read(path, LARGEST + 1)
        if len(data) > LARGEST:
            raise UnreadableError(f"is larger than {LARGEST // 10**6} MB: not read")
        self._bytes += len(data)
        return decoded(data)


class _FullError(Exception):
    """A bound of all files together is reached."""


def wanted(path: str) -> bool:
    """Is it source, or does it tell what pip installed?

    >>> wanted("app.py"), wanted("yaml-6.0.dist-info/RECORD"), wanted("data.zip")
    (True, True, False)
    """
    folder, _, name = path.rpartition("/")
    return name.endswith(".py") or (name in TOLD and folder.endswith((".dist-info", ".egg-info")))


def plain(path: str) -> str:
    """A path as it can be shown: a terminal obeys some signs, and others are no text.

    >>> plain("shop/app.py"), plain(chr(27) + ".py") == chr(92) + "x1b.py"
    ('shop/app.py', True)
    """
    return path if path.isprintable() else ascii(path)[1:-1]


def decoded(data: bytes) -> str:
    """Source as Python decodes it: UTF-8, or as its first lines say (PEP 263).

    Raises
    ------
    UnreadableError : it is no text

    Examples
    --------
    >>> decoded("# coding: latin-1\\n'é'".encode("latin-1"))
    "# coding: latin-1\\n'é'"
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        name = codecs.lookup(encoding).name
        if not name.startswith(ENCODINGS):
            raise UnreadableError(f"is in the encoding `{name}`, which is not read")
        return data.decode(encoding)
    except (SyntaxError, LookupError, UnicodeDecodeError) as error:
        raise UnreadableError("is no text in UTF-8, nor in an encoding that it names") from error
