"""Parameters: what a call is given, as text.

Kept are all top-level parameters that have a text, number or truth value, or a list of them. Of what is nested, those
that can name a resource or a role or are keys of conditions, under a path without indices: `Entries.EventBusName`,
`TransactItems.Put.TableName`.
The keys of `RequestItems` are the values of `RequestItems`: they are the names of tables.
"""

import re
from collections.abc import Mapping

from rolecall.needs.code import boxes
from rolecall.needs.code.machine import Machine
from rolecall.needs.code.values import UNKNOWN_TEXT, Arguments, Box, Value, texts

NAMING = re.compile(
    r".*([rR]oleArn|Arn|ARN|KeyId|KeyID|Bucket|BucketName|TableName|EventBusName|QueueUrl|FunctionName|SecretId|"
    r"StreamName|VersionId|DeliveryStreamName|S3Uri|s3Uri|FileUri|OutputLocation)|Key|Name|Statement|Bucket|Database|"
    r"taskRoleArn|executionRoleArn|Prefix|Version|DetailType|Source"
)
KEYED = frozenset({"RequestItems"})
DEEPEST_PARAMETER = 6

Parameters = dict[str, set[str]]


def flatten(machine: Machine, given: Arguments, filled: Mapping[str, tuple[str, ...]] | None = None) -> Parameters:
    """Every parameter of a call with the texts that it can have; `filled` are those that a resource fills by itself."""
    found: Parameters = {}
    for name, value in given.named.items():
        _flatten(machine, name, value, 0, found)
    for name, known in (filled or {}).items():
        found.setdefault(name, set()).update(known)
    return found


def _flatten(machine: Machine, path: str, value: Value, level: int, found: Parameters) -> None:
    plain = frozenset(atom for atom in value if not isinstance(atom, Box))
    kept = "." not in path or NAMING.fullmatch(path.rpartition(".")[2])
    if kept and (known := texts(plain)):
        found.setdefault(path, set()).update(known)
    for atom in value:
        if isinstance(atom, Box) and level < DEEPEST_PARAMETER:
            _inside(machine, path, atom, level, found)


def _inside(machine: Machine, path: str, box: Box, level: int, found: Parameters) -> None:
    if path in KEYED and boxes.is_dict(machine, box):
        # What lies under the names of tables (keys, requests) names no resource.
        found.setdefault(path, set()).update(_keys(machine, box))
        return
    for name, value in machine.items(box):
        if name != boxes.KEYS and value:
            inner = f"{path}.{name[1:]}" if name.startswith("=") else path
            _flatten(machine, inner, value, level + 1, found)


def _keys(machine: Machine, box: Box) -> set[str]:
    known = set(boxes.keyed(machine, box)) | set(texts(machine.get(box, boxes.KEYS)))
    return known or {UNKNOWN_TEXT}
