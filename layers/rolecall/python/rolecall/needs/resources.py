"""Resources: the ARNs that a call means, told by its parameters and by the shapes that the catalog has of ARNs."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from itertools import product, takewhile

from rolecall.iam import catalog
from rolecall.iam.arn import resource_matches
from rolecall.iam.catalog import Action, ResourceType
from rolecall.iam.statement import is_unresolved
from rolecall.iam.wildcard import matches
from rolecall.needs.extent import SUFFIX
from rolecall.needs.parameters import Given, steps
from rolecall.needs.placeholders import UNKNOWN, Value

VARIABLE = re.compile(r"\$\{(\w+)\}")
MARK = re.compile(r"⟨[^⟩]*⟩")

PARAMETERS: Mapping[tuple[str, str], tuple[str, ...]] = {
    # API Reference of each service: the parameter is not called like the variable in the ARN.
    ("dynamodb", "TableName"): ("TableName", "TableArn", "ResourceArn", "RequestItems"),
    ("events", "EventBusName"): ("EventBusName",),
    ("execute-api", "ApiId"): ("ApiId",),
    ("kms", "KeyId"): ("KeyId",),
    ("logs", "LogGroupName"): ("logGroupName", "logGroupNames", "logGroupIdentifier", "logGroupIdentifiers"),
    ("rds", "DbClusterInstanceName"): ("DBClusterIdentifier",),
    ("rds-data", "DbClusterInstanceName"): ("resourceArn",),
    ("secretsmanager", "SecretId"): ("SecretId", "SecretIdList", "Name"),
    ("scheduler", "GroupName"): ("GroupName",),
    ("scheduler", "ScheduleName"): ("Name",),
    ("sns", "TopicName"): ("TopicArn", "TargetArn"),
    ("sqs", "QueueName"): ("QueueUrl", "QueueName"),
    ("ssm", "ParameterNameWithoutLeadingSlash"): ("Names", "Name", "Path"),
    ("s3", "BucketName"): ("Bucket",),
}
"""(prefix, variable in the ARN) -> parameters that fill it, where their names do not tell."""

DEFAULTS: Mapping[tuple[str, str], str] = {
    # API Reference: what the service takes where the parameter is not given.
    ("athena", "WorkGroupName"): "primary",
    ("scheduler", "GroupName"): "default",
}

EVERYWHERE = frozenset({"cloudwatch:DescribeAlarms", "cloudwatch:PutMetricData"})
"""Actions that the catalog can narrow, but that these calls make on no resource: SAR, "dataset" of another API;
composite alarms are described on `*` only (API Reference, DescribeAlarms)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A resource of a call, and whether the event tells it; places of one `group` are alternatives."""

    arn: str
    inferred: bool = False
    group: str = ""


def places(action: str, given: Given, on: str = "") -> tuple[Place, ...]:
    """What the call does the action on, sorted; those of one group are alternatives. An unresolved part is `⟨…⟩`.

    Parameters
    ----------
    on : the parameter that tells the resource, where it is not the usual one
    """
    known = catalog.action(action)
    if known is None or not known.takes_resource or known.name in EVERYWHERE:
        return (Place("*"),)
    prefix = known.name.partition(":")[0]
    found = SPECIAL[prefix](known, given, on) if prefix in SPECIAL else _by_shape(known, given, on)
    return tuple(sorted(set(found), key=lambda each: (each.arn, each.inferred)))


def arn_of(given: Given, service: str, resource: str, *, region: str | None = None, owner: str | None = None) -> str:
    """An ARN in the function's region and account; `region` and `owner` are empty where it has none."""
    account = given.account
    return ":".join(
        (
            "arn",
            account.partition,
            service,
            region_of(given) if region is None else region,
            account.id if owner is None else owner,
            resource,
        )
    )


def region_of(given: Given) -> str:
    """The region that the client was made for, else the function's own."""
    named = given.all("region_name")
    return (named[0].text if len(named) == 1 else UNKNOWN) if named else given.account.region


