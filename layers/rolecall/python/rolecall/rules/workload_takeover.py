from collections.abc import Iterator

from rolecall.escalation.held import Held, granted, over_workloads
from rolecall.escalation.mending import mended
from rolecall.escalation.paths import Kind, On, of_kind, unjudged
from rolecall.escalation.telling import Cause, causes, confidence, undecided
from rolecall.finding import Hit, Severity
from rolecall.model import Account, Function
from rolecall.needs.extent import is_account_wide
from rolecall.needs.grant import Grant
from rolecall.needs.of import of
from rolecall.rules import BROAD_GRANTS, Yields, named, rule

USES = ("Execute", "Invoke", "Send", "Start", "Submit")
"""Beginnings of the names of actions that use what is there, if with commands of one's own."""


@rule(Severity.HIGH, silences=("role-chaining", "self-rewrite", *BROAD_GRANTS))
def workload_takeover(function: Function, account: Account) -> Yields:
    """The execution role can take over another workload, and with it the rights of that.

    Who changes the code, the layers, the triggers or the policy of another function acts as its role; so does
    who runs commands on an instance or in a build. A function that holds no more than this one is nothing to
    gain; one that is not known counts as stronger. Of other services it is silent about what the code calls.

    Bad:
        {"Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Action": "lambda:UpdateFunctionConfiguration",
         "Resource": "arn:aws:lambda:us-east-1:111122223333:function:billing"}

    Bad:
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": "lambda:GetFunction", "Resource": "*"}

    Good:
        more policies:
          Deploy: [{"Effect": "Allow", "Action": "lambda:UpdateFunctionCode",
                    "Resource": "arn:aws:lambda:us-east-1:111122223333:function:billing"}]
        functions:
          - {id: billing, name: billing, arn: "arn:aws:lambda:us-east-1:111122223333:function:billing",
             role: "arn:aws:iam::111122223333:role/billing", triggers: [], settings: {tracing: false}}
        roles:
          - arn: "arn:aws:iam::111122223333:role/billing"
            policies:
              - {name: Logs, document: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
                 "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                 "Resource": "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/billing:*"}]}}
            trust: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
              "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}

    Misses: rights of what runs in other services are not read: they count as more. Who may write what code is
    deployed from changes nothing before the next deployment: `exposed-function` tells it.
    """
    yield from unjudged(of_kind(Kind.TAKE))
    own = granted(function, account)
    if own is None:
        return
    for cause in causes(_held(own)):
        if cause.of_policy and "FullAccess" in cause.statement.policy:
            continue  # `broad-managed-policy` says that it is too much.
        if cause.doubtful:
            yield undecided(function, cause.doubtful)
            continue
        is_sure = any(each.worst.gain.known or each.is_open for each in cause.targets)
        yield Hit(
            cause.statement,
            _message(function, cause),
            fix=mended(cause, own, _held),
            actions=cause.actions,
            confidence=confidence(own, known=is_sure),
            evidence=cause.evidence(),
            witness=cause.witness,
            of_policy=cause.of_policy,
            steps=cause.steps,
        )


def _held(own: Grant) -> Iterator[Held]:
    return (each for each in over_workloads(own) if not _is_meant(each, own.function, own.account))


def _is_meant(held: Held, function: Function, account: Account) -> bool:
    """Does the code call it, on something of another service that the statement names?

    Where the code is not known, to use such a thing is what a function is for; to change it is not.
    """
    if held.path.actions[0][1] is On.FUNCTION or (held.targets and is_account_wide(held.targets.pattern)):
        return False
    needs = of(function, account)
    called = {need.action.lower() for need in needs.needs}
    is_use = held.path.names[0].partition(":")[2].startswith(USES)
    return all(action.lower() in called or (is_use and not needs.knows(action)) for action in held.path.names)


def _message(function: Function, cause: Cause) -> str:
    path, first = cause.worst.path, cause.targets[0]
    others = f" and {cause.others} more" if cause.others else ""
    by = f"by {named(path.names)} it {path.gains}"
    if path.actions[0][1] is not On.FUNCTION:
        return f"`{function.name}` can become {first.worst.name}: {by}"
    if first.worst.role is None:
        return f"`{function.name}` can become the role of {first.worst.name}{others}: {by}"
    role = first.worst.role.name
    return f"`{function.name}` can become `{role}`, the role of function {first.worst.name}{others}: {by}"
