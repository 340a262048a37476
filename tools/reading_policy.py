"""Write docs/reading-policy.json: the IAM policy with which a person, or the auditor, reads an account.

It is derived from the source: every call that `sources/aws` makes stands there by name.
"""

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import botocore.session
from botocore import xform_name

from rolecall.iam import catalog
from rolecall.sources.aws.calls import action

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "layers" / "rolecall" / "python" / "rolecall" / "sources" / "aws"
OUTPUT = ROOT / "docs" / "reading-policy.json"
ASKING = ("ask", "pages", "answers")
# What an answer holds only for those who may call this too: API Reference, "GetFunction".
ALONG = {"lambda:GetFunction": ("lambda:ListTags",)}
# Where the catalog knows more kinds of resources than the source asks for: those that it asks for.
ASKED: dict[str, tuple[str, ...]] = {
    "apigateway:GET": ("arn:{partition}:apigateway:*::/apis*", "arn:{partition}:apigateway:*::/restapis*"),
    # Service Authorization Reference: composite alarms are described on `*` only.
    "cloudwatch:DescribeAlarms": ("*",),
    "dynamodb:GetResourcePolicy": ("arn:{partition}:dynamodb:*:{account}:table/*",),
    "elasticfilesystem:DescribeAccessPoints": ("arn:{partition}:elasticfilesystem:*:{account}:access-point/*",),
    "events:DescribeEventBus": ("arn:{partition}:events:*:{account}:event-bus/*",),
    "events:DescribeRule": ("arn:{partition}:events:*:{account}:rule/*",),
    "events:ListTargetsByRule": ("arn:{partition}:events:*:{account}:rule/*",),
    "kinesis:DescribeStreamConsumer": ("arn:{partition}:kinesis:*:{account}:stream/*",),
    "kinesis:GetResourcePolicy": ("arn:{partition}:kinesis:*:{account}:stream/*",),
    "lambda:ListTags": ("arn:{partition}:lambda:*:{account}:function:*",),
    "logs:ListTagsForResource": ("arn:{partition}:logs:*:{account}:log-group:*",),
    "s3:GetBucketNotification": ("arn:{partition}:s3:::*",),
    "s3:GetBucketPolicy": ("arn:{partition}:s3:::*",),
    # Managed policies of AWS are nobody's, and those of an organization stand in the management account.
    "iam:GetPolicy": ("arn:{partition}:iam::*:policy/*",),
    "iam:GetPolicyVersion": ("arn:{partition}:iam::*:policy/*",),
    "iam:ListEntitiesForPolicy": ("arn:{partition}:iam::*:policy/*",),
    "organizations:DescribePolicy": ("arn:{partition}:organizations::*:policy/*",),
    "organizations:ListParents": ("arn:{partition}:organizations::*:*",),
    "organizations:ListPoliciesForTarget": ("arn:{partition}:organizations::*:*",),
}
VARIABLE = re.compile(r"(\$\{\w+\})+")
# Needs no permission: IAM User Guide, "Actions that need no permissions".
FREE = frozenset({"sts:GetCallerIdentity"})
# For `--last-accessed`, which only a person asks for: the auditor's role has no such rights.
ON_REQUEST = frozenset({"iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails"})


def calls(source: Path = SOURCE) -> frozenset[tuple[str, str]]:
    """(service, operation as botocore's client calls it) of every call in a folder."""
    trees = (ast.parse(path.read_text()) for path in sorted(source.rglob("*.py")))
    return frozenset(found for tree in trees for found in _calls(tree))


def actions(source: Path = SOURCE) -> tuple[str, ...]:
    """The IAM actions that the calls of a folder need, sorted."""
    made = {action(service, _operation(service, called)) for service, called in calls(source)}
    return tuple(sorted((made | {along for each in made for along in ALONG.get(each, ())}) - FREE - ON_REQUEST))


def scopes(name: str) -> tuple[str, ...]:
    """The resources on which an action is asked for, `{partition}` and `{account}` in them; `*` where it takes none."""
    known = catalog.action(name)
    if known is None or not known.takes_resource:
        return ("*",)
    if name in ASKED:
        return ASKED[name]
    arns = (arn for kind in known.resource_types for arn in kind.arns)
    homes = (("${Partition}", "{partition}"), ("${Account}", "{account}"))
    return tuple(sorted({_star(reduce(lambda text, home: text.replace(*home), homes, arn)) for arn in arns}))


def statements() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Actions and resources of each statement of the template's policies: one for each set of resources."""
    by_scope: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in actions():
        by_scope[scopes(name)].append(name)
    return tuple((tuple(names), scope) for scope, names in by_scope.items())


def _star(arn: str) -> str:
    """An ARN of the catalog as a pattern: a variable is anything, and what follows one is part of it."""
    head, _, tail = arn.partition(":{account}:")
    if not tail:
        return re.sub(r"\*[:/*]*\*$", "*", VARIABLE.sub("*", arn))
    return f"{VARIABLE.sub('*', head)}:{{account}}:{re.sub(VARIABLE.pattern + '.*', '*', tail)}"


def document() -> dict[str, object]:
    """The policy: reading and listing calls on everything, since which resources there are is what it finds out."""
    statement = {
        "Sid": "ReadWhatRolecallJudges",
        "Effect": "Allow",
        "Action": sorted({*actions(), *ON_REQUEST}),
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKING:
            texts = [each.value for each in node.args[:2] if isinstance(each, ast.Constant)]
            match texts:
                case [str(service), str(operation)]:
                    yield service, operation


def _operation(service: str, called: str) -> str:
    """The operation of the API model behind a method of the client."""
    names = botocore.session.get_session().get_service_model(service).operation_names
    return next(name for name in names if xform_name(name) == called)


def main() -> int:
    OUTPUT.write_text(json.dumps(document(), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
