"""The principals of an account, as those who may want to invoke a function: what is known of their requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rolecall.callers.keys import OF_FUNCTIONS, OF_SERVICES, OF_URLS, Open
from rolecall.iam.arn import Arn
from rolecall.iam.condition import keys
from rolecall.iam.evaluate import Policies
from rolecall.iam.matching import plan
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.request import Caller, Request
from rolecall.iam.statement import is_unresolved
from rolecall.iam.variables import Template
from rolecall.model import Account, Function, Gap, Role, User

INVOKE, INVOKE_URL = "lambda:InvokeFunction", "lambda:InvokeFunctionUrl"
VERBS = (INVOKE.lower(), INVOKE_URL.lower())

# A request of code that runs in a function is made by a role: Developer Guide, "Using source function ARN".
NOT_OF_USERS = OF_FUNCTIONS | {"aws:federatedprovider"}
ABOUT_PRINCIPALS = ("aws:principal", "aws:userid", "aws:username")
UNIQUE = ("AIDA", "AROA")
"""Beginnings of the ids that take the place of a principal that was deleted: IAM User Guide, "Unique identifiers"."""
NAMED = frozenset({("iam", "role"), ("iam", "user"), ("sts", "assumed-role"), ("sts", "federated-user")})
"""Services and kinds of the ARNs by which policies name a role, a user or a session."""
TAG = "aws:resourcetag/"
PRINCIPAL_TAG = "aws:principaltag/"


@dataclass(frozen=True, slots=True)
class Principal:
    """A role or user of the account. `policies` are all its identity policies; `caller` makes its requests."""

    arn: str
    kind: str
    policies: tuple[Policy, ...]
    boundary: Policy | None
    caller: Caller
    tags: tuple[tuple[str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    def within(self, account: Account, resource: Policy | None = None) -> Policies:
        """All the policies that apply to its requests."""
        return Policies(
            identity=self.policies,
            resource=resource,
            boundaries=(self.boundary,) if self.boundary else None,
            scps=account.scps or None,
        )

    def facts(self, account: Account) -> dict[str, str]:
        """What every request of its own says of it; keys in lower case."""
        found = {
            "aws:principalaccount": account.id,
            "aws:principalarn": self.arn,
            "aws:principalisawsservice": "false",
            "aws:principaltype": "User" if self.kind == "user" else "AssumedRole",
        }
        if self.kind == "user":
            found["aws:username"] = self.name
            found |= {f"aws:principaltag/{key.lower()}": value for key, value in self.tags}
        return found

    def requests(self, function: Function, account: Account, way: str) -> tuple[Request, ...]:
        """What must be allowed to invoke it: by the API (`invoke`), or both actions for its URL (`url`)."""
        if way == "invoke":
            return (self.request(INVOKE, function, account, OF_URLS),)
        auth = {"lambda:FunctionUrlAuthType": function.settings.url_auth or "AWS_IAM"}
        passed = {"lambda:InvokedViaFunctionUrl": "true"}
        return (
            self.request(INVOKE_URL, function, account, OF_URLS, **auth),
            self.request(INVOKE, function, account, OF_URLS, **passed),
        )

    def request(
        self, action: str, function: Function, account: Account, absent: frozenset[str], **context: str
    ) -> Request:
        """A request of its own with what is known of it."""
        is_user = self.kind == "user"
        facts = {**self.facts(account), **known(function, account), **context}
        # A session may bring tags of its own, so a role's are not all that is known.
        absent = absent | OF_SERVICES | (NOT_OF_USERS if is_user else frozenset())
        without = _untagged(function) + ((PRINCIPAL_TAG,) if is_user else ())
        return Request.of(self.caller, action, function.qualified_arn, facts, unknown=Open(absent, without, every=True))


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """An account, the same only as the same object: to hash all that it holds takes too long."""

    account: Account
    id: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", id(self.account))

    def __hash__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.account is other.account


def was_deleted(principal: str) -> bool:
    """Is it an id, which stands in place of an ARN once the principal is no more?

    >>> was_deleted("AROADBQP57FF2AEXAMPLE"), was_deleted("arn:aws:iam::111122223333:role/AROA")
    (True, False)
    """
    return principal.startswith(UNIQUE) and ":" not in principal


def no_principal(name: str) -> str | None:
    """Why nobody is known who comes under a name that stands under `AWS`; None where it may be somebody.

    IAM User Guide, "AWS JSON policy elements: Principal": accounts, roles, users and the sessions of these.

    >>> no_principal("arn:aws:iam::111122223333:group/web"), no_principal("arn:aws:iam::111122223333:role/web")
    ('is no ARN of a principal', None)
    """
    if was_deleted(name):
        return "was deleted"
    if is_unresolved(name):
        return "is not known"
    arn = Arn.parse(name)
    is_one = arn is not None and (arn.is_root or (arn.name and (arn.service, arn.kind) in NAMED))
    return None if is_one else "is no ARN of a principal"


def known(function: Function, account: Account) -> dict[str, str]:
    """What every request about a function says of it."""
    return {
        "aws:RequestedRegion": account.region,
        "aws:ResourceAccount": account.id,
        **{f"aws:ResourceTag/{key}": value for key, value in function.tags},
    }


def _untagged(function: Function) -> tuple[str, ...]:
    """A live function has no more tags than were read; a stack gives more to that of a template."""
    is_read = function.place is None and not any(gap.what == "tags" for gap in function.gaps)
    return (TAG,) if is_read else ()


def principals(account: Account) -> Iterator[Principal]:
    """Its roles and users."""
    for role in account.roles:
        yield _of_role(role, account)
    for user in account.users:
        yield _of_user(user)


def _of_role(role: Role, account: Account) -> Principal:
    # The ARN of a session lacks the role's path, and with it what tells a service-linked role.
    session = f"arn:{account.partition}:sts::{account.id}:assumed-role/{role.name}/*"
    gaps = tuple(gap for gap in role.gaps if gap.what in ("role policies", "boundary"))
    return Principal(role.arn, "role", role.policies, role.boundary, Caller("AWS", session), role.tags, gaps)


def _of_user(user: User) -> Principal:
    return Principal(user.arn, "user", user.policies, user.boundary, Caller("AWS", user.arn), user.tags, user.gaps)


def speaks(policy: Policy) -> bool:
    """Is any statement of it about invoking?"""
    return any(any(plan(policy).about(verb)) for verb in VERBS)


def about_invoking(policy: Policy) -> tuple[Statement, ...]:
    """The statements of it that are about invoking, in their order."""
    found = {e.statement.index: e.statement for verb in VERBS for group in plan(policy).about(verb) for e in group}
    return tuple(found[index] for index in sorted(found))


def asked(statement: Statement) -> frozenset[str]:
    """The condition keys that a statement asks for, those of variables included, in lower case."""
    variables = statement.version != "2008-10-17"
    found = {key for condition in statement.conditions for key in keys(condition, variables=variables)}
    for pattern in (*statement.resources, *statement.not_resources) if variables else ():
        template = Template.parse(pattern)
        found |= set(template.keys if template else ())
    return frozenset(found)
