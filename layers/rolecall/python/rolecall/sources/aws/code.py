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
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from rolecall.model import Code, Function, Gap
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.functions import Served
from rolecall.sources.code import MOST_PACKED, Files, Layers, UnreadableError, analysed, open_archive, unanalysed

WHAT = "code"
TIMEOUT = 20.0
LONGEST = 120.0
"""Seconds: without an answer, and for the whole."""


class CodeCache(Protocol):
    """What keeps the analysis of code, by a digest of all that it hangs on: package, handler, layers."""

    def recall(self, digest: str) -> Code | None:
        """What was kept; None where nothing was."""
        ...

    def keep(self, digest: str, code: Code) -> None:
        """Keep it, as long as it likes."""
        ...


def with_calls(calls: Calls, served: Served, functions: Sequence[Function], cache: CodeCache) -> tuple[Function, ...]:
    """The versions of a function with what their code calls; those of one code are read once."""
    return tuple(_with_calls(calls, served, function, cache) for function in functions)


def _with_calls(calls: Calls, served: Served, function: Function, cache: CodeCache) -> Function:
    if gap := unanalysed(function):
        return _and(function, gap)
    if function.code is None or function.code.digest is None:
        return _and(function, Gap(WHAT, "AWS tells no digest of it, so it is not fetched", None, function.id))
    digest = _digest(function)
    known = cache.recall(digest)
    if known is not None:
        return replace(function, code=replace(known, digest=function.code.digest))
    try:
        with tempfile.TemporaryDirectory(prefix="rolecall-") as folder:
            code, gaps = _read(calls, served, function, function.code, Path(folder))
    except Refused as refused:
        return _and(function, Gap(WHAT, refused.why, refused.call, function.id))
    except UnreadableError as error:
        return _and(function, Gap(WHAT, f"the package {error}", None, function.id))
    if not gaps:  # What has gaps is told again by the next audit.
        cache.keep(digest, code)
    return _and(replace(function, code=code), *gaps)


def _and(function: Function, *gaps: Gap) -> Function:
    return replace(function, gaps=tuple(dict.fromkeys((*function.gaps, *gaps))))


def _digest(function: Function) -> str:
    """Of all that the analysis hangs on. Layer versions never change, so their ARNs will do."""
    digest = function.code.digest if function.code else None
    parts = (digest or "", function.settings.handler or "", *function.settings.layers)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _read(calls: Calls, served: Served, function: Function, code: Code, folder: Path) -> tuple[Code, tuple[Gap, ...]]:
    files = _fetched(_location(calls, served, function), folder / "code.zip", function.name, code.digest)
    layers, gaps = _layers(calls, function, folder)
    read, more = analysed(function, code, files, layers)
    return read, (*more, *gaps)


def _location(calls: Calls, served: Served, function: Function) -> Mapping[str, Any]:
    """Where the code of a version is: GetFunction is asked once more for a version that is not the latest."""
    number = function.version
    if number not in served.locations:
        named = {"Qualifier": number} if number else {}
        answer = calls.ask("lambda", "get_function", FunctionName=function.name, **named)
        served.locations[number] = answer.get("Code", {})
    return served.locations[number]


def _layers(calls: Calls, function: Function, folder: Path) -> tuple[Layers, tuple[Gap, ...]]:
    """Its layers, of this account only: what others publish is not the user's code."""
    read: list[Files] = []
    unread: list[str] = []
    gaps: list[Gap] = []
    for number, arn in enumerate(function.settings.layers):
        layer, _, version = arn.rpartition(":")
        if arn.split(":")[4] != calls.account:
            unread.append(arn)
            continue
        try:
            answer = calls.ask("lambda", "get_layer_version", LayerName=layer, VersionNumber=int(version))
            content = answer.get("Content", {})
            read.append(
                _fetched(content, folder / f"layer{number}.zip", arn, content.get("CodeSha256")).below("python/")
            )
        except Refused as refused:
            gaps.append(Gap(WHAT, refused.why, refused.call, function.id))
            unread.append(arn)
        except UnreadableError as error:
            gaps.append(Gap(WHAT, f"layer `{arn}` {error}", None, function.id))
            unread.append(arn)
    return Layers(tuple(read), tuple(unread)), tuple(gaps)


def _fetched(location: Mapping[str, Any], path: Path, name: str, digest: str | None) -> Files:
    """A package as files, downloaded to a path."""
    if error := location.get("Error"):
        raise UnreadableError(f"is not given out: {error.get('ErrorCode', 'unknown error')}")
    if not location.get("Location"):
        raise UnreadableError("is not given out: Lambda tells no place")
    fetch(str(location["Location"]), path)
    return open_archive(path, name, fingerprint=digest)


def fetch(url: str, path: Path, *, most: int = MOST_PACKED) -> None:
    """Download a package over HTTPS; over plain HTTP only from this machine, where a sandbox may be.

    Raises
    ------
    UnreadableError : it is elsewhere, is larger than any package, or does not come
    """
    began = time.monotonic()
    try:
        with _opener(url).open(url, timeout=TIMEOUT) as answer, path.open("wb") as file:
            size = 0
            while chunk := answer.read(2**20):
                size += len(chunk)
                if size > most:
                    raise UnreadableError(f"is larger than {most // 2**20} MB: not fetched")
                if time.monotonic() - began > LONGEST:
                    raise UnreadableError(f"did not come within {LONGEST:.0f} seconds")
                file.write(chunk)
    except urllib.error.HTTPError as error:
        raise UnreadableError(f"cannot be fetched: HTTP status {error.code}") from None
    except urllib.error.URLError as error:
        raise UnreadableError(f"cannot be fetched: {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise UnreadableError(f"cannot be fetched: {type(error).__name__}") from None


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urlsplit(url)
    if _is_here(parts.hostname or ""):
        if parts.scheme in ("http", "https"):
            return urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    elif parts.scheme == "https":
        return urllib.request.build_opener(_NoRedirect)
    raise UnreadableError("cannot be fetched: it is not offered over HTTPS")


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
