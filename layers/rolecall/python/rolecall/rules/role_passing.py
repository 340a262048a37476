from collections.abc import Iterator

from rolecall.escalation.held import Held, by_passing, granted, may_write
from rolecall.escalation.judge import pins_one_service
from rolecall.escalation.mending import mended
from rolecall.escalation.paths import Kind, of_kind, unjudged
from rolecall.escalation.targets import is_exact
from rolecall.escalation.telling import Cause, causes, confidence, undecided
from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.extent import is_account_wide
from rolecall.needs.grant import Grant
from rolecall.needs.of import of
from rolecall.rules import BROAD_GRANTS, Yields, named, rule

PASSING = "iam:passrole"


@rule(
    Severity.CRITICAL, silences=("negated-grant", "role-chaining", "self-rewrite", "workload-takeover", *BROAD_GRANTS)
)
def role_passing(function: Function, account: Account) -> Yields:
    """The execution role can pass a stronger role to something that it creates.

    What it creates runs as that role, with code of its own choice: so the function has the rights of every
    role that it may pass to a service that the role trusts. Critical where that may be an administrator,
    where any role may be passed, or where it may write the policies of what it passes; else high. A role that
    is not known counts as stronger. One that is named alone, for one service, and passed by a call that the
    code makes is what the function is for, unless it is an administrator; where the code is not known, so is
    one that a condition pins to one service.

    Bad:
        {"Effect": "Allow", "Resource": "*",
         "Action": ["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]}

    Bad:
        more policies:
          Pass: [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/jobs"}]
          Run: [{"Effect": "Allow", "Action": ["ecs:RunTask"], "Resource": "*"}]
        roles:
          - arn: "arn:aws:iam::111122223333:role/jobs"
            policies:
              - {name: All, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Good:
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}

    Good:
        more policies:
          Pass: [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
                  "Condition": {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}}]
          Run: [{"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"}]

    Good:
        more policies:
          Pass: [{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/jobs"}]
          Run: [{"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"}]
        roles:
          - arn: "arn:aws:iam::111122223333:role/jobs"
            policies: []
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Misses: services that are not in the table of paths (docs/escalation.md).
    """
    yield from unjudged(of_kind(Kind.PASS))
    own = granted(function, account)
    if own is None:
        return
    for cause in causes(_held(own)):
        if cause.doubtful:
            yield undecided(function, cause.doubtful)
            continue
        targets = cause.targets
        is_any = any(each.worst.gain.admin or _is_any(each.pattern) or may_write(own, each.pattern) for each in targets)
        is_sure = any(each.worst.gain.known for each in targets)
        yield Hit(
            cause.statement,
            _message(function, cause),
            fix=_fix(cause, own),
            actions=cause.actions,
            severity=Severity.CRITICAL if is_any else Severity.HIGH,
            confidence=confidence(own, known=is_sure or is_any),
            evidence=cause.evidence(),
            witness=cause.witness,
            of_policy=cause.of_policy,
            steps=cause.steps,
        )


def _is_any(pattern: str) -> bool:
    return pattern == "*" or is_account_wide(pattern)


def _held(own: Grant) -> Iterator[Held]:
    return (each for each in by_passing(own) if not _is_meant(each, own.function, own.account))


def _is_meant(held: Held, function: Function, account: Account) -> bool:
    """Is one role passed to one service, by a call that the code makes, or may make where it is not known?"""
    targets = held.targets
    if targets is None or not is_exact(targets.pattern) or targets.worst.gain.admin:
        return False
    needs = of(function, account)
    is_pinned = pins_one_service(held.statement, None)
    if is_pinned and not all(needs.knows(action) for action in held.path.names[1:]):
        return True  # It is as narrow as it can be, and the code may well do it.
    needed = {need.action.lower() for need in needs.needs}
    return pins_one_service(held.statement, targets.worst.role) and all(
        action.lower() in needed for action in held.path.names[1:]
    )


def _message(function: Function, cause: Cause) -> str:
    first, others = cause.targets[0], cause.others
    more = f" and {others} more" if others else ""
    created = named(cause.worst.path.names)
    return f"`{function.name}` can become {first.worst.name}{more}: by {created} it {cause.worst.path.gains}"


def _fix(cause: Cause, own: Grant) -> str:
    """With the service to which the code passes it where that is known, else that of the worst path."""
    needed = {need.action for need in of(own.function, own.account).needs}
    paths = [each.path for each in cause.held if needed.issuperset(each.path.names[1:])] or [cause.worst.path]
    pin = ("StringEquals", "iam:PassedToService", paths[0].service or "")
    return mended(cause, own, _held, of=(PASSING,), condition=pin, asks=True)
