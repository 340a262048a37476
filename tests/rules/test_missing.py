"""What a role lacks: what must not be called missing, what is not decided, and one cause, one finding."""

import json
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Confidence, Finding, Severity
from rolecall.iam import cases
from rolecall.rules import OVER_GRANTS, all_rules
from rolecall.rules.blocked_need import UNDER_GRANTS
from tests.builders import ACCOUNT, FUNCTION, LOG_GROUP, QUEUE, REGION, ROLE, account, allow

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
PUT = {"service": "dynamodb", "operation": "PutItem", "where": "app.py:12", "parameters": {"TableName": "orders"}}
POLL = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
LOGS = allow(["logs:CreateLogStream", "logs:PutLogEvents"], LOG_GROUP)


def found(fragment: dict[str, Any]) -> tuple[Finding, ...]:
    """What an audit of the clean function with the fragment over it finds."""
    return engine.audit(account(fragment)).findings


def one(fragment: dict[str, Any]) -> Finding:
    (finding,) = found(fragment)
    return finding


def names(fragment: dict[str, Any]) -> list[str]:
    return [finding.rule for finding in found(fragment)]


def deny(action: str, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    return statement | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize("state", ["Disabled", "Disabling", "Creating", "Enabling", "Updating", "Deleting"])
def test_a_mapping_that_does_not_poll_lacks_nothing(state: str) -> None:
    told = names({"policies": {"Logs": [LOGS]}, "triggers": [{"type": "sqs", "source": QUEUE, "state": state}]})

    assert told == (["failing-trigger"] if state == "Disabled" else [])


def test_a_role_whose_policies_were_not_read_is_not_said_to_lack_anything() -> None:
    fragment = {"policies": {"Broken": [{"Effect": "Perhaps", "Action": "*", "Resource": "*"}]}, "calls": [PUT]}

    assert names(fragment) == ["incomplete-audit"]


def test_the_environments_key_needs_no_right_on_the_role() -> None:
    assert names({"settings": {"key": KEY}, "resources": [{"arn": KEY, "gaps": []}]}) == []


def test_a_queue_with_a_key_of_aws_needs_no_right() -> None:
    assert names({"resources": [{"arn": QUEUE, "key": None}]}) == []


def test_the_deny_for_calls_of_the_code_does_not_block_lambda() -> None:
    condition = {"ArnEquals": {"lambda:SourceFunctionArn": FUNCTION}}

    assert names({"more policies": {"Guard": [deny("sqs:*", **condition)]}}) == []


def test_a_deny_that_speaks_of_something_else_blocks_nothing() -> None:
    assert names({"more policies": {"Guard": [deny("sqs:DeleteQueue")]}}) == []


def test_list_streams_is_never_missing() -> None:
    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"
    verbs = ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
    actions = [f"kinesis:{verb}" for verb in verbs]
    triggers = [{"type": "kinesis", "source": stream}]

    assert names({"policies": {"Logs": [LOGS], "Poll": [allow(actions, stream)]}, "triggers": triggers}) == []
    finding = one({"policies": {"Logs": [LOGS], "Poll": [allow(actions[:-1], stream)]}, "triggers": triggers})
    assert (finding.actions, finding.severity) == (("kinesis:ListShards",), Severity.MEDIUM)


def test_either_action_of_a_cluster_is_enough() -> None:
    cluster = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/clicks/1-2"
    network = allow(["ec2:*NetworkInterface*", "ec2:DescribeSubnets", "ec2:DescribeVpcs", "ec2:DescribeSecurityGroups"])
    reads = [allow("kafka:DescribeCluster", cluster), allow("kafka:GetBootstrapBrokers")]
    triggers = [{"type": "msk", "source": cluster}]

    assert "unreadable-source" not in names({"policies": {"Poll": [LOGS, network, *reads]}, "triggers": triggers})
    found_ = names({"policies": {"Poll": [LOGS, network, reads[0]]}, "triggers": triggers})
    assert "unreadable-source" in found_


def test_the_policy_of_the_queue_may_let_the_role_in() -> None:
    policy = [allow(POLL, QUEUE, Principal={"AWS": ROLE})]

    assert names({"policies": {"Logs": [LOGS]}, "resources": [{"arn": QUEUE, "policy": policy}]}) == []


def test_a_missing_log_group_that_no_one_looked_for_is_no_need() -> None:
    assert names({"policies": {"All": [LOGS, allow(POLL, QUEUE)]}}) == []


def test_a_call_that_may_not_happen_is_not_missing() -> None:
    assert names({"calls": [PUT | {"certain": False}]}) == []


def test_a_need_of_trigger_and_code_is_told_once() -> None:
    call = {"service": "sqs", "operation": "ReceiveMessage", "parameters": {"QueueUrl": "orders"}}

    assert names({"policies": {"Logs": [LOGS]}, "calls": [call]}).count("unreadable-source") == 1
    assert "denied-call" not in names({"policies": {"Logs": [LOGS]}, "calls": [call]})


def test_a_condition_that_is_not_known_is_a_gap_once() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    finding = one({"policies": {"Logs": [LOGS], "Poll": [allow(POLL, QUEUE, Condition=condition)]}})

    assert finding.rule == "incomplete-audit"
    assert "a condition on `aws:principalorgid` decides" in finding.message
    assert finding.severity is Severity.INFO


def test_a_condition_on_what_the_code_writes_is_decided() -> None:
    metric = {"service": "cloudwatch", "operation": "PutMetricData", "where": "app.py:3"}
    statement = {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}
    narrowed = statement | {"Condition": {"StringEquals": {"cloudwatch:namespace": "Shop"}}}

    def told(namespace: str) -> list[str]:
        call = metric | {"parameters": {"Namespace": namespace}}
        return names({"calls": [call], "more policies": {"Count": [narrowed]}})

    assert (told("Shop"), told("Till")) == ([], ["blocked-need"])


def test_to_which_service_a_role_is_passed_is_known_by_the_call() -> None:
    runner = f"arn:aws:iam::{ACCOUNT}:role/runner"
    schedule = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/n"
    call = {"service": "scheduler", "operation": "CreateSchedule", "where": "app.py:3"}

    def told(service: str) -> list[str]:
        passing = allow("iam:PassRole", runner, Condition={"StringEquals": {"iam:PassedToService": service}})
        return names(
            {
                "calls": [call | {"parameters": {"Name": "n", "Target.RoleArn": runner}}],
                "more policies": {"Plan": [allow("scheduler:CreateSchedule", schedule), passing]},
            }
        )

    assert (told("scheduler.amazonaws.com"), told("lambda.amazonaws.com")) == ([], ["blocked-need"])


def test_what_another_account_must_allow_too_is_a_known_limit() -> None:
    foreign = QUEUE.replace(ACCOUNT, "999988887777")
    triggers = [{"type": "sqs", "source": foreign}]

    finding = one({"policies": {"All": [LOGS, allow(POLL, foreign)]}, "triggers": triggers})
    assert (finding.rule, finding.severity) == ("incomplete-audit", Severity.INFO)
    assert "account 999988887777 must allow it as well" in finding.message


def test_another_accounts_word_alone_is_not_enough() -> None:
    triggers = [{"type": "sqs", "source": QUEUE.replace(ACCOUNT, "999988887777")}]

    finding = one({"policies": {"All": [LOGS]}, "triggers": triggers})
    assert (finding.rule, finding.confidence) == ("unreadable-source", Confidence.HIGH)


def test_guards_against_other_accounts_and_services_block_nothing() -> None:
    own = {"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}, "Bool": {"aws:PrincipalIsAWSService": "false"}}

    assert names({"more policies": {"Guard": [deny("*", **own)]}}) == []


@pytest.mark.parametrize("name", ["⟨?⟩", "⟨event:table⟩", "orders-⟨event:table⟩"])
def test_a_resource_that_the_code_does_not_say_is_a_known_limit(name: str) -> None:
    call = PUT | {"parameters": {"TableName": name}}
    finding = one({"calls": [call], "more policies": {"Store": [allow("dynamodb:PutItem", f"{TABLE}-eu")]}})

    assert (finding.rule, finding.severity) == ("incomplete-audit", Severity.INFO)


def test_a_resource_that_was_inferred_makes_it_medium() -> None:
    found_ = one({"calls": [PUT | {"parameters": {"TableName": "⟨?⟩"}}]})

    assert (found_.rule, found_.severity) == ("denied-call", Severity.MEDIUM)


def test_a_denied_call_says_where_and_what_mends_it() -> None:
    finding = one({"calls": [PUT], "more policies": {"Store": [allow("dynamodb:PutItem", f"{TABLE}-old")]}})

    assert finding.severity is Severity.HIGH
    assert finding.evidence["where"] == "app.py:12"
    assert json.loads(finding.fix) == allow(["dynamodb:PutItem"], TABLE)
    assert finding.evidence["near"]["policy"] == "Store"  # type: ignore[index]


def test_a_slip_in_an_action_is_a_near_miss() -> None:
    denied, unknown = found({"calls": [PUT], "more policies": {"Store": [allow("dynamodb:PutItm", TABLE)]}})

    assert (denied.rule, unknown.rule) == ("denied-call", "unknown-action")
    assert denied.evidence["near"]["statement"]["Action"] == ["dynamodb:PutItm"]  # type: ignore[index]


def test_a_policy_that_was_not_read_lowers_the_confidence() -> None:
    fragment: dict[str, Any] = {"policies": {"Logs": [LOGS]}}

    assert one(fragment).confidence is Confidence.MEDIUM
    assert one(fragment | {"resources": [{"arn": QUEUE}]}).confidence is Confidence.HIGH


def test_the_witness_is_a_case_that_is_denied() -> None:
    finding = one({"calls": [PUT]})
    answer = cases.answer(json.dumps({"id": 1, **(finding.witness or {})}))

    assert answer["decision"] == "ImplicitlyDenied"


@pytest.mark.parametrize(
    "fragment",
    [
        {"more policies": {"Guard": [deny("sqs:DeleteMessage")]}},
        {"boundary": [allow(["logs:*", "xray:*", "sqs:ReceiveMessage", "sqs:GetQueueAttributes"])]},
        {
            "policies": {
                "Logs": [LOGS],
                "Poll": [allow(POLL, QUEUE, Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})],
            }
        },
    ],
    ids=["deny", "boundary", "condition"],
)
def test_what_is_blocked_is_told_once_and_by_one_rule(fragment: dict[str, Any]) -> None:
    assert names(fragment) == ["blocked-need"]


def test_where_a_boundary_blocks_what_no_statement_allows_the_fix_says_so() -> None:
    finding = one({"calls": [PUT], "boundary": [allow(["logs:*", "xray:*", "sqs:*"])]})

    assert finding.rule == "denied-call"
    assert finding.fix.endswith("; it takes a change of the permissions boundary, which does not allow it, too")


def test_a_boundary_blocks_patterns_too() -> None:
    fragment: dict[str, Any] = {
        "settings": {"targets": [{"on": "failure", "arn": "arn:aws:s3:::lost"}]},
        "more policies": {"Send": [allow("s3:*", ["arn:aws:s3:::lost", "arn:aws:s3:::lost/*"])]},
        "boundary": [allow(["logs:*", "sqs:*"])],
    }

    assert {finding.rule for finding in found(fragment)} - {"service-wildcard"} == {"blocked-need"}


def test_a_key_policy_that_does_not_delegate_makes_the_grant_worthless() -> None:
    queue = {"arn": QUEUE, "key": KEY}
    policy = [allow("kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/keeper"})]
    finding = one(
        {
            "more policies": {"Key": [allow("kms:Decrypt", KEY)]},
            "resources": [queue, {"arn": KEY, "policy": policy}],
        }
    )

    assert finding.rule == "unusable-key"
    assert finding.evidence["key_policy"] == "does not let the account's policies decide"


