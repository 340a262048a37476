"""Variables by which the runtime loads code from elsewhere: what is one, what is not, and that no value is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rolecall import engine
from rolecall.finding import Finding
from tests.builders import ACCOUNT, account
from tests.rules.written import FUNCTION, found, named

OWN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:lib:3"
FOREIGN = "arn:aws:lambda:us-east-1:444455556666:layer:numpy:3"


def audited(
    name: str, value: str, *layers: str, runtime: str = "python3.13", trusted: tuple[str, ...] = ()
) -> list[Finding]:
    configuration = {"environment": [[name, value]], "layers": list(layers)}
    within = account({"configuration": configuration, "function": {"runtime": runtime}})
    return list(engine.audit(replace(within, trusted=trusted)).findings)


@pytest.mark.parametrize(
    ("name", "value", "runtime"),
    [
        ("AWS_LAMBDA_EXEC_WRAPPER", "/tmp/wrapper", "python3.13"),
        ("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrapper", "python3.13"),
        ("LD_PRELOAD", "/mnt/efs/lib.so", "python3.13"),
        ("PYTHONPATH", "/var/task/lib:/mnt/efs/lib", "python3.13"),
        ("PYTHONPATH", "/var/task/../../tmp", "python3.13"),
        ("PYTHONSTARTUP", "/tmp/start.py", "python3.13"),
        ("NODE_OPTIONS", "--enable-source-maps --require /tmp/hook.js", "nodejs22.x"),
        ("NODE_OPTIONS", "--import=https://example.com/hook.mjs", "nodejs22.x"),
        ("JAVA_TOOL_OPTIONS", "-javaagent:/tmp/agent.jar", "java21"),
    ],
)
def test_code_from_elsewhere_is_told(name: str, value: str, runtime: str) -> None:
    assert "medium runtime-hijack" in named(audited(name, value, runtime=runtime))


@pytest.mark.parametrize(
    ("name", "value", "runtime"),
    [
        ("AWS_LAMBDA_EXEC_WRAPPER", "/opt/otel-instrument", "python3.13"),
        ("AWS_LAMBDA_EXEC_WRAPPER", "/opt/bootstrap", "python3.13"),
        ("AWS_LAMBDA_EXEC_WRAPPER", "/opt/datadog_wrapper", "python3.13"),
        ("AWS_LAMBDA_EXEC_WRAPPER", "/var/task/run.sh", "python3.13"),
        ("PYTHONPATH", "/var/task/lib:/var/runtime:./vendor", "python3.13"),
        ("NODE_OPTIONS", "--enable-source-maps --max-old-space-size=512", "nodejs22.x"),
        ("NODE_OPTIONS", "--require ./instrument.js", "nodejs22.x"),
        ("NODE_OPTIONS", "--require /tmp/hook.js", "python3.13"),
        ("JAVA_TOOL_OPTIONS", "-XX:+TieredCompilation -XX:TieredStopAtLevel=1", "java21"),
        ("TABLE", "/tmp/orders", "python3.13"),
    ],
)
def test_what_the_variables_are_for_is_no_fault(name: str, value: str, runtime: str) -> None:
    assert "runtime-hijack" not in {each.rule for each in audited(name, value, runtime=runtime)}


def test_a_layer_of_one_s_own_may_bring_a_wrapper_when_it_is_trusted() -> None:
    assert named(audited("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrapper", OWN)) == ["medium runtime-hijack"]
    assert audited("AWS_LAMBDA_EXEC_WRAPPER", "/opt/wrapper", OWN, trusted=(OWN.rpartition(":")[0],)) == []


def test_a_layer_of_an_unknown_account_may_not() -> None:
    assert named(audited("LD_PRELOAD", "/opt/lib.so", FOREIGN)) == ["high unknown-layer", "medium runtime-hijack"]


def test_the_value_is_in_no_part_of_the_finding() -> None:
    (finding,) = audited("PYTHONPATH", "/mnt/hidden/lib")

    assert "hidden" not in json.dumps(finding.to_json())


def test_in_a_template_it_is_told_at_the_variable(tmp_path: Path) -> None:
    variables = "      Environment: {Variables: {LD_PRELOAD: /tmp/hook.so}}\n"
    (finding,) = found(tmp_path, "", function=FUNCTION + variables)

    assert (finding.rule, finding.place and finding.place.line) == ("runtime-hijack", 11)
