"""Wires: the triggers that a source itself declares, such as a bucket's notifications or a rule's targets."""

from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

from rolecall.iam.arn import Arn
from rolecall.iam.wildcard import is_wild
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires import (
    alb,
    api,
    appsync,
    cloudwatch,
    cognito,
    config,
    events,
    firehose,
    iot,
    logs,
    pipes,
    s3,
    scheduler,
    secretsmanager,
    ses,
    sns,
    states,
)
from rolecall.sources.aws.wires.events import targeting
from rolecall.sources.aws.wires.wire import SEVERAL, Wire, Wires, join, limit

__all__ = ["READERS", "Reader", "Wire", "Wires", "join", "named", "readable", "targeting", "unnamed", "walk"]

AT_ONCE = 4  # Services. Each is asked for one thing at a time, which stays below what any of them allows.


class Reader(Protocol):
    """A module of this folder that reads the sources of one service."""

    def named(self, calls: Calls, source: str) -> Wires:
        """The wires of one source of the account, by its ARN as a statement names it."""

    def walk(self, calls: Calls) -> Wires:
        """Those of all sources of the region. Of a source that `resources` does not hold nothing is known."""


READERS: Mapping[str, Reader] = {
    "appsync": appsync,
    "cloudwatch": cloudwatch,
    "cognito-idp": cognito,
    "config": config,
    "elasticloadbalancing": alb,
    "events": events,
    "execute-api": api,
    "firehose": firehose,
    "iot": iot,
    "logs": logs,
    "pipes": pipes,
    "s3": s3,
    "scheduler": scheduler,
    "secretsmanager": secretsmanager,
    "ses": ses,
    "sns": sns,
    "states": states,
}
"""Service in the ARN of a source -> its reader."""


def readable(source: str) -> bool:
    """Is there a reader for such a source?"""
    arn = Arn.parse(source)
    return arn is not None and arn.service in READERS


def unnamed(wires: Wires) -> Wires:
    """The same without the gaps of statements that name more than one source: for whom a walk has read all of them."""
    return replace(wires, gaps=tuple(gap for gap in wires.gaps if gap.what != SEVERAL))


def named(calls: Calls, source: str) -> Wires:
    """The wires of one source, by its ARN as it stands in a statement; a gap where it cannot be looked up.

    A wildcard for its region or account stands for these ones: another source cannot be asked.
    """
    arn = Arn.parse(source)
    if arn is None:
        return limit(f"`{source}` is no ARN")
    reader = READERS.get(arn.service)
    if reader is None:
        return limit(f"what `{arn.service}` invokes is not read")
    if reader is s3:  # Whose ARNs hold neither.
        return s3.named(calls, source)
    region = calls.region if is_wild(arn.region) or not arn.region else arn.region
    account = calls.account if is_wild(arn.account) or not arn.account else arn.account
    if account != calls.account:
        return limit(f"`{source}` is in another account, which is not read")
    here = replace(arn, partition=calls.partition, region=region, account=account)
    try:
        there = calls if region == calls.region else calls.at(region)
    except Refused as refused:
        return limit(refused.why)
    return reader.named(there, str(here))


def walk(calls: Calls, pool: Executor | None = None) -> Wires:
    """The wires of all sources of all services in the region.

    A service that refuses leaves a gap; the others are read all the same. Not in a pool that waits for this call.
    """
    if pool is None:
        with ThreadPoolExecutor(AT_ONCE) as own:
            return walk(calls, own)
    return join(pool.map(lambda reader: reader.walk(calls), READERS.values()))
