"""Fired by write calls that matter: audits the functions that a call touched, and writes the findings.

What has to wait goes to queues: second looks to the workers, and whatever touches everything to the sweep.
"""

import os
import time
from collections.abc import Collection
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from rolecall import engine
from rolecall.changes import Change, Skipped, parse, visible
from rolecall.model import Account, Omitted
from rolecall.sinks import cloudwatch
from rolecall.sinks.cloudwatch import Cause
from rolecall.sinks.desk import NEAR, Desk, left
from rolecall.sinks.memory import Memory
from rolecall.sinks.queue import Plans, Work
from rolecall.sinks.storm import Storm
from rolecall.sources.aws import CodeReading, World
from rolecall.sources.code import Effort

# Of code: half a minute to download, and as long to analyse. What is beyond waits for the sweep.
SOURCE, PACKED, SECONDS = 2_000_000, 300_000_000, 30

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
def storm() -> Storm:
    """Who decides what is audited now and what later."""
    sqs = session().client("sqs")
    plans, work = Plans(sqs, os.environ["PLAN_QUEUE"]), Work(sqs, os.environ["WORK_QUEUE"])
    return Storm(memory(), plans, work, pause=float(os.environ["PAUSE"]))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Audit what one event touched. Raises when nothing can be read, so that Lambda tries again."""
    change = parse(event)
    if isinstance(change, Skipped):
        cloudwatch.skip(change, log=logger, metrics=metrics)
        return
    now = clock()
    trusted = tuple(filter(None, map(str.strip, os.environ.get("TRUSTED", "").split(","))))
    desk = Desk(memory(), logger, metrics, Cause("event", change), read_at=now, began=now, trusted=trusted)
    reading = CodeReading(memory().codes, Effort(source=SOURCE, packed=PACKED, seconds=SECONDS))
    world = World(session(), account=context.invoked_function_arn.split(":")[4], index=memory(), code=reading)
    if change.everything or bears_on_us(change):
        announce(change, world, desk)
    if not change.everything:
        audit(change, world, desk)


def bears_on_us(change: Change) -> bool:
    """May the change make the auditor blind: of a trail, or of a rule of this stack?"""
    rules = [thing for thing in change.things if ":events:" in thing and ":rule/" in thing]
    own = f":rule/{os.environ['STACK']}-"
    return change.watch and (not rules or any(own in rule for rule in rules))


def announce(change: Change, world: World, desk: Desk) -> None:
    """Have the sweep audit everything; a call that hid its parameters is told at once."""
    storm().everything(change, now=desk.read_at)
    if not change.omitted:
        desk.skipped(change, "a sweep is on its way")
        return
    omitted = Omitted(change.event_id, change.event_name, change.actor, change.time, change.region)
    source = f"account {world.account}, {world.region}"
    account = Account(world.account, world.region, source, world.partition, omitted=(omitted,), trusted=desk.trusted)
    desk.judged(account, engine.audit(account, whole=False), calls=0)


def audit(change: Change, world: World, desk: Desk) -> None:
    """Audit what the change touched and no other event looks after, and close what is gone."""

    def later(functions: Collection[str]) -> None:
        storm().later(functions, change, now=clock())

    # Who refers to things is not known of all functions before the first sweep.
    if change.things and not bears_on_us(change) and not memory().complete:
        storm().everything(change, now=desk.read_at)
    named = {world.arn_of(name) for name in change.functions}
    closed = desk.closed({function for function in named if not world.exists(function)})
    touched = world.touched(change) - closed.keys()
    admitted = storm().admit(touched, change, now=desk.read_at)
    left_behind = world.users(left(closed)) - closed.keys() if left(closed) else set()
    if len(left_behind) > NEAR:
        later(left_behind)
        left_behind = set()
    if functions := admitted | left_behind:
        account, others = desk.read(functions, world)
        later(others)
        desk.audit(account, calls=world.calls.made)
        if visible(change, account) is False:  # IAM's changes take some seconds to be seen.
            later(admitted)
    else:
        seen = "another audit looks after it" if touched else "touches no function that exists"
        desk.skipped(change, seen)
    desk.forget(closed)
