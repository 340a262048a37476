"""Fired by IAM and Lambda write calls: audits the functions that the call touched, and writes the findings."""

import os
import time
from dataclasses import replace
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from rolecall import engine
from rolecall.changes import Change, Skipped, parse
from rolecall.sinks import cloudwatch
from rolecall.sinks.memory import Memory
from rolecall.sources.aws import World

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])


@cache
def session() -> Any:
    """The session, made on first use."""
    return boto3.Session()


@cache
def memory() -> Memory:
    """The memory table, opened on first use."""
    return Memory(session().resource("dynamodb").Table(os.environ["MEMORY_TABLE"]))


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Audit what one event touched. Raises when nothing can be read, so that Lambda tries again."""
    change = parse(event)
    if isinstance(change, Skipped):
        cloudwatch.skip(change, log=logger, metrics=metrics)
        return
    audit(change, World(session(), account=context.invoked_function_arn.split(":")[4]))


def audit(change: Change, world: World) -> None:
    """Read what the change touched, judge it, tell what is new, and close what is gone."""
    began = time.time()
    touched = world.touched(change)
    left = close(change, world)
    stale = {function for function in touched if not memory().covers(function, change.time)}
    if not stale | left:
        reason = "covered by a later audit" if touched else "touches no function that exists"
        cloudwatch.skip(Skipped(reason, change.event_id, change.event_name), log=logger, metrics=metrics)
        return
    account = replace(world.read(stale | left | neighbours(stale, world)), trusted=trusted())
    report = engine.audit(account, whole=False)
    difference = memory().remember(account.functions, report, read_at=began)
    cloudwatch.send(
        report,
        log=logger,
        metrics=metrics,
        change=change,
        difference=difference,
        milliseconds=1000 * (time.time() - began),
        calls=world.calls.made.total(),
    )


def trusted() -> tuple[str, ...]:
    """Whom the deployment trusts: the parameter `Trusted`."""
    return tuple(filter(None, map(str.strip, os.environ.get("TRUSTED", "").split(","))))


def neighbours(functions: set[str], world: World) -> set[str]:
    """Who shares the role that a function took up, or shared the one that it left: their findings change too."""
    roles: set[str] = set()
    for each in world.functions:
        if each.arn in functions and (before := memory().recall(each.arn).role) != each.role:
            roles |= {each.role, before or each.role}
    return world.users(roles)


def close(change: Change, world: World) -> set[str]:
    """Resolve the findings of named functions that exist no more; those that shared their roles are left."""
    roles: set[str] = set()
    existing = {each.name for each in world.functions}
    for name in set(change.functions) - existing:
        arn = f"arn:{world.partition}:lambda:{world.region}:{world.account}:function:{name}"
        if role := memory().recall(arn).role:
            roles.add(role)
        cloudwatch.resolve(memory().forget(arn), log=logger, change=change)
    return world.users(roles)
