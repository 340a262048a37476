"""Push triggers at their source: named one by one and walked, both say the same."""

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from rolecall.iam import catalog
from rolecall.iam.arn import Arn
from rolecall.model import Gap, Resource, Trigger
from rolecall.sources.aws import wires
from rolecall.sources.aws.calls import Calls, action
from rolecall.sources.aws.wires import READERS, Wires, wire
from rolecall.triggers import TRIGGERS
from tests.sources.aws.wires.made import FUNCTION, MADE, bucket, rule, schedule, target_group, topic
from tests.sources.aws.wires.recorded import HTTP_API, RECORDED, REST, REST_API
from tests.sources.aws.wires.sessions import ACCOUNT, REGION, Answer, Recorded

READER_FILES = Path(wires.__file__).parent
# Services and operations that moto lacks.
OTHERS: dict[str, Answer] = {
    "GetApis": {"Items": []},
    "GetRestApis": {"items": []},
    "ListUserPools": {"UserPools": []},
}
NO_ACCOUNT_FILTER: dict[str, Answer] = {"DescribeAccountPolicies": {"accountPolicies": []}}


def calls(session: Any, answers: dict[str, Answer] | None = None) -> Calls:
    return Calls(Recorded({**NO_ACCOUNT_FILTER, **(answers or {})}, session), account=ACCOUNT)


def recorded(answers: dict[str, Answer]) -> Calls:
    return Calls(Recorded(answers), account=ACCOUNT)


def triggers(found: Wires) -> tuple[Trigger, ...]:
    assert {each.function for each in found.found} <= {FUNCTION}
    return tuple(each.trigger for each in found.found)


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@pytest.mark.parametrize("service", MADE)
def test_a_source_says_the_same_when_named_and_when_walked(service: str, session: Any) -> None:
    trigger = MADE[service](session)
    named = wires.named(calls(session), trigger.source)

    assert triggers(named) == (trigger,)
    assert [each.arn for each in named.resources] == [trigger.source.removesuffix(":*")]
    assert named.gaps == ()
    assert READERS[service].walk(calls(session)) == named


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_source_says_the_same_when_named_and_when_walked(name: str) -> None:
    source, answers, expected = RECORDED[name]
    named = wires.named(recorded(answers), source)

    assert triggers(named) == expected
    assert named.resources == (Resource(source),)
    assert named.gaps == ()
    assert READERS[source.split(":")[2]].walk(recorded(answers)) == named


ABSENT = {
    "cloudwatch": arn("cloudwatch", "alarm:gone"),
    "config": arn("config", "config-rule/config-rule-gone"),
    "elasticloadbalancing": arn("elasticloadbalancing", "targetgroup/gone/0123456789abcdef"),
    "target group by name": arn("elasticloadbalancing", "targetgroup/gone/*"),
    "events": arn("events", "rule/gone"),
    "a bus": arn("events", "rule/gone/orders"),
    "firehose": arn("firehose", "deliverystream/gone"),
    "iot": arn("iot", "rule/gone"),
    "logs": arn("logs", "log-group:gone"),
    "pipes": arn("pipes", "pipe/gone"),
    "s3": "arn:aws:s3:::gone",
    "scheduler": arn("scheduler", "schedule/default/gone"),
    "secretsmanager": arn("secretsmanager", "secret:gone-AbCdEf"),
    "ses": arn("ses", "receipt-rule-set/gone:receipt-rule/orders"),
    "sns": arn("sns", "gone"),
    "states": arn("states", "stateMachine:gone"),
}


@pytest.mark.parametrize("name", ABSENT)
def test_a_source_that_does_not_exist_is_said_not_to(name: str, session: Any) -> None:
    assert wires.named(calls(session), ABSENT[name]) == Wires(resources=(Resource(ABSENT[name], exists=False),))


