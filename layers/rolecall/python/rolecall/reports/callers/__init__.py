"""Answers: who may invoke each function, by which statements; one module per format."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rolecall.callers.who import Who, who
from rolecall.callers.wiring import Row, states
from rolecall.model import ORGANIZATION, Account, Function

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """Who may invoke one function at one qualifier.

    Parameters
    ----------
    function : its id
    role : ARN of its execution role, with whose rights Lambda polls
    triggers : its wiring: each trigger, and each source that a statement lets in without one
    has_url : does a function URL lead to it?
    """

    function: str
    qualifier: str | None
    role: str
    who: Who
    triggers: tuple[Row, ...]
    has_url: bool = False

    @property
    def name(self) -> str:
        """What people call it: its logical id or name, with the qualifier."""
        plain = self.function.rpartition(":")[2]
        return f"{plain}:{self.qualifier}" if self.qualifier else plain


def answers(accounts: Sequence[Account]) -> tuple[Answer, ...]:
    """The answer for each function and qualifier of these accounts, which are the variants of one template, sorted."""
    found: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for account in accounts:
        for function in account.functions:
            found[function.id, function.qualifier or ""].append(_answer(function, account))
    return tuple(_together(found[key]) for key in sorted(found))


def notes(accounts: Sequence[Account]) -> tuple[str, ...]:
    """What bears on every answer: which principals and policies are not known."""
    return tuple(dict.fromkeys(note for account in accounts for note in _notes(account)))


def _notes(account: Account) -> Iterable[str]:
    if any(function.place for function in account.functions):
        yield "of principals only those of the template are known: the account has others"
    elif not account.roles and not account.users:
        yield "no principals of the account were read: only what functions' own policies say is known"
    for gap in account.gaps:
        if gap.what == ORGANIZATION:
            yield f"the organization's policies are not known, they may keep out whom this lists ({gap.why})"


def _answer(function: Function, account: Account) -> Answer:
    has_url = function.settings.url_auth is not None
    return Answer(
        function.id, function.qualifier, function.role, who(function, account), states(function, account), has_url
    )


def _together(variants: Sequence[Answer]) -> Answer:
    """One answer: whoever may invoke in any variant."""
    first, *others = variants
    if not others:
        return first
    callers = _once(each for one in variants for each in one.who.callers)
    admins = _once(each for one in variants for each in one.who.admins)
    held = _once(each for one in variants for each in one.who.held)
    gaps = _once(each for one in variants for each in one.who.gaps)
    together = Who(tuple(sorted(callers, key=lambda each: each.order)), admins, held, gaps)
    rows = _once(each for one in variants for each in one.triggers)
    return Answer(first.function, first.qualifier, first.role, together, rows, any(each.has_url for each in variants))


def _once(each: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(each))
