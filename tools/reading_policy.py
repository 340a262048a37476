"""Write docs/reading-policy.json: the IAM policy with which a person reads an account.

It is derived from the source: every call that `sources/aws` makes stands there by name. What of it the auditor and the
sweep need each, and on which resources, `rolecall needs` finds by following their code: two ways that must agree.
"""

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import botocore.session
from botocore import xform_name

from rolecall.sources.aws.calls import action

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "layers" / "rolecall" / "python" / "rolecall" / "sources" / "aws"
OUTPUT = ROOT / "docs" / "reading-policy.json"
ASKING = ("ask", "pages", "answers")
# What an answer holds only for those who may call this too: API Reference, "GetFunction".
ALONG = {"lambda:GetFunction": ("lambda:ListTags",)}
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
