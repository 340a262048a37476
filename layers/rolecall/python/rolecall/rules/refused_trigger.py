import json
from collections import defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

from rolecall.callers.delivery import named_for, sources
from rolecall.callers.services import other_means
from rolecall.callers.wiring import Row, State, astray, states
from rolecall.finding import Hit, Severity
from rolecall.fixes import (
    as_property,
    as_text,
    guarded_permission,
    moved_permission,
    permission,
    reference,
    remove_permission,
)
from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, named, rule
from rolecall.triggers import TRIGGERS, Push


@rule(Severity.HIGH, silences=("leftover-permission",))
def refused_trigger(function: Function, account: Account) -> Yields:
    """A trigger is configured, but it may not invoke the function.

    A service that pushes is let in by the function's resource policy, one that comes with a role by that
    role's policies. Where neither allows the call, every event is refused: some services say so when they are
    set up, most say nothing and drop the event.

    Bad:
        triggers:
          - {type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}

    Bad:
        triggers:
          - {type: sns, source: "arn:aws:sns:us-east-1:111122223333:alarms"}
        resource policy:
          - {Effect: Allow, Principal: {Service: sns.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:sns:us-east-1:111122223333:orders"}}}

    Bad:
        triggers:
          - {type: scheduler, source: "arn:aws:scheduler:us-east-1:111122223333:schedule/default/nightly",
             role: "arn:aws:iam::111122223333:role/nightly"}
        roles:
          - {arn: "arn:aws:iam::111122223333:role/nightly", policies: []}

    Good:
        triggers:
          - {type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily"}
        resource policy:
          - {Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "arn:aws:lambda:us-east-1:111122223333:function:orders",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}

    Good:
        triggers:
          - {type: scheduler, source: "arn:aws:scheduler:us-east-1:111122223333:schedule/default/nightly",
             role: "arn:aws:iam::111122223333:role/nightly"}
        roles:
          - arn: "arn:aws:iam::111122223333:role/nightly"
            policies:
              - name: Invoke
                document:
                  Version: "2012-10-17"
                  Statement:
                    - {Effect: Allow, Action: "lambda:InvokeFunction",
                       Resource: "arn:aws:lambda:us-east-1:111122223333:function:orders"}

    Misses: whether the caller's role trusts the service that uses it.
    """
    refused: dict[tuple[str, str, str | None], list[Row]] = defaultdict(list)
    for row in states(function, account):
        delivery, trigger = row.delivery, row.trigger
        if delivery is None or trigger is None:
            continue
        if delivery.unsure:
            yield Gap("trigger", f"not decided whether it is let in: {delivery.unsure}", None, function.id, False)
        elif row.state is State.TRIGGER_ONLY or (row.state is State.BY_ROLE and not delivery.arrives):
            refused[(trigger.type, trigger.source, trigger.role)].append(row)
    missing = _missing(states(function, account))
    for (kind, source, role), rows in refused.items():
        if role:
            yield _by_role(function, account, kind, source, role, rows)
        else:
            yield _as_service(function, account, source, rows, missing[kind])


def _missing(rows: Sequence[Row]) -> dict[str, list[Statement]]:
    """The permissions for a source that nothing comes from, by the type of trigger."""
    useful = {each for row in rows if row.state is not State.PERMISSION_ONLY for each in row.statements}
    found: dict[str, list[Statement]] = defaultdict(list)
    for row in rows:
        if row.state is State.PERMISSION_ONLY and row.source:
            found[row.type] += [each for each in row.statements if each not in (*useful, *found[row.type])]
    return found


def _as_service(function: Function, account: Account, source: str, rows: list[Row], missing: list[Statement]) -> Hit:
    """What lacks a permission. One that misses was meant for one trigger: it is taken out of `missing`."""
    trigger, delivery = rows[0].trigger, rows[0].delivery
    assert trigger is not None
    assert delivery is not None
    row = TRIGGERS[trigger.type]
    if not isinstance(row, Push):
        return _by_role(function, account, trigger.type, source, None, rows)
    (wanted,) = named_for([each.trigger for each in rows if each.trigger])
    fitting = [each.where for each in _naming(function, source)]
    near = (missing.pop(0),) if missing and not fitting else ()
    fix = permission(function, row.principal, wanted, account, owner=not row.owned)
    said = _nearly(near)
    mistaken = next((each for each in _naming(function, source) if all(map(other_means, each.services))), None)
    if mistaken is not None:
        said = f": `{mistaken.sid or mistaken.where}` lets `{mistaken.services[0]}` in for it, which never comes"
        fix, near = _corrected(function, mistaken, row.principal, fix), (mistaken,)
    elif near:
        fix = guarded_permission(function, near[0], row.principal, wanted, account)
    elif not fitting and (other := astray(rows[0], function, account)):
        permitted, statement = other[0], other[1].statements[0]
        said = f": `{statement.sid}` lets it invoke `{_called(permitted)}`"
        fix = moved_permission(permitted, function, statement, source, account)
    return Hit(
        None,
        f"`{_name(wanted)}` ({trigger.type}) is to invoke `{_called(function)}`, and no statement lets"
        f" `{row.principal}` in for it{said}",
        fix=fix,
        subject=source,
        actions=("lambda:InvokeFunction",),
        resources=(function.qualified_arn,),
        principal=row.principal,
        evidence={**_told(rows), **({"near": found} if (found := fitting or [each.where for each in near]) else {})},
        witness=delivery.witness,
        place=trigger.place,
        near=near,
        triggers=(source,),
    )


