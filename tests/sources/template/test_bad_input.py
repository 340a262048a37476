"""Templates that nobody should write: one clear line, or a gap, and never a crash."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall import engine
from rolecall.model import Account
from rolecall.sources import SourceError, template
from rolecall.sources.template import document
from rolecall.sources.template.code import PROJECT

TEMPLATES = Path(__file__).parent / "templates"
FUNCTION = "{Type: AWS::Lambda::Function, Properties: {Role: 'arn:aws:iam::123456789012:role/r'}}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str | bytes, **more: Any) -> Account:
    """The Account of a template that stands in the current folder."""
    path = Path("shop.yaml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return template.read([path], **more)[0]


def whys(account: Account) -> list[str]:
    return [gap.why for gap in account.all_gaps()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "shop.yaml: not a template: it is empty"),
        ("just text", "shop.yaml: not a template: it is no object"),
        ("A: 1", "shop.yaml: not a template: it has no `Resources`"),
        ("Resources: []", "shop.yaml: not a template: it has no `Resources`"),
        ("A:\n  - b\n c: d", "shop.yaml:3:2: not YAML: did not find expected key"),
        ("A: 'open", "shop.yaml:1:9: not YAML: found unexpected end of stream"),
        ('{"Resources": {"A": {}', "shop.yaml:2:1: not YAML: did not find expected ',' or '}'"),
        ("A: *nothing", "shop.yaml:1:4: not YAML: found undefined alias"),
        (b"Resources: \xff", "shop.yaml: not text: byte 12 is no UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00", "shop.yaml: not YAML: "),
        ("Resources: &a\n  A: *a", "shop.yaml:"),
        ("[" * 5000, "shop.yaml"),
        ("A: " + "x" * 1_048_576, "shop.yaml: longer than 1 MB, which is the most that CloudFormation takes"),
    ],
)
def test_what_is_no_template_gets_one_line_with_where_and_what(text: str | bytes, message: str, here: Path) -> None:
    with pytest.raises(SourceError) as error:
        read(text)

    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_directory_is_refused(here: Path) -> None:
    (here / "shop").mkdir()

    with pytest.raises(SourceError, match="shop: is a directory: give the template in it"):
        template.read([Path("shop")])


def test_aliases_that_grow_without_bound_are_refused(here: Path) -> None:
    laughs = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))

    with pytest.raises(SourceError, match=r"shop.yaml:\d+: more than 500,000 values: are its aliases meant\?"):
        read(f"a0: &a0 x\n{laughs}\nResources: {{A: {FUNCTION}}}")


def test_a_template_as_long_as_cloudformation_takes_is_read(here: Path) -> None:
    head = f"Resources:\n  A: {FUNCTION}\n"
    account = read(head + "#" * (document.LONGEST - len(head)))

    assert [function.id for function in account.functions] == ["A"]


def test_a_key_that_stands_twice_is_a_gap_with_its_line(here: Path) -> None:
    account = read(f"Resources:\n  A: {FUNCTION}\n  A: {FUNCTION}\n")

    assert "shop.yaml:3: `A` stands twice, the last one counts" in whys(account)


@pytest.mark.parametrize(
    ("role", "why"),
    [
        ("!Ref Nothing", "`Nothing` is neither a parameter nor a resource of the template"),
        ("!GetAtt Nothing.Arn", "`Nothing` is no resource of the template"),
        ("!Sub '${Nothing}'", "`Nothing` is neither a parameter nor a resource of the template"),
        ("!Telephone x", "`Fn::Telephone` is not an intrinsic function that is modelled"),
        ("!Join [x]", "`Fn::Join` has arguments that CloudFormation refuses"),
        ("!Select [7, [a]]", "`Fn::Select` has arguments that CloudFormation refuses"),
        ("!FindInMap [A, b, c]", "the mapping `A` has no such key"),
        ("!ImportValue other", "the export `other` is in no template that was given"),
        ("'{{resolve:ssm:/role}}'", "`{{resolve:ssm:/role}}` is read when the template is deployed"),
    ],
)
def test_what_a_role_refers_to_in_vain_is_a_gap_on_its_function(role: str, why: str, here: Path) -> None:
    account = read(f"Resources:\n  A:\n    Type: AWS::Lambda::Function\n    Properties: {{Role: {role}}}\n")

    assert why in whys(account)
    assert [gap.subject for gap in account.functions[0].gaps if gap.why == why] == ["A"]


def test_names_that_refer_to_each_other_are_a_gap(here: Path) -> None:
    account = read(
        "Resources:\n"
        "  A: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Ref B, Role: !Ref A}}\n"
        "  B: {Type: AWS::SNS::Topic, Properties: {TopicName: !GetAtt A.Arn}}\n"
    )

    assert any("refers to itself" in why for why in whys(account))


def test_unknown_types_are_no_obstacle(here: Path) -> None:
    account = read(f"Resources:\n  A: {FUNCTION}\n  B: {{Type: AWS::Future::Thing, Properties: {{X: !Ref A}}}}\n")

    assert [function.id for function in account.functions] == ["A"]


@pytest.mark.parametrize(
    "resources",
    [
        f"{{Fn::Transform: {{Name: M}}, A: {FUNCTION}}}",
        "{Fn::Transform: {Name: M}}",
        "{A: {Type: AWS::Lambda::Function, Properties: {Fn::Transform: {Name: M}}}}",
        "{A: {Type: AWS::Lambda::Function, Properties: {Role: r, Fn::Transform: {Name: M}}}}",
    ],
)
def test_a_macro_that_changes_what_stands_around_it_is_a_gap(resources: str, here: Path) -> None:
    assert "the macro `M` changes the template when it is deployed" in whys(read(f"Resources: {resources}"))


def test_what_sam_refuses_of_one_function_is_no_refusal_of_another(here: Path) -> None:
    one = "Type: AWS::Serverless::Function, Properties: {InlineCode: x, Runtime: python3.13, Handler: a.b"
    events = "Events: {Own: {Type: SQS, Properties: {}}}"
    account = read(f"Transform: AWS::Serverless-2016-10-31\nResources:\n  A: {{{one}, {events}}}}}\n  B: {{{one}}}}}\n")

    assert [gap.subject for gap in account.all_gaps() if gap.why.startswith("SAM refuses")] == ["A"]


def test_a_condition_that_is_not_declared_is_a_gap_and_its_function_stays(here: Path) -> None:
    account = read(f"Resources:\n  A: {FUNCTION[:-1]}, Condition: IsProd}}\n")

    assert [function.id for function in account.functions] == ["A"]
    assert "the condition `IsProd` is not declared, it was taken for true" in whys(account)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("absent", "`absent` does not exist"),
        ("../../etc", f"`../../etc` leaves {PROJECT}: not read; run it in a folder that holds both"),
    ],
)
def test_code_that_is_not_there_or_leaves_the_project_is_a_gap(uri: str, why: str, here: Path) -> None:
    text = "Transform: AWS::Serverless-2016-10-31\nResources:\n  A:\n    Type: AWS::Serverless::Function\n"
    account = read(f"{text}    Properties: {{Runtime: python3.13, Handler: a.b, CodeUri: {uri}}}\n")

    assert whys(account) == [why]


def test_a_parameter_that_no_template_declares_is_refused(here: Path) -> None:
    with pytest.raises(SourceError, match="no template declares the parameter `Stage`"):
        read(f"Resources: {{A: {FUNCTION}}}", values={"Stage": "prod"})


def test_a_value_that_a_parameter_does_not_allow_is_refused(here: Path) -> None:
    text = f"Parameters: {{Stage: {{Type: String, AllowedValues: [dev, prod]}}}}\nResources: {{A: {FUNCTION}}}"

    with pytest.raises(SourceError, match="parameter Stage: `test` is not one of dev, prod"):
        read(text, values={"Stage": "test"})


def test_a_samconfig_that_is_broken_is_refused(here: Path) -> None:
    Path("samconfig.toml").write_text("[default\n")

    with pytest.raises(SourceError, match=r"^samconfig\.toml: "):
        read(f"Resources: {{A: {FUNCTION}}}")


JUNK: tuple[Any, ...] = (None, [], {}, "", "x", 3, True, [None], {"Ref": None}, {"Ref": "A"}, {"Fn::GetAtt": "x"},
                         {"Fn::Sub": [1]}, {"Fn::If": ["IsProd"]}, {"a": None}, {"Fn::Join": ["", {"Ref": "X"}]},
                         "{{resolve:ssm:x}}", {"Fn::Transform": {"Name": "M"}})  # fmt: skip
BODIES = [json.loads(json.dumps(document.read(path).body)) for path in sorted(TEMPLATES.glob("*.*")) if path.is_file()]


def spots(node: Any) -> list[tuple[Any, Any]]:
    """(container, key) of everything in a value."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [spot for key in keys for spot in spots(node[key])]


@settings(max_examples=150, deadline=None)
@given(body=st.sampled_from(BODIES), seed=st.integers(0, 2**32), changes=st.integers(1, 4))
def test_no_template_crashes_however_wrong_its_values_are(body: Any, seed: int, changes: int) -> None:
    body, chance = json.loads(json.dumps(body)), random.Random(seed)
    for _ in range(changes):
        container, key = chance.choice(spots(body))
        container[key] = json.loads(json.dumps(chance.choice(JUNK)))
    path = TEMPLATES / "broken.json"
    try:
        written = document.parse(json.dumps(body), path)
    except SourceError:
        return

    for account in template.read_documents([written], {}):
        assert not [gap for gap in engine.audit(account).gaps if "crashed" in gap.why]
