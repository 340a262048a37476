"""Messages to the sweep: second looks, plans and slices; written here, and read here."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from rolecall.changes import Change, Trace

SIZE = 25  # functions of one message
MOST_DELAY = 900  # seconds: SQS API Reference, SendMessage, DelaySeconds


@dataclass(frozen=True, slots=True)
class Look:
    """Audit these functions (ARNs), live; `change` caused it, and `tries` looks have been for it.

    An audit that read them after `at` (epoch seconds) is as good.
    """

    functions: tuple[str, ...]
    change: Change | None
    at: float
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Begin a sweep; `change` asked for it."""

    change: Change | None


@dataclass(frozen=True, slots=True)
class Slice:
    """Audit a packed part of the sweep `plan`, the `number`th, of an account that was read at `read_at`."""

    plan: str
    number: int
    read_at: float
    text: str


class Queue:
    """The sweep's queue, through a boto3 `sqs` client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def look(
        self, functions: Collection[str], *, change: Change | None, now: float, due: float, tries: int = 1
    ) -> None:
        """Have functions audited at `due`, in as many messages as they need."""
        chosen = sorted(functions)
        for start in range(0, len(chosen), SIZE):
            message = {"functions": chosen[start : start + SIZE], "change": _dumped(change), "at": due, "tries": tries}
            self._send({"look": message}, delay=due - now)

    def plan(self, *, change: Change | None, now: float, due: float) -> None:
        """Have everything audited from `due` on."""
        self._send({"plan": {"change": _dumped(change)}}, delay=due - now)

    def slice(self, part: Slice) -> None:
        """Have a part of a sweep audited."""
        self._send({"slice": asdict(part)})

    def _send(self, message: dict[str, Any], *, delay: float = 0) -> None:
        seconds = min(MOST_DELAY, max(0, round(delay)))
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(message), DelaySeconds=seconds)


def read(body: str) -> Look | Plan | Slice:
    """What a message asks for.

    Raises
    ------
    ValueError, KeyError, TypeError : it is none of ours
    """
    ((kind, message),) = json.loads(body).items()
    if kind == "look":
        return Look(tuple(message["functions"]), _loaded(message["change"]), message["at"], message["tries"])
    if kind == "plan":
        return Plan(_loaded(message["change"]))
    if kind == "slice":
        return Slice(**message)
    raise ValueError(f"`{kind}` is no message to the sweep")


def _dumped(change: Change | None) -> dict[str, Any] | None:
    return None if change is None else asdict(change)


def _loaded(change: dict[str, Any] | None) -> Change | None:
    """JSON has no tuples."""
    if change is None:
        return None
    members: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in change.items()}
    trace = members["trace"] and Trace(**members["trace"])
    return Change(**{**members, "trace": trace})
