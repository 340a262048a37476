"""Layers: whose code a function runs, and who may read the account's own."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.publishers import PUBLISHERS
from tests.builders import ACCOUNT, account, document
from tests.rules.written import FUNCTION, found, named

LAYER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:lib:3"
DATADOG = "arn:aws:lambda:us-east-1:464622532012:layer:Datadog-Extension:67"
FOREIGN = "arn:aws:lambda:us-east-1:444455556666:layer:numpy:3"
POWERTOOLS = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7"
ALL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def running(*layers: str, trusted: tuple[str, ...] = ()) -> list[Finding]:
    within = replace(account({"configuration": {"layers": list(layers)}}), trusted=trusted)
    return list(engine.audit(within).findings)


def shared(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": "all", "Effect": "Allow", "Principal": principal, "Action": "lambda:GetLayerVersion", **more}


def sharing(*statements: dict[str, Any], trusted: tuple[str, ...] = ()) -> list[Finding]:
    within = account({"resources": [{"arn": LAYER, "policy": list(statements)}]})
    return list(engine.audit(replace(within, trusted=trusted)).findings)


def test_a_layer_of_an_unknown_account_is_told() -> None:
    assert named(running(FOREIGN)) == ["high unknown-layer"]


def test_a_layer_that_a_known_vendor_publishes_is_only_mentioned() -> None:
    (finding,) = running(DATADOG)

    assert (finding.severity.value, finding.evidence["publisher"]) == ("info", "Datadog")


def test_a_layer_that_aws_publishes_is_not_told() -> None:
    assert running(POWERTOOLS, "⟨resolve:ssm:/aws/service/powertools/python/x86_64/python3.13/latest⟩") == []


@pytest.mark.parametrize("trusted", ["444455556666", "arn:aws:lambda:us-east-1:444455556666:layer:numpy"])
def test_a_layer_that_is_trusted_is_not_told(trusted: str) -> None:
    assert running(FOREIGN, LAYER, trusted=(trusted,)) == []


def test_no_account_has_two_publishers() -> None:
    accounts = [one for each in PUBLISHERS for one in {*" ".join(each.accounts.values()).split()}]

    assert len(accounts) == len({*accounts})
    assert {len(one) for one in accounts if one.isdecimal()} == {12}


def test_a_layer_for_everybody_is_worse_than_one_for_an_account() -> None:
    assert named(sharing(shared("*"))) == ["high shared-layer"]
    assert named(sharing(shared({"AWS": "arn:aws:iam::444455556666:root"}))) == ["medium shared-layer"]


def test_who_is_trusted_may_have_the_layer() -> None:
    organization = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}

    assert sharing(shared("*", Condition=organization)) == []
    assert sharing(shared({"AWS": "444455556666"}), trusted=("444455556666",)) == []


def test_a_shared_layer_belongs_to_no_function() -> None:
    (finding,) = sharing(shared("*"))

    assert (finding.function, finding.resources) == (None, (LAYER,))
    assert finding.fix == (
        "aws lambda remove-layer-version-permission --layer-name lib --version-number 3 --statement-id all"
    )


@pytest.mark.parametrize("principal", ["*", {"AWS": "arn:aws:iam::444455556666:root"}])
def test_the_evaluator_confirms_each_witness(principal: Any) -> None:
    statement = shared(principal, Resource=LAYER)
    (finding,) = sharing(statement)
    policies = {"resourcePolicy": document(statement), "identityPolicies": [document(*ALL)]}

    assert answer(json.dumps({**(finding.witness or {}), **policies}))["decision"] == "Allowed"


OWN_LAYER = """
  Lib:
    Type: AWS::Lambda::LayerVersion
    Properties: {LayerName: lib, Content: {S3Bucket: code, S3Key: lib.zip}}
  Share:
    Type: AWS::Lambda::LayerVersionPermission
    Properties: {Action: 'lambda:GetLayerVersion', LayerVersionArn: !Ref Lib, Principal: '*'}
"""


def test_in_a_template_a_layer_for_everybody_is_told(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, OWN_LAYER)

    assert (finding.rule, finding.fix.rpartition("/")[2]) == ("shared-layer", "template.yaml:30")


def test_in_a_template_an_organization_may_have_the_layer(tmp_path: Path) -> None:
    assert found(tmp_path, OWN_LAYER.replace("'*'}", "'*', OrganizationId: o-a1b2c3d4e5}")) == []


def test_a_layer_of_the_template_is_the_account_s_own(tmp_path: Path) -> None:
    function = FUNCTION + "      Layers: [!Ref Lib]\n"

    assert found(tmp_path, OWN_LAYER.partition("  Share:")[0], function=function) == []


def test_in_a_template_a_layer_of_an_unknown_account_is_told(tmp_path: Path) -> None:
    layer = "      Layers: [!Sub 'arn:aws:lambda:${AWS::Region}:444455556666:layer:numpy:3']\n"

    assert named(found(tmp_path, "", function=FUNCTION + layer)) == ["high unknown-layer"]


def test_all_but_some_actions_or_accounts_share_a_layer_too() -> None:
    but = {key: value for key, value in shared("*").items() if key not in ("Action", "Principal")}

    assert named(sharing(shared("*") | {"Sid": "all"})) == ["high shared-layer"]
    assert named(sharing(but | {"Principal": "*", "NotAction": "lambda:InvokeFunction"})) == ["high shared-layer"]
    assert named(sharing(but | {"NotPrincipal": {"AWS": "444455556666"}, "Action": "lambda:*"})) == [
        "high shared-layer"
    ]


def test_what_a_deny_takes_away_of_a_layer_is_not_shared() -> None:
    deny = shared("*", Condition={"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}})

    assert sharing(shared("*"), deny | {"Sid": "others", "Effect": "Deny"}) == []


def test_a_condition_that_holds_without_its_key_shares_a_layer_with_everybody() -> None:
    condition = {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}

    assert named(sharing(shared("*", Condition=condition))) == ["high shared-layer"]


@pytest.mark.parametrize(
    ("trusted", "expected"), [((), []), (("o-a1b2c3d4e5",), []), (("o-other12345",), ["medium shared-layer"])]
)
def test_an_organisation_is_ones_own_where_none_is_trusted(trusted: tuple[str, ...], expected: list[str]) -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}

    assert named(sharing(shared("*", Condition=condition), trusted=trusted)) == expected
