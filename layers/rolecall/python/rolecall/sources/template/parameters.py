"""Parameters: which values a template is read with, and which variants it has where they are not given."""

import itertools
import json
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rolecall.model import Gap
from rolecall.sources import SourceError
from rolecall.sources.template.document import Document

MOST = 8  # variants of one template
OTHER = None  # a value that is none of those that conditions ask for
SUFFIXES = {"aws-cn": "amazonaws.com.cn", "aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov"}

Values = Mapping[str, Any]


def given(assignments: Iterable[str]) -> dict[str, str]:
    """`Key=Value` texts as a mapping.

    Raises
    ------
    SourceError : one has no `=`
    """
    values = {}
    for each in assignments:
        key, equals, value = each.partition("=")
        if not key or not equals:
            raise SourceError(f"`{each}` is no parameter: write `Key=Value`")
        values[key] = value
    return values


def configured(folder: Path, environment: str | None) -> dict[str, str]:
    """The parameters in the `samconfig` file of a folder: those of `global`, then those of `deploy`.

    `environment` is `default` unless one is asked for.

    Raises
    ------
    SourceError : the file cannot be read, or has no such environment
    """
    path = next(
        (folder / f"samconfig.{end}" for end in ("toml", "yaml", "yml") if (folder / f"samconfig.{end}").is_file()),
        None,
    )
    if path is None:
        if environment:
            raise SourceError(f"no samconfig.toml beside the template, so no environment `{environment}`")
        return {}
    try:
        text = path.read_text()
        content: Any = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise SourceError(f"{path}: {' '.join(str(error).split())}") from error
    chosen = content.get(environment or "default") if isinstance(content, dict) else None
    if environment and not isinstance(chosen, dict):
        raise SourceError(f"{path}: no environment `{environment}`")
    values: dict[str, str] = {}
    for command in ("global", "deploy"):
        parameters = _member(_member(chosen, command), "parameters")
        values |= _overrides(_member(parameters, "parameter_overrides"))
    return values


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _overrides(written: Any) -> dict[str, str]:
    """`A=1 B="x y"`, a list of such texts, or an object."""
    if isinstance(written, dict):
        return {str(key): str(value) for key, value in written.items()}
    values = {}
    words = _words(written) if isinstance(written, str) else written if isinstance(written, list) else []
    for word in map(str, words):
        key, _, value = word.partition("=")
        if key == "ParameterKey":  # `ParameterKey=A,ParameterValue=1`, as the AWS CLI writes it
            key, _, value = value.partition(",ParameterValue=")
        values[key] = value
    return values


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def pseudo(stack: str, values: Mapping[str, str]) -> dict[str, Any]:
    """The pseudo parameters: DESIGN's stand-ins, unless they are given."""
    region = values.get("AWS::Region", "us-east-1")
    partition = values.get("AWS::Partition") or _partition(region)
    account, stack = values.get("AWS::AccountId", "123456789012"), values.get("AWS::StackName", stack)
    return {
        "AWS::AccountId": account,
        "AWS::Region": region,
        "AWS::Partition": partition,
        "AWS::StackName": stack,
        "AWS::StackId": f"arn:{partition}:cloudformation:{region}:{account}:stack/{stack}/00000000",
        "AWS::URLSuffix": values.get("AWS::URLSuffix") or SUFFIXES.get(partition, "amazonaws.com"),
        "AWS::NotificationARNs": [],
    }


def _partition(region: str) -> str:
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}
    return next((partition for prefix, partition in prefixes.items() if region.startswith(prefix)), "aws")


