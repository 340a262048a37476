"""The code of live functions: fetched once for each package, never from elsewhere, and never more than Lambda takes."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rolecall.model import Code, Function, Gap, Settings
from rolecall.sources.aws.calls import Refused
from rolecall.sources.aws.code import CodeReading, Packages, fetch
from rolecall.sources.aws.functions import Served
from rolecall.sources.code import Effort, UnreadableError
from tests.sources.test_code import CALL, zipped

ACCOUNT = "111122223333"
LAYER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:shop:1"
ORDERS = Function(
    "orders", "orders", "arn:orders", "arn:role", runtime="python3.13",
    settings=Settings(handler="app.handler"), code=Code("remote", digest="d1"),
)  # fmt: skip

CALLER = replace(ORDERS, code=Code("remote", digest="d2"))


class Bucket(BaseHTTPRequestHandler):
    """Gives out the code of `/orders`, and a layer; sends `/moved` elsewhere."""

    def do_GET(self) -> None:
        self.send_response({"/moved": 302, "/gone": 403}.get(self.path, 200))
        self.send_header("Location", "/orders")
        self.end_headers()
        files = {"/orders": ("app.py", CALL), "/caller": ("app.py", "from shop import handler")}
        name, text = files.get(self.path, ("python/shop.py", CALL))
        self.wfile.write(zipped((name, text)))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@dataclass
class Lambda:
    """Answers as Lambda does, from a place; a path of "" refuses."""

    place: str
    asked: list[str] = field(default_factory=list)
    account: str = ACCOUNT
    home: str = ""

    def client(self, service: str) -> Any:
        return SimpleNamespace(meta=SimpleNamespace(endpoint_url=self.home or self.place))

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        self.asked.append(operation)
        if not self.place:
            raise Refused("lambda:GetLayerVersion", "AccessDeniedException")
        return {"Code": {"Location": self.place}, "Content": {"Location": self.place, "CodeSha256": "l1"}}


@dataclass
class Kept:
    found: dict[str, bytes] = field(default_factory=dict)

    def recall(self, digest: str) -> bytes | None:
        return self.found.get(digest)

    def keep(self, digest: str, packed: bytes) -> None:
        self.found[digest] = packed


def read(
    function: Function,
    place: str,
    *,
    calls: Lambda | None = None,
    kept: Kept | None = None,
    effort: Effort | None = None,
) -> Function:
    served = Served(function, {}, locations={None: {"Location": place}})
    packages = Packages(calls or Lambda("", home=place), CodeReading(kept, effort or Effort()))  # type: ignore[arg-type]
    (found,) = packages.with_calls(served, [function])
    return found


def operations(function: Function) -> list[str]:
    return [call.operation for call in function.code.calls] if function.code else []


def whys(function: Function) -> list[str]:
    return [gap.why for gap in function.gaps]


def test_the_code_of_a_function_is_fetched_and_analysed(home: str) -> None:
    found = read(ORDERS, f"{home}/orders")

    assert (operations(found), found.gaps) == (["PurgeQueue"], ())
    assert found.code
    assert (found.code.read, found.code.digest) == (True, "d1")


def test_a_package_that_is_known_is_not_fetched_again(home: str) -> None:
    kept = Kept()
    read(ORDERS, f"{home}/orders", kept=kept)

    assert operations(read(ORDERS, "https://not.asked", kept=kept)) == ["PurgeQueue"]


def test_the_same_package_with_another_handler_is_another_one(home: str) -> None:
    kept, other = Kept(), replace(ORDERS, settings=Settings(handler="app.other"))
    read(ORDERS, f"{home}/orders", kept=kept)
    found = read(other, f"{home}/orders", kept=kept)

    assert whys(found) == ["handler `app.other` is not in the code: `app.py` does not define `other`"]


def test_what_an_analysis_did_not_see_is_kept_with_it(home: str) -> None:
    kept, other = Kept(), replace(ORDERS, settings=Settings(handler="app.other"))
    found = read(other, f"{home}/orders", kept=kept)

    assert read(other, "https://not.asked", kept=kept) == found


def test_a_call_is_kept_as_it_was_found(home: str) -> None:
    kept = Kept()
    found = read(ORDERS, f"{home}/orders", kept=kept)

    assert read(ORDERS, "https://not.asked", kept=kept) == found


def test_what_was_not_fetched_is_not_kept(home: str) -> None:
    kept = Kept()
    read(ORDERS, f"{home}/gone", kept=kept)

    assert operations(read(ORDERS, f"{home}/orders", kept=kept)) == ["PurgeQueue"]


def test_an_audit_analyses_only_so_much_code(home: str) -> None:
    kept, effort = Kept(), Effort(source=1)
    read(ORDERS, f"{home}/orders", effort=effort)
    beyond = read(
        replace(CALLER, settings=Settings(handler="shop.handler")), f"{home}/orders", kept=kept, effort=effort
    )

    assert whys(beyond) == [
        "the code of the other functions is all that one audit can analyse, so what it calls is not known"
    ]
    assert kept.found == {}


def test_an_audit_fetches_only_so_much(home: str) -> None:
    effort = Effort(packed=1)
    read(ORDERS, f"{home}/orders", effort=effort)

    assert whys(read(CALLER, f"{home}/caller", effort=effort)) == [
        "the package is not fetched: the packages of the other functions are all that one audit can fetch"
    ]


def test_a_version_is_asked_for_by_its_number(home: str) -> None:
    calls = Lambda(f"{home}/orders")
    found = read(replace(ORDERS, qualifier="live", version="3"), "https://not.asked", calls=calls)

    assert (operations(found), calls.asked) == (["PurgeQueue"], ["get_function"])


def test_a_layer_of_the_account_is_fetched_too(home: str) -> None:
    function = replace(CALLER, settings=Settings(handler="app.handler", layers=(LAYER,)))

    assert operations(read(function, f"{home}/caller", calls=Lambda(f"{home}/layer"))) == ["PurgeQueue"]


def test_a_layer_of_somebody_else_is_named_where_it_may_matter(home: str) -> None:
    foreign = LAYER.replace(ACCOUNT, "999999999999")
    function = replace(CALLER, settings=Settings(handler="app.handler", layers=(foreign,)))

    assert whys(read(function, f"{home}/caller")) == [f"what is imported may be in `{foreign}`, which is not read"]


def test_a_layer_that_is_refused_is_a_gap(home: str) -> None:
    function = replace(ORDERS, settings=Settings(handler="app.handler", layers=(LAYER,)))

    assert (
        Gap("code", "AccessDeniedException", "lambda:GetLayerVersion", "orders")
        in read(function, f"{home}/orders").gaps
    )


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (replace(ORDERS, runtime="nodejs22.x"), "code for `nodejs22.x` is not analysed, only Python is"),
        (replace(ORDERS, code=Code("image")), "container images are not analysed"),
    ],
)
def test_other_code_than_python_is_a_known_limit(function: Function, why: str) -> None:
    (gap,) = read(function, "https://not.asked").gaps

    assert (gap.why, gap.mendable) == (why, False)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/gone", "the package cannot be fetched: HTTP status 403"),
        ("/moved", "the package cannot be fetched: HTTP status 302"),
    ],
)
def test_a_download_that_fails_is_a_gap_without_the_url(path: str, why: str, home: str) -> None:
    assert whys(read(ORDERS, f"{home}{path}")) == [why]


@pytest.mark.parametrize(
    "url",
    ["http://example.com/code", "file:///etc/passwd", "ftp://127.0.0.1/code", "http://127.0.0.1.example.com/", ""],
)
def test_code_comes_over_https_only(url: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="not offered over HTTPS"):
        fetch(url, tmp_path / "code.zip")


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:9", "https://lambda.us-east-1.amazonaws.com"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:8/code", "https://127.0.0.1:8/code", "https://localhost:8/code"])
def test_from_this_machine_it_comes_only_where_lambda_is(url: str, endpoint: str | None, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="not offered over HTTPS"):
        fetch(url, tmp_path / "code.zip", endpoint=endpoint)


def test_a_package_that_is_too_large_is_not_fetched(home: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="is larger than 0 MB: not fetched"):
        fetch(f"{home}/orders", tmp_path / "code.zip", endpoint=home, most=10)


def test_nobody_there_is_a_gap(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="cannot be fetched: "):
        fetch("http://127.0.0.1:9/code", tmp_path / "code.zip", endpoint="http://127.0.0.1:9")
