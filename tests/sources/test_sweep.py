"""A sweep and single audits: the same findings, within the limits of calls, memory and time."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rolecall import engine
from rolecall.finding import Finding
from rolecall.model import Account
from tests.sources.world import arn, make_function, make_role, open_session, world

MANY = 1_000


class Once:
    """A session that makes each client once: a thousand audits would spend their time on that alone."""

    def __init__(self, session: Any) -> None:
        self._session, self.region_name = session, session.region_name
        self._clients: dict[str, Any] = {}

    def get_partition_for_region(self, region: str) -> str:
        return "aws"

    def client(self, service: str, **more: Any) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, **more)
        return self._clients[service]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    """1,000 functions: each tenth shares the role of its neighbour, each seventh may be invoked by any rule."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        session = Once(open_session())
        functions = session.client("lambda")
        for number in range(MANY):
            make_role(session, f"f{number}")
        for number in range(MANY):
            make_function(session, f"f{number}", arn("iam", f"role/f{number - (number % 10 == 0 and number > 0)}"))
            if number % 7 == 0:
                functions.add_permission(
                    FunctionName=f"f{number}",
                    StatementId="rule",
                    Action="lambda:InvokeFunction",
                    Principal="events.amazonaws.com",
                )
        yield session


@pytest.fixture(scope="module")
def swept(session: Any) -> Account:
    return world(session).read()


def facts(findings: tuple[Finding, ...]) -> set[tuple[str, str | None, str]]:
    return {(finding.rule, finding.function, finding.fingerprint) for finding in findings}


def test_a_sweep_finds_the_same_as_single_audits(session: Any, swept: Account) -> None:
    listed = world(session).functions
    single = set()
    for function in listed:
        one = world(session, index=Listed({each.arn: each.role for each in listed}))
        single |= facts(engine.audit(one.read({function.arn}), whole=False).findings)

    assert len(swept.functions) == MANY
    assert facts(engine.audit(swept, whole=False).findings) == single


class Listed:
    """What remembers who uses which role."""

    complete = True

    def __init__(self, roles: dict[str, str]) -> None:
        self.roles = roles

    def users(self, name: str) -> frozenset[str]:
        return frozenset(arn for arn, role in self.roles.items() if f"role/{role.rpartition('/')[2]}" == name)

    def wired(self, function: str) -> tuple[str, ...]:
        return ()
