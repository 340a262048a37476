"""The code of functions of an AWS account: fetched where GetFunction says that it is, read, analysed, and thrown away.

Where it is, is a presigned URL of Lambda's own bucket, good for ten minutes: Lambda API Reference, "GetFunction".
It lets anybody in who has it, so it is told to nobody.
"""

import hashlib
import http.client
import ipaddress
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, Protocol
from urllib.parse import urlsplit

from rolecall.model import Code, Function, Gap
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.functions import Served
from rolecall.sources.code import (
    MOST_PACKED,
    Effort,
    Files,
    Layers,
    UnreadableError,
    analysed,
    edition,
    open_archive,
    unanalysed,
)
from rolecall.sources.code.packed import pack, unpack

WHAT = "code"
TIMEOUT = 20.0
LONGEST = 120.0
"""Seconds: without an answer, and for one package."""


class CodeCache(Protocol):
    """What keeps what was found in code, by a digest of all that it hangs on: package, handler, layers, analysis."""

    def recall(self, digest: str) -> bytes | None:
        """What was kept; None where nothing was."""
        ...

    def keep(self, digest: str, packed: bytes) -> None:
        """Keep it, as long as it likes, if it likes."""
        ...


@dataclass(frozen=True, slots=True)
class CodeReading:
    """How the code of functions is read: what keeps what was found, if anything does, and what an audit may spend."""

    kept: CodeCache | None = None
    effort: Effort = field(default_factory=Effort)


class Packages:
    """The code of the functions of one audit. Each package is fetched once, and one at a time: they need disk."""

    def __init__(self, calls: Calls, reading: CodeReading) -> None:
        self._calls, self._kept, self._effort = calls, reading.kept, reading.effort
        self._found: dict[str, bytes] = {}
        self._lock = Lock()

    def with_calls(self, served: Served, functions: Sequence[Function]) -> tuple[Function, ...]:
        """The versions of a function with what their code calls, and gaps for what of it is not known."""
        return tuple(self._with_calls(served, function) for function in functions)

    def _with_calls(self, served: Served, function: Function) -> Function:
        if gap := unanalysed(function):
            return _and(function, gap)
        if function.code is None or function.code.digest is None:
            return _and(function, Gap(WHAT, "AWS tells no digest of it, so it is not fetched", None, function.id))
        digest = _digest(function)
        packed = self._found.get(digest) or (self._kept.recall(digest) if self._kept else None)
        with self._lock:
            packed = packed or self._found.get(digest)
            if packed is None:
                return self._fetched(served, function, function.code, digest)
            self._found[digest] = packed
        code, gaps = unpack(packed, function.code, function.id)
        return _and(replace(function, code=code), *gaps)

    def _fetched(self, served: Served, function: Function, code: Code, digest: str) -> Function:
        try:
            with tempfile.TemporaryDirectory(prefix="rolecall-") as folder:
                files = self._files(
                    self._location(served, function), Path(folder) / "code.zip", function.name, code.digest
                )
                layers, unfetched = self._layers(function, Path(folder))
                read, gaps = analysed(function, code, files, layers, self._effort)
        except Refused as refused:
            return _and(function, Gap(WHAT, refused.why, refused.call, function.id))
        except UnreadableError as error:
            return _and(function, Gap(WHAT, f"the package {error}", None, function.id))
        if (
            not unfetched and read is not code
        ):  # What was not fetched, or not analysed, is tried again by the next audit.
            packed = pack(read, gaps)
            self._found[digest] = packed
            if self._kept:
                self._kept.keep(digest, packed)
        return _and(replace(function, code=read), *gaps, *unfetched)

    def _location(self, served: Served, function: Function) -> Mapping[str, Any]:
        """Where the code of a version is: GetFunction is asked once more for a version that is not the latest."""
        number = function.version
        if number not in served.locations:
            named = {"Qualifier": number} if number else {}
            answer = self._calls.ask("lambda", "get_function", FunctionName=function.name, **named)
            served.locations[number] = answer.get("Code", {})
        return served.locations[number]

    def _layers(self, function: Function, folder: Path) -> tuple[Layers, tuple[Gap, ...]]:
        """Its layers, of this account only: what others publish is not the user's code."""
        read: list[Files] = []
        unread: list[str] = []
        gaps: list[Gap] = []
        for number, arn in enumerate(function.settings.layers):
            layer, _, version = arn.rpartition(":")
            if arn.split(":")[4] != self._calls.account:
                unread.append(arn)
                continue
            try:
                answer = self._calls.ask("lambda", "get_layer_version", LayerName=layer, VersionNumber=int(version))
                content = answer.get("Content", {})
                path = folder / f"layer{number}.zip"
                read.append(self._files(content, path, arn, content.get("CodeSha256")).below("python/"))
            except Refused as refused:
                gaps.append(Gap(WHAT, refused.why, refused.call, function.id))
                unread.append(arn)
            except UnreadableError as error:
                gaps.append(Gap(WHAT, f"layer `{arn}` {error}", None, function.id))
                unread.append(arn)
        return Layers(tuple(read), tuple(unread)), tuple(gaps)

    def _files(self, location: Mapping[str, Any], path: Path, name: str, digest: str | None) -> Files:
        """A package as files, downloaded to a path."""
        if error := location.get("Error"):
            raise UnreadableError(f"is not given out: {error.get('ErrorCode', 'unknown error')}")
        if not location.get("Location"):
            raise UnreadableError("is not given out: Lambda tells no place")
        if self._effort.packed <= 0 or self._effort.seconds <= 0:
            raise UnreadableError(
                "is not fetched: the packages of the other functions are all that one audit can fetch"
            )
        began = time.monotonic()
        try:
            fetch(
                str(location["Location"]),
                path,
                endpoint=self._calls.client("lambda").meta.endpoint_url,
                longest=min(LONGEST, self._effort.seconds),
            )
        finally:
            self._effort.seconds -= time.monotonic() - began
            self._effort.packed -= path.stat().st_size if path.exists() else 0
        return open_archive(path, name, fingerprint=digest)


