"""What a finding proposes: with its fix in place it is gone, nothing new comes, and its witness says the truth."""

import copy
import json
from itertools import product
from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.rules import OVER_GRANTS
from rolecall.rules.blocked_need import UNDER_GRANTS
from rolecall.sources import file
from tests.builders import ACCOUNT, REGION, allow, document, laid_over
from tests.rules.test_examples import CASES

BAD = [case for case in CASES if case.values[1] == "Bad"]
GRANTS = {*OVER_GRANTS, *UNDER_GRANTS, "admin-role", "negated-grant", "broad-managed-policy", "blocked-need"}
PUT = {"service": "dynamodb", "operation": "PutItem", "parameters": {"TableName": "orders"}}
GET = {"service": "s3", "operation": "GetObject", "parameters": {"Bucket": "inbox", "Key": "⟨event:key⟩"}}
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders"
BOUNDARY = [allow(["dynamodb:*", "logs:*", "s3:*", "sqs:*", "xray:*"])]
GRANTED = (
    ["*"],
    ["s3:*"],
    ["dynamodb:PutItem", "dynamodb:Query", "dynamodb:DeleteItem"],
    ["s3:Get*", "s3:Put*"],
    ["ssm:GetParameter", "kms:Decrypt"],
    ["logs:*", "xray:*"],
    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    ["ec2:*NetworkInterface*", "iam:PassRole"],
)
ON = (["*"], [TABLE, f"{TABLE}/index/*"], ["arn:aws:s3:::inbox/*"], ["arn:aws:logs:*:*:*"])
BESIDE: tuple[dict[str, Any], ...] = (
    {"calls": []},
    {"calls": [PUT, GET]},
    {"calls": [PUT], "boundary": BOUNDARY},
    {"code": "unread"},
)
MADE = [
    pytest.param({"more policies": {"Made": [allow(actions, on)]}, **more}, id=f"{actions[0]} {on[0]} {number}")
    for actions, on in product(GRANTED, ON)
    for number, more in enumerate(BESIDE)
]
OF_ROLES = [case for case in BAD if case.values[0] in GRANTS]


def audited(snapshot: dict[str, Any]) -> tuple[Finding, ...]:
    return engine.audit(file.load(snapshot)).findings


def statements(text: str) -> list[dict[str, Any]]:
    """The JSON objects that a text holds one after the other."""
    found, rest = [], text
    while "{" in rest:
        each, end = json.JSONDecoder().raw_decode(rest[rest.index("{") :])
        found.append(each)
        rest = rest[rest.index("{") + end :]
    return found


def kinds(findings: tuple[Finding, ...]) -> set[tuple[str, tuple[str, ...]]]:
    return {(each.rule, each.actions) for each in findings}


def mended(snapshot: dict[str, Any], finding: Finding) -> dict[str, Any] | None:
    """The snapshot with the fix; None where the fix is no policy."""
    after = copy.deepcopy(snapshot)
    role = after["roles"][0]
    added = statements(finding.fix or "")
    if added and "Principal" in added[0]:
        key = next(each for each in after["resources"] if each["arn"] == finding.resources[0])
        key["policy"]["Statement"] += added
        return after
    if finding.rule in UNDER_GRANTS:
        role["policies"].append({"name": "Mended", "document": document(*added)})
        return after if added else None
    if finding.statement is None:
        return None
    policy = next(each for each in role["policies"] if each["name"] == finding.statement.policy)
    if "proposal" in finding.evidence:
        role["policies"] = [each for each in role["policies"] if each is not policy]
        role["policies"].append({"name": "Mended", "document": finding.evidence["proposal"]})
        return after
    if not finding.evidence.get("diff"):
        return None
    new = [json.loads(line[2:]) for line in finding.evidence["diff"] if line.startswith("+ ")]  # type: ignore[attr-defined]
    policy["document"]["Statement"][finding.statement.index : finding.statement.index + 1] = new
    role["policies"] = [each for each in role["policies"] if each["document"]["Statement"]]
    return after


def is_near(new: Finding, mended: Finding) -> bool:
    """Is it about the statement that was meant to grant what is missing, and that grants something else?"""
    near: Any = mended.evidence.get("near")
    return bool(near and new.statement and near["policy"] == new.statement.policy)


@pytest.mark.parametrize(("name", "kind", "fragment"), OF_ROLES)
def test_with_its_fix_a_finding_is_gone_and_none_comes(name: str, kind: str, fragment: Any) -> None:
    snapshot = laid_over(fragment)
    before = audited(snapshot)
    for finding in before:
        after = mended(snapshot, finding) if finding.rule == name else None
        if after is None:
            continue
        left = {(each.rule, each.actions) for each in audited(after) if not is_near(each, finding)}

        assert (name, finding.actions) not in left
        assert left <= {(each.rule, each.actions) for each in before}


@pytest.mark.parametrize(("name", "kind", "fragment"), OF_ROLES)
def test_a_witness_is_confirmed_by_the_evaluator(name: str, kind: str, fragment: Any) -> None:
    snapshot = laid_over(fragment)
    read = file.load(snapshot)
    role = read.roles[0]
    for finding in audited(snapshot):
        if finding.witness is None or finding.rule != name:
            continue
        known = {each.arn: each.policy for each in read.resources}
        resource = str(finding.witness["resource"])
        own = known.get(resource) or known.get(resource.partition("/")[0])
        case = {
            "identityPolicies": [policy.document() for policy in role.policies],
            "boundaries": [role.boundary.document()] if role.boundary else None,
            "scps": [[policy.document() for policy in level] for level in read.scps] or None,
            **({"resourcePolicy": own.document()} if own else {}),
            **finding.witness,
        }
        decision = answer(json.dumps(case))["decision"]

        assert (decision == "Allowed") == (finding.rule not in {*UNDER_GRANTS, "blocked-need"})


@pytest.mark.parametrize(
    ("name", "kind", "fragment"), [case for case in OF_ROLES if case.values[0] != "undecryptable-configuration"]
)
def test_a_finding_about_a_grant_has_a_witness(name: str, kind: str, fragment: Any) -> None:
    found = [each for each in audited(laid_over(fragment)) if each.rule == name]

    assert found
    assert all(each.witness for each in found)


@pytest.mark.parametrize("fragment", MADE)
def test_no_fix_of_any_finding_makes_another(fragment: Any) -> None:
    snapshot = laid_over(fragment)
    before = audited(snapshot)
    mends = [(each, mended(snapshot, each)) for each in before]
    left = [(each, kinds(audited(after))) for each, after in mends if after]

    assert [each for each, others in left if (each.rule, each.actions) in others or others - kinds(before)] == []
