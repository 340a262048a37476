"""Targets: whose rights a path gives, as far as the account is known; what is not known counts as stronger."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import nsmallest

from rolecall.escalation.strength import UNKNOWN, Gain, gain, is_administrator
from rolecall.iam.arn import resource_matches
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function, Role
from rolecall.needs.grant import Grant

FEW = 8
"""Candidates that are compared in search of the strongest: those that come first by a rough measure."""


@dataclass(frozen=True, slots=True)
class Target:
    """A role that can be had, or a function whose role can; `role` None where it is not known.

    `name` is text for a message, with backticks round a name.
    """

    name: str
    role: Role | None
    gain: Gain

    @property
    def rank(self) -> tuple[object, ...]:
        """Administrators first, then what is known to be stronger, by its worst right."""
        return (not self.gain.admin, not self.gain.rights, self.gain.known, self.name)


@dataclass(frozen=True, slots=True)
class Targets:
    """What a pattern stands for: the worst known one, how many others there are, and whether it leaves more open.

    Where none is named, because it is any that fits, there are no others.
    """

    pattern: str
    worst: Target
    others: int = 0
    is_open: bool = False


def roles(granted: Grant, pattern: str, fits: Callable[[Role], bool]) -> Targets | None:
    """The stronger roles that a pattern of role ARNs stands for; None where there is none.

    A pattern with a wildcard also stands for roles that are not known, or will be made.
    """
    account = granted.account
    if is_exact(pattern):
        role = account.role(pattern)
        if role is None:
            return Targets(pattern, Target(f"`{pattern.rpartition('/')[2]}`", None, UNKNOWN))
        found = gain(granted, role) if fits(role) and role.arn != granted.role.arn else None
        return Targets(pattern, Target(f"`{role.name}`", role, found)) if found else None
    others = (each for each in account.roles if each.arn != granted.role.arn and not _is_linked(each))
    known = [each for each in others if _within(pattern, each.arn) and fits(each)]
    named = _strongest(granted, ((each.name, each) for each in known))
    worst = named or Target(_any("role", pattern), None, UNKNOWN)
    return Targets(pattern, worst, len(known) - 1 if named else 0, is_open=True)


def functions(granted: Grant, pattern: str) -> Targets | None:
    """The functions of stronger roles that a pattern of function ARNs stands for; None where there is none."""
    account, own = granted.account, granted.function
    name = function_name(pattern)
    if name is not None and not is_wild(name):
        if name == own.name and not _is_elsewhere(pattern, account):
            return None
        known = [each for each in account.functions if each.name == name]
        if not known or _is_elsewhere(pattern, account):
            return Targets(pattern, Target(f"`{name}`", None, UNKNOWN))
        found = _strongest(granted, ((each.name, account.role_of(each)) for each in known), unread=known)
        return Targets(pattern, found) if found else None
    known = [each for each in account.functions if each.name != own.name and _within(pattern, each.arn)]
    named = _strongest(granted, ((each.name, account.role_of(each)) for each in known))
    worst = named or Target(_any("function", pattern), None, UNKNOWN)
    return Targets(pattern, worst, len({each.name for each in known}) - 1 if named else 0, is_open=True)


def function_name(pattern: str) -> str | None:
    """The name of the functions that a pattern stands for, without their qualifier; None where it leaves it open.

    >>> function_name("arn:aws:lambda:us-east-1:111122223333:function:orders:*"), function_name("*")
    ('orders', None)
    """
    parts = pattern.split(":")
    return parts[6] if len(parts) > 6 and parts[5] == "function" else None


def is_exact(pattern: str) -> bool:
    """Does it stand for one role, if only the value of a parameter says which?"""
    return not is_wild(pattern)


def _is_linked(role: Role) -> bool:
    """Is it linked to a service? Nobody else can pass or change it (IAM User Guide, "Service-linked roles")."""
    return ":role/aws-service-role/" in role.arn


def _is_elsewhere(pattern: str, account: Account) -> bool:
    """Does it name another account or region for certain?"""
    parts = [*pattern.split(":"), "", "", "", "", ""]
    own = (account.region, account.id)
    return any(not is_wild(part) and part not in ("", each) for part, each in zip(parts[3:5], own, strict=True))


def _within(pattern: str, arn: str) -> bool:
    return pattern == "*" or resource_matches(pattern, arn)


def _strongest(
    granted: Grant, candidates: Iterable[tuple[str, Role | None]], *, unread: Iterable[Function] = ()
) -> Target | None:
    """The first of the strongest: by a rough measure, so that few are compared in full."""
    every = [(_measure(role, granted.account), name, role) for name, role in candidates if role]
    others = (each for each in every if each[2].arn != granted.role.arn)
    for _, name, role in nsmallest(FEW, others, key=lambda each: each[:2]):
        found = gain(granted, role)
        if found:
            return Target(f"`{name}`", role, found)
    missing = next((each.name for each in unread if granted.account.role_of(each) is None), None)
    return Target(f"`{missing}`", None, UNKNOWN) if missing else None


def _any(kind: str, pattern: str) -> str:
    return f"any {kind}" if pattern == "*" else f"any {kind} like `{pattern}`"


def _measure(role: Role, account: Account) -> int:
    return 0 if is_administrator(role, account) else 1
