"""Event source mappings: what one needs beside its source, as the API and a template both describe it."""

from collections.abc import Iterator, Mapping
from typing import Any

NO_SECRETS = frozenset({"VIRTUAL_HOST", "VPC_SECURITY_GROUP", "VPC_SUBNET"})
"""Types of access that name no secret: Lambda API Reference, "SourceAccessConfiguration"."""


def uses(mapping: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(kind, value) in the words of `Trigger.uses`; what a template does not know of a value stays `⟨…⟩`.

    >>> access = {"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"}
    >>> list(uses({"SourceAccessConfigurations": [access], "Topics": ["own"]}))
    [('vpc_subnet', 'subnet:subnet-1'), ('topic', 'own')]
    """
    for access in mapping.get("SourceAccessConfigurations") or ():
        kind = str(access.get("Type"))
        yield (kind.lower() if kind in NO_SECRETS else "secret"), str(access.get("URI"))
    yield from (("topic", str(topic)) for topic in (*(mapping.get("Topics") or ()), *(mapping.get("Queues") or ())))
    for setting in ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"):
        if group := (mapping.get(setting) or {}).get("ConsumerGroupId"):
            yield "group", str(group)
    if key := mapping.get("KMSKeyArn", mapping.get("KmsKeyArn")):
        yield "key", str(key)
