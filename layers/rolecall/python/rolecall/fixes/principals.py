"""Fixes of what principals may do with a function: declared in a tag of it, or scoped to what is theirs."""

import json
import shlex
from collections.abc import Collection

from rolecall.iam.policy import Statement
from rolecall.model import Account, Function, Role, User
from rolecall.needs.edits import edit, moved
from rolecall.needs.references import References

LONGEST = 256
"""Characters of a tag's value: AWS General Reference, "Tag naming limits and requirements"."""


def declaring(function: Function, tag: str, name: str) -> str:
    """What adds a name to those that a tag of the function holds, in the tag's first value that has room."""
    tags = [(key, value) for key, value in function.tags if key == tag or key.startswith(f"{tag}:")]
    key, value = next(((k, v) for k, v in tags if len(v) + len(name) < LONGEST), (f"{tag}:{len(tags) + 1}", ""))
    value = name if value in ("", "none") else f"{value} {name}"
    key = key if tags else tag
    if function.place:
        return f"{function.place.file}:{function.place.line}: let the tag `{key}` of `{function.id}` be `{value}`"
    return f"aws lambda tag-resource --resource {function.arn} --tags {shlex.quote(json.dumps({key: value}))}"


def scoped(
    owner: Role | User, statement: Statement, actions: Collection[str], account: Account, *, on: str, for_: str
) -> str:
    """The statement of a role or user with the actions on a placeholder, `on`, and how to read that."""
    policy = next(each for each in owner.policies if statement in each.statements)
    references = References.of_role(account, owner.arn, ())
    made = edit(owner.arn, policy, statement, moved(statement, actions, on), references)
    return f"say in place of `{on}` {for_}: {made}"
