"""Telling: the paths that stand on one statement as one cause, the worst target first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rolecall.escalation.held import Held
from rolecall.escalation.paths import PATHS
from rolecall.escalation.targets import Targets
from rolecall.finding import Confidence
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import matches
from rolecall.model import Function, Gap
from rolecall.needs.grant import Grant

SHOWN = 10
"""Paths in the evidence of a finding; all of their ids are in it."""


@dataclass(frozen=True, slots=True)
class Cause:
    """All paths that stand on one statement; the first is the worst, and there is always one."""

    statement: Statement
    held: tuple[Held, ...]

    @property
    def worst(self) -> Held:
        return self.held[0]

    @property
    def targets(self) -> tuple[Targets, ...]:
        """Whose rights, each pattern once, the worst first."""
        found = {each.targets.pattern: each.targets for each in reversed(self.held) if each.targets}
        return tuple(sorted(found.values(), key=lambda each: each.worst.rank))

    @property
    def doubtful(self) -> Statement | None:
        """The statement whose conditions decide whether the worst path holds; None where it does."""
        return next((each.statement for each in self.worst.proofs if not each.witness), None)

    @property
    def entries(self) -> tuple[str, ...]:
        """The entries of Action, as written, that give it; with NotAction the actions themselves."""
        wanted = tuple(dict.fromkeys(name for each in self.held for name in each.path.names))
        if self.statement.not_actions:
            return wanted
        written = self.statement.actions
        return tuple(entry for entry in written if any(matches(entry, name, ignore_case=True) for name in wanted))

    @property
    def actions(self) -> tuple[str, ...] | None:
        """For a hit: with NotAction all of the statement's."""
        return None if self.statement.not_actions else self.entries

    @property
    def of_policy(self) -> bool:
        """Is the whole policy the cause, which people attach but do not write?"""
        return ":iam::aws:policy/" in self.statement.policy

    @property
    def witness(self) -> dict[str, object] | None:
        """The request of the worst path's first action."""
        found = self.worst.proofs[0].witness
        return dict(found) if found else None

    @property
    def steps(self) -> tuple[tuple[Statement, str], ...]:
        """What other statements add to it: each with the action that is needed of it."""
        every = ((each.proofs, each.path.names) for each in self.held)
        found = ((step.statement, name) for proofs, names in every for step, name in zip(proofs, names, strict=True))
        return tuple(dict.fromkeys(each for each in found if each[0] != self.statement))

    @property
    def others(self) -> int:
        """How many more known targets there are beside the one that is named."""
        first, *others = self.targets
        return first.others + (0 if first.pattern == "*" else sum(each.others + 1 for each in others))

    def evidence(self) -> dict[str, object]:
        """What the finding shows: ids of paths, targets with what is gained, and a request for each action."""
        return {
            "paths": [each.path.id for each in self.held],
            "targets": [_target(each) for each in self.targets[:SHOWN]],
            "steps": [step.evidence() for step in self.worst.proofs],
        }


def causes(held: Iterable[Held]) -> Iterator[Cause]:
    """The paths by the statement that they stand on, in the order of these; the surest and worst first of each."""
    found: dict[tuple[str, int], list[Held]] = {}
    for each in held:
        found.setdefault((each.statement.policy, each.statement.index), []).append(each)
    for _, group in sorted(found.items()):
        unique = {(each.path.id, each.targets.pattern if each.targets else None): each for each in group}
        ordered = sorted(unique.values(), key=_rank)
        yield Cause(ordered[0].statement, tuple(ordered))


def _rank(held: Held) -> tuple[object, ...]:
    worst = held.targets.worst.rank if held.targets else (True, True, True, "")
    return (not held.is_certain, worst, PATHS.index(held.path))


def _target(targets: Targets) -> dict[str, object]:
    worst = targets.worst
    return {
        "pattern": targets.pattern,
        "strongest": worst.role.arn if worst.role else None,
        "gains": list(worst.gain.rights),
        "administrator": worst.gain.admin,
        "known": worst.role is not None,
        "others": targets.others,
    }


def confidence(own: Grant, *, known: bool = True) -> Confidence:
    """Medium where the target is not known, or a part of the role that may take something away was not read."""
    role = own.role
    is_sure = known and not role.unread("boundary") and not role.unread("role policies")
    return Confidence.HIGH if is_sure else Confidence.MEDIUM


def undecided(function: Function, statement: Statement) -> Gap:
    """What is told where it is not known whether a path holds, in the same words for every rule."""
    keys = ", ".join(sorted({f"`{condition.key}`" for condition in statement.conditions}))
    why = f"its conditions on {keys} narrow it" if keys else "a Deny, or what is not known of the resource, narrows it"
    return Gap("rule escalation", f"{statement.where}: not decided whether {why}", None, function.id)
