"""Where the code of a function is: a folder or archive on this machine, text in the template, or elsewhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rolecall.model import Code, Gap
from rolecall.sources.template.stack import Stack, shown

CODE = "code"


def code_of(stack: Stack, logical_id: str, properties: Mapping[str, Any], gaps: list[Gap]) -> Code:
    """The code of a function; what is not there is a gap."""
    resource = stack.resolver.resources[logical_id]
    origin = stack.origins.get(logical_id, logical_id)
    written = stack.document.body["Resources"].get(origin, resource)
    own = stack.resolver.value(written.get("Properties") or {}) if isinstance(written, dict) else {}
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


def _asset(metadata: Any) -> str | None:
    """Where the CDK put the code: a path relative to the template, or an absolute one."""
    path = metadata.get("aws:asset:path") if isinstance(metadata, dict) else None
    return str(path) if path and metadata.get("aws:asset:property", "Code") == "Code" else None


def _local(properties: Mapping[str, Any], stack: Stack, *, is_sam: bool) -> str | None:
    """CodeUri of SAM, or a `Code` that `aws cloudformation package` would upload; None for what is in a bucket."""
    uri = properties.get("CodeUri", properties.get("Code"))
    if uri is None and is_sam:
        settings = stack.document.body.get("Globals")
        function = settings.get("Function") if isinstance(settings, dict) else None
        uri = stack.resolver.value(function.get("CodeUri")) if isinstance(function, dict) else None
    if not isinstance(uri, str) or uri.startswith(("s3://", "https://", "http://")):
        return None
    return uri


def _found(stack: Stack, logical_id: str, local: str, gaps: list[Gap]) -> Code:
    home = stack.document.path.parent
    path, subject = home / local, stack.id(logical_id)
    unresolved = list(stack.gaps(CODE, subject, local))
    if unresolved:
        gaps += unresolved
        return Code("remote")
    resolved = path.resolve()
    if not any(folder == resolved or folder in resolved.parents for folder in _projects(home)):
        gaps.append(Gap(CODE, f"`{local}` leaves the project: not read", stack.file, subject))
        return Code("remote")
    if not path.exists():
        gaps.append(Gap(CODE, f"`{local}` does not exist", stack.file, subject))
        return Code("remote")
    return Code("folder" if path.is_dir() else "archive", shown(Path(path)))


def _projects(home: Path) -> tuple[Path, ...]:
    """The folders that code may lie in: the template's, the current one if the template is in it, the repository's."""
    home, here = home.resolve(), Path.cwd()
    repository = [folder for folder in (home, *home.parents) if (folder / ".git").exists()][:1]
    return (home, *([here] if here in home.parents else []), *repository)
