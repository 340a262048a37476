"""Fired by a schedule, and by its own queue: audits everything in slices, and takes second looks for the auditor."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from rolecall import engine
from rolecall.callers.declared import declared
from rolecall.changes import Change, visible
from rolecall.finding import both
from rolecall.model import Account, Gap, Watch
from rolecall.parts import part
from rolecall.sinks import cloudwatch
from rolecall.sinks.cloudwatch import Cause
from rolecall.sinks.desk import Desk, left
from rolecall.sinks.memory import Memory
from rolecall.sinks.queue import Look, Plan, Queue, Slice, read
from rolecall.sinks.storm import Storm
from rolecall.sources.aws import CodeReading, World, watch
from rolecall.sources.aws.pace import Pace
from rolecall.sources.code import Effort
from rolecall.sources.slices import slices, unpack

RESERVE = 120_000  # milliseconds that are kept for what follows the sending of slices
# Of code, for one message: four minutes to download, and as long to analyse. What is beyond waits for the next sweep.
SOURCE, PACKED, SECONDS = 10_000_000, 2_000_000_000, 240
TRIES = 3  # second looks for one change: what is not visible after them was undone by another one

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])
processor = BatchProcessor(event_type=EventType.SQS)
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
def queue() -> Queue:
    """The sweep's own queue."""
    return Queue(session().client("sqs"), os.environ["SWEEP_QUEUE"])


@cache
def storm() -> Storm:
    """Who decides what is looked at once more."""
    return Storm(memory(), queue(), pause=float(os.environ["PAUSE"]))


@cache
def pace() -> Pace:
    """This worker's share of what AWS answers."""
    return Pace()


def world(context: LambdaContext) -> World:
    """The account that this function runs in, read at its pace."""
    account = context.invoked_function_arn.split(":")[4]
    reading = CodeReading(memory().codes, Effort(source=SOURCE, packed=PACKED, seconds=SECONDS))
    return World(session(), account=account, index=memory(), pace=pace(), code=reading)


def desk(cause: Cause, *, read_at: float | None = None) -> Desk:
    """Where findings are handed in."""
    now = clock()
    return Desk(memory(), logger, metrics, cause, read_at=read_at or now, began=now, trusted=listed("TRUSTED"))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Begin a sweep, or work messages of the queue. One that fails comes again, and in the end is a dead letter."""
    if "Records" not in event:
        return plan(None, context)
    return process_partial_response(event=event, record_handler=work, processor=processor, context=context)


def work(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Do what a message asks for."""
    message = read(record.body)
    if isinstance(message, Plan):
        plan(message.change, lambda_context)
    elif isinstance(message, Look):
        look(message, lambda_context)
    else:
        judge(message, lambda_context)


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
            queue().look(ids, change=change, now=clock(), due=clock())
        else:
            number += 1
            queue().slice(Slice(name, number, at.read_at, text))
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


def look(message: Look, context: LambdaContext) -> None:
    """Audit functions once more, live, but those that were audited since the look was due, and close what is gone."""
    here, at = world(context), desk(Cause("look", message.change))
    known = memory().recall(message.functions)
    late = {function for function in message.functions if known[function].read_at < message.at}
    closed = at.closed({function for function in late if not here.exists(function)})
    stale = late - closed.keys()
    event = f"look {message.at:.6f}"
    for function in stale:
        memory().begin(function, event=event, now=at.read_at, pause=0)
    left_behind = here.users(left(closed)) - closed.keys() if left(closed) else set()
    if functions := stale | left_behind:
        account, others = at.audit(functions, here, calls=here.calls.made)
        queue().look(others, change=message.change, now=clock(), due=clock())
        if message.change and message.tries < TRIES and visible(message.change, account) is False:
            storm().later(stale, message.change, now=clock(), tries=message.tries + 1)
    at.forget(closed)


def with_callers(account: Account, here: World) -> Account:
    """The account with all principals, if a function says who is to invoke it: lists tell no tags, so no plan does."""
    return here.with_principals(account) if any(map(declared, account.functions)) else account


def judge(message: Slice, context: LambdaContext) -> None:
    """Audit the functions of a slice, but those that an event had audited since its account was read."""
    here, at = world(context), desk(Cause("sweep"), read_at=message.read_at)
    account = unpack(message.text)
    known = memory().recall({function.arn for function in account.functions})
    stale = {arn for arn in known if known[arn].read_at < message.read_at}
    if stale:
        found = here.complete(part(account, stale))
        report = engine.audit_each(found)
        callers = engine.audit_callers(with_callers(found, here))
        at.judged(found, both(report, callers), calls=here.calls.made.total(), walked=True)
    memory().wire(account, known.keys() - stale)
    memory().done(message.plan, message.number, read_at=message.read_at)
