"""Of a large program, code that can call nothing of AWS is not run; given a client, it is."""

import pytest

from rolecall.needs.code import Analysis, Program, analyse

FILLER = "".join(f"def filler{number}(order):\n    return [each for each in order if each]\n\n" for number in range(60))
RULES = {f"shop/rules/r{number}.py": f"from shop import base\n{FILLER}" for number in range(25)}
EVERY = "".join(f"from shop.rules import r{number}\n" for number in range(25))
BASE = "class Base:\n    pass\n"


def analysed(app: str, engine: str) -> Analysis:
    files = {"app.py": f"import boto3\nfrom shop import engine\n{app}", "shop/engine.py": f"{EVERY}{engine}"}
    return analyse(Program({**files, "shop/base.py": BASE, **RULES}), "app.handler")


def called(app: str, engine: str) -> list[str]:
    found = analysed(app, engine)
    return [*(call.operation for call in found.calls), *(each.what for each in found.unresolved)]


def test_a_client_that_is_an_argument_is_followed() -> None:
    app = "def handler(event, context):\n    engine.save(boto3.client('s3'))\n"

    assert called(app, "def save(store):\n    store.list_buckets()\n") == ["ListBuckets"]


def test_a_client_that_is_held_by_an_argument_is_followed() -> None:
    app = "def handler(event, context):\n    engine.save({'to': [boto3.client('s3')]})\n"

    assert called(app, "def save(order):\n    order['to'][0].list_buckets()\n") == ["ListBuckets"]


def test_an_object_that_is_given_a_client_later_is_followed() -> None:
    app = "def handler(event, context):\n    box = engine.Box()\n    box.store = boto3.client('s3')\n    box.save()\n"
    engine = "class Box:\n    def __init__(self):\n        self.store = None\n"
    engine += "    def save(self):\n        self.store.list_buckets()\n"

    assert called(app, engine) == ["ListBuckets"]


def test_a_method_of_what_was_not_run_is_run_with_a_client() -> None:
    app = "def handler(event, context):\n    engine.find(event['name']).save(boto3.client('s3'))\n"
    engine = "class Plain:\n    def save(self, store):\n        store.list_buckets()\n"
    engine += "def find(name):\n    return {'plain': Plain()}[name]\n"

    assert called(app, engine) == ["ListBuckets"]


def test_a_client_that_gets_into_what_was_not_run_is_told() -> None:
    app = "def handler(event, context):\n    engine.find(event['name']).store = boto3.client('s3')\n"

    assert called(app, "def find(name):\n    return PLACES[name]\n") == [
        "hands a client of `s3` to code that is not followed"
    ]


def test_a_function_that_calls_aws_is_called_back() -> None:
    app = "def save():\n    boto3.client('s3').list_buckets()\n\ndef handler(event, context):\n    engine.work(save)\n"

    assert called(app, "def work(then):\n    then()\n") == ["ListBuckets"]


def test_a_client_in_a_global_that_another_module_sets_is_found() -> None:
    app = "engine.store = boto3.client('s3')\n\ndef handler(event, context):\n    engine.save()\n"

    assert called(app, "store = None\ndef save():\n    store.list_buckets()\n") == ["ListBuckets"]


def test_code_that_imports_the_sdk_anywhere_below_is_run() -> None:
    app = "def handler(event, context):\n    engine.save()\n"

    assert called(app, "def save():\n    import boto3\n    boto3.client('s3').list_buckets()\n") == ["ListBuckets"]


SAVES = "def save():\n    boto3.client('s3').list_buckets()\n"
HANDLER = "def handler(event, context):\n"


@pytest.mark.parametrize(
    "work",
    [
        "def work(): import boto3; boto3.client('s3').list_buckets()\n",
        "def work():\n    try: import boto3\n    except ImportError: return\n    boto3.client('s3').list_buckets()\n",
        "def work():\n    import \\\n        boto3\n    boto3.client('s3').list_buckets()\n",
        "def work():\n    from \\\n        boto3 import client\n    client('s3').list_buckets()\n",
        "def work():\n\f    import boto3\n    boto3.client('s3').list_buckets()\n",
    ],
)
def test_an_import_is_seen_wherever_it_stands(work: str) -> None:
    assert called(f"{HANDLER}    engine.work()\n", work) == ["ListBuckets"]


@pytest.mark.parametrize(
    "work",
    [
        "from importlib import import_module as bring\ndef work(name):\n    bring(name).save()\n",
        "import importlib as i\ndef work(name):\n    i.import_module(name).save()\n",
        "from sys import modules as m\ndef work(name):\n    m[name].save()\n",
        "run = exec\ndef work(name):\n    run(name)\n",
        "import builtins\ndef work(name):\n    builtins.exec(name)\n",
    ],
)
def test_code_that_imports_or_runs_code_by_another_name_is_run(work: str) -> None:
    assert called(f"{SAVES}{HANDLER}    engine.work('app')\n", work)


def test_a_module_that_only_its_package_is_imported_for_is_reached() -> None:
    hidden = "import boto3\ndef go():\n    boto3.client('s3').list_buckets()\n"
    files = {"app.py": f"from shop import engine, hidden\n{HANDLER}    engine.work()\n", "shop/hidden.py": hidden}
    engine = f"{EVERY}import shop\ndef work():\n    shop.hidden.go()\n"
    found = analyse(Program({**files, "shop/engine.py": engine, "shop/base.py": BASE, **RULES}), "app.handler")

    assert [call.operation for call in found.calls] == ["ListBuckets"]


def test_what_is_decorated_by_code_that_was_not_run_is_called() -> None:
    engine = "KNOWN = {}\ndef register(name):\n    def keep(f):\n        KNOWN[name] = f\n        return f\n"
    engine += "    return keep\n"

    assert called(f"@engine.register('a')\n{SAVES}{HANDLER}    pass\n", engine) == ["ListBuckets"]


def test_a_class_that_others_inherit_from_finds_them() -> None:
    app = "class Store(engine.Base):\n    def go(self):\n        boto3.client('s3').list_buckets()\n"
    app += f"{HANDLER}    engine.work()\n"
    engine = "class Base:\n    pass\ndef work():\n    for each in Base.__subclasses__():\n        each().go()\n"

    assert called(app, engine) == ["ListBuckets"]


@pytest.mark.parametrize(
    ("app", "engine"),
    [
        ("d = {'b': 'one'}; engine.put(d); name = d['b']", "def put(d): d['b'] = 'two'\n"),
        ("d = {'x': {'b': 'one'}}; engine.put(d); name = d['x']['b']", "def put(d): d['x']['b'] = 'two'\n"),
        ("p = engine.P(); p.put(); name = p.b", "class P:\n    b = 'one'\n    def put(self): self.b = 'two'\n"),
        ("engine.put(); name = engine.B", "B = 'one'\ndef put():\n    global B\n    B = 'two'\n"),
    ],
)
def test_code_that_is_not_run_may_change_what_it_is_given(app: str, engine: str) -> None:
    found = analysed(f"{HANDLER}    {app}\n    boto3.client('s3').list_objects_v2(Bucket=name)\n", engine)

    assert [dict(call.parameters)["Bucket"] for call in found.calls] == [("one", "⟨?⟩")]


def test_what_calls_nothing_makes_no_steps() -> None:
    app = "def handler(event, context):\n    engine.judge(event)\n    boto3.client('s3').list_buckets()\n"
    engine = "def judge(order):\n    return [getattr(r, 'filler0')(order) for r in (r0, r1)] + [exactly(order)]\n"

    assert called(app, engine) == ["ListBuckets"]