def _and(function: Function, *gaps: Gap) -> Function:
    return replace(function, gaps=tuple(dict.fromkeys((*function.gaps, *gaps))))


def _digest(function: Function) -> str:
    """Of all that the analysis hangs on. Layer versions never change, so their ARNs will do."""
    digest = function.code.digest if function.code else None
    parts = (edition(), digest or "", function.settings.handler or "", *function.settings.layers)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def fetch(
    url: str, path: Path, *, endpoint: str | None = None, most: int = MOST_PACKED, longest: float = LONGEST
) -> None:
    """Download a package over HTTPS.

    From this machine, or without TLS, only where Lambda itself is asked there (`endpoint`), as in a sandbox: who chose
    that endpoint trusts it.

    Raises
    ------
    UnreadableError : it is elsewhere, is larger than any package, or does not come in time
    """
    began = time.monotonic()
    try:
        with _opener(url, endpoint).open(url, timeout=min(TIMEOUT, longest)) as answer, path.open("wb") as file:
            size = 0
            while chunk := answer.read(2**20):
                size += len(chunk)
                if size > most:
                    raise UnreadableError(f"is larger than {most // 2**20} MB: not fetched")
                if time.monotonic() - began > longest:
                    raise UnreadableError(f"did not come within {longest:.0f} seconds")
                file.write(chunk)
    except urllib.error.HTTPError as error:
        raise UnreadableError(f"cannot be fetched: HTTP status {error.code}") from None
    except urllib.error.URLError as error:
        raise UnreadableError(f"cannot be fetched: {error.reason}") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise UnreadableError(f"cannot be fetched: {type(error).__name__}") from None


def _opener(url: str, endpoint: str | None) -> urllib.request.OpenerDirector:
    parts = urlsplit(url)
    if endpoint and parts.scheme in ("http", "https") and _server(url) == _server(endpoint):
        return urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    if parts.scheme == "https" and not _is_here(parts.hostname or ""):
        return urllib.request.build_opener(_NoRedirect)
    raise UnreadableError("cannot be fetched: it is not offered over HTTPS")


def _server(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A package is where Lambda says; nobody else may send us on."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None
