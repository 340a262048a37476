"""Functions of a template: configuration, code, resource policies, triggers, and every served qualifier."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from rolecall.iam.arn import service_of_arn
from rolecall.iam.policy import Kind, Policy
from rolecall.iam.statement import is_unresolved
from rolecall.model import MAPPINGS, Function, Gap, Settings, Target, Trigger
from rolecall.sources.mapped import uses
from rolecall.sources.template.code import REFUSED, code_of
from rolecall.sources.template.lines import lines
from rolecall.sources.template.roles import tags
from rolecall.sources.template.stack import Stack
from rolecall.sources.template.wiring import pushed
from rolecall.triggers import polled

# A function and its qualifier (None: the unqualified one).
Served = tuple[str, str | None]
QUALIFIED = re.compile(r"^(arn:[\w-]+:lambda:[^:]*:[^:]*:function:[^:]+)(?::(.+))?$")
VENDORS = (".amazonaws.com", ".amazonaws.com.cn", ".amazon.com")
# Property of AWS::Lambda::Permission -> (operator, condition key); AddPermission writes SourceArn as ArnLike.
CONDITIONS = {
    "SourceArn": ("ArnLike", "aws:SourceArn"),
    "SourceAccount": ("StringEquals", "aws:SourceAccount"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


def functions(
    stacks: Iterable[Stack],
) -> tuple[tuple[Function, ...], tuple[Gap, ...], tuple[tuple[str, Trigger], ...]]:
    """Every function of the templates, once for each served qualifier.

    With gaps for what is about an unknown one, and the triggers that name a function (ARN) which is not in them.
    """
    stacks = tuple(stacks)
    wired = _Wired()
    for stack in stacks:
        wired.read(stack)
    made: list[Function] = []
    for stack in stacks:
        for logical_id, properties in stack.of("AWS::Lambda::Function"):
            made += _served(stack, logical_id, properties, wired)
    there = {each.arn for each in made}
    strays = [(arn, trigger) for (arn, _), found in wired.triggers.items() if arn not in there for trigger in found]
    in_order = tuple(sorted(made, key=lambda each: (each.id, each.qualifier or "")))
    return in_order, tuple(wired.gaps), tuple(sorted(strays, key=lambda each: (each[0], each[1].source)))


class _Wired:
    """What other resources say of functions, by the function's ARN and qualifier."""

    def __init__(self) -> None:
        self.statements: dict[Served, list[tuple[Stack, str, dict[str, Any]]]] = defaultdict(list)
        self.writers: dict[Served, list[tuple[str, str]]] = defaultdict(list)
        self.triggers: dict[Served, list[Trigger]] = defaultdict(list)
        self.targets: dict[Served, list[Target]] = defaultdict(list)
        self.urls: dict[Served, str] = {}
        self.edges: dict[Served, list[str]] = defaultdict(list)
        self.qualifiers: dict[str, set[str]] = defaultdict(set)
        self.of_function: dict[str, list[Gap]] = defaultdict(list)
        self.gaps: list[Gap] = []

    def read(self, stack: Stack) -> None:
        self._permissions(stack)
        self._mappings(stack)
        self._invoke_configs(stack)
        for logical_id, properties in stack.of("AWS::Lambda::Alias"):
            if served := self._named(stack, logical_id, properties.get("FunctionName")):
                self.qualifiers[served[0]].add(str(properties.get("Name")))
        for logical_id, properties in stack.of("AWS::Lambda::Url"):
            named = self._named(stack, logical_id, properties.get("TargetFunctionArn"), properties.get("Qualifier"))
            if named:
                self.urls[named] = str(properties.get("AuthType"))
        for logical_id, properties in stack.of("AWS::CloudFront::Distribution"):
            for arn in _associated(properties):
                if served := self._named(stack, logical_id, arn):
                    self.edges[served].append(logical_id)
        for arn, trigger in pushed(stack):
            if served := self._named(stack, str(trigger.id), arn):
                self.triggers[served].append(trigger)

    def _named(self, stack: Stack, logical_id: str, node: Any, qualifier: Any = None) -> Served | None:
        """The function that a property names; one that is not known is a gap."""
        text = stack.resolver.function_arn(node)
        found = QUALIFIED.match(text)
        if found is None:
            self.gaps += stack.gaps(f"the function of `{logical_id}`", None, text)
            return None
        named = qualifier or found.group(2)
        plain = None if named in (None, "$LATEST") else str(named)
        if plain:
            self.qualifiers[found.group(1)].add(plain)
        return found.group(1), plain

    def _permissions(self, stack: Stack) -> None:
        for logical_id, properties in stack.of("AWS::Lambda::Permission"):
            served = self._named(stack, logical_id, properties.get("FunctionName"))
            if served:
                self.writers[served].append(("AWS::Lambda::Permission", logical_id))
                self.statements[served].append((stack, logical_id, _statement(logical_id, properties, served)))
        for logical_id, properties in stack.of("AWS::Lambda::ResourcePolicy"):
            arn = properties.get("ResourceArn", properties.get("FunctionName"))
            served = self._named(stack, logical_id, arn, properties.get("Qualifier"))
            if served:
                self.writers[served].append(("AWS::Lambda::ResourcePolicy", logical_id))
            document = properties.get("Policy", properties.get("PolicyDocument"))
            statements = document.get("Statement") if isinstance(document, dict) else None
            for each in statements if isinstance(statements, list) else [statements]:
                if served and isinstance(each, dict):
                    self.statements[served].append((stack, logical_id, each))

    def _mappings(self, stack: Stack) -> None:
        for logical_id, properties in stack.of("AWS::Lambda::EventSourceMapping"):
            served = self._named(stack, logical_id, properties.get("FunctionName"))
            if served is None:
                continue
            source = str(properties.get("EventSourceArn") or "self-managed")
            place = stack.place(logical_id)
            state = "Disabled" if str(properties.get("Enabled", True)).lower() == "false" else "Enabled"
            failure = _at(properties, "DestinationConfig", "OnFailure", "Destination")
            if failure:
                self.targets[served].append(Target("failure", str(failure)))
            if kind := polled(source):
                needed, patterns = tuple(uses(properties)), _patterns(properties)
                trigger = Trigger(kind, source, logical_id, state, filter=patterns, uses=needed, place=place)
                self.triggers[served].append(trigger)
            else:
                self.of_function[served[0]] += _unpolled(stack, source)

    def _invoke_configs(self, stack: Stack) -> None:
        for logical_id, properties in stack.of("AWS::Lambda::EventInvokeConfig"):
            served = self._named(stack, logical_id, properties.get("FunctionName"), properties.get("Qualifier"))
            for on in ("OnFailure", "OnSuccess"):
                target = _at(properties, "DestinationConfig", on, "Destination")
                if served and target:
                    self.targets[served].append(Target(on.removeprefix("On").lower(), str(target)))


