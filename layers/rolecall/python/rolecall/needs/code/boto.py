"""boto3: what clients, resources, collections, paginators, waiters and sessions do.

Longer than most: each kind of thing is a few lines, and all of them hand on to each other.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from rolecall.needs.code import answers, boxes, calling, sdk
from rolecall.needs.code.machine import Machine, Site
from rolecall.needs.code.parameters import flatten
from rolecall.needs.code.transfers import BUCKET, CLIENT, OBJECT, PARAMETERS, Transfer
from rolecall.needs.code.values import (
    NOTHING,
    UNKNOWN,
    UNKNOWN_TEXT,
    Arguments,
    Atom,
    Batch,
    Box,
    Client,
    Collection,
    Foreign,
    Made,
    Method,
    Plain,
    Repeater,
    Resource,
    Session,
    Text,
    Value,
    join,
    of_texts,
    one,
    texts,
)  # fmt: skip

CREDENTIALS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
# What Lambda puts in the environment are the credentials of the role: Lambda Developer Guide, "Defined runtime
# environment variables".
ROLE_CREDENTIALS = frozenset(
    {"⟨env:AWS_ACCESS_KEY_ID⟩", "⟨env:AWS_SECRET_ACCESS_KEY⟩", "⟨env:AWS_SESSION_TOKEN⟩", "⟨env:AWS_SECURITY_TOKEN⟩"}
)
# Methods of every client that call nothing: boto3, "Low-level clients".
SILENT = frozenset({"can_paginate", "close", "exceptions", "meta", "waiter_names", "__enter__", "__exit__"})
# Methods of every resource that call nothing: boto3, "Resources".
TELLING = frozenset({"get_available_subresources", "meta"})
TOKENS = {
    ("rds", "generate_db_auth_token"): ("rds-db", "connect"),
    ("dsql", "generate_db_connect_auth_token"): ("dsql", "DbConnect"),
    ("dsql", "generate_db_connect_admin_auth_token"): ("dsql", "DbConnectAdmin"),
}
# As in `InstanceIds[0]`, `Delete.Objects[].Key`.
INDEX = re.compile(r"\[[^]]*\]")
TOKEN_PARAMETERS = ("DBHostname", "Port", "DBUsername", "Region")


# Clients and sessions


def foreign(given: Arguments, first: int) -> bool | None:
    """Are the credentials somebody else's? None where they may be. `first` is the position of the access key."""
    atoms = join(*(given.at(first + index, name) for index, name in enumerate(CREDENTIALS)))
    theirs = {not (atom == Plain(None) or (isinstance(atom, Text) and atom.text in ROLE_CREDENTIALS)) for atom in atoms}
    if not theirs or theirs == {False}:
        return False
    own = atoms and any(atom == Plain(None) for atom in atoms)
    return None if own else True


def make_session(given: Arguments) -> Value:
    return one(Session(foreign(given, 0) is True, texts(given.at(3, "region_name"))))


def make_client(machine: Machine, given: Arguments, site: Site, *, kind: str, of: Session | None = None) -> Value:
    """`client("sqs")` or `resource("sqs")`, by what the first argument can be."""
    theirs = True if of is not None and of.foreign else foreign(given, 6)
    if theirs:
        return one(Foreign())
    region = texts(given.at(1, "region_name")) or (of.region if of else ())
    found: list[Value] = []
    for name in texts(given.at(0, "service_name")) or (UNKNOWN_TEXT,):
        if "⟨" in name:
            machine.wonder(site, f"makes a {kind} of a service that is not known")
        elif kind == "resource":
            found.append(one(Resource(name, region=region)))
        else:
            found.append(one(Client(name, certain=theirs is False, region=region)))
    return join(*found) or one(Client(None))


# Attributes


def attribute(machine: Machine, atom: Client | Resource | Session, name: str, site: Site) -> Value:
    """`client.get_item`, `resource.meta`, `table.name` …"""
    match atom:
        case Client():
            return UNKNOWN if name in ("exceptions", "meta") else one(Method(atom, name))
        case Resource():
            return _of_resource(machine, atom, name, site)
    if isinstance(atom, Session) and name == "region_name":
        return of_texts(atom.region or ("⟨env:AWS_REGION⟩",))
    return one(Method(atom, name))


