"""`python -m sandbox`: an account that keeps running, with the app in it, until Ctrl-C."""

import argparse
import shlex
import signal
import sys
import threading

from sandbox import account
from sandbox.deploy import DeployError, deploy


def main() -> int:
    """Start, deploy, tell how to use it, wait; 2 when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="an AWS account in one process, on loopback")
    parser.add_argument("--host", default="127.0.0.1", help="to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=4566, help="to listen on; 0 takes a free one (4566)")
    parser.add_argument("--empty", action="store_true", help="do not deploy the app")
    options = parser.parse_args()
    end = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: end.set())
    try:
        with account.start(host=options.host, port=options.port) as running:
            if not options.empty:
                deploy(running)
            for name, value in running.environment.items():
                print(f"export {name}={shlex.quote(value)}")
            print("# paste these lines into another terminal; Ctrl-C here ends the account", flush=True)
            end.wait()
    except (account.SandboxError, DeployError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