def known(document: Document, values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The parameters with a value, and for each of the others why it has none."""
    has: dict[str, Any] = {}
    lacks: dict[str, str] = {}
    for name, written in _declared(document).items():
        kind = str(written.get("Type", "String"))
        value = values.get(name, written.get("Default"))
        if value is None:
            lacks[name] = f"the parameter `{name}` has no value: give `--parameter {name}=…`"
        elif "SSM::Parameter::Value" in kind:
            lacks[name] = f"the parameter `{name}` is read from SSM (`{value}`) when the template is deployed"
        else:
            has[name] = _typed(kind, value)
    return has, lacks


def _typed(kind: str, value: Any) -> Any:
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        items = value if isinstance(value, list) else str(value).split(",")
        return [str(item).strip() for item in items]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def _declared(document: Document) -> dict[str, dict[str, Any]]:
    written = document.body.get("Parameters")
    if not isinstance(written, dict):
        return {}
    return {name: each if isinstance(each, dict) else {} for name, each in written.items()}


def check(documents: Iterable[Document], values: Mapping[str, str]) -> None:
    """Refuse values that no template takes.

    Raises
    ------
    SourceError : no template declares the parameter, or its AllowedValues leave the value out
    """
    declared: dict[str, dict[str, Any]] = {}
    for document in documents:
        declared |= _declared(document)
    for name, value in values.items():
        if name.startswith("AWS::"):
            continue
        if name not in declared:
            raise SourceError(f"no template declares the parameter `{name}`")
        allowed = declared[name].get("AllowedValues")
        if isinstance(allowed, list) and allowed and value not in map(_plain, allowed):
            raise SourceError(f"parameter {name}: `{value}` is not one of {', '.join(map(_plain, allowed))}")


def _plain(value: Any) -> str:
    return str(_typed("String", value))


@dataclass(frozen=True, slots=True)
class Variants:
    """What to assign to the parameters in `names`, so that every outcome is seen; one at least, maybe of nothing."""

    names: frozenset[str]
    assigned: tuple[Values, ...]
    gaps: tuple[Gap, ...] = ()


def takes(document: Document, values: Mapping[str, str]) -> bool:
    """Is any parameter of the template given?"""
    return bool(_declared(document).keys() & values.keys())


def variants(document: Document, lacking: Iterable[str], relevant: Iterable[Any]) -> Variants:
    """The outcomes of conditions that ask for parameters without a value.

    `relevant` are the resources that bear on functions.
    """
    conditions = document.body.get("Conditions")
    if not isinstance(conditions, dict):
        return Variants(frozenset(), ({},))
    used = {name for resource in relevant for name in _named(resource, conditions)}
    asked: dict[str, set[str]] = {}
    for name in used:
        for parameter, literal in _comparisons(conditions[name]):
            if parameter in set(lacking):
                asked.setdefault(parameter, set()).add(literal)
    choices = {name: _choices(document, name, literals) for name, literals in sorted(asked.items())}
    combined = list(itertools.islice(itertools.product(*choices.values()), MOST + 1))
    if len(combined) > MOST:
        names = ", ".join(f"`{name}`" for name in choices)
        why = f"the conditions on {names} have more than {MOST} outcomes, one is judged: give the parameters"
        return Variants(frozenset(choices), ({},), (Gap("conditions", why, document.name),))
    assigned = [
        {name: value for name, value in zip(choices, each, strict=True) if value is not OTHER} for each in combined
    ]
    return Variants(frozenset(choices), tuple(assigned))


def _choices(document: Document, name: str, literals: set[str]) -> list[str | None]:
    allowed = _declared(document)[name].get("AllowedValues")
    if not isinstance(allowed, list) or not allowed:
        return [*sorted(literals), OTHER]
    plain = [_plain(value) for value in allowed]
    asked: list[str | None] = [value for value in plain if value in literals]
    return asked if len(asked) == len(plain) else [*asked, OTHER]


def _named(node: Any, conditions: Mapping[str, Any]) -> Iterator[str]:
    """The conditions that a value asks for, and those that these ask for."""
    if isinstance(node, dict):
        for key, value in node.items():
            name = value[0] if key == "Fn::If" and isinstance(value, list) and value else value
            if key in ("Fn::If", "Condition") and isinstance(name, str) and name in conditions:
                yield name
                yield from _named(conditions[name], {each: conditions[each] for each in conditions if each != name})
            yield from _named(value, conditions)
    elif isinstance(node, list):
        for each in node:
            yield from _named(each, conditions)


def _comparisons(node: Any) -> Iterator[tuple[str, str]]:
    """(parameter, text) of each `Fn::Equals` between a parameter and a text."""
    if isinstance(node, list):
        for each in node:
            yield from _comparisons(each)
    if not isinstance(node, dict):
        return
    pair = node.get("Fn::Equals")
    if isinstance(pair, list) and len(pair) == 2:
        for one, other in (pair, pair[::-1]):
            if isinstance(one, dict) and isinstance(one.get("Ref"), str) and not isinstance(other, dict | list):
                yield one["Ref"], _plain(other)
    for value in node.values():
        yield from _comparisons(value)
