"""Parameters: where values come from, and which outcomes of conditions are looked at."""

from pathlib import Path

import pytest

from rolecall.model import Account
from rolecall.sources import SourceError, template

HEAD = "Resources:\n  A: {Type: AWS::Lambda::Function, Properties: {FunctionName: !Sub 'f-${Stage}', Role: x}}\n"
STAGE = "Parameters:\n  Stage: {Type: String, Default: dev}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def accounts(text: str, **more: object) -> tuple[Account, ...]:
    Path("shop.yaml").write_text(text)
    return template.read([Path("shop.yaml")], **more)  # type: ignore[arg-type]


def names(text: str, **more: object) -> list[str]:
    return [function.name for account in accounts(text, **more) for function in account.functions]


def test_a_default_is_a_value() -> None:
    assert names(STAGE + HEAD) == ["f-dev"]


def test_a_given_value_wins_over_samconfig_and_samconfig_over_the_default() -> None:
    Path("samconfig.toml").write_text('[default.deploy.parameters]\nparameter_overrides = "Stage=test Other=x"\n')

    assert names(STAGE + HEAD) == ["f-test"]
    assert names(STAGE + HEAD, values={"Stage": "prod"}) == ["f-prod"]


@pytest.mark.parametrize(
    "overrides",
    ['"Stage=\\"a b\\""', '["Stage=a b"]', "\"ParameterKey=Stage,ParameterValue='a b'\"", '{Stage = "a b"}'],
)
def test_samconfig_may_write_overrides_in_every_form_of_sam(overrides: str) -> None:
    Path("samconfig.toml").write_text(f"[live.global.parameters]\nparameter_overrides = {overrides}\n")

    assert names(STAGE + HEAD, environment="live") == ["f-a b"]


def test_an_environment_that_samconfig_lacks_is_refused() -> None:
    Path("samconfig.toml").write_text("version = 0.1\n")

    with pytest.raises(SourceError, match=r"samconfig\.toml: no environment `live`"):
        accounts(STAGE + HEAD, environment="live")


def test_pseudo_parameters_have_stand_ins_that_can_be_given() -> None:
    text = "Resources:\n  A: {Type: AWS::Lambda::Function, Properties: {Role: x}}\n"

    assert accounts(text)[0].functions[0].arn == "arn:aws:lambda:us-east-1:123456789012:function:shop-A"
    given = {"AWS::Region": "cn-north-1", "AWS::AccountId": "111122223333", "AWS::StackName": "s"}
    assert accounts(text, values=given)[0].functions[0].arn == "arn:aws-cn:lambda:cn-north-1:111122223333:function:s-A"


def conditional(parameters: str, condition: str) -> str:
    return (
        f"Parameters: {parameters}\nConditions: {{C: {condition}}}\n"
        "Resources:\n  A: {Type: AWS::Lambda::Function, Properties: {FunctionName: !If [C, one, other], Role: x}}\n"
    )


def test_both_outcomes_of_an_open_condition_are_looked_at() -> None:
    assert names(conditional("{Stage: {Type: String}}", "!Equals [!Ref Stage, prod]")) == ["one", "other"]


def test_allowed_values_bound_the_outcomes() -> None:
    parameters = "{Stage: {Type: String, AllowedValues: [prod]}}"

    assert names(conditional(parameters, "!Equals [!Ref Stage, prod]")) == ["one"]


def test_a_condition_that_no_function_asks_for_is_not_varied() -> None:
    text = "Parameters: {Stage: {Type: String}}\nConditions: {C: !Equals [!Ref Stage, prod]}\n"
    text += "Resources:\n  A: {Type: AWS::Lambda::Function, Properties: {Role: x}}\n"
    text += "  B: {Type: AWS::EC2::Instance, Condition: C}\n"

    assert len(accounts(text)) == 1


