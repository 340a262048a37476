from collections.abc import Iterator

from rolecall.finding import Severity
from rolecall.model import Account, Function, Gap
from rolecall.needs import Need
from rolecall.needs.grant import grant
from rolecall.needs.lack import lacks
from rolecall.rules import Yields, rule


@rule(Severity.HIGH, silences=("denied-call",))
def unmountable_file_system(function: Function, account: Account) -> Yields:
    """A file system is mounted that the role may not mount.

    The function does not start. EFS asks for rights only where the file system has a policy of its own; that
    policy may give them as well.

    Bad:
        settings: {file_systems: ["arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-1"]}
        resources:
          - arn: "arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-1"
            facts: [[file-system, "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1"]]
            policy: &policy
              - {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"},
                 "Action": "elasticfilesystem:ClientMount", "Resource": "*"}
          - {arn: "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1", policy: *policy}

    Good:
        settings: {file_systems: ["arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-1"]}
        resources:
          - arn: "arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-1"
            facts: [[file-system, "arn:aws:elasticfilesystem:us-east-1:111122223333:file-system/fs-1"]]

    Misses: ClientWrite, since it is not known whether the code writes.
    """
    for each in lacks(function, account, _is_mount, by=lambda need: need.resource):
        system = each.need.resource.rpartition(":")[2]
        yield each.hit(
            f"`{each.role}` may not {each.quoted} on `{system}`, which the function mounts",
            subject=each.need.resource,
            setting="file system",
        )
    yield from _unread(function, account)


def _unread(function: Function, account: Account) -> Iterator[Gap]:
    """EFS file systems of which it is not known whether they have a policy, unless the role may mount them anyway."""
    held = grant(function, account)
    for point in function.settings.file_systems:
        if held is None or account.resource(point) or ":elasticfilesystem:" not in point:
            continue
        anywhere = point.replace(":access-point/", ":file-system/").rpartition("/")[0] + "/⟨?⟩"
        if not held.allows("elasticfilesystem:ClientMount", anywhere).allowed:
            why = f"not decided whether `{held.role.name}` may mount `{point}`: the file system's policy was not read"
            yield Gap("rule unmountable-file-system", why, None, function.id, mendable=False, place=function.place)


def _is_mount(need: Need) -> bool:
    return need.proof.kind == "config" and need.proof.where == "file system"
