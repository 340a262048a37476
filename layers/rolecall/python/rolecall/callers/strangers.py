"""Strangers: those whom nobody meant, and the requests with which they would try one statement of a function's policy.

A statement is tried with all that the policy denies, and with what a caller brings at its own will (tags, names, the
time …) as it suits the caller. What is tied to an account, an organisation or a network is not the caller's to choose.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from itertools import product

from rolecall.callers import INVOKING
from rolecall.callers.anybody import ANYTHING
from rolecall.callers.principals import INVOKE, INVOKE_URL, known
from rolecall.callers.services import PARTNERS, sender
from rolecall.iam import values as typed
from rolecall.iam.arn import Arn
from rolecall.iam.evaluate import Policies
from rolecall.iam.policy import Kind, Policy, Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.search import UndecidedError
from rolecall.iam.settle import instance
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild, matches
from rolecall.model import Account, Function
from rolecall.triggers import Push

ORGANIZATION = "o-stranger000"
OWN_ORGANIZATION = "o-resource000"
"""Stands for the function's own organisation, whose id is not known."""

FREE = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:currenttime",
        "aws:epochtime",
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principaltype",
        "aws:referer",
        "aws:sourceidentity",
        "aws:tagkeys",
        "aws:tokenissuetime",
        "aws:useragent",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "lambda:invocationtype",
    }
)
FREE_PREFIXES = ("aws:principaltag/", "aws:requesttag/")
"""Keys whose value is the caller's to choose, or comes with time: IAM User Guide, "Global condition context keys"."""

OF_SERVICES = frozenset(
    {
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "lambda:eventsourcetoken",
    }
)
OF_PRINCIPALS = frozenset(
    {
        "aws:federatedprovider",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltype",
        "aws:sourceidentity",
        "aws:tokenissuetime",
        "aws:userid",
        "aws:username",
    }
)
OF_URLS = frozenset({"lambda:functionurlauthtype", "lambda:invokedviafunctionurl"})
OF_MEMBERS = frozenset({"aws:principalorgid", "aws:principalorgpaths"})
OF_FUNCTIONS = frozenset({"lambda:sourcefunctionarn"})
NETWORK = frozenset(
    {
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
    }
)
LARGE = 8
"""A network of this prefix length or a shorter one keeps nobody out: anybody can rent an address in it."""


@dataclass(frozen=True, slots=True)
class Open:
    """The keys of a request that are open: the caller's to choose, or (`every`) all but those known to be absent."""

    absent: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    free: frozenset[str] = FREE
    every: bool = False

    def __contains__(self, key: object) -> bool:
        name = str(key)
        if name in self.absent or (self.prefixes and name.startswith(self.prefixes)):
            return False
        return self.every or name in self.free or name.startswith(FREE_PREFIXES)


def services_of(statement: Statement) -> tuple[str, ...]:
    """The services that it names; everybody holds them all, of which one stands for the others."""
    everyone = statement.not_principals or any(each.is_everyone for each in statement.principals)
    return ("events.amazonaws.com",) if everyone and asked(statement) == INVOKE else statement.services


def let_in(requests: Iterable[Request], statement: Statement, policy: Policy | None) -> Request | None:
    """The first of the requests that the statement lets in, with its open keys filled in; None: none is.

    Raises
    ------
    UndecidedError : none was found, and what is not known of the requests may let one in
    """
    alone = _alone(statement, policy.denies if policy else ())
    undecided: UndecidedError | None = None
    for request in requests:
        policies = Policies(identity=(ANYTHING,), resource=alone)
        try:
            if found := instance(request, policies):
                return found
            assert isinstance(request.unknown, Open)
            wider = replace(request, unknown=replace(request.unknown, every=True))
            if instance(wider, policies) is None:
                continue
            undecided = UndecidedError("a key that is not known decides")
        except UndecidedError as error:
            undecided = error
    if undecided:
        raise undecided
    return None


@lru_cache(maxsize=4096)
def _alone(statement: Statement, denies: tuple[Statement, ...]) -> Policy:
    return Policy("resource", Kind.RESOURCE, statement.version, (statement, *denies))


def witness(request: Request) -> dict[str, object]:
    """The request as a case of `simulate` without the function's policy; of the caller's own ones nothing is known."""
    caller = request.caller
    case: dict[str, object] = {
        "principal": {"type": caller.type, "id": caller.id},
        "action": request.action,
        "resource": request.resource,
        "context": {key: list(value) if isinstance(value, tuple) else value for key, value in request.context.items()},
    }
    return case | ({"identityPolicies": [ANYTHING.document()]} if caller.has_policies else {})


def strangers(
    statement: Statement,
    function: Function,
    account: Account,
    *,
    action: str | None = None,
    by_url: bool = True,
) -> Iterator[Request]:
    """Requests of principals of an account, and an organisation, that nobody named; `by_url`: also through its URL."""
    owner = stranger(account)
    for arn in _arns(statement, owner, account):
        yield from principal(Caller("AWS", arn, owner), statement, function, account, action=action, by_url=by_url)


