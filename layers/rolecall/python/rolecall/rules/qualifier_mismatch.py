from collections import defaultdict

from rolecall.callers.wiring import Row, State, states
from rolecall.finding import Hit, Severity
from rolecall.fixes import moved_permission
from rolecall.model import Account, Function
from rolecall.rules import Yields, rule
from rolecall.triggers import TRIGGERS, Push


@rule(Severity.HIGH, silences=("leftover-permission", "wide-source", "account-wide-source", "refused-trigger"))
def qualifier_mismatch(function: Function, account: Account) -> Yields:
    """The permission is on one qualifier, the trigger invokes another.

    Each version and alias has a policy of its own. What lets a source in on the function itself lets it in
    nowhere else: a trigger that names `orders:live` is refused, however open `orders` is.

    Bad:
        resource policy:
          - {Sid: Daily, Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
        functions:
          - {id: orders, name: orders, arn: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             role: "arn:aws:iam::111122223333:role/orders", qualifier: live,
             triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}]}

    Good:
        functions:
          - id: orders
            name: orders
            arn: "arn:aws:lambda:us-east-1:111122223333:function:orders"
            role: "arn:aws:iam::111122223333:role/orders"
            qualifier: live
            triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}]
            resource_policy:
              Version: "2012-10-17"
              Statement:
                - {Sid: Daily, Effect: Allow, Principal: {Service: events.amazonaws.com},
                   Action: "lambda:InvokeFunction",
                   Resource: "arn:aws:lambda:us-east-1:111122223333:function:orders:live",
                   Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
    """
    # It is told on the version that has the statement, so that it stands for all else that is wrong with that.
    found: dict[tuple[int, str | None], list[Row]] = defaultdict(list)
    owners: dict[str | None, Function] = {each.qualifier: each for each in account.versions_of(function)}
    for other in owners.values():
        for row in states(other, account):
            on_this = row.served is not None and row.served.qualifier == function.qualifier
            if row.trigger and row.state is State.WRONG_QUALIFIER and on_this:
                found[(row.statements[0].index, other.qualifier)].append(row)
    for (_, qualifier), rows in found.items():
        yield _hit(function, owners[qualifier], rows, account)


def _hit(function: Function, wanted: Function, rows: list[Row], account: Account) -> Hit:
    statement, trigger, delivery = rows[0].statements[0], rows[0].trigger, rows[0].delivery
    assert trigger is not None
    assert delivery is not None
    row = TRIGGERS[trigger.type]
    return Hit(
        statement,
        f"`{trigger.source.split(':', 5)[-1]}` invokes `{_called(wanted)}`, its permission is on `{_called(function)}`",
        fix=moved_permission(function, wanted, statement, trigger.source, account),
        principal=row.principal if isinstance(row, Push) else None,
        evidence={
            "trigger": trigger.source,
            "invokes": wanted.qualified_arn,
            "permission": function.qualified_arn,
            "names": sorted({each.trigger.id for each in rows if each.trigger and each.trigger.id}),
        },
        witness=delivery.witness,
        triggers=tuple(sorted({each.trigger.source for each in rows if each.trigger})),
    )


def _called(function: Function) -> str:
    return f"{function.name}:{function.qualifier}" if function.qualifier else function.name
