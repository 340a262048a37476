"""SAM: what AWS's own transform makes of a template, and which resource of the user each part came from.

The transform is the official one (aws-sam-translator), offline. What it refuses it refuses on AWS too: the function
stays, with a gap that says why.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from rolecall.iam.statement import is_unresolved
from rolecall.sources.template.document import Map

PREFIX = "AWS::Serverless::"
MARK = "rolecall:from"
ATTEMPTS = 10
# What is packaged from a folder: the transform wants to see where it was uploaded to.
PACKAGED = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::GraphQLApi": "SchemaUri",
}
DEFINED = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi", "AWS::Serverless::StateMachine")
KEPT = (
    "DurableConfig",
    "Environment",
    "FileSystemConfigs",
    "FunctionName",
    "Handler",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "PackageType",
    "Role",
    "Runtime",
    "VpcConfig",
)
"""Properties of a function that mean the same in SAM and without it."""
LATER = "DurableConfig"
"""A property that SAM hands on as it is, and that not every release of the transform knows."""
LONGEST = 300
BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Transformed:
    """A template without SAM: `origins` are the ids of the SAM resources that others were made of.

    `refused` tells for resources that SAM refuses why.
    """

    body: Mapping[str, Any]
    origins: Mapping[str, str]
    refused: Mapping[str, str]


def is_used(body: Mapping[str, Any]) -> bool:
    """Has the template any resource that only SAM knows?"""
    return any(_type(resource).startswith(PREFIX) for resource in body["Resources"].values())


def transform(body: Map, values: Mapping[str, Any]) -> Transformed:
    """The template as CloudFormation sees it. `values` are those of the parameters and pseudo parameters."""
    refused: dict[str, str] = {}
    prepared = _prepared(body)
    later = _take_later(prepared)
    for _ in range(ATTEMPTS):
        made, causes = _attempt(_prepared(prepared), values)
        if made is not None:
            _give_later(made, later, prepared)
            return Transformed(made, dict(_origins(body, made)), refused)
        origins = ((_origin(name, prepared), why) for name, why in causes)
        named = {origin: f"SAM refuses `{origin}`: {why}" for origin, why in origins if origin}
        if not named:
            why = next((f"SAM refuses the template: {why}" for _, why in causes), "SAM refuses the template")
            named = {name: why for name, each in prepared["Resources"].items() if _type(each).startswith(PREFIX)}
        refused |= named
        for name in named:
            prepared["Resources"][name] = _without_sam(prepared, name)
    return Transformed(prepared, {}, refused)


def _prepared(body: Map) -> Map:
    """A copy in which local files count as uploaded, and each SAM resource is marked by its own id."""
    copied = body.__deepcopy__({})
    for name, resource in list(copied["Resources"].items()):
        kind = _type(resource)
        if not kind.startswith(PREFIX):
            continue
        if kind == "AWS::Serverless::Application":  # What it deploys is in another template.
            resource["Type"] = "AWS::CloudFormation::Stack"
            continue
        metadata = resource.get("Metadata")
        resource["Metadata"] = {**(metadata if isinstance(metadata, dict) else {}), MARK: name}
        if isinstance(resource.get("Properties"), dict):
            _upload(kind, name, resource["Properties"])
    function = copied.get("Globals", {}).get("Function") if isinstance(copied.get("Globals"), dict) else None
    if isinstance(function, dict) and "CodeUri" in function and not _is_place(function["CodeUri"]):
        function["CodeUri"] = "s3://local/globals"
    return copied


def _take_later(body: Map) -> dict[str, Any]:
    """What functions have of a property that this release of the transform does not know, by their ids."""
    from samtranslator.model.sam_resources import SamFunction

    if LATER in SamFunction.property_types:
        return {}
    shared = body.get("Globals", {}).get("Function") if isinstance(body.get("Globals"), dict) else None
    usual = shared.pop(LATER, None) if isinstance(shared, dict) else None
    found: dict[str, Any] = {}
    for name, resource in body["Resources"].items():
        properties = resource.get("Properties") if _type(resource) == "AWS::Serverless::Function" else None
        if isinstance(properties, dict):
            found[name] = properties.pop(LATER, usual)
    return {name: value for name, value in found.items() if value is not None}


def _give_later(made: dict[str, Any], later: Mapping[str, Any], written: Map) -> None:
    """Put it where it belongs; a role that SAM makes for such a function has the managed policy for it."""
    for name, value in later.items():
        made["Resources"][name].setdefault("Properties", {})[LATER] = value
        implicit = f"{name}Role"
        if implicit in written["Resources"] or implicit not in made["Resources"]:
            continue
        role = made["Resources"][implicit]["Properties"]
        role["ManagedPolicyArns"] = [
            f"{each.rpartition('/')[0]}/AWSLambdaBasicDurableExecutionRolePolicy"
            if isinstance(each, str) and each.endswith("/AWSLambdaBasicExecutionRole")
            else each
            for each in role.get("ManagedPolicyArns", [])
        ]


def _upload(kind: str, name: str, properties: dict[str, Any]) -> None:
    packaged = PACKAGED.get(kind)
    if packaged in properties and not _is_place(properties[packaged]):
        properties[packaged] = f"s3://local/{name}"
    if kind == "AWS::Serverless::Function" and properties.get("PackageType") == "Image":
        properties.setdefault("ImageUri", "local")
    if kind in DEFINED and "DefinitionUri" in properties and not _is_place(properties["DefinitionUri"]):
        properties["DefinitionUri"] = f"s3://local/{name}"


def _is_place(uri: Any) -> bool:
    """Is it an object that names a bucket, or should, and no function whose value is not known yet?"""
    return isinstance(uri, dict) and not any(name == "Ref" or name.startswith("Fn::") for name in uri)


def _attempt(body: Map, values: Mapping[str, Any]) -> tuple[dict[str, Any] | None, list[tuple[str, str]]]:
    """The transformed template, or (resource, why) of what SAM refuses."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.arn_generator import ArnGenerator
    from samtranslator.translator.translator import Translator

    region = str(values["AWS::Region"])
    ArnGenerator.BOTO_SESSION_REGION_NAME = region
    session = SimpleNamespace(region_name=region)
    plain = {name: value for name, value in values.items() if not (isinstance(value, str) and is_unresolved(value))}
    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)
    try:
        translator = Translator({}, Parser(), boto_session=session)
        made: dict[str, Any] = translator.translate(body, plain, passthrough_metadata=True)
    except InvalidDocumentException as error:
        return None, [(str(getattr(cause, "_logical_id", "")), _line(cause.message)) for cause in error.causes]
    except BROKEN as error:
        return None, [("", f"{type(error).__name__}: {_line(str(error))}")]
    return made, []