def _naming(function: Function, source: str) -> list[Statement]:
    """The statements of services that name the source."""
    allows = function.resource_policy.allows if function.resource_policy else ()
    return [each for each in allows if each.services and source in sources(each)]


def _corrected(function: Function, statement: Statement, principal: str, added: str) -> str:
    """What makes a statement one of the service that comes; `added` is what adds one."""
    if ("AWS::Lambda::Permission", statement.sid) not in function.writers or not statement.place:
        return f"{added}; {remove_permission(function, statement)}"
    return (
        f"{statement.place.file}:{statement.place.line}: set `{as_property(statement.place, 'Principal', principal)}`"
    )


def _nearly(near: tuple[Statement, ...]) -> str:
    """What the statement does that was probably meant to."""
    if not near:
        return ""
    called = near[0].sid or f"statement {near[0].index + 1}"
    return f": `{called}` lets it in for `{_name(', '.join(sources(near[0])))}`"


def _by_role(function: Function, account: Account, kind: str, source: str, role: str | None, rows: list[Row]) -> Hit:
    trigger, delivery = rows[0].trigger, rows[0].delivery
    assert trigger is not None
    assert delivery is not None
    name = (role or "").rpartition("/")[2]
    target = reference(function.qualified_arn, account)
    allowing = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": target}
    fix, near = f"{json.dumps(allowing)} in a policy of `{name}`", _nearest(function, account, role)
    said = ""
    if near and not delivery.denies:
        others = named([each.split(":", 6)[-1] for each in near.resources])
        said = f": `{near.policy}`, statement {near.index + 1}, lets it invoke {others}"
        at = f"{near.place.file}:{near.place.line}: " if near.place else f"in `{near.policy}` of `{name}`: "
        fix = f"{at}add `{as_text(target)}` to the resources of statement {near.index + 1}"
    return Hit(
        delivery.denies[0] if delivery.denies else None,
        f"`{_name(source)}` ({kind}) invokes `{_called(function)}` as `{name}`, which may not do so{said}",
        fix=fix,
        subject=f"{source} as {name}",
        actions=("lambda:InvokeFunction",),
        resources=(function.qualified_arn,),
        principal=role,
        evidence={**_told(rows), "role": role},
        witness=delivery.witness,
        place=trigger.place,
        triggers=(source,),
    )


def _nearest(function: Function, account: Account, role: str | None) -> Statement | None:
    """The statement by which a caller's role may invoke, but not this: another qualifier, or a name like it."""
    caller = account.role(role or "")
    allows = [each for policy in caller.policies for each in policy.allows] if caller else []
    invoking = [each for each in allows if each.resources and not each.policy.startswith("arn:") and _invokes(each)]
    if any(resource_matches(each, function.qualified_arn) for one in invoking for each in one.resources):
        return None  # What keeps it from the function is something else.
    return max(invoking, key=lambda each: _likeness(each, function.qualified_arn), default=None)


def _invokes(statement: Statement) -> bool:
    is_named = any(matches(each, "lambda:InvokeFunction", ignore_case=True) for each in statement.actions)
    return is_named and not statement.conditions


def _likeness(statement: Statement, arn: str) -> float:
    return max(SequenceMatcher(None, each, arn, autojunk=False).ratio() for each in statement.resources)


def _told(rows: list[Row]) -> dict[str, object]:
    triggers = [row.trigger for row in rows if row.trigger]
    return {
        "trigger": triggers[0].source,
        "type": triggers[0].type,
        "names": sorted({each.id for each in triggers if each.id}),
        "decision": str(rows[0].delivery.decision.outcome) if rows[0].delivery else None,
    }


def _called(function: Function) -> str:
    return f"{function.name}:{function.qualifier}" if function.qualifier else function.name


def _name(source: str) -> str:
    return source.rpartition(":")[2] if not source.endswith(":*") else source.split(":", 6)[-1].removesuffix(":*")