def test_the_lesser_rights_on_interfaces_and_traces_are_low() -> None:
    vital = ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"]
    traces = {"All": [LOGS, allow(POLL, QUEUE), allow("xray:PutTraceSegments")]}

    assert (
        one({"settings": {"subnets": ["subnet-1"]}, "more policies": {"Net": [allow(vital)]}}).severity is Severity.LOW
    )
    assert one({"settings": {"tracing": True}, "policies": traces}).severity is Severity.LOW


def test_an_action_without_resources_is_not_allowed_on_one() -> None:
    scoped = allow("xray:PutTraceSegments", f"arn:aws:xray:{REGION}:{ACCOUNT}:group/orders")
    policies = {"All": [LOGS, allow(POLL, QUEUE), allow("xray:PutTelemetryRecords"), scoped]}

    judged = names({"settings": {"tracing": True}, "policies": policies})
    assert judged == ["unknown-action", "unwritable-traces"]


def test_a_file_system_whose_policy_was_not_read_is_a_gap() -> None:
    point = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/fsap-1"

    assert names({"settings": {"file_systems": [point]}}) == ["incomplete-audit"]
    mounts = {"Mount": [allow("elasticfilesystem:ClientMount")]}
    assert names({"settings": {"file_systems": [point]}, "more policies": mounts}) == []


