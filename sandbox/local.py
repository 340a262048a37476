"""`make local`: what `sam local invoke` needs to run the functions on a sandbox that runs already.

A copy of the built template that declares AWS_ENDPOINT_URL, which the product's own does not know, and a file of the
variables as the deployed functions have them: `sam local` sets only variables that a template declares, and does not
know the names of deployed resources.
"""

import argparse
import json
import os
from pathlib import Path

import boto3

from sandbox.deploy import BUILT
from sandbox.stack import NAME

TEMPLATE, VARIABLES = BUILT.with_name("local.yaml"), BUILT.with_name("local.json")
DECLARES = "    Environment:\n      Variables:\n"
# Lambda sets them; what runs in a container must be told them.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}


def main() -> None:
    """Write both files beside the built template, whose paths are relative to it."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.local")
    parser.add_argument("--endpoint", default=os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"))
    parser.add_argument("--from-containers", metavar="URL", help="the same, where containers reach it elsewhere")
    options = parser.parse_args()
    settings = {"AWS_ENDPOINT_URL": options.from_containers or options.endpoint, **CREDENTIALS}
    TEMPLATE.write_text(declaring(BUILT.read_text(), settings))
    found = {name: {**own, **settings} for name, own in variables(options.endpoint).items()}
    VARIABLES.write_text(json.dumps(found, indent=2) + "\n")
    template, names = (path.relative_to(Path.cwd()) for path in (TEMPLATE, VARIABLES))
    print(f"sam local invoke HelloFunction -t {template} -n {names} -e events/hello.json")


def declaring(template: str, settings: dict[str, str]) -> str:
    """A built template whose Globals declare these variables as well."""
    head, globals_, rest = template.partition("Globals:\n")
    before, environment, after = rest.partition(DECLARES)
    if not (globals_ and environment):
        raise SystemExit(f"{BUILT}: Globals has no environment variables")
    added = "".join(f"        {name}: {value}\n" for name, value in settings.items())
    return head + globals_ + before + environment + added + after


def variables(endpoint: str) -> dict[str, dict[str, str]]:
    """The environment variables of the deployed functions, by logical id."""
    session = boto3.Session("sandbox", "sandbox", region_name="us-east-1")
    resources = session.client("cloudformation", endpoint_url=endpoint).describe_stack_resources(StackName=NAME)
    functions = session.client("lambda", endpoint_url=endpoint)
    return {
        each["LogicalResourceId"]: functions.get_function_configuration(FunctionName=each["PhysicalResourceId"])
        .get("Environment", {})
        .get("Variables", {})
        for each in resources["StackResources"]
        if each["ResourceType"] == "AWS::Lambda::Function"
    }


if __name__ == "__main__":
    main()
