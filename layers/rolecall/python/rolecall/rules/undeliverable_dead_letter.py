import json
from collections.abc import Iterator

from rolecall.callers.dead_letters import SENDERS, Verdict, moved, redrive, undeliverable
from rolecall.finding import Hit, Severity
from rolecall.fixes import reference
from rolecall.model import Account, Function, Gap, Trigger
from rolecall.rules import Yields, rule

MOST_SOURCES = 10  # queues that a RedriveAllowPolicy can name: SQS API Reference, "SetQueueAttributes"


@rule(Severity.HIGH)
def undeliverable_dead_letter(function: Function, account: Account) -> Yields:
    """A dead-letter queue that its service may not write to.

    What cannot be delivered is to be kept there, and is lost instead, without a word: EventBridge and SNS need a policy
    of the queue (and of its key) that lets them in, Scheduler needs it in the schedule's role. SQS itself moves
    messages without one, but only between queues of one kind, region and account, and only from those that the
    `RedriveAllowPolicy` of the dead-letter queue allows.

    Bad:
        triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily",
                    dead_letter: "arn:aws:sqs:us-east-1:111122223333:failed"}]
        resources: [{arn: "arn:aws:sqs:us-east-1:111122223333:failed"}]

    Bad:
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             facts: [[dead-letter, "arn:aws:sqs:us-east-1:111122223333:failed.fifo"]]}

    Bad:
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             facts: [[dead-letter, "arn:aws:sqs:us-east-1:111122223333:failed"]]}
          - {arn: "arn:aws:sqs:us-east-1:111122223333:failed", facts: [[redrive, nobody]]}

    Good:
        triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily",
                    dead_letter: "arn:aws:sqs:us-east-1:111122223333:failed"}]
        resources:
          - arn: "arn:aws:sqs:us-east-1:111122223333:failed"
            policy:
              - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "sqs:SendMessage",
                 Resource: "arn:aws:sqs:us-east-1:111122223333:failed",
                 Condition: {ArnEquals: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}

    Good:
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             facts: [[dead-letter, "arn:aws:sqs:us-east-1:111122223333:failed"]]}

    Good:
        resources:
          - {arn: "arn:aws:sqs:us-east-1:111122223333:orders",
             facts: [[dead-letter, "arn:aws:sqs:us-east-1:111122223333:failed"]]}
          - {arn: "arn:aws:sqs:us-east-1:111122223333:failed",
             facts: [[redrive, "arn:aws:sqs:us-east-1:111122223333:orders"]]}

    Misses: of a live queue, that it is encrypted with the key of AWS (`alias/aws/sqs`).
    """
    for trigger, queue, verdict in _judged(function, account):
        if verdict.unsure:
            yield Gap("dead-letter queue", verdict.unsure, None, function.id, False, trigger.place)
        elif verdict.fault:
            yield Hit(
                None,
                f"the dead-letter queue `{queue.rpartition(':')[2]}` of `{trigger.source.split(':', 5)[-1]}`"
                f" {verdict.fault}: events are lost",
                fix=_fix(trigger, queue, verdict, account),
                subject=f"{trigger.source} {queue}",
                actions=("sqs:SendMessage",),
                resources=(queue,),
                principal=SENDERS.get(trigger.type, trigger.role),
                evidence={"trigger": trigger.source, "type": trigger.type, "queue": queue, "fault": verdict.fault},
                witness=verdict.witness,
                place=trigger.place,
            )


def _judged(function: Function, account: Account) -> Iterator[tuple[Trigger, str, Verdict]]:
    seen = set[tuple[str, str]]()
    for trigger in function.triggers:
        if trigger.dead_letter and (trigger.type in SENDERS or trigger.type == "scheduler"):
            queue = trigger.dead_letter
            if (trigger.source, queue) not in seen:
                yield trigger, queue, undeliverable(trigger, queue, account)
            seen.add((trigger.source, queue))
        for queue in redrive(trigger, account):
            yield trigger, queue, moved(trigger.source, queue, account)


def _fix(trigger: Trigger, queue: str, verdict: Verdict, account: Account) -> str:
    if verdict.lets is not None:
        allowed = [reference(each, account) for each in (*verdict.lets, trigger.source)]
        named = {"redrivePermission": "byQueue", "sourceQueueArns": allowed}
        said = named if len(allowed) <= MOST_SOURCES else {"redrivePermission": "allowAll"}
        return f"write as the `RedriveAllowPolicy` of `{queue.rpartition(':')[2]}`: {json.dumps(said)}"
    if verdict.witness is None:
        return f"name a queue of the same kind, region and account as the dead-letter queue of `{trigger.source}`"
    action, resource = verdict.witness["action"], reference(str(verdict.witness["resource"]), account)
    if trigger.type == "scheduler":
        allowing = {"Effect": "Allow", "Action": action, "Resource": resource}
        return f"{json.dumps(allowing)} in a policy of `{(trigger.role or '').rpartition('/')[2]}`"
    if str(action).startswith("kms:"):
        actions = ["kms:GenerateDataKey", "kms:Decrypt"]
        return json.dumps(_allowing(trigger, actions, "*")) + " in the key policy"
    known = account.resource(queue)
    if isinstance(resource, dict) and "Fn::GetAtt" in resource and known is not None and known.policy is None:
        return f"add to the resources: {json.dumps(_policy(queue, resource, account))}"
    statement = _allowing(trigger, action, resource) | _from(trigger, account)
    return json.dumps(statement) + f" in the policy of `{queue.rpartition(':')[2]}`"


def _policy(queue: str, resource: dict[str, list[str]], account: Account) -> dict[str, object]:
    """The policy of a queue of the template that has none, for all that writes there: a second one would replace it."""
    triggers = {each.source: each for one in account.functions for each in one.triggers if each.dead_letter == queue}
    senders = [each for _, each in sorted(triggers.items()) if each.type in SENDERS]
    statements = [_allowing(each, "sqs:SendMessage", resource) | _from(each, account) for each in senders]
    properties = {
        "Queues": [{"Ref": resource["Fn::GetAtt"][0]}],
        "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    }
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}


def _allowing(trigger: Trigger, action: object, resource: object) -> dict[str, object]:
    principal = {"Service": SENDERS[trigger.type]}
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}


def _from(trigger: Trigger, account: Account) -> dict[str, object]:
    return {"Condition": {"ArnEquals": {"aws:SourceArn": reference(trigger.source, account)}}}
