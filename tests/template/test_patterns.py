"""The patterns that wake the auditor let in what `changes` has a row for, and nothing else."""

import json
from typing import Any

import botocore.session
import pytest

from rolecall.changes import LATER, ROWS, Change, parse
from rolecall.changes.rows import SOURCES
from tests.builders import FUNCTION
from tests.changes.records import call
from tests.template.test_template import RESOURCES, ROLES, actions, of_type

RULES = {name: each for name, each in of_type("AWS::Events::Rule").items() if name.startswith("Auditor")}
BY_NAME = ("AuditorSourcesRule", "AuditorCallersRule", "AuditorResourcesRule", "AuditorAccountRule")
CLIENTS = {"elasticloadbalancing": ("elb", "elbv2"), "monitoring": ("cloudwatch",), "amazonmq": ("mq",)} | {
    "apigateway": ("apigateway", "apigatewayv2")
}
SESSION = botocore.session.get_session()


def lets_in(pattern: Any, event: Any) -> bool:
    """EventBridge's matching, as far as our patterns use it: values and `exists`."""
    inner = {name: wanted for name, wanted in pattern.items() if isinstance(wanted, dict)}
    listed = {name: wanted for name, wanted in pattern.items() if name not in inner}
    return all(lets_in(wanted, event.get(name, {})) for name, wanted in inner.items()) and all(
        any(_fits(each, event, name) for each in wanted) for name, wanted in listed.items()
    )


def _fits(wanted: Any, event: dict[str, Any], name: str) -> bool:
    if isinstance(wanted, dict):
        return bool((name in event) == wanted["exists"])
    return bool(name in event and event[name] == wanted)


def event(service: str, name: str, **members: Any) -> dict[str, Any]:
    """An event as EventBridge gets it from CloudTrail."""
    made = call(name, {}, service=service, managementEvent=True, readOnly=False, **members)
    if name == "LambdaESMDisabled":
        made |= {"detail-type": "AWS Service Event via CloudTrail"}
        made["detail"]["managementEvent"] = False
    return {"source": f"aws.{service}", **made}


def woken(made: dict[str, Any]) -> list[str]:
    """The rules that let an event in."""
    return [name for name, rule in RULES.items() if lets_in(rule["EventPattern"], made)]


def sources(service: str) -> list[str]:
    """What eventSource can be for a service of the rows."""
    return [service, *(source for source, each in SOURCES.items() if each == service)]


def operations(source: str) -> set[str]:
    models = [SESSION.get_service_model(client) for client in CLIENTS.get(source, (source,))]
    return {name for model in models for name in model.operation_names}


@pytest.mark.parametrize(("service", "name"), sorted({*ROWS, *LATER}))
def test_each_row_is_let_in_by_one_rule(service: str, name: str) -> None:
    assert [len(woken(event(source, name))) for source in sources(service)] == [1 for _ in sources(service)]


@pytest.mark.parametrize("name", ["AddPermission20150331v2", "UpdateFunctionConfiguration20150331v2"])
def test_names_with_dates_are_let_in(name: str) -> None:
    assert woken(event("lambda", name)) == ["AuditorRule"]


@pytest.mark.parametrize("rule", BY_NAME)
def test_no_call_is_let_in_that_no_row_knows(rule: str) -> None:
    listed = RULES[rule]["EventPattern"]["detail"]["eventSource"]
    let_in = {
        (SOURCES.get(source, source), name)
        for source in (each.removesuffix(".amazonaws.com") for each in listed)
        for name in operations(source)
        if rule in woken(event(source, name))
    }

    assert let_in - set(ROWS) == set()


@pytest.mark.parametrize("rule", BY_NAME)
def test_no_name_in_a_pattern_is_of_no_use(rule: str) -> None:
    detail = RULES[rule]["EventPattern"]["detail"]
    services = {SOURCES.get(each.partition(".")[0], each.partition(".")[0]) for each in detail["eventSource"]}

    assert set(detail["eventName"]) == {name for service, name in ROWS if service in services}


def test_calls_that_fail_or_read_do_not_wake_the_auditor() -> None:
    assert woken(event("sns", "Subscribe", errorCode="AccessDenied")) == []
    assert woken({"source": "aws.iam", **call("GetRole", {}, service="iam", managementEvent=True, readOnly=True)}) == []


def test_an_attempt_to_make_a_function_public_does() -> None:
    assert woken(event("lambda", "AddPermission20150331v2", errorCode="PublicPolicyException")) == ["AuditorRule"]


@pytest.mark.parametrize("role", [role for role in ROLES if role.startswith(("Auditor", "Sweep", "Worker"))])
def test_the_auditor_does_not_wake_itself(role: str) -> None:
    own = [action.split(":") for action in actions(role) if not action.startswith(("iam:", "lambda:"))]

    assert [name for service, name in own if woken(event(service, name))] == []
    # Of these two it may only read, and such calls are not let in.
    rest = {action.split(":")[1] for action in actions(role) if action.startswith(("iam:", "lambda:"))}
    assert {name for name in rest if not name.startswith(("Get", "List"))} == set()


def test_iam_and_lambda_are_heard_when_they_manage_and_write() -> None:
    detail = RULES["AuditorRule"]["EventPattern"]["detail"]

    assert (detail["managementEvent"], detail["readOnly"]) == ([True], [False])


def test_no_data_event_of_lambda_wakes_the_auditor() -> None:
    invoked = {"source": "aws.lambda", **call("Invoke", {}, managementEvent=False, readOnly=False)}

    assert woken(invoked) == []


def test_what_lambda_says_of_a_mapping_reaches_its_function() -> None:
    made = event("lambda", "LambdaESMDisabled", eventType="AwsServiceEvent", resources=[{"ARN": FUNCTION}])
    change = parse(made)

    assert woken(made) == ["AuditorMappingsRule"]
    assert isinstance(change, Change)
    assert change.functions == ("orders",)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_retries_and_keeps_what_it_cannot_deliver(rule: dict[str, Any]) -> None:
    (target,) = rule["Targets"]

    assert len(json.dumps(rule["EventPattern"])) < 2048
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["AuditorUndelivered", "Arn"]}}
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 3600}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_may_invoke_the_auditor(rule: str) -> None:
    permission = RESOURCES[f"{rule.removesuffix('Rule')}Permission"]["Properties"]

    assert permission["SourceArn"] == {"Fn::GetAtt": [rule, "Arn"]}
    assert permission["FunctionName"] == {"Ref": "AuditorFunction"}


def test_the_queue_lets_in_every_rule_and_nobody_else() -> None:
    (statement,) = RESOURCES["AuditorUndeliveredPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    arns = [{"Fn::GetAtt": [rule, "Arn"]} for rule in RULES]

    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": arns}}
