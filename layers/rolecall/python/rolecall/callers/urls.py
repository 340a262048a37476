"""Function URLs: the two requests that a call through one makes, and who is allowed both.

Since October 2025 a URL asks for `lambda:InvokeFunctionUrl` and for `lambda:InvokeFunction`, the second one with
`lambda:InvokedViaFunctionUrl` (Lambda Developer Guide, "Control access to Lambda function URLs"). Without
authentication nobody is asked who they are: then the function's own policy decides alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rolecall.callers.keys import OF_SERVICES, OF_URLS, Open
from rolecall.callers.principals import (
    INVOKE,
    INVOKE_URL,
    Principal,
    Same,
    about_invoking,
    asked,
    known,
    no_principal,
    principals,
    speaks,
)
from rolecall.callers.strangers import filling, signed, situations, unknown, unsigned
from rolecall.callers.strangers import strangers as of_api
from rolecall.callers.trial import ANYTHING, let_in
from rolecall.iam.evaluate import Decision, Policies
from rolecall.iam.policy import Principal as Named
from rolecall.iam.policy import Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.search import UndecidedError
from rolecall.iam.settle import settle
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function

AUTH, VIA = "lambda:FunctionUrlAuthType", "lambda:InvokedViaFunctionUrl"
NONE, SIGNED = "NONE", "AWS_IAM"
CALLING = "cloudfront.amazonaws.com"
"""The one service that calls function URLs under its own name: CloudFront Developer Guide, "Restrict access to an AWS
Lambda function URL origin". The others invoke the function itself."""


@dataclass(frozen=True, slots=True)
class Use:
    """What of a URL somebody may do: the two requests, and what is decided of each.

    `unread` says that identity policies, which may allow the rest, are not known.
    """

    who: str
    opening: Request
    invoking: Request
    opens: Decision
    invokes: Decision
    unread: bool = False

    @property
    def allowed(self) -> bool:
        """Are both allowed, as far as nobody is kept out by what whoever asks can choose?"""
        return self.opens.allowed is not False and self.invokes.allowed is not False

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(dict.fromkeys((*self.opens.statements, *self.invokes.statements)))


def serves_url(statement: Statement) -> bool:
    """Is the statement of use through a function URL only?"""
    if any(each.pins and each.key.lower() == AUTH.lower() for each in statement.conditions):
        return True
    if any(each.pins and each.key.lower() == VIA.lower() and "true" in each.values for each in statement.conditions):
        return True
    return bool(statement.actions) and all(each.lower() == INVOKE_URL.lower() for each in statement.actions)


def opens(statement: Statement) -> bool:
    """Does the statement speak of `lambda:InvokeFunctionUrl`?"""
    return _speaks(statement, INVOKE_URL)


def invokes_by_url(statement: Statement) -> bool:
    """Does the statement speak of `lambda:InvokeFunction`, and only as the second half of a call through a URL?"""
    return _speaks(statement, INVOKE) and serves_url(statement)


def strangers(function: Function, account: Account) -> Iterator[Use]:
    """What those may do with the URL whom its policy does not name."""
    policy, auth = function.resource_policy, function.settings.url_auth
    if policy is None or auth not in (NONE, SIGNED):
        return
    identity = () if auth == NONE else (ANYTHING,)
    about, arn = known(function, account), function.qualified_arn
    for caller in (unsigned(),) if auth == NONE else signed(policy.statements, account):
        own = unknown(caller)
        for facts in situations(caller, policy.statements, account):
            opening, invoking = (
                Request.of(caller, action, arn, about | facts | {key: said}, resource_account=account.id, unknown=own)
                for action, key, said in ((INVOKE_URL, AUTH, auth), (INVOKE, VIA, "true"))
            )
            yield _use("*", (opening, invoking), Policies(identity, policy))


def direct(function: Function, account: Account, statement: Statement) -> Request | None:
    """A request of a stranger to invoke the function itself, not through a URL, that the statement lets through.

    None too where that is not decided: `public-function` says so.
    """
    try:
        requests = of_api(statement, function, account, action=INVOKE, by_url=False)
        return let_in(requests, statement, function.resource_policy)
    except UndecidedError:
        return None


def named(function: Function, account: Account) -> Iterator[tuple[Statement, Use]]:
    """What those may do with the URL whom the function's policy names, each with the statement that names it.

    Of principals of another account the function's own policy must allow both; what identity policies of this
    account's principals add is known where they were read.
    """
    policy, auth = function.resource_policy, function.settings.url_auth
    if policy is None or auth != SIGNED:
        return  # Without authentication nobody comes under a name.
    people = _people(Same(account)).by_arn
    for statement in policy.allows:
        if not opens(statement) and not invokes_by_url(statement):
            continue
        for each in statement.principals:
            if each.is_everyone or each.account == account.id or _is_nobody(each):
                continue
            if (person := people.get(each.value)) is not None:
                yield statement, of_principal(person, function, account)
            else:
                yield statement, _of_named(each, statement, function, account)


