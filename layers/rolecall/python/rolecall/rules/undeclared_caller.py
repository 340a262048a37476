import json
from collections.abc import Iterator
from dataclasses import replace

from rolecall.callers.caller import ONE_SIDE, Caller
from rolecall.callers.declared import KEY, declared
from rolecall.callers.principals import known
from rolecall.callers.who import who
from rolecall.finding import Confidence, Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement
from rolecall.model import Account, Function, Gap
from rolecall.needs.references import pasted
from rolecall.rules import Yields, rule

ASKED = ("role", "user", "account")
"""Kinds of callers that can be declared; services, organisations and everybody are for the rules on statements."""


@rule(Severity.HIGH, whole=True)
def undeclared_caller(function: Function, account: Account) -> Yields:
    """Somebody may invoke the function whom it does not declare as a caller.

    The tag `rolecall:callers` of a function says who is to invoke it: names of roles and users, ARNs and
    account ids with spaces between them, or `none`; further ones go into `rolecall:callers:2` and so on.
    Without the tag nothing is said. Medium where a condition on the request decides. Administrators are
    listed by `rolecall callers` and are no finding, nor is the role of a trigger that comes with one.

    Bad:
        tags: {"rolecall:callers": "none"}
        roles:
          - arn: "arn:aws:iam::111122223333:role/reports"
            policies:
              - name: Invoke
                document: {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}

    Bad:
        tags: {"rolecall:callers": "deploy"}
        resource policy:
          - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/reports"},
             "Action": "lambda:InvokeFunction", "Resource": "*"}

    Good:
        tags: {"rolecall:callers": "reports"}
        roles:
          - arn: "arn:aws:iam::111122223333:role/reports"
            policies:
              - name: Invoke
                document: {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}

    Good:
        roles:
          - arn: "arn:aws:iam::111122223333:role/reports"
            policies:
              - name: Invoke
                document: {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]}

    Good:
        tags: {"rolecall:callers": "none"}
        roles:
          - arn: "arn:aws:iam::111122223333:role/admin"
            policies:
              - name: Everything
                document: {"Version": "2012-10-17", "Statement": [
                  {"Effect": "Allow", "Action": "*", "Resource": "*"}]}

    Misses: principals outside of a template; who may assume a role that may invoke. Another account that
    is not trusted is for `foreign-caller`, a service without a trigger for `leftover-permission`.
    """
    meant = declared(function)
    if meant is None:
        return
    if meant.unknown or meant.refused:
        why = "its value is not known" if meant.unknown else f"it has {' and '.join(meant.refused)}"
        yield Gap("declared callers", f"the tag `{KEY}` declares nothing for certain: {why}", None, function.id)
        return
    found = who(function, account)
    by_trigger = {trigger.role for trigger in function.triggers if trigger.role}
    for caller in found.callers:
        if caller.kind not in ASKED or caller.principal in by_trigger or meant.covers(caller):
            continue
        if _owner(caller) == account.id or _owner(caller) in account.trusted:
            yield _hit(caller, function, account)
    known_gaps = set(account.all_gaps()) if found.gaps else set[Gap]()
    yield from (_unread(gap, function) for gap in found.gaps if gap not in known_gaps)


def _hit(caller: Caller, function: Function, account: Account) -> Hit:
    first = caller.statements[0] if caller.statements else None
    through = " and ".join(_where(each) for each in caller.statements) or "-"
    condition = f", if {', '.join(f'`{key}`' for key in caller.open)} fits" if caller.open else ""
    who_it_is = f"{caller.kind} `{caller.name}`, whom `{KEY}` does not name,"
    return Hit(
        first,
        f"{who_it_is} may invoke `{function.name}`{condition}: {through}",
        fix="; ".join(_fixes(caller, function, account)),
        subject=f"caller {caller.principal}",
        principal=caller.principal,
        severity=Severity.MEDIUM if caller.open else Severity.HIGH,
        confidence=Confidence.MEDIUM if caller.known == ONE_SIDE else Confidence.HIGH,
        evidence={"via": caller.via, "statements": [_told(each) for each in caller.statements], "open": caller.open},
        witness=_witness(caller, function, account),
    )


def _fixes(caller: Caller, function: Function, account: Account) -> Iterator[str]:
    """What takes each statement away from the caller."""
    for each in caller.statements:
        if each.policy == "boundary":
            continue
        if each.kind.names_principals:
            others = [named for named in each.principals if named.value != caller.principal]
            yield _taken_out(caller, function, each, account) if others else remove_permission(function, each)
            continue
        named = ", ".join(each.actions) or "all but " + ", ".join(each.not_actions)
        at = f"{each.place.file}:{each.place.line}: " if each.place else ""
        on = ", ".join(each.resources) or "all but " + ", ".join(each.not_resources)
        yield (
            f"{at}in `{each.policy}` of `{caller.name}` narrow `{named}` on `{on}` to the functions that it is to"
            f" invoke, or declare it: add `{caller.name}` to the tag `{KEY}` of `{function.name}`"
        )


def _taken_out(caller: Caller, function: Function, statement: Statement, account: Account) -> str:
    """What leaves the others in that the statement names; of whom it does not name itself, an account or all, that."""
    at = f"{statement.place.file}:{statement.place.line}: " if statement.place else ""
    which = f"`{statement.sid}`" if statement.sid else _where(statement)
    left = tuple(each for each in statement.principals if each.value != caller.principal)
    if left == statement.principals:
        return f"{at}let {which} name whom it is meant for, or declare `{caller.name}`: tag `{function.name}`"
    document = pasted(replace(statement, principals=left).document(), account)
    return f"{at}let {which} of the policy of `{function.name}` read {json.dumps(document)}"


def _where(statement: Statement) -> str:
    policy = "the function's own policy" if statement.kind.names_principals else f"`{statement.policy}`"
    return f"{policy}, statement {statement.index + 1}"


def _told(statement: Statement) -> dict[str, object]:
    return {"policy": statement.policy, "sid": statement.sid, "index": statement.index}


def _witness(caller: Caller, function: Function, account: Account) -> dict[str, object] | None:
    """The request that is allowed; None where a condition or another account decides as well."""
    arn = Arn.parse(caller.principal)
    if caller.open or caller.known == ONE_SIDE or arn is None or caller.through == ("url",):
        return None
    is_role = arn.service == "iam" and caller.kind == "role"
    session = f"arn:{account.partition}:sts::{account.id}:assumed-role/{caller.name}/any"
    return {
        "principal": {"type": "AWS", "id": session if is_role else caller.principal},
        "action": "lambda:InvokeFunction",
        "resource": function.qualified_arn,
        "context": {
            "aws:PrincipalAccount": account.id,
            "aws:PrincipalArn": caller.principal,
            "aws:PrincipalType": "AssumedRole" if is_role else "User",
            **({"aws:username": caller.name} if caller.kind == "user" else {}),
            **known(function, account),
        },
    }


def _unread(gap: Gap, function: Function) -> Gap:
    if gap.what == "callers" and gap.subject == function.id:
        # Its own policy names somebody who is not known: `foreign-caller` tells that too, in the same words.
        return replace(gap, what="rule foreign-caller")
    whose = f" of `{gap.subject}`" if gap.subject and gap.subject != function.id else ""
    return Gap("callers", f"{gap.what}{whose}: {gap.why}", gap.call, function.id, gap.mendable, function.place)


def _owner(caller: Caller) -> str:
    arn = Arn.parse(caller.principal)
    return arn.account if arn else caller.principal
