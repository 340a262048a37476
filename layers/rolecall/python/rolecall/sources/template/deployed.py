"""Deployed: how to say in a policy what a resource will be called, where no reference to it can say it.

The names that this reading gives are stand-ins. As texts of `Fn::Sub` they hold in any stack, such as
`${AWS::StackName}-Orders-*` for a queue `Orders` without a name: CloudFormation ends such names at random (Template
Reference, "Name Type").
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from rolecall.iam.statement import is_unresolved
from rolecall.sources.template.intrinsics import VARIABLE, Resolver
from rolecall.sources.template.references import SHAPES
from rolecall.sources.template.stack import Stack

STACK = "${AWS::StackName}"
APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")
DISTRIBUTION = "AWS::CloudFront::Distribution"


def texts(stack: Stack) -> Iterator[tuple[str, str]]:
    """(stand-in, the text of `Fn::Sub` that gives it): ARNs, and values of variables that hang on the stack's name."""
    read, written = stack.resolver, stack.resolver.as_written()
    for logical_id, resource in read.resources.items():
        kind = str(resource.get("Type")) if isinstance(resource, dict) else ""
        if not stack.is_made(logical_id):
            continue
        if kind == DISTRIBUTION:  # It has no attribute with its ARN, and AWS makes up its id.
            own = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/${{{logical_id}}}"
            yield read.arn_of(logical_id), own
        if kind not in SHAPES:
            continue
        if kind in APIS:
            own = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
            yield _invoking(read, logical_id), f"{own}:${{{logical_id}}}"
            continue
        found = list(zip(_of(read, logical_id, kind), _of(written, logical_id, kind), strict=True))
        for given, text in found:
            if given != text and not is_unresolved(text) and (given.startswith("arn:") or STACK in text):
                yield given, text


def _invoking(resolver: Resolver, logical_id: str) -> str:
    """The ARN by which an API invokes; AWS makes up its id."""
    partition, region, account = (resolver.values[f"AWS::{name}"] for name in ("Partition", "Region", "AccountId"))
    return f"arn:{partition}:execute-api:{region}:{account}:{resolver.resource(logical_id, 'ref')}"


def _of(resolver: Resolver, logical_id: str, kind: str) -> Iterator[str]:
    """The ARN of a resource; of a function also that of its log group, its name, and the values of its variables."""
    yield resolver.arn_of(logical_id).removesuffix(":*")
    if kind != "AWS::Lambda::Function":
        return
    properties = resolver.resources[logical_id].get("Properties")
    own = _at(properties, "LoggingConfig", "LogGroup")
    group = (resolver.text(own) if own else None) or f"/aws/lambda/{resolver.name_of(logical_id)}"
    partition, region, account = (resolver.values[f"AWS::{name}"] for name in ("Partition", "Region", "AccountId"))
    yield f"arn:{partition}:logs:{region}:{account}:log-group:{group}"
    yield resolver.name_of(logical_id)
    variables = _at(properties, "Environment", "Variables")
    yield from (resolver.text(each) or "" for each in (variables.values() if isinstance(variables, dict) else ()))


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


OUTPUTS = "Outputs"
ATTACHING = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy")


def mentions(stack: Stack, logical_id: str) -> tuple[str, ...]:
    """What refers to a resource, sorted: logical ids, those that a condition leaves out too, then `Globals`, `Outputs`.

    A policy that is attached to a role is part of it. `Globals` are there where SAM refuses the template.
    """
    found = {name for name, each in stack.resolver.resources.items() if logical_id in _referred(_telling(each))}
    told = (part for part in ("Globals", OUTPUTS) if logical_id in _referred(stack.resolver.body.get(part)))
    return (*sorted(found - {logical_id}), *told)


def _telling(resource: Any) -> Any:
    if isinstance(resource, dict) and resource.get("Type") in ATTACHING:
        return _at(resource, "Properties", "PolicyDocument")
    return resource


def loops(stack: Stack, roles: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(role, ARN of what waits for it): a role (ARN) cannot refer to these, nor to its own functions and their logs.

    CloudFormation makes a resource once all that it refers to is there, and refuses a circle.
    """
    resources = stack.resolver.resources
    users: dict[str, set[str]] = defaultdict(set)
    for logical_id, resource in resources.items():
        for named in _referred(resource):
            users[named].add(logical_id)
    wanted = set(roles)
    for logical_id, resource in resources.items():
        if isinstance(resource, dict) and resource.get("Type") == "AWS::IAM::Role":
            arn = stack.resolver.arn_of(logical_id)
            if arn in wanted:
                waiting = sorted(_all(logical_id, users))
                yield from ((arn, stack.resolver.arn_of(each).removesuffix(":*")) for each in waiting)


def _all(start: str, users: dict[str, set[str]]) -> set[str]:
    found, open_ones = {start}, [start]
    while open_ones:
        fresh = users.get(open_ones.pop(), set()) - found
        found |= fresh
        open_ones += fresh
    return found


def _referred(node: Any) -> Iterator[str]:
    """The names that a part of the template refers to."""
    if isinstance(node, list):
        for each in node:
            yield from _referred(each)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        named = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
        if key in ("Ref", "DependsOn"):
            yield from named
        elif key == "Fn::GetAtt":
            yield from (text.split(".")[0] for text in named[:1])
        elif key == "Fn::Sub":
            yield from (found.strip().split(".")[0] for text in named[:1] for found in VARIABLE.findall(text))
        yield from _referred(value)
