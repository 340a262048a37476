"""What is not judged of a grant, because the code makes calls that were not resolved, is said: and no finding."""

from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Report
from rolecall.model import Gap
from tests.builders import ACCOUNT, LOG_GROUP, REGION, account, allow

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:refunds"
ROLE_ELSEWHERE = f"arn:aws:iam::{ACCOUNT}:role/reports"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
SERVICE = {"where": "app.py:4", "what": "makes a client of a service that is not known"}
ELSEWHERE = {"where": "app.py:9"}
PUT = {"service": "dynamodb", "operation": "PutItem", "where": "app.py:7", "parameters": [["TableName", ["orders"]]]}


def judged(
    *statements: dict[str, Any],
    policy: str = "Send",
    unresolved: tuple[dict[str, str], ...] = (SERVICE,),
    calls: tuple[dict[str, Any], ...] = (PUT,),
) -> Report:
    code = {"kind": "folder", "path": "app", "read": True, "unresolved": list(unresolved), "calls": list(calls)}
    policies = {"Write": [allow("dynamodb:PutItem", TABLE)], policy: list(statements)}
    return engine.audit(account({"more policies": policies, "function": {"code": code}}))


def gaps(report: Report) -> list[str]:
    return [gap.why for audited in report.functions for gap in audited.gaps]


def test_a_right_that_an_unresolved_call_may_need_is_a_gap_of_the_function_and_no_finding() -> None:
    report = judged(allow("sqs:SendMessage", QUEUE))

    why = f"app.py:4: {SERVICE['what']}, so it is not judged whether `sqs:SendMessage` is needed"
    assert (gaps(report), report.findings) == ([why], ())
    assert report.gaps == (Gap("grants", why, subject="orders", mendable=False),)


def test_the_head_of_the_report_says_of_which_functions() -> None:
    (note,) = judged(allow("sqs:SendMessage")).notes

    assert note == (
        "not all that their roles grant was judged, because the code makes calls that are not resolved: `orders`;"
        " `rolecall needs` shows the calls"
    )


@pytest.mark.parametrize(
    "statement",
    [
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], LOG_GROUP),
        allow("dynamodb:PutItem", TABLE),
    ],
)
def test_of_a_role_whose_rights_are_needed_nothing_is_said(statement: dict[str, Any]) -> None:
    report = judged(statement)

    assert (gaps(report), report.notes, report.findings) == ([], (), ())


def test_a_right_on_more_than_is_known_to_be_needed_is_not_judged() -> None:
    assert gaps(judged(allow("dynamodb:PutItem"))) == [
        f"app.py:4: {SERVICE['what']}, so it is not judged whether `dynamodb:PutItem` is needed"
    ]


def test_a_call_of_a_known_service_leaves_others_judged() -> None:
    report = judged(allow("sqs:SendMessage", QUEUE), unresolved=(SERVICE | {"service": "s3"},))

    assert (gaps(report), [each.rule for each in report.findings]) == ([], ["unneeded-grant"])


def test_only_the_calls_that_may_need_the_right_are_named() -> None:
    (why,) = gaps(
        judged(allow("sqs:SendMessage", QUEUE), unresolved=({**SERVICE, "service": "s3"}, SERVICE | ELSEWHERE))
    )

    assert why.startswith(f"app.py:9: {SERVICE['what']}, so it is not judged whether")


def test_a_call_whose_action_nobody_knows_may_need_any_of_its_service() -> None:
    newer = PUT | {"service": "sqs", "operation": "InventedCall", "where": "app.py:12", "parameters": []}
    report = judged(allow("sqs:SendMessage", QUEUE), unresolved=(), calls=(PUT, newer))

    what = "which action `sqs.InventedCall` needs is not known"
    why = f"app.py:12: {what}, so it is not judged whether `sqs:SendMessage` is needed"
    assert (gaps(report), report.findings) == ([why], ())


def test_a_call_that_needs_no_right_leaves_everything_judged() -> None:
    quiet = PUT | {"service": "sts", "operation": "GetCallerIdentity", "parameters": []}
    report = judged(allow("sts:AssumeRole", ROLE_ELSEWHERE), unresolved=(), calls=(PUT, quiet))

    assert (gaps(report), report.notes) == ([], ())
    assert [each.rule for each in report.findings] == ["unneeded-grant"]


@pytest.mark.parametrize(("action", "rule"), [("sqs:*", "service-wildcard"), ("*", "admin-role")])
def test_what_a_finding_tells_all_the_same_is_not_said_twice(action: str, rule: str) -> None:
    report = judged(allow(action))

    assert (gaps(report), [each.rule for each in report.findings]) == ([], [rule])


@pytest.mark.parametrize(("name", "said"), [("AmazonSQSReadOnlyAccess", 1), ("AmazonSQSFullAccess", 0)])
def test_a_policy_of_aws_is_judged_or_said_not_to_be(name: str, said: int) -> None:
    report = judged(allow("sqs:GetQueueUrl"), policy=f"arn:aws:iam::aws:policy/{name}")

    assert [len(gaps(report)), len(report.findings)] == [said, 1 - said]


def test_what_a_deny_takes_away_needs_no_judgement() -> None:
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}

    assert gaps(judged(allow("sqs:SendMessage"), deny)) == []


def test_rights_and_calls_are_told_in_one_line_however_many_there_are() -> None:
    calls = tuple(SERVICE | {"where": f"app.py:{line}"} for line in range(10, 60))
    many = [f"sqs:{verb}" for verb in ("CreateQueue", "DeleteQueue", "PurgeQueue", "SendMessage", "TagQueue")]

    (why,) = gaps(judged(allow(many), unresolved=calls))
    assert why == (
        f"app.py:10: {SERVICE['what']}, and 49 more like it, so it is not judged whether"
        " `sqs:PurgeQueue`, `sqs:DeleteQueue`, `sqs:SendMessage` and 2 more are needed"
    )
