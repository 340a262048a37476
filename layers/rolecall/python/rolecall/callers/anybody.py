"""Strangers: whoever no policy names, and what their requests can carry. What lets them in lets in everybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rolecall.iam.arn import Arn
from rolecall.iam.policy import Kind, Policy, parse
from rolecall.iam.request import Caller, Request
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account

ACCOUNTS = ("999999999999", "888888888888", "777777777777")
ADDRESS = "198.51.100.7"
"""Of nobody: RFC 5737."""

FREE = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:referer",
        "aws:sourceidentity",
        "aws:tagkeys",
        "aws:tokenissuetime",
        "aws:useragent",
        "sts:externalid",
        "sts:rolesessionname",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
    }
)
"""Keys that whoever asks fills as they like, or waits for: they keep nobody out (IAM User Guide, "Global keys")."""

FREE_TAGS = ("aws:principaltag/", "aws:requesttag/")

ANYTHING = parse(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
    name="the caller's own",
    kind=Kind.IDENTITY,
)
"""What the identity policies of another account may say."""


@dataclass(frozen=True, slots=True)
class _Free:
    """The keys that a stranger can give any value, tags only where there is a principal to carry them."""

    tags: bool

    def __contains__(self, key: object) -> bool:
        return key in FREE or (self.tags and str(key).startswith(FREE_TAGS))


def signed(policy: Policy, account: Account) -> Iterator[Caller]:
    """Principals of an account that the policy does not name: any one, and those whose name a pattern lets pass."""
    text = str([*policy.statements])
    owner = next((each for each in ACCOUNTS if each not in text and each != account.id), ACCOUNTS[0])
    yield Caller("AWS", f"arn:{account.partition}:iam::{owner}:user/somebody", owner)
    for statement in policy.statements:
        for condition in statement.conditions:
            if condition.key.lower() == "aws:principalarn":
                for value in condition.values:
                    arn = Arn.parse(value)
                    if arn and is_wild(arn.account) and not is_unresolved(value):
                        name = arn.resource.replace("*", "any").replace("?", "x")
                        yield Caller("AWS", f"arn:{account.partition}:iam::{owner}:{name}", owner)


def unsigned() -> Caller:
    """Whoever asks without credentials: only a function URL without authentication lets them ask."""
    return Caller("Anonymous", "*")


def request(
    caller: Caller, action: str, resource: str, account: Account, member: bool = True, /, **context: str
) -> Request:
    """What a stranger asks, with all that is known of it. `member` says whether his account is in an organization."""
    has_name = caller.type == "AWS"
    organization = "o-zzzzzzzzzz"
    own = {
        "aws:PrincipalAccount": caller.account or "",
        "aws:PrincipalArn": caller.id,
        "aws:PrincipalType": "User",
    }
    if member:
        own["aws:PrincipalOrgID"] = organization
        own["aws:PrincipalOrgPaths"] = f"{organization}/r-zzzz/ou-zzzz-zzzzzzzz/"
    facts = {
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": account.region,
        "aws:ResourceAccount": account.id,
        "aws:SecureTransport": "true",
        "aws:SourceIp": ADDRESS,
        "aws:ViaAWSService": "false",
        **(own if has_name else {}),
        **context,
    }
    return Request.of(caller, action, resource, facts, resource_account=account.id, unknown=_Free(has_name))


def case(asked: Request) -> dict[str, Any]:
    """The request as a case of `simulate`."""
    who = {"type": asked.caller.type, "id": asked.caller.id}
    if asked.caller.account:
        who["account"] = asked.caller.account
    return {
        "principal": who,
        "action": asked.action,
        "resource": asked.resource,
        "resourceAccount": asked.owner,
        "context": dict(asked.context),
    }
