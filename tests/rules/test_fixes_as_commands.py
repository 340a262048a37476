"""Fixes of an account are commands: once they are pasted the finding is gone, and no other one comes."""

from typing import Any

import pytest

from rolecall import engine
from rolecall.finding import Finding
from rolecall.sources import file
from tests.builders import ACCOUNT, FUNCTION, QUEUE, ROLE, allow, laid_over
from tests.rules.shell import done
from tests.rules.test_escalation import JOBS, PASS, RUN, TASKS, billing, granting, role
from tests.rules.test_examples import CASES

MENDED = (
    "assumable-role",
    "bulk-read",
    "exposed-function",
    "extra-trusted-service",
    "leftover-config-grant",
    "leftover-poller-grant",
    "missing-role",
    "negated-grant",
    "role-chaining",
    "role-passing",
    "self-escalation",
    "self-rewrite",
    "service-wildcard",
    "shared-layer",
    "shared-role",
    "tokenless-partner",
    "trigger-loop",
    "undeclared-caller",
    "unneeded-grant",
    "wide-log-grant",
    "wide-resource",
    "wildcard-trust",
    "workload-takeover",
)
WEAK = f"arn:aws:iam::{ACCOUNT}:role/weak"
SAID = {
    "FUNCTION_ARN": f"{FUNCTION}-other",
    "OTHER_ROLE_ARN": WEAK,
    "RESOURCE_ARN": "arn:aws:s3:::inbox/*",
    "ROLE_ARN": WEAK,
    "SERVICE:ACTION": "s3:GetObject",
    "SKILL_ID": "amzn1.ask.skill.a1b2",
    "dynamodb:ACTION": "dynamodb:GetItem",
    "lambda:ACTION": "lambda:GetFunction",
    "logs:ACTION": "logs:GetLogEvents",
    "s3:ACTION": "s3:GetObject",
    "sqs:ACTION": "sqs:GetQueueUrl",
}
"""What somebody says in place of each placeholder."""

CALLS = {
    "update": {"service": "lambda", "operation": "UpdateFunctionCode", "parameters": {"FunctionName": "billing"}},
    "create": {
        "service": "lambda",
        "operation": "CreateFunction",
        "parameters": {"FunctionName": "billing", "Role": JOBS},
    },
    "invoke": {"service": "lambda", "operation": "Invoke", "parameters": {"FunctionName": "billing"}},
    "assume": {"service": "sts", "operation": "AssumeRole", "parameters": {"RoleArn": JOBS}},
    "read": {"service": "s3", "operation": "GetObject", "parameters": {"Bucket": "inbox", "Key": "⟨event:key⟩"}},
}
TRUSTED = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
DEPLOYS = allow(["lambda:UpdateFunctionCode", "lambda:GetFunction"])
MADE: dict[str, dict[str, Any]] = {
    "a policy of one's own beside another statement": granting(
        allow(["iam:PutRolePolicy", "s3:GetObject"], [ROLE, "arn:aws:s3:::inbox/*"]), calls=[CALLS["read"]]
    ),
    "all of IAM on the role itself": granting(allow("iam:*", ROLE)),
    "of some roles the function's own": granting(allow("iam:PutRolePolicy", [ROLE, f"{WEAK}-*"]), code="unread"),
    "what the code is not known to rewrite": granting(allow("lambda:*"), code="unread"),
    "a weak role that is passed by unread code": granting(
        PASS, RUN, code="unread", roles=[role("jobs", allow("s3:GetObject", "arn:aws:s3:::inbox/*"), trust=TASKS)]
    ),
    "a strong role that is passed by unread code": granting(
        PASS, RUN, code="unread", roles=[role("jobs", allow("*"), trust=TASKS)]
    ),
    "any role where one is passed": granting(
        allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]),
        calls=[CALLS["create"], CALLS["invoke"]],
        roles=[role("jobs", allow("s3:GetObject", "arn:aws:s3:::inbox/*"))],
    ),
    "any role where one is assumed": granting(
        allow("sts:AssumeRole"),
        calls=[CALLS["assume"]],
        roles=[role("jobs", allow("s3:GetObject", "arn:aws:s3:::inbox/*"), trust=TRUSTED)],
    ),
    "any function where a weak one is changed": granting(DEPLOYS, calls=[CALLS["update"]], **billing()),
    "all but IAM where an object is read": granting(
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::inbox/*"}, calls=[CALLS["read"]]
    ),
    "a policy of AWS": granting(
        calls=[CALLS["read"]],
        **{
            "more policies": {
                "arn:aws:iam::aws:policy/Some": [allow(["lambda:UpdateFunctionCode", "s3:GetObject"])],
            }
        },
    ),
    "one statement of a managed policy": granting(
        **{
            "more policies": {
                f"arn:aws:iam::{ACCOUNT}:policy/own": [
                    allow("lambda:UpdateFunctionCode"),
                    allow("s3:GetObject", "arn:aws:s3:::inbox/*"),
                ]
            },
            "calls": [CALLS["read"]],
        }
    ),
}


def audited(snapshot: dict[str, Any]) -> tuple[Finding, ...]:
    return engine.audit(file.load(snapshot)).findings


def kinds(findings: tuple[Finding, ...]) -> set[tuple[str, str | None, tuple[str, ...]]]:
    return {(each.rule, each.function, each.actions) for each in findings if each.rule != "orphan-role"}


def told(finding: Finding) -> str:
    """The fix with what somebody says in place of its placeholders."""
    fix = finding.fix or ""
    other = "arn:aws:s3:::inbox/out/*" if "s3:PutObject" in finding.actions else f"{QUEUE}-done"
    for name in sorted(SAID, key=len, reverse=True):
        fix = fix.replace(name, SAID[name])
    return fix.replace("OTHER_ARN", other)


BAD = [
    pytest.param(case.values[2], id=case.id)
    for case in CASES
    if case.values[1] == "Bad" and case.values[0] in MENDED and case.id != "shared-role-Bad-0"  # The other is not read.
]


@pytest.mark.parametrize(
    "fragment",
    BAD + [pytest.param(fragment, id=name) for name, fragment in MADE.items()],
)
def test_a_pasted_command_mends_its_finding_and_makes_no_other(fragment: dict[str, Any]) -> None:
    snapshot = laid_over(fragment)
    before = audited(snapshot)
    pasted = [each for each in before if each.rule in MENDED and " aws " in f" {each.fix}"]
    left = [(each, kinds(audited(done(snapshot, told(each))))) for each in pasted]

    assert pasted
    assert [each for each, others in left if kinds((each,)) & others or others - kinds(before)] == []
