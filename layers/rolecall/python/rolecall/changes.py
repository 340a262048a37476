"""Changes: what a CloudTrail event says happened, and which functions, roles or policies it names."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Lambda's event names carry API dates, inconsistently: AddPermission20150331v2, PutFunctionEventInvokeConfig.
DATE = re.compile(r"\d{8}(v\d+)?$")
# The name in a name, partial ARN or ARN, with a qualifier or without: the patterns of Lambda's API model, in one.
NAME = re.compile(r"(?:(?:(?:arn:[\w-]+:lambda:[\w-]+:)?\d{12}:)?(?:function|layer):)?([\w-]+)(?::[^:]+)?")
# The call that failed because it would have made the policy public changed nothing, but somebody tried.
TELLING_ERRORS = frozenset({"PublicPolicyException"})

# What an event names, and where in the record: (kind, path).
FUNCTION = (("functions", "requestParameters.functionName"),)
MADE_FUNCTION = (("functions", "responseElements.functionArn"), ("functions", "requestParameters.functionName"))
RESOURCE = (("functions", "requestParameters.resourceArn"),)
TAGGED = (("functions", "requestParameters.resource"),)
LAYER = (("layers", "requestParameters.layerName"),)
ROLE = (("roles", "requestParameters.roleName"),)
POLICY = (("policies", "requestParameters.policyArn"),)

ROWS: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("lambda", "AddPermission"): FUNCTION,
    ("lambda", "RemovePermission"): FUNCTION,
    ("lambda", "PutResourcePolicy"): RESOURCE,
    ("lambda", "DeleteResourcePolicy"): RESOURCE,
    ("lambda", "PutPublicAccessBlockConfig"): RESOURCE,
    ("lambda", "DisablePublicAccessBlockConfig"): RESOURCE,
    ("lambda", "CreateFunction"): MADE_FUNCTION,
    ("lambda", "DeleteFunction"): FUNCTION,
    ("lambda", "UpdateFunctionCode"): FUNCTION,
    ("lambda", "UpdateFunctionConfiguration"): FUNCTION,
    ("lambda", "PublishVersion"): MADE_FUNCTION,
    ("lambda", "CreateAlias"): FUNCTION,
    ("lambda", "UpdateAlias"): FUNCTION,
    ("lambda", "DeleteAlias"): FUNCTION,
    ("lambda", "CreateEventSourceMapping"): MADE_FUNCTION,
    ("lambda", "UpdateEventSourceMapping"): MADE_FUNCTION,
    ("lambda", "DeleteEventSourceMapping"): MADE_FUNCTION,
    ("lambda", "CreateFunctionUrlConfig"): FUNCTION,
    ("lambda", "UpdateFunctionUrlConfig"): FUNCTION,
    ("lambda", "DeleteFunctionUrlConfig"): FUNCTION,
    ("lambda", "PutFunctionEventInvokeConfig"): FUNCTION,
    ("lambda", "UpdateFunctionEventInvokeConfig"): FUNCTION,
    ("lambda", "DeleteFunctionEventInvokeConfig"): FUNCTION,
    ("lambda", "PutFunctionCodeSigningConfig"): FUNCTION,
    ("lambda", "DeleteFunctionCodeSigningConfig"): FUNCTION,
    ("lambda", "PutFunctionRecursionConfig"): FUNCTION,
    ("lambda", "AddLayerVersionPermission"): LAYER,
    ("lambda", "RemoveLayerVersionPermission"): LAYER,
    ("lambda", "DeleteLayerVersion"): LAYER,
    ("lambda", "TagResource"): TAGGED,
    ("lambda", "UntagResource"): TAGGED,
    ("iam", "CreateRole"): ROLE,
    ("iam", "DeleteRole"): ROLE,
    ("iam", "UpdateAssumeRolePolicy"): ROLE,
    ("iam", "PutRolePolicy"): ROLE,
    ("iam", "DeleteRolePolicy"): ROLE,
    ("iam", "AttachRolePolicy"): ROLE,
    ("iam", "DetachRolePolicy"): ROLE,
    ("iam", "PutRolePermissionsBoundary"): ROLE,
    ("iam", "DeleteRolePermissionsBoundary"): ROLE,
    ("iam", "TagRole"): ROLE,
    ("iam", "UntagRole"): ROLE,
    ("iam", "CreatePolicyVersion"): POLICY,
    ("iam", "SetDefaultPolicyVersion"): POLICY,
    ("iam", "DeletePolicyVersion"): POLICY,
}
"""Event source and name without its date -> what it names. AWS Lambda Developer Guide, "Logging Lambda API calls
using CloudTrail"; IAM User Guide, "Logging IAM and AWS STS API calls with AWS CloudTrail"."""


