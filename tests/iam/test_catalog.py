"""The catalog: whole, and made anew without a difference."""

from pathlib import Path

import pytest

from rolecall.changes import ROWS
from rolecall.iam import catalog
from rolecall.iam.catalog import AccessLevel
from rolecall.triggers import TRIGGERS, Poll
from tools.freeze_catalog import freeze


def test_the_data_is_whole() -> None:
    catalog.check()


def test_a_damaged_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    read = catalog._bytes
    monkeypatch.setattr(catalog, "_bytes", lambda file: read(file)[: -10 if file == "services/sqs.txt" else None])

    with pytest.raises(catalog.CatalogError, match=r"services/sqs.txt"):
        catalog.check()


def test_a_refresh_from_the_pinned_source_changes_nothing(tmp_path: Path) -> None:
    freeze(tmp_path)

    assert contents(tmp_path) == contents(Path(catalog.__file__).with_name("data"))


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_every_action_of_our_own_tables_exists() -> None:
    polled = {name for row in TRIGGERS.values() if isinstance(row, Poll) for name in (*row.reads, *row.watches)}
    # Lambda's event names are those of its API, which has one action for several of them.
    changed = {f"iam:{name}" for service, name in ROWS if service == "iam"}

    assert {name for name in polled | changed if catalog.action(name) is None} == set()


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("sqs:ReceiveMessage", 1), ("SQS:receive*", 1), ("sqs:?eceiveMessage", 1), ("sqs:Nothing", 0), ("nothing:*", 0)],
)
def test_a_pattern_expands_to_the_actions_that_it_names(pattern: str, count: int) -> None:
    assert len(catalog.expand(pattern)) == count


def test_a_hostile_pattern_ends() -> None:
    assert catalog.expand("s3:" + "*a" * 200 + "b") == ()


def test_an_action_tells_what_it_does_and_to_what() -> None:
    found = catalog.action("sqs:SendMessage")

    assert found is not None
    assert (set(found.levels), [kind.name for kind in found.resource_types]) == ({AccessLevel.WRITE}, ["queue"])
    assert catalog.resource_patterns("sqs:SendMessage") == ("arn:*:sqs:*:*:*",)


def test_an_action_without_resources_says_so() -> None:
    found = catalog.action("xray:PutTraceSegments")

    assert found is not None
    assert not found.takes_resource
