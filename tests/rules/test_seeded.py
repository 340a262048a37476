"""Templates with one defect each, which its rule names alone, where it stands."""

from pathlib import Path

import pytest

from tests.rules.written import FUNCTION, ROLE, found, named

GROUP = """
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /aws/lambda/app}}
"""
KEY = """
  Key: {Type: AWS::KMS::Key, Properties: {Enabled: false, KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*',
    Principal: {AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root'}, Resource: '*'}]}}}
"""
FILES = """
  Files: {Type: AWS::EFS::FileSystem, Properties: {%s}}
  Access: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: !Ref Files}}
"""
SECURE = """FileSystemPolicy: {Statement: [{Effect: Deny, Principal: {AWS: '*'}, Action: '*',
    Condition: {Bool: {'aws:SecureTransport': 'false'}}}]}"""
SUPPORT = """
  Support: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: ec2.amazonaws.com}, Action: 'sts:AssumeRole'}]}, Policies: [{PolicyName: Change,
    PolicyDocument: {Statement: [
      {Effect: Allow, Action: 'lambda:UpdateFunctionCode', Resource: '*'}]}}]}}
"""
LEFT = """
  Left: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow,
    Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}, Policies: [{PolicyName: Work,
    PolicyDocument: {Statement: [{Effect: Allow, Action: '%s', Resource: '*'}]}}]}}
"""
SEALED = """
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: [{Effect: Allow, Action: 'kms:*', Resource: '*',
    Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}}%s]}}}
"""
LAMBDAS = """{Effect: Allow, Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*',
    Principal: {Service: lambda.amazonaws.com}, Condition: {StringLike: {'kms:EncryptionContext:aws:lambda:FunctionArn':
    !Sub 'arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:*'}}}"""
ENDS = "log-group:/aws/lambda/app:*'\n"


def with_statement(statement: str) -> str:
    return ROLE.replace(ENDS, f"{ENDS}              - {statement}\n")


def with_setting(setting: str) -> str:
    return FUNCTION.replace("      Runtime:", f"      {setting}\n      Runtime:")


def test_a_group_of_the_template_is_made_by_nobody_else(tmp_path: Path) -> None:
    role = with_statement("{Effect: Allow, Action: 'logs:CreateLogGroup', Resource: !GetAtt Logs.Arn}")

    assert named(found(tmp_path, GROUP, role=role)) == ["low wide-log-grant"]


def test_a_key_that_is_made_disabled_decrypts_nothing(tmp_path: Path) -> None:
    function = with_setting("KmsKeyArn: !GetAtt Key.Arn")

    assert named(found(tmp_path, KEY, function=function)) == ["high undecryptable-configuration"]


@pytest.mark.parametrize(("statement", "rules"), [("", ["high undecryptable-configuration"]), (f", {LAMBDAS}", [])])
def test_the_key_of_the_code_lets_lambda_in(statement: str, rules: list[str], tmp_path: Path) -> None:
    code = "Code: {S3Bucket: builds, S3Key: app.zip, SourceKMSKeyArn: !GetAtt Key.Arn}"
    function = FUNCTION.replace("Code: {ZipFile: 'def handler(event, context): return 1'}", code)
    told = named(found(tmp_path, SEALED % statement, function=function))

    assert [each for each in told if each != "info incomplete-audit"] == rules


@pytest.mark.parametrize(("policy", "rules"), [(SECURE, ["high unmountable-file-system"]), ("", [])])
def test_a_file_system_with_a_policy_asks_for_rights(policy: str, rules: list[str], tmp_path: Path) -> None:
    function = with_setting("FileSystemConfigs: [{Arn: !GetAtt Access.Arn, LocalMountPath: /mnt/a}]")

    assert named(found(tmp_path, FILES % policy, function=function)) == rules


def test_a_key_of_a_condition_that_no_request_has_is_one_finding(tmp_path: Path) -> None:
    role = ROLE.replace(ENDS, f"{ENDS}                Condition: {{StringEquals: {{'aws:SourceAcount': '1'}}}}\n")

    assert named(found(tmp_path, "", role=role)) == ["medium unknown-action"]


def test_who_can_take_a_function_over_is_told_at_the_statement(tmp_path: Path) -> None:
    function = with_setting("Tags: [{Key: 'rolecall:deployers', Value: none}]")
    role = with_statement("{Effect: Allow, Action: 's3:GetObject', Resource: 'arn:aws:s3:::inbox/*'}")
    findings = [each for each in found(tmp_path, SUPPORT, function=function, role=role) if "exposed" in each.rule]
    lines = (tmp_path / "template.yaml").read_text().splitlines()

    assert named(findings) == ["high exposed-function"]
    assert "lambda:UpdateFunctionCode" in lines[(place.line if (place := findings[0].place) else 0) - 1]


@pytest.mark.parametrize(
    ("action", "outputs", "rules"),
    [
        ("s3:ListAllMyBuckets", "", ["low orphan-role"]),
        ("s3:PutObject", "", ["medium orphan-role"]),
        ("s3:PutObject", "\nOutputs: {Left: {Value: !GetAtt Left.Arn}}", ["info orphan-role"]),
        ("s3:PutObject", "\n  Nested: {Type: Custom::Run, Properties: {ServiceToken: x, Role: !GetAtt Left.Arn}}", []),
    ],
)
def test_an_execution_role_that_nothing_in_the_template_uses_is_left_over(
    action: str, outputs: str, rules: list[str], tmp_path: Path
) -> None:
    assert [each for each in named(found(tmp_path, LEFT % action + outputs)) if "orphan" in each] == rules


@pytest.mark.parametrize(
    ("statement", "resources", "said"),
    [
        (
            "{Effect: Allow, Action: 'dynamodb:PutItem', Resource: !GetAtt Table.Arn}",
            (
                "\n  Feed: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Orders,"
                " StartingPosition: LATEST, EventSourceArn: !GetAtt Table.StreamArn}}"
                "\n  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: t,"
                " StreamSpecification: {StreamViewType: NEW_IMAGE}}}"
            ),
            "`app` may `dynamodb:PutItem` on `table/t`, whose stream triggers it",
        ),
        (
            "{Effect: Allow, Action: 'events:PutEvents', Resource: '*'}",
            (
                "\n  Rule: {Type: AWS::Events::Rule, Properties: {Name: r, EventPattern: {source: [shop]},"
                " Targets: [{Id: a, Arn: !GetAtt Orders.Arn}]}}"
            ),
            (
                "`app` may `events:PutEvents` on `event-bus/default`, from which `rule/r` triggers it:"
                " a filter by content decides"
            ),
        ),
    ],
)
def test_a_loop_names_what_is_written_to(statement: str, resources: str, said: str, tmp_path: Path) -> None:
    findings = found(tmp_path, resources, role=with_statement(statement))

    assert said in [each.message for each in findings if each.rule == "trigger-loop"]


def test_a_statement_that_misses_its_log_group_is_replaced(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "", role=ROLE.replace("lambda/app:*", "lambda/apt:*"))

    assert finding.rule == "unwritable-logs"
    assert f"{tmp_path / 'template.yaml'}:" in finding.fix
    assert "replace the statement (WriteLogs, statement 1) by {" in finding.fix


def test_a_permission_that_nothing_comes_by_is_taken_out(tmp_path: Path) -> None:
    let = (
        "\n  Let: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref Orders,"
        " Action: 'lambda:InvokeFunction', Principal: events.amazonaws.com}}"
    )
    (finding,) = found(tmp_path, let)

    assert (finding.rule, finding.fix.partition(" out of ")[0]) == ("unguarded-service", "take `Let`")
