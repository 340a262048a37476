"""Fired by a schedule, and by plans that the auditor asks for: has the workers audit everything, in slices."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from rolecall import engine
from rolecall.changes import Change
from rolecall.model import Gap, Watch
from rolecall.sinks import cloudwatch
from rolecall.sinks.cloudwatch import Cause
from rolecall.sinks.desk import Desk
from rolecall.sinks.memory import Memory
from rolecall.sinks.queue import Slice, Work, read_plan
from rolecall.sources.aws import World, watch
from rolecall.sources.aws.pace import Pace
from rolecall.sources.slices import slices

RESERVE = 120_000  # milliseconds that are kept for what follows the sending of slices

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])
clock = time.time


@cache
def session() -> Any:
    """The session, made on first use."""
    return boto3.Session()


@cache
def memory() -> Memory:
    """The memory table, opened on first use."""
    return Memory(session().resource("dynamodb").Table(os.environ["MEMORY_TABLE"]))


@cache
def workers() -> Work:
    """The queue of the workers."""
    return Work(session().client("sqs"), os.environ["WORK_QUEUE"])


@cache
def pace() -> Pace:
    """The share of a plan in what AWS answers."""
    return Pace()


def world(context: LambdaContext) -> World:
    """The account that this function runs in, read at its pace."""
    account = context.invoked_function_arn.split(":")[4]
    return World(session(), account=account, index=memory(), pace=pace())


def desk(cause: Cause) -> Desk:
    """Where findings are handed in."""
    now = clock()
    return Desk(memory(), logger, metrics, cause, read_at=now, began=now, trusted=listed("TRUSTED"))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Begin a sweep. Where it raises the schedule or the message comes again, and in the end is a dead letter."""
    asked = [read_plan(record.body) for record in SQSEvent(event).records] if "Records" in event else [None]
    for change in asked:
        plan(change, context)


def plan(change: Change | None, context: LambdaContext) -> None:
    """Read what lists say of the whole account, send it to the workers in slices, and judge what only a whole shows."""
    here, at = world(context), desk(Cause("sweep", change))
    name = f"{at.read_at:.6f}"
    account = replace(here.inventory(), trusted=at.trusted)
    existing = {function.arn for function in account.functions}
    memory().plan(name)
    sent, short, number = 0, 0, 0
    for ids, text in slices(account):
        if context.get_remaining_time_in_millis() < RESERVE:
            short += len(ids)
        elif text is None:
            workers().look(ids, change=change, now=clock(), due=clock())
        else:
            number += 1
            workers().slice(Slice(name, number, at.read_at, text))
        sent += len(ids)
    closed = at.closed(memory().gone(existing, read_at=at.read_at))
    seen, gaps = watched(here)
    if short:
        why = f"time ran out: {short} of {sent} functions were not sent to the workers"
        gaps = (*gaps, Gap("sweep", why))
    whole = here.with_layers(replace(account, watch=seen, gaps=(*account.gaps, *gaps)))
    at.judged_whole(whole, engine.audit_whole(whole), calls=here.calls.made.total())
    at.forget(closed)
    if not short:
        memory().sent(name, number, read_at=at.read_at)
    cloudwatch.sweep(name, functions=sent - short, slices=number, cause=at.cause, log=logger)


def watched(here: World) -> tuple[Watch, tuple[Gap, ...]]:
    """What the auditor depends on, and what of it could not be read."""
    return watch.read(
        here.calls,
        functions=[os.environ["WATCHED_FUNCTION"]],
        rules=listed("WATCHED_RULES"),
        queues=listed("WATCHED_QUEUES"),
        today=datetime.fromtimestamp(clock(), UTC).date(),
        covered=listed("COVERED_REGIONS"),
        forwarder=os.environ["FORWARDER"],
    )


def listed(variable: str) -> tuple[str, ...]:
    """The items of a comma list in the environment."""
    return tuple(filter(None, map(str.strip, os.environ.get(variable, "").split(","))))
