from rolecall.finding import Confidence, Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.excess import unneeded_of
from rolecall.needs.last_accessed import with_use
from rolecall.needs.purpose import Purpose, judged
from rolecall.needs.reduced import reduced
from rolecall.rules import Yields, named, rule


@rule(Severity.MEDIUM, silences=("trigger-loop", "unneeded-grant", "wide-resource"))
def leftover_poller_grant(function: Function, account: Account) -> Yields:
    """The role may consume a source that no longer feeds the function.

    The mapping is gone, its rights stayed: whoever takes over the function takes messages from others.
    A mapping that its owner disabled still needs them.

    Bad:
        calls: []
        triggers: []

    Bad:
        calls: []
        more policies:
          PollOther:
            - {"Effect": "Allow", "Action": ["kinesis:GetRecords", "kinesis:GetShardIterator"],
               "Resource": "arn:aws:kinesis:us-east-1:111122223333:stream/orders"}

    Good:
        calls: []
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders", state: Disabled}

    Good:
        triggers: []
        calls:
          - {service: sqs, operation: ReceiveMessage,
             parameters: {QueueUrl: "https://sqs.us-east-1.amazonaws.com/111122223333/orders"}}
          - {service: sqs, operation: DeleteMessage,
             parameters: {QueueUrl: "https://sqs.us-east-1.amazonaws.com/111122223333/orders"}}
          - {service: sqs, operation: GetQueueAttributes,
             parameters: {QueueUrl: "https://sqs.us-east-1.amazonaws.com/111122223333/orders"}}

    Misses: a mapping in another region or account that runs with this role.
    """
    for comparison, excess, confirmed in judged(function, account, Purpose.POLLER):
        rights = tuple(each.right for each in confirmed)
        patterns = tuple(dict.fromkeys(pattern for right in rights for pattern in right.unneeded))
        made = reduced(comparison, excess)
        hit = Hit(
            excess.statement,
            f"{named(patterns)} no longer feeds `{function.name}`, which may still consume it",
            fix=made.fix,
            actions=tuple(right.action for right in rights),
            resources=patterns,
            confidence=Confidence.HIGH if comparison.is_certain else Confidence.MEDIUM,
            evidence={"unneeded": unneeded_of(rights), "diff": made.diff},
            witness=confirmed[0].witness,
        )
        yield with_use(hit, comparison, rights)
