"""Fixes of a function's own settings: its role, layers, variables and versions."""

import json
import shlex

from rolecall.model import Account, Function
from rolecall.needs.of import of
from rolecall.needs.policy import printed, propose

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def own_role(function: Function, account: Account) -> str:
    """What gives the function a role of its own, with what it is known to need: never one of its old role's name.

    The grant by which Lambda decrypts the environment names the role that the function had before.
    """
    if function.place:
        at = f"{function.place.file}:{function.place.line}"
        return f"{at}: let `Role` of `{function.id}` be an AWS::IAM::Role of its own, with {printed(function, account)}"
    needs = of(function, account)
    roles = f"arn:{account.partition}:iam::{account.id}:role"
    taken = {each.rpartition("/")[2] for each in (function.role, *(role.arn for role in account.roles))}
    name = function.name if function.name not in taken else f"{function.name}-own"
    trust, policy = shlex.quote(json.dumps(TRUST)), shlex.quote(json.dumps(propose(needs).document()))
    steps = (
        f"aws iam create-role --role-name {name} --assume-role-policy-document {trust}",
        f"aws iam put-role-policy --role-name {name} --policy-name {name} --policy-document {policy}",
        f"aws iam wait role-exists --role-name {name}",
        with_role(function, f"{roles}/{name}"),
    )
    more = f" (not all that `{function.name}` calls is known: add the rest)" if needs.unknown else ""
    return " && ".join(steps) + more


def with_role(function: Function, role: str) -> str:
    """What gives the function a role (ARN)."""
    return f"aws lambda update-function-configuration --function-name {function.name} --role {role}"


def without_variable(function: Function, name: str) -> str:
    """What takes a variable out of the environment; its values are not shown, and stand in no file."""
    if place := function.place_of(name):
        return f"{place.file}:{place.line}: take `{name}` out of `Environment` of `{function.id}`"
    called = f"--function-name {function.name}"
    return (
        f"aws lambda get-function-configuration {called} --query Environment --output json"
        f" | jq 'del(.Variables.{name})'"
        f" | aws lambda update-function-configuration {called} --environment file:///dev/stdin"
    )


def with_own_layer(function: Function, layer: str, account: Account) -> str:
    """What puts a copy of a layer version (ARN) that somebody has read in the place of it."""
    parts = layer.split(":")
    region, name = parts[3] or account.region, parts[6]
    fetch = (
        f"aws lambda get-layer-version-by-arn --region {region} --arn {layer} --query Content.Location --output text"
    )
    publish = f"aws lambda publish-layer-version --layer-name {name} --zip-file fileb://{name}.zip"
    read = f'curl -o {name}.zip "$({fetch})"; read what is in it, then'
    if place := function.place_of(layer):
        at = f"{place.file}:{place.line}"
        return f"{read} {publish} and name what that publishes in `Layers` of `{function.id}` ({at})"
    made = f'"$({publish} --query LayerVersionArn --output text)"'
    layers = " ".join(made if each == layer else each for each in function.settings.layers)
    return f"{read} aws lambda update-function-configuration --function-name {function.name} --layers {layers}"


def new_version(function: Function, qualifier: str, version: str | None) -> str:
    """What lets a qualifier serve what `$LATEST` is now, and how the old version goes."""
    called = f"--function-name {function.name}"
    publish = f"aws lambda publish-version {called}"
    gone = f"; once nothing serves it: aws lambda delete-function {called} --qualifier {version}" if version else ""
    if qualifier.isdecimal():
        return f"{publish}, and let what invokes `{function.name}:{qualifier}` invoke the version that it prints{gone}"
    made = f'"$({publish} --query Version --output text)"'
    return f"aws lambda update-alias {called} --name {qualifier} --function-version {made}{gone}"
