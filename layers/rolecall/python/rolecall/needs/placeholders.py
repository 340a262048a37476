"""Placeholders: what `⟨env:NAME⟩`, `⟨event:path⟩` and `⟨aws:account⟩` in a parameter stand for, in this function.

`⟨env:NAME=text⟩` is a variable with the text that the code takes where it is not set.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product, takewhile

from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Trigger
from rolecall.triggers import TRIGGERS, Poll

MOST = 24
"""Values that one parameter is followed to; code that makes more says nothing of its resource."""

UNKNOWN = "⟨?⟩"
ENVIRONMENT = "environment"
"""What a gap says where a function's variables were not read."""

_MARK = re.compile(r"⟨(aws|env|event):([^⟩]*)⟩")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a parameter; `inferred` where the event and not the code or the configuration tells it."""

    text: str
    inferred: bool = False

    @property
    def is_known(self) -> bool:
        return not is_unresolved(self.text)


def filled(texts: tuple[str, ...], function: Function, account: Account) -> tuple[Value, ...]:
    """Every value that a parameter can have, sorted, once its placeholders are filled in where they are known."""
    values: set[Value] = set()
    for text in _holding(texts, function):
        marks = list(_MARK.finditer(text))
        choices = [_choices(mark, function, account) for mark in marks]
        for chosen in product(*choices):
            made = text
            for mark, value in zip(marks, chosen, strict=True):
                made = made.replace(mark[0], value, 1)
            inferred = any(mark[1] == "event" for mark in marks)
            values.add(Value(made, inferred))
            if len(values) > MOST:
                return (Value(UNKNOWN),)
    return tuple(sorted(values, key=lambda each: (each.text, each.inferred)))


def _holding(texts: tuple[str, ...], function: Function) -> tuple[str, ...]:
    """The texts but for those with what stands in for a variable that is set."""
    ruled = set()
    for text in texts:
        for mark in _MARK.finditer(text):
            name, _, instead = mark[2].partition("=")
            if mark[1] == "env" and instead and dict(function.settings.environment).get(name):
                ruled.add(text.replace(mark[0], instead, 1))
    return tuple(text for text in texts if text not in ruled)


def _choices(mark: re.Match[str], function: Function, account: Account) -> tuple[str, ...]:
    if mark[1] == "aws":
        return (account.id,)
    found = _environment(mark[2], function, account) if mark[1] == "env" else _event(mark[2], function)
    return found or (mark[0],)


def _environment(name: str, function: Function, account: Account) -> tuple[str, ...]:
    """The value of a variable; those that Lambda itself sets are in the Developer Guide ("Defined runtime …")."""
    name, _, instead = name.partition("=")
    own = {
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_LOG_GROUP_NAME": function.settings.log_group or f"/aws/lambda/{function.name}",
    }
    value = own.get(name, dict(function.settings.environment).get(name))
    if not value and instead and not any(gap.what == ENVIRONMENT for gap in function.gaps):
        return (instead,)
    if not value:
        return ()
    parts = value.split()
    return tuple(parts) if len(parts) > 1 and all(part.startswith("arn:") for part in parts) else (value,)


def _event(path: str, function: Function) -> tuple[str, ...]:
    """What a part of the event holds, told by the function's triggers.

    >>> _steps("Records[0].s3.bucket.name")
    ('Records', 's3', 'bucket', 'name')
    """
    steps = _steps(path)
    for tail, reading in EVENT.items():
        if steps[-len(tail) :] == tail and len(steps) <= len(tail) + 2:
            found = {reading(source) for source in _sources(tail, function)}
            return tuple(sorted(each for each in found if each))
    if steps[-len(KEY) :] == KEY and len(steps) <= len(KEY) + 2:
        return tuple(_key(function))
    found = {value for trigger in function.triggers for value in _by_pattern(trigger, steps)}
    return tuple(sorted(found))


def _key(function: Function) -> Iterator[str]:
    """The key of an object that S3 tells of: what the filters of all notifications have in common bounds it.

    A pattern, such as `in/*.csv`; nothing where the filters leave all open.
    """
    filters = [json.loads(each.filter or "{}") for each in function.triggers if each.type == "s3"]
    if not filters:
        return
    columns = zip(*(each.get("prefix", "") for each in filters), strict=False)
    prefix = "".join(column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns))
    suffixes = {each.get("suffix", "") for each in filters}
    if prefix or suffixes != {""}:
        yield f"{prefix}*{suffixes.pop() if len(suffixes) == 1 else ''}"


def _steps(path: str) -> tuple[str, ...]:
    words = re.split(r"[.\[\]]+", path)
    return tuple(word.strip("'\"") for word in words if word.strip("'\"") and not re.fullmatch(r"[\d*?]+", word))


def _whole(source: str) -> str:
    return source


def _name(source: str) -> str:
    return re.split(r"[:/]", source)[-1]


EVENT = {
    # Developer Guide of each source, "Example event".
    ("s3", "bucket", "name"): _name,
    ("s3", "bucket", "arn"): _whole,
    ("eventSourceARN",): _whole,
    ("eventSourceArn",): _whole,
    ("Sns", "TopicArn"): _whole,
    ("SecretId",): _whole,
}
KEY = ("s3", "object", "key")
_TYPES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("s3", "bucket", "name"): ("s3",),
    ("s3", "bucket", "arn"): ("s3",),
    ("Sns", "TopicArn"): ("sns",),
    ("SecretId",): ("secretsmanager",),
}


def _sources(tail: tuple[str, ...], function: Function) -> Iterator[str]:
    for trigger in function.triggers:
        wanted = _TYPES.get(tail)
        fits = trigger.type in wanted if wanted else isinstance(TRIGGERS.get(trigger.type), Poll)
        if fits and not is_unresolved(trigger.source):
            yield trigger.source


def _by_pattern(trigger: Trigger, steps: tuple[str, ...]) -> Iterator[str]:
    """The values that an event pattern allows a field to have, where it names them."""
    if trigger.type != "eventbridge" or not trigger.filter:
        return
    try:
        found = json.loads(trigger.filter)
    except json.JSONDecodeError:
        return
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        yield from found
