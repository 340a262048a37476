from difflib import get_close_matches

from rolecall.finding import Confidence, Hit, Severity
from rolecall.model import Account, Function, Gap, Trigger
from rolecall.rules import Yields, rule

SIMILAR = 0.85
"""Of two names, from 0 to 1 (difflib): the one is probably the other with a slip."""


@rule(Severity.HIGH, silences=("qualifier-mismatch", "refused-trigger"))
def dangling_trigger(account: Account) -> Yields:
    """A trigger invokes a function, version or alias that does not exist.

    Every event fails. Whoever may make a function of that name gets the events.

    Bad:
        functions:
          - {id: orders, name: orders, arn: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             role: "arn:aws:iam::111122223333:role/orders", qualifier: live,
             triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}]}
        resources: [{arn: "arn:aws:lambda:us-east-1:111122223333:function:orders:live", exists: false}]

    Bad:
        strays:
          - {function: "arn:aws:lambda:us-east-1:111122223333:function:gone", type: sns,
             source: "arn:aws:sns:us-east-1:111122223333:alarms"}

    Good:
        functions:
          - {id: orders, name: orders, arn: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             role: "arn:aws:iam::111122223333:role/orders", qualifier: live,
             triggers: [{type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders"}]}

    Misses: in a template, functions of other stacks, and versions that it does not make; live, functions of other
    accounts and regions.
    """
    for function in account.functions:
        known = account.resource(function.qualified_arn) if function.qualifier else None
        if known is not None and not known.exists:
            for source in dict.fromkeys(trigger.source for trigger in function.triggers):
                trigger = next(each for each in function.triggers if each.source == source)
                yield _hit(trigger, function.qualified_arn, function)
        elif known is None and function.place and function.triggers and (function.qualifier or "").isdecimal():
            why = f"no template makes version {function.qualifier} of `{function.name}`: it may not be there"
            yield Gap("trigger target", why, None, function.id, False, function.triggers[0].place)
    names = [each.name for each in account.functions]
    for arn, trigger in account.strays:
        if trigger.place is None:
            yield _hit(trigger, arn)
            continue
        name = arn.split(":")[6]
        meant = get_close_matches(name, names, 1, SIMILAR)
        if meant:
            yield _hit(trigger, arn, meant=meant[0])
        else:
            why = "its target is no function of the templates that were given"
            yield Gap("trigger target", why, None, None, False, trigger.place)


def _hit(trigger: Trigger, arn: str, function: Function | None = None, *, meant: str | None = None) -> Hit:
    name, source = arn.split(":", 6)[-1], trigger.source.split(":", 5)[-1]
    where = f"{trigger.place.file}:{trigger.place.line}" if trigger.place else f"`{trigger.source}`"
    return Hit(
        None,
        f"`{source}` ({trigger.type}) invokes `{name}`, which does not exist" + (f": `{meant}`?" if meant else ""),
        fix=f"{where}: let it invoke a function that exists, or remove the target (or make `{name}` again)",
        subject=f"{trigger.source} -> {arn}",
        actions=("lambda:InvokeFunction",),
        resources=(arn,),
        confidence=Confidence.MEDIUM if meant else Confidence.HIGH,
        evidence={"trigger": trigger.source, "type": trigger.type, "id": trigger.id, "target": arn, "meant": meant},
        function=function.id if function else None,
        place=trigger.place,
        triggers=(trigger.source,) if function else (),
    )
