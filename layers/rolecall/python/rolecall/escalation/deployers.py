"""Deployers: who, beside administrators, may change which functions, and whom their owners have declared to.

The tag `rolecall:deployers` of a function (further values in `rolecall:deployers:2` …) holds role names, user names,
ARNs or account ids, separated by spaces, or `none`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rolecall.escalation.judge import Proof, proof
from rolecall.escalation.paths import possible
from rolecall.escalation.strength import Gain, gain, holder, is_administrator, is_stronger
from rolecall.iam.arn import resource_matches
from rolecall.iam.statement import is_unresolved
from rolecall.model import Account, Function, Role, User
from rolecall.needs.grant import Grant

TAG = "rolecall:deployers"
CHANGES = ("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration")
"""What puts other code, a layer or another handler into a function."""

WRITES = {"s3": "s3:PutObject", "ecr": "ecr:PutImage"}
"""Service of what a function is deployed from -> what puts other code there."""

FEW = 8
"""Functions of the strongest roles that are compared, where nobody declared anything."""


@dataclass(frozen=True, slots=True)
class Deployer:
    """A principal that may change functions: a role or a user of the account, which is no administrator."""

    arn: str
    name: str
    is_user: bool
    grant: Grant

    def change(self, function: Function) -> Proof | None:
        """How it may change the function, with a request that is allowed; None where it may not."""
        found = (proof(self.grant, action, on=function.arn) for action in CHANGES)
        return next((each for each in found if each and each.witness), None)

    def write(self, function: Function) -> Proof | None:
        """How it may write what the function is deployed from, with a request that is allowed; None where not."""
        source = function.code.source if function.code else None
        if source is None or is_unresolved(source):
            return None
        found = proof(self.grant, WRITES[source.split(":")[2]], on=source)
        return found if found and found.witness else None

    def reaches(self, functions: list[Function]) -> Iterator[Function]:
        """Those that its statements mean, in order; conditions and Deny are for `change`."""
        means = _meaning(self.grant, CHANGES)
        return (each for each in functions if means(each.arn))

    def feeds(self, functions: Iterable[Function]) -> Iterator[Function]:
        """Those that are deployed from what its statements on writing mean, in order."""
        means = _meaning(self.grant, WRITES.values())
        return (each for each in functions if each.code and each.code.source and means(each.code.source))

    def is_weaker(self, function: Function, account: Account) -> bool:
        """Does the function's role hold rights that it lacks?"""
        role = account.role_of(function)
        return role is not None and is_stronger(self.grant, role)

    def gain(self, function: Function, account: Account) -> Gain | None:
        """What it gains by changing the function: rights of the function's role that it lacks."""
        role = account.role_of(function)
        return gain(self.grant, role) if role else None

    def witness(self, found: Proof) -> dict[str, object]:
        """The request of a proof, as this principal makes it: it comes from no function."""
        made = dict(found.witness or {})
        context = {key: value for key, value in made["context"].items() if key != "lambda:SourceFunctionArn"}
        if self.is_user:
            made["principal"] = {"type": "AWS", "id": self.arn}
            context |= {"aws:PrincipalArn": self.arn, "aws:PrincipalType": "User"}
        return made | {"context": context}


def declared(function: Function) -> frozenset[str] | None:
    """Whom the owner lets change the function: names, ARNs, account ids; None where nobody said."""
    values = function.values_of(TAG)
    if not values:
        return None
    return frozenset(each for value in values for each in value.split()) - {"none"}


def is_declared(deployer: Deployer, names: frozenset[str], account: Account) -> bool:
    """Is it one of these?"""
    return bool(names & {deployer.arn, deployer.name, account.id})


def deployers(account: Account) -> Iterator[Deployer]:
    """Who may change functions at all, sorted by ARN.

    Not administrators; nor execution roles, of which `workload-takeover` tells; nor service-linked roles; nor roles
    that only CloudFormation assumes.
    """
    execution = {function.role for function in account.functions}
    for each in _principals(account):
        role = each.grant.role
        if role.arn not in execution and not role.used_by and _may_change(role, account):
            yield each


def writers(functions: Sequence[Function], account: Account) -> dict[str, list[Deployer]]:
    """Who may write what functions are deployed from, by the id of the function: execution roles too."""
    found: dict[str, list[Deployer]] = {each.id: [] for each in functions}
    sourced = [each for each in functions if each.code and each.code.source]
    for each in _principals(account) if sourced else ():
        fed = [*each.feeds(sourced)]
        if fed and not is_administrator(each.grant.role, account):
            for function in fed:
                found[function.id].append(each)
    return found


def _principals(account: Account) -> Iterator[Deployer]:
    """Roles and users, but not roles that are linked to a service, nor those that only CloudFormation assumes."""
    for role in account.roles:
        if ":role/aws-service-role/" not in role.arn and not _is_of_stacks(role):
            yield Deployer(role.arn, role.name, False, holder(role, account))
    for user in account.users:
        yield Deployer(user.arn, user.name, True, holder(_as_role(user), account))


def _meaning(granted: Grant, actions: Iterable[str]) -> Callable[[str], bool]:
    """Whether statements on any of the actions mean an ARN: conditions and Deny apart."""
    statements = [each for action in actions for each in granted.statements_allowing(action, "*")]
    patterns = {pattern for each in statements for pattern in each.resources}
    is_all = "*" in patterns or any(each.not_resources for each in statements)
    return lambda arn: is_all or any(resource_matches(pattern, arn) for pattern in patterns)


def _may_change(role: Role, account: Account) -> bool:
    named = frozenset[str]().union(*(possible(policy.allows) for policy in role.policies))
    return any(action.lower() in named for action in CHANGES) and not is_administrator(role, account)


def _as_role(user: User) -> Role:
    """A user's rights in the shape in which a role's are compared."""
    return Role(user.arn, user.policies, boundary=user.boundary, gaps=user.gaps)


def _is_of_stacks(role: Role) -> bool:
    if role.trust is None:
        return False
    principals = [each for statement in role.trust.allows for each in statement.principals]
    return bool(principals) and all(each.value == "cloudformation.amazonaws.com" for each in principals)