def _patterns(properties: Mapping[str, Any]) -> str | None:
    """The filter criteria of a mapping, as JSON text."""
    filters = _items(_at(properties, "FilterCriteria", "Filters"))
    return json.dumps(sorted(str(_at(each, "Pattern")) for each in filters)) if filters else None


def _associated(properties: Mapping[str, Any]) -> Iterator[Any]:
    """The versions of functions that a distribution runs at the edge."""
    behaviors = [_at(properties, "DistributionConfig", "DefaultCacheBehavior")]
    behaviors += _items(_at(properties, "DistributionConfig", "CacheBehaviors"))
    for behavior in behaviors:
        for each in _items(_at(behavior, "LambdaFunctionAssociations")):
            yield _at(each, "LambdaFunctionARN")


def _unpolled(stack: Stack, source: str) -> Iterator[Gap]:
    """Why it is not said what the role needs to poll a source."""
    if is_unresolved(source):
        yield from stack.gaps(MAPPINGS, None, source)
        return
    service = service_of_arn(source) or source
    yield Gap(MAPPINGS, f"what a role needs to poll `{service}` is not modelled", None, None, mendable=False)


def _statement(logical_id: str, properties: Mapping[str, Any], served: Served) -> dict[str, Any]:
    """The statement that AddPermission appends for an AWS::Lambda::Permission."""
    principal = str(properties.get("Principal"))
    conditions: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, (operator, key) in CONDITIONS.items():
        if properties.get(name) is not None:
            conditions[operator][key] = properties[name]
    who: Any = principal if principal == "*" else {"Service" if principal.endswith(VENDORS) else "AWS": principal}
    return {
        "Sid": logical_id,
        "Effect": "Allow",
        "Principal": who,
        "Action": properties.get("Action"),
        "Resource": ":".join(part for part in served if part),
        **({"Condition": dict(conditions)} if conditions else {}),
    }


