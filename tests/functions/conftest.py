"""Handlers as Lambda loads them: a file in a folder that is no package, under an environment of its own."""

import importlib.util
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

ROOT = Path(__file__).parents[2]
CONTEXT = SimpleNamespace(
    function_name="rolecall",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:rolecall",
    aws_request_id="00000000-0000-4000-8000-000000000001",
)
NUMBERS = itertools.count()
Load = Callable[..., ModuleType]


class Stdout:
    """Whatever stdout is when something is written: pytest changes it, and a logger keeps the first."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Load the handler of a folder, with the environment variables that its block sets.

    Powertools keeps a logger for each service name, so each load has a name of its own.
    """
    settings = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "POWERTOOLS_METRICS_NAMESPACE": "Rolecall",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }

    def loaded(name: str, **variables: str) -> ModuleType:
        for key, value in {**settings, "POWERTOOLS_SERVICE_NAME": f"{name}-{next(NUMBERS)}", **variables}.items():
            monkeypatch.setenv(key, value)
        found = importlib.util.spec_from_file_location(f"functions_{name}", ROOT / "functions" / name / "app.py")
        assert found is not None
        assert found.loader is not None
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        module.logger.registered_handler.setStream(Stdout())
        return module

    with mock_aws():
        yield loaded


def event(name: str) -> Any:
    """The event of a function, out of `events/`."""
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The JSON lines that were logged, metrics included."""
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]
