from collections.abc import Iterator

from rolecall.escalation.held import Held, by_assuming, granted
from rolecall.escalation.mending import mended
from rolecall.escalation.paths import Kind, of_kind, unjudged
from rolecall.escalation.targets import is_exact
from rolecall.escalation.telling import Cause, causes, confidence, undecided
from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.grant import Grant
from rolecall.needs.of import of
from rolecall.rules import BROAD_GRANTS, Yields, rule


@rule(Severity.HIGH, silences=BROAD_GRANTS)
def role_chaining(function: Function, account: Account) -> Yields:
    """The execution role may assume any role, or a stronger one that lets it in.

    The function then has the rights of every role that trusts the account, today's and tomorrow's. One role
    that is named, lets the function in and is assumed by its code is what it is for, unless it is an
    administrator.

    Bad:
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}

    Bad:
        more policies:
          Assume: [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/admin"}]
        roles:
          - arn: "arn:aws:iam::111122223333:role/admin"
            policies:
              - {name: All, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"AWS": "arn:aws:iam::111122223333:role/orders"}, "Action": "sts:AssumeRole"}]}

    Good:
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::444455556666:role/reader"}

    Good:
        more policies:
          Assume: [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/admin"}]
        roles:
          - arn: "arn:aws:iam::111122223333:role/admin"
            policies:
              - {name: All, document: {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"}, "Action": "sts:AssumeRole"}]}

    Misses: roles of other accounts, whose trust and rights are not read, where they are named.
    """
    yield from unjudged(of_kind(Kind.CHAIN))
    own = granted(function, account)
    if own is None:
        return
    for cause in causes(_held(own)):
        if cause.doubtful:
            yield undecided(function, cause.doubtful)
            continue
        yield Hit(
            cause.statement,
            _message(function, cause),
            fix=mended(cause, own, _held, asks=cause.targets[0].is_open),
            actions=cause.actions,
            confidence=confidence(own),
            evidence=cause.evidence(),
            witness=cause.witness,
            of_policy=cause.of_policy,
        )


def _held(own: Grant) -> Iterator[Held]:
    return (each for each in by_assuming(own) if not _is_meant(each, own.function, own.account))


def _is_meant(held: Held, function: Function, account: Account) -> bool:
    targets = held.targets
    if targets is None or targets.worst.gain.admin or not is_exact(targets.pattern):
        return False
    return any(
        need.action == "sts:AssumeRole" and need.resource == targets.pattern for need in of(function, account).needs
    )


def _message(function: Function, cause: Cause) -> str:
    first, others = cause.targets[0], cause.others
    more = f" and {others} more" if others else ""
    if first.is_open:
        known = f", such as {first.worst.name}{more}" if first.worst.role else ""
        return f"`{function.name}` may assume every role that lets it in{known}: `sts:AssumeRole` on `{first.pattern}`"
    return f"`{function.name}` can become {first.worst.name}{more} by `sts:AssumeRole`: that role is stronger"
