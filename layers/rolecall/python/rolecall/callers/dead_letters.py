"""Dead letters: can the service that could not deliver an event put it into the queue that is kept for it?"""

from collections.abc import Mapping
from dataclasses import dataclass

from rolecall.iam.arn import Arn
from rolecall.iam.evaluate import Outcome, Policies
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import EVERY_KEY, Caller, Request
from rolecall.iam.settle import settle
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Trigger

SENDERS: Mapping[str, str] = {"eventbridge": "events.amazonaws.com", "sns": "sns.amazonaws.com"}
"""Type of a trigger -> the service that writes to its dead-letter queue in its own name.

EventBridge User Guide, "Using dead-letter queues"; SNS Developer Guide, "Configuring a dead-letter queue". Scheduler
writes with the role of the schedule (its User Guide, "Configuring a dead-letter queue").
"""

NOBODY = "nobody"
"""What the fact `redrive` of a queue says where no other may move messages there."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a dead-letter queue, in words (None: nothing); `unsure`: why that is not decided.

    `lets` are the queues (ARNs) that may move their messages there, where their source is not among them.
    """

    fault: str | None = None
    witness: Mapping[str, object] | None = None
    unsure: str | None = None
    lets: tuple[str, ...] | None = None


def redrive(trigger: Trigger, account: Account) -> tuple[str, ...]:
    """The dead-letter queues of the queue that Lambda polls. SQS itself moves messages there, and needs no policy."""
    source = account.resource(trigger.source) if trigger.type == "sqs" else None
    return source.fact("dead-letter") if source else ()


def moved(source: str, queue: str, account: Account) -> Verdict:
    """Can SQS move messages there?

    Both have to be of one kind, in one region and account, and the `RedriveAllowPolicy` has to allow it (SQS Developer
    Guide, "Using dead-letter queues in Amazon SQS").
    """
    if is_unresolved(queue) or is_unresolved(source):
        return Verdict()
    known = account.resource(queue)
    if known is not None and not known.exists:
        return Verdict("does not exist")
    if source.endswith(".fifo") != queue.endswith(".fifo"):
        return Verdict(f"is {_kind(queue)}, its source {_kind(source)}")
    if source.split(":")[3:5] != queue.split(":")[3:5]:
        return Verdict("is not in the region and account of its source")
    lets = known.fact("redrive") if known else ()
    if not lets or source in lets:
        return Verdict()
    if any(map(is_unresolved, lets)):
        return Verdict(unsure="which queues may move messages there is not known")
    lets = tuple(each for each in lets if each != NOBODY)
    names = ", ".join(f"`{each.rpartition(':')[2]}`" for each in lets)
    return Verdict(f"lets {f'only {names}' if lets else 'no queue'} move messages there", lets=lets)


def undeliverable(trigger: Trigger, queue: str, account: Account) -> Verdict:
    """Why the service behind a trigger cannot write to its dead-letter queue."""
    if is_unresolved(queue):
        return Verdict(unsure="which queue it is, is not known")
    if queue.endswith(".fifo"):
        return Verdict(f"is {_kind(queue)}, and only a standard queue will do")
    source, kept = Arn.parse(trigger.source), Arn.parse(queue)
    if source is None or kept is None:
        return Verdict(unsure=f"`{queue if source else trigger.source}` is no ARN")
    if source.region != kept.region and not is_unresolved(source.region):
        return Verdict("is not in the region of its source")
    known = account.resource(queue)
    if known is not None and not known.exists:
        return Verdict("does not exist")
    if trigger.type == "scheduler":
        return _by_role(trigger, queue, known.policy if known else None, account)
    if known is None:
        return Verdict(unsure="it was not read")
    if known.gaps:
        return Verdict()  # They say it.
    sender = SENDERS[trigger.type]
    found = _asked(trigger, sender, "sqs:SendMessage", queue, known.policy, account)
    if found.fault or found.unsure:
        return found
    if "AWS" in known.fact("manager of key"):
        return Verdict("is encrypted with the key of AWS, which other services may not use")
    if not known.key:
        return found
    key = account.resource(known.key)
    if key is None or is_unresolved(known.key):
        return Verdict(unsure="the policy of its key is not known")
    if key.gaps:
        return Verdict()
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        found = _asked(trigger, sender, action, known.key, key.policy, account)
        if found.fault or found.unsure:
            return found
    return Verdict()


def _asked(
    trigger: Trigger, sender: str, action: str, resource: str, policy: Policy | None, account: Account
) -> Verdict:
    context = {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": sender, "aws:SourceArn": trigger.source}
    if trigger.type != "sns" or action.startswith("kms:"):
        context["aws:SourceAccount"] = trigger.source.split(":")[4]
    request = Request.of(Caller("Service", sender), action, resource, context, unknown=EVERY_KEY)
    return _verdict(request, Policies(resource=policy), f"does not let `{sender}` `{action}`")


def _by_role(trigger: Trigger, queue: str, policy: Policy | None, account: Account) -> Verdict:
    role = account.role(trigger.role or "")
    if role is None or role.gaps:
        return Verdict()  # `refused-trigger` tells that.
    session = f"arn:{account.partition}:sts::{account.id}:assumed-role/{role.name}/{trigger.type}"
    context = {"aws:PrincipalArn": role.arn, "aws:PrincipalAccount": account.id}
    request = Request.of(Caller("AWS", session), "sqs:SendMessage", queue, context, unknown=EVERY_KEY)
    policies = Policies(role.policies, policy, (role.boundary,) if role.boundary else None, scps=account.scps or None)
    return _verdict(request, policies, f"is written to as `{role.name}`, which may not `sqs:SendMessage`")


def _verdict(request: Request, policies: Policies, fault: str) -> Verdict:
    decision = settle(request, policies)
    if decision.outcome is Outcome.ALLOWED:
        return Verdict()
    every = (policies.resource, *policies.identity)
    values = [text for policy in every if policy for each in policy.statements for text in _texts(each)]
    if (decision.outcome is Outcome.UNKNOWN and decision.allowed is not False) or any(map(is_unresolved, values)):
        return Verdict(unsure="a condition or name of its policy is not known")
    witness = {
        "principal": {"type": request.caller.type, "id": request.caller.id},
        "action": request.action,
        "resource": request.resource,
        "context": dict(request.context),
    }
    return Verdict(fault, witness)


def _texts(statement: Statement) -> tuple[str, ...]:
    return (*statement.resources, *(value for each in statement.conditions for value in each.values))


def _kind(queue: str) -> str:
    return "a FIFO queue" if queue.endswith(".fifo") else "a standard queue"
