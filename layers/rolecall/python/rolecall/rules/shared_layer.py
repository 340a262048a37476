from collections.abc import Iterator

from rolecall.callers.parties import Party, parties
from rolecall.callers.strangers import signed, situations, unknown
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.search import UndecidedError
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Gap, Resource
from rolecall.rules import Yields, rule

READING = "lambda:GetLayerVersion"


@rule(Severity.HIGH)
def shared_layer(account: Account) -> Yields:
    """A layer version of the account is shared with everybody, or with another account.

    Whoever may read a layer version can download it: code, and whatever keys lie in it. High for everybody, medium for
    an account that is not trusted. One's own organization may have it (`aws:PrincipalOrgID`): any, or where one is
    trusted (`--trust`), only that one. What a Deny of the policy takes away counts.

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
        for statement in filter(_reads, layer.policy.allows):
            try:
                yield from _judged(layer, layer.policy, statement, account)
            except UndecidedError:
                why = (
                    f"{statement.where}: not decided whether its conditions narrow with whom `{_name(layer)}` is shared"
                )
                yield Gap("layer policy", why, None, None, mendable=False, place=statement.place)


def _is_own(layer: Resource, account: Account) -> bool:
    """Is it a layer version of the account? One with a permission in a template is, whatever its name."""
    arn = Arn.parse(layer.arn)
    if arn is None:
        return is_unresolved(layer.arn)
    return (arn.service, arn.kind) == ("lambda", "layer") and (arn.account == account.id or is_unresolved(arn.account))


def _reads(statement: Statement) -> bool:
    named = any(matches(each, READING, ignore_case=True) for each in statement.actions or statement.not_actions)
    return named is not bool(statement.not_actions)


def _judged(layer: Resource, policy: Policy, statement: Statement, account: Account) -> Yields:
    tried = (statement, *policy.denies)
    strangers = (each for caller in signed(tried, account) for each in _requests(layer, caller, tried, account))
    if (statement.not_principals or any(each.is_everyone for each in statement.principals)) and (
        request := let_in(strangers, statement, policy)
    ):
        yield _hit(layer, statement, "*", "everybody", request)
        return
    for party in parties(statement, account):
        if party.unsure:
            why = f"with whom `{_name(layer)}` is shared is not known"
            yield Gap("layer policy", why, None, None, mendable=False, place=statement.place)
        elif party.caller and not party.is_known(account) and not _is_own_organization(party, account):
            requests = _requests(layer, party.caller, tried, account, of=party.organization, anywhere=True)
            if request := let_in(requests, statement, policy):
                kind = "organization" if party.kind == "organization" else "account"
                owner = party.organization if kind == "organization" else party.caller.account or party.shown
                yield _hit(layer, statement, owner, f"{kind} {owner}", request)


def _is_own_organization(party: Party, account: Account) -> bool:
    """Where no organization is trusted, the one that is named is taken to be one's own."""
    return party.kind == "organization" and not any(each.startswith("o-") for each in account.trusted)


def _requests(
    layer: Resource,
    caller: Caller,
    tried: tuple[Statement, ...],
    account: Account,
    *,
    of: str | None = None,
    anywhere: bool = False,
) -> Iterator[Request]:
    own = unknown(caller, anywhere=anywhere)
    where = {"aws:RequestedRegion": account.region, "aws:ResourceAccount": account.id}
    member = {"organization": of} if of else {}
    for facts in situations(caller, tried, account, anywhere=anywhere, **member):
        yield Request.of(caller, READING, layer.arn, facts | where, resource_account=account.id, unknown=own)


def _hit(layer: Resource, statement: Statement, owner: str, whom: str, request: Request) -> Hit:
    place = statement.place
    return Hit(
        statement,
        f"layer `{_name(layer)}` is shared with {whom}",
        fix=f"take `{statement.sid}` out of {place.file}:{place.line}" if place else _command(layer, statement),
        subject=f"{layer.arn}:{statement.sid or owner}",
        resources=(layer.arn,),
        principal=owner,
        severity=Severity.HIGH if owner == "*" else Severity.MEDIUM,
        witness=witness(request),
    )


def _name(layer: Resource) -> str:
    return layer.arn.partition(":layer:")[2] or layer.arn


def _command(layer: Resource, statement: Statement) -> str:
    name, _, version = _name(layer).partition(":")
    return (
        f"aws lambda remove-layer-version-permission --layer-name {name} --version-number {version}"
        f" --statement-id {statement.sid or f'STATEMENT_{statement.index + 1}'}"
    )
