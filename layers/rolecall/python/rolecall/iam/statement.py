"""Policies as data: what a document says once it is read, in its own words."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any


class PolicyError(ValueError):
    """A document that AWS refuses; the message says where, what, and what instead."""


class Kind(StrEnum):
    """What a policy is attached to."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    ENDPOINT = "endpoint"

    @property
    def names_principals(self) -> bool:
        """Whether its statements say whom they mean; the others mean the one they are attached to."""
        return self in _WITH_PRINCIPALS


_WITH_PRINCIPALS = frozenset({Kind.RESOURCE, Kind.TRUST, Kind.RCP, Kind.ENDPOINT})


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


OPERATORS = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
)
"""IAM User Guide, "IAM JSON policy elements: Condition operators"."""

PINNING = frozenset(
    {
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "NumericEquals",
        "DateEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "ArnEquals",
        "ArnLike",
    }
)
"""Operators that let only the values through that they name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the user wrote it: a file relative to the current folder, a line counted from 1.

    `added_by` names who made it out of that line, such as `SAM`; None for the user's own words. `asked` is what stands
    there, where it has a name: `SQSPollerPolicy`.
    """

    file: str
    line: int
    added_by: str | None = None
    asked: str | None = None


UNRESOLVED = "⟨"
"""Opens the name of a value that is not known, such as that of a parameter: `arn:aws:s3:::⟨Bucket⟩/*`."""


def is_unresolved(text: str) -> bool:
    """Does it hold a value that is not known? Then it equals itself, and cannot be compared with anything else.

    >>> is_unresolved("arn:aws:s3:::⟨Bucket⟩/*"), is_unresolved("arn:aws:s3:::inbox/*")
    (True, False)
    """
    return UNRESOLVED in text


@dataclass(frozen=True, slots=True)
class Principal:
    """One entry of Principal: its type (`AWS`, `Service`, `Federated`, `CanonicalUser`, or `*`) and value."""

    type: str
    value: str

    @property
    def is_everyone(self) -> bool:
        return self.value == "*" and self.type in ("*", "AWS")

    @property
    def account(self) -> str | None:
        """The account that it names as a whole: `111122223333` or its root ARN."""
        if self.type != "AWS":
            return None
        if len(self.value) == 12 and self.value.isdecimal():
            return self.value
        parts = self.value.split(":")
        return parts[4] if len(parts) == 6 and parts[2] == "iam" and parts[5] == "root" else None


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: an operator on one key, which holds if any of the values fits."""

    operator: str
    set_operator: str | None
    if_exists: bool
    key: str
    values: tuple[str, ...]

    @property
    def is_negated(self) -> bool:
        return "Not" in self.operator

    @property
    def pins(self) -> bool:
        """Whether it lets only requests through that carry the key with one of the values it names."""
        return _pins(self)

    def takes_all(self, value: str) -> bool:
        """Does one of its values let everything through?"""
        if self.operator in ("StringLike", "ArnLike", "ArnEquals"):
            return "*" in value and not value.removeprefix("arn").strip("*?:")
        return self.operator == "IpAddress" and value.endswith("/0")


@lru_cache(maxsize=4096)
def _pins(condition: Condition) -> bool:
    if condition.if_exists or condition.set_operator == "ForAllValues" or condition.operator not in PINNING:
        return False
    return not any(map(condition.takes_all, condition.values))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy, as written; `index` counts from 0."""

    policy: str
    index: int
    sid: str | None
    effect: Effect
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[Principal, ...] = ()
    not_principals: tuple[Principal, ...] = ()
    conditions: tuple[Condition, ...] = ()
    kind: Kind = Kind.IDENTITY
    version: str = "2012-10-17"
    place: Place | None = field(default=None, compare=False)

    @property
    def is_allow(self) -> bool:
        return self.effect is Effect.ALLOW

    @property
    def where(self) -> str:
        """Its place in words, counted from 1: `inbox, statement 1`."""
        return f"{self.policy}, statement {self.index + 1}"

    @property
    def services(self) -> tuple[str, ...]:
        """The service principals that it names."""
        return tuple(principal.value for principal in self.principals if principal.type == "Service")

    def pins(self, key: str) -> bool:
        """Whether some condition lets only named values of the key through.

        A negated operator, …IfExists, ForAllValues (true without the key) and a bare `*` do not.
        """
        return any(condition.key.lower() == key.lower() and condition.pins for condition in self.conditions)

    def document(self) -> dict[str, Any]:
        """The statement as a JSON value, as written; lists are always lists."""
        members: dict[str, Any] = {"Sid": self.sid} if self.sid is not None else {}
        members["Effect"] = str(self.effect)
        for element, principals in (("Principal", self.principals), ("NotPrincipal", self.not_principals)):
            if principals:
                members[element] = _principals_document(principals)
        for element, texts in (
            ("Action", self.actions),
            ("NotAction", self.not_actions),
            ("Resource", self.resources),
            ("NotResource", self.not_resources),
        ):
            if texts:
                members[element] = list(texts)
        for condition in self.conditions:
            tests = members.setdefault("Condition", {}).setdefault(_operator_text(condition), {})
            tests[condition.key] = list(condition.values)
        return members

    def canonical(self) -> str:
        """JSON text that two statements share when they say the same in other words; without the Sid.

        Sorted, each value once, actions and condition keys in lower case, an account's root ARN as its number.
        """
        parts = {
            "effect": self.effect,
            "actions": sorted({action.lower() for action in self.actions}),
            "not_actions": sorted({action.lower() for action in self.not_actions}),
            "resources": sorted(set(self.resources)),
            "not_resources": sorted(set(self.not_resources)),
            "principals": sorted({_plain(principal) for principal in self.principals}),
            "not_principals": sorted({_plain(principal) for principal in self.not_principals}),
            "conditions": sorted(
                {(_operator_text(each), each.key.lower(), *sorted(set(each.values))) for each in self.conditions}
            ),
        }
        return json.dumps({name: part for name, part in parts.items() if part}, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document: its name, where it is attached, and its statements."""

    name: str
    kind: Kind
    version: str
    statements: tuple[Statement, ...]
    compiled: list[object] = field(default_factory=list, init=False, repr=False, compare=False)
    """What the evaluator made of it, once (empty until then)."""

    @property
    def allows(self) -> tuple[Statement, ...]:
        return tuple(statement for statement in self.statements if statement.effect is Effect.ALLOW)

    @property
    def denies(self) -> tuple[Statement, ...]:
        return tuple(statement for statement in self.statements if statement.effect is Effect.DENY)

    def document(self) -> dict[str, Any]:
        """The policy as a JSON value that `parse` takes."""
        return {"Version": self.version, "Statement": [statement.document() for statement in self.statements]}


def _principals_document(principals: tuple[Principal, ...]) -> str | dict[str, list[str]]:
    if principals == (Principal("*", "*"),):
        return "*"
    members: dict[str, list[str]] = {}
    for principal in principals:
        members.setdefault("AWS" if principal.type == "*" else principal.type, []).append(principal.value)
    return members


def _operator_text(condition: Condition) -> str:
    prefix = f"{condition.set_operator}:" if condition.set_operator else ""
    return prefix + condition.operator + ("IfExists" if condition.if_exists else "")


def _plain(principal: Principal) -> tuple[str, str]:
    if principal.is_everyone:
        return "AWS", "*"
    return principal.type, principal.account or principal.value