def _by_shape(action: Action, given: Given, on: str) -> Iterator[Place]:
    """By the ARNs of the action's resource types: variables are filled from parameters of the same name."""
    prefix = action.name.partition(":")[0]
    ordered = sorted(action.resource_types, key=lambda kind: kind.name not in action.required)
    found: dict[str, list[Place]] = {}
    for kind in ordered:
        made = list(_of_type(kind, prefix, given, on))
        if made and (kind.name in action.required or VARIABLE.search(_bare(kind.arns[0]))):
            found[kind.name] = made
    whole = {name: made for name, made in found.items() if not any(is_unresolved(each.arn) for each in made)}
    for name, made in whole.items():
        yield from (replace(each, group=name) for each in made)
    # A type without anything to fill, such as the catalog of Glue, does not tell which thing is meant.
    varied = [kind for kind in ordered if VARIABLE.search(_bare(kind.arns[0]))]
    if varied and not any(kind.name in whole for kind in varied):
        # Nothing tells: the thing that the others are parts of, as a stream is of its consumers.
        plainest = min(varied, key=lambda kind: len(VARIABLE.findall(_bare(kind.arns[0]))))
        kind = next((each for each in varied if each.name in found), plainest)
        told = action.required or _stem(kind.name) in _stem(given.call.operation)
        made = found.get(kind.name) or [Place(_any_of([kind] if told else varied, given))]
        yield from (replace(each, group=kind.name) for each in made)


def _any_of(kinds: list[ResourceType], given: Given) -> str:
    """A resource of one of these types that nothing tells: what their ARNs begin with.

    Of a stream and its consumers that is a stream; of all that EC2 can tag, anything of the region.
    """
    arns = [_filled(each.arns[0], given, dict.fromkeys(VARIABLE.findall(each.arns[0]), UNKNOWN)) for each in kinds]
    columns = takewhile(lambda column: len(set(column)) == 1, zip(*arns, strict=False))
    common = "".join(column[0] for column in columns)
    return common if common in arns else f"{common[: max(common.rfind(end) for end in ':/') + 1]}{UNKNOWN}"


def _of_type(kind: ResourceType, prefix: str, given: Given, on: str) -> Iterator[Place]:
    shape = kind.arns[0]
    variables = VARIABLE.findall(_bare(shape))
    choices: list[tuple[Value, ...]] = []
    for variable in variables:
        values = given.all(*((on,) if on else names_of(prefix, variable, kind.name, given)))
        values = values or tuple(Value(text) for text in [DEFAULTS.get((prefix, variable))] if text)
        if not values:
            return
        choices.append(values)
    for chosen in product(*choices):
        inferred = any(value.inferred for value in chosen)
        texts = [value.text for value in chosen]
        if any(text.startswith("arn:") for text in texts):
            arns = [text for text in texts if any(resource_matches(each, text) for each in kind.patterns)]
            yield from (Place(arn, inferred) for arn in arns[:1])
        else:
            yield Place(
                _filled(shape, given, {name: _local(text) for name, text in zip(variables, texts, strict=True)}),
                inferred,
            )


def names_of(prefix: str, variable: str, kind: str, given: Given) -> tuple[str, ...]:
    """The parameters that may fill a variable of an ARN."""
    if (prefix, variable) in PARAMETERS:
        return PARAMETERS[prefix, variable]
    stems = (_stem(variable), _stem(kind))
    names = {steps(name)[-1] for name, _ in given.call.parameters}
    found = sorted((name for name in names if _stem(name) in stems), key=lambda name: stems.index(_stem(name)))
    # Of `DescribeThing` the `Name` is the thing's.
    bare = [name for name in ("name", "id", "arn") if given.call.operation.lower().endswith(stems)]
    return (*found, *bare)


