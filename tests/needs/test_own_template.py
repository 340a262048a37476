"""Our own template is what the right policy looks like: no function of it holds more, or less, than it needs."""

from pathlib import Path

import pytest

from rolecall.model import Account, Function
from rolecall.needs.grant import grant
from rolecall.needs.of import of
from rolecall.needs.policy import propose
from rolecall.sources import template

HERE = Path(__file__).resolve().parents[2]
FUNCTIONS = (
    "HelloFunction",
    "AlbFunction",
    "S3Function",
    "EventBridgeFunction",
    "SqsFunction",
    "AuditorFunction",
    "SweepFunction",
    "WorkerFunction",
)
CHOSEN = {("lambda:ListTags", "arn:aws:lambda:*:123456789012:function:*")}
"""What a role of ours grants although its function may go without: GetFunction tells tags only to those who may list
them, and acceptances stand in tags."""


@pytest.fixture(scope="module")
def account() -> Account:
    (read,) = template.read([HERE / "template.yaml"], code=True)
    return read


def called(account: Account, name: str) -> Function:
    return next(each for each in account.functions if each.id == name and each.qualifier is None)


def test_these_are_all_functions_of_the_template(account: Account) -> None:
    assert {function.id for function in account.functions} == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_code_of_a_function_of_ours_is_understood_whole(name: str, account: Account) -> None:
    code = called(account, name).code
    assert code is not None

    assert (code.unresolved, [gap for gap in account.gaps if gap.what == "code"]) == ((), [])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_role_of_ours_allows_all_that_its_function_needs(name: str, account: Account) -> None:
    function = called(account, name)
    granted = grant(function, account)
    assert granted is not None

    assert [need for need in of(function, account).must if not granted.meets(need).allowed] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_proposal_for_a_function_of_ours_is_its_role(name: str, account: Account) -> None:
    function = called(account, name)
    role = account.role_of(function)
    assert role is not None
    allows = [each for policy in role.policies for each in policy.allows]
    proposal = propose(of(function, account))

    assert proposal.proven
    assert {
        (action, resource) for each in proposal.statements for action in each.actions for resource in each.resources
    } == {(action, resource) for each in allows for action in each.actions for resource in each.resources} - CHOSEN


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_role_of_ours_grants_beyond_that_is_of_use(name: str, account: Account) -> None:
    needs = of(called(account, name), account)
    reads = any(need.action == "lambda:GetFunction" for need in needs.must)

    assert ("lambda:ListTags" in {need.action for need in needs.may}) == reads
