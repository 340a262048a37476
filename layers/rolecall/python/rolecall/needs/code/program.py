"""The program: source text by path, and which file a module is, as Python in Lambda would find it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rolecall.needs.code.packages import SDK, distribution_names

SITE = re.compile(r"(lib/python3\.\d+/site-packages/)")
SHADOWS = ("session.py", "client.py", "core.py")


@dataclass(frozen=True, slots=True)
class Source:
    """A module's file: `path` is None for a folder without `__init__.py`, which is a module without content."""

    name: str
    path: str | None
    package: str
    text: str


@dataclass(frozen=True)
class Program:
    """The source of a function: path relative to the root of the code, with `/`, to its text.

    `layers` are in the order in which Lambda lays them over each other, each from its `python/` folder. Beside `.py`
    files they may hold `*.dist-info/RECORD` or `top_level.txt`, which tell what pip installed.
    """

    files: Mapping[str, str]
    layers: tuple[Mapping[str, str], ...] = ()
    _roots: list[tuple[Mapping[str, str], str, frozenset[str]]] = field(
        init=False, repr=False, compare=False, default_factory=list
    )
    _installed: dict[int, frozenset[str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        # Later layers lie over earlier ones: Lambda Developer Guide, "Layer paths".
        for files in (self.files, *reversed(self.layers)):
            prefixes = {"", *(match[0] for path in files if (match := SITE.match(path)))}
            self._roots.extend((files, prefix, _folders(files, prefix)) for prefix in sorted(prefixes))

    @property
    def size(self) -> int:
        """How many files of Python there are, those that pip installed left out."""
        return sum(
            path.endswith(".py") and path.partition("/")[0] not in self._installed_in(files)
            for files in (self.files, *self.layers)
            for path in files
        )

    def find(self, name: str) -> Source | None:
        """The file of a module, the code before the layers; None where there is none."""
        tail = name.replace(".", "/")
        for files, prefix, folders in self._roots:
            base = f"{prefix}{tail}"
            if tail in folders and (text := files.get(f"{base}/__init__.py")) is not None:
                return Source(name, f"{base}/__init__.py", name, text)
            if (text := files.get(f"{base}.py")) is not None:
                return Source(name, f"{base}.py", name.rpartition(".")[0], text)
        if any(tail in folders for _, _, folders in self._roots):
            return Source(name, None, name, "")
        return None

    def below(self, prefix: str) -> Iterator[str]:
        """The modules of the package in which a prefix lies: `plugins.` and `plugins.a` are in `plugins`."""
        package = prefix.rpartition(".")[0]
        folder = package.replace(".", "/") + "/"
        for files, root, _ in self._roots if package else ():
            for path in files:
                name = path[len(root) + len(folder) : -3]
                if path.startswith(f"{root}{folder}") and path.endswith(".py") and name.isidentifier():
                    yield f"{package}.{name}"

    def owns(self, name: str) -> bool:
        """Is this top-level module the user's, to be followed, and no package that pip installed?"""
        top = name.partition(".")[0]
        source = self.find(top)
        if source is None:
            return False
        if top in SDK:
            # A package of the SDK that came along is the SDK; a file of that name hides it.
            return not any(self.find(f"{top}.{each[:-3]}") for each in SHADOWS)
        return not self.installed(top)

    def installed(self, top: str) -> bool:
        """Did pip install the top-level module? Then a `*.dist-info` beside it says so."""
        tail = top.replace(".", "/")
        for files, prefix, folders in self._roots:
            if tail in folders or f"{prefix}{tail}.py" in files:
                return top in self._installed_in(files)
        return False

    def _installed_in(self, files: Mapping[str, str]) -> frozenset[str]:
        known = self._installed.get(id(files))
        if known is None:
            known = self._installed[id(files)] = frozenset(distribution_names(files))
        return known

    def mentions_aws(self, top: str) -> bool:
        """Does the text of an installed package name AWS's SDK or hosts? One that does not cannot call AWS."""
        return any("boto" in text or "amazonaws" in text for text in self._texts_of(top))

    def _texts_of(self, top: str) -> Iterator[str]:
        for files, prefix, _ in self._roots:
            for path in files:
                if path == f"{prefix}{top}.py" or (path.startswith(f"{prefix}{top}/") and path.endswith(".py")):
                    yield files[path]


def _folders(files: Mapping[str, str], prefix: str) -> frozenset[str]:
    """Every folder that holds Python files, at any depth."""
    found: set[str] = set()
    for path in files:
        folder = path[len(prefix) :].rpartition("/")[0] if path.startswith(prefix) and path.endswith(".py") else ""
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)


def split_handler(handler: str) -> tuple[str, str] | None:
    """Module and name of a handler, as Lambda's runtime reads it: `src/app.handler` is `src.app`, `handler`.

    >>> split_handler("src/app.handler"), split_handler("handler")
    (('src.app', 'handler'), None)
    """
    module, _, name = handler.rpartition(".")
    return (module.replace("/", "."), name) if module and name else None
