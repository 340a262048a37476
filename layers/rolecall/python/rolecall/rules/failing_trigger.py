from rolecall.finding import Hit, Severity
from rolecall.fixes import enabled_mapping
from rolecall.model import Account, Function, Trigger
from rolecall.rules import Yields, rule
from rolecall.triggers import TRIGGERS, Poll

# Lambda API, EventSourceMappingConfiguration: StateTransitionReason says who made the last change.
BY_USER = ("user action", "user_initiated", "user initiated")
PROBLEM = "PROBLEM"


@rule(Severity.MEDIUM)
def failing_trigger(function: Function, account: Account) -> Yields:
    """A trigger is disabled, or fails.

    When Lambda cannot read a source any more it disables the mapping by itself, and nobody is told: events wait
    until they expire. What its owner disabled is only mentioned.

    Bad:
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders", state: Disabled,
             reason: "Lambda lost access to the queue"}

    Bad:
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders",
             reason: "USER_INITIATED; PROBLEM: Function call failed"}

    Bad:
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders", state: Disabled,
             reason: "User action; No records processed"}

    Good:
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders", state: Updating, reason: "User action"}
    """
    for trigger in function.triggers:
        reason = trigger.reason or ""
        is_off = trigger.state == "Disabled"
        fails = PROBLEM in reason or (is_off and bool(reason) and not _is_by_user(reason))
        if not fails and not is_off:
            continue
        what = "mapping of" if isinstance(TRIGGERS.get(trigger.type), Poll) else f"trigger ({trigger.type})"
        said = f"is disabled{'' if not fails else ' by Lambda'}" if is_off else "fails"
        yield Hit(
            None,
            f"the {what} `{_name(trigger)}` {said}" + (f": {reason}" if reason else ""),
            fix=enabled_mapping(function, trigger),
            subject=trigger.id or trigger.source,
            severity=Severity.MEDIUM if fails else Severity.INFO,
            evidence={"trigger": trigger.source, "id": trigger.id, "state": trigger.state, "reason": trigger.reason},
            place=trigger.place,
        )


def _is_by_user(reason: str) -> bool:
    return any(each in reason.lower() for each in BY_USER)


def _name(trigger: Trigger) -> str:
    return trigger.source.split(":", 5)[-1]
