"""Networks: from where a stranger may send a request, as conditions tell places apart."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address

from rolecall.callers.keys import NETWORK
from rolecall.iam import values as typed
from rolecall.iam.statement import Condition
from rolecall.model import Account

ORGANIZATION = "o-stranger000"
"""An organisation that nobody named."""

LARGE = 8
"""A network of this prefix length or a shorter one keeps nobody out: anybody can rent an address in it."""


def networks(conditions: Sequence[Condition], owner: str, account: Account) -> Iterator[dict[str, str]]:
    """Where a stranger may come from: the internet or a network of its own."""
    if not any(each.key.lower() in NETWORK for each in conditions):
        yield {}
        return
    for address in _addresses(conditions):
        yield {"aws:SourceIp": address}
    yield {
        "aws:SourceVpc": "vpc-0stranger",
        "aws:SourceVpcArn": f"arn:{account.partition}:ec2:{account.region}:{owner}:vpc/vpc-0stranger",
        "aws:SourceVpce": "vpce-0stranger",
        "aws:VpceAccount": owner,
        "aws:VpceOrgID": ORGANIZATION,
        "aws:VpcSourceIp": "10.0.0.10",
    }


def _addresses(conditions: Sequence[Condition]) -> Iterator[str]:
    """Addresses on the internet: in none of the named networks, and in those that are large."""
    tests = [each for each in conditions if each.key.lower() == "aws:sourceip"]
    networks = {network for each in tests for value in each.values if (network := typed.network(value))}
    large = {each for each in networks if each[2] - each[1] + 1 >= 2 ** ((32 if each[0] == 4 else 128) - LARGE)}
    for text in ("8.8.8.8", "52.94.76.10", "2600:1f18::1"):
        version, number = typed.address(text) or (0, 0)
        if not any(v == version and first <= number <= last for v, first, last in networks - large):
            yield text
    for version, first, last in sorted(large):
        yield str((IPv4Address if version == 4 else IPv6Address)((first + last) // 2))
