"""Sessions for tests: one whose clients answer what was recorded, one in which an operation is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

ACCOUNT, REGION = "123456789012", "us-east-1"
Answer = dict[str, Any] | str | Callable[[dict[str, Any]], Any]


@dataclass
class Recorded:
    """Answers each operation with what is recorded for it: its answer, an error's code, or a function of the request.

    `behind` is the session that answers the others; without one they are refused.
    """

    answers: Mapping[str, Answer]
    behind: Any = None
    region_name: str = REGION
    asked: list[str] = field(default_factory=list)

    def get_partition_for_region(self, region: str) -> str:
        return "aws"

    def get_available_regions(self, service: str, partition: str) -> list[str]:
        return [REGION, "eu-west-1"]

    def client(self, service: str, **more: Any) -> Any:
        session: Any = self.behind or boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")
        client = session.client(service, **more)
        client.meta.events.register(f"before-call.{client.meta.service_model.service_id.hyphenize()}", self._answer)
        return client

    def _answer(self, model: Any, params: dict[str, Any], **more: Any) -> Any:
        self.asked.append(model.name)
        answer = self.answers.get(model.name, None if self.behind else "AccessDeniedException")
        if callable(answer):
            answer = answer(params)
        if answer is None:
            return None
        if isinstance(answer, str):
            return AWSResponse("", 400, HTTPHeaders(), None), {"Error": {"Code": answer, "Message": "no"}}
        return AWSResponse("", 200, HTTPHeaders(), None), answer
