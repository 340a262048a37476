"""The IAM language: decisions a second beside moto's evaluator (interleaved, one process), parsing, proofs.

.venv/bin/python -m benchmarks.evaluation [ROUNDS]
"""

import json
import statistics
import sys
import time
from collections.abc import Callable

from moto.iam.access_control import IAMPolicy
from moto.iam.access_control import PermissionResult as Moto

from rolecall.iam.access import beyond
from rolecall.iam.evaluate import Outcome, Policies, evaluate
from rolecall.iam.policy import parse
from rolecall.iam.request import Caller, Request
from sandbox.iam import managed_policies

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "arn:aws:logs:*:*:*"},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:List*"],
            "Resource": ["arn:aws:s3:::inbox", "arn:aws:s3:::inbox/*"],
        },
        {
            "Effect": "Allow",
            "Action": "dynamodb:*Item",
            "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        },
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::inbox/secret/*"},
    ],
}
REQUESTS = [
    ("s3:GetObject", "arn:aws:s3:::inbox/a"),
    ("s3:GetObject", "arn:aws:s3:::inbox/secret/a"),
    ("dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:111122223333:table/orders"),
    ("sqs:SendMessage", "arn:aws:sqs:us-east-1:111122223333:orders"),
]
NEEDS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::inbox/2026/*"},
        {
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        },
    ],
}


def rate(call: Callable[[], object], number: int) -> float:
    """Calls a second."""
    began = time.perf_counter()
    for _ in range(number):
        call()
    return number / (time.perf_counter() - began)


def _parsing(documents: list[object]) -> float:
    began = time.perf_counter()
    for document in documents:
        parse(document, name="managed")
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print a table of medians."""
    policy = parse(DOCUMENT, name="benchmark")
    policies = Policies(identity=(policy,))
    user = Caller("AWS", "arn:aws:iam::111122223333:user/ann")
    theirs = IAMPolicy({"policy_document": json.dumps(DOCUMENT)})
    needs = parse(NEEDS, name="needs")

    def ours_decide() -> list[bool]:
        return [evaluate(Request(user, a, r), policies).outcome is Outcome.ALLOWED for a, r in REQUESTS]

    def moto_decides() -> list[bool]:
        return [theirs.is_action_permitted(a, r) is Moto.PERMITTED for a, r in REQUESTS]

    assert ours_decide() == moto_decides() == [True, False, True, False]
    beyond(needs, policy)
    pairs = [(4 * rate(ours_decide, 500), 4 * rate(moto_decides, 100)) for _ in range(rounds)]
    ours, moto = (statistics.median(column) for column in zip(*pairs, strict=True))
    covers = statistics.median(1000 / rate(lambda: beyond(needs, policy), 10) for _ in range(rounds))
    print("| what | figure |\n|---|---|")
    print(f"| decisions a second, policies parsed | {ours:,.0f} |")
    print(f"| the same by moto {moto:,.0f}; ratio | {ours / moto:.1f} |")
    documents = [each["Document"] for each in managed_policies().values()]
    parsing = statistics.median(_parsing(documents) for _ in range(3))
    print(f"| parsing all {len(documents):,} AWS managed policies | {parsing:.2f} s |")
    print(f"| proving that needs are within a role's policy | {covers:.1f} ms |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
