"""Strangers: those whom nobody meant, and the requests with which they would try one statement of a function's policy.

A statement is tried with all that the policy denies, and with what a caller brings at its own will (tags, names, the
time …) as it suits the caller. What is tied to an account, an organisation or a network is not the caller's to choose.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from rolecall.callers import INVOKING
from rolecall.callers.keys import (
    FREE,
    NETWORK,
    OF_FUNCTIONS,
    OF_MEMBERS,
    OF_PRINCIPALS,
    OF_SERVICES,
    OF_URLS,
    TAGS,
    Open,
)
from rolecall.callers.networks import ORGANIZATION, networks
from rolecall.callers.principals import INVOKE, known
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function

ACCOUNTS = ("999999999999", "888888888888", "777777777777")
OWN_ORGANIZATION = "o-resource000"
"""Stands for the function's own organisation, whose id is not known."""


Facts = dict[str, str | tuple[str, ...]]


def strangers(
    statement: Statement,
    function: Function,
    account: Account,
    *,
    action: str | None = None,
    by_url: bool = True,
) -> Iterator[Request]:
    """Requests of principals of an account, and an organisation, that nobody named; `by_url`: also through its URL."""
    for caller in signed(_tried(statement, function), account):
        yield from principal(caller, statement, function, account, action=action, by_url=by_url)


def stranger(account: Account, *statements: Statement) -> str:
    """The number of an account that nobody named, least of all these statements."""
    text = repr(statements)
    return next((each for each in ACCOUNTS if each not in text and each != account.id), ACCOUNTS[0])


def signed(statements: Sequence[Statement], account: Account) -> Iterator[Caller]:
    """Principals of an account that nobody named, under names that they can give themselves."""
    owner = stranger(account, *statements)
    for arn in dict.fromkeys(_arns(statements, owner, account)):
        yield Caller("AWS", arn, owner)


def unsigned() -> Caller:
    """Whoever asks without credentials: only a function URL without authentication lets them ask."""
    return Caller("Anonymous", "*")


def situations(
    caller: Caller,
    statements: Sequence[Statement],
    account: Account,
    *,
    organization: str = ORGANIZATION,
    anywhere: bool = False,
) -> Iterator[Facts]:
    """What requests of a caller say of it, one for each situation that the statements tell apart."""
    facts: Facts = {"aws:PrincipalIsAWSService": "false", "aws:SecureTransport": "true"}
    owner = caller.account or ""
    conditions = [condition for each in statements for condition in each.conditions]
    places: list[Facts] = [{}] if anywhere else [{**place} for place in networks(conditions, owner, account)]
    people: list[Facts] = list(_people(statements, organization)) if caller.type == "AWS" else [{}]
    if caller.type == "AWS":
        facts |= {"aws:PrincipalAccount": owner, "aws:PrincipalArn": _role_of(caller.id)}
    if caller.type == "AWS" and not anywhere:
        facts["aws:userid"] = next(iter(_ids(statements)), "AIDASTRANGER")
    for own, place in product(people, places):
        yield facts | own | place


def unknown(caller: Caller, *, anywhere: bool = False, by_url: bool = False, more: frozenset[str] = FREE) -> Open:
    """The keys of a caller's requests that are its own to fill; `more` than these stay so."""
    absent = OF_SERVICES | OF_FUNCTIONS | OF_MEMBERS | (frozenset() if by_url else OF_URLS)
    if caller.type != "AWS":
        return Open(absent | OF_PRINCIPALS | NETWORK, TAGS, more)
    if anywhere:
        return Open(absent, free=more | NETWORK | OF_URLS | {"aws:userid"})
    return Open(absent | NETWORK, free=more | OF_URLS)


