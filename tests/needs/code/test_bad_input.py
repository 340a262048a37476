"""Bad input: a gap that says what, never a crash, a hang, or code that is run."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rolecall.needs.code import Analysis, Program, analyse
from rolecall.needs.code.machine import MOST_STEPS
from tests.needs.code.exam import read

START = "import boto3\ns3 = boto3.client('s3')\n"
CALLS = f"{START}def handler(event, context):\n    s3.list_buckets()\n"


def analysed(text: str, **others: str) -> Analysis:
    return analyse(Program({"app.py": text, **{f"{name}.py": each for name, each in others.items()}}), "app.handler")


def made(analysis: Analysis) -> list[str]:
    return [call.operation for call in analysis.calls]


def test_the_code_is_never_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    effect = f"open({str(mark)!r}, 'w').write('ran')\n"
    found = analysed(f"{effect}import helper\n{CALLS}    {effect}", helper=effect)

    assert made(found) == ["ListBuckets"]
    assert not mark.exists()
    exec(compile(effect, "app.py", "exec"))
    assert mark.exists()


@pytest.mark.parametrize(
    ("handler", "why"),
    [
        ("other.handler", "handler `other.handler` is not in the code: there is no module `other`"),
        ("app.missing", "handler `app.missing` is not in the code: `app.py` does not define `missing`"),
        ("handler", "handler `handler` names no module and function"),
        ("", "handler `` names no module and function"),
        ("../app.handler", "handler `...app.handler` is not in the code: there is no module `...app`"),
    ],
)
def test_a_handler_that_is_not_there_is_a_gap(handler: str, why: str) -> None:
    found = analyse(Program({"app.py": CALLS}), handler)

    assert [gap.why for gap in found.gaps] == [why]
    assert found.calls == ()


def test_a_handler_in_a_file_that_cannot_be_parsed_is_one_gap() -> None:
    found = analysed("def handler(event, context:\n    pass\n")

    assert [gap.why for gap in found.gaps] == [
        "`app.py` is no Python that this version reads, line 1: '(' was never closed"
    ]


def test_python_2_is_a_gap_that_names_file_and_line() -> None:
    found = analysed(f"import old\n{CALLS}", old="x = 1\nprint 'hello'\n")

    assert [gap.why.partition(":")[0] for gap in found.gaps] == ["`old.py` is written in Python 2, line 2"]
    assert [each.where for each in found.unresolved] == ["old.py:2"]
    assert made(found) == ["ListBuckets"]


def test_a_broken_file_that_nothing_reaches_is_no_gap() -> None:
    found = analysed(CALLS, broken="def (")

    assert (found.gaps, found.unresolved, found.files) == ((), (), 1)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\0",
        "def handler(:",
        "x = " + "(" * 5_000 + ")" * 5_000,
        "x = " + "[" * 150 + "]" * 150 + "\n" + CALLS.replace("list_buckets", "list_bucket"),
        "\ufeff\ufeff",
        "x = '\ud800'",
    ],
)
def test_what_cannot_be_read_is_told(text: str) -> None:
    found = analysed(text)

    assert found.gaps or found.unresolved


def test_files_that_import_each_other_are_read_once() -> None:
    found = analysed(
        f"import one\n{CALLS}    one.go()\n",
        one="import two\nimport app\ndef go():\n    two.go()\n",
        two="import one\nimport boto3\ndef go():\n    boto3.client('sqs').list_queues()\n    one.go()\n",
    )

    assert made(found) == ["ListBuckets", "ListQueues"]


def test_data_that_flows_in_a_circle_ends() -> None:
    text = f"""{START}
def grow(text, box):
    box.append(box)
    box["k" + text] = {{"inner": box}}
    return grow(text + "a", [box]) or grow(box, text)

def handler(event, context):
    while True:
        event = event["next"]
        s3.put_object(Bucket=grow("a", {{}}), Key=event)
