"""Records of CloudTrail, as events of EventBridge carry them."""

from typing import Any

from rolecall.changes import Change, Skipped, parse
from tests.builders import ACCOUNT, REGION


def call(name: str, parameters: Any = None, *, service: str = "lambda", **members: Any) -> dict[str, Any]:
    """An event of EventBridge with the record of one call."""
    record = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "eventID": "e-1",
        "eventTime": "2026-11-24T10:00:00Z",
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "userIdentity": {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann"},
        "requestParameters": parameters,
    }
    return {"detail-type": "AWS API Call via CloudTrail", "detail": record | members}


def changed(name: str, parameters: Any = None, **more: Any) -> Change:
    """The change that such a record tells of."""
    change = parse(call(name, parameters, **more))
    assert isinstance(change, Change), change
    return change


def reason(event: object) -> str:
    """Why an event is skipped."""
    skipped = parse(event)
    assert isinstance(skipped, Skipped), skipped
    return skipped.reason