def test_a_function_that_the_defaults_leave_out_is_judged_as_other_values_make_it() -> None:
    text = "Parameters: {Stage: {Type: String, Default: dev}}\nConditions: {C: !Equals [!Ref Stage, prod]}\n"
    text += "Resources:\n  A: {Type: AWS::Lambda::Function, Condition: C, Properties: {FunctionName: a, Role: x}}\n"
    text += "  B: {Type: AWS::Lambda::Function, Properties: {FunctionName: b, Role: x}}\n"

    assert names(text) == ["b", "a"]
    assert names(text, values={"Stage": "dev"}) == ["b"]


def test_functions_of_opposite_conditions_share_no_role() -> None:
    text = "Parameters: {Stage: {Type: String, Default: dev}}\n"
    text += "Conditions: {C: !Equals [!Ref Stage, prod], D: !Not [!Condition C]}\nResources:\n"
    text += "  A: {Type: AWS::Lambda::Function, Condition: C, Properties: {FunctionName: a, Role: !GetAtt R.Arn}}\n"
    text += "  B: {Type: AWS::Lambda::Function, Condition: D, Properties: {FunctionName: b, Role: !GetAtt R.Arn}}\n"
    text += "  R: {Type: AWS::IAM::Role, Properties: {}}\n"

    assert [role.used_by for account in accounts(text) for role in account.roles] == [("B",), ("A",)]


def test_more_than_eight_outcomes_are_one_and_a_gap() -> None:
    parameters = "{" + ", ".join(f"P{n}: {{Type: String}}" for n in range(4)) + "}"
    condition = "!And [" + ", ".join(f"!Equals [!Ref P{n}, x]" for n in range(4)) + "]"
    (account,) = accounts(conditional(parameters, condition))

    assert [gap.what for gap in account.gaps if gap.what != "role"] == ["conditions"]
    assert [function.name for function in account.functions] == ["other"]


def test_what_ssm_holds_may_be_either() -> None:
    parameters = "{Stage: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /stage}}"

    assert names(conditional(parameters, "!Equals [!Ref Stage, prod]")) == ["one", "other"]


def test_a_condition_on_an_import_is_a_gap() -> None:
    (account,) = accounts(conditional("{}", "!Equals [!ImportValue stage, prod]"))

    assert [gap.what for gap in account.gaps if gap.what != "role"] == ["condition on `import stage`"]


def test_a_variable_that_a_condition_leaves_out_is_set_to_nothing() -> None:
    text = (
        STAGE
        + """
Conditions: {IsProd: !Equals [!Ref Stage, prod]}
Resources:
  A: {Type: AWS::Lambda::Function, Properties: {FunctionName: f, Role: x, Environment: {Variables: {
    TABLE: orders, TOPIC: !If [IsProd, news, !Ref AWS::NoValue]}}}}
"""
    )
    (account,) = accounts(text)
    (prod,) = accounts(text, values={"Stage": "prod"})

    assert account.functions[0].settings.environment == (("TABLE", "orders"), ("TOPIC", ""))
    assert prod.functions[0].settings.environment == (("TABLE", "orders"), ("TOPIC", "news"))


@pytest.mark.parametrize(("role", "gaps"), [("!GetAtt R.Arn", []), ("!Sub 'arn:aws:iam::1:role/${Env}'", ["role"])])
def test_a_role_of_the_template_is_known_whatever_it_is_called(role: str, gaps: list[str]) -> None:
    text = f"""
Parameters: {{Env: {{Type: String}}}}
Resources:
  A: {{Type: AWS::Lambda::Function, Properties: {{FunctionName: !Sub 'f-${{Env}}', Role: {role},
    Handler: index.b, Runtime: python3.13, Code: {{ZipFile: 'def b(e, c): return 1'}}}}}}
  R: {{Type: AWS::IAM::Role, Properties: {{RoleName: !Sub 'r-${{Env}}', AssumeRolePolicyDocument: {{}}}}}}
"""
    (account,) = accounts(text)

    assert [gap.what for gap in account.functions[0].gaps] == gaps
    assert (account.role_of(account.functions[0]) is None) == bool(gaps)
