"""Reach: which modules can call nothing of AWS by themselves, whatever is in them.

A module is idle if neither it nor any module that it imports, at any depth, knows the SDK, a library that calls AWS,
something that talks to other hosts or starts programs, or code that is not seen. Its functions can still call AWS with
a client that they are given: `power` tells where one may be.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rolecall.needs.code import libraries
from rolecall.needs.code.packages import HARMLESS, STANDARD
from rolecall.needs.code.program import Program, Source

SMALL = 60_000
"""Characters of a module with all that it imports, up to which every function is run: some 1,500 lines."""

IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n;]*)|import[ \t]+([\w., \t]+))", re.M
)
NAME = re.compile(r"\w+")
GLOBAL = re.compile(r"\bglobal[ \t]([\w, \t]+)")
ATTRIBUTE = re.compile(r"\.\s*(\w+)")
DYNAMIC = re.compile(r"\b(?:__builtins__|builtins|exec|eval|importlib|import_module|__import__|modules|popen|system)\b")
INLINE = re.compile(
    r"[:;\f][ \t\f]*(?:from|import)\b|\b(?:from|import)\b[^\n]*\\\r?\n|\\\r?\n[ \t\f]*(?:from|import)\b|\r(?!\n)"
)
"""Imports that do not begin a line, or go on in the next one: those the parser finds."""
IMPORTERS = ("import_module", "__import__")
MAKING = ("exec", "eval", "modules", "popen", "system")
TALKING = frozenset(
    {
        "_posixsubprocess", "asyncio", "ctypes", "http", "imp", "importlib.util", "multiprocessing", "pty", "runpy",
        "socket", "subprocess", "urllib", "urllib.request", "xmlrpc", "zipimport",
    }
)  # fmt: skip
"""What of Python's own library talks to others: an extension answers on localhost, a program can be the AWS CLI."""
CLIENTS = frozenset({"aiohttp", "httplib2", "httpx", "pycurl", "requests", "requests_toolbelt", "tornado", "urllib3"})
MODELLED = (
    frozenset(name.partition(".")[0] for name in (*libraries.FUNCTIONS, *libraries.METHODS, *libraries.SIGNERS))
    | CLIENTS
)


def harmless(name: str) -> bool:
    """Does what has this dotted name, outside of the user's code, call nothing of AWS?

    >>> harmless("json.loads"), harmless("urllib.parse.quote"), harmless("urllib.request.urlopen"), harmless("boto3")
    (True, True, False, False)
    """
    if name.startswith(libraries.OBSERVERS):
        return True
    top, _, rest = name.partition(".")
    if top in STANDARD:
        if name in ("os.system", "os.popen", "builtins.exec", "builtins.eval", "builtins.__import__"):
            return False
        return (top not in TALKING and f"{top}.{rest.partition('.')[0]}" not in TALKING) or name.startswith(
            "urllib.parse"
        )
    return top in HARMLESS and top not in MODELLED


