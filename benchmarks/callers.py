"""Who may invoke the functions of an account of so many: how long it takes, and how it grows.

    python -m benchmarks.callers [FUNCTIONS …]

The account is in memory: 1,000 roles and 500 users, so that only the functions grow in number. Every tenth principal
may invoke all functions, every fifth those with its prefix, every other one a function of its own; every fourth
function names a role in its own policy. `benchmarks.who_can` asks another tool about the same account.
"""

import resource
import sys
import time
from typing import Any

from rolecall.callers.who import who
from rolecall.model import Account
from rolecall.rules.undeclared_caller import undeclared_caller
from rolecall.sources import file
from tests.builders import ACCOUNT, allow, clean, document, permission

SIZES = (500, 1_000, 2_000)
ROLES, USERS = 1_000, 500
INVOKE = "lambda:InvokeFunction"


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
    return 0


def measured(account: Account) -> tuple[float, int]:
    """Seconds of CPU for all functions, and how many callers there are."""
    began = time.process_time()
    rows = sum(len(who(function, account).callers) for function in account.functions)
    return time.process_time() - began, rows


def snapshot(number: int, *, with_roles: int = ROLES, with_users: int = USERS) -> dict[str, Any]:
    """An account of so many functions."""
    functions, roles = [], []
    for each in range(number):
        function = clean()["functions"][0]
        arn = f"{function['arn']}-{each}"
        function |= {"id": arn, "arn": arn, "name": f"orders-{each}", "role": role(each % with_roles)}
        function["tags"] = {"rolecall:callers": "nobody"} if each % 10 == 0 else {}
        statements = [permission({"AWS": role((each + 7) % with_roles)})] if each % 4 == 0 else []
        statements.append(permission({"Service": "events.amazonaws.com"}, sid="Rule"))
        function["resource_policy"] = document(*({**one, "Resource": arn} for one in statements))
        functions.append(function)
    for each in range(with_roles):
        own = clean()["roles"][0]
        own["policies"].append({"name": "Invoke", "document": document(invoking(each, number))})
        roles.append(own | {"arn": role(each)})
    users = [
        {"arn": f"arn:aws:iam::{ACCOUNT}:user/u{each}", "policies": [{"name": "Invoke", "document": document(grant)}]}
        for each, grant in ((each, invoking(each, number)) for each in range(with_users))
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


if __name__ == "__main__":
    sys.exit(main())
