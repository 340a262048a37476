"""Who may invoke the functions of an account of so many: how long it takes, and how it grows.

    python -m benchmarks.callers [FUNCTIONS …]

The account is in memory: 1,000 roles and 500 users, so that only the functions grow in number. Every tenth principal
may invoke all functions, every fifth those with its prefix, every other one a function of its own; every fourth
function names a role in its own policy. Where IAMSpy is installed (from its repository, since the package of that name
on PyPI is empty; it needs z3), it is asked for the same account.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rolecall.callers.who import who
from rolecall.model import Account
from rolecall.rules.undeclared_caller import undeclared_caller
from rolecall.sources import file
from tests.builders import ACCOUNT, allow, clean, document, permission

SIZES = (500, 1_000, 2_000)
ROLES, USERS = 1_000, 500
ASKED = 5  # functions that IAMSpy is asked about: it takes long for each
INVOKE = "lambda:InvokeFunction"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})


def main() -> int:
    """Measure, and say what grew how."""
    sizes = [int(each) for each in sys.argv[1:]] or list(SIZES)
    print(f"{'functions':>10}{'principals':>12}{'callers':>10}{'seconds':>10}{'ms each':>10}{'with rule':>11}{'MB':>7}")
    for number in sizes:
        account = file.load(snapshot(number))
        seconds, rows = measured(account)
        began = time.process_time()
        found = sum(1 for each in account.functions for _ in undeclared_caller.check_function(each, account))
        judging = time.process_time() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        people = len(account.roles) + len(account.users)
        each = 1000 * seconds / number
        print(f"{number:>10,}{people:>12,}{rows:>10,}{seconds:>10.2f}{each:>10.2f}{judging:>11.2f}{memory:>7.0f}")
        assert found
    compare(sizes[0])
    return 0


def measured(account: Account) -> tuple[float, int]:
    """Seconds of CPU for all functions, and how many callers there are."""
    began = time.process_time()
    rows = sum(len(who(function, account).callers) for function in account.functions)
    return time.process_time() - began, rows


def snapshot(number: int) -> dict[str, Any]:
    """An account of so many functions."""
    functions, roles = [], []
    for each in range(number):
        function = clean()["functions"][0]
        arn = f"{function['arn']}-{each}"
        function |= {"id": arn, "arn": arn, "name": f"orders-{each}", "role": role(each % ROLES)}
        function["tags"] = {"rolecall:callers": "nobody"} if each % 10 == 0 else {}
        statements = [permission({"AWS": role((each + 7) % ROLES)})] if each % 4 == 0 else []
        statements.append(permission({"Service": "events.amazonaws.com"}, sid="Rule"))
        function["resource_policy"] = document(*({**one, "Resource": arn} for one in statements))
        functions.append(function)
    for each in range(ROLES):
        own = clean()["roles"][0]
        own["policies"].append({"name": "Invoke", "document": document(invoking(each, number))})
        roles.append(own | {"arn": role(each)})
    users = [
        {"arn": f"arn:aws:iam::{ACCOUNT}:user/u{each}", "policies": [{"name": "Invoke", "document": document(grant)}]}
        for each, grant in ((each, invoking(each, number)) for each in range(USERS))
    ]
    return {**clean(), "functions": functions, "roles": roles, "users": users}


def role(number: int) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/r{number}"


def invoking(each: int, number: int) -> dict[str, Any]:
    start = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:orders-"
    if each % 10 == 0:
        return allow(INVOKE)
    if each % 5 == 0:
        return allow(INVOKE, f"{start}{each % 100}*")
    return allow([INVOKE, "s3:GetObject"], f"{start}{(each * 3) % number}")


def compare(number: int) -> None:
    """Ask IAMSpy who may invoke some functions of an account of this size."""
    try:
        from iamspy import Model
    except ImportError:
        print("IAMSpy is not installed here: nothing to compare with")
        return
    written = snapshot(number)
    account = file.load(written)
    with tempfile.TemporaryDirectory() as folder:
        details, policies = Path(folder) / "gaad.json", Path(folder) / "resources.json"
        details.write_text(json.dumps(gaad(written)))
        policies.write_text(json.dumps(list(resources(written))))
        began = time.process_time()
        model = Model()
        model.load_gaad(str(details))
        model.load_resource_policies(str(policies))
        loaded = time.process_time() - began
        began = time.process_time()
        theirs = [set(model.who_can(INVOKE, each["arn"])) for each in written["functions"][:ASKED]]
        seconds = time.process_time() - began
    ours, _ = measured(file.load(written))
    mine = [{each.principal for each in who(one, account).callers} for one in account.functions[:ASKED]]
    services = [{name for name in each if name.startswith("arn:")} for each in mine]
    same = sum(one == other for one, other in zip(services, theirs, strict=True))
    print(f"IAMSpy: {loaded:.1f} s to load, {seconds / ASKED:.2f} s a function; the same answer for {same} of {ASKED}")
    print(f"ratio of a function, ours to IAMSpy's: {(ours / number) / (seconds / ASKED):.5f}")


def gaad(written: dict[str, Any]) -> dict[str, Any]:
    """The same as GetAccountAuthorizationDetails answers it."""

    def inline(owner: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"PolicyName": each["name"], "PolicyDocument": each["document"]} for each in owner["policies"]]

    return {
        "UserDetailList": [
            {"UserName": each["arn"].rpartition("/")[2], "Arn": each["arn"], "Path": "/", "UserId": f"AIDA{place:017}"}
            | {"UserPolicyList": inline(each), "GroupList": [], "AttachedManagedPolicies": [], "Tags": []}
            for place, each in enumerate(written["users"])
        ],
        "RoleDetailList": [
            {"RoleName": each["arn"].rpartition("/")[2], "Arn": each["arn"], "Path": "/", "RoleId": f"AROA{place:017}"}
            | {"RolePolicyList": inline(each), "AttachedManagedPolicies": [], "InstanceProfileList": [], "Tags": []}
            | {"AssumeRolePolicyDocument": TRUST, "CreateDate": "2026-01-01T00:00:00+00:00"}
            for place, each in enumerate(written["roles"])
        ],
        "GroupDetailList": [],
        "Policies": [],
    }


def resources(written: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The functions' own policies, as IAMSpy takes them."""
    for each in written["functions"]:
        yield {"Resource": each["arn"], "Policy": each["resource_policy"], "Account": ACCOUNT}


if __name__ == "__main__":
    sys.exit(main())
