"""Roles of an AWS account, one by one: their policies, trust and boundary."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import MISSING_ROLE, Gap, Role
from rolecall.sources.aws.calls import Calls, Refused

# Documents of AWS managed policies that this process has read, by ARN and version: AWS never changes a version. A
# customer managed policy can be deleted and made again under its ARN, with the same version number.
AWS_MANAGED: dict[tuple[str, str], Any] = {}


def read_role(calls: Calls, arn: str, used_by: Collection[str]) -> tuple[Role | None, Gap | None]:
    """A role with its policies, and gaps for those that cannot be read; or no role, and the gap that it leaves."""
    name = arn.rpartition("/")[2]
    try:
        answer = calls.ask("iam", "get_role", RoleName=name)["Role"]
    except Refused as refused:
        if refused.absent:
            return None, Gap(MISSING_ROLE, "the role does not exist", refused.call, arn)
        return None, Gap("role", refused.why, refused.call, arn)
    if answer["Arn"] != arn:
        return None, Gap(MISSING_ROLE, f"`{arn}` does not exist: `{name}` is now `{answer['Arn']}`", None, arn)
    gaps: list[Gap] = []
    policies = (*_inline(calls, arn, name, gaps), *_attached(calls, arn, name, gaps))
    return role_of(answer, policies, _boundary(calls, answer, arn, gaps), used_by, gaps), None


def role_of(
    answer: Mapping[str, Any],
    policies: tuple[Policy, ...],
    boundary: Policy | None,
    used_by: Collection[str],
    gaps: list[Gap],
) -> Role:
    """The role that an answer of IAM describes."""
    arn = answer["Arn"]
    created, last_used = answer.get("CreateDate"), answer.get("RoleLastUsed", {}).get("LastUsedDate")
    trust = parsed(answer["AssumeRolePolicyDocument"], "trust", Kind.TRUST, arn, gaps)
    return Role(
        arn=arn,
        policies=policies,
        trust=trust,
        boundary=boundary,
        used_by=tuple(sorted(used_by)),
        tags=tuple(sorted((tag["Key"], tag["Value"]) for tag in answer.get("Tags", ()))),
        unique_id=answer.get("RoleId"),
        created=created.isoformat() if created else None,
        last_used=last_used.isoformat() if last_used else None,
        gaps=tuple(gaps),
    )


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

    return policies_of(names, document, arn, gaps)


def _attached(calls: Calls, arn: str, role: str, gaps: list[Gap]) -> tuple[Policy, ...]:
    def names() -> list[str]:
        attached = calls.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
        return [policy["PolicyArn"] for policy in attached]

    return policies_of(names, lambda name: managed(calls, name), arn, gaps)


def policies_of(
    names: Callable[[], list[str]],
    document: Callable[[str], Any],
    arn: str,
    gaps: list[Gap],
    what: str = "role policies",
) -> tuple[Policy, ...]:
    """The policies of these names, in order of their names. `what` their gaps are called."""
    try:
        known = sorted(names())
    except Refused as refused:
        gaps.append(Gap(what, refused.why, refused.call, arn))
        return ()
    policies = []
    for name in known:
        try:
            policies.append(parsed(document(name), name, Kind.IDENTITY, arn, gaps, what))
        except Refused as refused:
            if not refused.absent:  # Deleted since it was listed: it is no more.
                gaps.append(Gap(what, refused.why, refused.call, arn))
    return tuple(policy for policy in policies if policy)


def _boundary(calls: Calls, answer: Mapping[str, Any], arn: str, gaps: list[Gap]) -> Policy | None:
    boundary = answer.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if boundary is None:
        return None
    try:
        return parsed(managed(calls, boundary), "boundary", Kind.BOUNDARY, arn, gaps)
    except Refused as refused:
        gaps.append(Gap("boundary", refused.why, refused.call, arn))
        return None


def managed(calls: Calls, policy: str) -> Any:
    """The document of a managed policy's default version."""
    version = calls.ask("iam", "get_policy", PolicyArn=policy)["Policy"]["DefaultVersionId"]
    if (policy, version) in AWS_MANAGED:
        return AWS_MANAGED[policy, version]
    answer = calls.ask("iam", "get_policy_version", PolicyArn=policy, VersionId=version)
    document = answer["PolicyVersion"]["Document"]
    if policy.split(":")[4] == "aws":
        AWS_MANAGED[policy, version] = document
    return document


PARTS = {Kind.IDENTITY: "role policies", Kind.TRUST: "trust policy", Kind.BOUNDARY: "boundary"}


def parsed(document: Any, name: str, kind: Kind, arn: str, gaps: list[Gap], what: str | None = None) -> Policy | None:
    """The policy that a document of IAM says; one that cannot be read is a gap."""
    try:
        return parse(document, name=name, kind=kind)
    except PolicyError as error:
        gaps.append(Gap(what or PARTS[kind], str(error), None, arn))
        return None
