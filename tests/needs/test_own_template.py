"""Our own template is what the right policy looks like: no function of it holds more, or less, than it needs."""

from dataclasses import replace
from pathlib import Path

import pytest

from rolecall.model import Account, Call, Code, Function
from rolecall.needs.grant import grant
from rolecall.needs.of import of
from rolecall.needs.policy import propose
from rolecall.sources import template
from tests.needs.world import call

HERE = Path(__file__).resolve().parents[2]
CALLS: dict[str, tuple[Call, ...]] = {
    "HelloFunction": (),
    "AlbFunction": (),
    "S3Function": (
        call(
            "s3", "GetObject", {"Bucket": "⟨event:Records[].s3.bucket.name⟩", "Key": "⟨event:Records[].s3.object.key⟩"}
        ),
        call("s3", "PutObject", {"Bucket": "⟨env:SUMMARY_BUCKET⟩", "Key": "⟨event:Records[].s3.object.key⟩.json"}),
    ),
    "EventBridgeFunction": (call("events", "PutEvents", {"Entries.EventBusName": "⟨env:BUS⟩"}),),
    "SqsFunction": (call("dynamodb", "PutItem", {"TableName": "⟨env:TABLE⟩"}),),
}
"""What the code of the demo functions calls."""


@pytest.fixture(scope="module")
def account() -> Account:
    (read,) = template.read([HERE / "template.yaml"])
    return read


def with_code(account: Account, name: str) -> Function:
    found = next(each for each in account.functions if each.id == name and each.qualifier is None)
    return replace(found, code=Code("folder", read=True, calls=CALLS[name]))


@pytest.mark.parametrize("name", CALLS)
def test_a_role_of_ours_allows_all_that_its_function_needs(name: str, account: Account) -> None:
    function = with_code(account, name)
    granted = grant(function, account)
    assert granted is not None

    assert [need for need in of(function, account).must if not granted.meets(need).allowed] == []


@pytest.mark.parametrize("name", CALLS)
def test_the_proposal_for_a_function_of_ours_is_its_role(name: str, account: Account) -> None:
    function = with_code(account, name)
    role = account.role_of(function)
    assert role is not None
    allows = [each for policy in role.policies for each in policy.allows]
    proposal = propose(of(function, account))

    assert proposal.proven
    assert {
        (action, resource) for each in proposal.statements for action in each.actions for resource in each.resources
    } == {(action, resource) for each in allows for action in each.actions for resource in each.resources}