@dataclass(frozen=True, slots=True)
class Change:
    """A call that may have changed what functions may do, or who may invoke them.

    `functions`, `roles` and `layers` are names, `policies` ARNs. `everything` is true when the record does
    not say what was touched: CloudTrail leaves parameters out when they are too large.
    """

    event_id: str
    event_name: str
    time: str
    actor: str
    account: str
    region: str
    functions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that asks for no audit, and why."""

    reason: str
    event_id: str | None = None
    event_name: str | None = None


def parse(event: object) -> Change | Skipped:
    """What an event of EventBridge (its decoded JSON) says. Never raises.

    >>> parse({"detail-type": "Scheduled Event"})
    Skipped(reason='no CloudTrail record', event_id=None, event_name=None)
    """
    record = event.get("detail") if isinstance(event, dict) else None
    if not isinstance(record, dict) or not isinstance(record.get("eventName"), str):
        return Skipped("no CloudTrail record")
    name, event_id = record["eventName"], _text(record, "eventID")
    if reason := _irrelevant(record):
        return Skipped(reason, event_id, name)
    row = ROWS.get((_text(record, "eventSource").partition(".")[0], DATE.sub("", name)))
    if row is None:
        return Skipped("changes nothing that is audited", event_id, name)
    named = [(kind, _plain(kind, value)) for kind, path in row for value in _at(record, path) if isinstance(value, str)]
    found = {kind: tuple(dict.fromkeys(v for k, v in named if k == kind and v)) for kind, _ in named}
    if named and not any(found.values()):
        return Skipped("names nothing that is audited", event_id, name)
    return Change(
        event_id=event_id,
        event_name=name,
        time=_text(record, "eventTime"),
        actor=_actor(record.get("userIdentity")),
        account=_text(record, "recipientAccountId") or _text(event, "account"),
        region=_text(record, "awsRegion"),
        everything=not found,
        **found,
    )


def _irrelevant(record: Mapping[str, Any]) -> str | None:
    """Why the record changed nothing, or None."""
    if record.get("readOnly") is True:
        return "a call that only reads"
    error = record.get("errorCode")
    if error and str(error) not in TELLING_ERRORS:
        return f"the call failed: {str(error)[:100]}"
    if any(str(value).lower() == "true" for value in _at(record, "requestParameters.dryRun")):
        return "a dry run"
    return None


def _at(record: Mapping[str, Any], path: str) -> Iterator[Any]:
    """The value at a dotted path, if there is one."""
    value: Any = record
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, str | bool) and value != "":
        yield value


def _plain(kind: str, text: str) -> str:
    """The name in it; of functions and layers without ARN and qualifier, empty for an ARN of something else.

    >>> _plain("functions", "arn:aws:lambda:us-east-1:111122223333:function:my-function:live")
    'my-function'
    >>> _plain("functions", "arn:aws:lambda:us-east-1:111122223333:event-source-mapping:2b3f6c1e")
    ''
    """
    if kind not in ("functions", "layers"):
        return text
    match = NAME.fullmatch(text)
    return match[1] if match else ""


def _actor(identity: object) -> str:
    """Who called: an ARN where there is one, else the service or kind of identity."""
    if not isinstance(identity, dict):
        return "unknown"
    names = (identity.get(key) for key in ("arn", "invokedBy", "principalId", "type"))
    return next((name for name in names if isinstance(name, str) and name), "unknown")


def _text(record: object, key: str) -> str:
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""


def named(change: Change) -> frozenset[str]:
    return frozenset(f"role/{role}" for role in change.roles)


def thing(arn: str) -> str:
    return arn
