"""Parties: the principals that a statement of a function's policy lets in by name, or by what a condition says."""

from collections.abc import Iterator
from dataclasses import dataclass

from rolecall.callers.networks import ORGANIZATION
from rolecall.callers.principals import no_principal, was_deleted
from rolecall.callers.strangers import OWN_ORGANIZATION, filling, named
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Principal, Statement
from rolecall.iam.request import Caller
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody whom a statement names: as it is written, with a caller that stands for it.

    `kind` is `account`, `role`, `user` or `organization`; `unsure` says why nothing is known of it.
    """

    shown: str
    kind: str
    caller: Caller | None = None
    organization: str = ORGANIZATION
    unsure: str | None = None

    def is_known(self, account: Account) -> bool:
        """Is it of this account, or trusted?"""
        owner = self.caller.account if self.caller else None
        if self.kind != "organization" and owner == account.id:
            return True
        trusted = account.trusted
        return self.organization in trusted or (self.kind != "organization" and owner in trusted)


def parties(statement: Statement, account: Account) -> Iterator[Party]:
    """The AWS principals that it names, and where that is everybody, those that its conditions name."""
    organizations = _organizations(statement)
    for each in statement.principals:
        if each.is_everyone:
            yield from _left(statement, organizations, account)
        elif each.type == "AWS":
            yield from _named(each, organizations, account)
        elif each.type != "Service":
            yield Party(each.value, each.type, unsure=f"`{each.type}` is no kind of principal that invokes functions")
    if statement.not_principals:
        yield from _left(statement, organizations, account)


def _named(each: Principal, organizations: tuple[str, ...], account: Account) -> Iterator[Party]:
    value = each.value
    if was_deleted(value):
        return
    arn = Arn.parse(value)
    owner = each.account or (arn.account if arn else "")
    why = None if each.account else no_principal(value)
    # Of a role whose name is not known, the account may be.
    if (why and not is_unresolved(value)) or len(owner) != 12 or not owner.isdecimal():
        yield Party(value, "account", unsure=f"the principal `{value}` {why or 'is no ARN of a principal'}")
        return
    ours = (OWN_ORGANIZATION,) if owner == account.id else (ORGANIZATION,)
    for organization in organizations or ours:
        kind = "account" if each.account else "user" if arn and arn.kind == "user" else "role"
        yield Party(value if arn and kind != "account" else owner, kind, _caller(value, owner, account), organization)


def _left(statement: Statement, organizations: tuple[str, ...], account: Account) -> Iterator[Party]:
    """Whom conditions leave of everybody: those that they name, the closest first."""
    arns = [(each, Arn.parse(each)) for each in named(statement, "aws:PrincipalArn")]
    found = [(value, arn) for value, arn in arns if arn and arn.account and not is_wild(arn.account)]
    accounts = [each for each in named(statement, "aws:PrincipalAccount") if not is_wild(each)]
    for value, arn in found:
        for organization in organizations or (ORGANIZATION,):
            kind = "role" if arn.kind in ("role", "assumed-role") else "user"
            yield Party(value, kind, _caller(value, arn.account, account), organization)
    for owner in () if found else accounts:
        for organization in organizations or (ORGANIZATION,):
            yield Party(owner, "account", _caller("", owner, account), organization)
    for organization in () if found or accounts else organizations:
        yield Party(organization, "organization", _caller("", "777777777777", account), organization)


def _organizations(statement: Statement) -> tuple[str, ...]:
    """The organisations that it asks for: a condition that holds without the key asks for none."""
    ids, paths = (
        named(statement, key) if statement.pins(key) else () for key in ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths")
    )
    return tuple(dict.fromkeys((*ids, *(each.partition("/")[0] for each in paths))))


def _caller(value: str, owner: str, account: Account) -> Caller:
    arn = Arn.parse(value)
    if arn is None or arn.is_root:
        return Caller("AWS", f"arn:{account.partition}:iam::{owner}:user/any", owner)
    return Caller("AWS", filling(value), owner)
