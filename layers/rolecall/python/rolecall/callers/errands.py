"""Errands: the requests with which a service would invoke a function on behalf of an account."""

from collections.abc import Iterable, Iterator

from rolecall.callers.keys import FREE, NETWORK, OF_FUNCTIONS, OF_PRINCIPALS, OF_SERVICES, OF_URLS, TAGS, Open
from rolecall.callers.networks import ORGANIZATION
from rolecall.callers.principals import INVOKE, INVOKE_URL, known
from rolecall.callers.services import PARTNERS, sender
from rolecall.callers.strangers import OWN_ORGANIZATION, asked, filling, named, targets
from rolecall.iam.arn import Arn, service_of_arn
from rolecall.iam.policy import Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function
from rolecall.triggers import Push


def services_of(statement: Statement) -> tuple[str, ...]:
    """The services that it names; everybody holds them all, of which one stands for the others."""
    everyone = statement.not_principals or any(each.is_everyone for each in statement.principals)
    return ("events.amazonaws.com",) if everyone and asked(statement) == INVOKE else statement.services


def errands(
    service: str,
    owner: str,
    statement: Statement,
    function: Function,
    account: Account,
    *,
    sources: Iterable[str] | None = None,
    action: str | None = None,
) -> Iterator[Request]:
    """The requests with which a service would invoke the function on behalf of an account.

    `sources` are what it comes for, by default anything of the account, under a name that nobody thought of.
    """
    row, verb = sender(service), action or asked(statement)
    absent = OF_PRINCIPALS | OF_FUNCTIONS | OF_SERVICES | NETWORK
    is_url = service == "cloudfront.amazonaws.com" or verb == INVOKE_URL
    unknown = Open(absent if is_url else absent | OF_URLS, TAGS, FREE | OF_URLS if is_url else FREE)
    facts: dict[str, str | tuple[str, ...]] = {
        **known(function, account),
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:ResourceOrgID": OWN_ORGANIZATION,
        "aws:SecureTransport": "true",
    }
    anything = (f"arn:{account.partition}:{_anything(row, owner, account)}",)
    for source in anything if sources is None else sources:
        for said in _said(service, row, source, owner, statement, account):
            for target in targets(statement, function):
                caller = Caller("Service", service)
                yield Request.of(caller, verb, target, facts | said, resource_account=account.id, unknown=unknown)


def _said(
    service: str, row: Push | None, source: str, owner: str, statement: Statement, account: Account
) -> Iterator[dict[str, str]]:
    """What a service says of its source: what it is and whose; that it says whose is not promised for every call."""
    if service in PARTNERS:
        tokens = named(statement, "lambda:EventSourceToken") if owner == account.id else ()
        yield {"lambda:EventSourceToken": filling(next(iter(tokens), "amzn1.ask.skill.stranger"))}
        return
    organizations = named(statement, "aws:SourceOrgID") if owner == account.id else ()
    whose = {"aws:SourceAccount": owner, "aws:SourceOrgID": next(iter(organizations), ORGANIZATION)}
    if row is None or row.sends_account:
        yield {"aws:SourceArn": source, **whose}
    yield {"aws:SourceArn": source}
    yield {}


def filled(pattern: str, owner: str, service: str, account: Account) -> str | None:
    """An aws:SourceArn of the owner that fits a pattern, for a service in ARNs; None where it can have none.

    >>> from rolecall.model import Account
    >>> filled("arn:aws:sns:*:*:alarms", "444455556666", "sns", Account("111122223333", "eu-west-1", ""))
    'arn:aws:sns:eu-west-1:444455556666:alarms'
    """
    if is_unresolved(pattern) and Arn.parse(pattern) is None:
        return pattern
    head = pattern.split(":", 5)
    if len(head) < 6:
        head = [*head[:-1], *[head[-1]] * (7 - len(head))] if head[-1].endswith("*") else head
    if len(head) != 6:
        return None
    wanted = ("arn", account.partition, service, account.region, owner)
    # A bucket's ARN holds neither region nor account.
    parts = ["" if service == "s3" and not own else own for own in head]
    for place, value in enumerate(wanted):
        if parts[place] and is_wild(parts[place]) and matches(parts[place], value):
            parts[place] = "" if service == "s3" and place > 2 else value
    if parts[2] != service or parts[4] not in ("", owner):
        return None
    return ":".join([*parts[:5], filling(parts[5])])


def sources(service: str, owner: str, statement: Statement, account: Account) -> tuple[str, ...]:
    """What a service may come for on behalf of an account: what the statement names, and anything else."""
    row = sender(service)
    of = row.service if row else None
    named_ones = [filled(each, owner, of or _service(each), account) for each in named(statement, "aws:SourceArn")]
    other = f"arn:{account.partition}:{_anything(row, owner, account)}"
    return tuple(dict.fromkeys((*(each for each in named_ones if each), other)))


def _service(arn: str) -> str:
    return service_of_arn(arn).replace("*", "any")


def _anything(row: Push | None, owner: str, account: Account) -> str:
    service = row.service if row else "any"
    return "s3:::any-name-at-all" if service == "s3" else f"{service}:{account.region}:{owner}:any/name-at-all"
