"""Messages of the sweep: plans on one queue, looks and slices on another; written here, and read here."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from rolecall.changes import Change, Trace

SIZE = 25  # functions of one message
MOST_DELAY = 900  # seconds: SQS API Reference, SendMessage, DelaySeconds


@dataclass(frozen=True, slots=True)
class Look:
    """Audit these functions (ARNs), live; `change` caused it.

    An audit that read them after `at` (epoch seconds) is as good.
    """

    functions: tuple[str, ...]
    change: Change | None
    at: float


@dataclass(frozen=True, slots=True)
class Slice:
    """Audit a packed part of the sweep `plan`, the `number`th, of an account that was read at `read_at`."""

    plan: str
    number: int
    read_at: float
    text: str


class Plans:
    """The queue that asks for sweeps, through a boto3 `sqs` client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def ask(self, *, change: Change, now: float, due: float) -> None:
        """Have everything audited from `due` on."""
        text, delay = json.dumps({"plan": {"change": _dumped(change)}}), _delay(due - now)
        self._client.send_message(QueueUrl=self._url, MessageBody=text, DelaySeconds=delay)


class Work:
    """The queue of the workers, through a boto3 `sqs` client."""

    def __init__(self, client: Any, url: str) -> None:
        self._client, self._url = client, url

    def look(self, functions: Collection[str], *, change: Change | None, now: float, due: float) -> None:
        """Have functions audited at `due`, in as many messages as they need."""
        chosen = sorted(functions)
        for start in range(0, len(chosen), SIZE):
            message = {"functions": chosen[start : start + SIZE], "change": _dumped(change), "at": due}
            self._send({"look": message}, delay=due - now)

    def slice(self, part: Slice) -> None:
        """Have a part of a sweep audited."""
        self._send({"slice": asdict(part)})

    def again(self, receipt: str, *, seconds: float) -> None:
        """Have a message that was received, and is not done, come again so soon; not after the queue's own time."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=_delay(seconds)
        )

    def _send(self, message: dict[str, Any], *, delay: float = 0) -> None:
        self._client.send_message(QueueUrl=self._url, MessageBody=json.dumps(message), DelaySeconds=_delay(delay))


def read_plan(body: str) -> Change | None:
    """Which change asked for a sweep.

    Raises
    ------
    ValueError, KeyError, TypeError : it is no plan of ours
    """
    return _loaded(json.loads(body)["plan"]["change"])


def read(body: str) -> Look | Slice:
    """What a message asks a worker for.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError : it is none of ours
    """
    ((kind, message),) = json.loads(body).items()
    if kind == "look":
        return Look(tuple(message["functions"]), _loaded(message["change"]), message["at"])
    if kind == "slice":
        return Slice(**message)
    raise ValueError(f"`{kind}` is no message to a worker")


def _delay(seconds: float) -> int:
    return min(MOST_DELAY, max(0, round(seconds)))


def _dumped(change: Change | None) -> dict[str, Any] | None:
    return None if change is None else asdict(change)


def _loaded(change: dict[str, Any] | None) -> Change | None:
    """JSON has no tuples."""
    if change is None:
        return None
    members: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in change.items()}
    trace = members["trace"] and Trace(**members["trace"])
    return Change(**{**members, "trace": trace})