@dataclass(slots=True)
class Reach:
    """What modules import, found once for each: by their text, parsed only where that leaves a doubt."""

    program: Program
    _imports: dict[str, frozenset[str] | None] = field(default_factory=dict)
    _idle: dict[str, frozenset[str] | None] = field(default_factory=dict)
    _declared: dict[str, frozenset[str]] = field(default_factory=dict)
    _large: dict[str, bool] = field(default_factory=dict)

    def idle(self, name: str) -> frozenset[str] | None:
        """All modules that an idle module can get to, itself included; None for one that is not idle."""
        if name not in self._idle:
            self._idle[name] = self._closure(name)
        return self._idle[name]

    def large(self, name: str) -> bool:
        """Is an idle module, with all that it can get to, more than is worth running in depth?"""
        if name not in self._large:
            sources = (self.program.find(each) for each in self.idle(name) or ())
            self._large[name] = sum(len(each.text) for each in sources if each) > SMALL
        return self._large[name]

    def declared(self, name: str) -> frozenset[str]:
        """The names that functions of a module declare `global`."""
        if name not in self._declared:
            source = self.program.find(name)
            found = GLOBAL.findall(source.text) if source else []
            self._declared[name] = frozenset(each for names in found for each in NAME.findall(names))
        return self._declared[name]

    def _closure(self, name: str) -> frozenset[str] | None:
        seen, waiting = {name}, [name]
        while waiting:
            known = self._idle.get(each := waiting.pop(), frozenset())
            imports = None if known is None else known or self._imported(each)
            if imports is None:
                return None
            waiting += imports - seen if not known else ()
            seen |= imports
        return frozenset(seen)

    def _imported(self, name: str) -> frozenset[str] | None:
        """The modules of the user's that a module imports; None where it imports or does something that matters."""
        if name not in self._imports:
            source = self.program.find(name)
            self._imports[name] = self._read(source) if source else frozenset()
        return self._imports[name]

    def _read(self, source: Source) -> frozenset[str] | None:
        sure, quoted = _imports(source.text, source.package)
        attributes = frozenset(ATTRIBUTE.findall(source.text))
        known, perhaps = self._judged(sure, attributes), self._judged(quoted, attributes)
        if known is None:
            return None
        if perhaps is not None and not DYNAMIC.search(source.text) and not INLINE.search(source.text):
            return known | perhaps
        try:
            tree = ast.parse(source.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        nodes = list(ast.walk(tree))
        made = self._dynamic(nodes, source)
        found = self._judged(_in_tree(nodes, source.package), attributes)
        return None if found is None or made is None else found | made

    def _judged(self, names: Iterable[tuple[str, str]], attributes: frozenset[str]) -> frozenset[str] | None:
        """Modules of the user's among (module, name in it); None where another one may call AWS.

        Of a package, its attributes can be the modules below it, whoever imported them.
        """
        found: set[str] = set()
        for module, member in names:
            top = module.partition(".")[0]
            if top not in STANDARD and top not in HARMLESS and self.program.owns(top):
                whole = f"{module}.{member}" if member else module
                found.update(each for each in _with_parents(whole) if self.program.find(each))
                bound = (whole,) if member else tuple(_with_parents(whole))
                found.update(self._below([each for each in bound if each in found], attributes))
            elif not harmless(f"{module}.{member}" if member else module):
                return None
        return frozenset(found)

    def _below(self, packages: list[str], attributes: frozenset[str]) -> Iterator[str]:
        """Modules right below the packages that the attributes can mean, at any depth."""
        while packages:
            package = packages.pop()
            source = self.program.find(package)
            if source is None or (source.path is not None and not source.path.endswith("/__init__.py")):
                continue
            below = [f"{package}.{name}" for name in sorted(attributes) if self.program.find(f"{package}.{name}")]
            packages += below
            yield from below

    def _dynamic(self, nodes: list[ast.AST], source: Source) -> frozenset[str] | None:
        """The modules that are imported by a name that is made up; None where it can be any, or code is made up."""
        found: set[str] = set()
        told: set[ast.AST] = set()
        for node in nodes:
            match node:
                case ast.Call(ast.Name(called) | ast.Attribute(_, called), [first, *_]) if called in IMPORTERS:
                    start = _start(first, source)
                    if start is None:
                        return None
                    found.update(self.program.below(start) if start.endswith(".") else (start,))
                    told.add(node.func)
        return frozenset(found) if not any(_makes_up(node) for node in nodes if node not in told) else None


def _makes_up(node: ast.AST) -> bool:
    """Does it name, or give another name to, what imports, finds or runs code that is not written there?"""
    match node:
        case ast.Name(name):
            return name in IMPORTERS or name in ("__builtins__", "exec", "eval")
        case ast.Attribute(ast.Name("builtins" | "importlib" | "os" | "sys"), name):
            return name in IMPORTERS or name in MAKING
        case ast.Import(names):
            return any(each.name in ("builtins", "importlib", "os", "sys") and each.asname for each in names)
        case ast.ImportFrom(module="builtins" | "importlib" | "os" | "sys", names=names):
            return any(each.name in MAKING or (each.name in IMPORTERS and each.asname) for each in names)
        case ast.Call(ast.Name("getattr" | "vars"), [ast.Name("builtins" | "importlib" | "os" | "sys"), *_]):
            return True
    return False


def _start(node: ast.expr, source: Source) -> str | None:
    """What the name of a module that is imported starts with: the package, with its dot, or the whole name."""
    match node:
        case ast.Constant(str(name)) if not name.startswith("."):
            return name
        case ast.JoinedStr([ast.Constant(str(text)), *_]) if "." in text and not text.startswith("."):
            return text.rpartition(".")[0] + "."
        case ast.JoinedStr([ast.FormattedValue(ast.Name("__name__" | "__package__" as kind)), ast.Constant("."), *_]):
            return f"{source.name if kind == '__name__' else source.package}."
    return None


def _with_parents(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[: index + 1]) for index in range(len(parts)))


def _imports(text: str, package: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What a text imports, and what may only seem so, as it stands in a docstring."""
    sure: list[tuple[str, str]] = []
    quoted: list[tuple[str, str]] = []
    for match in IMPORT.finditer(text):
        inside = any(text.count(quote, 0, match.start()) % 2 for quote in ('"""', "'''"))
        found = quoted if inside else sure
        base, members, plain = match.groups()
        if base is None:
            found += [(each.split()[0], "") for each in plain.split(",") if each.split()]
        else:
            module = absolute(base, package)
            found += [(module, name) for name in NAME.findall(members) or ("",)]
    return sure, quoted


def _in_tree(nodes: list[ast.AST], package: str) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute("." * node.level + (node.module or ""), package)
            yield from ((module, alias.name) for alias in node.names)


def absolute(name: str, package: str) -> str:
    """The whole name of a module that is imported from a package.

    >>> absolute("..b", "app.a"), absolute(".", "app.a"), absolute("c.d", "app")
    ('app.b', 'app.a', 'c.d')
    """
    tail = name.lstrip(".")
    level = len(name) - len(tail)
    if not level:
        return name
    parts = package.split(".")
    return ".".join(part for part in (*parts[: len(parts) - level + 1], tail) if part)