def _of_resource(machine: Machine, resource: Resource, name: str, site: Site) -> Value:
    known = dict(resource.identifiers)
    if name in known:
        return join(*(one(Text(text)) for text in known[name]))
    if (resource.service, name) == ("dynamodb", "table_name") and known:
        return join(*(one(Text(text)) for text in known["name"]))
    facts = _type(resource)
    if facts is None or name in TELLING or name in facts.actions or name in facts.waiters or name in CUSTOM:
        return one(Method(resource, name))
    if name in facts.collections:
        return one(Collection(resource, name))
    if name in facts.subs:
        if name[0].isupper():
            return one(Method(resource, name))
        return one(_given(resource, facts.subs[name], Arguments()))
    if resource.type and "load" in facts.actions and not resource.loaded and not name.startswith("_"):
        # A property that the answer of a call tells: boto3, "Resources", "Attributes".
        _act(machine, resource, facts.actions["load"], Arguments(), site)
    # What has a type has properties, which no table names: only `boto3.resource("sqs")` itself has methods alone.
    return UNKNOWN if resource.type else one(Method(resource, name))


def _type(resource: Resource) -> sdk.ResourceType | None:
    facts = sdk.service(resource.service)
    return facts.resources.get(resource.type) if facts else None


# Methods


def method(machine: Machine, receiver: Atom, name: str, given: Arguments, site: Site) -> Value:
    """Call a method of a thing of the SDK."""
    match receiver:
        case Client():
            return _of_client(machine, receiver, name, _there(given, receiver.region), site)
        case Resource():
            return _call_resource(machine, receiver, name, _there(given, receiver.region), site)
        case Collection():
            return _of_collection(machine, receiver, name, _there(given, receiver.parent.region), site)
        case Batch(table):
            if name in ("put_item", "delete_item"):
                known = dict(table.identifiers).get("name", (UNKNOWN_TEXT,))
                place = flatten(machine, _there(Arguments(), table.region))
                machine.call("dynamodb", "BatchWriteItem", site, {"RequestItems": set(known), **place})
            return NOTHING
        case Repeater(service, operation, repeats, certain, region):
            if name == repeats:
                machine.call(service, operation, site, flatten(machine, _there(given, region)), certain=certain)
            return UNKNOWN
        case Session():
            return _of_session(machine, receiver, name, given, site)
    return UNKNOWN


def _there(given: Arguments, region: tuple[str, ...]) -> Arguments:
    """What a call is given, with the region that its client was made for as one more parameter."""
    return replace(given, named={**given.named, "region_name": of_texts(region)}) if region else given


def _of_session(machine: Machine, session: Session, name: str, given: Arguments, site: Site) -> Value:
    if name in ("client", "create_client", "resource"):
        kind = "resource" if name == "resource" else "client"
        return make_client(machine, given, site, kind=kind, of=session)
    if name == "get_credentials":
        return one(Foreign()) if session.foreign else one(Made("botocore.credentials.Credentials", site.key))
    return UNKNOWN


def _of_client(machine: Machine, client: Client, name: str, given: Arguments, site: Site) -> Value:
    service, certain = client.service, client.certain
    facts = sdk.service(service) if service else None
    if service is None or name in SILENT:
        return UNKNOWN
    if facts is None:
        machine.wonder(site, f"calls `{name}` of `{service}`, a service that the frozen SDK does not have", service)
        return UNKNOWN
    if name in ("get_paginator", "get_waiter"):
        return _repeater(machine, client, service, facts, name, given, site)
    if name == "generate_presigned_url":
        return _presigned(machine, service, facts, given, site, certain=certain)
    if token := TOKENS.get((service, name)):
        named = {**dict(zip(TOKEN_PARAMETERS, given.positional, strict=False)), **given.named}
        machine.call(*token, site, flatten(machine, Arguments(named=named)), certain=certain)
        return UNKNOWN
    if service == "s3" and name in CLIENT:
        return _transfer(machine, CLIENT[name], given, site, {}, certain=certain)
    operation = facts.operation(name)
    if operation is None:
        return _miss(machine, service, name, site)
    machine.current.hits.add((site.where, name))
    machine.call(service, operation, site, flatten(machine, given), certain=certain)
    calling.escape(machine, given, site)
    members = answers.answered(service, operation, given)
    return one(boxes.make(machine, site, tag="answer", named=members)) if members else UNKNOWN


