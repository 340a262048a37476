"""Roles and users of an AWS account, all at once: `GetAccountAuthorizationDetails`, some calls per thousand."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rolecall.iam.policy import Kind, Policy
from rolecall.model import Gap, Role, User
from rolecall.sources.aws.calls import Calls, Refused
from rolecall.sources.aws.roles import managed, parsed, policies_of, role_of

WHAT = "principals"
WANTED = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]


@dataclass(frozen=True, slots=True)
class Principals:
    """Every role and user of an account, each by ARN."""

    roles: tuple[Role, ...] = ()
    users: tuple[User, ...] = ()


def all_principals(calls: Calls, users_of: Mapping[str, Collection[str]]) -> Principals:
    """Every role and user of the account. `users_of` maps a role's ARN to its functions' ids.

    Raises
    ------
    Refused : the account may not be read at once, or not to its end
    """
    answers = list(calls.answers("iam", "get_account_authorization_details", Filter=WANTED))
    documents = {p["Arn"]: _default_version(p) for each in answers for p in each.get("Policies", ())}
    groups = {group["GroupName"]: group for each in answers for group in each.get("GroupDetailList", ())}
    reading = _Reading(calls, documents)
    roles = [_role(reading, d, users_of.get(d["Arn"], ())) for each in answers for d in each.get("RoleDetailList", ())]
    users = [_user(reading, detail, groups) for each in answers for detail in each.get("UserDetailList", ())]
    return Principals(tuple(sorted(roles, key=lambda role: role.arn)), tuple(sorted(users, key=lambda user: user.arn)))


class _Reading:
    """Managed policies of the account's details; one that they leave out is read by itself. Each is parsed once."""

    def __init__(self, calls: Calls, documents: dict[str, Any]) -> None:
        self._calls, self._documents = calls, documents
        self._parsed: dict[tuple[str, Kind], Policy] = {}

    def document(self, name: str) -> Any:
        if self._documents.get(name) is None:
            self._documents[name] = managed(self._calls, name)
        return self._documents[name]

    def policies(self, names: Iterable[str], arn: str, gaps: list[Gap], what: str) -> tuple[Policy, ...]:
        """Managed policies as identity policies of a principal (ARN), sorted."""
        found = []
        for name in sorted(set(names)):
            if (name, Kind.IDENTITY) not in self._parsed:
                made = policies_of(lambda name=name: [name], self.document, arn, gaps, what)  # type: ignore[misc]
                if not made:
                    continue
                self._parsed[name, Kind.IDENTITY] = made[0]
            found.append(self._parsed[name, Kind.IDENTITY])
        return tuple(found)

    def boundary(self, detail: Mapping[str, Any], arn: str, gaps: list[Gap]) -> Policy | None:
        name = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if name is None:
            return None
        if (name, Kind.BOUNDARY) not in self._parsed:
            try:
                made = parsed(self.document(name), "boundary", Kind.BOUNDARY, arn, gaps)
            except Refused as refused:
                gaps.append(Gap("boundary", refused.why, refused.call, arn))
                return None
            if made is None:
                return None
            self._parsed[name, Kind.BOUNDARY] = made
        return self._parsed[name, Kind.BOUNDARY]


def _default_version(policy: Mapping[str, Any]) -> Any:
    versions = policy.get("PolicyVersionList", ())
    return next((version["Document"] for version in versions if version["IsDefaultVersion"]), None)


def _role(reading: _Reading, detail: Mapping[str, Any], used_by: Collection[str]) -> Role:
    arn, gaps = detail["Arn"], list[Gap]()
    inline = {each["PolicyName"]: each["PolicyDocument"] for each in detail.get("RolePolicyList", ())}
    policies = (
        *policies_of(lambda: list(inline), inline.__getitem__, arn, gaps),
        *reading.policies(_attached(detail), arn, gaps, "role policies"),
    )
    return role_of(detail, policies, reading.boundary(detail, arn, gaps), used_by, gaps)


def _user(reading: _Reading, detail: Mapping[str, Any], groups: Mapping[str, Mapping[str, Any]]) -> User:
    """A user, with the policies of its groups; inline ones of a group are called `GROUP/NAME`."""
    arn, gaps, what = detail["Arn"], list[Gap](), "user policies"
    of_user = {each["PolicyName"]: each["PolicyDocument"] for each in detail.get("UserPolicyList", ())}
    attached = _attached(detail)
    for name in detail.get("GroupList", ()):
        group = groups.get(name, {})
        listed = group.get("GroupPolicyList", ())
        of_user |= {f"{name}/{each['PolicyName']}": each["PolicyDocument"] for each in listed}
        attached += _attached(group)
    return User(
        arn=arn,
        policies=(
            *policies_of(lambda: list(of_user), of_user.__getitem__, arn, gaps, what),
            *reading.policies(attached, arn, gaps, what),
        ),
        boundary=reading.boundary(detail, arn, gaps),
        tags=tuple(sorted((tag["Key"], tag["Value"]) for tag in detail.get("Tags", ()))),
        gaps=tuple(gaps),
    )


def _attached(detail: Mapping[str, Any]) -> list[str]:
    return [each["PolicyArn"] for each in detail.get("AttachedManagedPolicies", ())]
