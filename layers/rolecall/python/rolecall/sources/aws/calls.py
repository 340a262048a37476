"""Calls of AWS APIs: made with retries, counted, and refused in one way."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Adaptive: slows down where AWS throttles. Eight attempts are some 60 seconds.
CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 8}, connect_timeout=5, read_timeout=20)
ABSENT = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "AccessPointNotFound",
        "DBClusterNotFoundFault",
        "FileSystemNotFound",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchConfigRuleException",
        "NoSuchEntity",
        "NotFound",
        "NotFoundException",
        "PolicyNotFound",
        "PolicyNotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "RuleDoesNotExist",
        "RuleSetDoesNotExist",
        "ServerSideEncryptionConfigurationNotFoundError",
        "StateMachineDoesNotExist",
        "TargetGroupNotFound",
        "TrailNotFoundException",
    }
)
# Service of the API -> prefix of its IAM actions, where they differ.
PREFIXES: Mapping[str, str] = {
    "apigatewayv2": "apigateway",
    "docdb": "rds",
    "elbv2": "elasticloadbalancing",
    "stepfunctions": "states",
    "efs": "elasticfilesystem",
}
# (service, operation) -> IAM action, where it is not named after the operation: Service Authorization Reference.
ACTIONS: Mapping[tuple[str, str], str] = {
    ("s3", "GetBucketNotificationConfiguration"): "s3:GetBucketNotification",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
}


def action(service: str, operation: str) -> str:
    """The IAM action of an operation of the API model.

    >>> action("elbv2", "DescribeTargetHealth"), action("apigatewayv2", "GetApis")
    ('elasticloadbalancing:DescribeTargetHealth', 'apigateway:GET')
    """
    if service in ("apigateway", "apigatewayv2"):
        return "apigateway:GET"
    return ACTIONS.get((service, operation), f"{PREFIXES.get(service, service)}:{operation}")


class Refused(Exception):
    """AWS said no, or said nothing. `call` is the IAM action, `why` one line, `absent`: there is no such thing."""

    def __init__(self, call: str, why: str, *, absent: bool = False) -> None:
        super().__init__(f"{call}: {why}")
        self.call, self.why, self.absent = call, why, absent


def unhurried(call: str) -> None:
    """The pace of one who may ask as often as AWS answers."""


class Calls:
    """What was asked of AWS, through one session, in one account and region; `made` counts the calls by IAM action.

    `pace` is called with the IAM action before each call, and may wait.
    """

    def __init__(self, session: Any, *, account: str = "", pace: Callable[[str], None] = unhurried) -> None:
        self._session, self._pace = session, pace
        self.account: str = account
        self.region: str = session.region_name
        self.partition: str = session.get_partition_for_region(self.region)
        self._lock = Lock()
        self._clients: dict[tuple[str, str], Any] = {}
        self.made: Counter[str] = Counter()

    def at(self, region: str) -> "Calls":
        """The same in another region; what is asked there is counted here.

        Raises
        ------
        Refused : no such region is known, so that nobody would answer
        """
        # The name may come out of a policy: it must not become the name of a host that is waited for.
        if region not in self._session.get_available_regions("lambda", self.partition):
            raise Refused("region", f"no region `{region}` is known")
        other = copy(self)
        other.region = region
        return other

    def client(self, service: str, region: str | None = None) -> Any:
        """The client of a service, made on first use. boto3 makes one client at a time only.

        Raises
        ------
        Refused : it cannot be made, such as with half a pair of credentials
        """
        where = (service, region or self.region)
        try:
            with self._lock:
                if where not in self._clients:
                    self._clients[where] = self._session.client(service, config=CONFIG, region_name=where[1])
        except BotoCoreError as error:
            raise Refused(service, " ".join(str(error).split())) from error
        return self._clients[where]

    def ask(self, service: str, operation: str, *, region: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One call, in the session's region or in another one.

        Raises
        ------
        Refused : AWS refused, or did not answer, after all retries
        """
        client = self.client(service, region)
        answer: dict[str, Any] = self._one(client, service, operation, lambda: getattr(client, operation)(**parameters))
        return answer

    def pages(
        self, service: str, operation: str, member: str, *, region: str | None = None, **parameters: Any
    ) -> Iterator[Any]:
        """The items of all pages.

        Raises
        ------
        Refused : a page could not be read: what came before must not be taken for the whole
        """
        for answer in self.answers(service, operation, region=region, **parameters):
            yield from answer.get(member) or ()

    def answers(
        self, service: str, operation: str, *, region: str | None = None, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """All pages, whole. Raises like `pages`."""
        client = self.client(service, region)
        if not client.can_paginate(operation):
            yield from self._unpaged(service, operation, region, parameters)
            return
        pages = iter(client.get_paginator(operation).paginate(**parameters))
        while (page := self._one(client, service, operation, lambda: next(pages, None))) is not None:
            yield page

    def _unpaged(
        self, service: str, operation: str, region: str | None, parameters: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """The pages of an operation of whose pages botocore does not know."""
        token: dict[str, str] = {}
        while True:
            answer = self.ask(service, operation, region=region, **parameters, **token)
            yield answer
            token = {name: answer[name] for name in ("NextToken", "nextToken") if answer.get(name)}
            if not token:
                return

    def _one(self, client: Any, service: str, operation: str, call: Callable[[], Any]) -> Any:
        name = action(service, client.meta.method_to_api_mapping[operation])
        self._pace(name)
        try:
            answer = call()
        except ClientError as error:
            self._count(name)
            code = str(error.response["Error"].get("Code", "unknown error"))
            raise Refused(name, code, absent=code in ABSENT) from error
        except BotoCoreError as error:
            self._count(name)
            raise Refused(name, " ".join(str(error).split())) from error
        if answer is not None:  # After the last page there was no call.
            self._count(name)
        return answer

    def _count(self, name: str) -> None:
        with self._lock:
            self.made[name] += 1
