"""What roles last used, as IAM keeps it: one job for each role, asked for and then looked at until it is done.

IAM API Reference, "GenerateServiceLastAccessedDetails" and "GetServiceLastAccessedDetails".
"""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

from rolecall.model import LAST_ACCESSED, Access, Account, Gap, LastAccessed, Role
from rolecall.sources.aws.calls import Calls, Refused

AT_ONCE = 4
TRIES, PAUSE = 30, 1.0
"""Looks at one job, and seconds between them: IAM takes some seconds for a role."""


class UnfinishedError(Exception):
    """A job that gave nothing: one line, why."""


def with_last_accessed(calls: Calls, account: Account, *, pause: Callable[[float], None] = time.sleep) -> Account:
    """The account, its execution roles with what they last used; a gap for each of which IAM does not tell."""
    used = {function.role for function in account.functions}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # All jobs are started before the first is waited for.
        jobs = {role.arn: pool.submit(_start, calls, role.arn) for role in account.roles if role.arn in used}
        read = partial(_with, calls, {arn: job.result for arn, job in jobs.items()}, pause)
        return replace(account, roles=tuple(pool.map(read, account.roles)))


def _start(calls: Calls, arn: str) -> str:
    answer = calls.ask("iam", "generate_service_last_accessed_details", Arn=arn, Granularity="ACTION_LEVEL")
    job: str = answer["JobId"]
    return job


def _with(calls: Calls, jobs: Mapping[str, Callable[[], str]], pause: Callable[[float], None], role: Role) -> Role:
    if role.arn not in jobs:
        return role
    try:
        return replace(role, last_accessed=_read(calls, jobs[role.arn](), pause))
    except Refused as refused:
        gap = Gap(LAST_ACCESSED, refused.why, refused.call, role.arn)
    except UnfinishedError as unfinished:
        gap = Gap(LAST_ACCESSED, str(unfinished), "iam:GetServiceLastAccessedDetails", role.arn)
    return replace(role, gaps=(*role.gaps, gap))


def _read(calls: Calls, job: str, pause: Callable[[float], None]) -> LastAccessed:
    first = _done(calls, job, pause)
    uses: list[Access] = []
    for page in _pages(calls, job, first):
        for service in page.get("ServicesLastAccessed", ()):
            uses += _accesses(service)
    return LastAccessed(_time(first["JobCompletionDate"]) or "", tuple(sorted(uses, key=lambda each: each.name)))


def _done(calls: Calls, job: str, pause: Callable[[float], None]) -> dict[str, Any]:
    """The first page of a job that is completed."""
    for number in range(TRIES):
        if number:
            pause(PAUSE)
        answer = calls.ask("iam", "get_service_last_accessed_details", JobId=job)
        if answer["JobStatus"] == "COMPLETED":
            return answer
        if answer["JobStatus"] == "FAILED":
            raise UnfinishedError(f"IAM's job failed: {answer.get('Error', {}).get('Code', 'unknown error')}")
    raise UnfinishedError(f"IAM's job is not done after {TRIES * PAUSE:.0f} seconds")


def _pages(calls: Calls, job: str, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All pages: botocore does not know that these are some."""
    yield page
    while page.get("IsTruncated"):
        page = calls.ask("iam", "get_service_last_accessed_details", JobId=job, Marker=page["Marker"])
        yield page


def _accesses(service: Mapping[str, Any]) -> Iterator[Access]:
    """Of a service, and of each of its actions that IAM tracks by itself."""
    prefix = service["ServiceNamespace"]
    yield Access(prefix, _time(service.get("LastAuthenticated")), service.get("LastAuthenticatedRegion"))
    for action in service.get("TrackedActionsLastAccessed", ()):
        name = f"{prefix}:{action['ActionName']}"
        yield Access(name, _time(action.get("LastAccessedTime")), action.get("LastAccessedRegion"))


def _time(value: Any) -> str | None:
    return value.isoformat() if value else None
