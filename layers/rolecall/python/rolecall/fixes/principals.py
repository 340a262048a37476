"""Fixes of what principals may do with a function: declared in a tag of it, or scoped to what is theirs."""

import json
import shlex
from collections.abc import Collection

from rolecall.fixes import reference
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function, Role, User
from rolecall.needs.edits import edit, moved
from rolecall.needs.references import References

LONGEST = 256
"""Characters of a tag's value: AWS General Reference, "Tag naming limits and requirements"."""


def declaring(function: Function, tag: str, owner: Role | User, account: Account) -> str:
    """What adds a role or user to those that a tag of the function names, in its first value that has room.

    A template names them as it gives them: nobody knows yet what they will be called.
    """
    tags = [(key, value) for key, value in function.tags if key == tag or key.startswith(f"{tag}:")]
    key, value = next(
        ((key, value) for key, value in tags if len(value) + len(owner.name) < LONGEST),
        (f"{tag}:{len(tags) + 1}" if tags else tag, ""),
    )
    said = [each for each in value.split() if each != "none"]
    if function.place is None:
        made = {key: " ".join([*said, owner.name])}
        return f"aws lambda tag-resource --resource {function.arn} --tags {shlex.quote(json.dumps(made))}"
    text = " ".join(_in_sub(each, account) for each in (*said, owner.arn))
    given = json.dumps({"Fn::Sub": text}) if "${" in text else text
    return f"{function.place.file}:{function.place.line}: let the tag `{key}` of `{function.id}` be `{given}`"


def _in_sub(word: str, account: Account) -> str:
    """A word of a tag as it stands in the text of a `Fn::Sub`."""
    given = reference(word, account) if word.startswith("arn:") else word
    match given:
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::Sub": text}:
            return str(text)
    return word


def scoped(
    owner: Role | User, statement: Statement, actions: Collection[str], account: Account, *, on: str, for_: str
) -> str:
    """The statement of a role or user with the actions on a placeholder, `on`, and how to read that."""
    policy = next(each for each in owner.policies if statement in each.statements)
    references = References.of_role(account, owner.arn, ())
    made = edit(owner.arn, policy, statement, moved(statement, actions, on), references)
    return f"say in place of `{on}` {for_}: {made}"
