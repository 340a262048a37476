from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs import Need
from rolecall.needs.lack import Lack, lacks
from rolecall.rules import Yields, rule


@rule(Severity.HIGH)
def denied_call(function: Function, account: Account) -> Yields:
    """The code calls an API that the role does not allow.

    The call fails with AccessDenied when the code comes there, which no test without the role shows. Medium where the
    resource was inferred and is not written.

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
    for each in lacks(function, account, _is_call, by=lambda need: (need.resource, need.proof.where, need.proof.why)):
        yield _hit(each)


def _hit(lack: Lack) -> Hit:
    need = lack.need
    on = "" if need.resource == "*" else f" on `{_short(need.resource)}`"
    return lack.hit(
        f"`{lack.role}` may not {lack.quoted}{on}: {need.proof.why} in {need.proof.where}",
        subject=f"{','.join(sorted(lack.actions))} {need.resource}",
        severity=Severity.HIGH if need.literal else Severity.MEDIUM,
        where=need.proof.where,
        resolved="written" if need.literal else "inferred",
    )


def _short(resource: str) -> str:
    """What is left of an ARN without service, region and account."""
    return resource.split(":", 5)[-1]


def _is_call(need: Need) -> bool:
    return need.proof.kind in ("code", "library") and "kms:ViaService" not in dict(need.context)
