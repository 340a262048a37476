"""Who may assume a role: its trust policy, asked about one principal at a time."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rolecall.callers.keys import FREE, OF_ASSUMING
from rolecall.callers.strangers import filling, signed, situations, stranger, unknown
from rolecall.callers.trial import ANYTHING, case
from rolecall.iam.evaluate import Decision, Policies
from rolecall.iam.policy import Policy, Principal, Statement
from rolecall.iam.request import EVERY_KEY, Caller, Request
from rolecall.iam.settle import settle
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function, Role

ASSUMING = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
LAMBDA, EDGE = "lambda.amazonaws.com", "edgelambda.amazonaws.com"
AT_THE_EDGE = frozenset({EDGE, "replicator.lambda.amazonaws.com"})
"""Who is let in by the policy of a version that CloudFront uses: CloudFront Developer Guide, "Service-linked roles"."""


class _OfServices:
    """The keys that a service may send and of which nobody tells the value; it sends none of anything else."""

    def __contains__(self, key: object) -> bool:
        return key in ("aws:currenttime", "aws:epochtime", "aws:sourceorgid", "aws:sourceorgpaths")


def is_lambda(service: str) -> bool:
    """Is it Lambda, or Lambda@Edge, by its name in any partition?"""
    return service.removesuffix(".cn") in (LAMBDA, EDGE)


def assumes(statement: Statement) -> bool:
    """Does the statement speak of assuming the role?"""
    if statement.not_actions:
        return not all(any(_named(each, action) for each in statement.not_actions) for action in ASSUMING)
    return any(_named(each, action) for each in statement.actions for action in ASSUMING)


def trusts(role: Role, service: str, function: Function, account: Account) -> Decision:
    """May Lambda (or Lambda@Edge) assume the role for this function?

    Asked as for the function, and as for any function of the account: it is enough that one of them is let in, since
    AWS does not say which qualifier `aws:SourceArn` carries.
    """
    found = _settled(role, asked_by_lambda(role, service, function.arn, account))
    for source in (function.qualified_arn, f"{function.arn}:$LATEST"):
        if found.allowed is False:
            found = _settled(role, asked_by_lambda(role, service, source, account))
    return found


def asked_by_lambda(role: Role, service: str, source: str, account: Account) -> Request:
    """The call that Lambda makes before a function starts."""
    context = {
        "aws:PrincipalIsAWSService": "true",
        "aws:PrincipalServiceName": service,
        "aws:RequestedRegion": account.region,
        "aws:ResourceAccount": account.id,
        "aws:SecureTransport": "true",
        "aws:SourceAccount": account.id,
        "aws:SourceArn": source,
        **{f"{prefix}{key}": value for key, value in role.tags for prefix in ("aws:ResourceTag/", "iam:ResourceTag/")},
    }
    caller = Caller("Service", service)
    return Request.of(caller, ASSUMING[0], role.arn, context, resource_account=account.id, unknown=_OfServices())


def held_back(role: Role, statement: Statement, principal: Principal, account: Account) -> bool:
    """Is whom the statement names kept out for certain: by a Deny, or by conditions that nothing meets?"""
    return _settled(role, _asked_by(role, statement, principal, account)).allowed is False


def stranger_in(role: Role, account: Account) -> Request | None:
    """A request of somebody in no way named that the trust policy lets in, or None."""
    policy = role.trust
    where = {"aws:RequestedRegion": account.region, "aws:ResourceAccount": account.id}
    for caller in signed(policy.statements, account) if policy else ():
        own = unknown(caller, more=FREE | OF_ASSUMING)
        for facts in situations(caller, policy.statements if policy else (), account):
            asked = Request.of(caller, ASSUMING[0], role.arn, facts | where, resource_account=account.id, unknown=own)
            if _settled(role, asked).allowed is not False:
                return asked
    return None


def witness(role: Role, statement: Statement, principal: Principal, account: Account) -> dict[str, Any] | None:
    """A request of the principal that the trust policy allows, as a case of `simulate`; None where none is known.

    What the statement's conditions ask for is given to it.
    """
    asked = _asked_by(role, statement, principal, account)
    context = {
        condition.key: filling(condition.values[0])
        for condition in statement.conditions
        if condition.pins and condition.values and condition.operator not in ("IpAddress", "BinaryEquals")
    }
    exact = Request.of(asked.caller, asked.action, role.arn, context, resource_account=account.id)
    if not _settled(role, exact).allowed:
        return None
    return case(exact)


def without(trust: Policy, dropped: Callable[[Principal], bool], service: str = LAMBDA) -> Mapping[str, Any]:
    """The trust policy without these principals: statements that let nobody else in are gone, the service is let in."""
    kept: list[dict[str, Any]] = []
    for statement in trust.statements:
        members = statement.document()
        if statement.is_allow and (statement.not_principals or any(map(dropped, statement.principals))):
            left = [each for each in statement.principals if not dropped(each)]
            if not left:
                continue
            members["Principal"] = {
                kind: [each.value for each in left if each.type == kind]
                for kind in sorted({each.type for each in left})
            }
        kept.append(members)
    if not any(map(partial(lets_in, service=service), trust.allows)):
        kept.insert(0, {"Effect": "Allow", "Principal": {"Service": service}, "Action": ASSUMING[0]})
    return {"Version": trust.version, "Statement": kept}


def lets_in(statement: Statement, service: str) -> bool:
    """Does an Allow speak of the service, in any partition, and of `sts:AssumeRole`, which is all that it asks for?"""
    named = service in [each.removesuffix(".cn") for each in statement.services]
    if statement.not_actions:
        return named and not any(_named(each, ASSUMING[0]) for each in statement.not_actions)
    return named and any(_named(each, ASSUMING[0]) for each in statement.actions)


def _asked_by(role: Role, statement: Statement, principal: Principal, account: Account) -> Request:
    action = next((each for each in ASSUMING if any(_named(one, each) for one in statement.actions)), ASSUMING[0])
    caller = _caller(principal, account)
    return Request.of(caller, action, role.arn, {}, resource_account=account.id, unknown=EVERY_KEY)


def _caller(principal: Principal, account: Account) -> Caller:
    """Somebody whom the principal means: of an account as a whole, one of its users."""
    if principal.type != "AWS" and not principal.is_everyone:
        return Caller(principal.type, principal.value)
    if principal.is_everyone or principal.account:
        owner = principal.account or stranger(account)
        return Caller("AWS", f"arn:{account.partition}:iam::{owner}:user/somebody", owner)
    return Caller("AWS", filling(principal.value))


def _settled(role: Role, asked: Request) -> Decision:
    return settle(asked, Policies(identity=(ANYTHING,), resource=role.trust))


def _named(pattern: str, action: str) -> bool:
    return matches(pattern, action, ignore_case=True)