def _stem(name: str) -> str:
    """What a name is about: `StreamARN`, `streamName` and `stream` are one.

    >>> _stem("StreamARN"), _stem("stateMachineArn"), _stem("task-definition")
    ('stream', 'statemachine', 'taskdefinition')
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return re.sub(r"(?<=.)(name|id|arn|identifier|url)s?$", "", plain)


def _local(text: str) -> str:
    """The name in a URL or a path: of `https://sqs…/111122223333/orders` and `/hostedzone/Z1` the last part."""
    return text.rstrip("/").rpartition("/")[2] if text.startswith(("https://", "http://", "/hostedzone/")) else text


def _bare(shape: str) -> str:
    """The shape without what the account fills."""
    return re.sub(r"\$\{(Partition|Region|Account)\}", "", shape)


def _filled(shape: str, given: Given, values: Mapping[str, str]) -> str:
    # A policy whose name is not known may be one of AWS's, which are in no account.
    anyone = ":policy/" in shape and shape.startswith("arn:${Partition}:iam:") and not given.all("PolicyName")
    owner = "*" if anyone and UNKNOWN in values.values() else given.account.id
    fixed = {"Partition": given.account.partition, "Region": region_of(given), "Account": owner}
    return VARIABLE.sub(lambda match: {**values, **fixed}.get(match[1], UNKNOWN), shape)


def _s3(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Buckets, and objects in them; a key is data: from the first part of it that is not known on it is `*`.

    What follows (`⟨?⟩.json`) would narrow it further, but nobody draws the line of an access there.
    """
    is_object = any(kind.name == "object" for kind in action.resource_types)
    for bucket, key in _objects(given, on):
        arn = bucket.text if bucket.text.startswith("arn:") else f"arn:{given.account.partition}:s3:::{bucket.text}"
        inferred = bucket.inferred or (is_object and (key.inferred or not key.is_known))
        if not is_object:
            yield Place(arn, inferred)
            continue
        known, opened, _ = MARK.sub("⟨", key.text.replace("${filename}", "⟨?⟩")).partition("⟨")
        name = f"{known}*" if opened else known
        yield Place(f"{arn}/{'object/' if ':accesspoint/' in arn else ''}{name.removeprefix('/')}", inferred)


def _objects(given: Given, on: str) -> Iterator[tuple[Value, Value]]:
    nothing = (Value(UNKNOWN),)
    if on and (given.has(f"{on}.Bucket") or not given.all(on)):
        yield from product(given.all(f"{on}.Bucket") or nothing, given.all(f"{on}.Key") or nothing)
    elif on:
        for value in given.all(on):
            bucket, _, key = value.text.removeprefix("/").partition("/")
            yield Value(bucket, value.inferred), Value(key or UNKNOWN, value.inferred)
    else:
        own = [name for name, _ in given.call.parameters if "copysource" not in steps(name)]
        buckets = [value for name in own if steps(name)[-1] == "bucket" for value in given.of(name)]
        keys = [value for name in own if steps(name)[-1] == "key" for value in given.of(name)]
        yield from product(buckets or nothing, keys or nothing)


def _sqs(action: Action, given: Given, on: str) -> Iterator[Place]:
    for value in given.all(on or "QueueUrl", "QueueName") or (Value(UNKNOWN),):
        parts = value.text.split("/")
        named = value.text.startswith("arn:")
        owner = parts[-2] if len(parts) > 3 and re.fullmatch(r"\d{12}", parts[-2]) else None
        region = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws", value.text)
        place = region[1] if region else None
        name = parts[-1] or UNKNOWN
        yield Place(value.text if named else arn_of(given, "sqs", name, owner=owner, region=place), value.inferred)


