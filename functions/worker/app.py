"""Fired by the queue of work: audits slices of a sweep, and takes second looks for the auditor. It sends nothing."""

import os
import time
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.data_classes import SQSEvent
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from rolecall import engine
from rolecall.callers.declared import declared
from rolecall.changes import visible
from rolecall.finding import both
from rolecall.model import Account
from rolecall.parts import part
from rolecall.sinks.cloudwatch import Cause
from rolecall.sinks.desk import Desk, left
from rolecall.sinks.memory import Memory
from rolecall.sinks.queue import Look, Slice, Work, read
from rolecall.sinks.storm import SHOWN
from rolecall.sources.aws import CodeReading, World
from rolecall.sources.aws.pace import Pace
from rolecall.sources.code import Effort
from rolecall.sources.slices import unpack

RESERVE = 120_000  # milliseconds that are kept for what follows those who share a role
# Of code, for one message: four minutes to download, and as long to analyse. What is beyond waits for the next sweep.
SOURCE, PACKED, SECONDS = 10_000_000, 2_000_000_000, 240
TRIES = 3  # looks for one change: what is not visible at them was undone by another one

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
def queue() -> Work:
    """The queue that fires this function."""
    return Work(session().client("sqs"), os.environ["WORK_QUEUE"])


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
    trusted = tuple(filter(None, map(str.strip, os.environ.get("TRUSTED", "").split(","))))
    return Desk(memory(), logger, metrics, cause, read_at=read_at or now, began=now, trusted=trusted)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Work a message. One that is not done comes again, as does one for which this raises: in the end as a dead letter.

    How soon is said for the first; the second waits for the time of the queue.
    """
    again = []
    for record in SQSEvent(event).records:
        seconds = work(record, context)
        if seconds is not None:
            queue().again(record.receipt_handle, seconds=seconds)
            again.append({"itemIdentifier": record.message_id})
    return {"batchItemFailures": again}


def work(record: SQSRecord, context: LambdaContext) -> float | None:
    """Do what a message asks for. In how many seconds is it to come again? None: it is done."""
    message = read(record.body)
    if isinstance(message, Look):
        return look(message, record, context)
    judge(message, context)
    return None


def look(message: Look, record: SQSRecord, context: LambdaContext) -> float | None:
    """Audit functions once more, live, but those that were audited since the look was due, and close what is gone.

    A change that does not show yet has a further look, after a longer while.
    """
    here, at = world(context), desk(Cause("look", message.change))
    tries = int(record.attributes.approximate_receive_count or 1)
    known = memory().recall(message.functions)
    late = {function for function in message.functions if tries > 1 or known[function].read_at < message.at}
    if not late:
        return None
    gone = {function for function in late if not here.exists(function)}
    stale, roles = late - gone, left({function: known[function] for function in gone})
    for function in stale:
        memory().begin(function, event=record.message_id, now=at.read_at, pause=0)
    account = at.audit_with_others(
        stale,
        here,
        more=here.users(roles) - gone if roles else (),
        event=record.message_id,
        calls=here.calls.made,
        in_time=lambda: context.get_remaining_time_in_millis() > RESERVE,
    )
    if account is None:
        return 0
    at.forget(at.closed(gone))  # Last, as a message that comes again would tell it again.
    if stale and message.change and tries < TRIES and visible(message.change, account) is False:
        return (tries + 1) * (float(os.environ["PAUSE"]) or SHOWN)
    return None


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


def with_callers(account: Account, here: World) -> Account:
    """The account with all principals, if a function says who is to invoke it: lists tell no tags, so no plan does."""
    return here.with_principals(account) if any(map(declared, account.functions)) else account
