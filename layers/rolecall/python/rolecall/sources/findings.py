"""Findings out of CloudWatch Logs: what the deployed auditor wrote."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

MESSAGES = ("finding", "resolved")
LATE = 60_000  # milliseconds: how late a line may become visible behind newer ones


def since(text: str) -> int:
    """Seconds of a span such as `30m`, `6h`, `1d`.

    Raises
    ------
    ValueError : no such span

    >>> since("2h")
    7200
    """
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}.get(text[-1:], 0)
    if not unit or not text[:-1].isdecimal():
        raise ValueError(f"`{text}` is no span of time: write `30m`, `6h` or `1d`")
    return int(text[:-1]) * unit


def lines(logs: Any, group: str, *, start: int, follow: Callable[[], bool] = lambda: False) -> Iterator[dict[str, Any]]:
    """The findings and resolutions of a log group, oldest first.

    The filter works on what was read: CloudWatch's own JSON patterns cost the same and are not everywhere.

    Parameters
    ----------
    logs : a boto3 `logs` client
    group : such as `/rolecall/findings`
    start : milliseconds since the epoch
    follow : asked after everything was read: True to look again (it may wait before it answers)

    Raises
    ------
    botocore.exceptions.ClientError : the group does not exist, or may not be read
    """
    seen: dict[str, int] = {}
    while True:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
        for event in (event for page in pages for event in page["events"]):
            key = event.get("eventId") or f"{event['logStreamName']} {event['timestamp']} {event['message']}"
            if key not in seen:
                seen[key] = event["timestamp"]
                if (line := _line(event["message"])) is not None:
                    yield line
        if not follow():
            return
        start = max([start, *(stamp - LATE for stamp in seen.values())])
        seen = {key: stamp for key, stamp in seen.items() if stamp >= start}


def _line(message: str) -> dict[str, Any] | None:
    try:
        line = json.loads(message)
    except ValueError:
        return None  # A platform line, such as REPORT.
    return line if isinstance(line, dict) and line.get("message") in MESSAGES else None


def now() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)
