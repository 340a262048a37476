import re
from collections.abc import Iterator

from rolecall.finding import Hit, Severity
from rolecall.fixes.functions import without_variable
from rolecall.iam.arn import Arn
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Gap
from rolecall.publishers import AWS, publisher
from rolecall.rules import Yields, rule

WRAPPERS = {
    "/opt/bootstrap": "github.com/aws/aws-lambda-web-adapter, README",
    "/opt/codeguru_profiler_lambda_exec": "Amazon CodeGuru Profiler User Guide, Profiling applications on AWS Lambda",
    "/opt/datadog_wrapper": "Datadog documentation, Install Serverless Monitoring for AWS Lambda",
    "/opt/dynatrace": "Dynatrace documentation, Set up OneAgent on AWS Lambda",
    "/opt/lumigo_wrapper": "github.com/lumigo-io/python_tracer, README",
    "/opt/otel-handler": "aws-otel.github.io, AWS Distro for OpenTelemetry Lambda",
    "/opt/otel-instrument": "aws-otel.github.io, AWS Distro for OpenTelemetry Lambda Support For Python",
    "/opt/otel-proxy-handler": "aws-otel.github.io, AWS Distro for OpenTelemetry Lambda Support For Java",
    "/opt/otel-sqs-handler": "aws-otel.github.io, AWS Distro for OpenTelemetry Lambda Support For Java",
    "/opt/otel-stream-handler": "aws-otel.github.io, AWS Distro for OpenTelemetry Lambda Support For Java",
}
"""Wrappers that layers bring along and whose documentation asks for the variable, and where it does."""

# What of a value the runtime loads code from, by the runtimes that heed the variable (`provided` runs anything).
VARIABLES: dict[str, tuple[str, re.Pattern[str]]] = {
    "AWS_LAMBDA_EXEC_WRAPPER": ("", re.compile(r"^\s*(\S+)")),
    "JAVA_TOOL_OPTIONS": ("java", re.compile(r"(?:-javaagent:|-agentpath:|-Xbootclasspath/[ap]:)([^\s=]+)")),
    "LD_PRELOAD": ("", re.compile(r"([^\s:]+)")),
    "NODE_OPTIONS": (
        "nodejs",
        re.compile(r"(?:--require|-r|--import|--loader|--experimental-loader)[=\s]+[\"']?([^\s\"']+)"),
    ),
    "PYTHONPATH": ("python", re.compile(r"([^:]+)")),
    "PYTHONSTARTUP": ("python", re.compile(r"^\s*(\S+)")),
}

OF_AWS = ("/var/task", "/var/runtime", "/var/lang", "/opt/python")
"""The package, the runtime that AWS brings, and where Python looks for layers without being told: Lambda Developer
Guide, "Defined runtime environment variables" and "Packaging layers"."""


@rule(Severity.MEDIUM)
def runtime_hijack(function: Function, account: Account) -> Yields:
    """An environment variable makes the runtime load code from outside of the package.

    What `AWS_LAMBDA_EXEC_WRAPPER`, `LD_PRELOAD`, `NODE_OPTIONS`, `PYTHONPATH`, `PYTHONSTARTUP` or `JAVA_TOOL_OPTIONS`
    names runs before the handler, with the function's rights. Who may change the configuration needs no right on the
    code then. Paths in the package (`/var/task`), what layers of vendors or of those whom `--trust` names bring
    (`/opt`), and the wrappers that AWS and vendors document are what the variables are for.

    Bad:
        configuration: {environment: [[PYTHONPATH, /mnt/shared/lib]]}

    Bad:
        configuration: {environment: [[AWS_LAMBDA_EXEC_WRAPPER, /tmp/wrapper]]}

    Bad:
        configuration:
          environment: [[AWS_LAMBDA_EXEC_WRAPPER, /opt/wrapper]]
          layers: ["arn:aws:lambda:us-east-1:111122223333:layer:tools:1"]

    Good:
        configuration: {environment: [[AWS_LAMBDA_EXEC_WRAPPER, /opt/otel-instrument], [PYTHONPATH, "/var/task/lib"]]}

    Good:
        configuration:
          environment: [[PYTHONPATH, /opt/python], [LD_PRELOAD, /opt/lib/hook.so]]
          layers: ["arn:aws:lambda:us-east-1:464622532012:layer:Datadog-Extension:67"]

    Misses: what a wrapper, a library or an option's file does.
    """
    for name, value in function.settings.environment:
        if name not in VARIABLES or not _heeds(function, name):
            continue
        if is_unresolved(value):
            yield Gap(
                "environment", f"the value of `{name}` is not known", None, function.id, False, function.place_of(name)
            )
            continue
        if not any(_is_outside(path, function, account) for path in _paths(name, value)):
            continue
        yield Hit(
            None,
            f"`{name}` of `{function.name}` makes the runtime load code from outside of the package",
            fix=without_variable(function, name),
            subject=f"variable {name}",
            resources=(),
            evidence={"variable": name},
            place=function.place_of(name),
        )


def _heeds(function: Function, name: str) -> bool:
    """Does the runtime look at the variable? An image, or a runtime of one's own, may be any."""
    runtime = VARIABLES[name][0]
    return not runtime or function.runtime is None or function.runtime.startswith((runtime, "provided"))


def _paths(name: str, value: str) -> Iterator[str]:
    yield from (found.strip() for found in VARIABLES[name][1].findall(value))


def _is_outside(path: str, function: Function, account: Account) -> bool:
    """Is it neither in the package, nor in the runtime, nor in a layer of somebody who is known?"""
    if path in WRAPPERS:
        return False
    if ".." in path.split("/") or "://" in path:
        return True
    if not path.startswith("/"):
        return False  # From the package's folder, or a module of the runtime.
    if function.code and function.code.kind == "image":
        return path.startswith(("/tmp/", "/mnt/"))  # All else of the image is the package.
    if path.startswith("/opt/") and any(_is_known(layer, account) for layer in function.settings.layers):
        return False
    return not any(path == each or path.startswith(f"{each}/") for each in OF_AWS)


def _is_known(layer: str, account: Account) -> bool:
    arn = Arn.parse(layer)
    owner = arn.account if arn else layer
    trusted, known = any(owner == each or layer.startswith(each) for each in account.trusted), publisher(owner)
    # What layers of AWS bring for these variables it documents: `WRAPPERS`.
    return trusted or is_unresolved(owner) or (known is not None and known.name != AWS)
