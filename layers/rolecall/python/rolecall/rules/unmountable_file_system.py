from rolecall.finding import Severity
from rolecall.model import Account, Function, Gap
from rolecall.needs import Need
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
    for each in lacks("unmountable-file-system", function, account, _is_mount, by=lambda need: need.resource):
        if isinstance(each, Gap):
            yield each
            continue
        system = each.need.resource.rpartition(":")[2]
        yield each.hit(
            f"`{each.role}` may not {each.quoted} on `{system}`, which the function mounts",
            subject=each.need.resource,
            setting="file system",
        )


def _is_mount(need: Need) -> bool:
    return need.proof.kind == "config" and need.proof.where == "file system"
