"""What SAM makes of a function, and what is left of one that it refuses."""

from pathlib import Path

import pytest

from rolecall import engine
from rolecall.model import Account, Function
from rolecall.sources import template

HEAD = "Transform: AWS::Serverless-2016-10-31\n"
FUNCTION = "Handler: index.b, Runtime: python3.13, InlineCode: 'def b(event, context): return 1'"
SETTINGS = (
    "Tracing: Active, LoggingConfig: {LogGroup: own}, VpcConfig: {SubnetIds: [subnet-1], SecurityGroupIds: [sg-1]}"
)


def read(folder: Path, text: str) -> tuple[Function, Account]:
    path = folder / "template.yaml"
    path.write_text(HEAD + text)
    (account,) = template.read([path])
    return account.functions[0], account


@pytest.mark.parametrize(
    "text",
    [
        f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}, DurableConfig: {{}}}}}}}}",
        (
            "Globals: {Function: {DurableConfig: {}}}\n"
            f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}}}}}}}"
        ),
    ],
    ids=["own", "of all"],
)
def test_a_durable_function_is_none_that_sam_refuses(text: str, tmp_path: Path) -> None:
    function, account = read(tmp_path, text)
    role = account.role_of(function)

    assert (function.settings.durable, function.gaps) == (True, ())
    assert role is not None
    assert [policy.name.rpartition("/")[2] for policy in role.policies] == ["AWSLambdaBasicDurableExecutionRolePolicy"]


def test_the_own_role_of_a_durable_function_stays_as_it_is(tmp_path: Path) -> None:
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    function, account = read(
        tmp_path,
        f"""
Resources:
  FRole: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{}}, ManagedPolicyArns: [{basic}]}}}}
  F: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}, DurableConfig: {{}}, Role: !GetAtt FRole.Arn}}}}
""",
    )
    role = account.role_of(function)

    assert role is not None
    assert [policy.name for policy in role.policies] == [basic]


def test_a_function_that_sam_refuses_keeps_the_settings_that_it_is_given(tmp_path: Path) -> None:
    text = f"Resources: {{F: {{Type: AWS::Serverless::Function, Properties: {{{FUNCTION}, {SETTINGS}, No: such}}}}}}"
    function, _ = read(tmp_path, text)
    settings = function.settings

    assert [gap.what for gap in function.gaps][:1] == ["function"]
    assert (settings.log_group, settings.tracing, settings.subnets) == ("own", True, ("subnet-1",))


def test_what_sam_refuses_for_all_is_one_finding_and_leaves_no_role_over(tmp_path: Path) -> None:
    trust = "Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]"
    own = "Handler: index.b, InlineCode: 'def b(event, context): return 1'"
    _, account = read(
        tmp_path,
        f"""
Globals: {{Function: {{Runtime: python3.13, Role: !GetAtt R.Arn}}}}
Resources:
  R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: {{{trust}}}}}}}
  F: {{Type: AWS::Serverless::Function, Properties: {{{own}}}}}
  G: {{Type: AWS::Serverless::Function, Properties: {{{own}}}}}
""",
    )
    findings = engine.audit(account).findings
    (finding,) = (each for each in findings if each.rule == "incomplete-audit")

    assert "orphan-role" not in {each.rule for each in findings}
    assert finding.message.startswith("function: SAM refuses the template: 'Globals' section is invalid. 'Role' is not")
