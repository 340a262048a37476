"""What the rules on escalation cost on an account of so many functions, roles and other principals, held in memory.

    python -m benchmarks.escalation [FUNCTIONS …]

Each function has a role of its own that reads its queue and writes its table. Of a hundred, one may change any
function, one pass any role, one assume any role, and one change another function. There are 500 other principals, half
of them users: a fifth may change any function, the others may only read. Every tenth function says who deploys it.
Prints seconds of CPU for each rule, milliseconds for each function, and the most memory that the process held.
"""

import gc
import resource
import sys
import time
from dataclasses import replace
from typing import Any

from rolecall.iam.policy import Kind, Policy, parse
from rolecall.model import Account, Function, Gap, Role, User
from rolecall.rules import Rule, all_rules
from tests.builders import ACCOUNT, REGION, allow, document

RULES = ("self-escalation", "role-passing", "workload-takeover", "self-rewrite", "role-chaining", "exposed-function")
TRUST = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
PEOPLE = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
BROAD = {
    1: allow("lambda:*"),
    2: allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]),
    3: allow("sts:AssumeRole"),
    4: allow("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:job-5"),
}


def main() -> int:
    """Measure, for 500, 1,000 and 2,000 functions by default."""
    sizes = [int(each) for each in sys.argv[1:]] or [500, 1_000, 2_000]
    print(f"{'functions':>10}" + "".join(f"{name:>20}" for name in RULES) + f"{'all':>10}{'ms each':>10}{'hits':>8}")
    for size in sizes:
        account = made(size)
        gc.collect()
        taken = [timed(rule, account) for name in RULES for rule in all_rules() if rule.name == name]
        spent = sum(seconds for seconds, _ in taken)
        row = "".join(f"{seconds:>18.2f} s" for seconds, _ in taken)
        print(f"{size:>10}{row}{spent:>8.1f} s{1000 * spent / size:>10.2f}{sum(hits for _, hits in taken):>8}")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at the most")
    return 0


def timed(rule: Rule, account: Account) -> tuple[float, int]:
    """Seconds of CPU that a rule takes, and how much it tells."""
    began = time.process_time()
    if rule.of_account:
        told = list(rule.check(account))
    else:
        told = [each for function in account.functions for each in rule.check_function(function, account)]
    return time.process_time() - began, sum(not isinstance(each, Gap) for each in told)


def made(size: int) -> Account:
    """An account of so many functions, as many roles, and 500 other principals."""
    pairs = [function(number) for number in range(size)]
    others = [person(number) for number in range(250)]
    users = tuple(user(number) for number in range(250))
    roles = (*(role for _, role in pairs), *others)
    return Account(ACCOUNT, REGION, "a benchmark", functions=tuple(f for f, _ in pairs), roles=roles, users=users)


def function(number: int) -> tuple[Function, Role]:
    """A function that needs little, and each hundred some that hold too much."""
    name = f"job-{number}"
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    statements = [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}:*"),
        allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"),
        allow(["dynamodb:PutItem", "dynamodb:GetItem"], f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"),
    ]
    if number % 100 in BROAD:
        statements.append(BROAD[number % 100])
    role = Role(
        f"arn:aws:iam::{ACCOUNT}:role/{name}",
        policies=tuple(policy(f"P{place}", each) for place, each in enumerate(statements)),
        trust=parse(TRUST, name="trust", kind=Kind.TRUST),
        used_by=(arn,),
    )
    tags = (("rolecall:deployers", "person-1"),) if number % 10 == 0 else ()
    return Function(arn, name, arn, role.arn, runtime="python3.13", tags=tags), role


def person(number: int) -> Role:
    """A role of people: every fifth one develops."""
    held = allow(["lambda:Update*", "lambda:Get*"]) if number % 5 == 0 else allow(["s3:Get*", "lambda:Get*"])
    trust = parse(PEOPLE, name="trust", kind=Kind.TRUST)
    return Role(f"arn:aws:iam::{ACCOUNT}:role/person-{number}", policies=(policy("Work", held),), trust=trust)


def user(number: int) -> User:
    return replace(User(f"arn:aws:iam::{ACCOUNT}:user/user-{number}"), policies=person(number).policies)


def policy(name: str, statement: dict[str, Any]) -> Policy:
    return parse(document(statement), name=name)


if __name__ == "__main__":
    sys.exit(main())
