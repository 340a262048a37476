"""The program: which file a module is, and whose."""

import pytest

from rolecall.needs.code import Program, analyse
from rolecall.needs.code.program import split_handler

CLIENT = "import boto3\ns3 = boto3.client('s3')\n"
PIP = {"thing/__init__.py": f"{CLIENT}def run():\n    s3.list_buckets()\n"}
MAIN = "import thing\ndef handler(event, context):\n    thing.run()\n"


def path_of(program: Program, name: str) -> str | None:
    source = program.find(name)
    return source.path if source else None


def test_the_code_lies_over_its_layers_and_later_layers_over_earlier_ones() -> None:
    program = Program({"a.py": ""}, ({"a.py": "", "b.py": "1", "c/d.py": ""}, {"b.py": "2"}))

    assert path_of(program, "a") == "a.py"
    assert program.find("b") is not None
    assert [source.text for name in ("a", "b") if (source := program.find(name))] == ["", "2"]
    assert path_of(program, "c.d") == "c/d.py"


def test_a_folder_without_init_is_a_module_without_content() -> None:
    program = Program({"pkg/inner/mod.py": ""})

    assert program.find("pkg.inner") is not None
    assert path_of(program, "pkg.inner") is None


def test_site_packages_of_a_layer_are_found() -> None:
    program = Program({}, ({"lib/python3.12/site-packages/thing/__init__.py": ""},))

    assert path_of(program, "thing") == "lib/python3.12/site-packages/thing/__init__.py"


@pytest.mark.parametrize(
    ("handler", "place"), [("src/app.handler", ("src.app", "handler")), ("a.b.c", ("a.b", "c")), ("app", None)]
)
def test_a_handler_is_split_as_the_runtime_does(handler: str, place: tuple[str, str] | None) -> None:
    assert split_handler(handler) == place


@pytest.mark.parametrize("module", ["start", "app", "many", "module", "function"])
def test_the_file_of_a_handler_may_have_any_name(module: str) -> None:
    found = analyse(Program({f"{module}.py": f"{CLIENT}def handler(e, c): s3.list_buckets()"}), f"{module}.handler")

    assert ([call.operation for call in found.calls], found.gaps) == (["ListBuckets"], ())


def test_what_pip_installed_is_not_followed_but_told_where_it_may_call_aws() -> None:
    found = analyse(Program({"app.py": MAIN, **PIP, "thing-1.0.dist-info/METADATA": ""}), "app.handler")

    assert found.calls == ()
    assert [each.what for each in found.unresolved] == [
        "imports `thing`, of which it is not known whether it calls AWS"
    ]


def test_a_package_of_the_users_own_is_followed() -> None:
    found = analyse(Program({"app.py": MAIN, **PIP}), "app.handler")

    assert [(call.operation, call.where) for call in found.calls] == [("ListBuckets", "thing/__init__.py:4")]


def test_a_bundled_sdk_is_the_sdk() -> None:
    bundled = {"boto3/__init__.py": "def client(name): ...", "boto3/session.py": ""}
    found = analyse(Program({"app.py": f"{CLIENT}def handler(e, c): s3.list_buckets()", **bundled}), "app.handler")

    assert [call.operation for call in found.calls] == ["ListBuckets"]
