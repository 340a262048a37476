from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.lack import Lack, lacks
from rolecall.rules import Yields, rule


@rule(Severity.HIGH)
def denied_call(function: Function, account: Account) -> Yields:
    """The code calls an API that the role does not allow.

    The call fails with AccessDenied when the code comes there, which no test without the role shows. Medium where the
    resource was inferred and is not written. All that is missing of one service on one thing is one finding.

    Bad:
        calls:
          - {service: dynamodb, operation: PutItem, where: "app.py:12", parameters: {TableName: orders}}

    Bad:
        calls:
          - {service: dynamodb, operation: PutItem, where: "app.py:12", parameters: {TableName: orders}}
        more policies:
          Store:
            - {"Effect": "Allow", "Action": "dynamodb:PutItem",
               "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/order"}

    Good:
        calls:
          - {service: dynamodb, operation: PutItem, where: "app.py:12", parameters: {TableName: orders}}
        more policies:
          Store:
            - {"Effect": "Allow", "Action": "dynamodb:PutItem",
               "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}

    Good:
        calls:
          - {service: sts, operation: GetCallerIdentity, where: "app.py:3"}

    Misses: calls whose service or operation the code chooses as it runs, and policies of resources elsewhere.
    """
    for each in lacks(function, account, _is_call, by=_cause):
        yield _hit(each)


def _cause(need: Need) -> tuple[str, str]:
    """What is missing together: all of one service on one thing."""
    return need.action.partition(":")[0], _thing(need.resource)


def _thing(resource: str) -> str:
    """The bucket of an object, the table of an index."""
    if ":s3:::" in resource:
        return resource.partition("/")[0]
    return resource.partition("/index/")[0] if ":dynamodb:" in resource else resource


def _hit(lack: Lack) -> Hit:
    need = lack.need
    service, thing = _cause(need)
    resources = {each.need.resource for each in lack.missing}
    named = need.resource if len(resources) == 1 else thing
    on = "" if named == "*" else f" on `{_short(named)}`"
    calls = list(dict.fromkeys(f"{each.need.proof.why} in {each.need.proof.where}" for each in lack.missing))
    more = f", and {len(calls) - 1} more" if len(calls) > 1 else ""
    is_literal = any(each.need.literal for each in lack.missing)
    return lack.hit(
        f"`{lack.role}` may not {lack.quoted}{on}: {calls[0]}{more}",
        # Not the actions: of another call on the same thing it stays the same finding.
        subject=f"{service} {thing}",
        severity=Severity.HIGH if is_literal else Severity.MEDIUM,
        where=need.proof.where,
        resolved="written" if is_literal else "inferred",
    )


def _short(resource: str) -> str:
    """What is left of an ARN without service, region and account."""
    return resource.split(":", 5)[-1]


def _is_call(need: Need) -> bool:
    return need.proof.kind in ("code", "library") and "kms:ViaService" not in dict(need.context)
