"""The account as its users see it: started, addressed, and ended without a trace."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from sandbox.server import ACCOUNT, REGION, SCRATCH

PATIENCE = 60  # seconds to wait until it answers
PAUSE = 0.02  # seconds between two looks
# Of the user's environment: nothing that leads boto3 or sam to a real account, or to the network.
DROPPED = ("AWS_", "MINISTACK_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


class SandboxError(Exception):
    """The account cannot start: one line, why."""


@dataclass(frozen=True, slots=True)
class Account:
    """A running account. `environment` holds the variables with which every AWS tool uses it."""

    endpoint: str
    environment: dict[str, str]

    def session(self, region: str = REGION) -> Any:
        """A boto3 session of the account's administrator; its clients need `endpoint_url=account.endpoint`."""
        return boto3.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of the account's administrator."""
        return self.session(region).client(service, endpoint_url=self.endpoint)

    def process_environment(self) -> dict[str, str]:
        """The environment for a process that must use the account, and can use no other."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
        return kept | self.environment


@contextmanager
def start(*, host: str = "127.0.0.1", port: int = 0, log: Path | None = None) -> Iterator[Account]:
    """Run an account in a child process; end it, its functions and its files when the block ends.

    Parameters
    ----------
    host, port : to listen on; port 0 takes a free one
    log : where the server writes what it has to say

    Raises
    ------
    SandboxError : the port is taken, or the server does not come up
    """
    port = port or _free(host)
    if _taken(host, port):
        raise SandboxError(f"port {port} on {host} is taken: choose another one, or 0 for a free one")
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH))
    endpoint = f"http://{host}:{port}"
    environment = _environment(endpoint)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
    output = (log or scratch / "server.log").open("wb")
    # A session of its own: Ctrl-C reaches this process alone, which then ends the group in order.
    server = subprocess.Popen(
        [sys.executable, "-m", "sandbox.server", "--host", host, "--port", str(port)],
        cwd=Path(__file__).parent.parent,
        env=kept | {"TMPDIR": str(scratch), "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"},
        stdin=subprocess.PIPE,  # It ends with this process, however that ends.
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _await(server, endpoint, Path(output.name))
        yield Account(endpoint, environment)
    finally:
        _end(server)
        output.close()
        shutil.rmtree(scratch, ignore_errors=True)


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def _free(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        number: int = probe.getsockname()[1]
        return number


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _await(server: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if server.poll() is not None:
            said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
            raise SandboxError(f"the sandbox ended at once and said: {said[-1]}")
        try:
            opener.open(f"{endpoint}/_ministack/health", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(PAUSE)
        else:
            return
    raise SandboxError(f"the sandbox does not answer on {endpoint} after {PATIENCE} s")


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, then end what is left of its group: functions that still run."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(timeout=5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    with suppress(ProcessLookupError):  # Nothing is left.
        os.killpg(server.pid, signal.SIGKILL)


__all__ = ["ACCOUNT", "REGION", "Account", "SandboxError", "start"]
