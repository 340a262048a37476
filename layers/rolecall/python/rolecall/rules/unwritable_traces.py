from rolecall.finding import Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.lack import lacks
from rolecall.rules import Yields, rule

TRACES = "xray:PutTraceSegments"


@rule(Severity.MEDIUM, silences=("denied-call",))
def unwritable_traces(function: Function, account: Account) -> Yields:
    """Active tracing is on, and the role may not send traces.

    Nothing fails: the traces are missing. Low where they arrive and only the telemetry of the daemon does not.

    Bad:
        policies: {}
        settings: {tracing: true}

    Good:
        settings: {tracing: true}

    Good:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"}

    Misses: libraries that send traces while tracing is off; they have the rights of the code.
    """
    for each in lacks(function, account, _is_tracing, by=lambda need: need.proof.where):
        yield each.hit(
            f"`{each.role}` may not {each.quoted}, and active tracing is on",
            subject="tracing",
            severity=None if TRACES in each.actions else Severity.LOW,
            setting="tracing",
        )


def _is_tracing(need: Need) -> bool:
    return need.proof.kind == "config" and need.proof.where == "tracing"
