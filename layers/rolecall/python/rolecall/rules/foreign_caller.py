from rolecall.callers import invokes
from rolecall.callers.parties import Party, parties
from rolecall.callers.strangers import principal, strangers
from rolecall.callers.trial import let_in, witness
from rolecall.finding import Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam.policy import Statement
from rolecall.iam.request import Request
from rolecall.iam.search import UndecidedError
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, named, rule, undecided


@rule(
    Severity.HIGH,
    silences=(
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
def foreign_caller(function: Function, account: Account) -> Yields:
    """Another account, or a role or user of one, may invoke the function.

    Who that is, its own administrators decide: whoever they let invoke, invokes. Accounts and
    organisations that are trusted (`--trust`) are none of these. Medium for a whole organisation, and for
    one role that must also be in a given organisation.

    Bad:
        {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "lambda:InvokeFunction", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}

    Good:
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/shop"},
         "Action": "lambda:InvokeFunction", "Resource": "*"}

    Misses: whether the other account lets anybody use the permission.
    """
    for statement in function.resource_policy.allows if function.resource_policy else ():
        if not invokes(statement):
            continue
        found: list[tuple[Party, Request]] = []
        for party in parties(statement, account):
            if party.unsure:
                why = f"{statement.where}: {party.unsure}"
                is_open = "not known" in party.unsure
                yield Gap("rule foreign-caller", why, None, function.id, is_open, place=statement.place)
            elif party.caller and not party.is_known(account):
                of = party.organization
                made = principal(party.caller, statement, function, account, organization=of, anywhere=True)
                try:
                    request = let_in(made, statement, function.resource_policy)
                except UndecidedError:
                    yield undecided(function, "foreign-caller", statement)
                    continue
                if request is not None:
                    found.append((party, request))
        if found and not _is_public(statement, function, account):
            yield _hit(function, statement, found)


def _is_public(statement: Statement, function: Function, account: Account) -> bool:
    """Is everybody let in, so that these are only some of them? Other rules tell that."""
    try:
        return let_in(strangers(statement, function, account), statement, function.resource_policy) is not None
    except UndecidedError:
        return False


def _hit(function: Function, statement: Statement, found: list[tuple[Party, Request]]) -> Hit:
    names = tuple(dict.fromkeys(party.shown for party, _ in found))
    first = found[0][0]
    in_organization = statement.pins("aws:PrincipalOrgID") or statement.pins("aws:PrincipalOrgPaths")
    mild = all(party.kind == "organization" or (party.kind == "role" and in_organization) for party, _ in found)
    who = {"organization": "any account of the organisation ", "account": "account "}.get(first.kind, "")
    return Hit(
        statement,
        f"{who}{named(names)} may invoke `{function.name}`, and is not trusted",
        fix=f"{remove_permission(function, statement)}, or trust it: `--trust {_trust(first)}`",
        principal=names[0],
        severity=Severity.MEDIUM if mild else Severity.HIGH,
        evidence={"principals": list(names)},
        witness=witness(found[0][1]),
    )


def _trust(party: Party) -> str:
    return party.organization if party.kind == "organization" else (party.caller and party.caller.account) or ""
