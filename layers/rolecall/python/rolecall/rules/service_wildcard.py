from rolecall.finding import Confidence, Hit, Severity
from rolecall.iam import catalog
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function
from rolecall.needs.excess import Comparison, Excess, Right, expanded, is_open, unneeded_of, written
from rolecall.needs.harm import harm
from rolecall.needs.last_accessed import with_use
from rolecall.needs.reduced import reduced
from rolecall.rules import Yields, named, rule

SHOWN = 5  # patterns in the message; all of them are in the finding


@rule(
    Severity.HIGH,
    silences=(
        "bulk-read",
        "leftover-config-grant",
        "leftover-poller-grant",
        "trigger-loop",
        "unneeded-grant",
        "wide-resource",
    ),
)
def service_wildcard(function: Function, account: Account) -> Yields:
    """A whole service, or all actions that begin with a verb, are granted where few are needed.

    A wildcard in an action grants what nobody read, and what AWS adds to the service next month. It is
    medium where nothing but read and list actions are unneeded; these are told only where all that the
    code calls of the service is known.

    Bad:
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::inbox/*"}

    Bad:
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Put*"], "Resource": "*"}

    Bad:
        calls:
          - {service: dynamodb, operation: GetItem, parameters: {TableName: orders}}
        more policies:
          Read: [{"Effect": "Allow", "Action": "dynamodb:Get*",
                  "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}]

    Good:
        calls:
          - {service: dynamodb, operation: PutItem, parameters: {TableName: orders}}
        more policies:
          Write: [{"Effect": "Allow", "Action": "dynamodb:PutI*",
                   "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders"}]

    Good:
        {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": "*"}

    Good:
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}

    Misses: an action list that names all actions one by one.
    """
    for comparison, excess in written(function, account):
        if any(map(is_wild, excess.statement.actions)):
            yield from _judge(comparison, excess)


def _judge(comparison: Comparison, excess: Excess) -> Yields:
    unneeded = [right for right in excess.rights if is_wild(right.entry) and right.is_unneeded]
    told = tuple(right for right in unneeded if right.known or harm(right.action).changes)
    confirmed = comparison.confirmed(excess, told)
    if not confirmed:
        return
    worst = confirmed[0]
    entries = tuple(entry for entry in excess.statement.actions if any(r.entry == entry for r in told))
    granted = _granted(entries)
    changes = harm(worst.right.action).changes
    is_known = all(right.known for right in told)
    made = reduced(comparison, excess)
    quoted = ", ".join(f"`{entry}`" for entry in entries[:SHOWN]) + (" …" if len(entries) > SHOWN else "")
    shown = f", `{worst.right.action}` among them" if changes else ", all that is unneeded of them read or list"
    hit = Hit(
        excess.statement,
        f"{quoted} {'grants' if len(entries) == 1 else 'grant'} {granted} actions{shown}",
        fix=made.fix if is_known else made.asking,
        actions=entries,
        severity=Severity.HIGH if changes else Severity.MEDIUM,
        confidence=Confidence.HIGH if is_known and comparison.is_certain else Confidence.MEDIUM,
        evidence={
            "granted": granted,
            "needed": _needed(excess, entries),
            "unneeded": unneeded_of(tuple(each.right for each in confirmed)),
            "worst": named([each.right.action for each in confirmed], most=SHOWN),
            **({"diff": made.diff} if is_known else {}),
        },
        witness=worst.witness,
    )
    yield with_use(hit, comparison, tuple(each.right for each in confirmed))


def _granted(entries: tuple[str, ...]) -> int:
    """How many actions they stand for; of an entry that leaves the service open, all there are."""
    if any(map(is_open, entries)):
        return catalog.size()
    return len({action for entry in entries for action in expanded(entry, ("*",))})


def _needed(excess: Excess, entries: tuple[str, ...]) -> list[str]:
    found: list[Right] = [right for right in excess.rights if right.entry in entries and right.needs]
    return sorted(right.action for right in found)
