"""Who may invoke a function, asked of IAMSpy's `who_can` as well: are the answers the same, and how long do they take?

.venv/bin/python -m benchmarks.who_can --python PATH [--limit SECONDS] [ROLES …]: PATH is a Python that has IAMSpy, such
as that of a virtual environment with `pip install zeuscloud-iamspy 'pydantic<2'` (the package called `iamspy` on PyPI
is empty). First an account with a role for each shape of policy that decides about a caller; then accounts like that of
`benchmarks.callers`, with half as many users as roles, of which some functions are asked about. 1 if an answer differs
that docs/benchmarks.md does not explain, 2 where IAMSpy is not installed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.callers import INVOKE, snapshot
from rolecall.callers.who import who
from rolecall.sources import file
from tests.builders import ACCOUNT, FUNCTION, allow, clean, document, permission

EXPLAINED = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SIZES = (20, 50, 100, 200, 1_000)
ASKED = 3
LIMIT = 300.0
MADE = "2026-01-01T00:00:00+00:00"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})

ASK = """
import json, sys, time
from zeuscloud_iamspy.model import Model
began, model = time.process_time(), Model()
model.load_gaad("gaad.json")
model.load_resource_policies("resources.json")
model.model_vars
print(json.dumps(time.process_time() - began), flush=True)
for function in json.load(open("functions.json")):
    began = time.process_time()
    found = model.who_can("lambda:InvokeFunction", function)
    print(json.dumps([time.process_time() - began, found]), flush=True)
"""
"""What their Python runs: the seconds of loading, then for each function the seconds and who can."""

DENY, ONLY = {"Effect": "Deny", "Action": "lambda:*", "Resource": "*"}, f"{FUNCTION}:*"
ADDRESS = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}

SHAPES: dict[str, tuple[dict[str, Any], ...]] = {
    "plain": (allow(INVOKE, FUNCTION),),
    "any-case": (allow("LAMBDA:invokefunction", FUNCTION),),
    "action-star": (allow("lambda:Invoke*", FUNCTION),),
    "action-question": (allow("lambda:InvokeFunctio?", FUNCTION),),
    "other-action": (allow("lambda:GetFunction", FUNCTION),),
    "resource-star": (allow(INVOKE, FUNCTION[:-2] + "*"),),
    "resource-question": (allow(INVOKE, FUNCTION[:-1] + "?"),),
    "other-function": (allow(INVOKE, FUNCTION + "-2"),),
    "other-case": (allow(INVOKE, FUNCTION.upper().replace("ARN:AWS:LAMBDA", "arn:aws:lambda")),),
    "qualified": (allow(INVOKE, ONLY),),
    "denied": (allow(INVOKE, FUNCTION), DENY),
    "denied-elsewhere": (allow(INVOKE, FUNCTION), DENY | {"Resource": FUNCTION + "-2"}),
    "denied-if": (allow(INVOKE, FUNCTION), DENY | {"Condition": ADDRESS}),
    "allowed-if": (allow(INVOKE, FUNCTION, Condition=ADDRESS),),
    "not-action": ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},),
    "but-not-action": ({"Effect": "Allow", "NotAction": "lambda:*", "Resource": "*"},),
    "not-resource": ({"Effect": "Allow", "Action": INVOKE, "NotResource": FUNCTION + "-2"},),
    "but-not-resource": ({"Effect": "Allow", "Action": INVOKE, "NotResource": [FUNCTION, FUNCTION + "-2"]},),
    "denied-not-resource": (allow(INVOKE), {"Effect": "Deny", "Action": INVOKE, "NotResource": FUNCTION}),
    "bounded": (allow(INVOKE, FUNCTION),),
    "bounded-out": (allow(INVOKE, FUNCTION),),
    "named": (),
    "named-bounded-out": (),
    "named-denied": (DENY,),
    "refused": (allow(INVOKE, FUNCTION),),
}
"""Name of a role -> its policy, beside what `_shapes` gives some of them by name."""

BOUNDARIES = {"bounded": "lambda:*", "bounded-out": "s3:*", "named-bounded-out": "s3:*"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What IAMSpy said: seconds to load, then seconds and ARNs for each function that it got to within the limit."""

    loaded: float | None
    answers: tuple[tuple[float, frozenset[str]], ...]