def _is_nobody(named: Named) -> bool:
    """Is it a name that no role, user or session can have? Who may invoke, and `foreign-caller`, tell of it."""
    is_name = named.type == "AWS" and not named.account and not is_unresolved(named.value)
    return is_name and no_principal(named.value) is not None


def by_identity(function: Function, account: Account) -> Iterator[Use]:
    """What those principals of the account may do with the URL who may have half of it by their own policies."""
    if function.settings.url_auth != SIGNED:
        return
    people, policy = _people(Same(account)), function.resource_policy
    tells = policy is not None and any(map(_parts_people, about_invoking(policy)))
    for each in people.speaking if tells else people.uneven:
        yield of_principal(each, function, account)


def _parts_people(statement: Statement) -> bool:
    """Can it give or take half of it, to whom no name tells? Whom it lets in by name, `named` asks about."""
    is_named = statement.is_allow and not statement.not_principals
    return _is_lopsided(statement) and not (is_named and not any(each.is_everyone for each in statement.principals))


@dataclass(frozen=True, slots=True)
class _People:
    """The principals of an account: all, those whose policies speak of invoking, and of these the `uneven` ones.

    Their own policies may allow one of the two actions without the other.
    """

    by_arn: dict[str, Principal]
    speaking: tuple[Principal, ...]
    uneven: tuple[Principal, ...]


@lru_cache(maxsize=2)
def _people(same: Same) -> _People:
    every = tuple(principals(same.account))
    speaking = tuple(each for each in every if any(map(speaks, each.policies)))
    uneven = tuple(each for each in speaking if _is_uneven(each, same.account))
    return _People({each.arn: each for each in every}, speaking, uneven)


def _is_uneven(person: Principal, account: Account) -> bool:
    """May any of its policies, its boundary and the SCPs open a URL without the right to invoke through it?"""
    caps = (*((person.boundary,) if person.boundary else ()), *(policy for level in account.scps for policy in level))
    every = [statement for policy in (*person.policies, *caps) for statement in about_invoking(policy)]
    return any(map(_is_lopsided, every))


def _is_lopsided(statement: Statement) -> bool:
    """May it allow to open a URL and not to invoke through it, or deny the second without the first?"""
    has, lacks = (INVOKE_URL, INVOKE) if statement.is_allow else (INVOKE, INVOKE_URL)
    tells = any(key in (AUTH.lower(), VIA.lower()) for key in asked(statement))
    return _speaks(statement, has) and (tells or not _speaks(statement, lacks))


def of_principal(person: Principal, function: Function, account: Account) -> Use:
    """What a role or user of the account may do with the URL."""
    first, second = person.requests(function, account, "url")
    return _use(person.arn, (first, second), person.within(account, function.resource_policy), unread=bool(person.gaps))


def _of_named(principal: Named, statement: Statement, function: Function, account: Account) -> Use:
    is_person = principal.type == "AWS"
    owner = principal.account or (principal.value.split(":") + [""] * 5)[4]
    name = f"arn:{account.partition}:iam::{owner}:user/any" if principal.account else principal.value
    caller = Caller("AWS", name, owner or None) if is_person else Caller(principal.type, principal.value)
    facts = known(function, account)
    if is_person:
        facts |= {"aws:PrincipalAccount": owner, "aws:PrincipalArn": name, "aws:PrincipalIsAWSService": "false"}
    else:
        facts |= {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": principal.value}
        facts |= _source(statement)
    absent = frozenset(OF_URLS | OF_SERVICES if is_person else OF_URLS)

    def asked(action: str, **context: str) -> Request:
        unknown = Open(frozenset(absent - {key.lower() for key in context}), every=True)
        return Request.of(caller, action, function.qualified_arn, facts | context, unknown=unknown)

    both = (asked(INVOKE_URL, **{AUTH: SIGNED}), asked(INVOKE, **{VIA: "true"}))
    ours = is_person and owner == account.id
    identity = () if ours or not is_person else (ANYTHING,)
    return _use(principal.value, both, Policies(identity, function.resource_policy), unread=ours)


def _source(statement: Statement) -> dict[str, str]:
    """For what a service comes, as the statement that names it lets it: a distribution, an account."""
    return {
        condition.key: filling(condition.values[0])
        for condition in statement.conditions
        if condition.pins and condition.values and condition.key.lower() in OF_SERVICES
    }


def _use(who: str, both: tuple[Request, Request], policies: Policies, *, unread: bool = False) -> Use:
    first, second = both
    return Use(who, first, second, settle(first, policies), settle(second, policies), unread)


def _speaks(statement: Statement, action: str) -> bool:
    named = any(matches(each, action, ignore_case=True) for each in statement.actions or statement.not_actions)
    return named != bool(statement.not_actions)
