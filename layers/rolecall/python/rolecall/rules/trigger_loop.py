from dataclasses import replace

from rolecall.callers.loops import Loop, loops
from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.policy import Kind
from rolecall.model import Account, Function
from rolecall.needs.excess import written
from rolecall.needs.of import of
from rolecall.needs.parts import overlap, widened
from rolecall.needs.reduced import Move, reduced
from rolecall.needs.witness import witness
from rolecall.rules import Yields, rule

RECURSION = ("recursive-loop", "Allow")
"""In `Settings.others`: Lambda's own detection of loops is off."""


@rule(Severity.MEDIUM, silences=("wide-resource", "unneeded-grant"))
def trigger_loop(function: Function, account: Account) -> Yields:
    """The function may write to the source of its own trigger.

    What it writes invokes it again, and so on: at the full speed of Lambda, until somebody looks at the bill.
    Lambda detects some of such loops (by SQS, SNS and S3) and stops them, unless that was switched off (high).
    Low where a filter by content stands between, as what the function writes is not known.

    Bad:
        more policies:
          Send: [{"Effect": "Allow", "Action": "sqs:SendMessage",
                  "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"}]

    Bad:
        triggers: [{type: s3, source: "arn:aws:s3:::inbox", filter: '{"prefix": "in/"}'}]
        more policies:
          Write: [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::inbox/*"}]

    Good:
        triggers: [{type: s3, source: "arn:aws:s3:::inbox", filter: '{"prefix": "in/"}'}]
        more policies:
          Write: [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::inbox/out/*"}]

    Good:
        more policies:
          Send: [{"Effect": "Allow", "Action": "sqs:SendMessage",
                  "Resource": "arn:aws:sqs:us-east-1:111122223333:done"}]

    Misses: loops over several functions, by Kafka, by IoT.
    """
    for loop in loops(function, account):
        yield _hit(function, account, loop)


def _written(loop: Loop) -> tuple[str, str]:
    """What it writes to, and how that leads back: not always the source of the trigger."""
    source = loop.trigger.source
    if loop.trigger.type == "dynamodb":
        return loop.resource, "whose stream"
    if loop.trigger.type == "eventbridge":
        return loop.resource, f"from which `{source.split(':', 5)[-1]}`"
    return source, "which"


def _hit(function: Function, account: Account, loop: Loop) -> Hit:
    trigger, action = loop.trigger, loop.actions[0]
    writes = [need for need in of(function, account).needs if need.action in loop.actions]
    does = any(overlap(widened(need.resource), loop.resource) for need in writes)
    severity = Severity.MEDIUM if loop.is_sure else Severity.LOW
    if RECURSION in function.settings.others:
        severity = Severity.HIGH
    target, how = _written(loop)
    # What the queue's own policy allows is no statement of the role.
    own = loop.statement.kind is Kind.IDENTITY
    return Hit(
        loop.statement if own else None,
        f"`{function.name}` may `{action}` on `{target.split(':', 5)[-1]}`, {how} triggers it"
        + ("" if loop.is_sure else ": a filter by content decides"),
        fix=_fix(function, account, loop, [need.proof.where for need in writes]),
        subject=None if own else trigger.source,
        actions=loop.actions,
        resources=None if own else (trigger.source,),
        severity=severity,
        confidence=Confidence.HIGH if does else Confidence.MEDIUM,
        evidence={
            "trigger": trigger.source,
            "type": trigger.type,
            "filter": trigger.filter,
            "writes": loop.resource,
            "code": [need.proof.where for need in writes],
        },
        witness=witness(loop.held, loop.statement, action, loop.resource),
    )


def _fix(function: Function, account: Account, loop: Loop, writes: list[str]) -> str:
    """The statement without the loop; where the code writes there, or may, somebody must say where else."""
    who = writes[0] if writes else f"`{function.name}`"
    other = f"where, if not to `{_written(loop)[0]}`, {who} is to write"
    for comparison, excess in written(function, account):
        if excess.statement != loop.statement:
            continue
        rights = [right for right in excess.rights if right.action in loop.actions]
        reaching = [each for each in excess.statement.resources if overlap(widened(each), loop.resource)]
        moved = frozenset((right.action.lower(), each) for right in rights for each in reaching)
        made = reduced(comparison, excess, Move(moved, ("OTHER_ARN",)))
        return replace(made, open=(*made.open, ("OTHER_ARN", other))).fix
    if loop.statement.kind is not Kind.IDENTITY:
        where = f"the policy of `{loop.trigger.source}`, statement {loop.statement.index + 1}"
        return f"take `{loop.actions[0]}` for `{function.role}` out of {where}"
    return f"say {other}, and let the role write only there"