def _origin(name: str, body: Map) -> str | None:
    """The resource of the user's that SAM means by an id: itself, or the SAM resource that it begins with."""
    if name in body["Resources"]:
        return name
    if name in body:
        return None  # It is a section: what is wrong there is so for all.
    sources = (each for each, resource in body["Resources"].items() if _type(resource).startswith(PREFIX))
    return max((each for each in sources if name.startswith(each)), key=len, default=None)


def _line(message: str) -> str:
    """The message in one line, without the long lists in which some of them end."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rsplit(' ', 1)[0]} …"


def _without_sam(body: Map, name: str) -> Map:
    """What is certain of a resource that SAM refuses: a function is a function."""
    resource = body["Resources"][name]
    properties = resource.get("Properties")
    is_function = _type(resource) == "AWS::Serverless::Function"
    shared = body["Globals"].get("Function") if isinstance(body.get("Globals"), dict) and is_function else None
    stated = {
        key: value for each in (shared, properties) for key, value in (each.items() if isinstance(each, dict) else ())
    }
    kept = {key: stated[key] for key in KEPT if key in stated}
    if is_function and "Tracing" in stated:
        kept["TracingConfig"] = {"Mode": stated["Tracing"]}
    made = Map(Type="AWS::Lambda::Function" if is_function else "AWS::CloudFormation::WaitConditionHandle")
    made.update(Properties=kept, Metadata={MARK: name})
    made.line, made.lines = getattr(resource, "line", 0), {}
    if isinstance(resource, dict) and "Condition" in resource:
        made["Condition"] = resource["Condition"]
    return made


def _origins(body: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(id, id of the SAM resource that it was made of): by its mark, else by the id that it begins with."""
    sources = sorted((name for name, each in body["Resources"].items() if _is_source(each)), key=len, reverse=True)
    for name, resource in made["Resources"].items():
        if name in body["Resources"] and not _type(body["Resources"][name]).startswith(PREFIX):
            continue
        metadata = resource.get("Metadata") if isinstance(resource, dict) else None
        mark = metadata.get(MARK) if isinstance(metadata, dict) else None
        origin = mark or next((source for source in sources if name.startswith(source)), None)
        if origin:
            yield name, origin


def _is_source(resource: Any) -> bool:
    return _type(resource).startswith(PREFIX) or (isinstance(resource, dict) and "Connectors" in resource)


def _type(resource: Any) -> str:
    return str(resource.get("Type", "")) if isinstance(resource, dict) else ""
