"""File systems of a template: who mounts one needs a right where the template gives it a policy."""

from pathlib import Path

import pytest

from rolecall import engine
from rolecall.sources import template

WRITTEN = """
Resources:
  Files: {Type: AWS::EFS::FileSystem, Properties: {POLICY}}
  Point: {Type: AWS::EFS::AccessPoint, Properties: {FileSystemId: SYSTEM}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: orders, RetentionInDays: 7}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: Log
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: !GetAtt Logs.Arn}
  Orders: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders, Handler: index.b, Runtime: python3.13,
    Code: {ZipFile: 'def b(event, context): return 1'}, Role: !GetAtt Role.Arn, LoggingConfig: {LogGroup: !Ref Logs},
    FileSystemConfigs: [{Arn: !GetAtt Point.Arn, LocalMountPath: /mnt/files}]}}
"""
OTHERS = """FileSystemPolicy: {Statement: [{Effect: Allow, Principal: {AWS: 'arn:aws:iam::123456789012:role/other'},
    Action: 'elasticfilesystem:ClientMount', Resource: '*'}]}"""
MOUNT = "{Effect: Allow, Action: 'elasticfilesystem:ClientMount', Resource: !GetAtt Files.Arn}"


@pytest.mark.parametrize(
    ("policy", "system", "expected"),
    [
        ("", "!Ref Files", []),
        (OTHERS, "!Ref Files", ["unmountable-file-system"]),
        ("", "fs-0123456789abcdef0", ["incomplete-audit"]),
    ],
)
def test_a_mount_needs_a_right_where_the_file_system_has_a_policy(
    policy: str, system: str, expected: list[str], tmp_path: Path
) -> None:
    assert found(tmp_path, WRITTEN.replace("POLICY", policy).replace("SYSTEM", system)) == expected


def test_a_role_with_the_right_mounts_a_file_system_with_a_policy(tmp_path: Path) -> None:
    text = WRITTEN.replace("POLICY", OTHERS).replace("SYSTEM", "!Ref Files")
    allowed = text.replace("Resource: !GetAtt Logs.Arn}", f"Resource: !GetAtt Logs.Arn}}\n              - {MOUNT}")

    assert found(tmp_path, allowed) == []


def found(folder: Path, text: str) -> list[str]:
    path = folder / "template.yaml"
    path.write_text(text)
    (account,) = template.read([path])
    return [each.rule for each in engine.audit(account).findings]
