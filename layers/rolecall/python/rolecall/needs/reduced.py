"""Reduced: what is left of a statement when that goes which nothing needs, as a diff that people can paste."""

import json
from dataclasses import dataclass
from typing import Any

from rolecall.iam.statement import Statement
from rolecall.iam.wildcard import is_wild
from rolecall.needs.excess import Comparison, Excess, Right
from rolecall.needs.extent import fits
from rolecall.needs.parts import overlap, widened
from rolecall.needs.policy import printed
from rolecall.needs.purpose import LOGS, unneeded
from rolecall.needs.references import References, referring


@dataclass(frozen=True, slots=True)
class Reduced:
    """What takes the place of a statement: no statement, one, or several where actions go on different resources.

    `references` stand for resources where a template has them. `alone` says whether the statement is all of its policy,
    `printing` how to get the whole right policy.
    """

    old: Statement
    new: tuple[dict[str, Any], ...]
    references: References | None = None
    alone: bool = True
    printing: str = ""

    @property
    def fix(self) -> str:
        """One line: where, and what to write there."""
        place = self.old.place
        where = f"{place.file}:{place.line}: " if place else ""
        if not self.diff:
            return f"{where}name the actions that the function calls, and on what, one by one ({self.old.where})"
        if place and place.asked:
            return self._in_place_of(f"`{place.asked}` ({place.file}:{place.line})")
        by = f" that {place.added_by} adds" if place and place.added_by else ""
        if not self.new:
            return f"{where}remove the statement{by} ({self.old.where})"
        return f"{where}replace the statement{by} ({self.old.where}) by {', '.join(map(self._text, self.new))}"

    def _in_place_of(self, asked: str) -> str:
        """The same where not a statement stands, but a name of which SAM makes all statements of the policy."""
        if not self.alone:
            return f"replace {asked} by {self.printing}"
        if not self.new:
            return f"remove {asked}"
        document = {"Version": "2012-10-17", "Statement": [json.loads(self._text(each)) for each in self.new]}
        return f"replace {asked} by {json.dumps(document, ensure_ascii=False)}"

    @property
    def diff(self) -> list[str]:
        """The statement as it is, and as it would be; nothing where it is not known how it should be."""
        old, new = self._text(self.old.document()), [self._text(each) for each in self.new]
        return [] if new == [old] else [f"- {old}", *(f"+ {each}" for each in new)]

    def _text(self, statement: dict[str, Any]) -> str:
        short = {k: v[0] if k in ("Action", "Resource") and len(v) == 1 else v for k, v in statement.items()}
        return json.dumps(referring(short, self.references), ensure_ascii=False)


def reduced(comparison: Comparison, excess: Excess) -> Reduced:
    """The statement with what is needed of it, on what it is needed on; rights that may be needed stay as they are.

    An entry that names both is spelled out. So all findings on a statement have one fix.
    """
    gone = unneeded(comparison, excess)
    opened = {right.entry for right in gone}
    names = {right.action for right in gone}
    # What calls of the code may need some of, nobody knows of what, stays whole.
    whole = {right.entry for right in excess.rights if is_wild(right.entry) and not (right.known or right.needs)}
    whole -= opened
    groups: dict[tuple[str, ...], list[str]] = {}
    for right in excess.rights:
        if right.action in names:
            continue
        is_whole = right.entry in whole or not (right.entry in opened or right.wide)
        name = right.entry if is_whole else right.action
        # What is spelled out because a pattern held too much is kept only where something needs it.
        if right.entry in opened and is_wild(right.entry) and not right.needs:
            continue
        resources = excess.statement.resources if right.entry in whole else _resources(right, excess.statement)
        group = groups.setdefault(resources, [])
        if name not in group:
            group.append(name)
    old = excess.statement.document()
    made = tuple(_made(old, place, *each) for place, each in enumerate(groups.items()))
    granted = comparison.granted
    references = References.of_role(granted.account, granted.role.arn, comparison.needs.needs)
    alone = len(excess.policy.statements) == 1
    return Reduced(excess.statement, made, references, alone, printed(granted.function, granted.account))


def _resources(right: Right, statement: Statement) -> tuple[str, ...]:
    # That code writes logs by itself is no reason to leave it those of all functions.
    if not right.needs or not (right.known or right.action in LOGS):
        return statement.resources
    fitting = [each for each in statement.resources if fits(right.action, each)]
    needed = {need.resource for need in right.needs} if right.wide else set()
    kept = {each for each in fitting if each not in (*right.unneeded, *right.wide)}
    # The index of a table is the table's, and still nothing that a query of the table alone needs.
    touched = {each for each in kept if any(overlap(widened(each), widened(need.resource)) for need in right.needs)}
    return tuple(sorted(needed | (touched or kept))) or statement.resources


def _made(old: dict[str, Any], place: int, resources: tuple[str, ...], actions: list[str]) -> dict[str, Any]:
    sid = {"Sid": f"{old['Sid']}{place + 1 if place else ''}"} if "Sid" in old else {}
    new = {"Effect": "Allow", "Action": sorted(actions), "Resource": list(resources)}
    return sid | new | ({"Condition": old["Condition"]} if "Condition" in old else {})
