"""What of a template is of a wrong kind is a gap with its line: it is never read as if it were not there."""

import copy
import functools
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall import engine
from rolecall.model import Account, Gap
from rolecall.sources import template
from rolecall.sources.template import document
from rolecall.sources.template.kinds import Kind, kind_of
from rolecall.sources.template.properties import PROPERTIES
from rolecall.sources.template.references import SHAPES
from rolecall.sources.template.wiring import WIRES

TEMPLATES = Path(__file__).parent / "templates"
SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.13
      InlineCode: "def handler(event, context): pass"
      {}
"""
PLAIN = """\
Resources:
  A:
    Type: {}
    Properties:
      {}
"""


def read(text: str) -> Account:
    (account,) = template.read_documents([document.parse(text, Path("shop.yaml"))], {})
    return account


def whys(text: str) -> list[str]:
    """Of every gap that says that something is of a wrong kind, and of what SAM refuses."""
    found = [gap.why for gap in dict.fromkeys(read(text).all_gaps())]
    return [why for why in found if why.startswith(("shop.yaml:", "SAM refuses"))]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("Layers: x", "`Layers` of `A` is text, not a list"),
        ("Layers: [{}]", "`Layers[0]` of `A` is an object, not text"),
        ("Environment: 3", "`Environment` of `A` is a number, not an object"),
        ("Environment: {Variables: [a]}", "`Environment.Variables` of `A` is a list, not an object"),
        ("Environment: {Variables: {TABLE: [a]}}", "`Environment.Variables.TABLE` of `A` is a list, not text"),
        ("Environment: {Variables: {TABLE: }}", "`Environment.Variables.TABLE` of `A` is null, not text"),
        ("Policies: 5", "`Policies` of `A` is a number, not text or a list or an object"),
        ("Policies: [5]", "`Policies[0]` of `A` is a number, not text or an object"),
        ("Policies: [{Statement: x}]", "`Policies[0].Statement` of `A` is text, not a list or an object"),
        ("Events: []", "`Events` of `A` is a list, not an object"),
        ("Events: {Daily: x}", "`Events.Daily` of `A` is text, not an object"),
        ("VpcConfig: a", "`VpcConfig` of `A` is text, not an object"),
        ("VpcConfig: {SubnetIds: a}", "`VpcConfig.SubnetIds` of `A` is text, not a list"),
        ("DeadLetterQueue: true", "`DeadLetterQueue` of `A` is a truth value, not an object"),
        ("Tags: []", "`Tags` of `A` is a list, not an object"),
        ("Timeout: ", "`Timeout` of `A` is null, not a value"),
    ],
)
def test_a_property_of_sam_of_a_wrong_kind_is_told_once_with_its_line(written: str, why: str) -> None:
    assert whys(SAM.format(written)) == [f"shop.yaml:9: {why}"]


@pytest.mark.parametrize(
    ("kind", "written", "why"),
    [
        ("AWS::Lambda::Function", "Layers: !Ref A", "`Layers` of `A` is text, not a list"),
        ("AWS::Lambda::Function", "Layers: !Sub x", "`Layers` of `A` is text, not a list"),
        ("AWS::Lambda::Function", "Tags: {a: b}", "`Tags` of `A` is an object, not a list"),
        ("AWS::Lambda::Function", "DeadLetterConfig: x", "`DeadLetterConfig` of `A` is text, not an object"),
        ("AWS::Lambda::Function", "VpcConfig: !If [Nope, x, {}]", "`VpcConfig` of `A` is text, not an object"),
        ("AWS::IAM::Role", "Policies: {}", "`Policies` of `A` is an object, not a list"),
        ("AWS::IAM::Role", "ManagedPolicyArns: x", "`ManagedPolicyArns` of `A` is text, not a list"),
        ("AWS::IAM::Policy", "Roles: x", "`Roles` of `A` is text, not a list"),
        ("AWS::Lambda::Permission", "Principal: [x]", "`Principal` of `A` is a list, not text"),
        ("AWS::Lambda::EventSourceMapping", "Enabled: maybe", "`Enabled` of `A` is text, not `true` or `false`"),
        ("AWS::Events::Rule", "Targets: {Arn: x}", "`Targets` of `A` is an object, not a list"),
        ("AWS::SNS::Topic", "Subscription: [x]", "`Subscription[0]` of `A` is text, not an object"),
        ("AWS::SQS::Queue", "RedrivePolicy: none", "`RedrivePolicy` of `A` is text, not an object or JSON"),
        ("AWS::SQS::Queue", "RedriveAllowPolicy: {sourceQueueArns: a}",
         "`RedriveAllowPolicy.sourceQueueArns` of `A` is text, not a list"),
        ("AWS::S3::Bucket", "BucketEncryption: 1", "`BucketEncryption` of `A` is a number, not an object"),
    ],
)  # fmt: skip
def test_a_property_of_cloudformation_of_a_wrong_kind_is_told_with_its_line(kind: str, written: str, why: str) -> None:
    assert f"shop.yaml:5: {why}" in whys(PLAIN.format(kind, written))


def test_a_condition_that_is_no_name_is_told() -> None:
    assert whys(f"{PLAIN.format('AWS::SQS::Queue', 'QueueName: a')}    Condition: []\n") == [
        "shop.yaml:6: `Resources.A.Condition` is a list, not text"
    ]


def test_it_is_a_finding_at_its_line_and_a_gap_of_its_function() -> None:
    report = engine.audit(read(SAM.format("Layers: x")))

    (finding,) = (each for each in report.findings if each.rule == "incomplete-audit")
    assert finding.place is not None
    assert (finding.function, finding.place.line, finding.severity.value) == ("A", 9, "medium")
    assert [gap.why for gap in report.functions[0].gaps] == ["shop.yaml:9: `Layers` of `A` is text, not a list"]


def test_of_a_role_whose_policies_are_of_a_wrong_kind_nothing_is_missed() -> None:
    report = engine.audit(read(SAM.format("Policies: 5")))

    assert [each.rule for each in report.findings] == ["incomplete-audit"]


@pytest.mark.parametrize(
    ("written", "line", "why"),
    [
        ("Statement: x", 2, 'Own, statement 1: the statement is "x", not an object'),
        ("Statement: [{Effect: Allow, Action: 's3:*', Resource: 7}]", 6,
         "Own, statement 1: Resource has 7, not a string or a list of strings"),
        ("Statement: [{Effect: Allow, Action: 's3:*', Resource: '*', Condition: []}]", 6,
         "Own, statement 1: Condition is a list, not an object of operators"),
        ("Id: [x], Statement: []", 2, "Own: Id is a list, not a string"),
    ],
)  # fmt: skip
def test_a_policy_that_is_none_is_told_at_its_statement(written: str, line: int, why: str) -> None:
    policy = f"[{{PolicyName: Own, PolicyDocument: {{Version: '2012-10-17',\n      {written}}}}}]"
    account = read(PLAIN.format("AWS::IAM::Role", f"Policies: {policy}"))

    found = [(gap.place.line, gap.why) for gap in account.all_gaps() if gap.place and gap.why.startswith("Own")]
    assert found == [(line, why)]


@pytest.mark.parametrize(
    "written",
    [
        "Layers: !Split [',', 'a,b']",
        "Layers: !Ref Names",
        "Layers: !GetAtt Other.Layers",
        "Layers: !If [Nope, [], !Ref AWS::NoValue]",
        "Environment: {Variables: {SIZE: 3, DEBUG: true, NAME: !Ref Names}}",
        "Policies: AWSLambdaBasicExecutionRole",
        "Policies: [AWSLambdaBasicExecutionRole, {SQSPollerPolicy: {QueueName: a}}]",
        "Policies: {Version: '2012-10-17', Statement: {Effect: Deny, Action: 's3:*', Resource: '*'}}",
        "Tags: {team: 7}",
    ],
)
def test_what_may_be_of_the_right_kind_is_not_told(written: str) -> None:
    assert whys(SAM.format(written)) == []


def test_every_type_that_is_read_has_a_row() -> None:
    assert {*SHAPES, *WIRES} <= PROPERTIES.keys()


SCHEMAS = Path(cfnlint.__file__).parent / "data/schemas/providers/us_east_1"
SAID = {"string": "text", "number": "text", "integer": "text", "boolean": "truth", "array": "list", "object": "object"}
# `DurableConfig` is newer than the schema; what a URL belongs to is asked for by either name.
NEWER = {"AWS::Lambda::Function.DurableConfig", "AWS::Lambda::Url.FunctionName"}
# `aws cloudformation package` takes a path.
PACKAGED = {"AWS::Lambda::Function.Code", "AWS::Lambda::LayerVersion.Content"}


def schema(name: str) -> dict[str, Any] | None:
    path = SCHEMAS / f"{name.lower().replace('::', '-')}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def differences(kind: Kind, said: Any, whole: Any, path: str) -> Iterator[str]:
    """Where a kind is not what a schema says."""
    while "$ref" in said:
        said = functools.reduce(lambda node, step: node[step], said["$ref"].removeprefix("#/").split("/"), whole)
    named = [said, *said.get("anyOf", ()), *said.get("oneOf", ())]
    types = {SAID[one] for each in named for one in several(each.get("type"))}
    allowed = {"text" if each == "json" else each for each in kind.allowed} - ({"text"} if path in PACKAGED else set())
    if types and not (types == allowed or (types == {"truth"} and allowed == {"text"})):
        yield f"{path} is {sorted(types)}, not {sorted(kind.allowed)}"
    properties = said.get("properties", {})
    for name, member in kind.members.items():
        if name in properties:
            yield from differences(member, properties[name], whole, f"{path}.{name}")
        elif properties and f"{path}.{name}" not in NEWER:
            yield f"{path}.{name} is no property"
    if kind.items and "items" in said:
        yield from differences(kind.items, said["items"], whole, f"{path}[]")


def several(types: Any) -> list[str]:
    return [types] if isinstance(types, str) else list(types or ())


def test_every_row_says_what_the_schema_of_cloudformation_says() -> None:
    known = {name: said for name in PROPERTIES if (said := schema(name))}
    found = [each for name, said in known.items() for each in differences(kind_of(*PROPERTIES[name]), said, said, name)]

    assert len(known) > 80
    assert found == []


# What policies, patterns and definitions hold are no properties: parsers of their own read them.
CONTENT = ("AssumeRolePolicyDocument", "Definition", "DefinitionSubstitutions", "EventPattern", "FilterPolicy",
           "KeyPolicy", "Metadata", "Pattern", "PolicyDocument", "Policies")  # fmt: skip
# Where a list does as well.
EITHER = ("Destination", "Events", "Trigger")
CLEAN = [document.read(path) for path in sorted(TEMPLATES.glob("*.*")) if path.is_file()]
CLEAN = [each for each in CLEAN if any(not name.startswith("Fn::") for name in each.body["Resources"])]


@cache
def accounts(index: int) -> tuple[Account, ...]:
    return template.read_documents([CLEAN[index]], {})


def gaps(of: tuple[Account, ...]) -> set[Gap]:
    return {gap for account in of for gap in account.all_gaps()}


def spots(node: Any) -> list[tuple[Any, ...]]:
    """The paths to everything in a value that is no function; not into policies and patterns."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    plain = [key for key in keys if not is_call(node[key]) and str(key)[:4] != "Fn::"]
    return [(key, *rest) for key in plain for rest in [(), *(spots(node[key]) if key not in CONTENT else ())]]


def is_call(node: Any) -> bool:
    return isinstance(node, dict) and len(node) == 1 and next(iter(node)).startswith(("Fn::", "Ref"))


def wrong(value: Any, name: Any) -> tuple[Any, ...]:
    """Values of another kind than one of a property of that name."""
    if name == "Policies":
        return (None, 5)
    if isinstance(value, dict | list):
        return (None, "x")
    return (None, {}) if name in EITHER else (None, {}, [])


@settings(max_examples=120, deadline=None)
@given(index=st.integers(0, len(CLEAN) - 1), seed=st.integers(0, 2**32))
def test_whatever_is_of_a_wrong_kind_is_not_read_at_all_or_told(index: int, seed: int) -> None:
    chance, clean = random.Random(seed), CLEAN[index]
    *path, name = chance.choice([spot for spot in spots(clean.body) if spot[0] == "Resources" and len(spot) > 1])
    body = copy.deepcopy(clean.body)
    holder: Any = body
    for step in path:
        holder = holder[step]
    holder[name] = chance.choice(wrong(holder[name], name))

    changed = template.read_documents([replace(clean, body=body)], {})
    assert changed == accounts(index) or gaps(changed) - gaps(accounts(index))
