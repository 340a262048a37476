"""Environment values in a snapshot: those that name a resource, as that resource, and no other."""

from dataclasses import replace

import pytest

from rolecall.model import Account
from rolecall.sources import file
from tests.builders import FUNCTION, QUEUE, ROLE, account, allow

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/orders"


def holding(value: str) -> Account:
    known = account({"more policies": {"Store": [allow("dynamodb:PutItem", TABLE)]}})
    (function,) = known.functions
    settings = replace(function.settings, environment=(("VALUE", value),))
    return replace(known, functions=(replace(function, settings=settings),))


def kept(value: str) -> str:
    (function,) = file.load(file.dump(holding(value))).functions
    ((_, text),) = function.settings.environment
    return text


def test_an_arn_stays() -> None:
    assert kept(QUEUE) == QUEUE


@pytest.mark.parametrize(
    "host", ["sqs.us-east-1.amazonaws.com", "us-east-1.queue.amazonaws.com", "localhost.example.com:4566"]
)
def test_the_url_of_a_queue_becomes_the_queue(host: str) -> None:
    assert kept(f"https://{host}/111122223333/orders") == QUEUE


def test_a_secret_is_not_kept() -> None:
    assert kept("hunter2") == "⟨VALUE⟩"


def test_a_name_that_several_resources_have_stands_for_all_of_them() -> None:
    assert kept("orders") == " ".join(sorted([FUNCTION, QUEUE, ROLE, TABLE]))


def test_the_name_of_one_resource_becomes_its_arn() -> None:
    alone = holding("invoices")
    policy = allow("s3:GetObject", "arn:aws:s3:::invoices/*")
    known = account({"more policies": {"Read": [policy]}})

    (function,) = file.load(file.dump(replace(known, functions=alone.functions))).functions
    assert function.settings.environment == (("VALUE", "arn:aws:s3:::invoices"),)


def test_no_value_is_in_the_text_of_an_account() -> None:
    assert "hunter2" not in repr(holding("hunter2"))
