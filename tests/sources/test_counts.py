"""How many calls of AWS an audit makes: the limits that `docs/sweep.md` reckons with."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rolecall.sources.aws import World
from tests.sources.world import arn, make_function, make_orders, make_role, open_session, world

PAGE = 50  # functions of a page of ListFunctions: Lambda API Reference. moto's pages are longer.


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One plain function (a role with one inline policy, no source), among 500 that share a role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = open_session()
        make_function(session, "plain", make_role(session, "plain"))
        others = make_role(session, "others")
        for number in range(499):
            make_function(session, f"f{number}", others)
        yield session


class Known:
    """An index that has seen every function."""

    complete = True

    def users(self, name: str) -> frozenset[str]:
        return frozenset({arn("lambda", "function:plain")}) if name == "role/plain" else frozenset()

    def wired(self, function: str) -> tuple[str, ...]:
        return ()


def made(world: World) -> int:
    """All calls, but that for the one thing that each function points to: its log group."""
    return world.calls.made.total() - world.calls.made["logs:DescribeLogGroups"]


def test_an_event_on_a_plain_function_costs_ten_calls_and_one_for_its_log_group(session: Any) -> None:
    warm = world(session, index=Known())
    warm.read({arn("lambda", "function:plain")})

    assert (made(warm), warm.calls.made["logs:DescribeLogGroups"]) == (10, 1)


def test_without_an_index_it_costs_ten_more_pages_of_the_list(session: Any) -> None:
    cold = world(session)
    cold.read({arn("lambda", "function:plain")})
    listed = cold.calls.made["lambda:ListFunctions"]

    assert made(cold) - listed + 500 // PAGE == 20


def test_an_alias_costs_a_call_for_all_that_hangs_on_it(session: Any) -> None:
    functions = session.client("lambda")
    version = functions.publish_version(FunctionName="plain")["Version"]
    before = world(session, index=Known())
    before.read({arn("lambda", "function:plain")})
    functions.create_alias(FunctionName="plain", Name="live", FunctionVersion=version)
    after = world(session, index=Known())
    after.read({arn("lambda", "function:plain")})

    more = after.calls.made - before.calls.made
    assert more == {
        "lambda:GetPolicy": 1,
        "lambda:GetFunctionConfiguration": 1,
        "lambda:ListEventSourceMappings": 1,
        "events:ListRuleNamesByTarget": 1,
    }


def test_a_sweep_asks_for_each_function_what_the_arithmetic_says(session: Any) -> None:
    make_orders(session)
    swept = world(session)
    swept.read()

    asked = {call: number for call, number in swept.calls.made.items() if call.startswith("lambda:")}
    lists = ("lambda:ListFunctions", "lambda:ListEventSourceMappings")
    per_function = {call: number / 501 for call, number in asked.items() if call not in lists}
    assert per_function == {
        "lambda:GetFunction": 1,
        "lambda:GetPolicy": pytest.approx(502 / 501),
        "lambda:ListAliases": 1,
        "lambda:ListFunctionUrlConfigs": 1,
        "lambda:ListFunctionEventInvokeConfigs": 1,
    }
