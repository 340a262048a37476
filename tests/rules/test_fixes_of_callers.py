"""Fixes of what says who may invoke: pasted into a template, they mend it and keep out nobody that was declared."""

import json
from pathlib import Path
from typing import Any

from rolecall.finding import Finding
from tests.rules.written import FUNCTION, found

DECLARED = FUNCTION.replace("      Runtime", "      Tags: [{Key: 'rolecall:callers', Value: web}]\n      Runtime")
WEB = """
  Web:
    Type: AWS::IAM::Role
    Properties:
      RoleName: web
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: 'sts:AssumeRole'}]
"""
ANN = "\n  Ann: {Type: AWS::IAM::User, Properties: {UserName: ann}}\n"


def policy(*statements: Any) -> str:
    """The whole policy of the function."""
    members = {"ResourceArn": {"Fn::GetAtt": ["Orders", "Arn"]}, "Policy": {"Statement": statements}}
    return f"\n  Callers: {json.dumps({'Type': 'AWS::Lambda::ResourcePolicy', 'Properties': members})}\n"


def about(finding: Finding) -> Any:
    """The statement that a fix prints."""
    return json.loads(finding.fix[finding.fix.index("{") :])


def statement(effect: str, principal: Any, **more: Any) -> dict[str, Any]:
    on = {"Fn::GetAtt": ["Orders", "Arn"]}
    return {"Effect": effect, "Principal": principal, "Action": "lambda:InvokeFunction", "Resource": on, **more}


def test_a_deny_that_stops_a_declared_role_is_to_spare_that_role(tmp_path: Path) -> None:
    deny = statement("Deny", {"AWS": "*"})
    (finding,) = found(tmp_path, WEB + policy(deny), function=DECLARED)
    spared = {"ArnNotEquals": {"aws:PrincipalArn": [{"Fn::GetAtt": ["Web", "Arn"]}]}}

    assert (finding.rule, about(finding)["Condition"]) == ("blocked-caller", spared)
    assert found(tmp_path, WEB + policy(about(finding)), function=DECLARED) == []


def test_a_deny_that_spares_services_alone_still_stops_a_declared_role(tmp_path: Path) -> None:
    deny = statement("Deny", {"AWS": "*"}, Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}})
    (finding,) = found(tmp_path, WEB + policy(deny), function=DECLARED)

    assert finding.rule == "blocked-caller"
