"""Code: the source of a function is read and analysed, and is never run. What cannot be read is a gap."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from rolecall.iam import catalog
from rolecall.iam.statement import is_unresolved
from rolecall.model import Code, Function, Gap
from rolecall.needs import code as analysis
from rolecall.needs.code import Analysis, Program, analyse
from rolecall.sources.code.archive import MOST_PACKED, open_archive
from rolecall.sources.code.effort import STOPPED, Counted, Effort
from rolecall.sources.code.files import Files, UnreadableError
from rolecall.sources.code.folder import open_folder

__all__ = [
    "MOST_PACKED",
    "Effort",
    "Files",
    "Layers",
    "Reader",
    "UnreadableError",
    "analysed",
    "edition",
    "inline",
    "open_archive",
    "unanalysed",
]

WHAT = "code"
BEYOND = "the code of the other functions is all that one audit can analyse, so what it calls is not known"
MOST_KNOWN = 4_096


@dataclass(frozen=True, slots=True)
class Layers:
    """The layers of a function that could be read, in its order, and the ARNs of those that could not."""

    read: tuple[Files, ...] = ()
    unread: tuple[str, ...] = ()


class Reader:
    """Opens folders and archives once each. Make a new one for each audit: `effort` is what it may spend on code."""

    def __init__(self, effort: Effort | None = None) -> None:
        self.effort = effort or Effort()
        self._opened: dict[Path, Files | UnreadableError] = {}

    def open(self, path: Path, name: str) -> Files:
        """The source in a folder or a zip archive; `name` is what people call it.

        Raises
        ------
        UnreadableError : it cannot be read at all
        """
        if path not in self._opened:
            try:
                self._opened[path] = open_folder(path, name) if path.is_dir() else open_archive(path, name)
            except UnreadableError as error:
                self._opened[path] = error
        found = self._opened[path]
        if isinstance(found, UnreadableError):
            raise found
        return found

    def layer(self, path: Path, name: str, *, built: bool = False) -> Files:
        """The source of a layer: what lies in its `python/`, or all of it where a build puts it there.

        Raises
        ------
        UnreadableError : it cannot be read at all
        """
        files = self.open(path, name)
        return files if built and not any(each.startswith("python/") for each in files) else files.below("python/")


def inline(text: str, name: str) -> Files:
    """The source that stands in a template: CloudFormation calls the file `index`."""
    data = text.encode(errors="surrogatepass")
    digest = hashlib.sha256(data).hexdigest()
    return Files(name, {"index.py": len(data)}, lambda _, most: data[:most], fingerprint=digest)


def unanalysed(function: Function) -> Gap | None:
    """Why the code of a function is not analysed by its kind; None where it can be."""
    code, runtime = function.code, function.runtime
    if code is not None and code.kind == "image":
        return _limit(function, "container images are not analysed")
    if runtime is None or is_unresolved(runtime):
        return _limit(function, "its runtime is not known, so its code is not analysed")
    if not runtime.startswith("python"):
        return _limit(function, f"code for `{runtime}` is not analysed, only Python is")
    if function.settings.handler is None or is_unresolved(function.settings.handler):
        return _limit(function, "its handler is not known, so its code is not analysed")
    return None


def analysed(
    function: Function, code: Code, files: Files, layers: Layers = Layers(), effort: Effort | None = None
) -> tuple[Code, tuple[Gap, ...]]:
    """The code of a Python function with what it calls, and what was not read of it: all of it, beyond the effort."""
    found = _analysis(files, layers.read, function.settings.handler or "", effort or Effort())
    if found is None:
        return code, (_limit(function, BEYOND),)
    unread = [(each.name, why) for each in (files, *layers.read) for why in each.unread]
    gaps = [replace(gap, call=_shown(files, gap.call), subject=function.id) for gap in found.gaps]
    gaps += [Gap(WHAT, why, name, function.id, mendable=False) for name, why in unread]
    if layers.unread and any(each.what.startswith("imports `") for each in found.unresolved):
        named = ", ".join(f"`{arn}`" for arn in layers.unread)
        gaps.append(_limit(function, f"what is imported may be in {named}, which is not read"))
    read = replace(
        code,
        # What was not read, or not found, may call anything.
        read=not unread and not any(gap.why.startswith("handler `") for gap in found.gaps),
        files=found.files,
        calls=found.calls,
        unresolved=found.unresolved,
    )
    return read, tuple(dict.fromkeys(gaps))


def _shown(files: Files, path: str | None) -> str:
    """Where a gap of the analysis is: the file, below what people call the root."""
    return f"{files.name}/{path}" if path else files.name


def _limit(function: Function, why: str) -> Gap:
    return Gap(WHAT, why, None, function.id, mendable=False)


def _analysis(files: Files, layers: Sequence[Files], handler: str, effort: Effort) -> Analysis | None:
    """Found once for the same files, however often they are read; None beyond the effort."""
    key = "\n".join((handler, *_fingerprints((files, *layers))))
    if not effort.allows(key):
        return None
    known = _known()
    if key not in known and len(known) >= MOST_KNOWN:
        known.clear()
    found, size = known[key] if key in known else _measured(files, layers, handler)
    effort.count(key, size)
    if not any(each.unread for each in (files, *layers)):
        known[key] = (found, size)
    return found


def _measured(files: Files, layers: Sequence[Files], handler: str) -> tuple[Analysis, int]:
    """What a handler calls, and how many bytes of source it took to find out."""
    counted = tuple(map(Counted, (files, *layers)))
    found = analyse(Program(counted[0], counted[1:]), handler)
    stopped = any(gap.why.startswith("the analysis ") for gap in found.gaps)
    return found, sum(each.size for each in counted) + stopped * STOPPED


def _fingerprints(files: Iterable[Files]) -> list[str]:
    return [each.fingerprint for each in files]


@cache
def _known() -> dict[str, tuple[Analysis, int]]:
    """What was found, and how many bytes it took, by the fingerprints of the files and the handler."""
    return {}


@cache
def edition() -> str:
    """Changes when the analysis does: what was found by another one is not this one's."""
    digest = hashlib.sha256(catalog.date().encode())
    needs = Path(analysis.__file__).parent.parent
    for folder, kind in ((needs / "code", "*.py"), (needs / "data", "**/*.txt"), (Path(__file__).parent, "*.py")):
        for file in sorted(folder.glob(kind)):
            digest.update(file.read_bytes())
    return digest.hexdigest()
