"""Circles: what waits for a permission in a template, which cannot refer to it then and needs its name."""

from rolecall.iam.arn import service_of_arn
from rolecall.model import Account, Function
from rolecall.needs.references import References
from rolecall.triggers import TRIGGERS, Push

NAMES = {"s3": "BucketName", "elasticloadbalancing": "Name"}
"""Service in an ARN -> the property that names its source, where a permission can say that name beforehand."""


def referred(source: str, account: Account) -> object:
    """A source as a template gives it; a bucket or target group by its name, since it waits for the permission.

    The name of a target group has an end that AWS gives to it. `NAME` stands for a name that it has yet to be given.
    """
    if not account.names:
        return source
    references = References.of([account], "", ())
    named = references.deployed.get(source, "")
    service = service_of_arn(source)
    if service not in NAMES:
        return references.value(source)
    if circle(source, account):
        rest = "s3:::NAME" if service == "s3" else f"{service}:${{AWS::Region}}:${{AWS::AccountId}}:targetgroup/NAME/*"
        return {"Fn::Sub": f"arn:${{AWS::Partition}}:{rest}"}
    if not named or _is_made_up(named):
        return references.value(source)
    return {"Fn::Sub": f"{named.removesuffix('/1')}/*" if ":targetgroup/" in source else named}


def circle(source: str, account: Account) -> str | None:
    """The logical id of a bucket, target group or Config rule that waits for its permission and has no name to say."""
    if not account.names:
        return None
    references = References.of([account], "", ())
    given = references.value(source)
    (named,) = given.values() if isinstance(given, dict) else (None,)
    logical_id = named[0] if isinstance(named, list) else named
    waits = any(each.id == logical_id for one in account.functions for each in one.triggers if each.source == source)
    return str(logical_id) if waits and _is_made_up(references.deployed.get(source, "*")) else None


def naming(source: str, account: Account) -> str:
    """What names a source that `referred` calls `NAME`; nothing for others."""
    logical_id = circle(source, account)
    return (
        f", and `{NAMES[service_of_arn(source)]}: NAME` to `{logical_id}`"
        if logical_id and service_of_arn(source) in NAMES
        else ""
    )


def waiting(function: Function, source: str, account: Account) -> str:
    """What else a new permission takes where the service tries it: that the source waits for it."""
    for trigger in function.triggers:
        row = TRIGGERS.get(trigger.type)
        if trigger.source == source and trigger.place and isinstance(row, Push) and row.tried:
            where = f"{trigger.place.file}:{trigger.place.line}"
            return f"{naming(source, account)}; let {where} wait for it by `DependsOn`"
    return ""


def _is_made_up(name: str) -> bool:
    return name.removesuffix("/1").endswith("*")