def main() -> int:
    """Compare the answers, then the times as accounts grow."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", required=True, help="a Python that has zeuscloud-iamspy")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds that IAMSpy may take for an account")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES), metavar="ROLES")
    given = parser.parse_args()
    if subprocess.run([given.python, "-c", "import zeuscloud_iamspy.model"], check=False).returncode:
        print("IAMSpy is not installed there: `pip install zeuscloud-iamspy 'pydantic<2'` gives it", file=sys.stderr)
        return 2
    unexplained = list(_unexplained(given.python, given.limit))
    print(f"{'roles':>6}{'users':>6}{'load':>9}{'theirs each':>13}{'ours each':>11}{'ratio':>9}  same answer")
    for size in given.sizes:
        written = snapshot(size, with_roles=size, with_users=size // 2)
        functions = [each["arn"] for each in written["functions"][:ASKED]]
        asked = _theirs(given.python, written, functions, given.limit)
        seconds, ours = _ours(written, functions)
        print(f"{size:>6,}{size // 2:>6,}" + _row(asked, seconds, ours), flush=True)
        unexplained += [
            f"{size} roles, {function}: {sorted(mine ^ theirs)[:3]}"
            for function, mine, (_, theirs) in zip(functions, ours, asked.answers, strict=False)
            if mine != theirs
        ]
    print("\n".join(["not explained:", *unexplained] if unexplained else ["each difference is explained"]))
    return 1 if unexplained else 0


def _row(asked: Asked, seconds: float, ours: list[frozenset[str]]) -> str:
    if asked.loaded is None:
        return "  not loaded within the limit"
    if not asked.answers:
        return f"{asked.loaded:>8.1f}s  no answer within the limit{seconds * 1000:>11.2f} ms"
    each = sum(taken for taken, _ in asked.answers) / len(asked.answers)
    same = sum(mine == theirs for mine, (_, theirs) in zip(ours, asked.answers, strict=False))
    return (
        f"{asked.loaded:>8.1f}s{each:>12.1f}s{seconds * 1000:>9.2f}ms{each / seconds:>9,.0f}"
        f"  {same} of {len(asked.answers)}"
    )


def _unexplained(python: str, limit: float) -> Iterator[str]:
    """Shapes of policy that the two judge differently, and the documentation does not name."""
    written = _shapes()
    asked = _theirs(python, written, [FUNCTION], limit)
    if not asked.answers:
        yield "the shapes: no answer within the limit"
        return
    _, (mine,) = _ours(written, [FUNCTION])
    ((_, theirs),) = asked.answers
    differing = sorted(each.rpartition("/")[2] for each in mine ^ theirs)
    print(f"{len(SHAPES)} shapes of policy, the same in {len(SHAPES) - len(differing)}")
    explained = EXPLAINED.read_text(encoding="utf-8")
    for name in differing:
        row = f"| {name} | {_may(name, theirs)} | {_may(name, mine)} |"
        print(row)
        if row not in explained:
            yield row


def _may(name: str, found: frozenset[str]) -> str:
    return "may" if _role(name) in found else "may not"


def _shapes() -> dict[str, Any]:
    """An account with a role for each shape, whose names are all that some of them have."""
    function = clean()["functions"][0]
    named = [permission({"AWS": _role(name)}, sid=name) for name in SHAPES if name.startswith("named")]
    refused = permission({"AWS": _role("refused")}, sid="refused") | {"Effect": "Deny"}
    function["resource_policy"] = document(*({**each, "Resource": FUNCTION} for each in (*named, refused)))
    roles = [
        {"arn": _role(name), "policies": [{"name": "Own", "document": document(*statements)}] if statements else []}
        | ({"boundary": document(allow(BOUNDARIES[name]))} if name in BOUNDARIES else {})
        for name, statements in SHAPES.items()
    ]
    own = clean()["roles"][0] | {"policies": []}
    return {**clean(), "functions": [function], "roles": [own, *(own | each for each in roles)], "users": []}


def _role(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def _ours(written: dict[str, Any], functions: list[str]) -> tuple[float, list[frozenset[str]]]:
    """Seconds of CPU for a function, preparing the account included, and who may invoke each that is asked about."""
    account = file.load(written)
    began = time.process_time()
    every = {function.arn: who(function, account) for function in account.functions}
    seconds = (time.process_time() - began) / len(every)
    found = [[*every[arn].callers, *(each for each in every[arn].admins if each.via)] for arn in functions]
    return seconds, [frozenset(each.principal for each in one if each.kind in ("role", "user")) for one in found]


def _theirs(python: str, written: dict[str, Any], functions: list[str], limit: float) -> Asked:
    """What IAMSpy says of the same account, in a process of its own that ends at the limit."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "gaad.json").write_text(json.dumps(_details(written)))
        policies = [
            {"Resource": each["arn"], "Policy": each["resource_policy"], "Account": ACCOUNT}
            for each in written["functions"]
        ]
        (here / "resources.json").write_text(json.dumps(policies))
        (here / "functions.json").write_text(json.dumps(functions))
        with (here / "said").open("w") as said, suppress(subprocess.TimeoutExpired):  # What it said until then stands.
            subprocess.run([python, "-c", ASK], cwd=here, stdout=said, timeout=limit, check=True)
        loaded, *answers = [*map(json.loads, (here / "said").read_text().splitlines())] or [None]
    return Asked(loaded, tuple((seconds, frozenset(found)) for seconds, found in answers))