@pytest.mark.parametrize(
    ("source", "operations"),
    [
        (REST, ["GetResources", "GetIntegrations"]),
        (arn("cognito-idp", "userpool/gone"), ["DescribeUserPool"]),
        (arn("appsync", "apis/gone"), ["GetGraphqlApi", "GetApi"]),
    ],
)
def test_a_recorded_source_that_does_not_exist_is_said_not_to(source: str, operations: list[str]) -> None:
    code = "ResourceNotFoundException" if operations == ["DescribeUserPool"] else "NotFoundException"
    answers: dict[str, Answer] = dict.fromkeys(operations, code)

    assert wires.named(recorded(answers), source) == Wires(resources=(Resource(source, exists=False),))


LISTS = {
    "cloudwatch": "DescribeAlarms",
    "config": "DescribeConfigRules",
    "elasticloadbalancing": "DescribeTargetGroups",
    "events": "ListEventBuses",
    "firehose": "ListDeliveryStreams",
    "iot": "ListTopicRules",
    "logs": "DescribeLogGroups",
    "pipes": "ListPipes",
    "s3": "ListBuckets",
    "scheduler": "ListSchedules",
    "ses": "ListReceiptRuleSets",
    "sns": "ListSubscriptions",
    "states": "ListStateMachines",
}
DETAILS = {
    "elasticloadbalancing": "DescribeTargetHealth",
    "events": "ListTargetsByRule",
    "firehose": "DescribeDeliveryStream",
    "iot": "GetTopicRule",
    "logs": "DescribeSubscriptionFilters",
    "pipes": "DescribePipe",
    "s3": "GetBucketNotificationConfiguration",
    "scheduler": "GetSchedule",
    "states": "DescribeStateMachine",
}


@pytest.mark.parametrize("service", LISTS)
def test_a_refused_list_is_a_gap(service: str, session: Any) -> None:
    MADE[service](session)
    walked = READERS[service].walk(calls(session, {LISTS[service]: "AccessDeniedException"}))

    assert [(gap.what, gap.why, gap.mendable) for gap in walked.gaps] == [
        ("trigger source", "AccessDeniedException", True)
    ]
    assert walked.found == ()


@pytest.mark.parametrize("service", DETAILS)
def test_a_source_that_may_not_be_read_is_a_gap_and_marked(service: str, session: Any) -> None:
    trigger = MADE[service](session)
    refusing = calls(session, {DETAILS[service]: "AccessDenied"})
    named, walked = wires.named(refusing, trigger.source), READERS[service].walk(refusing)

    assert [gap.why for gap in named.gaps] == ["AccessDenied"]
    assert walked.gaps == named.gaps
    assert [[gap.subject for gap in each.gaps] for each in walked.resources] == [[trigger.source.removesuffix(":*")]]


@pytest.mark.parametrize("service", DETAILS)
def test_a_source_that_is_deleted_after_it_was_listed_is_not_there(service: str, session: Any) -> None:
    MADE[service](session)

    assert READERS[service].walk(calls(session, {DETAILS[service]: "ResourceNotFoundException"})) == Wires()


def test_when_one_service_refuses_the_others_still_speak(session: Any) -> None:
    made = {trigger.type: trigger for trigger in (topic(session), target_group(session), rule(session))}
    walked = wires.walk(calls(session, {"ListSubscriptions": "AccessDeniedException", **OTHERS}))

    assert [each.type for each in triggers(walked)] == ["alb", "eventbridge"]
    assert set(triggers(walked)) < set(made.values())
    assert walked.gaps == (Gap("trigger source", "AccessDeniedException", "sns:ListSubscriptions"),)


def test_a_page_that_fails_halfway_leaves_a_gap_beside_what_came_before() -> None:
    pages = iter([{"Items": [{"IntegrationId": "i", "IntegrationUri": FUNCTION}], "NextToken": "2"}, "Throttled"])
    found = wires.named(recorded({**HTTP_API, "GetIntegrations": lambda request: next(pages)}), REST)

    assert [trigger.id for trigger in triggers(found)] == ["integrations/i"]
    assert [(gap.why, gap.call) for gap in found.gaps] == [("Throttled", "apigateway:GET")]
    assert [len(each.gaps) for each in found.resources] == [1]


