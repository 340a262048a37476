"""One account for all tests of this folder, with the app deployed into it."""

from collections.abc import Iterator

import pytest

from sandbox import account
from sandbox.deploy import deploy
from sandbox.stack import Stack


@pytest.fixture(scope="session")
def sandbox() -> Iterator[account.Account]:
    with account.start() as running:
        yield running


@pytest.fixture(scope="session")
def stack(sandbox: account.Account) -> Stack:
    return deploy(sandbox)