def test_one_reason_not_to_know_is_told_once() -> None:
    guard = deny("*", StringNotEquals={"aws:PrincipalOrgID": ["o-1"]})

    assert names({"more policies": {"Guard": [guard]}, "settings": {"tracing": True}}) == ["incomplete-audit"]


@pytest.mark.parametrize("end", [":*", ":*:*", ":log-stream:*"])
def test_each_way_to_write_the_streams_of_a_group_will_do(end: str) -> None:
    group = LOG_GROUP.removesuffix(":*") + end

    assert (
        names({"policies": {"All": [allow(["logs:CreateLogStream", "logs:PutLogEvents", *POLL], [group, QUEUE])]}})
        == []
    )


def test_a_group_without_its_streams_is_not_enough() -> None:
    group = LOG_GROUP.removesuffix(":*")
    policies = {"All": [allow(["logs:CreateLogStream", "logs:PutLogEvents"], group), allow(POLL, QUEUE)]}

    assert names({"policies": policies}) == ["unknown-action", "unwritable-logs"]


def test_the_name_of_a_finding_stays_when_a_line_moves() -> None:
    assert one({"calls": [PUT]}).fingerprint == one({"calls": [PUT | {"where": "app.py:99"}]}).fingerprint


def test_a_deny_of_other_regions_and_accounts_blocks_nothing_here() -> None:
    regions = deny("*", StringNotEquals={"aws:RequestedRegion": [REGION]})
    owners = deny("*", StringNotEquals={"aws:ResourceAccount": [ACCOUNT]})

    assert names({"settings": {}, "more policies": {"Guard": [regions, owners]}}) == []
    elsewhere = deny("sqs:*", StringNotEquals={"aws:RequestedRegion": ["eu-west-1"]})
    assert names({"more policies": {"Guard": [elsewhere]}}) == ["blocked-need"]