def stranger(account: Account) -> str:
    """The number of an account that nobody named."""
    return "999999999999" if account.id != "999999999999" else "888888888888"


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
    paths = [_any(each) for each in named(statement, "aws:PrincipalOrgPaths")]
    path = next((each for each in paths if each.partition("/")[0] == organization), f"{organization}/r-x/")
    facts: dict[str, str | tuple[str, ...]] = {
        **known(function, account),
        "aws:PrincipalAccount": caller.account or "",
        "aws:PrincipalArn": _role_of(caller.id),
        "aws:PrincipalIsAWSService": "false",
        "aws:SecureTransport": "true",
    }
    member: dict[str, str | tuple[str, ...]] = {"aws:PrincipalOrgID": organization, "aws:PrincipalOrgPaths": (path,)}
    # An account that nobody placed in an organisation may be in none.
    memberships = (member, {}) if organization == ORGANIZATION else (member,)
    # Only what comes through a function URL has the keys of one.
    url = by_url and function.settings.url_auth is not None
    absent = OF_SERVICES | OF_FUNCTIONS | OF_MEMBERS | (frozenset() if anywhere else NETWORK)
    free = FREE | NETWORK if anywhere else FREE
    unknown = Open(absent, free=free | OF_URLS) if url else Open(absent | OF_URLS, free=free)
    verb = action or asked(statement)
    ours = (OWN_ORGANIZATION, *named(statement, "aws:ResourceOrgID"))
    networks: tuple[dict[str, str], ...] = ({},)
    if not anywhere:
        networks = tuple(_networks(statement, caller.account or "", account))
    for own, of, network, target in product(ours, memberships, networks, targets(statement, function)):
        context = {**facts, **of, "aws:ResourceOrgID": own, **network}
        yield Request.of(caller, verb, target, context, resource_account=account.id, unknown=unknown)


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
    unknown = Open(absent if is_url else absent | OF_URLS, FREE_PREFIXES, FREE | OF_URLS if is_url else FREE)
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
        yield {"lambda:EventSourceToken": _any(next(iter(tokens), "amzn1.ask.skill.stranger"))}
        return
    organizations = named(statement, "aws:SourceOrgID") if owner == account.id else ()
    whose = {"aws:SourceAccount": owner, "aws:SourceOrgID": next(iter(organizations), ORGANIZATION)}
    if row is None or row.sends_account:
        yield {"aws:SourceArn": source, **whose}
    yield {"aws:SourceArn": source}
    yield {}


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
    return tuple(dict.fromkeys((function.qualified_arn, *map(_any, others))))


def named(statement: Statement, key: str) -> tuple[str, ...]:
    """The values of a key that conditions of the statement ask for."""
    tests = (each for each in statement.conditions if each.key.lower() == key.lower() and not each.is_negated)
    return tuple(dict.fromkeys(value for each in tests for value in each.values))


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
    return ":".join([*parts[:5], _any(parts[5])])


def sources(service: str, owner: str, statement: Statement, account: Account) -> tuple[str, ...]:
    """What a service may come for on behalf of an account: what the statement names, and anything else."""
    row = sender(service)
    of = row.service if row else None
    named_ones = [filled(each, owner, of or _service(each), account) for each in named(statement, "aws:SourceArn")]
    other = f"arn:{account.partition}:{_anything(row, owner, account)}"
    return tuple(dict.fromkeys((*(each for each in named_ones if each), other)))


def _any(pattern: str) -> str:
    return pattern.replace("*", "any").replace("?", "x")


def _service(arn: str) -> str:
    return [*arn.split(":"), "", "", ""][2].replace("*", "any")


def _anything(row: Push | None, owner: str, account: Account) -> str:
    service = row.service if row else "any"
    return "s3:::any-name-at-all" if service == "s3" else f"{service}:{account.region}:{owner}:any/name-at-all"


def _arns(statement: Statement, owner: str, account: Account) -> Iterator[str]:
    """Names that a stranger can give itself, those first that conditions ask for."""
    head = f"arn:{account.partition}:iam::{owner}:"
    yield f"{head}user/any"
    for value in named(statement, "aws:PrincipalArn"):
        pieces = value.split(":", 5)
        if len(pieces) == 6 and is_wild(pieces[4]) and matches(pieces[4], owner):
            yield head + _any(pieces[5])
        if value.startswith("*"):
            for start in (f"{head}role/any", f"{head}role", f"arn:{account.partition}:iam::{owner}", "arn:aws:iam::"):
                made = start + _any(value[1:])
                if made.startswith(head) and Arn.parse(made):
                    yield made


def _role_of(caller: str) -> str:
    """aws:PrincipalArn holds the role of a session."""
    arn = Arn.parse(caller)
    if arn is None or arn.session is None:
        return caller
    return f"arn:{arn.partition}:iam::{arn.account}:role/{arn.session[0]}"


def _networks(statement: Statement, owner: str, account: Account) -> Iterator[dict[str, str]]:
    """Where a stranger may come from: the internet or a network of its own."""
    if not any(each.key.lower() in NETWORK for each in statement.conditions):
        yield {}
        return
    for address in _addresses(statement):
        yield {"aws:SourceIp": address}
    yield {
        "aws:SourceVpc": "vpc-0stranger",
        "aws:SourceVpcArn": f"arn:{account.partition}:ec2:{account.region}:{owner}:vpc/vpc-0stranger",
        "aws:SourceVpce": "vpce-0stranger",
        "aws:VpceAccount": owner,
        "aws:VpceOrgID": ORGANIZATION,
        "aws:VpcSourceIp": "10.0.0.10",
    }


def _addresses(statement: Statement) -> Iterator[str]:
    """Addresses on the internet: in none of the named networks, and in those that are large."""
    tests = [each for each in statement.conditions if each.key.lower() == "aws:sourceip"]
    networks = {network for each in tests for value in each.values if (network := typed.network(value))}
    large = {each for each in networks if each[2] - each[1] + 1 >= 2 ** ((32 if each[0] == 4 else 128) - LARGE)}
    for text in ("8.8.8.8", "52.94.76.10", "2600:1f18::1"):
        version, number = typed.address(text) or (0, 0)
        if not any(v == version and first <= number <= last for v, first, last in networks - large):
            yield text
    for version, first, last in sorted(large):
        yield str((IPv4Address if version == 4 else IPv6Address)((first + last) // 2))
