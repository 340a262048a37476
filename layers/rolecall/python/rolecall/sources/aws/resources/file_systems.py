"""EFS access points, and the file systems behind them."""

from dataclasses import replace

from rolecall.iam.arn import Arn
from rolecall.model import Resource
from rolecall.sources.aws.resources.reading import Reading


def read(reading: Reading) -> Resource:
    """The fact `file-system` (ARN) of an access point, and the policy of that file system: two calls.

    Its key is not read: EFS decrypts by itself, whoever mounts it.
    """
    calls, arn = reading.calls, reading.arn
    answer = reading.part(
        "access point", lambda: calls.ask("efs", "describe_access_points", AccessPointId=arn.name)
    ) or {"AccessPoints": ()}
    if not answer["AccessPoints"]:
        return reading.resource()
    system = answer["AccessPoints"][0]["FileSystemId"]
    policy = reading.part(
        "file system policy", lambda: calls.ask("efs", "describe_file_system_policy", FileSystemId=system)
    )
    whole = Arn(arn.partition, arn.service, arn.region, arn.account, f"file-system/{system}")
    return reading.resource(policy=(policy or {}).get("Policy"), facts=(("file-system", str(whole)),))


def behind(point: Resource) -> tuple[Resource, ...]:
    """The file system of an access point, as it was read with it; nothing where not all of it was."""
    return () if point.gaps else tuple(replace(point, arn=arn, facts=()) for arn in point.fact("file-system"))