def test_buses_are_listed_to_their_last_page() -> None:
    pages = iter([{"EventBuses": [{"Name": "a"}], "NextToken": "2"}, {"EventBuses": [{"Name": "b"}]}])
    session = Recorded({"ListEventBuses": lambda request: next(pages), "ListRules": {"Rules": []}})

    assert READERS["events"].walk(Calls(session, account=ACCOUNT)) == Wires()
    assert (
        session.asked == ["ListEventBuses", "ListRules", "ListEventBuses", "ListRules"]
        or session.asked.count("ListRules") == 2
    )


def test_streams_are_listed_to_their_last_page() -> None:
    pages = iter([(["a"], True), (["b"], False)])

    def listed(request: dict[str, Any]) -> dict[str, Any]:
        names, more = next(pages)
        return {"DeliveryStreamNames": names, "HasMoreDeliveryStreams": more}

    answers: dict[str, Answer] = {
        "ListDeliveryStreams": listed,
        "DescribeDeliveryStream": {"DeliveryStreamDescription": {}},
    }
    names = [each.arn.rpartition("/")[2] for each in READERS["firehose"].walk(recorded(answers)).resources]

    assert names == ["a", "b"]


def test_a_walk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LIMIT", 2)
    groups = [{"logGroupName": name, "logGroupClass": "DELIVERY"} for name in "abc"]
    walked = READERS["logs"].walk(recorded({**NO_ACCOUNT_FILTER, "DescribeLogGroups": {"logGroups": groups}}))

    assert len(walked.resources) == 2
    assert [(gap.why, gap.mendable) for gap in walked.gaps] == [
        ("there are more than 2 sources of one service: the others are not read", False)
    ]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("orders", "`orders` is no ARN"),
        (arn("codecommit", "orders"), "what `codecommit` invokes is not read"),
        (arn("events", "event-bus/shop"), "is no rule"),
        (arn("events", "rule/orders-*"), "stands for more than one source"),
        ("arn:aws:s3:::orders*", "stands for more than one source"),
        (arn("execute-api", "*/*/GET/"), "stands for more than one source"),
        (arn("logs", "log-group:/shop/*:*"), "stands for more than one source"),
        (arn("secretsmanager", "secret:*"), "stands for more than one source"),
        (f"arn:aws:sns:{REGION}:444455556666:orders", "is in another account"),
        (f"arn:aws:sns:nowhere-1:{ACCOUNT}:orders", "no region `nowhere-1` is known"),
    ],
)
def test_what_cannot_be_looked_up_is_a_known_limit(source: str, why: str) -> None:
    (gap,) = wires.named(recorded({}), source).gaps

    assert (gap.what.startswith("trigger source"), gap.mendable) == (True, False)
    assert why in gap.why


@pytest.mark.parametrize("kind", ["event-bus/x", "thing/x", "x:y/z"])
@pytest.mark.parametrize("service", sorted(READERS.keys() - {"execute-api", "s3", "sns", "secretsmanager"}))
def test_another_kind_of_source_is_a_known_limit(service: str, kind: str) -> None:
    (gap,) = wires.named(recorded({}), arn(service, kind)).gaps

    assert not gap.mendable


@pytest.mark.parametrize("suffix", ["", "/*", "/prod/GET/orders", "/*/*", "/authorizers/a"])
def test_an_api_is_known_by_the_start_of_what_it_calls_with(suffix: str) -> None:
    assert wires.named(recorded(REST_API), REST + suffix) == wires.named(recorded(REST_API), REST)


def test_a_function_in_a_stage_variable_is_a_known_limit() -> None:
    uri = (
        f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}:${{stageVariables.alias}}/invocations"
    )
    found = wires.named(
        recorded({**HTTP_API, "GetAuthorizers": {"Items": [{"AuthorizerId": "a", "AuthorizerUri": uri}]}}), REST
    )

    assert [(gap.why, gap.mendable) for gap in found.gaps] == [
        (f"`authorizers/a` of `{REST}` names its function by a stage variable", False)
    ]