"""
    found = analysed(text)

    assert made(found) == ["PutObject"]


def test_calls_deeper_than_python_itself_would_go_are_followed() -> None:
    steps = "".join(f"def f{n}(c):\n    return f{n + 1}(c)\n" for n in range(400))
    found = analysed(f"{START}{steps}def f400(c):\n    c.list_buckets()\ndef handler(e, c):\n    f0(s3)\n")

    assert made(found) == ["ListBuckets"]


def test_modules_that_import_in_a_long_line_are_followed() -> None:
    line = {f"m{n}": f"from m{n + 1} import run\n" for n in range(100)}
    last = {"m100": f"{START}def run():\n    s3.list_buckets()\n"}
    found = analysed("from m0 import run\ndef handler(e, c):\n    run()\n", **line, **last)

    assert made(found) == ["ListBuckets"]


def test_a_long_sum_and_a_huge_literal_are_read() -> None:
    long = " + ".join(["'a'"] * 500)
    huge = "[" + "1, " * 100_000 + "]"
    found = analysed(f"{CALLS}    x = {long}\n    y = {huge}\n")

    assert made(found) == ["ListBuckets"]
    assert found.gaps == ()


def test_code_without_end_is_bounded_and_says_so() -> None:
    text = "".join(f"def f{n}(a):\n" + "".join(f"    f{m}(a + '{n}')\n" for m in range(40)) for n in range(40))
    text = f"{CALLS}    f0('')\n{text}x = 1\n" + "y = (x, x)\n" * (MOST_STEPS // 10)
    found = analysed(text)

    assert [gap.why for gap in found.gaps] == [f"the analysis stopped after {MOST_STEPS:,} steps"]
    assert found.unresolved


def test_too_many_files_are_a_gap() -> None:
    many = {f"m{n}": "" for n in range(2_005)}
    found = analysed("".join(f"import {name}\n" for name in many) + CALLS, **many)

    assert [gap.why for gap in found.gaps] == ["the analysis stopped after 2,000 files, 20,000,000 bytes at most"]


def test_a_package_of_250_files_is_read_whole() -> None:
    body = (
        "import boto3\nclass C{0}:\n    def __init__(self, n):\n        self.t = boto3.resource('dynamodb').Table(n)\n"
    )
    body += "    def get(self, key):\n        return self.t.get_item(Key={{'k': key}}).get('Item')\n"
    body += "".join(f"\ndef unused{n}(a, b):\n    return [a + x for x in b if x]\n" for n in range(15))
    files = {f"m{n}": body.format(n) for n in range(250)}
    main = "".join(f"from m{n} import C{n}\n" for n in range(250))
    calls = "".join(f"    C{n}('t{n}').get(event['k'])\n" for n in range(250))
    found = analysed(f"{main}def handler(event, context):\n{calls}", **files)

    assert (len(found.calls), found.gaps) == (250, ())


WORDS = [
    "boto3",
    "client",
    "s3",
    "event",
    "x",
    "y",
    "self",
    "super()",
    "'s3'",
    "'a'",
    "1",
    "None",
    "get_object",
    "lambda: x",
    "[x]",
    "{'a': x}",
    "(x, y)",
    "{**x}",
    "f'{x}'",
    "x if y else x",
    "[y for y in x]",
    "await x",
    "yield x",
]
TARGETS = ("x", "y", "s3", "event", "self.a", "x['k']", "(x, *y)", "f.a")
expressions = st.recursive(
    st.sampled_from(WORDS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda each: f"{each[0]}({each[1]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]})[{each[1]}]"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]} + {each[1]})"),
        st.tuples(inner, inner).map(lambda each: f"({each[0]} or {each[1]})"),
        st.tuples(inner, st.sampled_from(["get", "client", "append", "items", "meta", "x"])).map(
            lambda each: f"({each[0]}).{each[1]}"
        ),
        st.tuples(inner, inner).map(lambda each: f"{each[0]}(*{each[1]}, **{each[1]})"),
        inner.map(lambda each: f"getattr(boto3.client('s3'), {each})"),
        inner.map(lambda each: f"map({each}, {each})"),
    ),
    max_leaves=8,
)
statements = st.one_of(
    expressions,
    st.tuples(st.sampled_from(TARGETS), expressions).map(" = ".join),
    expressions.map(lambda each: f"for x in {each}: y = x"),
    expressions.map(lambda each: f"with {each} as x: x.get_object(Bucket=y)"),
    expressions.map(lambda each: f"return {each}"),
    expressions.map(lambda each: f"global x; x = {each}"),
    expressions.map(lambda each: f"class C({each}): a = {each}; f = lambda self: self"),
    expressions.map(lambda each: f"import {each}" if each.isidentifier() else f"x = handler({each}, y)"),
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(statements, max_size=4), st.lists(statements, max_size=6))
def test_no_program_makes_it_fail(module: list[str], body: list[str]) -> None:
    inner = "".join(f"    {line}\n" for line in (*body, "pass"))
    analysed("import boto3\nx = y = boto3.client\n" + "\n".join(module) + f"\n\ndef handler(event, x):\n{inner}")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    analysed(text)
    analyse(Program({"app.py": CALLS}), text)


CASES = [case.files["app.py"] for case in (*read("first.txt"), *read("harder.txt"))]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_no_handler_with_lines_taken_out_makes_it_fail(text: str, data: st.DataObject) -> None:
    lines = text.splitlines()
    kept = data.draw(st.lists(st.integers(0, len(lines) - 1), unique=True).map(sorted))
    analysed("\n".join(lines[index] for index in kept))


def test_what_can_be_ever_more_things_is_bounded() -> None:
    text = """import boto3
def handler(event, x):
    global x; x = map(boto3.meta, boto3.meta)
    for x in map(get(*client), get(*client)): y = x
    x = handler(getattr(boto3.client('s3'), (f'{x}' or 1)), y)
    with map((await x).x, (await x).x) as x: x.get_object(Bucket=y)
"""
    found = analysed(text.replace("handler(event, x)", "handler(event, z)"))

    assert found.unresolved
