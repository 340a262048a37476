from rolecall.finding import Hit, Severity
from rolecall.fixes.functions import own_role, with_role
from rolecall.model import MISSING_ROLE, Account, Function
from rolecall.rules import Yields, rule

SECONDS = len("2026-01-31T12:00:00")


@rule(Severity.HIGH)
def missing_role(function: Function, account: Account) -> Yields:
    """The function's role does not exist, or was deleted and made again.

    Without its role no invocation starts. A role that was made again under its old name has a new unique
    id, and the grant by which Lambda decrypts the environment names the old one: high for a function
    with variables or a key, else info.

    Bad:
        function: {role: "arn:aws:iam::111122223333:role/gone"}
        gaps:
          - {what: missing role, why: the role does not exist, call: "iam:GetRole",
             subject: "arn:aws:iam::111122223333:role/gone"}

    Bad:
        function: {updated: "2026-01-01T00:00:00.000+0000"}
        role: {created: "2026-03-01T00:00:00+00:00"}
        configuration: {environment: [[TABLE, orders]]}

    Good:
        function: {updated: "2026-03-01T00:00:00.000+0000"}
        role: {created: "2026-01-01T00:00:00+00:00"}

    Misses: a role that was made again before the function's last update of another setting.
    """
    role = account.role_of(function)
    if role is None:
        gone = [gap for gap in account.gaps if gap.what == MISSING_ROLE and gap.subject == function.role]
        if gone:
            yield Hit(
                None,
                f"`{function.name}` has the role `{function.role}`, which does not exist",
                fix=own_role(function, account),
                subject="role",
                evidence={"why": gone[0].why},
            )
        return
    if not (role.created and function.updated) or role.created[:SECONDS] <= function.updated[:SECONDS]:
        return
    has_grant = bool(function.settings.environment or function.settings.key)
    yield Hit(
        None,
        f"`{role.name}` was made again after `{function.name}` got it: the function still names the old one",
        fix=_again(function, role.arn, has_grant=has_grant),
        subject="role",
        severity=Severity.HIGH if has_grant else Severity.INFO,
        evidence={"id": role.unique_id, "created": role.created, "updated": function.updated},
    )


def _again(function: Function, role: str, *, has_grant: bool) -> str:
    """The grant is made anew when the role changes: that takes another one in between."""
    if not has_grant:
        return with_role(function, role)
    wait = f"aws lambda wait function-updated-v2 --function-name {function.name}"
    steps = f"{with_role(function, 'OTHER_ROLE_ARN')} && {wait} && {with_role(function, role)}"
    return f"say in place of `OTHER_ROLE_ARN` any that Lambda may assume: {steps}"
