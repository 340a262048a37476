"""The engine: order, silence, crashes and gaps."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rolecall import engine, rules
from rolecall.finding import Hit, Report, Severity
from rolecall.model import ORGANIZATION, Account, Function, Gap, Resource
from rolecall.rules import Rule, Yields, rule
from tests.builders import FUNCTION, QUEUE, account, allow, permission


def judge(fragment: dict[str, Any]) -> Report:
    return engine.audit(account(fragment))


@rule(Severity.HIGH)
def crashing(function: Function, account: Account) -> Yields:
    """A rule with a bug."""
    raise LookupError("no such thing")
    yield


@rule(Severity.LOW)
def hitting(function: Function, account: Account) -> Yields:
    """A rule that always hits."""
    yield Hit(None, "hit", fix="none", subject="it")


@pytest.fixture
def with_rules(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def use(*extra: Rule) -> None:
        everything = (*rules.all_rules(), *extra)
        monkeypatch.setattr(engine, "all_rules", lambda: everything)

    return use


def test_a_crash_of_a_rule_is_a_finding_and_stops_no_other_rule(with_rules: Callable[..., None]) -> None:
    with_rules(crashing, hitting)

    found = {finding.rule: finding.message for finding in judge({}).findings}

    assert found == {
        "incomplete-audit": "rule crashing: the rule crashed: LookupError: no such thing",
        "hitting": "hit",
    }


def test_the_worst_finding_comes_first() -> None:
    fragment = {"more policies": {"A": [allow("s3:*")], "B": [allow("*")]}, "used_by": ["orders", "invoices"]}

    assert [finding.rule for finding in judge(fragment).findings] == ["admin-role", "service-wildcard", "shared-role"]


def test_silence_is_for_the_same_actions_of_the_same_statement() -> None:
    statement = allow(["dynamodb:*", "sqs:PurgeQueue"], "*")
    judged = {"calls": [], "more policies": {"Example": [statement, allow("sns:Publish")]}}
    found = [(finding.rule, finding.actions) for finding in judge(judged).findings]

    assert found == [
        ("service-wildcard", ("dynamodb:*",)),
        ("unneeded-grant", ("sqs:PurgeQueue",)),
        ("unneeded-grant", ("sns:Publish",)),
    ]


def test_a_whole_policy_is_one_finding() -> None:
    name = "arn:aws:iam::aws:policy/PowerUserAccess"
    statements = [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, allow("s3:*"), allow("logs:*")]

    assert [finding.rule for finding in judge({"policies": {name: statements}}).findings] == ["admin-role"]


def test_an_administrator_is_one_finding_not_two() -> None:
    assert [finding.rule for finding in judge(allow(["*", "s3:*"])).findings] == ["admin-role"]


def test_the_same_account_gives_the_same_report() -> None:
    fragment = {"more policies": {"B": [allow("s3:*"), allow("sqs:*")]}, "used_by": ["b", "a"]}

    assert judge(fragment) == judge(fragment)


def test_equal_findings_of_several_versions_are_one() -> None:
    read = account({"resource policy": [permission("*")]})
    (function,) = read.functions
    versions = tuple(replace(function, qualifier=qualifier) for qualifier in ("live", "7"))

    (finding,) = engine.audit(replace(read, functions=versions)).findings

    assert (finding.qualifier, finding.evidence["qualifiers"]) == ("7", ["7", "live"])


def test_a_function_without_a_finding_is_in_the_report() -> None:
    (audited,) = judge({}).functions

    assert (audited.name, audited.findings, audited.versions) == ("orders", 0, (None,))


def test_one_cause_of_gaps_is_one_finding() -> None:
    gap = Gap("resource policy", "AccessDeniedException", "lambda:GetPolicy")
    gaps = tuple(replace(gap, subject=f"{FUNCTION}-{number}") for number in range(3))

    (finding,) = engine.audit(replace(account(), gaps=gaps)).findings

    assert finding.rule == "incomplete-audit"
    assert finding.evidence["functions"] == [f"{FUNCTION}-{number}" for number in range(3)]


def test_a_known_limit_is_only_information() -> None:
    limit = Gap("code", "a container image", mendable=False)

    (finding,) = engine.audit(replace(account(), gaps=(limit,))).findings

    assert finding.severity is Severity.INFO


UNREAD = Gap(ORGANIZATION, "AccessDeniedException", "organizations:ListParents", mendable=False)


def test_unread_policies_of_the_organization_are_a_note_and_no_finding() -> None:
    report = engine.audit(replace(account(), gaps=(UNREAD,)))

    (note,) = report.notes
    assert note.endswith("(organizations:ListParents: AccessDeniedException)")
    assert (report.findings, report.gaps) == ((), (UNREAD,))


def test_a_gap_of_what_a_function_points_to_is_the_functions() -> None:
    gap = Gap("queue", "AccessDenied", "sqs:GetQueueAttributes", "orders")

    (audited,) = engine.audit(replace(account(), resources=(Resource(QUEUE, gaps=(gap,)),))).functions

    assert audited.gaps == (gap,)


def test_a_condition_that_cannot_be_judged_is_said_and_is_no_finding_of_the_rule() -> None:
    secret = {"StringEquals": {"shop:Door": "front"}}

    (finding,) = judge({"resource policy": [permission("*", condition=secret)]}).findings

    assert finding.rule == "incomplete-audit"
    assert "`shop:Door`" in finding.message


def test_a_fingerprint_survives_what_does_not_matter() -> None:
    one = judge({"more policies": {"Wide": [allow("s3:*", Sid="Files")]}})
    two = judge({"more policies": {"Wide": [allow("s3:GetObject"), allow("s3:*", Sid="Files")]}})

    assert [f.fingerprint for f in one.findings] == [f.fingerprint for f in two.findings]


def test_an_audit_of_a_change_leaves_rules_on_the_whole_account_out(with_rules: Callable[..., None]) -> None:
    with_rules(replace(hitting, name="everywhere", whole=True))

    assert "everywhere" in engine.audit(account()).rules
    assert "everywhere" not in engine.audit(account(), whole=False).rules


@rule(Severity.MEDIUM)
def unneeded_grant(function: Function, account: Account) -> Yields:
    """A stand-in: the last statement of the role grants too much, but what is a wildcard in it."""
    role = account.role_of(function)
    for statement in role.policies[-1].allows if role else ():
        yield Hit(statement, "too much", fix="none", actions=statement.actions)


@pytest.mark.parametrize(
    ("actions", "silent"),
    [("sqs:DeleteMessage", True), ("sqs:DeleteMesage", True), (["sqs:DeleteMessage", "sqs:PurgeQueue"], False)],
)
def test_what_was_meant_for_a_need_elsewhere_is_not_told_as_too_much(
    actions: str | list[str], silent: bool, with_rules: Callable[..., None]
) -> None:
    with_rules(unneeded_grant)
    near = QUEUE if actions == "sqs:DeleteMesage" else f"{QUEUE}-old"
    reads = allow(["sqs:ReceiveMessage", "sqs:GetQueueAttributes"], QUEUE)
    logs = allow(["logs:CreateLogStream", "logs:PutLogEvents"])
    fragment = {"policies": {"Logs": [logs], "Reads": [reads], "Near": [allow(actions, near)]}}

    assert ("unneeded-grant" not in {finding.rule for finding in judge(fragment).findings}) == silent


def test_a_refused_resource_is_named() -> None:
    refused = {"what": "queue", "why": "AccessDenied", "call": "sqs:GetQueueAttributes"}
    (finding,) = engine.audit(account({"resources": [{"arn": QUEUE, "gaps": [refused]}]})).findings

    assert finding.message == f"queue of `{QUEUE}`: AccessDenied"
    assert finding.evidence["resources"] == [QUEUE]
