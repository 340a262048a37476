"""AWS managed policies: each parses, and the file is what the tool writes."""

import zipfile
from pathlib import Path

import pytest

from rolecall.iam import managed
from rolecall.iam.policy import parse
from tools.freeze_managed_policies import freeze


def test_every_policy_parses() -> None:
    documents = {name: managed.document(f"arn:aws:iam::aws:policy/{name}") for name in managed.names()}

    assert len([parse(document, name=name) for name, document in documents.items()]) > 1_500


def test_a_refresh_from_the_pinned_source_changes_nothing(tmp_path: Path) -> None:
    freeze(tmp_path / "again.zip")
    again, kept = zipfile.ZipFile(tmp_path / "again.zip"), zipfile.ZipFile(managed.DATA)

    assert {name: again.read(name) for name in again.namelist()} == {name: kept.read(name) for name in kept.namelist()}


@pytest.mark.parametrize("arn", ["arn:aws:iam::111122223333:policy/AdministratorAccess", "AdministratorAccess", ""])
def test_what_is_not_aws_managed_has_no_document(arn: str) -> None:
    assert managed.document(arn) is None


def test_in_another_partition_the_arns_are_those_of_that_partition() -> None:
    document = managed.document("arn:aws-us-gov:iam::aws:policy/CloudWatchLambdaInsightsExecutionRolePolicy")

    assert document is not None
    assert '"arn:aws-us-gov:logs:*:*:log-group:/aws/lambda-insights:*"' in document
