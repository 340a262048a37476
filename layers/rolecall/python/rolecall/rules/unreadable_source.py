from rolecall.finding import Hit, Severity
from rolecall.iam.arn import resource_matches
from rolecall.iam.policy import Statement
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import matches
from rolecall.model import Account, Function, Gap, Role, Trigger
from rolecall.rules import Yields, rule, undecided
from rolecall.triggers import TRIGGERS, Poll

PAUSED = frozenset({"Disabled", "Disabling", "Creating", "Deleting"})


@rule(Severity.HIGH)
def unreadable_source(function: Function, account: Account) -> Yields:
    """An event source mapping cannot read its source.

    Lambda polls with the rights of the execution role. It checked them when the mapping was made; when the
    role loses them later, polling stops and the messages grow old. Medium where only shards go unnoticed.

    Bad:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:GetQueueAttributes"],
               "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"}

    Bad:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:111122223333:invoices"}

    Good:
        policies:
          Poll:
            - {"Effect": "Allow", "Action": ["sqs:receivemessage", "sqs:Get*", "sqs:DeleteMessage"],
               "Resource": "arn:aws:sqs:us-east-1:111122223333:ord*"}

    Good:
        policies: {}
        triggers:
          - {type: sqs, source: "arn:aws:sqs:us-east-1:111122223333:orders", state: Disabled}

    Misses: what a Deny or a permissions boundary takes away.
    """
    role = account.role_of(function)
    if role is None or role.unread("role policies"):
        return
    for trigger in function.triggers:
        row = TRIGGERS.get(trigger.type)
        if isinstance(row, Poll) and trigger.state not in PAUSED:
            yield from _judged(function, role, trigger, row)


def _judged(function: Function, role: Role, trigger: Trigger, row: Poll) -> Yields:
    missing = []
    for action in (*row.reads, *row.watches):
        statements = [each for policy in role.policies for each in policy.allows]
        allowing = [each for each in statements if _allows(each, action, trigger.source)]
        if not allowing and _is_open(statements, action, trigger.source):
            why = f"not decided whether `{role.name}` may `{action}` on `{trigger.source}`: not all names are known"
            yield Gap("rule unreadable-source", why, None, function.id, place=trigger.place)
        elif not allowing:
            missing.append(action)
        elif all(each.conditions for each in allowing):
            yield undecided(function, "unreadable-source", allowing[0])
    if missing:
        stops = bool(set(missing) & set(row.reads))
        quoted = ", ".join(f"`{action}`" for action in missing)
        yield Hit(
            None,
            f"`{role.name}` may not {quoted} on `{trigger.source.rpartition(':')[2]}`, which Lambda polls for it",
            fix=_statement(missing, trigger.source),
            subject=trigger.source,
            actions=tuple(missing),
            resources=(trigger.source,),
            severity=Severity.HIGH if stops else Severity.MEDIUM,
            evidence={"mapping": trigger.id, "source": trigger.source},
            place=trigger.place,
        )


def _allows(statement: Statement, action: str, resource: str) -> bool:
    """Does the statement let the action through on the resource, conditions apart?"""
    named = any(matches(pattern, action, ignore_case=True) for pattern in statement.actions or statement.not_actions)
    fits = any(resource_matches(pattern, resource) for pattern in statement.resources or statement.not_resources)
    return named != bool(statement.not_actions) and fits != bool(statement.not_resources)


def _is_open(statements: list[Statement], action: str, source: str) -> bool:
    """Is it open whether a statement means the source, since one of both is not known?"""
    named = [each for each in statements if any(matches(pattern, action, ignore_case=True) for pattern in each.actions)]
    return bool(named) and (
        is_unresolved(source) or any(is_unresolved(resource) for each in named for resource in each.resources)
    )


def _statement(actions: list[str], source: str) -> str:
    quoted = ", ".join(f'"{action}"' for action in actions)
    return f'{{"Effect": "Allow", "Action": [{quoted}], "Resource": "{source}"}}'
