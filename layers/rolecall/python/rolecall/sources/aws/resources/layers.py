"""Versions of Lambda layers."""

from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """Existence and policy of a layer version: two calls; none of another account's, of which AWS tells nothing."""
    calls, arn = reading.calls, str(reading.arn)
    if reading.foreign:
        return Resource(arn)
    layer, _, number = arn.rpartition(":")
    version = int(number)
    reading.part("layer", lambda: calls.ask("lambda", "get_layer_version", LayerName=layer, VersionNumber=version))
    answer = reading.part(
        "layer policy",
        lambda: calls.ask("lambda", "get_layer_version_policy", LayerName=layer, VersionNumber=version),
    )
    return reading.resource(policy=(answer or {}).get("Policy"))
