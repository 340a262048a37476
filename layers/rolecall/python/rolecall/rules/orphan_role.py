from collections.abc import Iterator
from datetime import date, timedelta

from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam.policy import Policy
from rolecall.model import Account, Gap, Role
from rolecall.needs.excess import expanded
from rolecall.needs.harm import harm
from rolecall.needs.purpose import LOGS
from rolecall.rules import Yields, rule

UNUSED = timedelta(days=30)
OUTPUTS = "Outputs"
OWN = LOGS | {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
LAMBDA = frozenset({"lambda.amazonaws.com", "edgelambda.amazonaws.com"})


@rule(Severity.LOW, whole=True)
def orphan_role(account: Account) -> Yields:
    """An execution role is left over: no function uses it.

    Whoever may pass it to a function gets its rights, and nobody looks at it any more. Medium if it may
    write. Only roles that trust Lambda alone, and were last used over 30 days ago or never. In a template: those
    that nothing in it refers to, as information where an output hands them on.

    Bad:
        roles:
          - arn: "arn:aws:iam::111122223333:role/left"
            policies: []
            used_by: []
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Good:
        roles:
          - arn: "arn:aws:iam::111122223333:role/instances"
            policies: []
            used_by: []
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, "Action": "sts:AssumeRole"}]}

    Good:
        roles:
          - arn: "arn:aws:iam::111122223333:role/left"
            policies: []
            used_by: []
            last_used: "2026-01-31T12:00:00+00:00"
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Good:
        roles:
          - arn: "arn:aws:iam::111122223333:role/new"
            policies: []
            used_by: []
            created: "2026-01-31T12:00:00+00:00"
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Misses: functions of regions that were not read: confidence is never high, and where there are known to
    be some, it is not decided. What day it is the newest date in the account tells, so a role that was made
    or used last of all is never called left over. A role of a template that others know by its name alone.
    """
    today = max((day for day in _days(account)), default=None)
    for role in account.roles:
        if role.used_by or role.unread("trust policy") or not _is_lambdas(role.trust):
            continue
        if role.place and (not account.functions or set(role.mentions) - {OUTPUTS}):
            continue  # Made for other stacks, or for what is no function.
        since = role.last_used or role.created
        if since and not (today and today - _day(since) > UNUSED):
            continue
        if account.watch and account.watch.regions:
            yield _undecided(role, account.watch.regions)
            continue
        writes = _writes(role)
        severity = Severity.INFO if role.mentions else Severity.MEDIUM if writes else Severity.LOW
        since_when = f"last used {role.last_used[:10]}" if role.last_used else "never used as far as IAM knows"
        yield Hit(
            None,
            f"`{role.name}` is an execution role that no function uses"
            + ("" if role.place else f", {since_when}")
            + (": who imports it is not known" if role.mentions else ""),
            fix=_fix(role),
            subject="users",
            severity=severity,
            confidence=Confidence.MEDIUM,
            evidence={"last_used": role.last_used, "writes": writes[:10]},
            role=role.arn,
            place=role.place,
        )


def _undecided(role: Role, regions: tuple[str, ...]) -> Gap:
    why = f"not decided whether `{role.name}` is left over: functions in {', '.join(regions)} are not read"
    return Gap("rule orphan-role", why, None, role.arn, mendable=False)


def _days(account: Account) -> Iterator[date]:
    """Days that have come, as far as what was read tells."""
    times = [role.last_used for role in account.roles] + [role.created for role in account.roles]
    times += [function.updated for function in account.functions] + ([account.watch.day] if account.watch else [])
    return (_day(time) for time in times if time)


def _day(time: str) -> date:
    return date.fromisoformat(time[:10])


def _is_lambdas(trust: Policy | None) -> bool:
    """Is Lambda, and nobody else, trusted?"""
    allows = trust.allows if trust else ()
    principals = {principal.value for each in allows for principal in each.principals}
    return bool(principals) and principals <= LAMBDA and not any(each.not_principals for each in allows)


def _writes(role: Role) -> list[str]:
    """Actions that change anything, sorted, but for what every function writes: logs and traces."""
    entries = [(entry, each.resources) for policy in role.policies for each in policy.allows for entry in each.actions]
    every = {action for entry, on in entries for action in expanded(entry, on)} - OWN
    return sorted(action for action in every if harm(action).changes)


def _fix(role: Role) -> str:
    if role.place:
        return f"{role.place.file}:{role.place.line}: delete the role"
    managed = [policy.name for policy in role.policies if policy.name.startswith("arn:")]
    inline = [policy.name for policy in role.policies if not policy.name.startswith("arn:")]
    name = f"--role-name {role.name}"
    return " && ".join(
        [
            *(f"aws iam detach-role-policy {name} --policy-arn {arn}" for arn in managed),
            *(f"aws iam delete-role-policy {name} --policy-name {each}" for each in inline),
            f"aws iam delete-role {name}",
        ]
    )
