"""What functions point to: queues, streams, buckets, keys, layer versions … with their key, policy and facts.

Calls that each takes, at most; nothing more is asked of what does not exist:

=====================  =====  ==================================================================================
queue, topic, bus      1      + 1 where its key is named by an alias, as for all below
stream, table, secret  2      the thing itself, its policy
bucket                 2      policy, encryption; + ListBuckets where S3 refuses: is it another account's?
key                    3      DescribeKey, GetKeyPolicy, ListGrants (a page of 100); 1 where AWS manages it
alias                  1      DescribeKey
layer version          2      of the own account; none of another's, whose layers cannot be looked up
access point           2      itself, the policy of its file system
log group              2      itself, its tags
cluster, broker        1      MSK, Amazon MQ, DocumentDB
function               0      the list of functions has it
=====================  =====  ==================================================================================
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import replace

from rolecall.iam.arn import Arn
from rolecall.model import Account, Function, Gap, Resource
from rolecall.sources.aws.calls import Calls
from rolecall.sources.aws.resources import (
    buckets,
    buses,
    clusters,
    file_systems,
    keys,
    layers,
    log_groups,
    queues,
    secrets,
    streams,
    tables,
    topics,
)
from rolecall.sources.aws.resources.reading import Reading
from rolecall.triggers import TRIGGERS, Poll

__all__ = ["pointed", "read", "read_all", "read_layer"]

READERS: Mapping[tuple[str, str], tuple[str, Callable[[Reading], Resource]]] = {
    ("dynamodb", "table"): ("table", tables.read),
    ("elasticfilesystem", "access-point"): ("access point", file_systems.read),
    ("events", "event-bus"): ("event bus", buses.read),
    ("kafka", "cluster"): ("cluster", clusters.read_kafka),
    ("kinesis", "stream"): ("stream", streams.read),
    ("kms", "alias"): ("key", keys.read_alias),
    ("kms", "key"): ("key", keys.read),
    ("lambda", "layer"): ("layer", layers.read),
    ("logs", "log-group"): ("log group", log_groups.read),
    ("mq", "broker"): ("broker", clusters.read_broker),
    ("rds", "cluster"): ("cluster", clusters.read_documents),
    ("s3", ""): ("bucket", buckets.read),
    ("secretsmanager", "secret"): ("secret", secrets.read),
    ("sns", ""): ("topic", topics.read),
    ("sqs", ""): ("queue", queues.read),
}
"""Service and kind of an ARN -> what people call it, and its reader."""

BY_NAME = frozenset({"logs", "rds"})
"""Services that are asked by a name, which means another thing in another account."""


def pointed(account: Account) -> tuple[str, ...]:
    """The ARNs that triggers and settings of the account's functions point to, sorted.

    Of triggers those that Lambda polls, what their mappings use, and where undelivered events go: what pushes is
    read at the source. A log group has no `:*`; of a consumer, its stream is among them.
    """
    return tuple(sorted(_pointed(account)))


def read(calls: Calls, arn: str, *, roles: Collection[str] = ()) -> Resource:
    """What AWS says of one resource, with a gap (without a subject) for each part that it does not say.

    Parameters
    ----------
    roles : ARNs and unique ids of the roles whose grants of a key matter; by default all
    """
    parsed = Arn.parse(arn) or Arn("", arn, "", "", "")
    noun, reader = READERS.get((parsed.service, parsed.kind), ("resource", _unknown))
    reading = Reading(calls, parsed, noun, roles=roles)
    if parsed.region not in ("", calls.region):
        return reading.limit(f"in {parsed.region}, where this audit does not read")
    if reading.foreign and parsed.service in BY_NAME:
        return reading.limit(f"in account {parsed.account}, which this audit does not read")
    return reader(reading)


def read_layer(calls: Calls, arn: str) -> Resource:
    """Likewise, of a layer version of this account and region: who reads nothing else needs no further rights."""
    return layers.read(Reading(calls, Arn.parse(arn) or Arn("", arn, "", "", ""), "layer"))


def read_all(
    calls: Calls, account: Account, *, pool: Executor, functions: Collection[str] | None = None
) -> tuple[Resource, ...]:
    """All that the account's functions point to and the keys of that, by ARN, each read once.

    The subjects of the gaps are the functions that point there. A key turns out to be AWS's own only when it is
    read: then it is nobody's `key`. Layers of other accounts are not among them.

    Parameters
    ----------
    functions : the ARNs of all functions of the region: whether a function that is pointed to exists.
        Without it, functions are not among the resources.
    """
    users = _pointed(account)
    running = {function.role for function in account.functions}
    used = [role for role in account.roles if role.arn in running]
    roles = {name for role in used for name in (role.arn, role.unique_id) if name}

    def one(arn: str) -> Resource:
        return read(calls, arn, roles=roles)

    found = {each.arn: each for each in pool.map(one, sorted(filter(_readable(account), users)))}
    # What a mount asks for is a right on the file system.
    found |= {system.arn: system for each in found.values() for system in file_systems.behind(each)}
    for each in found.values():
        if each.key:
            users[each.key] |= users[each.arn]
    named = {each.key for each in found.values() if each.key}
    # Where a queue moves dead letters, as far as this audit reads: elsewhere it cannot, and that is told.
    moved = {dead: each.arn for each in found.values() for dead in _moved(each)}
    users |= {dead: users[dead] | users[arn] for dead, arn in moved.items()}
    named |= moved.keys()
    found |= {each.arn: each for each in pool.map(one, sorted(named - found.keys()))}
    managed = {each.arn for each in found.values() if "AWS" in each.fact("manager")}
    ours = (replace(each, key=None if each.key in managed else each.key) for each in found.values())
    listed = _functions(users, functions) if functions is not None else ()
    whole = (replace(each, gaps=tuple(_for(users[each.arn], each))) for each in (*ours, *listed))
    return tuple(sorted(whole, key=lambda each: each.arn))


def _moved(queue: Resource) -> Iterator[str]:
    """The dead-letter queues of a queue, in its region and account."""
    yield from (arn for arn in queue.fact("dead-letter") if arn.split(":")[:5] == queue.arn.split(":")[:5])


def _pointed(account: Account) -> dict[str, set[str]]:
    """ARN -> the ids of the functions that point to it."""
    users: dict[str, set[str]] = defaultdict(set)
    for function in account.functions:
        for text in (*_by_triggers(function), *_by_settings(function)):
            if text and text.startswith("arn:"):
                users[text].add(function.id)
                users[streams.stream_of(text)].add(function.id)
    return users


def _by_triggers(function: Function) -> Iterator[str | None]:
    for trigger in function.triggers:
        if isinstance(TRIGGERS.get(trigger.type), Poll):
            yield trigger.source
        yield trigger.dead_letter
        yield from (value for _, value in trigger.uses)


def _by_settings(function: Function) -> Iterator[str | None]:
    settings = function.settings
    yield from (target.arn for target in settings.targets)
    yield from (settings.key, settings.code_key, *settings.layers, *settings.file_systems)
    if where := Arn.parse(function.arn):
        yield log_groups.log_group_arn(where, settings.log_group or f"/aws/lambda/{function.name}")


def _readable(account: Account) -> Callable[[str], bool]:
    """All but functions, which are listed, and layers of other accounts, of which AWS tells nothing."""

    def readable(arn: str) -> bool:
        parsed = Arn.parse(arn)
        if parsed is None or parsed.service != "lambda":
            return True
        return parsed.kind != "function" and (parsed.kind != "layer" or parsed.account == account.id)

    return readable


def _functions(users: Iterable[str], functions: Collection[str]) -> Iterator[Resource]:
    """The functions that are pointed to, with a qualifier or without."""
    for arn in users:
        if arn.split(":")[2] == "lambda" and arn.split(":")[5] == "function":
            yield Resource(arn, exists=":".join(arn.split(":")[:7]) in functions)


def _for(users: Collection[str], resource: Resource) -> Iterator[Gap]:
    yield from (replace(gap, subject=user) for gap in resource.gaps for user in sorted(users))


def _unknown(reading: Reading) -> Resource:
    return reading.limit(f"what `{reading.arn.service}` has there cannot be looked up: no reader for it")
