from rolecall.finding import Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.from_config import INTERFACES
from rolecall.needs.lack import lacks
from rolecall.rules import Yields, rule

VITAL = frozenset({"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"})


@rule(Severity.HIGH, silences=("denied-call",))
def missing_vpc_grant(function: Function, account: Account) -> Yields:
    """A function in a VPC lacks the rights on network interfaces.

    Lambda makes and deletes the interfaces with the execution role: without, the function can not be updated, and
    stops when its interfaces were taken back for being idle. Low where only the lesser ones are missing. The Deny
    that AWS recommends, for calls of the function's own code, takes nothing away.

    Bad:
        settings: {subnets: [subnet-1]}

    Good:
        settings: {subnets: [subnet-1]}
        more policies:
          Network:
            - {"Effect": "Allow", "Resource": "*", "Action": ["ec2:*NetworkInterface*", "ec2:DescribeSubnets",
               "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"]}
            - {"Effect": "Deny", "Action": "ec2:*", "Resource": "*", "Condition": {"ArnEquals":
               {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:orders"}}}

    Good:
        settings: {subnets: []}

    Misses: nothing known.
    """
    if not function.settings.subnets:
        return
    for each in lacks(function, account, _is_network, by=lambda _: "VPC"):
        yield each.hit(
            f"`{each.role}` may not {each.quoted}, and the function is in a VPC",
            subject="VPC",
            severity=Severity.HIGH if VITAL & set(each.actions) else Severity.LOW,
            setting="VPC",
            subnets=list(function.settings.subnets),
        )


def _is_network(need: Need) -> bool:
    return need.proof.kind in ("config", "trigger") and need.action in INTERFACES
