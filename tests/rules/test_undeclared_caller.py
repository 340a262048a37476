"""Undeclared callers: who is found, how bad it is, and who is meant by the tag."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.sources import template
from tests.builders import ACCOUNT, account, allow, document, permission

REPORTS = f"arn:aws:iam::{ACCOUNT}:role/team/reports"
OTHER = "444455556666"
INVOKE = allow("lambda:InvokeFunction")


def found(tag: str = "none", *statements: dict[str, Any], trusted: tuple[str, ...] = (), **more: Any) -> list[Finding]:
    policies = [{"name": "Invoke", "document": document(*(statements or (INVOKE,)))}]
    known = account({"tags": {"rolecall:callers": tag}, "roles": [{"arn": REPORTS, "policies": policies}], **more})
    report = engine.audit(replace(known, trusted=trusted))
    return [finding for finding in report.findings if finding.rule in ("undeclared-caller", "incomplete-audit")]


def test_whom_the_tag_does_not_name_is_found_with_the_statement() -> None:
    (finding,) = found()

    assert (finding.message, finding.principal) == (
        "role `reports`, whom `rolecall:callers` does not name, may invoke `orders`: `Invoke`, statement 1",
        REPORTS,
    )


@pytest.mark.parametrize("tag", ["reports", REPORTS, ACCOUNT, "ann  reports"])
def test_a_name_an_arn_or_an_account_declares(tag: str) -> None:
    assert found(tag) == []


def test_what_is_no_principal_is_told_once() -> None:
    policy: dict[str, Any] = {"resource policy": [permission({"AWS": f"arn:aws:iam::{ACCOUNT}:wizard/x"})]}

    assert [each.rule for each in found("reports", **policy)] == ["incomplete-audit"]


def test_the_tag_goes_on_in_further_ones() -> None:
    assert found(tags={"rolecall:callers": "ann", "rolecall:callers:2": "reports"}) == []


def test_the_witness_is_a_request_that_the_evaluator_allows() -> None:
    (finding,) = found()

    case = {**(finding.witness or {}), "identityPolicies": [document(INVOKE)]}
    assert answer(json.dumps(case))["decision"] == "Allowed"


def test_a_condition_that_decides_makes_it_medium() -> None:
    (finding,) = found(
        "none", allow("lambda:InvokeFunction", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    )

    assert (finding.severity.value, finding.evidence["open"]) == ("medium", ("aws:MultiFactorAuthPresent",))


def test_the_role_of_a_trigger_is_explained_by_it() -> None:
    schedule = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/orders"
    trigger = {"type": "scheduler", "source": schedule, "role": REPORTS}

    assert found(triggers=[trigger]) == []


def test_of_other_accounts_those_that_are_trusted_must_be_declared() -> None:
    more: dict[str, Any] = {"resource policy": [permission({"AWS": OTHER})]}

    assert [each.principal for each in found("reports", trusted=(OTHER,), **more)] == [OTHER]
    assert found("reports", **more) == found(f"reports {OTHER}", trusted=(OTHER,), **more) == []


def test_a_tag_that_contradicts_itself_declares_nothing() -> None:
    assert [each.rule for each in found("none reports")] == ["incomplete-audit"]


def test_principals_that_were_not_read_are_told_where_callers_are_declared() -> None:
    gaps = [{"what": "role policies", "why": "AccessDenied", "call": "iam:GetRolePolicy", "subject": REPORTS}]
    role = {"arn": REPORTS, "policies": [], "gaps": gaps}

    known = account({"tags": {"rolecall:callers": "none"}, "roles": [role]})

    assert [each.rule for each in engine.audit(known).findings] == ["incomplete-audit"]
    assert engine.audit(account({"roles": [role]})).findings == ()


def test_an_event_does_not_judge_callers() -> None:
    known = account({"tags": {"rolecall:callers": "none"}})

    assert "undeclared-caller" not in engine.audit(known, whole=False).rules
    assert "undeclared-caller" in engine.audit_callers(known).rules


def test_in_a_template_the_finding_stands_where_the_statement_does(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    (read,) = template.read([path])

    (finding,) = [each for each in engine.audit(read).findings if each.rule == "undeclared-caller"]

    assert (finding.function, finding.place and finding.place.line) == ("Orders", 22)


TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: python3.13
      InlineCode: "def handler(event, context): pass"
      Tags:
        rolecall:callers: !Ref Deploy
  Deploy:
    Type: AWS::IAM::User
    Properties:
      Policies:
        - PolicyName: Invoke
          PolicyDocument: {Statement: [{Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt Orders.Arn}]}
  Other:
    Type: AWS::IAM::User
    Properties:
      Policies:
        - PolicyName: Invoke
          PolicyDocument: {Statement: [{Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt Orders.Arn}]}
"""


def test_the_name_of_a_role_declares_its_sessions() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/nightly/run"
    policy = [permission({"AWS": session})]
    other = account({"tags": {"rolecall:callers": "none"}, "resource policy": policy})
    declared = account({"tags": {"rolecall:callers": "nightly"}, "resource policy": policy})

    (finding,) = engine.audit(other).findings
    assert finding.message.startswith("role `nightly/run`, whom")
    assert engine.audit(declared).findings == ()
