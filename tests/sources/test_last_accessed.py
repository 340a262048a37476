"""What roles last used, out of IAM's jobs."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from rolecall.model import LAST_ACCESSED, Access, Gap, LastAccessed, Role
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.last_accessed import TRIES, with_last_accessed
from tests.builders import REGION, ROLE, account

NOW, THEN = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 2, 3, tzinfo=UTC)
SQS = {
    "ServiceNamespace": "sqs",
    "LastAuthenticated": THEN,
    "LastAuthenticatedRegion": REGION,
    "TrackedActionsLastAccessed": [{"ActionName": "PurgeQueue"}],
}
S3 = {"ServiceNamespace": "s3", "LastAuthenticated": THEN, "LastAuthenticatedRegion": REGION}
RUNNING = {"JobStatus": "IN_PROGRESS"}
JOB = "2b3f6c1e-0000-4000-8000-000000000001"


def done(*services: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"JobStatus": "COMPLETED", "JobCompletionDate": NOW, "ServicesLastAccessed": list(services), **more}


class Iam:
    """IAM, which starts a job and gives these answers to who looks at it; the last one again and again."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers, self.asked, self.slept = list(answers), list[dict[str, Any]](), list[float]()

    def read(self) -> Role:
        session: Any = boto3.Session("key", "secret", region_name=REGION)
        for operation in ("GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"):
            session.events.register(f"before-call.iam.{operation}", self.answer)
        (role,) = with_last_accessed(Calls(session), account(), pause=self.slept.append).roles
        return role

    def answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        ok = AWSResponse("", 200, HTTPHeaders(), None)
        if model.name.startswith("Generate"):
            return ok, {"JobId": JOB}
        self.asked.append({name: text for name, text in params["body"].items() if name in ("JobId", "Marker")})
        return ok, self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)


def test_services_and_their_tracked_actions_are_read() -> None:
    role = Iam(done(SQS)).read()

    assert role.last_accessed == LastAccessed(
        NOW.isoformat(), (Access("sqs", THEN.isoformat(), REGION), Access("sqs:PurgeQueue"))
    )


def test_all_pages_are_read() -> None:
    iam = Iam(done(SQS, IsTruncated=True, Marker="next"), done(S3))
    read = iam.read().last_accessed

    assert read is not None
    assert [each.name for each in read.accesses] == ["s3", "sqs", "sqs:PurgeQueue"]
    assert iam.asked == [{"JobId": JOB}, {"JobId": JOB, "Marker": "next"}]


def test_a_job_is_waited_for() -> None:
    iam = Iam(RUNNING, RUNNING, done(SQS))

    assert iam.read().last_accessed is not None
    assert iam.slept == [1.0, 1.0]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RUNNING, "IAM's job is not done after 30 seconds"),
        (
            {"JobStatus": "FAILED", "Error": {"Code": "InternalError", "Message": "x"}},
            "IAM's job failed: InternalError",
        ),
    ],
)
def test_a_job_that_gives_nothing_is_a_gap(answer: dict[str, Any], why: str) -> None:
    iam = Iam(answer)
    role = iam.read()

    assert role.last_accessed is None
    assert role.gaps == (Gap(LAST_ACCESSED, why, "iam:GetServiceLastAccessedDetails", ROLE),)
    assert len(iam.asked) <= TRIES
