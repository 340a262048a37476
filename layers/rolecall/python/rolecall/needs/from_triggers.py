"""Needs from triggers: what the role needs so that Lambda can poll the sources of its event source mappings.

The actions are rows of `triggers.TRIGGERS`; here is what hangs on more than the type of the source. A mapping that its
owner disabled is a MAY: it lacks nothing, and what it needs is no leftover.
"""

from collections.abc import Iterator

from rolecall.iam.arn import Arn
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Trigger
from rolecall.needs import Certainty, Need, Proof
from rolecall.needs.keys import uses
from rolecall.triggers import TRIGGERS, Poll

PAUSED = frozenset({"Disabled", "Disabling", "Creating", "Enabling", "Updating", "Deleting"})
"""States in which Lambda does not poll, or that pass (Lambda API, EventSourceMappingConfiguration)."""

NETWORK = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
"""What Lambda needs to reach a source in a VPC: Lambda Developer Guide, "VPC permissions" of MSK, Kafka and MQ."""


def from_triggers(function: Function, account: Account) -> tuple[Need, ...]:
    """What the polled triggers of a function need, in their order."""
    return tuple(need for trigger in function.triggers for need in _of_trigger(trigger, account))


def _of_trigger(trigger: Trigger, account: Account) -> Iterator[Need]:
    row = TRIGGERS.get(trigger.type)
    if not isinstance(row, Poll):
        return
    must = Certainty.MAY if trigger.state in PAUSED else Certainty.MUST
    proof = Proof(
        "trigger", trigger.id or trigger.source, f"Lambda polls `{trigger.source}` with the rights of the role"
    )
    stream = trigger.source.partition("/consumer/")[0]
    for action in (*row.reads, *row.watches):
        yield Need(action, stream, must, proof)
    if stream != trigger.source:
        yield Need("kinesis:SubscribeToShard", trigger.source, must, proof)
        yield Need("kinesis:DescribeStreamConsumer", trigger.source, Certainty.MAY, proof)
    for action, *others in (row.either,) if row.either else ():
        yield Need(action, stream, must, proof, instead=tuple(others))
        yield from (Need(other, stream, Certainty.MAY, proof) for other in others)
    yield from (Need(action, _beside(trigger.source, end), must, proof) for action, end in row.besides)
    yield from (Need(action, "*", Certainty.MAY, proof) for action in row.lists)
    yield from _source_key(trigger, stream, must, proof, account)
    yield from _secrets(trigger, must, account)
    if trigger.type == "msk":
        yield from _kafka_access(trigger, proof, account)
    network = _network(row, trigger, account)
    if network is not None:
        why = "Lambda makes network interfaces to reach the source"
        sure = must if network else Certainty.MAY
        yield from (Need(action, "*", sure, Proof("trigger", proof.where, why)) for action in NETWORK)


def _beside(source: str, end: str) -> str:
    """An ARN in the service, region and account of the source."""
    return end if end == "*" else ":".join([*source.split(":")[:5], end])


def _network(row: Poll, trigger: Trigger, account: Account) -> bool | None:
    """Are network interfaces needed for certain? None: there are none."""
    if row.network == "subnet":
        return True if any(kind in ("subnet", "vpc_subnet") for kind, _ in trigger.uses) else None
    if row.network == "private":
        # A broker that can be reached from outside needs none: Developer Guide, "Amazon MQ", "network configuration".
        broker = account.resource(trigger.source)
        return broker is not None and not broker.gaps and "true" not in broker.fact("public")
    return True if row.network else None


READS = {
    "sqs": "sqs:ReceiveMessage",
    "kinesis": "kinesis:GetRecords",
    "dynamodb": "dynamodb:GetRecords",
}
"""Type of a trigger -> the action that meets the key of its source (Developer Guide, "kms:Decrypt" of each source)."""


def _source_key(trigger: Trigger, stream: str, must: Certainty, proof: Proof, account: Account) -> Iterator[Need]:
    action = READS.get(trigger.type)
    if action:
        yield from _with_key(action, stream, must, proof, account)


def _with_key(action: str, resource: str, must: Certainty, proof: Proof, account: Account) -> Iterator[Need]:
    service = action.partition(":")[0]
    via = (("kms:ViaService", f"{service}.{account.region}.amazonaws.com"),)
    for key_action, key, sure in uses(action, resource, account):
        why = f"`{action}` uses the customer key of `{resource}`"
        certainty = must if sure else Certainty.MAY
        yield Need(key_action, key, certainty, Proof(proof.kind, proof.where, why), not is_unresolved(key), via)


def _secrets(trigger: Trigger, must: Certainty, account: Account) -> Iterator[Need]:
    for kind, secret in trigger.uses:
        if kind != "secret":
            continue
        proof = Proof("trigger", trigger.id or trigger.source, "the mapping logs in to the source with this secret")
        yield Need("secretsmanager:GetSecretValue", secret, must, proof)
        yield from _with_key("secretsmanager:GetSecretValue", secret, must, proof, account)


def _kafka_access(trigger: Trigger, proof: Proof, account: Account) -> Iterator[Need]:
    """Access by IAM, which Lambda takes where the cluster offers it and the mapping has no secret: MAY.

    Developer Guide, "Configuring cluster authentication and authorization" and "cross-account mappings" of MSK.
    """
    arn = Arn.parse(trigger.source)
    if arn is None:
        return
    if arn.account != account.id:
        yield Need("kafka:DescribeVpcConnection", "*", Certainty.MAY, proof)
    if any(kind == "secret" for kind, _ in trigger.uses):
        return
    cluster = arn.resource.partition("/")[2]
    topics = [name for kind, name in trigger.uses if kind == "topic"] or ["*"]
    groups = [name for kind, name in trigger.uses if kind == "group"] or ["*"]
    head = f"arn:{arn.partition}:kafka:{arn.region}:{arn.account}"
    wanted = [(verb, trigger.source) for verb in ("Connect", "DescribeClusterDynamicConfiguration")]
    wanted += [(verb, f"{head}:topic/{cluster}/{each}") for verb in ("DescribeTopic", "ReadData") for each in topics]
    wanted += [(verb, f"{head}:group/{cluster}/{each}") for verb in ("AlterGroup", "DescribeGroup") for each in groups]
    yield from (Need(f"kafka-cluster:{verb}", resource, Certainty.MAY, proof) for verb, resource in wanted)
