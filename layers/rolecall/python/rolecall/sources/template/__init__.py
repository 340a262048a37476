"""Templates: SAM, CloudFormation and what the CDK makes become the Account that they would be, offline."""

import itertools
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rolecall.model import Account, Gap
from rolecall.sources.code import Effort, Reader
from rolecall.sources.template import deployed, document, expand, kinds, parameters, sam
from rolecall.sources.template.code import with_calls
from rolecall.sources.template.document import Document
from rolecall.sources.template.functions import functions
from rolecall.sources.template.intrinsics import Resolver
from rolecall.sources.template.layers import layers
from rolecall.sources.template.parameters import Variants, given
from rolecall.sources.template.resources import with_resources
from rolecall.sources.template.roles import roles, users
from rolecall.sources.template.stack import Stack

MOST_SOURCE = 20_000_000
"""Bytes of source that are analysed for the templates of one audit: that of some thousand functions."""

RELEVANT = (
    "AWS::Serverless::",
    "AWS::Lambda::",
    "AWS::IAM::",
    "AWS::Events::",
    "AWS::SNS::",
    "AWS::S3::",
    "AWS::SQS::",
)


def read(
    paths: Sequence[Path],
    *,
    values: Mapping[str, str] | None = None,
    environment: str | None = None,
    code: bool = True,
) -> tuple[Account, ...]:
    """The Account of the templates of one application: one for each outcome of conditions that are left open.

    Parameters
    ----------
    paths : of the templates; what one exports, another may import
    values : of parameters and pseudo parameters
    environment : of `samconfig.toml`, which is read beside the first template
    code : whether to analyse what the code of the functions calls: not, where only their policies matter

    Raises
    ------
    SourceError : nothing can be read: a file is missing or no template, a parameter is not declared
    """
    documents = [document.read(path) for path in dict.fromkeys(paths)]
    parameters.check(documents, values or {})
    configured = parameters.configured(documents[0].path.parent, environment)
    return read_documents(documents, {**configured, **(values or {})}, code=code)


def read_documents(
    documents: Sequence[Document], values: Mapping[str, str], *, code: bool = True
) -> tuple[Account, ...]:
    """The same of templates that were parsed already."""
    variants = [_variants(each, values) for each in documents]
    if math.prod(len(each.assigned) for each in variants) > parameters.MOST:
        variants = [replace(each, assigned=({},), gaps=(*each.gaps, _unvaried(each))) for each in variants]
    combined = itertools.product(*(each.assigned for each in variants))
    read = [_stacks(documents, values, assigned, variants) for assigned in combined]
    reader = Reader(Effort(source=MOST_SOURCE)) if code else None
    accounts = [_account(stacks, variants, reader) for stacks in read]
    if not any(parameters.takes(each, values) for each in documents):
        accounts += _otherwise(documents, values, variants, read, reader)
    return tuple(accounts)


def _otherwise(
    documents: Sequence[Document],
    values: Mapping[str, str],
    variants: Sequence[Variants],
    read: list[list[Stack]],
    reader: Reader | None,
) -> list[Account]:
    """The Account of those functions that no variant makes, as they are with other values than the defaults."""
    absent = {name for stacks in read for stack in stacks for name in stack.unmade()}
    absent -= {name for stacks in read for stack in stacks for name in stack.made()}
    if not absent:
        return []
    forced = {stack.condition(name) for stacks in read for stack in stacks for name in absent & set(stack.unmade())}
    stacks = _stacks(documents, values, [each.assigned[0] for each in variants], variants, forced=forced)
    account = _account(stacks, variants, reader)
    functions = tuple(function for function in account.functions if function.id in absent)
    used = {function.role for function in functions}
    # Functions of opposite conditions are never there together, so they share nothing.
    beside = absent | {name for stack in stacks for name in stack.unconditional()}
    kept = (role for role in account.roles if role.arn in used or not role.used_by)
    shared = (replace(role, used_by=tuple(sorted(beside & {*role.used_by}))) for role in kept)
    return [replace(account, functions=functions, roles=tuple(shared))]


def _variants(written: Document, values: Mapping[str, str]) -> Variants:
    """The outcomes of those conditions of a template that bear on functions."""
    _, lacking = parameters.known(written, values)
    relevant = [each for each in written.body["Resources"].values() if _type(each).startswith(RELEVANT)]
    return parameters.variants(written, lacking, relevant)


def _unvaried(variants: Variants) -> Gap:
    names = ", ".join(f"`{name}`" for name in sorted(variants.names)) or "other templates"
    why = (
        f"conditions on {names} have more than {parameters.MOST} outcomes together, one is judged: give the parameters"
    )
    return Gap("conditions", why)


