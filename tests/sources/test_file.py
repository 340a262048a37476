"""Snapshots: what is written can be read again, and what cannot be read is said."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rolecall.model import Gap, Place
from rolecall.sources import SourceError, file
from tests.builders import account, clean, permission


def test_a_snapshot_is_read_as_it_was_written() -> None:
    read = account({"resource policy": [permission({"Service": "events.amazonaws.com"})]})
    (function,) = read.functions
    whole = replace(
        read,
        functions=(replace(function, place=Place("template.yaml", 3), tags=(("a", "b"),), qualifier="live"),),
        gaps=(Gap("functions", "AccessDenied", "lambda:ListFunctions"),),
    )

    assert file.load(json.loads(json.dumps(file.dump(whole)))) == whole


def test_a_snapshot_tells_what_the_auditor_depends_on() -> None:
    omitted = {"event_id": "8ab1", "event_name": "PutRolePolicy", "actor": "ada", "time": "2026-01-31T03:00:00Z"}
    read = account({"watch": {"queues": [["arn:aws:sqs:us-east-1:111122223333:dead", None]]}, "omitted": [omitted]})

    assert file.load(json.loads(json.dumps(file.dump(read)))) == read


def test_a_snapshot_keeps_what_a_role_last_used() -> None:
    accesses = [{"name": "sqs", "at": "2026-01-02T03:04:05+00:00", "region": "us-east-1"}]
    read = account({"role": {"last_accessed": {"read": "2026-01-31T12:00:00+00:00", "accesses": accesses}}})

    assert file.load(json.loads(json.dumps(file.dump(read)))) == read


def test_a_policy_that_aws_would_refuse_is_a_gap_of_its_role() -> None:
    document = clean()
    document["roles"][0]["policies"][0]["document"] = {"Statement": [{"Effect": "allow"}]}

    (role,) = file.load(document).roles

    assert [gap.what for gap in role.gaps] == ["role policies"]
    assert len(role.policies) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[]", 'not a snapshot: `schema` is not "rolecall-snapshot/1"'),
        ('{"schema": "rolecall-snapshot/1"}', "not a whole snapshot: `functions` is missing"),
        ('{"schema": "rolecall-snapshot/1", "functions": 7}', "not a snapshot: 'int' object is not iterable"),
        ("[" * 100_000, "not JSON: maximum recursion depth exceeded"),
    ],
)
def test_a_bad_snapshot_gets_one_line(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "snapshot.json"
    path.write_text(text)

    with pytest.raises(SourceError) as caught:
        file.read(path)

    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_snapshot_that_is_a_directory_gets_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a directory"):
        file.read(tmp_path)
