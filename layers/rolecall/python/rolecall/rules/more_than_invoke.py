from collections.abc import Iterator

from rolecall.callers import INVOKING
from rolecall.callers.declared import declared
from rolecall.callers.errands import errands, sources
from rolecall.callers.parties import parties
from rolecall.callers.services import EDGE
from rolecall.callers.strangers import principal, stranger, strangers
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam import catalog
from rolecall.iam.policy import Statement
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function
from rolecall.needs.harm import harm, worst_first
from rolecall.rules import Yields, named, rule, undecided

# Those who are declared as callers may also look at what they call.
LOOKING = ("lambda:GetFunction", "lambda:GetFunctionConfiguration", "lambda:GetFunctionConcurrency")


@rule(
    Severity.HIGH,
    silences=(
        "foreign-source",
        "foreign-caller",
        "mismatched-source",
        "pointless-permission",
        "ownerless-source",
        "unguarded-service",
        "qualifier-mismatch",
        "leftover-permission",
        "wide-source",
        "account-wide-source",
    ),
)
def more_than_invoke(function: Function, account: Account) -> Yields:
    """The permission gives more than the right to invoke.

    Whoever may change the code or the permissions of the function has all that its role has. Critical
    where another account, or anybody, may change something.

    Bad:
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/shop"}, "Action": "lambda:*",
         "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "lambda:UpdateFunctionCode",
         "Resource": "*"}

    Good:
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/shop"},
         "Action": ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"], "Resource": "*"}

    Good:
        {"Effect": "Allow", "Principal": {"Service": "replicator.lambda.amazonaws.com"},
         "Action": "lambda:GetFunction", "Resource": "*"}
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        actions = worst_first(tuple(each for each in _beyond(statement) if not _is_expected(each, statement, function)))
        if not actions:
            continue
        allowed: list[str] = []
        found: Request | None = None
        outside = False
        try:
            for action in actions:
                for request, foreign in _first(statement, function, account, action):
                    allowed.append(action)
                    found = found or request
                    outside = outside or (foreign and harm(action).changes)
        except UndecidedError:
            yield undecided(function, "more-than-invoke", statement)
            continue
        if found is not None:
            yield _hit(function, statement, tuple(dict.fromkeys(allowed)), found, outside)


def _hit(function: Function, statement: Statement, actions: tuple[str, ...], request: Request, outside: bool) -> Hit:
    who = next((each.value for each in statement.principals), "*")
    return Hit(
        statement,
        f"`{who}` may {named(actions)} on `{function.name}`, not only invoke it",
        fix=_fix(function, statement),
        principal=who,
        severity=Severity.CRITICAL if outside else Severity.HIGH,
        evidence={"beyond": list(actions)},
        witness=witness(request),
    )


def _fix(function: Function, statement: Statement) -> str:
    if statement.place:
        return f"{statement.place.file}:{statement.place.line}: let the action be `lambda:InvokeFunction`"
    return f"{remove_permission(function, statement)}, and add it again with `--action lambda:InvokeFunction`"


def _beyond(statement: Statement) -> Iterator[str]:
    """The actions on functions that it is about, without those that invoke."""
    found = statement.actions or ("lambda:*",)
    for action in dict.fromkeys(each for pattern in found for each in catalog.expand(pattern)):
        if not action.startswith("lambda:") or action in INVOKING:
            continue
        if statement.not_actions and any(matches(each, action, ignore_case=True) for each in statement.not_actions):
            continue
        if any(":function:" in pattern for pattern in catalog.resource_patterns(action)):
            yield action


def _is_expected(action: str, statement: Statement, function: Function) -> bool:
    if statement.services and all(each in EDGE for each in statement.services):
        return action.startswith("lambda:Get")
    named = declared(function)
    names = {each.value for each in statement.principals}
    last = {each.rpartition("/")[2] for each in names}
    declares = named.names if named else frozenset[str]()
    return action in LOOKING and bool(declares) and (names <= declares or last <= declares)


def _first(statement: Statement, function: Function, account: Account, action: str) -> Iterator[tuple[Request, bool]]:
    """A request of each party that may, and whether that is of another account."""
    for requests, is_foreign in _tried(statement, function, account, action):
        request = let_in(requests, statement, function.resource_policy)
        if request is not None:
            yield request, is_foreign


def _tried(
    statement: Statement, function: Function, account: Account, action: str
) -> Iterator[tuple[Iterator[Request], bool]]:
    if not statement.services:
        yield strangers(statement, function, account, action=action), True
    for party in parties(statement, account):
        if party.caller:
            organization = party.organization
            made = principal(
                party.caller, statement, function, account, organization=organization, action=action, anywhere=True
            )
            yield made, not party.is_known(account)
    for service in statement.services:
        for owner in (stranger(account), account.id):
            of = sources(service, owner, statement, account)
            yield errands(service, owner, statement, function, account, sources=of, action=action), owner != account.id