def test_a_target_group_is_found_by_its_name(session: Any) -> None:
    trigger = target_group(session)

    assert triggers(wires.named(calls(session), arn("elasticloadbalancing", "targetgroup/orders/*"))) == (trigger,)


@pytest.mark.parametrize("suffix", ["*", "??????"])
def test_a_secret_is_found_by_its_name(suffix: str, session: Any) -> None:
    source = session.client("secretsmanager").create_secret(Name="orders", SecretString="s")["ARN"]
    found = wires.named(calls(session), arn("secretsmanager", f"secret:orders-{suffix}"))

    assert found == Wires(resources=(Resource(source),))


def test_a_wildcard_for_the_account_stands_for_this_one(session: Any) -> None:
    trigger = topic(session)

    assert triggers(wires.named(calls(session), f"arn:*:sns:*:*:{trigger.source.rpartition(':')[2]}")) == (trigger,)


def test_a_source_in_another_region_is_asked_there(session: Any) -> None:
    source = session.client("sns", region_name="eu-west-1").create_topic(Name="orders")["TopicArn"]

    assert wires.named(calls(session), source) == Wires(resources=(Resource(source),))


def test_a_bucket_that_forbids_exists(session: Any) -> None:
    forbidding = calls(session, {"GetBucketNotificationConfiguration": "AccessDenied"})
    found = wires.named(forbidding, "arn:aws:s3:::theirs")

    assert [(each.exists, len(each.gaps)) for each in found.resources] == [(True, 1)]
    assert [gap.call for gap in found.gaps] == ["s3:GetBucketNotification"]


def test_a_bucket_of_another_region_has_no_wires_here(session: Any) -> None:
    elsewhere = calls(session, {"GetBucketNotificationConfiguration": "PermanentRedirect"})

    assert wires.named(elsewhere, "arn:aws:s3:::far") == Wires(resources=(Resource("arn:aws:s3:::far"),))


def test_only_buckets_of_the_region_are_walked(session: Any) -> None:
    bucket(session)
    far = {"LocationConstraint": "eu-west-1"}
    session.client("s3", region_name="eu-west-1").create_bucket(Bucket="far", CreateBucketConfiguration=far)

    assert [each.arn for each in READERS["s3"].walk(calls(session)).resources] == ["arn:aws:s3:::orders"]


def test_rules_are_found_by_their_target_on_the_buses_that_are_named(session: Any) -> None:
    trigger = rule(session)

    assert wires.events.targeting(calls(session), FUNCTION) == Wires()
    assert triggers(wires.events.targeting(calls(session), FUNCTION, ["default", "shop"])) == (trigger,)


def test_rules_of_a_target_that_may_not_be_listed_are_a_gap(session: Any) -> None:
    refusing = calls(session, {"ListRuleNamesByTarget": "AccessDeniedException"})

    assert [gap.call for gap in wires.events.targeting(refusing, FUNCTION).gaps] == ["events:ListRuleNamesByTarget"]


def test_a_subscription_whose_filter_may_not_be_read_is_a_wire_and_a_gap(session: Any) -> None:
    trigger = topic(session)
    found = wires.named(calls(session, {"GetSubscriptionAttributes": "AuthorizationError"}), trigger.source)

    assert triggers(found) == (Trigger("sns", trigger.source, trigger.id),)
    assert [gap.call for gap in found.gaps] == ["sns:GetSubscriptionAttributes"]


def test_an_account_wide_filter_comes_from_all_log_groups() -> None:
    document = f'{{"DestinationArn": "{FUNCTION}", "FilterPattern": ""}}'
    policy = {"policyName": "all", "policyDocument": document, "selectionCriteria": 'LogGroupName NOT IN ["/a"]'}
    found = wires.named(
        recorded({"DescribeAccountPolicies": {"accountPolicies": [policy]}}), arn("logs", "log-group:*")
    )

    assert triggers(found) == (
        Trigger(
            "cloudwatch-logs",
            arn("logs", "log-group:*"),
            "all",
            filter='{"groups": "LogGroupName NOT IN [\\"/a\\"]"}',
        ),
    )


