"""What makes a function a rule, and how the rules are found: one file each, by its name."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TypeAlias, cast

from rolecall.finding import Hit, Severity
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function, Gap

Yields: TypeAlias = Iterator[Hit | Gap]
OfFunction: TypeAlias = Callable[[Function, Account], Yields]
OfAccount: TypeAlias = Callable[[Account], Yields]

OVER_GRANTS = frozenset(
    {
        "bulk-read",
        "foreign-resource-grant",
        "invoke-any-function",
        "leftover-config-grant",
        "leftover-poller-grant",
        "service-wildcard",
        "unneeded-grant",
        "wide-log-grant",
        "wide-resource",
    }
)
"""Rules on a statement that grants too much; one that is a near miss of a need has its say there."""

BROAD_GRANTS = (
    "bulk-read",
    "leftover-config-grant",
    "leftover-poller-grant",
    "service-wildcard",
    "trigger-loop",
    "unneeded-grant",
    "wide-log-grant",
    "wide-resource",
)
"""What a statement that grants far too much, or leads to other rights, is as well: those rules silence them all."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One bad pattern: its name reads well after "allow", its docstring is its documentation.

    `whole` rules need the whole account and do not run when an event is audited.
    """

    name: str
    severity: Severity
    silences: tuple[str, ...]
    whole: bool
    of_account: bool
    text: str
    _check: OfFunction | OfAccount

    def check(self, account: Account) -> Yields:
        """Judge an account, for a rule whose subject is no function."""
        return cast(OfAccount, self._check)(account)

    def check_function(self, function: Function, account: Account) -> Yields:
        """Judge one function, for all other rules."""
        return cast(OfFunction, self._check)(function, account)

    @property
    def title(self) -> str:
        """The first sentence of the docstring, without its full stop."""
        return self.text.partition("\n")[0].rstrip(".")


def rule(
    severity: Severity, *, silences: tuple[str, ...] = (), whole: bool = False
) -> Callable[[OfFunction | OfAccount], Rule]:
    """Make a rule of a function that takes `(function, account)`, or `(account)`.

    Parameters
    ----------
    severity : of its hits, unless a hit says otherwise
    silences : rules whose hits on the same statement, for the same actions, are dropped when this one hits it
    whole : it needs the whole account: an audit of a single change leaves it out
    """

    def decorate(check: OfFunction | OfAccount) -> Rule:
        return Rule(
            name=check.__name__.replace("_", "-"),
            severity=severity,
            silences=tuple(sorted(silences)),
            whole=whole,
            of_account=len(inspect.signature(check).parameters) == 1,
            text=inspect.getdoc(check) or "",
            _check=check,
        )

    return decorate


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of this folder, by name. A file without a rule of its name is our bug: AttributeError."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return tuple(getattr(import_module(f"{__name__}.{name}"), name) for name in names)


def named(actions: Sequence[str], most: int = 3) -> str:
    """The first of them for a message, and how many more there are.

    >>> named(["s3:PutObject", "s3:GetObject"], most=1)
    '`s3:PutObject` and 1 more'
    """
    shown = ", ".join(f"`{action}`" for action in actions[:most])
    return f"{shown} and {len(actions) - most} more" if len(actions) > most else shown


def undecided(function: Function, name: str, statement: Statement) -> Gap:
    """What a rule yields for a statement whose conditions it cannot judge."""
    keys = ", ".join(sorted({f"`{condition.key}`" for condition in statement.conditions}))
    where = f"{statement.policy}, statement {statement.index + 1}"
    why = f"{where}: not decided whether its conditions on {keys} narrow it"
    return Gap(f"rule {name}", why, None, function.id, place=statement.place)
