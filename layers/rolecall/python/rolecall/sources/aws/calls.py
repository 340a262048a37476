"""Calls of AWS APIs: made with retries, counted, and refused in one way."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Adaptive: slows down where AWS throttles. Six attempts are some 20 seconds.
CONFIG = Config(retries={"mode": "adaptive", "max_attempts": 6}, connect_timeout=5, read_timeout=20)
ABSENT = frozenset({"NoSuchEntity", "ResourceNotFoundException"})


class Refused(Exception):
    """AWS said no, or said nothing. `call` is the IAM action, `why` one line, `absent`: there is no such thing."""

    def __init__(self, call: str, why: str, *, absent: bool = False) -> None:
        super().__init__(f"{call}: {why}")
        self.call, self.why, self.absent = call, why, absent


class Calls:
    """What was asked of AWS, through one session; `made` counts the calls by IAM action."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._lock = Lock()
        self.made: Counter[str] = Counter()

    @cache  # noqa: B019  It lives as long as one audit.
    def client(self, service: str) -> Any:
        """The client of a service, made on first use. boto3 makes one client at a time only.

        Raises
        ------
        Refused : it cannot be made, such as with half a pair of credentials
        """
        try:
            with self._lock:
                return self._session.client(service, config=CONFIG)
        except BotoCoreError as error:
            raise Refused(service, " ".join(str(error).split())) from error

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call.

        Raises
        ------
        Refused : AWS refused, or did not answer, after all retries
        """
        client = self.client(service)
        call = f"{service}:{client.meta.method_to_api_mapping[operation]}"
        self.made[call] += 1
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except ClientError as error:
            code = error.response["Error"].get("Code", "unknown error")
            raise Refused(call, code, absent=code in ABSENT) from error
        except BotoCoreError as error:
            raise Refused(call, " ".join(str(error).split())) from error
        return answer

    def pages(self, service: str, operation: str, member: str, **parameters: Any) -> Iterator[Any]:
        """The items of all pages; both ways in which AWS marks a next page.

        Raises
        ------
        Refused : a page could not be read: what came before must not be taken for the whole
        """
        while True:
            answer = self.ask(service, operation, **parameters)
            yield from answer[member]
            marker = answer.get("NextMarker") or answer.get("Marker")
            if not marker:
                return
            parameters["Marker"] = marker
