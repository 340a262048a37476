"""Storms: many events on few functions. Which of them an event audits at once, and which a second look audits later."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from rolecall.changes import Change
from rolecall.sinks.memory import Memory, covers, seconds
from rolecall.sinks.queue import Plans, Work

# A managed policy may be attached to hundreds of roles: more functions than this are handed to the sweep's workers.
MOST = 50
PLANS = 900  # seconds between two sweeps that events ask for
AT_ONCE = 16  # writes into the table
# Changes of IAM show within seconds as a rule: a look that begins sooner after a change does not count for it.
SETTLED = 5  # seconds
SHOWN = 15  # seconds until a look for a change that does not show yet, where events do not wait for each other

T = TypeVar("T")


class Storm:
    """Has each function audited after its last change, and at most twice in `pause` seconds.

    Parameters
    ----------
    pause : seconds; 0 audits at every event
    """

    def __init__(self, memory: Memory, plans: Plans, work: Work, *, pause: float) -> None:
        self._memory, self._plans, self._work, self._pause = memory, plans, work, pause

    def admit(self, functions: Collection[str], change: Change, *, now: float) -> set[str]:
        """The functions (ARNs) to audit at once. For the others a later look is on its way, or an audit has seen it."""
        known = self._memory.recall(functions)
        stale = [function for function in functions if not covers(known[function], change.time)]
        begin = partial(self._memory.begin, event=change.event_id, now=now, pause=self._pause)
        taken = _each(begin, stale) if len(stale) <= MOST else {}
        admitted = {function for function, its in taken.items() if its}
        self.later(set(stale) - admitted, change, now=now)
        return admitted

    def later(self, functions: Collection[str], change: Change, *, now: float) -> None:
        """Have functions looked at after the pause, unless a look is on its way that will see the change."""
        expect = partial(
            self._memory.expect,
            event=change.event_id,
            now=now,
            due=now + (self._pause or SHOWN),
            settled=min(now, seconds(change.time) or now) + SETTLED,
        )
        expected = _each(expect, functions)
        for due in sorted({due for due in expected.values() if due is not None}):
            chosen = [function for function, its in expected.items() if its == due]
            self._work.look(chosen, change=change, now=now, due=due)

    def everything(self, change: Change, *, now: float) -> bool:
        """Have everything audited after the pause, or later if that was asked for lately. False: it is on its way."""
        due = self._memory.expect_plan(event=change.event_id, now=now, due=now + self._pause, apart=PLANS)
        if due is None:
            return False
        self._plans.ask(change=change, now=now, due=due)
        return True


def _each(take: Callable[[str], T], functions: Collection[str]) -> dict[str, T]:
    chosen = sorted(functions)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(chosen, pool.map(take, chosen), strict=True))
