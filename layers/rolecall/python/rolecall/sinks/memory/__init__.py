"""The auditor's memory: what it found of each function, who refers to what, and what is on its way.

It is no evidence: without its items only "opened", "resolved" and some speed are lost, until the next sweep.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from rolecall.changes import names_of, thing
from rolecall.model import Account, Function
from rolecall.sinks.memory.codes import Codes
from rolecall.sinks.memory.difference import Difference, Kept, Remembered, Resolved, closed
from rolecall.sinks.memory.index import Index, bounded
from rolecall.sinks.memory.table import KEY, Table, stamp
from rolecall.triggers import TRIGGERS, Poll

__all__ = ["Difference", "Memory", "Remembered", "Resolved", "covers", "seconds"]

# CloudTrail delivers late and unordered; what happened that long before the account was read is covered by that audit.
SLACK = 15  # seconds
ACCOUNT, INVENTORY, WHOLE = "#account", "#inventory", "whole#"
SOURCES = 1_000  # ARNs of push sources that are kept of a function


class Memory:
    """A DynamoDB table with the key `function`, and these items (times are epoch seconds as text):

    - an ARN: `role`, `findings`, `readAt`, `names`, `wired` of that function; `began` with `beganFor`, `due` with
      `dueFor`: when its last audit began, until when a second look is on its way, and for which event
    - `name#…`: see the index; `code#…`: see the codes
    - `#account`, and `whole#` with an ARN: the findings that only an audit of the whole account makes
    - `#inventory`: the sweep: its `slices` and those `done`, `due` of the next one, `readAt` of the last complete one
    """

    def __init__(self, table: Any) -> None:
        self._table = Table(table)
        self._index = Index(self._table)
        self.codes = Codes(self._table)

    # What the source asks: its `Index`.

    @property
    def complete(self) -> bool:
        """Was every function audited in one sweep, so that the index knows them all?"""
        return "readAt" in self._table.one(INVENTORY)

    def users(self, name: str) -> frozenset[str]:
        """The ARNs of the functions that refer to a name."""
        return self._index.users(name)

    def wired(self, function: str) -> tuple[str, ...]:
        """The ARNs of the push sources that the last walk found for a function."""
        return self.recall((function,))[function].wired

    # Functions.

    def recall(self, functions: Collection[str]) -> dict[str, Remembered]:
        """What is known of each of these functions (ARNs)."""
        items = self._table.many(functions)
        return {function: _remembered(items.get(function, {})) for function in functions}

    def keep(
        self, account: Account, difference: Difference, known: Mapping[str, Remembered], *, read_at: float, walked: bool
    ) -> None:
        """Remember what an audit found, unless a newer one has been remembered meanwhile.

        First the index learns new names, then the function's item is written, then the index forgets old names: who
        is killed in between leaves an index that holds too much, and an item that lets the event be audited again.

        Parameters
        ----------
        known : what `recall` said before the audit
        walked : all push sources were walked over, so that those that were not found are no more
        """
        for function, versions in _by_arn(account.functions).items():
            if function not in difference.kept:
                continue
            before = known.get(function, Remembered())
            names = bounded({name for each in versions for name in names_of(each, account)})
            wired = _sources(versions) | (set() if walked else set(before.wired))
            values = {
                "role": versions[0].role,
                "read": stamp(read_at),
                "findings": difference.kept[function],
                "names": sorted(names),
                "wired": sorted(wired)[:SOURCES],
            }
            self._index.add(function, names - before.names)
            written = self._table.update(
                function,
                "SET #role = :role, readAt = :read, findings = :findings, #names = :names, wired = :wired",
                values,
                condition="attribute_not_exists(readAt) OR readAt <= :read",
            )
            if written:
                self._index.remove(function, before.names - names)

    def wire(self, account: Account, functions: Collection[str]) -> None:
        """Remember what a walk found for functions that an event has had audited since: its sources are not lost."""
        known = self.recall(functions)
        for function, versions in _by_arn(account.functions).items():
            if function in functions and (new := _sources(versions) - set(known[function].wired)):
                names = bounded({*known[function].names, *map(thing, new)})
                self._index.add(function, names - known[function].names)
                self._table.update(
                    function,
                    "SET wired = :wired, #names = :names",
                    {
                        "wired": sorted({*known[function].wired, *new})[:SOURCES],
                        "names": sorted(names),
                        "read": stamp(known[function].read_at),
                    },
                    condition="readAt = :read",
                )

    def forget(self, function: str, before: Remembered) -> None:
        """Drop a function that was deleted, unless one of its name was made and audited meanwhile."""
        if not self._table.delete(function, read=stamp(before.read_at)):
            return
        self._index.remove(function, before.names)
        self._table.delete(WHOLE + function)

    def closing(self, function: str, before: Remembered) -> tuple[Resolved, ...]:
        """The findings that end with a function."""
        return closed(function, {**before.findings, **self._table.one(WHOLE + function).get("findings", {})})

    def gone(self, existing: Collection[str], *, read_at: float) -> tuple[str, ...]:
        """The functions (ARNs) that are remembered of a time before `read_at`, when there were only `existing` ones.

        Of those that exist it mends the index.
        """
        items, held = dict[str, Mapping[str, Any]](), dict[str, Collection[str]]()
        for item in self._table.all("readAt", "names", "functions"):
            if item[KEY].startswith("arn:"):
                items[item[KEY]] = item
            else:
                held[item[KEY]] = item.get("functions", ())
        self._index.mend({arn: items[arn].get("names", ()) for arn in items.keys() & set(existing)}, held)
        before = stamp(read_at)
        return tuple(sorted(arn for arn in items.keys() - set(existing) if items[arn].get("readAt", "") < before))

    # What is on its way.

    def begin(self, function: str, *, event: str, now: float, pause: float) -> bool:
        """Take the audit of a function, unless another event took it less than `pause` seconds ago.

        An event that comes again takes it again if its first handler was killed before it remembered what it found.
        """
        taken = self._table.update(
            function,
            "SET began = :now, beganFor = :event",
            {"now": stamp(now), "event": event, "old": stamp(now - pause)},
            condition="attribute_not_exists(began) OR began <= :old"
            " OR (beganFor = :event AND (attribute_not_exists(readAt) OR readAt < began))",
        )
        return taken is not None

    def take(self, function: str, *, event: str, now: float) -> bool:
        """Take the audit of a function, unless it was made for this event, which has come again."""
        taken = self._table.update(
            function,
            "SET began = :now, beganFor = :event",
            {"now": stamp(now), "event": event},
            condition="attribute_not_exists(beganFor) OR beganFor <> :event"
            " OR attribute_not_exists(readAt) OR readAt < began",
        )
        return taken is not None

    def expect(self, key: str, *, event: str, now: float, due: float, settled: float) -> float | None:
        """Take it upon oneself to send for a look at `due`, unless one is on its way that begins after `settled`.

        Returns when the look is due, None where nothing is to be sent. An event that comes again sends again for the
        same time, as its first handler may have been killed before it had sent.
        """
        taken = self._table.update(
            key,
            "SET due = :due, dueFor = :event",
            {"due": stamp(due), "event": event, "settled": stamp(max(now, settled))},
            condition="attribute_not_exists(due) OR due < :settled",
        )
        if taken:
            return due
        item = self._table.one(key)
        return float(item["due"]) if item.get("dueFor") == event else None

    def expect_plan(self, *, event: str, now: float, due: float, apart: float) -> float | None:
        """Likewise for a sweep, which begins no sooner than `apart` seconds after the one before."""
        before = float(self._table.one(INVENTORY).get("due", 0))
        return self.expect(INVENTORY, event=event, now=now, due=max(due, before + apart), settled=now)

    # The whole account.

    def recall_whole(self, functions: Collection[str]) -> dict[str | None, Mapping[str, Kept]]:
        """The findings that audits of the whole account left: by function (ARN), None for those of no function."""
        items = self._table.many((ACCOUNT, *(WHOLE + each for each in functions)))
        whole: dict[str | None, Mapping[str, Kept]] = {None: items.get(ACCOUNT, {}).get("findings", {})}
        return whole | {key.removeprefix(WHOLE): each["findings"] for key, each in items.items() if key != ACCOUNT}

    def keep_whole(self, difference: Difference, known: Mapping[str | None, Mapping[str, Kept]]) -> None:
        """Remember what an audit of the whole account found. `known` is what `recall_whole` said before it."""
        for owner, findings in difference.kept.items():
            key = WHOLE + owner if owner else ACCOUNT
            before = known.get(owner or None, {})
            if findings and findings != before:
                self._table.update(key, "SET findings = :findings", {"findings": findings})
            elif before and not findings:
                self._table.delete(key)

    def plan(self, name: str) -> None:
        """Remember that a sweep begins to send its slices; an earlier one is not waited for any more."""
        self._table.update(INVENTORY, "SET #plan = :plan REMOVE slices, done", {"plan": name})

    def sent(self, name: str, slices: int, *, read_at: float) -> None:
        """Remember that all slices of a sweep were sent, so many. After the last one was worked it is complete."""
        self._advance("SET slices = :n", name, slices, read_at)

    def done(self, name: str, number: int, *, read_at: float) -> None:
        """Remember that a slice of a sweep was worked."""
        self._advance("ADD done :n", name, {number}, read_at)

    def _advance(self, expression: str, name: str, value: object, read_at: float) -> None:
        values = {"n": value, "plan": name}
        item = self._table.update(INVENTORY, expression, values, condition="#plan = :plan")
        if item and len(item.get("done", ())) == item.get("slices"):
            self._table.update(INVENTORY, "SET readAt = :read", {"read": stamp(read_at)})


def seconds(time: str) -> float | None:
    """Epoch seconds of CloudTrail's time, or None where it says none.

    >>> seconds("1970-01-01T00:01:00Z")
    60.0
    """
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):
        return None


def covers(before: Remembered, time: str) -> bool:
    """Was the function audited so long after this time (CloudTrail's) that the audit has seen it?"""
    since = seconds(time)
    return since is not None and since < before.read_at - SLACK


def _remembered(item: Mapping[str, Any]) -> Remembered:
    return Remembered(
        role=item.get("role"),
        findings=item.get("findings", {}),
        read_at=float(item.get("readAt", 0)),
        names=frozenset(item.get("names", ())),
        wired=tuple(item.get("wired", ())),
        due=float(item.get("due", 0)),
    )


def _by_arn(functions: Iterable[Function]) -> dict[str, list[Function]]:
    """The versions of each function, the unqualified one first."""
    found: dict[str, list[Function]] = {}
    for each in sorted(functions, key=lambda each: (each.arn, each.qualifier or "")):
        found.setdefault(each.arn, []).append(each)
    return found


def _sources(versions: Iterable[Function]) -> set[str]:
    """The ARNs of the sources that push to a function, and of its versions that only a statement speaks of."""
    versions = tuple(versions)
    triggers = (trigger for each in versions for trigger in each.triggers)
    numbered = {each.qualified_arn for each in versions if (each.qualifier or "").isdecimal() and each.resource_policy}
    return numbered | {trigger.source for trigger in triggers if not isinstance(TRIGGERS.get(trigger.type), Poll)}
