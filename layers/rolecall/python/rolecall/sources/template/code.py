"""Where the code of a function is, and what it calls: a folder or archive here, text in the template, or elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rolecall.model import Account, Code, Function, Gap
from rolecall.sources.code import Files, Layers, Reader, UnreadableError, analysed, inline, unanalysed
from rolecall.sources.deployed_from import object_arn, repository_arn
from rolecall.sources.template.stack import Stack, shown

CODE = "code"
REFUSED = "function"
"""What a gap says of a function that SAM refuses, so that its code is not read either."""
PROJECT = "the project (the template's git repository, else its folder, or the current one around it)"
REMOTE = ("s3://", "https://", "http://")


def code_of(stack: Stack, logical_id: str, properties: Mapping[str, Any], gaps: list[Gap]) -> Code:
    """The code of a function, and where it is deployed from; what is not there is a gap."""
    resource = stack.resolver.resources[logical_id]
    origin = stack.origins.get(logical_id, logical_id)
    written = stack.document.body["Resources"].get(origin, resource)
    own = stack.resolver.value(written.get("Properties") or {}) if isinstance(written, dict) else {}
    found = _here(stack, logical_id, properties, written, own, gaps)
    partition = str(stack.resolver.values["AWS::Partition"])
    return replace(found, source=_source(own, partition) if isinstance(own, dict) else None)


def _source(own: Mapping[str, Any], partition: str) -> str | None:
    """Where properties, as they are written, say that the code is deployed from."""
    code = own.get("CodeUri", own.get("Code"))
    if isinstance(code, str) and code.startswith("s3://"):
        named = code.removeprefix("s3://").partition("/")
        return object_arn(named[0], named[2], partition=partition)
    said = code if isinstance(code, dict) else {}
    image = repository_arn(own.get("ImageUri", said.get("ImageUri")), partition=partition)
    version = said.get("S3ObjectVersion", said.get("Version"))
    bucket, key = said.get("S3Bucket", said.get("Bucket")), said.get("S3Key", said.get("Key"))
    return image or object_arn(bucket, key, version=version, partition=partition)


def _here(
    stack: Stack, logical_id: str, properties: Mapping[str, Any], written: Any, own: Any, gaps: list[Gap]
) -> Code:
    resource = stack.resolver.resources[logical_id]
    code = properties.get("Code")
    if isinstance(code, dict) and "ZipFile" in code:
        return Code("inline", text=str(code["ZipFile"]))
    if properties.get("PackageType") == "Image" or (isinstance(code, dict) and "ImageUri" in code):
        return Code("image")
    metadata = resource.get("Metadata")
    is_sam = isinstance(written, dict) and str(written.get("Type")).startswith("AWS::Serverless::")
    local = _asset(metadata) or (_local(own, stack, is_sam=is_sam) if isinstance(own, dict) else None)
    if local is None:
        return Code("remote")
    return _found(stack, logical_id, local, gaps)


def _asset(metadata: Any, member: str = "Code") -> str | None:
    """Where the CDK put the code: a path relative to the template, or an absolute one."""
    path = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    return str(path) if path and metadata.get("aws:asset:property", member) == member else None


def _local(properties: Mapping[str, Any], stack: Stack, *, is_sam: bool) -> str | None:
    """CodeUri of SAM, or a `Code` that `aws cloudformation package` would upload; None for what is in a bucket."""
    uri = properties.get("CodeUri", properties.get("Code"))
    if uri is None and is_sam:
        settings = stack.document.body.get("Globals")
        function = settings.get("Function") if isinstance(settings, dict) else None
        uri = stack.resolver.value(function.get("CodeUri")) if isinstance(function, dict) else None
    if not isinstance(uri, str) or uri.startswith(REMOTE):
        return None
    return uri


def _found(stack: Stack, logical_id: str, local: str, gaps: list[Gap]) -> Code:
    subject = stack.id(logical_id)
    unresolved = list(stack.gaps(CODE, subject, local))
    if unresolved:
        gaps += unresolved
        return Code("remote")
    path = stack.document.path.parent / local
    if why := _refused(stack, local):
        gaps.append(Gap(CODE, why, stack.file, subject))
        return Code("remote")
    return Code("folder" if path.is_dir() else "archive", shown(Path(path)))


def _refused(stack: Stack, local: str) -> str | None:
    """Why a path in the template is not read; None where it is."""
    home = stack.document.path.parent
    resolved = (home / local).resolve()
    if not any(folder == resolved or folder in resolved.parents for folder in _projects(home)):
        # What a template names outside may be anything on this machine.
        return f"`{local}` leaves {PROJECT}: not read; run it in a folder that holds both"
    if not resolved.exists():
        return f"`{local}` does not exist"
    return None


def _projects(home: Path) -> tuple[Path, ...]:
    """The folders that code may lie in: the template's, the current one if the template is in it, the repository's."""
    home, here = home.resolve(), Path.cwd()
    repository = [folder for folder in (home, *home.parents) if (folder / ".git").exists()][:1]
    return (home, *([here] if here in home.parents else []), *repository)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The content of a layer that a template makes: where it is, and whether a build lays it into `python/`."""

    path: Path
    built: bool