def _miss(machine: Machine, service: str, name: str, site: Site) -> Value:
    """A method that is none: what has it may be another thing that the receiver can be, and else it is told."""
    machine.current.misses[(site.where, name)] = service
    return UNKNOWN


def operations(machine: Machine, client: Client, name: Value, site: Site) -> Value:
    """`getattr(client, name)`; a name that is not known may be any operation."""
    found: list[Value] = []
    for text in texts(name):
        if "⟨" not in text:
            found.append(attribute(machine, client, text, site))
        elif client.service is not None:
            machine.wonder(
                site, f"takes an operation of `{client.service}` by a name that is not known", client.service
            )
    return join(*found) or UNKNOWN


def _repeater(
    machine: Machine, client: Client, service: str, facts: sdk.Service, name: str, given: Arguments, site: Site
) -> Value:
    wanted = given.at(0, "operation_name" if name == "get_paginator" else "waiter_name")
    repeats = "paginate" if name == "get_paginator" else "wait"
    found: list[Value] = []
    for text in texts(wanted) or (UNKNOWN_TEXT,):
        operation = facts.operation(text) if repeats == "paginate" else facts.waiters.get(text)
        if operation is not None:
            found.append(one(Repeater(service, operation, repeats, client.certain, client.region)))
        else:
            machine.wonder(site, f"`{name}` of something that is not known", service)
    return join(*found) or UNKNOWN


def _presigned(
    machine: Machine, service: str, facts: sdk.Service, given: Arguments, site: Site, *, certain: bool
) -> Value:
    """Whoever uses the URL calls with the rights of the role: S3 User Guide, "Using presigned URLs"."""
    inner = Arguments()
    for atom in given.at(1, "Params"):
        if isinstance(atom, Box):
            inner.named.update(boxes.keyed(machine, atom))
    for text in texts(given.at(0, "ClientMethod")) or (UNKNOWN_TEXT,):
        operation = facts.operation(text)
        if operation is None:
            machine.wonder(site, "presigns an operation that is not known", service)
        else:
            machine.call(service, operation, site, flatten(machine, inner), certain=certain)
    return UNKNOWN


# Resources


CUSTOM = frozenset({*BUCKET, *OBJECT, "batch_writer", "create_tags", "delete_tags", "load", "__enter__"})


def _call_resource(machine: Machine, resource: Resource, name: str, given: Arguments, site: Site) -> Value:
    facts = _type(resource)
    if facts is None:
        machine.wonder(
            site, f"calls `{name}` of a resource of `{resource.service}`, which is not known", resource.service
        )
        return UNKNOWN
    if name in TELLING:
        return UNKNOWN
    action = facts.actions.get(name) or facts.waiters.get(name)
    if not action and name not in facts.subs and name not in CUSTOM:
        return _miss(machine, resource.service, name, site)
    machine.current.hits.add((site.where, name))
    if name == "batch_writer":
        return one(Batch(resource))
    if name in facts.subs:
        return one(_given(resource, facts.subs[name], given))
    known = dict(resource.identifiers)
    if resource.service == "s3" and resource.type == "Bucket" and name in BUCKET:
        return _transfer(machine, BUCKET[name], given, site, {"Bucket": known["name"]})
    if resource.service == "s3" and resource.type == "Object" and name in OBJECT:
        return _transfer(machine, OBJECT[name], given, site, {"Bucket": known["bucket_name"], "Key": known["key"]})
    if name in ("load", "reload") and name not in facts.actions:
        return _custom_load(machine, resource, known, site)
    if name in ("create_tags", "delete_tags") and resource.service == "ec2":
        machine.call("ec2", "CreateTags" if name == "create_tags" else "DeleteTags", site, flatten(machine, given))
        return UNKNOWN
    return _act(machine, resource, action, given, site) if action else UNKNOWN