def _served(stack: Stack, logical_id: str, properties: Mapping[str, Any], wired: _Wired) -> Iterator[Function]:
    """The function itself, and each qualifier of it that something names."""
    resolver, gaps = stack.resolver, list[Gap]()
    arn, subject = resolver.arn_of(logical_id), stack.id(logical_id)
    gaps += [replace(gap, subject=subject) for gap in wired.of_function.get(arn, ())]
    is_told = stack.is_wrong(logical_id) or stack.is_wrong(None)
    if logical_id in stack.refused and not is_told:
        gaps.append(Gap(REFUSED, stack.refused[logical_id], stack.file, subject))
    role = str(properties.get("Role") or "")
    if not role and logical_id not in stack.refused and not is_told:
        gaps.append(Gap("role", "the function names no role", stack.file, subject))
    if role not in {resolver.arn_of(name) for name, _ in stack.of("AWS::IAM::Role")}:
        gaps += stack.gaps("role", subject, role)  # One of the template is known, whatever it will be called.
    plain = Function(
        id=subject,
        name=resolver.name_of(logical_id),
        arn=arn,
        role=role,
        runtime=None if properties.get("Runtime") is None else str(properties["Runtime"]),
        settings=_settings(properties, resolver.resources[logical_id].get("Properties")),
        code=code_of(stack, logical_id, properties, gaps),
        tags=tags(properties.get("Tags")),
        place=stack.place(logical_id),
        lines=lines(stack, logical_id),
    )
    for qualifier in (None, *sorted(wired.qualifiers.get(arn, ()))):
        served = (arn, qualifier)
        own = gaps if qualifier is None else list[Gap]()
        yield replace(
            plain,
            qualifier=qualifier,
            resource_policy=_policy(wired.statements.get(served, []), subject, own),
            writers=tuple(sorted(wired.writers.get(served, ()))),
            triggers=tuple(sorted(wired.triggers.get(served, ()), key=lambda each: (each.source, each.id or ""))),
            settings=_also(plain.settings, served, wired),
            gaps=tuple(dict.fromkeys(own)),
        )


def _policy(statements: list[tuple[Stack, str, dict[str, Any]]], subject: str, gaps: list[Gap]) -> Policy | None:
    """The resource policy that these statements make together."""
    parsed: list[Policy] = []
    for stack, logical_id, statement in statements:
        document = {"Version": "2012-10-17", "Statement": [statement]}
        policy = stack.policy(logical_id, document, name="resource", kind=Kind.RESOURCE, subject=subject, gaps=gaps)
        parsed += [policy] if policy else []
    whole = tuple(
        replace(statement, index=index)
        for index, statement in enumerate(each for policy in parsed for each in policy.statements)
    )
    return Policy("resource", Kind.RESOURCE, "2012-10-17", whole) if whole else None


def _settings(properties: Mapping[str, Any], written: Any) -> Settings:
    dead = _at(properties, "DeadLetterConfig", "TargetArn")
    return Settings(
        handler=_text(properties.get("Handler")),
        log_group=_text(_at(properties, "LoggingConfig", "LogGroup")),
        tracing=_at(properties, "TracingConfig", "Mode") == "Active",
        subnets=_texts(_at(properties, "VpcConfig", "SubnetIds")),
        targets=(Target("dead-letter", str(dead)),) if dead else (),
        key=_text(properties.get("KmsKeyArn")),
        layers=_texts(properties.get("Layers")),
        file_systems=tuple(_text(_at(each, "Arn")) or "" for each in _items(properties.get("FileSystemConfigs"))),
        durable=properties.get("DurableConfig") is not None,
        code_key=_text(_at(properties, "Code", "SourceKMSKeyArn")),
        environment=_variables(_at(properties, "Environment", "Variables"), _at(written, "Environment", "Variables")),
        others=(("recursive-loop", "Allow"),) if properties.get("RecursiveLoop") == "Allow" else (),
    )


def _also(settings: Settings, served: Served, wired: _Wired) -> Settings:
    """The configuration with what other resources say of this qualifier."""
    return replace(
        settings,
        targets=(*settings.targets, *wired.targets.get(served, ())),
        url_auth=wired.urls.get(served),
        others=(*settings.others, *(("edge", name) for name in wired.edges.get(served, ()))),
    )


def _variables(value: Any, written: Any) -> tuple[tuple[str, str], ...]:
    """Variables with their values; one that a condition leaves out (`AWS::NoValue`) is set to nothing."""
    if not isinstance(value, dict):
        return ()
    names = written if isinstance(written, dict) else ()
    left_out = {name: "" for name in names if not name.startswith("Fn::") and name != "Ref"}
    return tuple(sorted((str(name), str(each)) for name, each in (left_out | value).items()))


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else () if value is None else (str(value),)
