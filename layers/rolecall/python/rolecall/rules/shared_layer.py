from rolecall.finding import Hit, Severity
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Gap, Resource
from rolecall.rules import Yields, rule

READING = "lambda:GetLayerVersion"


@rule(Severity.HIGH)
def shared_layer(account: Account) -> Yields:
    """A layer version of the account is shared with everybody, or with another account.

    Whoever may read a layer version can download it: code, and whatever keys lie in it. High for everybody, medium for
    an account that is not trusted. One's own organization may have it (`aws:PrincipalOrgID`).

    Bad:
        resources:
          - arn: "arn:aws:lambda:us-east-1:111122223333:layer:lib:3"
            policy: [{"Effect": "Allow", "Principal": "*", "Action": "lambda:GetLayerVersion",
                      "Resource": "arn:aws:lambda:us-east-1:111122223333:layer:lib:3"}]

    Bad:
        resources:
          - arn: "arn:aws:lambda:us-east-1:111122223333:layer:lib:3"
            policy: [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
                      "Action": "lambda:GetLayerVersion",
                      "Resource": "arn:aws:lambda:us-east-1:111122223333:layer:lib:3"}]

    Good:
        resources:
          - arn: "arn:aws:lambda:us-east-1:111122223333:layer:lib:3"
            policy: [{"Effect": "Allow", "Principal": "*", "Action": "lambda:GetLayerVersion",
                      "Resource": "arn:aws:lambda:us-east-1:111122223333:layer:lib:3",
                      "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}]

    Misses: layer versions that no function of the account uses: they are not read.
    """
    for layer in account.resources:
        if not layer.policy or not _is_own(layer, account):
            continue
        for statement in layer.policy.allows:
            if any(matches(each, READING, ignore_case=True) for each in statement.actions):
                yield from _judged(layer, statement, account)


def _is_own(layer: Resource, account: Account) -> bool:
    """Is it a layer version of the account? One with a permission in a template is, whatever its name."""
    arn = Arn.parse(layer.arn)
    if arn is None:
        return is_unresolved(layer.arn)
    return (arn.service, arn.kind) == ("lambda", "layer") and (arn.account == account.id or is_unresolved(arn.account))


def _judged(layer: Resource, statement: Statement, account: Account) -> Yields:
    organizations = [
        value
        for condition in statement.conditions
        if condition.key.lower() == "aws:principalorgid" and condition.pins
        for value in condition.values
    ]
    for principal in statement.principals:
        owner = "*" if principal.is_everyone else principal.account or principal.value
        if is_unresolved(owner):
            yield Gap("layer policy", f"with whom `{_name(layer)}` is shared is not known", None, None, mendable=False)
            continue
        if owner in (account.id, *account.trusted) or (owner == "*" and organizations):
            continue
        place = statement.place
        yield Hit(
            statement,
            f"layer `{_name(layer)}` is shared with {'everybody' if owner == '*' else f'account {owner}'}",
            fix=f"take `{statement.sid}` out of {place.file}:{place.line}" if place else _command(layer, statement),
            subject=f"{layer.arn}:{statement.sid or owner}",
            resources=(layer.arn,),
            principal=owner,
            severity=Severity.HIGH if owner == "*" else Severity.MEDIUM,
            witness=_witness(layer, owner, account, organizations),
        )


def _name(layer: Resource) -> str:
    return layer.arn.partition(":layer:")[2] or layer.arn


def _command(layer: Resource, statement: Statement) -> str:
    name, _, version = _name(layer).partition(":")
    return (
        f"aws lambda remove-layer-version-permission --layer-name {name} --version-number {version}"
        f" --statement-id {statement.sid or f'STATEMENT_{statement.index + 1}'}"
    )


def _witness(layer: Resource, owner: str, account: Account, organizations: list[str]) -> dict[str, object]:
    other = "999999999999" if owner == "*" else owner
    return {
        "principal": {"type": "AWS", "id": f"arn:{account.partition}:iam::{other}:user/somebody", "account": other},
        "action": READING,
        "resource": layer.arn,
        "resourceAccount": account.id,
        "context": {"aws:PrincipalOrgID": organizations[0]} if organizations else {},
    }
