"""Findings out of CloudWatch Logs: only they are shown, each of them once."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rolecall.sources import findings


class Logs:
    """A log group whose pages are given; one round of them for each time that it is read."""

    def __init__(self, *rounds: list[list[dict[str, Any]]]) -> None:
        self._rounds, self.starts = iter(rounds), list[int]()

    def get_paginator(self, operation: str) -> "Logs":
        assert operation == "filter_log_events"
        return self

    def paginate(self, *, logGroupName: str, startTime: int) -> Iterator[dict[str, Any]]:
        self.starts.append(startTime)
        return iter([{"events": page} for page in next(self._rounds)])


def line(number: int, message: str = "finding", **more: Any) -> dict[str, Any]:
    text = json.dumps({"message": message, "n": number})
    return {"logStreamName": "s", "timestamp": number * 100_000, "message": text, "eventId": f"e{number}"} | more


def shown(logs: Logs, rounds: int = 1) -> list[int]:
    left = iter(range(rounds - 1))
    found = findings.lines(logs, "/rolecall/findings", start=0, follow=lambda: next(left, None) is not None)
    return [each["n"] for each in found]


def test_the_findings_and_resolutions_of_all_pages_are_shown() -> None:
    assert shown(Logs([[line(1)], [], [line(2, "resolved")]])) == [1, 2]


@pytest.mark.parametrize("message", ["START RequestId: 1", "{", "[]", "7", '{"message": "audit"}', '{"_aws": {}}', ""])
def test_other_lines_are_not_shown(message: str) -> None:
    assert shown(Logs([[line(1) | {"message": message}, line(2)]])) == [2]


def test_following_shows_what_is_new_once() -> None:
    assert shown(Logs([[line(1)]], [[line(1), line(2)]], [[line(2), line(3)]]), rounds=3) == [1, 2, 3]


def test_following_shows_a_line_that_became_visible_late() -> None:
    late = line(2, timestamp=line(3)["timestamp"] - findings.LATE)

    assert shown(Logs([[line(3)]], [[late, line(3)]]), rounds=2) == [3, 2]


def test_following_starts_where_lines_may_still_come() -> None:
    logs = Logs([[line(3)]], [[]])
    shown(logs, rounds=2)

    assert logs.starts == [0, line(3)["timestamp"] - findings.LATE]


def test_two_events_without_an_id_are_told_apart_by_what_they_say() -> None:
    events = [{key: value for key, value in line(number).items() if key != "eventId"} for number in (1, 1, 2)]

    assert shown(Logs([events])) == [1, 2]


@pytest.mark.parametrize(("text", "seconds"), [("45s", 45), ("30m", 1800), ("6h", 21600), ("1d", 86400)])
def test_a_span_of_time_has_a_unit(text: str, seconds: int) -> None:
    assert findings.since(text) == seconds


@pytest.mark.parametrize("text", ["", "d", "1", "-1d", "1.5h", "1 d", "1y", "²d"])
def test_what_is_no_span_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no span of time: write `30m`, `6h` or `1d`"):
        findings.since(text)
