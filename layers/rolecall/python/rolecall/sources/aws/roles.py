"""Roles of an AWS account: their policies, trust and boundary."""

from collections.abc import Callable, Collection
from typing import Any

from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import Gap, Role
from rolecall.sources.aws.calls import Calls, Refused


def read_role(calls: Calls, arn: str, used_by: Collection[str]) -> tuple[Role | None, Gap | None]:
    """A role with its policies, and gaps for those that cannot be read; or no role, and the gap that it leaves."""
    name = arn.rpartition("/")[2]
    try:
        answer = calls.ask("iam", "get_role", RoleName=name)["Role"]
    except Refused as refused:
        why = "the role does not exist" if refused.absent else refused.why
        return None, Gap("role", why, refused.call, arn)
    if answer["Arn"] != arn:
        return None, Gap("role", f"`{arn}` does not exist: `{name}` is now `{answer['Arn']}`", None, arn)
    gaps: list[Gap] = []
    role = Role(
        arn=arn,
        policies=(*_inline(calls, arn, name, gaps), *_attached(calls, arn, name, gaps)),
        trust=_parsed(answer["AssumeRolePolicyDocument"], "trust", Kind.TRUST, arn, gaps),
        boundary=_boundary(calls, answer, arn, gaps),
        used_by=tuple(sorted(used_by)),
        tags=tuple(sorted((tag["Key"], tag["Value"]) for tag in answer.get("Tags", ()))),
        gaps=tuple(gaps),
    )
    return role, None


def roles_of_policy(calls: Calls, policy: str) -> tuple[str, ...]:
    """The names of the roles that a managed policy is attached to, as policy or as boundary.

    Raises
    ------
    Refused : AWS does not tell
    """
    try:
        found = calls.pages("iam", "list_entities_for_policy", "PolicyRoles", PolicyArn=policy, EntityFilter="Role")
        return tuple(role["RoleName"] for role in found)
    except Refused as refused:
        if refused.absent:
            return ()
        raise


def _inline(calls: Calls, arn: str, role: str, gaps: list[Gap]) -> tuple[Policy, ...]:
    def document(name: str) -> Any:
        return calls.ask("iam", "get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"]

    def names() -> list[str]:
        return list(calls.pages("iam", "list_role_policies", "PolicyNames", RoleName=role))

    return _policies(names, document, arn, gaps)


def _attached(calls: Calls, arn: str, role: str, gaps: list[Gap]) -> tuple[Policy, ...]:
    def names() -> list[str]:
        attached = calls.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
        return [policy["PolicyArn"] for policy in attached]

    return _policies(names, lambda name: _managed(calls, name), arn, gaps)


def _policies(
    names: Callable[[], list[str]], document: Callable[[str], Any], arn: str, gaps: list[Gap]
) -> tuple[Policy, ...]:
    """The policies of these names, in order of their names."""
    try:
        known = sorted(names())
    except Refused as refused:
        gaps.append(Gap("role policies", refused.why, refused.call, arn))
        return ()
    policies = []
    for name in known:
        try:
            policies.append(_parsed(document(name), name, Kind.IDENTITY, arn, gaps))
        except Refused as refused:
            if not refused.absent:  # Deleted since it was listed: it is no more.
                gaps.append(Gap("role policies", refused.why, refused.call, arn))
    return tuple(policy for policy in policies if policy)


def _boundary(calls: Calls, answer: dict[str, Any], arn: str, gaps: list[Gap]) -> Policy | None:
    boundary = answer.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if boundary is None:
        return None
    try:
        return _parsed(_managed(calls, boundary), "boundary", Kind.BOUNDARY, arn, gaps)
    except Refused as refused:
        gaps.append(Gap("boundary", refused.why, refused.call, arn))
        return None


def _managed(calls: Calls, policy: str) -> Any:
    """The document of a managed policy's default version."""
    version = calls.ask("iam", "get_policy", PolicyArn=policy)["Policy"]["DefaultVersionId"]
    answer = calls.ask("iam", "get_policy_version", PolicyArn=policy, VersionId=version)
    return answer["PolicyVersion"]["Document"]


PARTS = {Kind.IDENTITY: "role policies", Kind.TRUST: "trust policy", Kind.BOUNDARY: "boundary"}


def _parsed(document: Any, name: str, kind: Kind, arn: str, gaps: list[Gap]) -> Policy | None:
    try:
        return parse(document, name=name, kind=kind)
    except PolicyError as error:
        gaps.append(Gap(PARTS[kind], str(error), None, arn))
        return None
