"""The Lambda runtime: handlers run under AWS's own Runtime Interface Client, each environment a process."""

import importlib.metadata
import io
import os
import re
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from sandbox import xray
from sandbox.hooks import module

# What the managed Python runtime brings along.
RUNTIME = ("awslambdaric", "boto3")
PATIENCE = 60.0  # seconds: on a busy machine a process takes longer to come up than the ten that ministack waits
# -S: a function sees its code, its layers and the runtime, not what else is installed here.
BOOTSTRAP = f'#!/bin/sh\nexec "{sys.executable}" -S -m awslambdaric "$_HANDLER"\n'


def use(endpoint: str, scratch: Path) -> None:
    """Run Python functions through the Runtime API, with layers, in an environment like Lambda's.

    Parameters
    ----------
    endpoint : where functions find AWS
    scratch : a folder for layers, removed by whoever made it
    """
    functions, workers = module("ministack.services.lambda_svc"), module("ministack.core.lambda_runtime")
    plain_env, plain_warm = functions._provided_worker_env, functions._execute_function_warm
    plain_worker = workers._worker_class_for
    provided_warm = functions._execute_function_provided_warm
    worker = _worker_class(workers.ProvidedWorker)

    def env(configuration: dict[str, Any], code: str, port: int) -> dict[str, str]:
        base: dict[str, str] = plain_env(configuration, code, port)
        if not _is_python(configuration):
            return base
        return _environment(configuration, base, code, _layers(configuration, scratch), endpoint)

    def warm(function: dict[str, Any], event: Any, request: str) -> Any:
        python = _is_python(function.get("config") or function)
        return (provided_warm if python else plain_warm)(function, event, request)

    functions._provided_worker_env, functions._execute_function_warm = env, warm
    workers._PROVIDED_INIT_TIMEOUT = PATIENCE
    workers._worker_class_for = lambda each: worker if _is_python(each) else plain_worker(each)


def _is_python(configuration: dict[str, Any]) -> bool:
    return str(configuration.get("Runtime", "")).startswith("python")


def _worker_class(provided: Any) -> Any:
    """A worker for custom runtimes whose bootstrap is the Runtime Interface Client."""

    class PythonWorker(provided):  # type: ignore[misc]
        def __init__(self, name: str, configuration: dict[str, Any], code: bytes) -> None:
            packed = io.BytesIO(code)
            with zipfile.ZipFile(packed, "a") as archive:
                archive.writestr("bootstrap", BOOTSTRAP)
            super().__init__(name, configuration, packed.getvalue())

        def _build_handler_class(self, *arguments: Any) -> Any:
            handler = super()._build_handler_class(*arguments)
            handler.disable_nagle_algorithm = True  # Else each warm call waits for a delayed acknowledgement.
            return handler

    return PythonWorker


def _environment(
    configuration: dict[str, Any], base: dict[str, str], code: str, layers: list[Path], endpoint: str
) -> dict[str, str]:
    """The variables that Lambda sets, and those of the function. AWS Lambda Developer Guide, "Defined runtime
    environment variables"."""
    name, runtime = configuration["FunctionName"], configuration["Runtime"]
    own = configuration.get("Environment", {}).get("Variables", {})
    logging = configuration.get("LoggingConfig") or {}
    packages = [layer / part for layer in layers for part in (f"python/lib/{runtime}/site-packages", "python")]
    daemon = f"127.0.0.1:{xray.port()}"
    return {
        **{key: value for key, value in base.items() if key.startswith(("AWS_", "_")) or key in own},
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": "/tmp",
        "TMPDIR": _scratch(),  # So that nothing stays behind of a function that is ended while it runs.
        "PYTHONPATH": os.pathsep.join(map(str, [code, *packages, _runtime_folder()])),
        "LAMBDA_TASK_ROOT": code,
        "LAMBDA_RUNTIME_DIR": str(_runtime_folder()),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if logging.get("LogFormat") == "JSON" else "TEXT",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_XRAY_DAEMON_ADDRESS": daemon,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }


@cache
def _runtime_folder() -> Path:
    """A folder with links to the packages of the runtime, and no others."""
    folder = Path(tempfile.mkdtemp(prefix="runtime-", dir=_scratch()))
    for name in sorted(_with_dependencies(RUNTIME)):
        for file in importlib.metadata.distribution(name).files or ():
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".dist-info") and not (folder / top).exists():
                (folder / top).symlink_to(Path(str(importlib.metadata.distribution(name).locate_file(top))))
    return folder


def _scratch() -> str:
    """Where the server keeps its temporary files."""
    return tempfile.gettempdir()


def _with_dependencies(names: tuple[str, ...]) -> set[str]:
    """These distributions and all that they require here."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        requires = importlib.metadata.distribution(name).requires or ()
        todo += [re.split(r"[^\w.-]", each)[0].lower() for each in requires if "extra ==" not in each]
    return found


_unpacked: dict[str, Path] = {}


def _layers(configuration: dict[str, Any], scratch: Path) -> list[Path]:
    """The folders of a function's layers, unpacked once."""
    functions = module("ministack.services.lambda_svc")
    folders = []
    for layer in configuration.get("Layers", ()):
        arn = layer if isinstance(layer, str) else layer["Arn"]
        if arn not in _unpacked:
            folder = Path(tempfile.mkdtemp(prefix="layer-", dir=scratch))
            if content := functions._resolve_layer_zip(layer):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    archive.extractall(folder)
            _unpacked[arn] = folder
        folders.append(_unpacked[arn])
    return folders
