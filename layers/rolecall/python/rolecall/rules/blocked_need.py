from rolecall.finding import Severity
from rolecall.model import Account, Function
from rolecall.needs.grant import OF_NETWORKS
from rolecall.needs.lack import Lack, lacks, told, undecided
from rolecall.needs.missing import Block
from rolecall.rules import Yields, rule

UNDER_GRANTS = (
    "denied-call",
    "missing-vpc-grant",
    "undecryptable-configuration",
    "unmountable-file-system",
    "unreadable-source",
    "unusable-key",
    "unwritable-destination",
    "unwritable-logs",
    "unwritable-traces",
)


@rule(Severity.HIGH, silences=UNDER_GRANTS)
def blocked_need(function: Function, account: Account) -> Yields:
    """A permission that the function needs is granted, and something else blocks it.

    One more Allow does not help: a Deny, the permissions boundary, a policy of the organization, or a condition that
    Lambda's own calls never meet (they come from no function and from no VPC of yours) must change. Nor does the code
    of a function outside of your VPCs come by an endpoint of one.

    Bad:
        more policies:
          Guard:
            - {"Effect": "Deny", "Action": "sqs:Delete*", "Resource": "*"}

    Bad:
        boundary:
          - {"Effect": "Allow", "Action": ["logs:*", "s3:*"], "Resource": "*"}

    Bad:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": {"ArnEquals":
               {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:111122223333:function:orders"}}}

    Bad:
        calls:
          - {service: dynamodb, operation: Scan, where: "app.py:3", parameters: {TableName: orders}}
        more policies:
          Scan:
            - {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "*"}
            - {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*",
               "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}}

    Good:
        more policies:
          Guard:
            - {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"}
        boundary:
          - {"Effect": "Allow", "Action": ["logs:*", "sqs:*", "xray:*"], "Resource": "*"}

    What is not decided of any need is said here too, once for each reason.

    Misses: policies of VPC endpoints, and those of the organization where they cannot be read.
    """
    for each in lacks(function, account, lambda need: True, by=lambda need: need.resource, blocked=True):
        yield from _hits(each)
    yield from undecided(function, account)


def _hits(lack: Lack) -> Yields:
    """One hit for each thing that blocks needs on this resource."""
    blocks = dict.fromkeys(each.block for each in lack.missing if each.block)
    for block in blocks:
        part = Lack(tuple(each for each in lack.missing if each.block == block), lack.held)
        on = "" if part.need.resource == "*" else f" on `{part.need.resource.split(':', 5)[-1]}`"
        yield part.hit(
            f"`{part.role}` is allowed {part.quoted}{on} by `{block.allow.policy}`, and blocked by {block.by}",
            subject=f"{','.join(sorted(part.actions))} {part.need.resource}",
            fix=_fix(block, part),
            allow=told(block.allow),
            block=told(block.statement) if block.statement else block.by,
        )


def _fix(block: Block, lack: Lack) -> str:
    if block.statement is None:
        return f"let {block.by.partition(',')[0]} allow {lack.quoted} as well"
    where = f"`{block.statement.policy}`, statement {block.statement.index + 1}"
    if block.statement == block.allow:
        return f"take the condition out of {where}, or give {lack.quoted} a statement without it"
    out = f"take {lack.quoted} on `{lack.need.resource}` out of the Deny in {where}"
    network = next((each.key for each in block.statement.conditions if each.key.lower() in OF_NETWORKS), None)
    return f"{out}, or put the function into the VPC that `{network}` asks for" if network else out
