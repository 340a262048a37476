"""Snapshots: an Account as a JSON file, to audit it again offline. `load` reads what `dump` writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from rolecall.iam.policy import Kind, Policy, PolicyError, parse
from rolecall.model import (
    Access,
    Account,
    Call,
    Code,
    Function,
    Gap,
    LastAccessed,
    Omitted,
    Place,
    Resource,
    Role,
    Settings,
    Target,
    Trail,
    Trigger,
    Unresolved,
    User,
    Watch,
)
from rolecall.sources import SourceError, environment

SCHEMA = "rolecall-snapshot/1"
LIMIT = 256 * 1024 * 1024  # bytes: 10,000 functions with their roles take some 60 MB


def read(path: Path) -> Account:
    """The Account of a snapshot file.

    Raises
    ------
    SourceError : the file cannot be read, is no JSON, or no snapshot
    """
    try:
        if path.stat().st_size > LIMIT:
            raise SourceError(f"{path}: larger than {LIMIT // 2**20} MB, the most that a snapshot may have")
        document = json.loads(path.read_text())
    except OSError as error:
        raise SourceError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not JSON: {error}") from error
    try:
        return load(document)
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error


def load(document: Any) -> Account:
    """The Account of a decoded snapshot. A policy that AWS would refuse is a gap of its owner.

    Raises
    ------
    SourceError : a member is missing or of the wrong type
    """
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise SourceError(f'not a snapshot: `schema` is not "{SCHEMA}"')
    try:
        functions = tuple(_function(each) for each in document["functions"])
        users = {role: _users(role, functions) for role in {function.role for function in functions}}
        return Account(
            id=_text(document, "account"),
            region=_text(document, "region"),
            source=_text(document, "source"),
            partition=document.get("partition", "aws"),
            functions=functions,
            roles=tuple(_role(each, users.get(each["arn"], ())) for each in document["roles"]),
            users=tuple(map(_user, document.get("users", ()))),
            resources=tuple(map(_resource, document.get("resources", ()))),
            scps=_levels(document, "scps", Kind.SCP),
            rcps=_levels(document, "rcps", Kind.RCP),
            watch=_watch(document["watch"]) if document.get("watch") else None,
            omitted=tuple(Omitted(**each) for each in document.get("omitted", ())),
            trusted=tuple(document.get("trusted", ())),
            names=_pairs(document.get("names", ())),
            deployed=_pairs(document.get("deployed", ())),
            loops=_pairs(document.get("loops", ())),
            strays=tuple((_text(each, "function"), _trigger(each)) for each in document.get("strays", ())),
            gaps=_gaps(document),
        )
    except KeyError as error:
        raise SourceError(f"not a whole snapshot: `{error.args[0]}` is missing") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise SourceError(f"not a snapshot: {error}") from error


def dump(account: Account) -> dict[str, Any]:
    """The snapshot of an Account: `load` gives it back, but for what may not be kept.

    Of environment values only those are in it that name a resource of the account, as that resource.
    """
    known = environment.resources(account)
    return {
        "schema": SCHEMA,
        "source": account.source,
        "account": account.id,
        "region": account.region,
        "partition": account.partition,
        "trusted": list(account.trusted),
        "functions": [_dump_function(function, known) for function in account.functions],
        "roles": [_dump_role(role) for role in account.roles],
        "users": [_dump_user(user) for user in account.users],
        "resources": [_dump_resource(resource) for resource in account.resources],
        "scps": _dump_levels(account.scps),
        "rcps": _dump_levels(account.rcps),
        "watch": account.watch and asdict(account.watch),
        "omitted": [asdict(each) for each in account.omitted],
        "names": account.names,
        "deployed": [each for each in account.deployed if each[0].startswith("arn:")],
        "loops": account.loops,
        "strays": [{"function": arn} | _dump_trigger(trigger) for arn, trigger in account.strays],
        "gaps": _dump_gaps(account.gaps),
    }


def _function(each: Mapping[str, Any]) -> Function:
    gaps = list(_gaps(each))
    return Function(
        id=_text(each, "id"),
        name=_text(each, "name"),
        arn=_text(each, "arn"),
        role=_text(each, "role"),
        qualifier=each.get("qualifier"),
        version=each.get("version"),
        updated=each.get("updated"),
        runtime=each.get("runtime"),
        resource_policy=_policy(each, "resource_policy", "resource", Kind.RESOURCE, gaps),
        triggers=tuple(map(_trigger, each["triggers"])),
        settings=_settings(each.get("settings", {})),
        code=_code(each["code"]) if each.get("code") else None,
        tags=_tags(each),
        writers=_pairs(each.get("writers", ())),
        gaps=tuple(gaps),
        place=_place(each),
        lines=tuple((str(what), int(line)) for what, line in each.get("lines", ())),
    )


def _code(each: Mapping[str, Any]) -> Code:
    calls = tuple(
        Call(**{**call, "parameters": tuple((name, tuple(values)) for name, values in call.get("parameters", ()))})
        for call in each.get("calls", ())
    )
    return Code(**{**each, "calls": calls, "unresolved": tuple(Unresolved(**u) for u in each.get("unresolved", ()))})


PLAIN = [each.name for each in fields(Trigger) if each.name not in ("uses", "place")]


def _trigger(each: Mapping[str, Any]) -> Trigger:
    plain = {name: each[name] for name in PLAIN if name in each}
    return Trigger(**plain, uses=_pairs(each.get("uses", ())), place=_place(each))


def _pairs(pairs: Any) -> tuple[tuple[Any, Any], ...]:
    return tuple((name, value) for name, value in pairs)


def _resource(each: Mapping[str, Any]) -> Resource:
    gaps = list(_gaps(each))
    return Resource(
        arn=_text(each, "arn"),
        exists=each.get("exists", True),
        key=each.get("key"),
        policy=_policy(each, "policy", "resource", Kind.RESOURCE, gaps),
        facts=_pairs(each.get("facts", ())),
        gaps=tuple(gaps),
    )


def _levels(document: Mapping[str, Any], member: str, kind: Kind) -> tuple[tuple[Policy, ...], ...]:
    """The policies of each level of an organisation. One that does not parse is our bug: AWS took it."""
    levels = document.get(member, ())
    return tuple(tuple(parse(p["document"], name=p["name"], kind=kind) for p in level) for level in levels)


def _watch(each: Mapping[str, Any]) -> Watch:
    return Watch(
        day=_text(each, "day"),
        trails=tuple(Trail(**trail) for trail in each.get("trails", ())),
        rules=_pairs(each.get("rules", ())),
        queues=_pairs(each.get("queues", ())),
        regions=tuple(each.get("regions", ())),
        forwarded=each.get("forwarded"),
    )


def _role(each: Mapping[str, Any], users: tuple[str, ...]) -> Role:
    gaps = list(_gaps(each))
    policies = (_parsed(p["document"], p["name"], Kind.IDENTITY, each["arn"], gaps, p) for p in each["policies"])
    return Role(
        arn=_text(each, "arn"),
        policies=tuple(policy for policy in policies if policy),
        trust=_policy(each, "trust", "trust", Kind.TRUST, gaps),
        boundary=_policy(each, "boundary", "boundary", Kind.BOUNDARY, gaps),
        used_by=tuple(each.get("used_by", users)),
        tags=_tags(each),
        unique_id=each.get("unique_id"),
        created=each.get("created"),
        last_used=each.get("last_used"),
        last_accessed=_last_accessed(each["last_accessed"]) if each.get("last_accessed") else None,
        mentions=tuple(each.get("mentions", ())),
        gaps=tuple(gaps),
        place=_place(each),
    )


def _last_accessed(each: Mapping[str, Any]) -> LastAccessed:
    return LastAccessed(_text(each, "read"), tuple(Access(**access) for access in each.get("accesses", ())))


def _user(each: Mapping[str, Any]) -> User:
    gaps = list(_gaps(each))
    policies = (
        _parsed(p["document"], p["name"], Kind.IDENTITY, each["arn"], gaps, p, "user policies")
        for p in each["policies"]
    )
    return User(
        arn=_text(each, "arn"),
        policies=tuple(policy for policy in policies if policy),
        boundary=_policy(each, "boundary", "boundary", Kind.BOUNDARY, gaps),
        tags=_tags(each),
        gaps=tuple(gaps),
    )


def _settings(each: Mapping[str, Any]) -> Settings:
    lists = {name: tuple(each.get(name, ())) for name in ("subnets", "layers", "file_systems", "url_origins")}
    lists |= {name: _pairs(each.get(name, ())) for name in ("environment", "others")}
    targets = tuple(Target(target["on"], target["arn"]) for target in each.get("targets", ()))
    return Settings(**{**each, **lists, "targets": targets})


def _users(role: str, functions: tuple[Function, ...]) -> tuple[str, ...]:
    return tuple(sorted({function.id for function in functions if function.role == role}))


def _policy(each: Mapping[str, Any], member: str, name: str, kind: Kind, gaps: list[Gap]) -> Policy | None:
    document = each.get(member)
    owner = each["id"] if "id" in each else each["arn"]
    places = {"places": each.get(f"{member}_places", ())}
    return None if document is None else _parsed(document, name, kind, owner, gaps, places)


# What a document that does not parse leaves unread, in the words of Gap.what.
PARTS = {
    Kind.IDENTITY: "role policies",
    Kind.TRUST: "trust policy",
    Kind.BOUNDARY: "boundary",
    Kind.RESOURCE: "resource policy",
}


def _parsed(
    document: Any,
    name: str,
    kind: Kind,
    owner: str,
    gaps: list[Gap],
    written: Mapping[str, Any],
    what: str | None = None,
) -> Policy | None:
    places = [_place(each) for each in written.get("places", ())]
    try:
        return parse(document, name=name, kind=kind, places=places)
    except PolicyError as error:
        gaps.append(Gap(what or PARTS[kind], str(error), None, owner))
        return None


def _gaps(each: Mapping[str, Any]) -> tuple[Gap, ...]:
    return tuple(
        Gap(g["what"], g["why"], g.get("call"), g.get("subject"), g.get("mendable", True), _place(g))
        for g in each.get("gaps", ())
    )


def _tags(each: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(each.get("tags", {}).items()))


def _place(each: Mapping[str, Any]) -> Place | None:
    return Place(each["file"], each["line"], each.get("added_by"), each.get("asked")) if each.get("file") else None


def _text(each: Mapping[str, Any], member: str) -> str:
    value = each[member]
    if not isinstance(value, str):
        raise TypeError(f"`{member}` is {json.dumps(value)[:40]}, not text")
    return value


def _dump_function(function: Function, known: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": function.id,
        "name": function.name,
        "arn": function.arn,
        "qualifier": function.qualifier,
        "version": function.version,
        "updated": function.updated,
        "role": function.role,
        "runtime": function.runtime,
        "resource_policy": function.resource_policy and function.resource_policy.document(),
        **_dump_places("resource_policy_places", function.resource_policy),
        "triggers": [_dump_trigger(trigger) for trigger in function.triggers],
        "settings": asdict(function.settings) | {"environment": environment.kept(function, known)},
        "code": function.code and asdict(function.code),
        "tags": dict(function.tags),
        **({"writers": function.writers} if function.writers else {}),
        "gaps": _dump_gaps(function.gaps),
        **_dump_place(function.place),
        **({"lines": function.lines} if function.lines else {}),
    }


def _dump_trigger(trigger: Trigger) -> dict[str, Any]:
    plain = {name: getattr(trigger, name) for name in PLAIN}
    return plain | {"uses": trigger.uses} | _dump_place(trigger.place)


def _dump_resource(resource: Resource) -> dict[str, Any]:
    return {
        "arn": resource.arn,
        "exists": resource.exists,
        "key": resource.key,
        "policy": resource.policy and resource.policy.document(),
        "facts": resource.facts,
        "gaps": _dump_gaps(resource.gaps),
    }


def _dump_levels(levels: tuple[tuple[Policy, ...], ...]) -> list[list[dict[str, Any]]]:
    return [[{"name": policy.name, "document": policy.document()} for policy in level] for level in levels]


def _dump_role(role: Role) -> dict[str, Any]:
    return {
        "arn": role.arn,
        "policies": _dump_policies(role.policies),
        "trust": role.trust and role.trust.document(),
        **_dump_places("trust_places", role.trust),
        "boundary": role.boundary and role.boundary.document(),
        **_dump_places("boundary_places", role.boundary),
        "used_by": list(role.used_by),
        "tags": dict(role.tags),
        "unique_id": role.unique_id,
        "created": role.created,
        "last_used": role.last_used,
        "last_accessed": role.last_accessed and asdict(role.last_accessed),
        "mentions": list(role.mentions),
        "gaps": _dump_gaps(role.gaps),
        **_dump_place(role.place),
    }


def _dump_user(user: User) -> dict[str, Any]:
    return {
        "arn": user.arn,
        "policies": _dump_policies(user.policies),
        "boundary": user.boundary and user.boundary.document(),
        **_dump_places("boundary_places", user.boundary),
        "tags": dict(user.tags),
        "gaps": _dump_gaps(user.gaps),
    }


def _dump_policies(policies: tuple[Policy, ...]) -> list[dict[str, Any]]:
    return [
        {"name": policy.name, "document": policy.document(), **_dump_places("places", policy)} for policy in policies
    ]


def _dump_gaps(gaps: tuple[Gap, ...]) -> list[dict[str, Any]]:
    return [
        {"what": g.what, "why": g.why, "call": g.call, "subject": g.subject, "mendable": g.mendable}
        | _dump_place(g.place)
        for g in gaps
    ]


def _dump_place(place: Place | None) -> dict[str, Any]:
    return asdict(place) if place else {}


def _dump_places(member: str, policy: Policy | None) -> dict[str, Any]:
    """Where its statements were written, in their order, if that is known of any."""
    places = [_dump_place(statement.place) for statement in policy.statements] if policy else []
    return {member: places} if any(places) else {}
