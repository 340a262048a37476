"""Triggers: which row a source or a principal has."""

import pytest

from rolecall.triggers import TRIGGERS, Poll, Push, polled, pushing
from tests.builders import QUEUE


def test_a_queue_is_polled() -> None:
    assert polled(QUEUE) == "sqs"


@pytest.mark.parametrize("source", ["", "arn:aws:s3:::inbox", "::"])
def test_a_source_without_a_row_is_not_guessed(source: str) -> None:
    assert polled(source) is None


@pytest.mark.parametrize("principal", ["sns.amazonaws.com", "sns.eu-west-1.amazonaws.com"])
def test_a_service_is_known_with_its_region_and_without(principal: str) -> None:
    assert pushing(principal) == Push("sns.amazonaws.com", "sns", sends_account=False)


@pytest.mark.parametrize("principal", ["", "*", "111122223333", "evil.com", "sns.eu-west-1.evil.com", "a.b.c.d"])
def test_a_principal_without_a_row_is_not_guessed(principal: str) -> None:
    assert pushing(principal) is None


def test_a_principal_of_four_parts_keeps_them() -> None:
    assert pushing("lambda.alarms.cloudwatch.amazonaws.com") is TRIGGERS["cloudwatch-alarm"]


def test_only_a_bucket_has_no_owner_in_its_arn() -> None:
    assert [name for name, row in TRIGGERS.items() if isinstance(row, Push) and not row.owned] == ["s3"]


def test_a_poller_reads_what_its_own_service_offers() -> None:
    rows = [row for row in TRIGGERS.values() if isinstance(row, Poll)]

    assert all(action.startswith(f"{row.service}:") for row in rows for action in (*row.reads, *row.watches))
