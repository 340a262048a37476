"""Records of CloudTrail: names, regions, members and masks as AWS writes them."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from rolecall.changes import Change, parse
from sandbox import cloudtrail

HEADERS = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


def recorded(service: str, method: str, path: str, body: str, *, status: int = 200, answer: str = "{}") -> Any:
    call = cloudtrail.call(method, path, "", {"authorization": HEADERS.format(service)}, body.encode())
    if call is None:
        return None
    response = cloudtrail.Answer(status, {"content-type": "application/json"}, answer.encode())
    return cloudtrail.record(call, response, account="123456789012", identity={"type": "Root"}, source_ip="127.0.0.1")


def test_iam_is_recorded_in_us_east_1() -> None:
    body = urlencode({"Action": "AttachRolePolicy", "Version": "2010-05-08", "RoleName": "r", "PolicyArn": "arn:p"})
    record = recorded("iam", "POST", "/", body, answer="<AttachRolePolicyResponse/>")

    assert (record["eventName"], record["awsRegion"], record["readOnly"]) == ("AttachRolePolicy", "us-east-1", False)
    assert record["requestParameters"] == {"roleName": "r", "policyArn": "arn:p"}


def test_names_of_lambda_carry_dates() -> None:
    body = json.dumps({"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"})
    record = recorded("lambda", "POST", "/2015-03-31/functions/orders/policy", body, status=201)

    assert (record["eventName"], record["awsRegion"]) == ("AddPermission20150331v2", "eu-west-1")
    assert record["requestParameters"]["functionName"] == "orders"


def test_values_of_environment_variables_are_masked() -> None:
    body = json.dumps({"Environment": {"Variables": {"PASSWORD": "secret"}}})
    record = recorded("lambda", "PUT", "/2015-03-31/functions/orders/configuration", body)

    assert record["eventName"] == "UpdateFunctionConfiguration20150331v2"
    assert "secret" not in json.dumps(record)


def test_a_call_that_failed_says_why() -> None:
    body = urlencode({"Action": "DeleteRole", "Version": "2010-05-08", "RoleName": "r"})
    answer = "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no role</Message></Error></ErrorResponse>"
    record = recorded("iam", "POST", "/", body, status=404, answer=answer)

    assert (record["errorCode"], record["errorMessage"], record["responseElements"]) == (
        "NoSuchEntity",
        "no role",
        None,
    )


@pytest.mark.parametrize(
    ("service", "method", "path", "body"),
    [
        ("iam", "POST", "/", "Action=GetRole&Version=2010-05-08&RoleName=r"),
        ("lambda", "POST", "/2015-03-31/functions/orders/invocations", "{}"),
        ("lambda", "GET", "/2015-03-31/functions", ""),
        ("s3", "PUT", "/bucket/key", ""),
    ],
)
def test_what_only_reads_or_is_of_another_service_is_not_recorded(
    service: str, method: str, path: str, body: str
) -> None:
    assert recorded(service, method, path, body) is None


def test_the_auditor_understands_what_is_recorded() -> None:
    body = urlencode({"Action": "DeleteRolePolicy", "Version": "2010-05-08", "RoleName": "r", "PolicyName": "p"})
    record = recorded("iam", "POST", "/", body, answer="<DeleteRolePolicyResponse/>")
    change = parse({"detail": json.loads(cloudtrail.event(record)["Detail"])})

    assert isinstance(change, Change)
    assert change.roles == ("r",)