def principal(
    caller: Caller,
    statement: Statement,
    function: Function,
    account: Account,
    *,
    organization: str = ORGANIZATION,
    action: str | None = None,
    anywhere: bool = False,
    by_url: bool = True,
) -> Iterator[Request]:
    """The requests with which a principal of some account would try the statement.

    `anywhere`: it comes from whatever network the statement asks for, as somebody may whom it means.
    `by_url`: through the function URL, if there is one.
    """
    # Only what comes through a function URL has the keys of one.
    open_keys = unknown(caller, anywhere=anywhere, by_url=by_url and function.settings.url_auth is not None)
    verb, tried = action or asked(statement), _tried(statement, function)
    ours = (OWN_ORGANIZATION, *named(statement, "aws:ResourceOrgID"))
    found = situations(caller, tried, account, organization=organization, anywhere=anywhere)
    for own, facts, target in product(ours, found, targets(statement, function)):
        context = {**known(function, account), **facts, "aws:ResourceOrgID": own}
        yield Request.of(caller, verb, target, context, resource_account=account.id, unknown=open_keys)


def asked(statement: Statement) -> str:
    """The first of the invoking actions that the statement is about."""
    for action in INVOKING:
        held = statement.not_actions or statement.actions
        if any(matches(pattern, action, ignore_case=True) for pattern in held) is not bool(statement.not_actions):
            return action
    return INVOKE


def targets(statement: Statement, function: Function) -> tuple[str, ...]:
    """What is invoked: this version, and what else of the function the statement names.

    A policy is kept for one version, but AWS does not say that other ones in its Resource have no effect.
    """
    others = [each for each in statement.resources if each == function.arn or each.startswith(f"{function.arn}:")]
    return tuple(dict.fromkeys((function.qualified_arn, *map(filling, others))))


def named(statement: Statement, key: str) -> tuple[str, ...]:
    """The values of a key that conditions of the statement ask for."""
    tests = (each for each in statement.conditions if each.key.lower() == key.lower() and not each.is_negated)
    return tuple(dict.fromkeys(value for each in tests for value in each.values))


def filling(pattern: str) -> str:
    """A text that a pattern stands for."""
    return pattern.replace("*", "any").replace("?", "x")


def _tried(statement: Statement, function: Function) -> tuple[Statement, ...]:
    """The statement with all that decides beside it: what the policy denies."""
    return (statement, *(function.resource_policy.denies if function.resource_policy else ()))


def _wanted(statements: Sequence[Statement], key: str) -> Iterator[str]:
    """The values with which an Allow lets in, or a Deny lets pass."""
    for statement in statements:
        for each in statement.conditions:
            if each.key.lower() == key and each.is_negated is not statement.is_allow:
                yield from each.values


def _people(statements: Sequence[Statement], organization: str) -> Iterator[Facts]:
    """The organisation that it is in. An account that nobody placed in one may be in none."""
    paths = [filling(each) for each in _wanted(statements, "aws:principalorgpaths")]
    path = next((each for each in paths if each.partition("/")[0] == organization), f"{organization}/r-x/")
    yield {"aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": (path,)}
    if organization == ORGANIZATION:
        yield {}


def _ids(statements: Sequence[Statement]) -> Iterator[str]:
    """What aws:userid may be of somebody to whom AWS gave the id, which comes before the name of a session."""
    for value in _wanted(statements, "aws:userid"):
        head, colon, session = value.partition(":")
        if is_wild(head) and matches(head, "AROASTRANGER"):
            yield f"AROASTRANGER{colon}{filling(session)}"
        elif head.startswith("*"):
            yield "AROASTRANGER:" + filling(value)


def _arns(statements: Sequence[Statement], owner: str, account: Account) -> Iterator[str]:
    """Names that a stranger can give itself, those first that conditions ask for."""
    head = f"arn:{account.partition}:iam::{owner}:"
    yield f"{head}user/any"
    for value in _wanted(statements, "aws:principalarn"):
        pieces = value.split(":", 5)
        if len(pieces) == 6 and is_wild(pieces[4]) and matches(pieces[4], owner):
            yield head + filling(pieces[5])
        if value.startswith("*"):
            for start in (f"{head}role/any", f"{head}role", f"arn:{account.partition}:iam::{owner}", "arn:aws:iam::"):
                made = start + filling(value[1:])
                if made.startswith(head) and Arn.parse(made):
                    yield made


def _role_of(caller: str) -> str:
    """aws:PrincipalArn holds the role of a session."""
    arn = Arn.parse(caller)
    if arn is None or arn.session is None:
        return caller
    return f"arn:{arn.partition}:iam::{arn.account}:role/{arn.session[0]}"
