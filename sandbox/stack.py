"""The deployed stack as the demo sees it: outputs, functions, and the lines that they log."""

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from sandbox.account import Account

NAME = "rolecall"
PATIENCE = 90  # seconds to wait for one log line
PAUSE, LONGEST = 0.005, 0.1  # seconds between two looks: they grow with the time that was waited


class BrokenPromiseError(Exception):
    """Something that the demo shows did not happen: one line, what was waited for."""


class Stack:
    """A deployed stack in a sandbox account."""

    def __init__(self, account: Account, name: str = NAME) -> None:
        self.account, self.name = account, name
        (described,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        self.outputs: dict[str, str] = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}

    @cache  # noqa: B019  A stack lives as long as the process.
    def client(self, service: str) -> Any:
        """A boto3 client of the account."""
        return self.account.client(service)

    def session(self) -> Any:
        """A boto3 session of the account's administrator, whose clients call the account and no other."""
        return Session(self.account)

    def functions(self) -> list[str]:
        """The ARNs of the stack's functions."""
        return [value for key, value in self.outputs.items() if key.endswith("FunctionArn")]

    def arn(self, function: str) -> str:
        """The ARN of a function by the stem of its logical id: `Hello`, `S3`."""
        return self.outputs[f"{function}FunctionArn"]

    def role(self, function: str) -> str:
        """The ARN of a function's execution role."""
        role: str = self.configuration(function)["Role"]
        return role

    def configuration(self, function: str) -> dict[str, Any]:
        """What Lambda says of a function."""
        answer: dict[str, Any] = self.client("lambda").get_function_configuration(FunctionName=self.arn(function))
        return answer

    def log_group(self, function: str) -> str:
        """The log group that a function writes to."""
        group: str = self.configuration(function)["LoggingConfig"]["LogGroup"]
        return group

    def wait(self, group: str, start: int, wanted: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """The first JSON line of a log group since `start` (milliseconds) that is wanted.

        Raises
        ------
        BrokenPromiseError : none came in time
        """
        began = time.monotonic()
        while (waited := time.monotonic() - began) < PATIENCE:
            for line in self._lines(group, start):
                if wanted(line):
                    return line
            time.sleep(min(LONGEST, max(PAUSE, waited / 20)))
        raise BrokenPromiseError(f"no line in {group} within {PATIENCE} s: {what}")

    def _lines(self, group: str, start: int) -> Iterator[dict[str, Any]]:
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
        for event in (event for page in pages for event in page["events"]):
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue  # a platform line, such as REPORT
            if isinstance(line, dict):
                yield line


class Session:
    """What `rolecall.sources.aws` uses of a boto3 session, with the account's endpoint."""

    def __init__(self, account: Account) -> None:
        self._session, self._endpoint = account.session(), account.endpoint
        self.region_name: str = self._session.region_name

    def client(self, service: str, **more: Any) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint, **more)

    def get_partition_for_region(self, region: str) -> str:
        partition: str = self._session.get_partition_for_region(region)
        return partition


def now() -> int:
    """Milliseconds since the epoch, as CloudWatch Logs counts."""
    return int(time.time() * 1000)
