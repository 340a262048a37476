"""Edits: what puts other statements in the place of some of a policy: a line of a template, or a command."""

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from rolecall.iam.statement import Policy, Statement
from rolecall.iam.wildcard import matches
from rolecall.needs.excess import is_aws_managed
from rolecall.needs.references import References, referring


def edit(
    owner: str,
    policy: Policy,
    old: Statement,
    new: Sequence[dict[str, Any]],
    references: References | None,
) -> str:
    """What puts new statements in the place of an old one, where `references` are those of a template, if any."""
    texts = [as_text(each, references) for each in new]
    if references is None:
        return command(owner, policy, (old,), [json.loads(each) for each in texts])
    place = old.place
    where = f"{place.file}:{place.line}: " if place else ""
    by = f" that {place.added_by} adds" if place and place.added_by else ""
    if not new:
        return f"{where}remove the statement{by} ({old.where})"
    return f"{where}replace the statement{by} ({old.where}) by {', '.join(texts)}"


def as_text(statement: dict[str, Any], references: References | None) -> str:
    """A statement in one line, as people write it: one action is no list."""
    short = {k: v[0] if k in ("Action", "Resource") and len(v) == 1 else v for k, v in statement.items()}
    return json.dumps(referring(short, references), ensure_ascii=False)


def moved(statement: Statement, actions: Collection[str], resource: str) -> list[dict[str, Any]]:
    """The statement with what names any of the actions on one resource, and all else of it where it was."""
    document = statement.document()
    entries = [entry for entry in statement.actions if any(matches(entry, each, ignore_case=True) for each in actions)]
    others = [entry for entry in statement.actions if entry not in entries]
    document.pop("NotResource", None)
    told = {**document, "Action": entries, "Resource": [resource]} if entries else {**document, "Resource": [resource]}
    if not others:
        return [told]
    told.pop("Sid", None)
    return [{**statement.document(), "Action": others}, told]


def command(owner: str, policy: Policy, gone: Collection[Statement], new: Sequence[dict[str, Any]]) -> str:
    """What leaves the policy of a role, user or group without some statements, and with new ones in their place.

    Nobody can change a policy of AWS: it goes, and what is left of it stands in one of the owner's own.

    Parameters
    ----------
    owner : ARN of the role or user
    policy : an inline one by its name (of a group `GROUP/NAME`), a managed one by its ARN

    Examples
    --------
    >>> from rolecall.iam.policy import parse
    >>> logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    >>> policy = parse({"Version": "2012-10-17", "Statement": [logs]}, name="Logs")
    >>> command("arn:aws:iam::111122223333:role/orders", policy, policy.statements, ())
    'aws iam delete-role-policy --role-name orders --policy-name Logs'
    """
    kind, name = _whose(owner, policy)
    whose, title = f"--{kind}-name {name}", policy.name.rpartition("/")[2]
    is_managed = policy.name.startswith("arn:")
    off = f"aws iam detach-{kind}-policy {whose} --policy-arn {policy.name}"
    left = list(_left(policy, gone, new))
    if not left:
        return off if is_managed else f"aws iam delete-{kind}-policy {whose} --policy-name {title}"
    text = shlex.quote(json.dumps({"Version": policy.version, "Statement": left}, ensure_ascii=False))
    if is_aws_managed(policy):
        own = f"{title}-needed"
        return f"aws iam put-{kind}-policy {whose} --policy-name {own} --policy-document {text} && {off}"
    again = f" (writes all of `{title}`: audit again before its next fix)" if len(policy.statements) > len(gone) else ""
    if is_managed:
        version = f"aws iam create-policy-version --policy-arn {policy.name} --policy-document {text}"
        return f"{version} --set-as-default{again}"
    return f"aws iam put-{kind}-policy {whose} --policy-name {title} --policy-document {text}{again}"


def _whose(owner: str, policy: Policy) -> tuple[str, str]:
    if "/" in policy.name and not policy.name.startswith("arn:"):
        return "group", policy.name.partition("/")[0]
    return "user" if ":user/" in owner else "role", owner.rpartition("/")[2]


def _left(policy: Policy, gone: Collection[Statement], new: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The statements in order: the new ones where the first of the others stood."""
    pending = list(new)
    for each in policy.statements:
        if each not in gone:
            yield each.document()
            continue
        yield from pending
        pending = []
    yield from pending
