"""What the commands of a fix do to a snapshot of an account, as far as fixes use them."""

import copy
import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from tests.builders import document, permission


def commands(fix: str) -> Iterator[list[str]]:
    """The words of each command that a fix holds, up to what it says after them."""
    lexer = shlex.shlex(fix[fix.index("aws ") :], posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in (";", "("):
            break
        if word == "&&":
            yield words
            words = []
            continue
        words.append(word)
    yield words


def done(snapshot: dict[str, Any], fix: str) -> dict[str, Any]:
    """The snapshot once somebody pasted the fix."""
    after = copy.deepcopy(snapshot)
    for words in commands(fix):
        options = {words[n]: words[n + 1] for n in range(3, len(words) - 1) if words[n].startswith("--")}
        DOES[words[1], words[2]](after, options)
    return after


def _role(snapshot: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    return next(each for each in snapshot["roles"] if each["arn"].endswith(f"/{options['--role-name']}"))


def _function(snapshot: dict[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    return next(each for each in snapshot["functions"] if each["name"] == options["--function-name"])


def _off(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    name, role = options.get("--policy-name") or options["--policy-arn"], _role(snapshot, options)
    left = [each for each in role["policies"] if each["name"] != name]
    assert len(left) < len(role["policies"])
    role["policies"] = left


def _put(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    role, made = _role(snapshot, options), json.loads(options["--policy-document"])
    role["policies"] = [each for each in role["policies"] if each["name"] != options["--policy-name"]]
    role["policies"].append({"name": options["--policy-name"], "document": made})


def _version(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    every = [each for role in snapshot["roles"] for each in role["policies"] if each["name"] == options["--policy-arn"]]
    assert every
    for each in every:
        each["document"] = json.loads(options["--policy-document"])


def _create(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    arn = snapshot["roles"][0]["arn"].rpartition("/")[0] + f"/{options['--role-name']}"
    assert arn not in {each["arn"] for each in snapshot["roles"]}
    snapshot["roles"].append(
        {"arn": arn, "policies": [], "trust": json.loads(options["--assume-role-policy-document"]), "boundary": None}
    )


def _trust(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    _role(snapshot, options)["trust"] = json.loads(options["--policy-document"])


def _configure(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    function = _function(snapshot, options)
    function["role"] = options["--role"]
    function["updated"] = "2026-12-01T00:00:00.000+0000"


def _tag(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    function = next(each for each in snapshot["functions"] if each["arn"] == options["--resource"])
    function["tags"] = function.get("tags", {}) | json.loads(options["--tags"])


def _let(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    token = {"StringEquals": {"lambda:EventSourceToken": options["--event-source-token"]}}
    made = permission({"Service": options["--principal"]}, sid=options["--statement-id"], condition=token)
    function = _function(snapshot, options)
    function["resource_policy"] = document(*function["resource_policy"]["Statement"], made)


def _unlet(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    function = _function(snapshot, options)
    every = function["resource_policy"]["Statement"]
    left = [each for n, each in enumerate(every) if each.get("Sid", f"STATEMENT_{n + 1}") != options["--statement-id"]]
    assert len(left) < len(every)
    function["resource_policy"] = document(*left) if left else None


def _unshare(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    end = f":{options['--layer-name']}:{options['--version-number']}"
    layer = next(each for each in snapshot["resources"] if each["arn"].endswith(end))
    every = layer["policy"]["Statement"]
    left = [each for n, each in enumerate(every) if each.get("Sid", f"STATEMENT_{n + 1}") != options["--statement-id"]]
    layer["policy"] = document(*left) if left else None


def _nothing(snapshot: dict[str, Any], options: Mapping[str, str]) -> None:
    pass


DOES = {
    ("iam", "create-policy-version"): _version,
    ("iam", "create-role"): _create,
    ("iam", "delete-role-policy"): _off,
    ("iam", "detach-role-policy"): _off,
    ("iam", "put-role-policy"): _put,
    ("iam", "update-assume-role-policy"): _trust,
    ("iam", "wait"): _nothing,
    ("lambda", "add-permission"): _let,
    ("lambda", "remove-layer-version-permission"): _unshare,
    ("lambda", "remove-permission"): _unlet,
    ("lambda", "tag-resource"): _tag,
    ("lambda", "update-function-configuration"): _configure,
    ("lambda", "wait"): _nothing,
}
"""Service and command -> what it does; further words of `wait` are no options."""
