"""Deployers: who, beside administrators, may change which functions, and whom their owners have declared to.

The tag `rolecall:deployers` of a function (further values in `rolecall:deployers:2` …) holds role names, user names,
ARNs or account ids, separated by spaces, or `none`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rolecall.escalation.judge import Proof, proof
from rolecall.escalation.paths import possible
from rolecall.escalation.strength import Gain, gain, holder, is_administrator, is_stronger
from rolecall.iam.arn import resource_matches
from rolecall.model import Account, Function, Role, User
from rolecall.needs.grant import Grant

TAG = "rolecall:deployers"
CHANGES = ("lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration")
"""What puts other code, a layer or another handler into a function."""

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

    def reaches(self, functions: list[Function]) -> Iterator[Function]:
        """Those that its statements mean, in order; conditions and Deny are for `change`."""
        statements = [each for action in CHANGES for each in self.grant.statements_allowing(action, "*")]
        patterns = {pattern for each in statements for pattern in each.resources}
        is_all = "*" in patterns or any(each.not_resources for each in statements)
        for function in functions:
            if is_all or any(resource_matches(pattern, function.arn) for pattern in patterns):
                yield function

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
    for role in account.roles:
        is_own = role.arn in execution or role.used_by or ":role/aws-service-role/" in role.arn
        if not is_own and not _is_of_stacks(role) and _may_change(role, account):
            yield Deployer(role.arn, role.name, False, holder(role, account))
    for user in account.users:
        held = _as_role(user)
        if _may_change(held, account):
            yield Deployer(user.arn, user.name, True, holder(held, account))


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