def _stacks(
    documents: Sequence[Document],
    values: Mapping[str, str],
    assigned: Sequence[Mapping[str, Any]],
    variants: Sequence[Variants],
    *,
    forced: Collection[str] = (),
) -> list[Stack]:
    exports: dict[str, Callable[[], str | None]] = {}
    return _told_apart(
        [
            _stack(each, name, values, exports, assigned=own, varied=variant.names, forced=forced)
            for each, name, own, variant in zip(documents, _stack_names(documents), assigned, variants, strict=True)
        ]
    )


def _account(stacks: Sequence[Stack], variants: Sequence[Variants], reader: Reader | None) -> Account:
    read, unknown, strays = functions(stacks)
    running: dict[str, tuple[str, ...]] = {}
    for function in read:
        if function.role:
            running[function.role] = tuple(sorted({*running.get(function.role, ()), function.id}))
    made, missing = roles(stacks, running)
    pseudo = stacks[0].resolver.values
    gaps = [gap for each in variants for gap in each.gaps] + [gap for each in stacks for gap in each.general_gaps()]
    account = Account(
        id=pseudo["AWS::AccountId"],
        region=pseudo["AWS::Region"],
        source=", ".join(stack.file for stack in stacks),
        partition=pseudo["AWS::Partition"],
        functions=read,
        roles=made,
        users=users(stacks),
        resources=tuple(layer for stack in stacks for layer in layers(stack)),
        strays=strays,
        names=tuple(name for stack in stacks for name in stack.names()),
        deployed=tuple(text for stack in stacks for text in deployed.texts(stack)),
        loops=tuple(loop for stack in stacks for loop in deployed.loops(stack, running)),
        gaps=tuple(dict.fromkeys([*gaps, *unknown, *missing])),
    )
    called = with_calls(account, stacks, reader) if reader else account
    return with_resources(called, stacks, code=reader is not None)


def _stack(
    written: Document,
    name: str,
    values: Mapping[str, Any],
    exports: dict[str, Callable[[], str | None]],
    *,
    assigned: Mapping[str, Any],
    varied: Collection[str],
    forced: Collection[str],
) -> Stack:
    has, lacking = parameters.known(written, values)
    known = {**has, **parameters.pseudo(name, values), **assigned}
    body, gaps = expand.expand(written, known)
    made = sam.transform(body, known) if sam.is_used(body) else sam.Transformed(body, {}, {})
    resolver = Resolver(
        written.name,
        made.body,
        known,
        exports=lambda name: _exported(exports, name),
        unknown=lacking,
        varied=varied,
        forced=forced,
    )
    resolver.limits |= {name for name, why in lacking.items() if "SSM" in why}
    for output in _outputs(made.body):
        export = resolver.text(output["Export"].get("Name")) if isinstance(output.get("Export"), dict) else None
        if export:
            exports[export] = partial(resolver.text, output.get("Value"))
    document = replace(written, body=body, gaps=(*written.gaps, *gaps))
    stack = Stack(document, resolver, made.origins, made.refused)
    return replace(stack, wrong=tuple(kinds.wrong(stack)))


def _outputs(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    outputs = body.get("Outputs")
    return [each for each in outputs.values() if isinstance(each, dict)] if isinstance(outputs, dict) else []


def _exported(exports: Mapping[str, Callable[[], str | None]], name: str) -> str | None:
    return exports[name]() if name in exports else None


def _stack_names(documents: Sequence[Document]) -> list[str]:
    """The file's name, or the folder's for `template.yaml`; a number behind it where another stack has it too."""
    names: list[str] = []
    for each in documents:
        plain = each.path.name.split(".")[0]
        name = each.path.resolve().parent.name if plain == "template" else plain
        names.append(f"{name}-{names.count(name) + 1}" if name in names else name or "stack")
    return names


def _told_apart(stacks: list[Stack]) -> list[Stack]:
    """Stacks whose ids lead to one resource each: where two have the same, the stack's name stands before it."""
    ids = [name for stack in stacks for name in _functions(stack)]
    twice = {name for name in ids if ids.count(name) > 1}
    return [
        replace(stack, prefix=f"{stack.resolver.values['AWS::StackName']}/")
        if twice & set(_functions(stack))
        else stack
        for stack in stacks
    ]


def _functions(stack: Stack) -> list[str]:
    return [name for name, each in stack.resolver.resources.items() if _type(each) == "AWS::Lambda::Function"]


def _type(resource: Any) -> str:
    return str(resource.get("Type", "")) if isinstance(resource, dict) else ""


__all__ = ["given", "read", "read_documents"]
