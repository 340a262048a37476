from rolecall.finding import Hit, Severity
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
                fix=_attach(function, "ROLE_ARN"),
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
        fix=_attach(function, role.arn),
        subject="role",
        severity=Severity.HIGH if has_grant else Severity.INFO,
        evidence={"id": role.unique_id, "created": role.created, "updated": function.updated},
    )


def _attach(function: Function, role: str) -> str:
    return f"aws lambda update-function-configuration --function-name {function.name} --role {role}"
