"""Layer versions of a template that are shared: each with the policy that its permissions make."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rolecall.iam.policy import Kind, Policy
from rolecall.model import Gap, Resource
from rolecall.sources.template.stack import Stack


def layers(stack: Stack) -> Iterator[Resource]:
    """The layer versions that an AWS::Lambda::LayerVersionPermission shares, by ARN."""
    shared: dict[str, list[Policy]] = {}
    gaps: dict[str, list[Gap]] = {}
    for logical_id, properties in stack.of("AWS::Lambda::LayerVersionPermission"):
        arn = str(properties.get("LayerVersionArn"))
        document = {"Version": "2012-10-17", "Statement": [_statement(stack, logical_id, properties, arn)]}
        policy = stack.policy(
            logical_id, document, name="resource", kind=Kind.RESOURCE, subject=arn, gaps=gaps.setdefault(arn, [])
        )
        shared.setdefault(arn, []).extend([policy] if policy else [])
    for arn, policies in sorted(shared.items()):
        statements = [statement for policy in policies for statement in policy.statements]
        numbered = tuple(replace(each, index=index) for index, each in enumerate(statements))
        whole = Policy("resource", Kind.RESOURCE, "2012-10-17", numbered) if numbered else None
        yield Resource(arn, policy=whole, gaps=tuple(gaps[arn]))


def _statement(stack: Stack, logical_id: str, properties: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """The statement that AddLayerVersionPermission writes: an account is named by its root."""
    named, organization = str(properties.get("Principal")), properties.get("OrganizationId")
    root = f"arn:{stack.resolver.values['AWS::Partition']}:iam::{named}:root"
    who: Any = "*" if named == "*" else {"AWS": root if named.isdecimal() else named}
    condition = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}}} if organization else {}
    return {
        "Sid": logical_id,
        "Effect": "Allow",
        "Principal": who,
        "Action": properties.get("Action"),
        "Resource": arn,
        **condition,
    }
