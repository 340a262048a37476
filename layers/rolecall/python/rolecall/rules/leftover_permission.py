from rolecall.callers.delivery import sources
from rolecall.callers.existence import Existence, existence
from rolecall.callers.services import sender
from rolecall.callers.wiring import Row, State, astray, states
from rolecall.finding import Confidence, Hit, Severity
from rolecall.fixes import remove_permission
from rolecall.iam.arn import Arn
from rolecall.iam.policy import Statement
from rolecall.iam.wildcard import is_wild
from rolecall.model import Account, Function, Gap
from rolecall.rules import Yields, named, rule

# Lambda@Edge and function URLs are no triggers: other rules know what belongs to them.
APART = ("edgelambda.amazonaws.com", "replicator.lambda.amazonaws.com", "cloudfront.amazonaws.com")
# Alexa sends no source.
SOURCELESS = ("alexa-appkit.amazon.com", "alexa-connectedhome.amazon.com")
# The stage from which the console of API Gateway tests a method: CDK permits it beside the real ones.
TEST_STAGE = "/test-invoke-stage/"


@rule(Severity.MEDIUM, silences=("wide-source", "account-wide-source"))
def leftover_permission(function: Function, account: Account) -> Yields:
    """A permission whose trigger is gone, or points elsewhere.

    Nobody needs it, and whoever gets hold of its source invokes the function by it. High where that is
    anybody: the name of a bucket that was deleted is free for everyone.

    Bad:
        resource policy:
          - {Sid: Daily, Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "*",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
        resources: [{arn: "arn:aws:events:us-east-1:111122223333:rule/daily"}]

    Bad:
        resource policy:
          - {Sid: Inbox, Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "*", Condition: {ArnLike: {"aws:SourceArn": "arn:aws:s3:::inbox"},
                                        StringEquals: {"aws:SourceAccount": "111122223333"}}}
        resources: [{arn: "arn:aws:s3:::inbox", exists: false}]

    Good:
        resource policy:
          - {Sid: Daily, Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: "lambda:InvokeFunction",
             Resource: "*",
             Condition: {ArnLike: {"aws:SourceArn": "arn:aws:events:us-east-1:111122223333:rule/daily"}}}
        resources: [{arn: "arn:aws:events:us-east-1:111122223333:rule/daily"}]
        triggers: [{type: eventbridge, source: "arn:aws:events:us-east-1:111122223333:rule/daily", state: Disabled}]

    Misses: a permission without aws:SourceArn, of which nobody can say what it was for.
    """
    for statement, rows in _by_statement(function, account):
        left: list[tuple[Row, Existence]] = []
        for row in rows:
            found = existence(row.source or "", function, account)
            if found.exists is None:
                if found.unsure and not _is_told(row, function, account):
                    why = f"not decided whether a permission is left over: {found.unsure}"
                    yield Gap("trigger", why, None, function.id, found.mendable)
            else:
                left.append((row, found))
        if left:
            yield _hit(function, statement, left)


def _is_told(row: Row, function: Function, account: Account) -> bool:
    """Does another rule say what the permission was for: its source is of another service, or misses a trigger?"""
    arn, sent = Arn.parse(row.source or ""), sender(row.statements[0].services[0])
    if arn and sent and not is_wild(arn.service) and arn.service != sent.service:
        return True
    return any(each.state is State.TRIGGER_ONLY and each.type == row.type for each in states(function, account))


def _by_statement(function: Function, account: Account) -> list[tuple[Statement, list[Row]]]:
    found: dict[int, tuple[Statement, list[Row]]] = {}
    for row in states(function, account):
        if row.trigger or row.state is not State.PERMISSION_ONLY or row.source is None or TEST_STAGE in row.source:
            continue
        statement = row.statements[0]
        if row.type in APART or row.type in SOURCELESS:
            continue
        if astray(row, function, account):
            continue  # `refused-trigger` tells that of the function which it was meant for.
        found.setdefault(statement.index, (statement, []))[1].append(row)
    return list(found.values())


def _hit(function: Function, statement: Statement, left: list[tuple[Row, Existence]]) -> Hit:
    row = left[0][0]
    source = row.source or ""
    gone = [each.source or "" for each, existing in left if existing.exists is False]
    takeable = sorted(each for each in gone if ":s3:::" in each)
    role = next((trigger.role for _, trigger in row.elsewhere if trigger.role), None)
    served = next((other for other, trigger in row.elsewhere if not trigger.role), None)
    if takeable:
        said, severity = f"bucket `{takeable[0].rpartition(':')[2]}` does not exist, its name is free", Severity.HIGH
    elif role:
        said, severity = f"`{_short(source)}` invokes it as `{role.rpartition('/')[2]}` instead", Severity.LOW
    elif served:
        said, severity = f"`{_short(source)}` invokes `{served.qualified_arn.split(':', 6)[-1]}`", Severity.MEDIUM
    elif gone:
        said, severity = f"`{_short(gone[0])}` does not exist", Severity.MEDIUM
    else:
        said, severity = f"`{_short(source)}` does not invoke it", Severity.MEDIUM
    leaving = sorted(each.source or "" for each, _ in left)
    return Hit(
        statement,
        f"nothing needs the permission of `{statement.services[0]}`: {said}",
        fix=_fix(function, statement, leaving),
        principal=statement.services[0],
        severity=severity,
        confidence=Confidence.HIGH,
        evidence={
            "sources": leaving,
            "looked up": [f"{each.source}: {existing.told}" for each, existing in left],
            "takeover": bool(takeable),
        },
    )


def _fix(function: Function, statement: Statement, leaving: list[str]) -> str:
    """What takes these sources out, and the statement where it names no other one."""
    if set(sources(statement)) <= set(leaving):
        return remove_permission(function, statement)
    where = f"{statement.place.file}:{statement.place.line}" if statement.place else statement.where
    return f"{where}: take {named([_short(each) for each in leaving])} out of the condition on `aws:SourceArn`"


def _short(source: str) -> str:
    return source.split(":", 5)[-1]
