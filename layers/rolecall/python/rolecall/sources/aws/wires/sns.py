"""SNS: subscriptions of functions to topics (API Reference, ListSubscriptionsByTopic).

A walk sees the subscriptions that this account made: what another account subscribed to its own topic is only seen
when the topic is named.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from rolecall.iam.wildcard import is_wild
from rolecall.model import Gap, Resource, Trigger
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.wires.wire import (
    LIMIT,
    Wire,
    Wires,
    canonical,
    join,
    look_up,
    refusal,
    several,
    until_refused,
    walk_over,
)
from rolecall.sources.decoded import decoded


def named(calls: Calls, source: str) -> Wires:
    """The wires of a topic."""
    if is_wild(source):
        return several(source)
    topic = ":".join(source.split(":")[:6])  # A subscription's ARN is its topic's with an id.
    subscriptions = calls.pages("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)
    return look_up(topic, lambda: _wires(calls, topic, subscriptions))


def walk(calls: Calls) -> Wires:
    """Those of all topics of the region."""
    gaps: list[Gap] = []
    listing = until_refused(calls.pages("sns", "list_subscriptions", "Subscriptions"), gaps)
    ours = sorted((each for each in listing if each["Protocol"] == "lambda"), key=lambda each: str(each["TopicArn"]))
    topics = [(arn, list(subscriptions)) for arn, subscriptions in groupby(ours, lambda each: str(each["TopicArn"]))]
    wired = walk_over(topics, lambda each: look_up(each[0], lambda: _wires(calls, *each), listed=True))
    others = calls.pages("sns", "list_topics", "Topics") if not gaps else iter(())
    bare = until_refused(others, gaps)
    known = {arn for arn, _ in topics}
    rest = tuple(Resource(each["TopicArn"]) for each in bare if each["TopicArn"] not in known)
    return join([wired, Wires(resources=rest[:LIMIT], gaps=tuple(gaps))])


def _wires(calls: Calls, topic: str, subscriptions: Iterable[dict[str, Any]]) -> Iterator[Wire | Gap]:
    for each in subscriptions:
        if each["Protocol"] == "lambda":
            yield from _subscription(calls, topic, each["SubscriptionArn"], each["Endpoint"])


def _subscription(calls: Calls, topic: str, arn: str, function: str) -> Iterator[Wire | Gap]:
    if not arn.startswith("arn:"):  # `PendingConfirmation`, or `Deleted` for some days: nothing is delivered.
        return
    attributes: dict[str, str] = {}
    try:
        attributes = calls.ask("sns", "get_subscription_attributes", SubscriptionArn=arn)["Attributes"]
    except Refused as refused:
        if refused.absent:  # Deleted after it was listed.
            return
        yield refusal(refused)
    dead_letter = decoded(attributes.get("RedrivePolicy")).get("deadLetterTargetArn")
    pattern = canonical(attributes.get("FilterPolicy"))
    yield Wire(function, Trigger("sns", topic, arn, filter=pattern, dead_letter=dead_letter))