def _custom_load(machine: Machine, resource: Resource, known: Mapping[str, tuple[str, ...]], site: Site) -> Value:
    # boto3, "S3", customisations: a bucket is loaded by listing all, a summary of an object by its head.
    if resource.type == "Bucket":
        machine.call("s3", "ListBuckets", site, {})
    if resource.type == "ObjectSummary":
        machine.call("s3", "HeadObject", site, {"Bucket": set(known["bucket_name"]), "Key": set(known["key"])})
    return NOTHING


def _act(machine: Machine, resource: Resource, action: sdk.Action, given: Arguments, site: Site) -> Value:
    """Call an action; what it gives are resources, or an answer."""
    machine.call(resource.service, action.operation, site, flatten(machine, given, _filled(resource, action)))
    if action.gives is None:
        return UNKNOWN
    made = one(_given(resource, action, given))
    return one(boxes.make(machine, site, tag="resources", everything=made)) | made


def _filled(resource: Resource, action: sdk.Action) -> dict[str, tuple[str, ...]]:
    known = dict(resource.identifiers)
    return {INDEX.sub("", parameter): known.get(identifier, (UNKNOWN_TEXT,)) for parameter, identifier in action.filled}


def _given(parent: Resource, action: sdk.Action, given: Arguments) -> Resource:
    """The resource that a sub-resource or an action gives."""
    known = dict(parent.identifiers)
    found = []
    for identifier, source in action.sources:
        match source[0]:
            case "<":
                value = known.get(source[1:], (UNKNOWN_TEXT,))
            case "!":
                value = texts(given.at(int(source[1:]), identifier)) or (UNKNOWN_TEXT,)
            case "$":
                value = texts(given.named.get(source[1:], NOTHING)) or (UNKNOWN_TEXT,)
            case _:
                value = texts(answers.named_by(parent.service, action.operation, given)) or (UNKNOWN_TEXT,)
        found.append((identifier, value))
    loaded = any(source == "?" for _, source in action.sources)
    return Resource(parent.service, action.gives or "", tuple(found), loaded, parent.region)


def _of_collection(machine: Machine, collection: Collection, name: str, given: Arguments, site: Site) -> Value:
    facts = _type(collection.parent)
    action = facts.collections.get(collection.name) if facts else None
    if action is None:
        return UNKNOWN
    # A collection calls when it is looped over, which is what one is made for.
    machine.call(
        collection.parent.service, action.operation, site, flatten(machine, given, _filled(collection.parent, action))
    )
    if name in ("all", "filter", "limit", "page_size"):
        return one(collection)
    made = _given(collection.parent, action, Arguments())
    if name == "pages":
        return one(boxes.make(machine, site, everything=one(collection)))
    element = _type(made)
    if element is not None and name in element.batches:
        return _act(machine, made, element.batches[name], given, site)
    return _miss(machine, collection.parent.service, name, site)


def iterate(machine: Machine, collection: Collection, site: Site) -> Value:
    """What a loop over a collection takes."""
    facts = _type(collection.parent)
    action = facts.collections.get(collection.name) if facts else None
    return one(_given(collection.parent, action, Arguments())) if action else UNKNOWN


# Transfers


def _transfer(
    machine: Machine,
    transfer: Transfer,
    given: Arguments,
    site: Site,
    filled: Mapping[str, tuple[str, ...]],
    *,
    certain: bool = True,
) -> Value:
    named = {name: given.at(index, name) for index, name in enumerate(transfer.takes)}
    inner = Arguments(named={name: value for name, value in named.items() if name in PARAMETERS})
    whole = flatten(machine, inner, filled)
    for operation in (*transfer.operations, *transfer.perhaps):
        sure = certain and operation not in transfer.perhaps
        machine.call("s3", operation, site, {name: set(values) for name, values in whole.items()}, certain=sure)
    if transfer.reads_source:
        source = {name: set(whole.get(f"CopySource.{name}", {UNKNOWN_TEXT})) for name in ("Bucket", "Key")}
        machine.call("s3", "HeadObject", site, source, certain=certain)
    calling.escape(machine, given, site)
    return UNKNOWN
