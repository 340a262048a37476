"""Users of a template: what is theirs, what their groups give them, and where it all may stand."""

from pathlib import Path

import pytest

from rolecall.model import User
from rolecall.sources import template

WRITTEN = """
Resources:
  Staff:
    Type: AWS::IAM::Group
    Properties:
      Policies: [{PolicyName: Ours, PolicyDocument: {Statement: [STATEMENT]}}]
  Ann:
    Type: AWS::IAM::User
    Properties:
      UserName: ann
      Groups: [!Ref Staff]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess]
      Policies: [{PolicyName: Own, PolicyDocument: {Statement: [STATEMENT]}}]
  Bob:
    Type: AWS::IAM::User
  Added:
    Type: AWS::IAM::UserToGroupAddition
    Properties: {GroupName: !Ref Staff, Users: [!Ref Bob]}
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties: {Users: [!Ref Ann], Groups: [!Ref Staff], PolicyDocument: {Statement: [STATEMENT]}}
  Apart:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: Apart, Users: [ann], PolicyDocument: {Statement: [STATEMENT]}}
""".replace("STATEMENT", "{Effect: Allow, Action: 'lambda:InvokeFunction', Resource: '*'}")


def read(folder: Path, text: str) -> tuple[User, ...]:
    path = folder / "template.yaml"
    path.write_text(text)
    (account,) = template.read([path], values=template.given(["AWS::StackName=shop"]))
    return account.users


def test_a_user_has_its_own_policies_and_those_of_its_groups(tmp_path: Path) -> None:
    ann, bob = read(tmp_path, WRITTEN)

    shared = "arn:aws:iam::123456789012:policy/shop-Shared"
    assert [policy.name for policy in ann.policies] == [
        "Apart",
        "Own",
        shared,
        "arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess",
        shared,
        "shop-Staff/Ours",
    ]
    assert [policy.name for policy in bob.policies] == [shared, "shop-Staff/Ours"]


@pytest.mark.parametrize("group", ["others", "!ImportValue Staff"])
def test_a_group_that_is_not_known_is_a_gap(group: str, tmp_path: Path) -> None:
    text = f"Resources: {{Ann: {{Type: 'AWS::IAM::User', Properties: {{Groups: [{group}]}}}}}}"

    (ann,) = read(tmp_path, text)

    assert [gap.what for gap in ann.gaps] == ["user policies"]