def with_calls(account: Account, stacks: Sequence[Stack], reader: Reader) -> Account:
    """The account with what the code of its functions calls, and gaps for what of it is not known."""
    layers = {arn: layer for stack in stacks for arn, layer in _layers(stack)}
    # What of it is of a wrong kind is told, and why its code cannot be analysed may only follow from that.
    wrong = {stack.id(each.owner) for stack in stacks for each in stack.wrong if each.owner}
    found: dict[tuple[str, str | None], tuple[Code | None, tuple[Gap, ...]]] = {}
    functions = []
    for function in account.functions:
        # The versions of a function have one code here.
        key = (function.id, function.settings.handler)
        if key not in found:
            found[key] = _read(function, layers, reader)
        code, gaps = found[key]
        is_new = function.qualifier is None and function.id not in wrong
        own = (*function.gaps, *gaps) if is_new else function.gaps
        functions.append(replace(function, code=code, gaps=tuple(dict.fromkeys(own))))
    return replace(account, functions=tuple(functions))


def _read(function: Function, layers: Mapping[str, _Layer], reader: Reader) -> tuple[Code | None, tuple[Gap, ...]]:
    code = function.code
    known = any(gap.what in (CODE, REFUSED) for gap in function.gaps)
    if gap := unanalysed(function):
        return code, () if known else (gap,)
    if code is None or code.kind == "remote":
        why = "it is not on this machine, so what it calls is not known"
        return code, () if known else (Gap(CODE, why, None, function.id, mendable=False),)
    try:
        files = inline(code.text or "", function.id) if code.kind == "inline" else _open(code, reader)
    except UnreadableError as error:
        return code, (Gap(CODE, f"`{code.path}` {error}", code.path, function.id),)
    used, gaps = _used(function.settings.layers, layers, reader)
    read, more = analysed(function, code, files, used, reader.effort)
    return read, (*more, *(replace(gap, subject=function.id) for gap in gaps))


def _open(code: Code, reader: Reader) -> Files:
    return reader.open(Path(code.path or "."), code.path or ".")


def _used(arns: Sequence[str], layers: Mapping[str, _Layer], reader: Reader) -> tuple[Layers, list[Gap]]:
    """The layers of a function, as far as the templates make them."""
    read: list[Files] = []
    unread: list[str] = []
    gaps: list[Gap] = []
    for arn in arns:
        if arn not in layers:
            unread.append(arn)
            continue
        name = shown(layers[arn].path)
        try:
            read.append(reader.layer(layers[arn].path, name, built=layers[arn].built))
        except UnreadableError as error:
            gaps.append(Gap(CODE, f"layer `{name}` {error}", name))
    return Layers(tuple(read), tuple(unread)), gaps


def _layers(stack: Stack) -> Iterable[tuple[str, _Layer]]:
    """(ARN, content) of the layers of a template whose content is on this machine."""
    for logical_id, properties in stack.of("AWS::Lambda::LayerVersion"):
        written = stack.document.body["Resources"].get(stack.origins.get(logical_id, logical_id))
        if not isinstance(written, dict):
            continue
        own = stack.resolver.value(written.get("Properties") or {})
        metadata = written.get("Metadata")
        local = _asset(metadata, "Content") or own.get("ContentUri", properties.get("Content"))
        if isinstance(local, str) and not local.startswith(REMOTE) and _refused(stack, local) is None:
            method = str(metadata.get("BuildMethod", "")) if isinstance(metadata, dict) else ""
            yield (
                stack.resolver.arn_of(logical_id),
                _Layer(stack.document.path.parent / local, method.startswith("python")),
            )
