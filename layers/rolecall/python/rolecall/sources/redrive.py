"""Redrive: where a queue moves dead letters, and whose it takes, as the API and a template both say it."""

from collections.abc import Iterator, Mapping
from typing import Any

NOBODY = "nobody"


def redriven(policy: Mapping[str, Any], allowing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Facts of a queue, of its `RedrivePolicy` and `RedriveAllowPolicy`.

    Without an allowing one, or with `allowAll`, every queue of the region and account may move its messages there
    (SQS API Reference, "SetQueueAttributes").

    >>> allowing = {"redrivePermission": "byQueue", "sourceQueueArns": ["arn:a"]}
    >>> list(redriven({"deadLetterTargetArn": "arn:d"}, allowing))
    [('dead-letter', 'arn:d'), ('redrive', 'arn:a')]
    >>> list(redriven({}, {"redrivePermission": "denyAll"}))
    [('redrive', 'nobody')]
    """
    if target := policy.get("deadLetterTargetArn"):
        yield "dead-letter", str(target)
    permission, named = allowing.get("redrivePermission"), allowing.get("sourceQueueArns")
    if permission in ("byQueue", "denyAll"):
        sources = named if permission == "byQueue" and isinstance(named, list) else []
        yield from (("redrive", source) for source in sorted(map(str, sources)) or [NOBODY])
