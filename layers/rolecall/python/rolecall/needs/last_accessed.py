"""A second witness of what nothing needs: when the role last used it, as far as IAM keeps that.

IAM keeps 400 days. It tells the last attempt, allowed or not, of each service, and of those actions that manage
resources (IAM User Guide, "Refine permissions in AWS using last accessed information" and "IAM action last accessed
information services and actions"); of no action it tells the resource. Use within its last four hours may be missing.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from rolecall.finding import Confidence, Hit
from rolecall.model import LAST_ACCESSED, Access, LastAccessed, Role
from rolecall.needs.excess import SHOWN, Comparison, Right

DAYS = 90
"""What was not used for so long counts as unused."""

SURER = {Confidence.LOW: Confidence.MEDIUM, Confidence.MEDIUM: Confidence.HIGH, Confidence.HIGH: Confidence.HIGH}


@dataclass(frozen=True, slots=True)
class Use:
    """What IAM says of rights: those used of late, those that were not, and why nothing is known of the others."""

    used: tuple[tuple[str, Access], ...] = ()
    unused: tuple[str, ...] = ()
    undecided: dict[str, str] = field(default_factory=dict)


def with_use(hit: Hit, comparison: Comparison, rights: tuple[Right, ...]) -> Hit:
    """The hit on rights that nothing needs, with what IAM says of their use, where it was asked.

    That none of them was used makes it surer. That one was used contradicts what was found out of triggers, settings
    and code: then the hit says so, and advises to find the call before the right goes.
    """
    role = comparison.granted.role
    if role.last_accessed is None:
        why = [gap.why for gap in role.gaps if gap.what == LAST_ACCESSED]
        return replace(hit, evidence={**hit.evidence, "lastAccessed": {"unread": why[0]}}) if why else hit
    use = _use(role, role.last_accessed, comparison, rights)
    evidence = {**hit.evidence, "lastAccessed": _told(use, role.last_accessed)}
    if use.used:
        return replace(_contradicted(hit, role, use), evidence=evidence)
    if use.unused and not use.undecided:
        return replace(hit, confidence=SURER[hit.confidence], evidence=evidence)
    return replace(hit, evidence=evidence)


def is_young(role: Role, read: str) -> bool:
    """Is the role too new to tell by what it did not use? One of which IAM tells no age counts as new."""
    return role.created is None or _days(role.created, read) < DAYS


def _use(role: Role, known: LastAccessed, comparison: Comparison, rights: tuple[Right, ...]) -> Use:
    used: list[tuple[str, Access]] = []
    unused: list[str] = []
    undecided: dict[str, str] = {}
    for right in sorted(rights, key=lambda each: each.action):
        access, why = _access(right, known, comparison)
        if access is None:
            undecided[right.action] = why
        elif access.at and _days(access.at, known.read) < DAYS:
            used.append((right.action, access))
        elif is_young(role, known.read):
            undecided[right.action] = f"not used, but the role is younger than {DAYS} days"
        else:
            unused.append(right.action)
    return Use(tuple(used), tuple(unused), undecided)


def _access(right: Right, known: LastAccessed, comparison: Comparison) -> tuple[Access | None, str]:
    """What IAM tells that bears on a right, or why nothing does."""
    prefix = right.action.partition(":")[0]
    service, action = known.of(prefix), known.of(right.action)
    if right.needs:
        return None, "needed on another resource, and IAM does not tell resources"
    if action is not None:
        return action, ""
    if service is None:
        return None, f"IAM tells nothing of `{prefix}` for this role"
    if service.at is None or _days(service.at, known.read) >= DAYS:
        return service, ""  # Nothing of the service was used.
    if any(need.action.startswith(f"{prefix}:") for need in comparison.needs.needs):
        return None, f"IAM tells only that `{prefix}` was used on {service.at[:10]}, which other needs explain"
    return service, ""


def _contradicted(hit: Hit, role: Role, use: Use) -> Hit:
    """A right that was used all the same: the analysis missed a call, or somebody else acts as the role."""
    action, access = max(use.used, key=lambda each: (each[1].at or "", each[0]))
    day = (access.at or "")[:10]
    where = f" in {access.region}" if access.region else ""
    said = f"IAM saw `{role.name}` use `{access.name}` on {day}{where}, by a call that the analysis did not see"
    return replace(
        hit,
        message=f"{hit.message}; but {said}",
        fix=f"find out in CloudTrail who called `{action}` on {day}; if it is not needed, {hit.fix}",
        confidence=Confidence.LOW,
    )


def _told(use: Use, known: LastAccessed) -> dict[str, object]:
    """For the evidence: what there is of it, bounded."""
    whys = sorted(set(use.undecided.values()))
    parts = {
        "used": {action: access.at for action, access in use.used[:SHOWN]},
        "unused": list(use.unused[:SHOWN]),
        "undecided": {why: [each for each, its in use.undecided.items() if its == why][:SHOWN] for why in whys},
    }
    return {"read": known.read, "days": DAYS} | {name: part for name, part in parts.items() if part}


def _days(time: str, read: str) -> int:
    """Whole days from one ISO time to the other."""
    return (datetime.fromisoformat(read) - datetime.fromisoformat(time)).days
