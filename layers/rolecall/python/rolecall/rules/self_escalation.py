from collections.abc import Iterator

from rolecall.escalation.held import Held, granted, on_itself
from rolecall.escalation.mending import mended
from rolecall.escalation.paths import Kind, On, of_kind, unjudged
from rolecall.escalation.telling import Cause, causes, confidence, undecided
from rolecall.finding import Hit, Severity
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.needs.grant import Grant
from rolecall.needs.of import of
from rolecall.rules import BROAD_GRANTS, Yields, named, rule


@rule(
    Severity.CRITICAL,
    silences=("negated-grant", "role-chaining", "role-passing", "self-rewrite", "workload-takeover", *BROAD_GRANTS),
)
def self_escalation(function: Function, account: Account) -> Yields:
    """The execution role can raise its own rights.

    Whoever gets code into the function, or data that its code trusts, gives it whatever rights he likes.
    All policies of the role are judged together, with their conditions, Deny, boundary and SCPs. A role
    that is an administrator has nothing to gain: `admin-role` tells it.

    Bad:
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/orders"}

    Bad:
        more policies:
          arn:aws:iam::111122223333:policy/orders:
            - {"Effect": "Allow", "Action": "iam:CreatePolicyVersion",
               "Resource": "arn:aws:iam::111122223333:policy/orders"}

    Bad:
        more policies:
          Attach: [{"Effect": "Allow", "Action": "iam:AttachRolePolicy",
                    "Resource": "arn:aws:iam::111122223333:role/jobs-*"}]
          Assume: [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/jobs-*"}]

    Good:
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/jobs-*"}

    Good:
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::111122223333:role/orders",
         "Condition": {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::111122223333:policy/edge"}}}

    Good:
        more policies:
          Write: [{"Effect": "Allow", "Action": "iam:PutRolePolicy",
                   "Resource": "arn:aws:iam::111122223333:role/orders"}]
          Never: [{"Effect": "Deny", "Action": "iam:Put*", "Resource": "*"}]

    Good:
        calls: [{service: iam, operation: CreateAccessKey, parameters: {UserName: mailer}}]
        more policies:
          Rotate: [{"Effect": "Allow", "Action": "iam:CreateAccessKey",
                    "Resource": "arn:aws:iam::111122223333:user/mailer"}]

    Misses: rights of a service that can write policies for it, such as a pipeline that deploys this role.
    """
    yield from unjudged(of_kind(Kind.SELF))
    own = granted(function, account)
    if own is None:
        return
    for cause in causes(_held(own)):
        if cause.doubtful:
            yield undecided(function, cause.doubtful)
            continue
        yield Hit(
            cause.statement,
            f"{_become(function, cause)}: by {named(cause.worst.path.names)} it {cause.worst.path.gains}",
            fix=mended(cause, own, _held),
            actions=cause.actions,
            confidence=confidence(own),
            evidence=cause.evidence(),
            witness=cause.witness,
            of_policy=cause.of_policy,
            steps=cause.steps,
        )


def _held(own: Grant) -> Iterator[Held]:
    return (each for each in on_itself(own) if not _is_meant(each, own.function, own.account))


def _is_meant(held: Held, function: Function, account: Account) -> bool:
    """Does the code change the keys of one user that is named, as a rotation does, or may it, as far as is known?"""
    if held.path.actions[0][1] is not On.USER or is_wild(held.proofs[0].pattern):
        return False
    (action,) = held.path.names
    needs = of(function, account)
    return not needs.knows(action) or any(need.action == action for need in needs.needs)


def _become(function: Function, cause: Cause) -> str:
    targets = cause.worst.targets
    if targets is None:
        return f"`{function.name}` can raise its own rights"
    return f"`{function.name}` can become {targets.worst.name}"
