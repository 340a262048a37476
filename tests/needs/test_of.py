"""All needs of a function together."""

from dataclasses import replace

from rolecall.model import Code, Gap, Unresolved
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.of import merged, of
from tests.needs.world import QUEUE, Trigger, account, call, function

PROOF = Proof("code", "app.py:7", "a call")


def test_needs_come_from_triggers_configuration_and_code() -> None:
    code = Code("folder", read=True, calls=(call("dynamodb", "PutItem", {"TableName": "orders"}),))
    found = of(function(Trigger("sqs", QUEUE), code=code), account())

    assert {need.proof.kind for need in found.must} == {"trigger", "config", "code"}
    assert found.unknown == frozenset()


def test_a_must_beats_a_may() -> None:
    may, must = (Need("s3:GetObject", "*", each, PROOF) for each in (Certainty.MAY, Certainty.MUST))

    assert merged([may, must]) == merged([must, may]) == (must,)


def test_code_that_was_not_read_leaves_all_services_open() -> None:
    assert not of(function(), account()).knows("s3:GetObject")
    assert not of(function(code=Code("image")), account()).knows("s3:GetObject")


def test_what_is_unresolved_leaves_its_service_open() -> None:
    code = Code("folder", read=True, unresolved=(Unresolved("app.py:3", "getattr", "stepfunctions"),))
    found = of(function(code=code), account())

    assert not found.knows("states:StartExecution")
    assert found.knows("s3:GetObject")


def test_a_mapping_that_is_not_known_leaves_open_what_lambda_polls() -> None:
    polled = replace(
        function(code=Code("folder", read=True)), gaps=(Gap("event source mappings", "read when it is deployed"),)
    )
    found = of(polled, account())

    assert not found.knows("sqs:ReceiveMessage")
    assert found.knows("s3:GetObject")


def test_a_call_of_an_unknown_service_leaves_all_open() -> None:
    code = Code("folder", read=True, unresolved=(Unresolved("app.py:3", "boto3.client(name)"),))

    assert not of(function(code=code), account()).knows("s3:GetObject")


def test_an_operation_that_nobody_knows_leaves_its_service_open() -> None:
    code = Code("folder", read=True, calls=(call("sqs", "InventedCall"),))
    found = of(function(code=code), account())

    assert not found.knows("sqs:SendMessage")
    assert found.unresolved == (Unresolved("app.py:7", "which action `sqs.InventedCall` needs is not known", "sqs"),)
    assert all(need.certainty is not Certainty.UNKNOWN for need in found.needs)


def test_needs_are_computed_once() -> None:
    one, within = function(), account()

    assert of(one, within) is of(one, within)
