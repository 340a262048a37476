"""The desk: what an audit found is told to people first, then remembered.

So a finding is never lost: if the handler is killed in between, the event comes again, and the finding is told as
opened twice. The other order would tell it never.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from rolecall import engine
from rolecall.changes import Change, Skipped, role_name
from rolecall.finding import Report
from rolecall.model import Account
from rolecall.parts import joined
from rolecall.sinks import cloudwatch
from rolecall.sinks.cloudwatch import Cause, Log, Metrics
from rolecall.sinks.memory import Difference, Memory, Remembered
from rolecall.sinks.memory.difference import of_account, of_functions

NEAR = 10  # functions of a shared role that are audited with the one that took it up or left it
PORTION = 25  # functions that are read and judged at once


class World(Protocol):
    """The part of `sources.aws.World` that is used."""

    def read(self, functions: Collection[str] | None) -> Account: ...
    def users(self, names: Collection[str]) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a handler hands in what it found.

    `read_at` and `began` are epoch seconds: when the account was read, and when this audit began.
    """

    memory: Memory
    log: Log
    metrics: Metrics
    cause: Cause
    read_at: float
    began: float
    trusted: tuple[str, ...] = ()

    def read(
        self, functions: Collection[str], world: World, *, apart: Collection[str] = ()
    ) -> tuple[Account, frozenset[str]]:
        """Read functions (ARNs); with them those whose role they share now, or shared until now: their findings change
        too. Those `apart` are looked after anyway.

        Where these are many they are not read but returned beside the account. They are to be seen to before it is
        handed in: once it is remembered, nobody finds them again.
        """
        account = replace(world.read(functions), trusted=self.trusted)
        roles = _moved(account, self.memory.recall(functions))
        others = frozenset(world.users(roles) - set(functions) - set(apart)) if roles else frozenset[str]()
        if 0 < len(others) <= NEAR:
            account = joined(account, world.read(others))
        return account, others if len(others) > NEAR else frozenset()

    def audit(self, account: Account, *, calls: Counter[str]) -> None:
        """Judge each function of an account and hand in what was found.

        `calls` has counted the calls of AWS APIs that were made for it, and begins anew.
        """
        made = calls.total()
        calls.clear()
        self.judged(account, engine.audit_each(account), calls=made)

    def audit_with_others(
        self,
        functions: Collection[str],
        world: World,
        *,
        more: Collection[str],
        event: str,
        calls: Counter[str],
        in_time: Callable[[], bool],
    ) -> Account | None:
        """Audit functions (ARNs), and in portions `more` and all that share a role with any of them, now or until now.

        Functions that moved are handed in after all others. Of these, none that was audited for an event is audited
        again for it: an event for which time ran out goes on when it comes again.

        Returns the account of the functions, None where time ran out
        """
        account, others = self.read(functions, world)
        held, seen = [account] if functions else [], {*functions, *_arns(account)}
        waiting = sorted({*others, *more} - seen)
        while waiting:
            if not in_time():
                return None
            desk, portion, waiting = replace(self, began=time.time()), waiting[:PORTION], waiting[PORTION:]
            seen.update(portion, waiting)
            if taken := {each for each in portion if self.memory.take(each, event=event, now=self.read_at)}:
                read, further = desk.read(taken, world, apart=seen)
                waiting += sorted(further)
                seen |= _arns(read)
                if further:
                    held.append(read)
                else:
                    desk.audit(read, calls=calls)
        for each in held:
            self.audit(each, calls=calls)
        return account

    def judged(self, account: Account, report: Report, *, calls: int, walked: bool = False) -> None:
        """Hand in the report on some functions.

        Parameters
        ----------
        calls : of AWS APIs that it took to read the account
        walked : all push sources were walked over; then the plan of that sweep has told what is of no function
        """
        known = self.memory.recall({function.arn for function in account.functions})
        own = [finding for finding in report.findings if finding.function or finding.role]
        general = replace(report, findings=tuple(each for each in report.findings if each not in own))
        if walked:
            report, general = replace(report, findings=tuple(own)), replace(report, findings=())
        difference = of_functions(account.functions, report, known, read_at=self.read_at)
        before = self.memory.recall_whole(()) if general.findings else {}
        noted = of_account(general, before, ends=False)
        self._send(report, replace(difference, states={**difference.states, **noted.states}), calls)
        self.memory.keep(account, difference, known, read_at=self.read_at, walked=walked and _seen(account))
        self.memory.keep_whole(noted, before)

    def judged_whole(self, account: Account, report: Report, *, calls: int) -> None:
        """Hand in the report on the whole account."""
        known = self.memory.recall_whole({function.arn for function in account.functions})
        difference = of_account(report, known, ends=True)
        self._send(replace(report, functions=()), difference, calls)
        self.memory.keep_whole(difference, known)

    def closed(self, functions: Collection[str]) -> dict[str, Remembered]:
        """Tell that functions (ARNs) are no more; what was known of them, to be forgotten when all else is done."""
        known = self.memory.recall(functions)
        for function, before in sorted(known.items()):
            resolved = self.memory.closing(function, before)
            cloudwatch.resolve(resolved, log=self.log, metrics=self.metrics, cause=self.cause)
        return known

    def forget(self, closed: Mapping[str, Remembered]) -> None:
        """Drop what is known of functions that were closed."""
        for function, before in sorted(closed.items()):
            self.memory.forget(function, before)

    def skipped(self, change: Change, reason: str) -> None:
        """Tell that the event asks for no audit of its own."""
        skipped = Skipped(reason, change.event_id, change.event_name)
        cloudwatch.skip(skipped, log=self.log, metrics=self.metrics)

    def _send(self, report: Report, difference: Difference, calls: int) -> None:
        cloudwatch.send(
            report,
            log=self.log,
            metrics=self.metrics,
            cause=self.cause,
            difference=difference,
            milliseconds=1000 * (time.time() - self.began),
            calls=calls,
        )


def left(closed: Mapping[str, Remembered]) -> set[str]:
    """The roles of functions that are no more, in the words of `changes.names_of`."""
    return {role_name(before.role) for before in closed.values() if before.role}


def _arns(account: Account) -> set[str]:
    return {function.arn for function in account.functions}


def _moved(account: Account, known: Mapping[str, Remembered]) -> set[str]:
    """The roles that functions took up or left since they were last audited."""
    roles: set[str] = set()
    for function in account.functions:
        before = known.get(function.arn, Remembered()).role
        if function.qualifier is None and before != function.role:
            roles |= {role_name(function.role), role_name(before or function.role)}
    return roles


def _seen(account: Account) -> bool:
    """Was every walk over the sources finished?"""
    return not any(gap.mendable and gap.subject is None for gap in account.gaps)
