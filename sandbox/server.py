"""The process of the account: ministack with all its gaps filled, served until it is told to end."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

ACCOUNT, REGION = "123456789012", "us-east-1"
SCRATCH = "rolecall-sandbox-"
"""How the names of folders for its files begin."""
# Before ministack is imported: it reads its settings once.
SETTINGS = {
    "AUTH": "true",
    "IOT_MTLS_ENABLED": "0",
    "LOG_LEVEL": "WARNING",
    "MINISTACK_ACCOUNT_ID": ACCOUNT,
    "MINISTACK_REGION": REGION,
}


def build(host: str, port: int, scratch: Path) -> Any:
    """The ASGI app of the account."""
    endpoint = f"http://{host}:{port}"
    os.environ |= {**SETTINGS, "GATEWAY_PORT": str(port), "AWS_ENDPOINT_URL": endpoint}
    from sandbox import answers, cloudformation, delivery, functions, iam, policies, runtime, stacks, tap, xray
    from sandbox.hooks import gone, module

    if missing := gone():
        sys.exit(f"this ministack lacks what the sandbox hooks: {', '.join(missing)}")
    cloudformation.complete()
    stacks.record()
    iam.complete()
    functions.complete(host)
    policies.complete()
    answers.complete()
    delivery.enforce()
    runtime.use(endpoint, scratch)
    return tap.tapped(xray.answering(module("ministack.app").app))


async def serve(host: str, port: int, scratch: Path) -> None:
    """Serve until SIGTERM or SIGINT, or until whoever started it is gone: standard input is a pipe from there."""
    from hypercorn.asyncio import serve as listen
    from hypercorn.config import Config

    config = Config()
    config.bind, config.loglevel, config.graceful_timeout = [f"{host}:{port}"], "WARNING", 1
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    asyncio.get_running_loop().add_reader(sys.stdin, end.set)
    await listen(build(host, port, scratch), config, shutdown_trigger=end.wait)


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox.server")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    scratch, parent = Path(tempfile.gettempdir()), os.getppid()
    asyncio.run(serve(options.host, options.port, scratch))
    if os.getppid() != parent and scratch.name.startswith(SCRATCH):
        # It was killed, or its terminal closed: nobody else removes the files, or ends functions that still run.
        shutil.rmtree(scratch, ignore_errors=True)
        os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main()
