"""SDK facts: they are what the tool writes, and name every operation as the SDK does."""

from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from rolecall.needs.code import sdk
from tools.freeze_sdk import DATA, freeze


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdk")
    freeze(folder)
    return folder


def test_a_refresh_from_the_pinned_sdk_changes_nothing(again: Path) -> None:
    fresh = {path.name: path.read_text(encoding="utf-8") for path in again.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in DATA.iterdir()}

    assert fresh == kept


def test_it_stays_small() -> None:
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 600_000


@pytest.mark.parametrize("name", ["dynamodb", "ec2", "s3", "sqs", "rds", "iot-data", "apigatewayv2"])
def test_every_method_of_a_client_is_known(name: str) -> None:
    facts = sdk.service(name)
    model = botocore.session.get_session().get_service_model(name)

    assert facts is not None
    assert {facts.operation(xform_name(each)) for each in model.operation_names} == set(model.operation_names)


def test_what_is_no_service_has_no_facts() -> None:
    assert [sdk.service(name) for name in ("nothing", "", "../index", "s3\0")] == [None] * 4


def test_a_resource_tells_what_its_actions_fill_in() -> None:
    facts = sdk.service("s3")

    assert facts is not None
    action = facts.resources["Bucket"].actions["put_object"]
    assert (action.operation, action.filled, action.gives) == ("PutObject", (("Bucket", "name"),), "Object")
