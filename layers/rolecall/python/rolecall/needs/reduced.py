"""Reduced: what is left of a statement when that goes which nothing needs, or which leads too far: it can be pasted."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import parse
from rolecall.iam.statement import Policy, Statement
from rolecall.iam.wildcard import is_wild
from rolecall.model import Role
from rolecall.needs.edits import as_text, command, edit
from rolecall.needs.excess import Comparison, Excess, Right, is_open
from rolecall.needs.extent import fits
from rolecall.needs.grant import Grant
from rolecall.needs.of import Needs
from rolecall.needs.parts import overlap, widened
from rolecall.needs.policy import VERSION, printed, propose
from rolecall.needs.purpose import LOGS, unneeded
from rolecall.needs.references import References

STAND_IN = "⟨reduced⟩"
"""The name of a policy that nobody can have."""


@dataclass(frozen=True, slots=True)
class Move:
    """Actions (lower case) that leave resources of a statement, as written, whatever needs them.

    `onto` is where they go, if anywhere, and `condition` what they ask there.
    """

    taken: frozenset[tuple[str, str]]
    onto: tuple[str, ...] = ()
    condition: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Reduced:
    """What takes the place of a statement: no statement, one, or several where actions go on different resources.

    `granted` says of which role the policy is, `references` stand for resources where a template has them. `open` are
    the placeholders in it, each with what it stands for; `whole` says that all of the policy goes. `needed` are actions
    that something needs and that the statement names by a pattern.
    """

    old: Statement
    new: tuple[dict[str, Any], ...]
    policy: Policy
    granted: Grant
    references: References | None = None
    open: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    needed: tuple[str, ...] = ()

    @property
    def fix(self) -> str:
        """One line: where, and what to write there; for an account the command that writes it."""
        if not self.diff:
            return self.asking
        text = "".join(map(self._text, self.new))
        said = " and ".join(f"in place of `{name}` {meaning}" for name, meaning in self.open if name in text)
        return f"say {said}: {self._edit()}" if said else self._edit()

    @property
    def asking(self) -> str:
        """The fix where nobody knows which of the actions are needed that the statement does not name one by one."""
        place, called = self.old.place, f"what else `{self.granted.function.name}` calls"
        unsaid = {entry: _unsaid(entry) for entry in self.old.actions if is_wild(entry)}
        if not unsaid:
            where = f"{place.file}:{place.line}: " if place else ""
            return f"{where}name the actions that the function calls, and on what, one by one ({self.old.where})"
        named = [entry for entry in self.old.actions if entry not in unsaid]
        actions = list(dict.fromkeys([*named, *self.needed, *unsaid.values()]))
        asked = tuple((name, called) for name in dict.fromkeys(unsaid.values()))
        return replace(self, new=({**self.old.document(), "Action": actions},), open=asked).fix

    def _edit(self) -> str:
        place, owner = self.old.place, self.granted.role.arn
        at = f" ({place.file}:{place.line})" if place else ""
        if place and place.asked:
            return self._in_place_of(f"`{place.asked}`{at}")
        if not self.whole:
            return edit(owner, self.policy, self.old, self.new, self.references)
        if self.references is None:
            return command(
                owner, self.policy, self.policy.statements, [json.loads(self._text(each)) for each in self.new]
            )
        return f"replace `{self.policy.name.rpartition('/')[2]}`{at} by {self._printed}"

    def _in_place_of(self, asked: str) -> str:
        """The same where not a statement stands, but a name of which SAM makes all statements of the policy."""
        if len(self.policy.statements) > 1:
            return f"replace {asked} by {self._printed}"
        if not self.new:
            return f"remove {asked}"
        document = {"Version": VERSION, "Statement": [json.loads(self._text(each)) for each in self.new]}
        return f"replace {asked} by {json.dumps(document, ensure_ascii=False)}"

    @property
    def _printed(self) -> str:
        return printed(self.granted.function, self.granted.account)

    @property
    def diff(self) -> list[str]:
        """The statement as it is, and as it would be; nothing where it is not known how it should be."""
        old, new = self._text(self.old.document()), [self._text(each) for each in self.new]
        return [] if new == [old] else [f"- {old}", *(f"+ {each}" for each in new)]

    @property
    def role(self) -> Role:
        """The role with it, in a policy of its own that is called `STAND_IN`."""
        others = _without(self.policy, (self.old,), self.granted.role).policies
        statements = [json.loads(as_text(each, None)) for each in self.new]
        made = parse({"Version": VERSION, "Statement": statements}, name=STAND_IN) if statements else None
        return replace(self.granted.role, policies=(*others, *([made] if made else [])))

    def _text(self, statement: dict[str, Any]) -> str:
        return as_text(statement, self.references)


def reduced(comparison: Comparison, excess: Excess, move: Move | None = None) -> Reduced:
    """The statement with what is needed of it, on what it is needed on; rights that may be needed stay as they are.

    An entry that names both is spelled out. So all findings on a statement have one fix, but for what is moved.
    """
    gone = unneeded(comparison, excess)
    names = {right.action for right in gone}
    leaving = {right.action: _leaving(right, move) for right in excess.rights}
    moving = [right for right in excess.rights if leaving[right.action]]
    opened = {right.entry for right in (*gone, *moving)}
    # What calls of the code may need some of, nobody knows of what, stays whole.
    whole = {right.entry for right in excess.rights if is_wild(right.entry) and not (right.known or right.needs)}
    unsaid = {right.entry: _unsaid(right.entry) for right in moving if right.entry in whole}
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
        if leaving[right.action]:
            resources = tuple(each for each in resources if _stays(right, each, leaving[right.action]))
        group = groups.setdefault(resources, [])
        if name not in group:
            group.append(name)
    groups.pop((), None)
    if unsaid:
        groups.setdefault(excess.statement.resources, []).extend(unsaid.values())
    old = excess.statement.document()
    made = [_made(old, place, *each) for place, each in enumerate(groups.items())]
    if move and move.onto and (arriving := [right.action for right in moving if right.action not in names]):
        made.append(_made(old, len(made), move.onto, arriving) | _under(move.condition, old))
    called = f"what `{comparison.granted.function.name}` calls"
    needed = tuple(right.action for right in excess.rights if right.needs and is_wild(right.entry))
    found = _of(comparison, excess.policy, excess.statement, made, [(each, called) for each in unsaid.values()])
    return replace(found, needed=needed)


def restated(comparison: Comparison, policy: Policy, statement: Statement, *, whole: bool = False) -> Reduced:
    """What is needed of a statement that names no actions one by one, or of the `whole` policy, and of no other."""
    granted = comparison.granted
    gone = policy.statements if whole else (statement,)
    without = replace(granted, role=_without(policy, gone, granted.role))
    kept = [n for n in comparison.needs.needs if granted.meets(n).allowed and not without.meets(n).allowed]
    named = propose(Needs(tuple(kept))).document(optional=True)["Statement"]
    condition = {"Condition": statement.document()["Condition"]} if statement.conditions and not whole else {}
    made = [{key: each[key] for key in each if key != "Sid"} | condition for each in named]
    if not comparison.needs.unknown:
        return _of(comparison, policy, statement, made, whole=whole)
    called = f"what `{granted.function.name}` calls"
    actions = statement.actions if statement.actions and not whole else ("SERVICE:ACTION",)
    resources = statement.resources if statement.resources and not whole else ("RESOURCE_ARN",)
    made.append({"Effect": "Allow", "Action": list(actions), "Resource": list(resources)} | condition)
    asked = [("SERVICE:ACTION", called)] if "SERVICE:ACTION" in actions else []
    asked += [("RESOURCE_ARN", "what it calls that on")] if "RESOURCE_ARN" in resources else []
    return _of(comparison, policy, statement, made, asked, whole=whole)


def _of(
    comparison: Comparison,
    policy: Policy,
    old: Statement,
    new: Iterable[dict[str, Any]],
    asked: Iterable[tuple[str, str]] = (),
    *,
    whole: bool = False,
) -> Reduced:
    granted = comparison.granted
    references = References.of_role(granted.account, granted.role.arn, comparison.needs.needs)
    return Reduced(old, tuple(new), policy, granted, references, tuple(asked), whole)


def _leaving(right: Right, move: Move | None) -> frozenset[str]:
    """The resources that it is not to be allowed on any more, whatever of them needs it."""
    return frozenset(on for name, on in move.taken if name == right.action.lower()) if move else frozenset()


def _stays(right: Right, resource: str, leaving: frozenset[str]) -> bool:
    return fits(right.action, resource) and not any(resource_matches(each, resource) for each in leaving)


def _unsaid(entry: str) -> str:
    """What stands for the actions of an entry that nobody knows one by one."""
    return "SERVICE:ACTION" if is_open(entry) else f"{entry.partition(':')[0]}:ACTION"


def _under(condition: tuple[str, str, str] | None, old: dict[str, Any]) -> dict[str, Any]:
    if condition is None:
        return {}
    operator, key, value = condition
    asked = old.get("Condition", {})
    return {"Condition": {**asked, operator: {**asked.get(operator, {}), key: value}}}


def _without(policy: Policy, gone: Collection[Statement], role: Role) -> Role:
    """The role without these statements of a policy."""
    left = tuple(each for each in policy.statements if each not in gone)
    policies = (each if each is not policy else replace(policy, statements=left) for each in role.policies)
    return replace(role, policies=tuple(each for each in policies if each.statements))


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
