from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function, Trigger
from rolecall.needs import Need
from rolecall.needs.lack import Lack, lacks
from rolecall.rules import Yields, rule
from rolecall.triggers import TRIGGERS, Poll


@rule(Severity.HIGH, silences=("denied-call",))
def unreadable_source(function: Function, account: Account) -> Yields:
    """An event source mapping cannot read its source.

    Lambda polls with the rights of the execution role. It checked them when the mapping was made; when the
    role loses them later, polling stops and the messages grow old. Medium where only shards go unnoticed.

    Bad:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:GetQueueAttributes"],
               "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"}

    Bad:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:111122223333:invoices"}

    Good:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": ["sqs:receivemessage", "sqs:Get*", "sqs:DeleteMessage"],
               "Resource": "arn:aws:sqs:us-east-1:111122223333:ord*"}

    Good:
        policies: {}
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders", state: Disabled}

    Misses: IAM access to Kafka, which a mapping takes only where it has no secret.
    """
    triggers = {trigger.id or trigger.source: trigger for trigger in function.triggers}

    def is_polled(need: Need) -> bool:
        if need.proof.kind != "trigger" or "kms:ViaService" in dict(need.context):
            return False
        return not (need.action.startswith("ec2:") and function.settings.subnets)

    for each in lacks(function, account, is_polled, by=lambda need: need.proof.where):
        yield _hit(each, triggers[each.need.proof.where])


def _hit(lack: Lack, trigger: Trigger) -> Hit:
    row = TRIGGERS[trigger.type]
    watches = row.watches if isinstance(row, Poll) else ()
    return lack.hit(
        f"`{lack.role}` may not {lack.quoted} on `{trigger.source.split(':', 5)[-1]}`, which Lambda polls for it",
        subject=trigger.source,
        severity=Severity.MEDIUM if set(lack.actions) <= set(watches) else Severity.HIGH,
        place=trigger.place,
        mapping=trigger.id,
        source=trigger.source,
    )