def test_iot_hides_that_a_rule_does_not_exist_and_its_list_tells() -> None:
    answers: dict[str, Answer] = {"GetTopicRule": "UnauthorizedException", "ListTopicRules": {"rules": []}}
    source = arn("iot", "rule/gone")

    assert wires.named(recorded(answers), source) == Wires(resources=(Resource(source, exists=False),))


@pytest.mark.parametrize("quote", ["'", '"'])
def test_the_sql_of_a_rule_may_call_a_function(quote: str) -> None:
    sql = f"SELECT aws_lambda({quote}{FUNCTION}{quote}, *) FROM 'shop'"
    found = wires.named(recorded({"GetTopicRule": {"rule": {"sql": sql}}}), arn("iot", "rule/orders"))

    assert [trigger.id for trigger in triggers(found)] == ["orders"]


def test_a_schedule_may_call_the_api_itself(session: Any) -> None:
    trigger = schedule(session)
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:lambda:invoke", "RoleArn": trigger.role}
    session.client("scheduler").update_schedule(
        Name="orders",
        GroupName="shop",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={**target, "Input": '{"FunctionName": "orders", "Qualifier": "live"}'},
    )

    (found,) = wires.named(calls(session), trigger.source).found

    assert found.function == f"{FUNCTION}:live"


STATES = [
    ({"Resource": FUNCTION}, FUNCTION),
    ({"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": FUNCTION}}, FUNCTION),
    ({"Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "orders:live"}}, f"{FUNCTION}:live"),
    (
        {
            "Resource": "arn:aws:states:::aws-sdk:lambda:invoke",
            "Arguments": {"FunctionName": f"{ACCOUNT}:function:orders", "Qualifier": "1"},
        },
        f"{FUNCTION}:1",
    ),
    (
        {"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": {"FunctionName": "orders"}},
        FUNCTION,
    ),
    ({"Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName.$": "$.name"}}, None),
    ({"Resource": "arn:aws:states:::lambda:invoke", "Arguments": {"FunctionName": "{% $name %}"}}, None),
    ({"Resource": "arn:aws:states:::lambda:invoke", "Arguments": "{% $all %}"}, None),
]


@pytest.mark.parametrize(("task", "function"), STATES)
def test_a_state_names_its_function_or_computes_it(task: dict[str, Any], function: str | None) -> None:
    task = {"Type": "Task", **task}
    nested = {"States": {"All": {"Type": "Map", "ItemProcessor": {"States": {"One": task}}}}}
    machine = {"definition": json.dumps(nested), "roleArn": "r"}
    found = wires.named(recorded({"DescribeStateMachine": machine}), arn("states", "stateMachine:shop:live"))

    assert [each.function for each in found.found] == ([function] if function else [])
    assert [gap.mendable for gap in found.gaps] == ([] if function else [False])


def test_every_trigger_has_a_row() -> None:
    text = "".join(path.read_text() for path in READER_FILES.glob("*.py"))
    types = set(re.findall(r'\bTrigger\(\s*"([\w-]+)"', text))

    assert len(types) == len(READERS) + 1  # AppSync has two.
    assert types <= TRIGGERS.keys()


def test_every_call_has_an_action_in_the_catalog() -> None:
    session = botocore.session.get_session()
    text = "".join(path.read_text() for path in READER_FILES.glob("*.py"))
    asked = set(re.findall(r'(?:ask|pages)\(\s*"([\w-]+)",\s*"(\w+)"', text))
    names = {
        (service, each): action(service, each)
        for service in {service for service, _ in asked}
        for each in session.get_service_model(service).operation_names
        if (service, xform_name(each)) in asked
    }

    assert len(names) == len(asked)
    assert [name for name in names.values() if catalog.action(name) is None] == []


def test_every_reader_is_named_after_a_service_of_arns() -> None:
    assert all(Arn.parse(arn(service, "x")) for service in READERS)
    assert all(catalog.title(service) for service in READERS.keys() - {"execute-api"})
