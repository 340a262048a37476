"""The frozen SDK facts: `python tools/freeze_sdk.py` writes them anew from the installed botocore and boto3.

Everything in `rolecall/needs/data/sdk/` is written by this file and by nothing else, the same bytes each time.
`SERVICE.txt`, named as `boto3.client` names the service, has one fact a line, in this order:

    OPERATION                  an operation whose method is its name in snake case: `GetItem`, get_item
    OPERATION|METHOD           one whose method botocore spells in another way: `ListVPCs|list_vpcs`
    ~WAITER|OPERATION          a waiter and the operation that it repeats: `~bucket_exists|HeadBucket`
    =TYPE|ID,ID                a resource of boto3's resource API with its identifiers; TYPE is empty for the service
                               resource itself. The lines that follow, up to the next one with `=`, belong to it:
    .METHOD|OPERATION|P=ID|TYPE|ID=FROM      an action: the parameters that identifiers of the resource fill, and the
                               type of resource that it gives, with where its identifiers come from
    *COLLECTION|OPERATION|P=ID|TYPE|ID=FROM  a collection, in the same way
    >NAME|TYPE|ID=FROM         a sub-resource or reference
    +METHOD|OPERATION|P=ID|TYPE|ID=FROM      an action of a whole collection of the type: `bucket.objects.delete()`
    @WAITER|OPERATION|P=ID     a waiter of the resource: `@wait_until_exists`

FROM is `<` and an identifier of the resource, `$` and a parameter of the request, `!` and a position among the
arguments, or `?` for what only the answer of AWS tells.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore import xform_name

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "layers" / "rolecall" / "python" / "rolecall" / "needs" / "data" / "sdk"

Json = Any


def main() -> int:
    size = freeze(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
    print(f"{size:,} bytes")
    return 0


def freeze(folder: Path) -> int:
    """Write a file for each service, remove those of services that are gone; the bytes in all."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = dict(_texts())
    for stale in (path for path in folder.glob("*.txt") if path.stem not in texts):
        stale.unlink()
    for service, text in texts.items():
        (folder / f"{service}.txt").write_text(text, encoding="utf-8", newline="\n")
    return sum(len(text.encode()) for text in texts.values())


def _texts() -> Iterator[tuple[str, str]]:
    session = botocore.session.get_session()
    resourceful = set(boto3.Session().get_available_resources())
    for service in session.get_available_services():
        lines = [*_operations(session, service), *_waiters(session, service)]
        if service in resourceful:
            lines += _resources(session, service)
        yield service, "\n".join(lines) + "\n"


def _operations(session: Json, service: str) -> Iterator[str]:
    for name in session.get_service_model(service).operation_names:
        method = xform_name(name)
        plain = "".join(part[:1].upper() + part[1:] for part in method.split("_"))
        yield name if plain == name else f"{name}|{method}"


def _waiters(session: Json, service: str) -> Iterator[str]:
    for name, operation in _waiting(session, service).items():
        yield f"~{xform_name(name)}|{operation}"


def _waiting(session: Json, service: str) -> dict[str, str]:
    """The operation that each waiter repeats; most services have none."""
    try:
        model = session.get_waiter_model(service)
    except botocore.exceptions.UnknownServiceError:
        return {}
    return {name: model.get_waiter(name).operation for name in model.waiter_names}


def _resources(session: Json, service: str) -> Iterator[str]:
    model = boto3.Session()._loader.load_service_model(service, "resources-1")
    waiters = _waiting(session, service)
    yield "=|"
    yield from _resource({**model["service"], "has": _all(model["resources"])}, model["resources"], waiters)
    for name, resource in model["resources"].items():
        yield f"={name}|{','.join(xform_name(each['name']) for each in resource.get('identifiers', ()))}"
        yield from _resource(resource, model["resources"], waiters)


def _all(resources: Json) -> Json:
    """The service resource makes every type, from all of its identifiers: boto3, "Resources", "Sub-resources"."""
    return {
        name: {
            "resource": {
                "type": name,
                "identifiers": [{"target": each["name"], "source": "input"} for each in one.get("identifiers", ())],
            }
        }
        for name, one in resources.items()
    }


def _resource(resource: Json, resources: Json, waiters: Json) -> Iterator[str]:
    for name, action in resource.get("actions", {}).items():
        yield f".{xform_name(name)}|{_made(action)}"
    if "load" in resource:
        yield f".load|{_made(resource['load'])}"
        yield f".reload|{_made(resource['load'])}"
    for name, many in resource.get("hasMany", {}).items():
        yield f"*{xform_name(name)}|{_made(many)}"
    for name, action in resource.get("batchActions", {}).items():
        # A batch action belongs to collections of the type: `bucket.objects.delete()`.
        yield f"+{xform_name(name)}|{_made(action)}"
    for name, one in resource.get("has", {}).items():
        given = one["resource"]
        yield f">{_sub_name(name, given)}|{given['type']}|{_sources(given)}"
    for name, waiter in resource.get("waiters", {}).items():
        yield f"@{xform_name('WaitUntil' + name)}|{waiters[waiter['waiterName']]}|{_filled(waiter.get('params', ()))}"


def _sub_name(name: str, given: Json) -> str:
    """A sub-resource that takes an argument keeps its capital (`Object`), one that takes none is an attribute."""
    takes = any(each["source"] == "input" for each in given.get("identifiers", ()))
    refers = any(each["source"] == "data" for each in given.get("identifiers", ()))
    return xform_name(name) if refers and not takes else name


def _made(action: Json) -> str:
    request, given = action["request"], action.get("resource", {})
    return "|".join((request["operation"], _filled(request.get("params", ())), given.get("type", ""), _sources(given)))


def _filled(parameters: Json) -> str:
    """Which parameter is filled by which identifier: `Delete.Objects[].Key` in whole, so that paths can be told."""
    return ",".join(
        f"{each['target']}={xform_name(each['name'])}" for each in parameters if each["source"] == "identifier"
    )


def _sources(given: Json) -> str:
    position = 0
    parts = []
    for each in given.get("identifiers", ()):
        match each["source"]:
            case "identifier":
                where = f"<{xform_name(each['name'])}"
            case "requestParameter":
                where = f"${each['path']}"
            case "input":
                where, position = f"!{position}", position + 1
            case _:
                where = "?"
        parts.append(f"{xform_name(each['target'])}={where}")
    return ",".join(parts)


if __name__ == "__main__":
    sys.exit(main())
