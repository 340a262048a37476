"""Is Lambda's detection of loops off? Asked of those functions alone that write to a source of their own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from rolecall import engine
from rolecall.model import Account
from tests.builders import allow, document
from tests.sources.world import Refusing, arn, make_function, make_role, open_session, world

QUEUE = arn("sqs", "jobs")
ORDERS = arn("lambda", "function:orders")
POLLS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
CALL = "lambda:GetFunctionRecursionConfig"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """`orders` polls a queue, and may send to it, too."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        session = open_session()
        role = make_role(session, "orders")
        grant(session, [*POLLS, "sqs:SendMessage"])
        make_function(session, "orders", role)
        session.client("sqs").create_queue(QueueName="jobs")
        session.client("lambda").create_event_source_mapping(FunctionName="orders", EventSourceArn=QUEUE)
        yield session


def grant(session: Any, actions: list[str]) -> None:
    text = json.dumps(document(allow(actions, QUEUE)))
    session.client("iam").put_role_policy(RoleName="orders", PolicyName="queue", PolicyDocument=text)


def saying(session: Any, answer: str) -> Refusing:
    """The session in which Lambda answers what moto does not know."""
    said = {"RecursiveLoop": answer}
    return Refusing(session, "lambda", "get_function_recursion_config", refuses=lambda _: False, answer=said)


def severity(account: Account) -> list[str]:
    return [each.severity.value for each in engine.audit(account).findings if each.rule == "trigger-loop"]


@pytest.mark.parametrize(("answer", "expected"), [("Terminate", ["medium"]), ("Allow", ["high"])])
def test_a_loop_is_high_where_lambda_may_not_stop_it(answer: str, expected: list[str], session: Any) -> None:
    assert severity(world(saying(session, answer)).read({ORDERS})) == expected
    assert severity(world(saying(session, answer)).read()) == expected


def test_who_cannot_loop_is_not_asked(session: Any) -> None:
    looping = world(saying(session, "Allow"))
    looping.read({ORDERS})
    grant(session, POLLS)
    plain = world(saying(session, "Allow"))
    plain.read({ORDERS})

    assert (looping.calls.made[CALL], plain.calls.made[CALL]) == (1, 0)


def test_an_answer_that_is_refused_is_a_gap(session: Any) -> None:
    account = world(Refusing(session, "lambda", "get_function_recursion_config")).read({ORDERS})

    assert ("recursive loop detection", CALL) in {(gap.what, gap.call) for gap in account.all_gaps()}
    assert severity(account) == ["medium"]


def test_a_function_that_is_gone_meanwhile_is_no_gap(session: Any) -> None:
    gone = Refusing(session, "lambda", "get_function_recursion_config", "ResourceNotFoundException")

    assert [gap for gap in world(gone).read({ORDERS}).all_gaps() if gap.call == CALL] == []
