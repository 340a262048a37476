"""`make local`: a copy of the built template that declares AWS_ENDPOINT_URL, for `sam local invoke` on a sandbox.

The product's own template does not know of endpoints, and `sam local` sets only variables that a template declares.
"""

import argparse
from pathlib import Path

from sandbox.deploy import BUILT

COPY = BUILT.with_name("local.yaml")
VARIABLES = "    Environment:\n      Variables:\n"


def main() -> None:
    """Write the copy beside the built template: its paths are relative to it."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.local")
    parser.add_argument("--endpoint", default="http://host.docker.internal:4566", help="of the sandbox, for containers")
    write(COPY, parser.parse_args().endpoint)
    print(f"sam local invoke HelloFunction --template {COPY.relative_to(Path.cwd())} --event events/hello.json")


def write(copy: Path, endpoint: str) -> None:
    """The built template with the endpoint, and with credentials that only a sandbox takes."""
    built = BUILT.read_text()
    head, globals_, rest = built.partition("Globals:\n")
    before, variables, after = rest.partition(VARIABLES)
    if not (globals_ and variables):
        raise SystemExit(f"{BUILT}: Globals has no environment variables")
    values = {"AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
    added = "".join(f"        {name}: {value}\n" for name, value in values.items())
    copy.write_text(head + globals_ + before + variables + added + after)


if __name__ == "__main__":
    main()
