from collections.abc import Iterator
from dataclasses import dataclass

from rolecall.finding import Hit, Severity
from rolecall.iam import catalog
from rolecall.iam.policy import Policy, Statement
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.needs.excess import expanded, is_aws_managed, is_open
from rolecall.needs.extent import fits
from rolecall.rules import Yields, named, rule

MOST = 10  # Entries for which the nearest names are sought.
BY_THE_BOOK = {"dynamodb:ListStreams": "/stream/"}
"""Action -> part of what AWS has it act on in vain: DynamoDB Developer Guide, "IAM policy to allow an AWS Lambda
function to access DynamoDB stream records"."""


@rule(Severity.MEDIUM)
def unknown_action(function: Function, account: Account) -> Yields:
    """A policy names an action or a condition key that does not exist, or an action on what it never acts on.

    AWS takes such a statement without a word, and it grants, or denies, nothing. Info in AWS's own
    policies and in what SAM adds. The catalog has a date: what is newer is not in it.

    Bad:
        {"Effect": "Allow", "Action": "sqs:RecieveMessage", "Resource": "arn:aws:sqs:us-east-1:111122223333:orders"}

    Bad:
        {"Effect": "Deny", "Action": "sqs:PurgeQueues", "Resource": "*"}

    Bad:
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "arn:aws:s3:::inbox"}

    Bad:
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:111122223333:orders",
         "Condition": {"StringEquals": {"sqs:Color": "red"}}}

    Good:
        {"Effect": "Allow", "Action": "sqs:Receive*", "Resource": "arn:aws:sqs:us-east-1:111122223333:orders",
         "Condition": {"StringEquals": {"aws:ResourceTag/team": "orders"}}}

    Good:
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}

    Good:
        {"Effect": "Allow", "Action": ["dynamodb:GetRecords", "dynamodb:ListStreams"],
         "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders/stream/*"}

    Misses: an action that exists and does something else than its author thinks, and one that AWS's own pages
    write in vain.
    """
    role = account.role_of(function)
    judged = tuple(_judged(role.policies)) if role else ()
    strange = tuple(each for each in judged if not each.is_own)
    # Nobody can mend what others wrote: one remark for the role is enough.
    for group in (*((each,) for each in judged if each.is_own), *([strange] if strange else [])):
        yield _hit(group)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A statement, and (entry or key, what is wrong with it)."""

    statement: Statement
    faults: tuple[tuple[str, str], ...]
    is_own: bool


def _judged(policies: tuple[Policy, ...]) -> Iterator[_Judged]:
    for policy in policies:
        for statement in policy.statements:
            is_own = not is_aws_managed(policy) and not (statement.place and statement.place.added_by)
            if faults := tuple(_faults(policy, statement)):
                yield _Judged(statement, faults, is_own)


def _hit(group: tuple[_Judged, ...]) -> Hit:
    """One hit for these statements, about the first of them."""
    first = group[0]
    faults = [fault for each in group for fault in each.faults]
    named_in = {entry for each in group for entry in (*each.statement.actions, *each.statement.not_actions)}
    strange = [entry for entry, _ in faults[:MOST] if entry in named_in and catalog.action(entry) is None]
    nearest = {entry: found for entry in strange if (found := catalog.nearest(entry))}
    whys = list(dict.fromkeys(why for _, why in faults))
    return Hit(
        first.statement,
        "; ".join(whys[:3]) + (f"; and {len(whys) - 3} more" if len(whys) > 3 else ""),
        fix=_fix(nearest, first) if first.is_own else "nothing to do: it was not you who wrote it",
        actions=tuple(dict.fromkeys(entry for entry, _ in faults)),
        severity=Severity.MEDIUM if first.is_own else Severity.INFO,
        evidence={
            "catalog": catalog.date(),
            "nearest": {entry: list(found) for entry, found in nearest.items()},
            **({"policies": list(dict.fromkeys(each.statement.policy for each in group))} if len(group) > 1 else {}),
        },
    )


def _faults(policy: Policy, statement: Statement) -> Iterator[tuple[str, str]]:
    """(entry or key, what is wrong with it)."""
    entries = tuple(dict.fromkeys((*statement.actions, *statement.not_actions)))
    for entry in entries:
        if is_open(entry) or expanded(entry, ("*",)) not in ((), (entry,)):
            continue
        if catalog.action(entry) is None:
            yield entry, f"`{entry}` is no action that AWS has"
    if statement.actions and statement.resources and not is_aws_managed(policy):
        for entry in entries:
            known = None if is_wild(entry) else catalog.action(entry)
            if known and not any(
                fits(known.name, resource) or _is_by_the_book(known.name, resource) for resource in statement.resources
            ):
                yield entry, f"`{entry}` never acts on {named(statement.resources, most=1)}"
    yield from _unknown_keys(statement)


def _is_by_the_book(action: str, resource: str) -> bool:
    """Does a page of AWS have the action on such a resource? Then nobody meant anything else by it."""
    return action in BY_THE_BOOK and BY_THE_BOOK[action] in resource


def _unknown_keys(statement: Statement) -> Iterator[tuple[str, str]]:
    """Keys that no request for any of the actions carries. With `*`, or NotAction, there is always one."""
    if not statement.conditions or not statement.actions:
        return
    if any(map(is_open, statement.actions)):
        return
    actions = [action for entry in statement.actions for action in expanded(entry, ("*",)) if catalog.action(action)]
    for key in dict.fromkeys(condition.key for condition in statement.conditions):
        if actions and not any(catalog.knows_key(key, action) for action in actions):
            yield key, f"no request for {named(statement.actions, most=1)} has the key `{key}`"


def _fix(nearest: dict[str, tuple[str, ...]], judged: _Judged) -> str:
    written = [f"`{found[0]}` in place of `{entry}`" for entry, found in nearest.items()]
    if written:
        return f"write {', '.join(written)}"
    place = judged.statement.place
    at = f"{place.file}:{place.line}: " if place else ""
    keys = {each.key for each in judged.statement.conditions}
    wrong = list(dict.fromkeys(entry for entry, _ in judged.faults if entry in keys))
    if wrong:  # Without its condition a statement is another one.
        return f"{at}write the key that was meant in place of {named(wrong)}"
    return f"{at}take {named(list(dict.fromkeys(entry for entry, _ in judged.faults)))} out, or write what was meant"
