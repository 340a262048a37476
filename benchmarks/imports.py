"""What the engine adds to the import of the auditor's other packages: interleaved, each run a fresh process.

.venv/bin/python -m benchmarks.imports [ROUNDS]
"""

import statistics
import subprocess
import sys
import time

BASE = """
import boto3, aws_lambda_powertools, aws_xray_sdk.core, aws_xray_sdk.ext.botocore.patch
session = boto3.Session(region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
session.client("iam"), session.client("lambda"), session.resource("dynamodb")
"""
ENGINE = """
import rolecall.engine, rolecall.sinks.cloudwatch, rolecall.sources.aws, rolecall.rules
rolecall.rules.all_rules()
"""


def seconds(code: str) -> float:
    """How long a fresh interpreter takes for it, with compiled modules."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", f"import gc, sys; gc.disable(); sys.dont_write_bytecode = False\n{code}"], check=True
    )
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print both medians and their ratio."""
    seconds(BASE + ENGINE)  # compiles what is not compiled yet
    pairs = [(seconds(BASE), seconds(BASE + ENGINE)) for _ in range(rounds)]
    base, both = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"boto3, Powertools and clients {1000 * base:.0f} ms; with the engine {1000 * both:.0f} ms", end="; ")
    print(f"added {1000 * (both - base):.0f} ms, {both / base:.2f} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
