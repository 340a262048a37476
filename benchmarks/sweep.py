"""What a sweep costs beside its calls: the account of so many functions, cut into slices, completed and judged.

    python -m benchmarks.sweep [FUNCTIONS]

Each function has a role of its own, a queue, three policies and a resource policy. Prints milliseconds of CPU for each
function, and the most memory that the process held.
"""

import copy
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from rolecall import engine
from rolecall.model import Account, Call, Code
from rolecall.sources import file
from rolecall.sources.code import packed
from rolecall.sources.slices import slices, unpack
from tests import builders
from tests.builders import clean, document, permission

T = TypeVar("T")
PUT = Call("dynamodb", "PutItem", "app.py:3", (("TableName", ("orders",)),))


WIDE = ("*", "*:*", "s3:*", "ec2:*", "iam:*")


def main() -> int:
    """Measure, for a thousand functions by default."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    account = file.load(snapshot(number))
    texts = measured("cut into slices", number, lambda: [text for _, text in slices(account) if text])
    parts = measured("read from slices", number, lambda: [unpack(text) for text in texts])
    measured("judged", number, lambda: [findings(part) for part in parts])
    (alone,) = file.load(snapshot(1)).functions
    kept = packed.pack(Code("remote", read=True, files=1, calls=(PUT,) * 20), ())
    known = replace(alone, code=packed.unpack(kept, Code("remote"), alone.id)[0])
    one = replace(file.load(snapshot(1)), functions=(known,))
    measured("one with its code known", 100, lambda: [findings(replace(one, gaps=())) for _ in range(100)])
    wide = [builders.account({"more policies": {"Wide": [builders.allow(action)]}}) for action in WIDE]
    measured("one with a wide grant", len(WIDE), lambda: [findings(each) for each in wide])
    print(f"{'largest slice':<24}{max(map(len, texts)) / 1024:>10.0f} KiB, of 250,000 bytes")
    print(f"{'memory':<24}{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>10.0f} MB at the most")
    return 0


def snapshot(number: int) -> dict[str, object]:
    """So many functions under other names."""
    functions, roles = [], []
    guard = {"ArnLike": {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/orders"}}
    for each in range(number):
        made = copy.deepcopy(clean())
        (function,), (role,) = made["functions"], made["roles"]
        function |= {"id": f"{function['arn']}-{each}", "arn": f"{function['arn']}-{each}", "name": f"orders-{each}"}
        function |= {"role": f"{role['arn']}-{each}"}
        function["resource_policy"] = document(permission({"Service": "events.amazonaws.com"}, condition=guard))
        functions.append(function)
        roles.append(role | {"arn": f"{role['arn']}-{each}"})
    return {**clean(), "functions": functions, "roles": roles}


def findings(account: Account) -> int:
    return len(engine.audit_each(account).findings)


def measured(what: str, number: int, work: Callable[[], T]) -> T:
    """What the work gives; prints how long it took."""
    began = time.process_time()
    result = work()
    print(f"{what:<24}{1000 * (time.process_time() - began) / number:>10.2f} ms for each function")
    return result


if __name__ == "__main__":
    sys.exit(main())