def _details(written: dict[str, Any]) -> dict[str, Any]:
    """The same as GetAccountAuthorizationDetails answers it; boundaries are managed policies."""

    def inline(owner: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"PolicyName": each["name"], "PolicyDocument": each["document"]} for each in owner["policies"]]

    def common(owner: dict[str, Any]) -> dict[str, Any]:
        bounded = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": _boundary(owner["arn"])}
        return {"Arn": owner["arn"], "Path": "/", "CreateDate": MADE, "AttachedManagedPolicies": [], "Tags": []} | (
            {"PermissionsBoundary": bounded} if owner.get("boundary") else {}
        )

    return {
        "UserDetailList": [
            common(each)
            | {"UserName": each["arn"].rpartition("/")[2], "UserId": f"AIDA{place:017}", "GroupList": []}
            | {"UserPolicyList": inline(each)}
            for place, each in enumerate(written["users"])
        ],
        "RoleDetailList": [
            common(each)
            | {"RoleName": each["arn"].rpartition("/")[2], "RoleId": f"AROA{place:017}", "RoleLastUsed": {}}
            | {"RolePolicyList": inline(each), "AssumeRolePolicyDocument": TRUST, "InstanceProfileList": []}
            for place, each in enumerate(written["roles"])
        ],
        "GroupDetailList": [],
        "Policies": [_managed(each) for each in written["roles"] if each.get("boundary")],
    }


def _boundary(owner: str) -> str:
    return owner.replace(":role/", ":policy/")


def _managed(owner: dict[str, Any]) -> dict[str, Any]:
    arn = _boundary(owner["arn"])
    name = arn.rpartition("/")[2]
    version = {"Document": owner["boundary"], "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": MADE}
    return {"PolicyName": name, "PolicyId": f"ANPA{name}", "Arn": arn, "Path": "/", "DefaultVersionId": "v1"} | {
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 1,
        "IsAttachable": True,
        "CreateDate": MADE,
        "UpdateDate": MADE,
        "PolicyVersionList": [version],
    }


if __name__ == "__main__":
    sys.exit(main())