def _dynamodb(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Tables; Query and Scan of an index are judged on the index alone (Developer Guide, "Using IAM policies …")."""
    if any(kind.name == "stream" for kind in action.resource_types):
        yield from _by_shape(action, given, on)
        return
    tables = given.all(*((on,) if on else PARAMETERS["dynamodb", "TableName"])) or (Value(UNKNOWN),)
    is_indexed = any(kind.name == "index" for kind in action.resource_types)
    indexes: tuple[Value | None, ...] = given.all("IndexName") if is_indexed else ()
    for table, index in product(tables, indexes or (None,)):
        arn = table.text if table.text.startswith("arn:") else arn_of(given, "dynamodb", f"table/{table.text}")
        inferred = table.inferred or (index is not None and index.inferred)
        yield Place(f"{arn}/index/{index.text}" if index else arn, inferred)


def _secretsmanager(action: Action, given: Given, on: str) -> Iterator[Place]:
    """AWS appends six random characters to the name (Secrets Manager User Guide, "What's in a secret")."""
    for value in given.all(*((on,) if on else ("SecretId", "SecretIdList", "Name"))) or (Value(UNKNOWN),):
        text = value.text
        whole = text if text.startswith("arn:") else arn_of(given, "secretsmanager", f"secret:{text}")
        is_open = is_unresolved(text) and text.endswith("⟩")
        if not is_open and not (text.startswith("arn:") and re.search(r"-[A-Za-z0-9]{6}$", text)):
            whole = _known_secret(f"{whole}{SUFFIX}", given)
        yield Place(whole, value.inferred)


def _known_secret(pattern: str, given: Given) -> str:
    """The secret of that name, where it is one that was read or that the template makes; else the pattern."""
    found = [each.arn for each in given.account.resources if matches(pattern, each.arn)]
    return found[0] if len(found) == 1 else pattern


def _ssm(action: Action, given: Given, on: str) -> Iterator[Place]:
    if not any(kind.name == "parameter" for kind in action.resource_types):
        yield from _by_shape(action, given, on)
        return
    by_path = action.name == "ssm:GetParametersByPath"
    for value in given.all(*((on,) if on else ("Path",) if by_path else ("Names", "Name"))) or (Value(UNKNOWN),):
        if value.text.startswith("arn:"):
            yield Place(value.text, value.inferred)
            continue
        name = value.text.removeprefix("/")
        # A selector (`name:3`) is no part of the resource. A path is judged as the call has it (Systems Manager User
        # Guide, "How Parameter Store authorizes parameter retrieval"), not by the parameters under it.
        name = name if by_path or is_unresolved(name) else name.partition(":")[0]
        yield Place(arn_of(given, "ssm", f"parameter/{name}"), value.inferred)


def _kms(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Keys. A policy cannot name an alias as the resource of a key operation: its key must be known."""
    for value in given.all(*((on,) if on else ("KeyId",))) or (Value(UNKNOWN),):
        text = value.text
        if not text.startswith("arn:"):
            text = arn_of(given, "kms", text if text.startswith("alias/") else f"key/{text}")
        if ":alias/" in text:
            alias = given.account.resource(text)
            text = alias.key if alias and alias.key else arn_of(given, "kms", f"key/⟨{text.rpartition(':')[2]}⟩")
        yield Place(text, value.inferred)


def _lambda(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Functions by name, by part of an ARN or by ARN, each with a qualifier or not (Lambda API, "FunctionName")."""
    if not any(kind.name == "function" for kind in action.resource_types) or not given.has("FunctionName"):
        yield from _by_shape(action, given, on)
        return
    qualifiers: tuple[Value | None, ...] = given.all("Qualifier") or (None,)
    for value, qualifier in product(given.all("FunctionName"), qualifiers):
        text = value.text
        if not text.startswith("arn:"):
            owner, found, name = text.rpartition("function:")
            text = arn_of(given, "lambda", f"function:{name}", owner=owner.strip(":") or None if found else None)
        # A name that can be anything has any qualifier as well, or none.
        if qualifier and text.count(":") == 6 and not text.endswith(f":{UNKNOWN}"):
            text += f":{qualifier.text}"
        yield Place(text, value.inferred)


def _sns(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Topics; a text message to a phone number is on no topic (SNS Developer Guide, "Using identity-based …")."""
    if given.has("PhoneNumber"):
        yield Place("*")
        return
    for value in given.all(on or "TopicArn", "TargetArn", "ResourceArn", "Name") or (Value(UNKNOWN),):
        text = value.text
        yield Place(text if text.startswith("arn:") else arn_of(given, "sns", text), value.inferred)


def _events(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Buses: without a name the default one (EventBridge API, PutEvents)."""
    if any(kind.name.startswith("rule-") for kind in action.resource_types) and UNKNOWN in given.texts("EventBusName"):
        # A rule of the default bus has no bus in its ARN.
        yield Place(arn_of(given, "events", f"rule/{UNKNOWN}"))
        return
    if action.name != "events:PutEvents":
        yield from _by_shape(action, given, on)
        return
    # Entries that the analysis could not look into may name any bus.
    usual = Value(UNKNOWN if UNKNOWN in given.texts("Entries") else "default", inferred=True)
    for value in given.all("EventBusName") or (usual,):
        text = value.text
        yield Place(text if text.startswith("arn:") else arn_of(given, "events", f"event-bus/{text}"), value.inferred)


def _logs(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Log groups and their streams are authorised with what follows the group's name, if only `:*`."""
    if not any(kind.name in ("log-group", "log-stream") for kind in action.resource_types):
        yield from _by_shape(action, given, on)
        return
    for value in given.all(*PARAMETERS["logs", "LogGroupName"]) or (Value(UNKNOWN),):
        text = value.text if value.text.startswith("arn:") else arn_of(given, "logs", f"log-group:{value.text}")
        is_whole = text.endswith((":*", f":{UNKNOWN}"))
        yield Place(text if is_whole else f"{text}:*", value.inferred)


def _ecs(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Task definitions as `family` or `family:revision` (ECS API, RunTask)."""
    if not any(kind.name == "task-definition" for kind in action.resource_types):
        yield from _by_shape(action, given, on)
        return
    for value in given.all("taskDefinition") or (Value(UNKNOWN),):
        text = value.text
        named = text if ":" in text or is_unresolved(text) else f"{text}:*"
        yield Place(
            text if text.startswith("arn:") else arn_of(given, "ecs", f"task-definition/{named}"), value.inferred
        )


METHODS = {"DeleteConnection": "DELETE", "GetConnection": "GET", "PostToConnection": "POST"}
"""Operation on a connection -> its HTTP method (API Gateway Developer Guide, "@connections")."""


def _execute_api(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Connections of the WebSocket API that invokes the function (API Gateway Developer Guide, "@connections")."""
    sources = [each.source for each in given.function.triggers if each.type == "api" and not is_unresolved(each.source)]
    for source in sources or [arn_of(given, "execute-api", UNKNOWN)]:
        method = METHODS.get(given.call.operation, "*")
        yield Place(f"{':'.join(source.split('/')[0].split(':')[:6])}/*/{method}/@connections/*", inferred=True)


def _bedrock(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Foundation models by id, all else by ARN; a profile (`us.…`) fans out to models of several regions."""
    if not action.name.startswith("bedrock:Invoke") or not given.has("modelId"):
        yield from _by_shape(action, given, on)
        return
    for value in given.all("modelId"):
        text = value.text
        if text.startswith("arn:"):
            yield Place(text, value.inferred)
        elif re.match(r"(us|eu|apac|jp|au|ca|us-gov|global)\.", text):
            yield Place(arn_of(given, "bedrock", f"inference-profile/{text}"), value.inferred)
        else:
            yield Place(arn_of(given, "bedrock", f"foundation-model/{text}", owner=""), value.inferred)


def _ses(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Mail is judged on the sender's identity, which is the address or its domain (SES Developer Guide).

    IAM is asked for that which is verified, and the code does not tell which one is.
    """
    senders = [parseaddr(value.text)[1] for value in given.all("FromEmailAddress", "Source")]
    if given.has("SourceArn") or given.has("FromEmailAddressIdentityArn") or not all("@" in each for each in senders):
        senders = []
    for each in senders:
        for name in (each, each.rpartition("@")[2]):
            yield Place(arn_of(given, "ses", f"identity/{name}"), group="identity")
    if not senders:
        yield from _by_shape(action, given, on)


def _apigateway(action: Action, given: Given, on: str) -> Iterator[Place]:
    """The management API is authorised on paths (API Gateway Developer Guide, "Control access …"): those of APIs."""
    root, name = ("/apis", "ApiId") if given.call.service == "apigatewayv2" else ("/restapis", "restApiId")
    operation = given.call.operation
    paths = tuple(f"{root}/{value.text}" for value in given.all(name))
    if operation not in ("GetApi", "GetRestApi"):
        paths = tuple(f"{path}/{UNKNOWN}" for path in paths)
    if operation in ("GetApis", "GetRestApis"):
        paths = (root,)
    for path in paths or (f"/{UNKNOWN}",):
        yield Place(arn_of(given, "apigateway", path, owner=""))


def _organizations(action: Action, given: Given, on: str) -> Iterator[Place]:
    """Policies, accounts, units and roots belong to the management account (SAR), which nobody told."""
    kinds = [kind.name for kind in action.resource_types]
    resource = f"policy/{UNKNOWN}" if action.name.endswith("Policy") and "policy" in kinds else UNKNOWN
    yield Place(arn_of(given, "organizations", resource, region="", owner=UNKNOWN))


SPECIAL: Mapping[str, Callable[[Action, Given, str], Iterator[Place]]] = {
    "apigateway": _apigateway,
    "bedrock": _bedrock,
    "dynamodb": _dynamodb,
    "ecs": _ecs,
    "events": _events,
    "execute-api": _execute_api,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "organizations": _organizations,
    "s3": _s3,
    "secretsmanager": _secretsmanager,
    "ses": _ses,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}
"""Prefix -> how its calls name resources, where that takes more than a name."""
