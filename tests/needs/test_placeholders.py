"""Names from the environment and the event are what the function's configuration says they are."""

import json
from dataclasses import replace

import pytest

from rolecall.model import Gap
from rolecall.needs.from_code import needs_of
from tests.needs.world import Trigger, account, arn, call, function, needed


def test_a_variable_is_its_value() -> None:
    made = call("dynamodb", "PutItem", {"TableName": "⟨env:TABLE⟩"})

    assert needed(made, function(environment={"TABLE": "orders"})) == {
        ("dynamodb:PutItem", arn("dynamodb", "table/orders"), "must")
    }


def test_a_variable_may_hold_an_arn() -> None:
    made = call("dynamodb", "PutItem", {"TableName": "⟨env:TABLE⟩"})
    table = "arn:aws:dynamodb:eu-west-1:444455556666:table/theirs"

    assert needed(made, function(environment={"TABLE": table})) == {("dynamodb:PutItem", table, "must")}


def test_a_variable_that_is_not_known_stays_open() -> None:
    made = call("dynamodb", "PutItem", {"TableName": "⟨env:TABLE⟩"})

    assert needed(made, function(environment={"TABLE": "⟨Table⟩"})) == {
        ("dynamodb:PutItem", arn("dynamodb", "table/⟨Table⟩"), "must")
    }
    assert needed(made) == {("dynamodb:PutItem", arn("dynamodb", "table/⟨env:TABLE⟩"), "must")}


def test_a_variable_in_a_text_is_filled_in() -> None:
    made = call("s3", "PutObject", {"Bucket": "⟨env:STAGE⟩-out", "Key": "⟨?⟩"})

    assert needed(made, function(environment={"STAGE": "prod"})) == {
        ("s3:PutObject", "arn:aws:s3:::prod-out/*", "must")
    }


def test_lambda_sets_some_variables_itself() -> None:
    made = call("lambda", "Invoke", {"FunctionName": "⟨env:AWS_LAMBDA_FUNCTION_NAME⟩"})

    assert needed(made) == {("lambda:InvokeFunction", arn("lambda", "function:orders"), "must")}


def test_the_bucket_of_the_event_is_that_of_the_trigger() -> None:
    parameters = {"Bucket": "⟨event:Records[].s3.bucket.name⟩", "Key": "⟨event:Records[].s3.object.key⟩"}
    found = needs_of(call("s3", "GetObject", parameters), function(Trigger("s3", "arn:aws:s3:::inbox")), account())

    assert [(need.resource, need.literal) for need in found if need.action == "s3:GetObject"] == [
        ("arn:aws:s3:::inbox/*", False)
    ]


def notified(*filters: dict[str, str]) -> set[tuple[str, str, str]]:
    """What reading the object that the event names needs, where notifications with these filters tell of it."""
    parameters = {"Bucket": "⟨event:Records[].s3.bucket.name⟩", "Key": "⟨event:Records[].s3.object.key⟩"}
    triggers = [Trigger("s3", "arn:aws:s3:::inbox", filter=json.dumps(each)) for each in filters]
    return {each for each in needed(call("s3", "GetObject", parameters), function(*triggers)) if "Get" in each[0]}


@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        ([{"prefix": "in/"}], "in/*"),
        ([{"prefix": "in/", "suffix": ".csv"}], "in/*.csv"),
        ([{"suffix": ".csv"}], "*.csv"),
        ([{"prefix": "in/a/", "suffix": ".csv"}, {"prefix": "in/b/", "suffix": ".txt"}], "in/*"),
        ([{"prefix": "in/"}, {}], "*"),
    ],
)
def test_the_filters_of_the_notifications_bound_the_key_of_the_event(filters: list[dict[str, str]], keys: str) -> None:
    assert notified(*filters) == {("s3:GetObject", f"arn:aws:s3:::inbox/{keys}", "must")}


def test_two_triggers_are_alternatives() -> None:
    made = call("s3", "GetObject", {"Bucket": "⟨event:Records.0.s3.bucket.name⟩", "Key": "k"})
    found = needed(made, function(Trigger("s3", "arn:aws:s3:::one"), Trigger("s3", "arn:aws:s3:::two")))

    assert found == {("s3:GetObject", f"arn:aws:s3:::{name}/k", "may") for name in ("one", "two")}


def test_an_event_pattern_may_name_the_bucket() -> None:
    pattern = json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": ["inbox"]}}})
    rule = Trigger("eventbridge", arn("events", "rule/r"), filter=pattern)
    made = call("s3", "GetObject", {"Bucket": "⟨event:detail.bucket.name⟩", "Key": "k"})

    assert needed(made, function(rule)) == {("s3:GetObject", "arn:aws:s3:::inbox/k", "must")}


def test_an_event_that_no_trigger_tells_stays_open() -> None:
    made = call("s3", "GetObject", {"Bucket": "⟨event:bucket⟩", "Key": "k"})

    assert needed(made) == {("s3:GetObject", "arn:aws:s3:::⟨event:bucket⟩/k", "must")}


def test_a_secret_that_is_rotated_is_that_of_the_trigger() -> None:
    secret = arn("secretsmanager", "secret:db-AbCdEf")
    made = call("secretsmanager", "DescribeSecret", {"SecretId": "⟨event:SecretId⟩"})

    assert needed(made, function(Trigger("secretsmanager", secret))) == {
        ("secretsmanager:DescribeSecret", secret, "must")
    }


def test_what_stands_in_for_a_variable_is_its_value_where_it_is_not_set() -> None:
    made = call("dynamodb", "PutItem", {"TableName": ("orders", "⟨env:TABLE=orders⟩")})

    assert needed(made) == {("dynamodb:PutItem", arn("dynamodb", "table/orders"), "must")}


def test_what_stands_in_for_a_variable_is_not_meant_where_it_is_set() -> None:
    made = call("dynamodb", "PutItem", {"TableName": ("orders-new", "⟨env:TABLE=orders⟩-new")})

    assert needed(made, function(environment={"TABLE": "carts"})) == {
        ("dynamodb:PutItem", arn("dynamodb", "table/carts-new"), "must")
    }


def test_a_variable_of_an_environment_that_was_not_read_may_be_set() -> None:
    made = call("dynamodb", "PutItem", {"TableName": ("orders", "⟨env:TABLE=orders⟩")})
    unread = replace(function(), gaps=(Gap("environment", "AccessDeniedException"),))

    assert {certainty for *_, certainty in needed(made, unread)} == {"may"}


def test_a_path_is_asked_for_as_the_call_has_it() -> None:
    made = call("ssm", "GetParametersByPath", {"Path": "/shop"})

    assert needed(made) == {
        ("ssm:GetParametersByPath", arn("ssm", "parameter/shop"), "must"),
        ("ssm:GetParametersByPath", arn("ssm", "parameter/shop/*"), "may"),
    }