def test_every_rule_that_is_blocked_is_a_rule() -> None:
    assert {*UNDER_GRANTS, "blocked-need"} <= {rule.name for rule in all_rules()}
    assert not OVER_GRANTS & set(UNDER_GRANTS)


def test_all_that_is_missing_of_one_service_on_one_thing_is_one_finding() -> None:
    calls = [
        PUT,
        {**PUT, "operation": "GetItem", "where": "app.py:13"},
        {**PUT, "operation": "Scan", "where": "app.py:14"},
    ]
    finding = one({"calls": calls})

    assert finding.actions == ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan")
    assert finding.message == (
        "`orders` may not `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:Scan` on `table/orders`:"
        " the code calls `dynamodb.GetItem` in app.py:13, and 2 more"
    )
    assert finding.fingerprint == one({"calls": [PUT]}).fingerprint


def test_statements_that_were_meant_to_allow_it_are_no_findings_of_their_own() -> None:
    meant = [allow(action, f"{TABLE}-old") for action in ("dynamodb:PutItem", "dynamodb:GetItem")]
    calls = [PUT, {**PUT, "operation": "GetItem"}]

    assert names({"calls": calls, "more policies": {"Store": meant}}) == ["denied-call"]


@pytest.mark.parametrize(
    ("table", "severity", "why"),
    [
        ("⟨event:ResourceProperties.Table⟩", Severity.INFO, "the event says on which resource"),
        ("⟨env:TABLE⟩", Severity.MEDIUM, "not all names are known"),
    ],
)
def test_nobody_can_mend_that_the_event_names_the_table(table: str, severity: Severity, why: str) -> None:
    calls = [{**PUT, "parameters": {"TableName": table}}]
    finding = one({"calls": calls, "more policies": {"Store": [allow("dynamodb:PutItem", TABLE)]}})

    assert (finding.rule, finding.severity, finding.message.rpartition(": ")[2]) == ("incomplete-audit", severity, why)
