"""Escalation: what is told of a merged grant, by which target, and what must not be told."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rolecall import engine
from rolecall.escalation.judge import with_trust
from rolecall.escalation.strength import holder
from rolecall.finding import Finding
from rolecall.iam.cases import answer
from rolecall.iam.policy import parse
from rolecall.model import Account, Gap, Resource, User
from rolecall.needs.grant import letting_in
from rolecall.parts import single
from rolecall.rules import all_rules
from tests.builders import ACCOUNT, FUNCTION, REGION, ROLE, account, allow, document
from tests.rules.shell import commands
from tests.rules.test_examples import examples

BILLING = FUNCTION.replace("orders", "billing")
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/invoices"
JOBS = f"arn:aws:iam::{ACCOUNT}:role/jobs"
TASKS = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ESCALATION = {
    "exposed-function",
    "role-chaining",
    "role-passing",
    "self-escalation",
    "self-rewrite",
    "workload-takeover",
}

OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"


def role(name: str, *statements: dict[str, Any], trust: dict[str, Any] = LAMBDA) -> dict[str, Any]:
    policies = [{"name": "Own", "document": document(*statements)}] if statements else []
    return {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "policies": policies, "trust": document(trust)}


def billing(*statements: dict[str, Any]) -> dict[str, Any]:
    """Another function, whose role has these statements."""
    function = {"id": "billing", "name": "billing", "arn": BILLING, "role": f"arn:aws:iam::{ACCOUNT}:role/billing"}
    return {
        "functions": [function | {"triggers": [], "settings": {"log_group": "/aws/lambda/orders"}}],
        "roles": [role("billing", *statements)],
    }


def granting(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"calls": [], "more policies": {"Example": list(statements)}, **more}


def found(fragment: dict[str, Any]) -> list[Finding]:
    return [each for each in engine.audit(account(fragment)).findings if each.rule in ESCALATION]


def left(finding: Finding) -> list[tuple[Any, Any]]:
    """Action and Resource of each statement that the fix of a finding writes."""
    (words,) = commands(finding.fix)
    statements = json.loads(words[words.index("--policy-document") + 1])["Statement"]
    return [(each["Action"], each["Resource"]) for each in statements]


def short(fragment: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.severity.value, each.rule) for each in found(fragment)]


def of_examples() -> Iterator[Any]:
    for rule in all_rules():
        for number, (kind, fragment) in enumerate(examples(rule)):
            if rule.name in ESCALATION and kind == "Bad":
                yield pytest.param(rule.name, fragment, id=f"{rule.name}-{number}")


def policies_of(arn: str, within: Account) -> dict[str, Any]:
    (holder,) = (each for each in within.roles if each.arn == arn)
    boundaries = [holder.boundary.document()] if holder.boundary else None
    return {"identityPolicies": [each.document() for each in holder.policies], "boundaries": boundaries}


@pytest.mark.parametrize(("rule", "fragment"), list(of_examples()))
def test_every_action_has_a_request_that_the_evaluator_allows(rule: str, fragment: dict[str, Any]) -> None:
    within = account(fragment)
    (finding,) = (each for each in engine.audit(within).findings if each.rule == rule)
    held = policies_of(finding.principal or ROLE, within)

    steps = finding.to_json()["evidence"]["steps"]  # type: ignore[index]
    witnesses = [finding.witness, *(step["witness"] for step in steps)]
    assert {answer(json.dumps(each | held))["decision"] for each in witnesses} == {"Allowed"}


def test_the_target_is_named_with_what_is_gained() -> None:
    (finding,) = found(granting(allow("lambda:UpdateFunctionCode", BILLING), **billing(allow("dynamodb:Scan", TABLE))))

    assert finding.message == (
        "`orders` can become `billing`, the role of function `billing`: "
        "by `lambda:UpdateFunctionCode` it runs its own code there"
    )
    assert finding.evidence["targets"] == [
        {
            "pattern": BILLING,
            "strongest": f"arn:aws:iam::{ACCOUNT}:role/billing",
            "gains": [f"dynamodb:Scan on {TABLE}"],
            "administrator": False,
            "known": True,
            "others": 0,
        }
    ]


def test_a_function_that_holds_no_more_is_nothing_to_gain() -> None:
    sends = allow("sqs:ReceiveMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders")

    assert short(granting(allow("lambda:UpdateFunctionCode", BILLING), **billing(sends))) == []
    assert short(granting(allow("lambda:UpdateFunctionCode", BILLING), **billing())) == []


def test_a_function_that_is_not_known_counts_as_stronger() -> None:
    assert short(granting(allow("lambda:UpdateFunctionCode", BILLING))) == [("high", "workload-takeover")]


def test_a_function_of_the_same_role_is_nothing_to_gain() -> None:
    same = {"id": "billing", "name": "billing", "arn": BILLING, "role": ROLE, "triggers": []}
    (finding,) = found(granting(allow("lambda:UpdateFunctionCode", BILLING), functions=[same]))

    assert (finding.rule, finding.function) == ("self-rewrite", "billing")


@pytest.mark.parametrize(
    "action",
    [
        "lambda:AddPermission",
        "lambda:CreateFunctionUrlConfig",
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:PublishVersion",
        "lambda:PutFunctionConcurrency",
        "lambda:PutFunctionEventInvokeConfig",
        "lambda:PutResourcePolicy",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    ],
)
@pytest.mark.parametrize("own", [FUNCTION, f"{FUNCTION}:*", f"arn:aws:lambda:*:*:function:{'orders'}"])
def test_a_change_of_itself_is_a_rewrite(action: str, own: str) -> None:
    assert short(granting(allow(action, own))) == [("high", "self-rewrite")]


@pytest.mark.parametrize(
    "action",
    [
        "lambda:AddPermission",
        "lambda:CreateEventSourceMapping",
        "lambda:PutResourcePolicy",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:*",
        "ssm:SendCommand",
        "ssm:StartSession",
        "bedrock-agentcore:InvokeAgentRuntimeCommand",
        "codebuild:StartBuild",
        "glue:UpdateJob",
        "states:UpdateStateMachine",
    ],
)
def test_any_of_these_on_everything_takes_over_what_it_likes(action: str) -> None:
    assert short(granting(allow(action))) == [("high", "workload-takeover")]


def test_a_mapping_of_its_own_is_no_takeover() -> None:
    own = {"ArnEquals": {"lambda:FunctionArn": FUNCTION}}

    assert short(granting(allow("lambda:CreateEventSourceMapping", Condition=own))) == []


def test_what_the_code_calls_of_other_services_is_its_business() -> None:
    project = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/site"
    build = {"service": "codebuild", "operation": "StartBuild", "parameters": {"projectName": "site"}}

    assert short({"calls": [build], "more policies": {"Example": [allow("codebuild:StartBuild", project)]}}) == []
    assert short(granting(allow("codebuild:StartBuild", project))) == [("high", "workload-takeover")]


PASS = allow("iam:PassRole", JOBS)
RUN = allow("ecs:RunTask")


def test_an_administrator_that_can_be_passed_is_critical() -> None:
    (finding,) = found(granting(PASS, RUN, roles=[role("jobs", allow("*"), trust=TASKS)]))

    assert (finding.severity.value, finding.evidence["paths"]) == ("critical", ["ecs-008"])
    assert finding.message.startswith("`orders` can become `jobs`: by `iam:PassRole`, `ecs:RunTask` it runs a task")


@pytest.mark.parametrize(
    ("statements", "passed"),
    [
        ((PASS, RUN), role("jobs", allow("dynamodb:Scan", TABLE), trust=LAMBDA)),
        ((PASS, RUN), role("jobs", trust=TASKS)),
        ((PASS, allow("ecs:StopTask")), role("jobs", allow("*"), trust=TASKS)),
        ((allow("iam:PassRole", ROLE), RUN), role("jobs", allow("*"), trust=TASKS)),
        (
            (PASS | {"Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}, RUN),
            role("jobs", allow("*"), trust=TASKS),
        ),
        ((PASS, RUN, {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}), role("jobs", allow("*"), trust=TASKS)),
    ],
    ids=["trusts another service", "holds nothing", "runs nothing", "itself", "passed elsewhere", "denied"],
)
def test_a_role_that_cannot_run_or_is_no_stronger_is_no_finding(
    statements: tuple[dict[str, Any], ...], passed: dict[str, Any]
) -> None:
    assert short(granting(*statements, roles=[passed])) == []


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("cognito-identity.amazonaws.com", [("critical", "role-passing")]),
        (f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com", []),
    ],
)
def test_an_identity_pool_hands_out_a_role_that_federates_with_it(
    provider: str, expected: list[tuple[str, str]]
) -> None:
    web = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
    guests = role("jobs", allow("*"), trust=web)

    assert short(granting(PASS, allow("cognito-identity:SetIdentityPoolRoles"), roles=[guests])) == expected


def test_one_role_that_the_code_passes_to_one_service_is_its_business() -> None:
    runs = {"service": "ecs", "operation": "RunTask", "parameters": {"taskDefinition": "job"}}
    jobs = role("jobs", allow("dynamodb:Scan", TABLE), trust=TASKS)
    meant = {"calls": [runs], "more policies": {"Example": [PASS, RUN]}, "roles": [jobs]}

    assert short(meant) == []
    assert short(meant | {"calls": []}) == [("high", "role-passing")]
    assert short(meant | {"roles": [role("jobs", allow("*"), trust=TASKS)]}) == [("critical", "role-passing")]


@pytest.mark.parametrize("resource", ["*", ["*", JOBS]])
def test_of_any_role_no_others_are_named(resource: str | list[str]) -> None:
    weak = role("jobs", trust=TASKS)
    (finding,) = found(granting(allow("iam:PassRole", resource), RUN, roles=[weak]))

    assert finding.message.startswith("`orders` can become any role: by `iam:PassRole`, ")


def test_what_passes_roles_goes_where_no_code_passes_any() -> None:
    puts = {"service": "dynamodb", "operation": "PutItem", "parameters": {"TableName": "invoices"}}
    runs = {"service": "ecs", "operation": "RunTask", "parameters": {"taskDefinition": "job"}}
    more = {"roles": [role("jobs", allow("*"), trust=TASKS)], "calls": [puts]}

    (idle,) = found(granting(PASS, RUN, **more))
    (mixed,) = found(granting(allow(["iam:PassRole", "ecs:RunTask", "dynamodb:PutItem"], [JOBS, TABLE, "*"]), **more))
    (used,) = found(granting(PASS, RUN, **(more | {"calls": [runs]})))
    (unread,) = found({"code": "unread", "more policies": {"Example": [PASS, RUN]}, "roles": more["roles"]})

    assert left(idle) == [(["ecs:RunTask"], ["*"])]
    assert left(mixed) == [("dynamodb:PutItem", TABLE)]
    assert left(used) == [("iam:PassRole", "ROLE_ARN"), (["ecs:RunTask"], ["*"])]
    assert left(unread) == left(used)


def test_where_the_code_itself_takes_a_path_somebody_must_decide() -> None:
    strong = billing(allow("s3:GetObject"))
    updates = {"service": "lambda", "operation": "UpdateFunctionCode", "parameters": {"FunctionName": "billing"}}
    (finding,) = found(granting(allow("lambda:UpdateFunctionCode", BILLING), calls=[updates], **strong))

    assert finding.fix == (
        "accept it if `orders` is to do what app.py:7 does, else take the call out there and then:"
        " aws iam delete-role-policy --role-name orders --policy-name Example"
    )


def test_what_the_code_passes_without_naming_it_is_asked_for() -> None:
    passes = {"service": "ecs", "operation": "RegisterTaskDefinition", "parameters": {"taskRoleArn": "⟨event:role⟩"}}
    runs = {"service": "ecs", "operation": "RunTask", "parameters": {"taskDefinition": "job"}}
    (finding,) = found(granting(allow("iam:PassRole"), RUN, calls=[passes, runs]))

    assert finding.fix.startswith("say in place of `ROLE_ARN` which role app.py:7 needs, no stronger one: aws iam put")


def test_a_role_that_it_can_write_and_pass_has_any_right() -> None:
    runs = allow(["lambda:CreateFunction", "lambda:InvokeFunction"])

    assert ("high", "role-passing") in short(granting(PASS, runs))
    assert ("critical", "role-passing") in short(granting(PASS, runs, allow("iam:PutRolePolicy", JOBS)))


def test_a_role_that_is_linked_to_a_service_cannot_be_passed() -> None:
    linked = role("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", allow("*"), trust=TASKS)
    (finding,) = found(granting(allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/*"), RUN, roles=[linked]))

    assert finding.message.startswith("`orders` can become any role like")


def test_actions_of_several_policies_count_together() -> None:
    apart = {"A": [allow("iam:PassRole")], "B": [allow("lambda:CreateFunction")]}
    together = apart | {"C": [allow("lambda:InvokeFunction")]}

    assert short({"calls": [], "more policies": apart}) == []
    assert short({"calls": [], "more policies": together}) == [("critical", "role-passing")]


@pytest.mark.parametrize(
    "statements",
    [
        (allow("iam:PutRolePolicy", ROLE),),
        (allow("iam:AttachRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/ord*"),),
        (allow("iam:UpdateAssumeRolePolicy", JOBS),),
        (allow("iam:UpdateAssumeRolePolicy", ROLE), allow("sts:AssumeRole", ROLE)),
        (allow("iam:PutRolePolicy", JOBS), allow("iam:UpdateAssumeRolePolicy", JOBS)),
        (allow("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/jobs"), allow("sts:AssumeRole", JOBS)),
        (allow("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/*"),),
    ],
)
def test_a_role_that_can_write_its_own_rights_is_critical(statements: tuple[dict[str, Any], ...]) -> None:
    assert set(short(granting(*statements))) == {("critical", "self-escalation")}


def test_taking_the_boundary_off_needs_a_boundary() -> None:
    frees = granting(allow("iam:DeleteRolePermissionsBoundary", ROLE))
    boundary = [allow(["iam:*", "logs:*", "sqs:*", "xray:*"])]

    assert short(frees) == []
    assert short(frees | {"boundary": boundary}) == [("critical", "self-escalation")]


def test_a_deny_without_a_boundary_is_no_way_out() -> None:
    edge = {"StringNotEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/edge"}}
    deny = {"Effect": "Deny", "Action": "iam:PutRolePolicy", "Resource": "*", "Condition": edge}

    assert short(granting(allow("iam:PutRolePolicy", ROLE), deny)) == []


def test_an_administrator_has_nothing_to_gain() -> None:
    fragment = granting(allow("*"), allow(["iam:PassRole", "lambda:UpdateFunctionCode"], [JOBS, BILLING]))

    assert short(fragment) == []


def test_a_stronger_role_that_lets_it_in_is_a_chain() -> None:
    lets_in = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    chain = granting(allow("sts:AssumeRole", JOBS), roles=[role("jobs", allow("dynamodb:Scan", TABLE), trust=lets_in)])

    (finding,) = found(chain)

    assert finding.message == "`orders` can become `jobs` by `sts:AssumeRole`: that role is stronger"
    assert short(chain | {"roles": [role("jobs", trust=lets_in)]}) == []
    assert short(chain | {"roles": [role("jobs", allow("*"), trust=TASKS)]}) == []


def test_a_role_that_the_code_assumes_is_its_business() -> None:
    lets_in = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    assumes = {"service": "sts", "operation": "AssumeRole", "parameters": {"RoleArn": JOBS}}
    jobs = role("jobs", allow("dynamodb:Scan", TABLE), trust=lets_in)

    assert short(granting(allow("sts:AssumeRole", JOBS), roles=[jobs]) | {"calls": [assumes]}) == []


@pytest.mark.parametrize("resource", [f"arn:aws:iam::{ACCOUNT}:role/reader", "arn:aws:iam::*:role/reader"])
def test_roles_of_one_name_are_not_any_role(resource: str) -> None:
    assert short(granting(allow("sts:AssumeRole", resource))) == []


def test_a_condition_that_cannot_be_judged_is_said() -> None:
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    findings = engine.audit(account(granting(allow("ssm:SendCommand", Condition=office)))).findings

    assert [each.rule for each in findings] == ["incomplete-audit"]


def test_one_condition_is_one_question() -> None:
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    statement = allow(["lambda:UpdateFunctionCode", "lambda:PublishVersion"], f"{FUNCTION}*", Condition=office)

    (finding,) = engine.audit(account(granting(statement))).findings

    assert finding.message == (
        "rule escalation: Example, statement 1: not decided whether its conditions on `aws:SourceIp` narrow it"
    )


def test_a_deny_that_may_take_it_away_is_said() -> None:
    away = {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    deny = {"Effect": "Deny", "Action": "lambda:*", "Resource": "*", "Condition": away}

    (finding,) = engine.audit(account(granting(allow("lambda:UpdateFunctionCode"), deny))).findings

    assert finding.message == (
        "rule escalation: Example, statement 1: not decided whether a Deny, "
        "or what is not known of the resource, narrows it"
    )


def test_an_unread_boundary_makes_it_less_sure() -> None:
    gap = Gap("boundary", "AccessDenied", "iam:GetPolicyVersion", ROLE)
    within = account(granting(allow("iam:PutRolePolicy", ROLE)))
    (own,) = within.roles

    findings = engine.audit(replace(within, roles=(replace(own, gaps=(gap,)),))).findings

    assert [(each.rule, each.confidence.value) for each in findings] == [
        ("self-escalation", "medium"),
        ("incomplete-audit", "high"),
    ]


def test_an_event_and_a_sweep_find_the_same() -> None:
    within = account(granting(allow(["lambda:UpdateFunctionCode"], BILLING), PASS, RUN, **billing(allow("s3:*"))))
    one, other = sorted(single(within), key=lambda each: each.functions[0].id, reverse=True)
    by_event = engine.audit(one, whole=False).findings

    assert by_event == tuple(each for each in engine.audit_each(within).findings if each.function == "orders")
    assert [each.rule for each in by_event][:2] == ["role-passing", "workload-takeover"]
    assert other.functions[0].id == "billing"


def test_what_is_silent_beside_a_path() -> None:
    (finding,) = engine.audit(account(granting(allow(["lambda:UpdateFunctionCode", "lambda:InvokeFunction"])))).findings

    assert finding.rule == "workload-takeover"


def test_roles_that_assume_each_other_are_no_crash() -> None:
    there = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    jobs = role("jobs", allow("sts:AssumeRole", ROLE), allow("sqs:SendMessage"), trust=there)
    fragment = granting(allow("sts:AssumeRole", JOBS), roles=[jobs])
    fragment["trust"] = [LAMBDA, {"Effect": "Allow", "Principal": {"AWS": JOBS}, "Action": "sts:AssumeRole"}]

    assert ("high", "role-chaining") in short(fragment)


def test_who_is_no_declared_deployer_is_named() -> None:
    support = role("support", allow("lambda:UpdateFunctionCode", FUNCTION), trust=TASKS)
    declared = {"tags": {"rolecall:deployers": "pipeline", "rolecall:deployers:2": "release"}, "roles": [support]}

    (finding,) = found(declared)

    assert finding.message == (
        "`support` can take `orders` over by `lambda:UpdateFunctionCode` (Own, statement 1),"
        " and is no declared deployer"
    )
    assert short(declared | {"tags": {"rolecall:deployers": "pipeline", "rolecall:deployers:2": "support"}}) == []
    assert short({"roles": [support]}) == [("info", "exposed-function")]


@pytest.mark.parametrize(
    "other",
    [
        role("admin", allow("*"), trust=TASKS),
        role("aws-service-role/ops.amazonaws.com/AWSServiceRoleForOps", allow("lambda:Update*"), trust=TASKS),
        role("reader", allow("lambda:Get*"), trust=TASKS),
        role("stacks", allow("lambda:*"), trust=TASKS | {"Principal": {"Service": "cloudformation.amazonaws.com"}}),
        role("twin", allow(["lambda:UpdateFunctionCode", "sqs:*"]), trust=TASKS),
    ],
    ids=lambda each: str(each["arn"]).rpartition("/")[2],
)
def test_who_exposes_nothing(other: dict[str, Any]) -> None:
    assert short({"tags": {"rolecall:deployers": "none"}, "roles": [other]}) == []


@pytest.mark.parametrize(
    ("statements", "listed"),
    [
        ((allow("lambda:UpdateFunctionCode"),), []),
        (
            (allow("lambda:UpdateFunctionCode", FUNCTION), allow("lambda:UpdateFunctionCode", BILLING)),
            [("info", "exposed-function")] * 2,
        ),
    ],
    ids=["by the same statement", "by another one"],
)
def test_who_is_told_for_one_function_is_listed_for_others(
    statements: tuple[dict[str, Any], ...], listed: list[tuple[str, str]]
) -> None:
    other = billing(allow("s3:GetObject", "arn:aws:s3:::inbox/*"))
    two = [role(name, *statements, trust=TASKS) for name in ("support", "tools")]
    declared = other | {"tags": {"rolecall:deployers": "none"}, "roles": [*other["roles"], *two]}

    assert short(declared) == [("high", "exposed-function"), *listed]


def test_a_user_can_expose_a_function() -> None:
    policy = parse(document(allow("lambda:UpdateFunctionCode")), name="Deploy")
    ann = User(f"arn:aws:iam::{ACCOUNT}:user/ann", policies=(policy,))

    (finding,) = engine.audit(replace(account(), users=(ann,))).findings

    assert (finding.severity.value, finding.rule, finding.principal) == ("info", "exposed-function", ann.arn)
    case = json.dumps({**(finding.witness or {}), "identityPolicies": [policy.document()]})
    assert answer(case)["decision"] == "Allowed"


OBJECT = "arn:aws:s3:::builds/orders.zip"
REPOSITORY = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/orders"


def deployed_from(source: str | None, *others: dict[str, Any], deployers: str = "pipeline") -> dict[str, Any]:
    """A function that says who deploys it, and where from."""
    return {
        "tags": {"rolecall:deployers": deployers},
        "function": {"code": {"kind": "remote", "source": source}},
        "roles": list(others),
    }


@pytest.mark.parametrize(
    ("source", "action"), [(OBJECT, "s3:PutObject"), (REPOSITORY, "ecr:PutImage")], ids=["bucket", "repository"]
)
def test_who_may_write_what_a_function_is_deployed_from_is_named(source: str, action: str) -> None:
    builder = role("builder", allow(action, source), trust=TASKS)

    (finding,) = found(deployed_from(source, builder))

    assert (finding.severity.value, finding.confidence.value, finding.rule) == ("medium", "medium", "exposed-function")
    assert finding.message == (
        f"`builder` may write what `orders` is deployed from by `{action}` (Own, statement 1), and is no declared"
        " deployer: it chooses the code of the next deployment"
    )
    assert (finding.actions, finding.resources) == ((action,), (source,))


def test_the_role_of_another_function_may_not_write_it_either() -> None:
    writing = deployed_from(OBJECT) | billing(allow("s3:PutObject", "arn:aws:s3:::builds/*"))

    (finding,) = found(writing)

    assert (finding.rule, finding.function) == ("exposed-function", "orders")
    assert finding.principal == f"arn:aws:iam::{ACCOUNT}:role/billing"


@pytest.mark.parametrize(
    ("source", "statements", "deployers"),
    [
        (OBJECT, (allow("s3:PutObject", OBJECT),), "builder"),
        (OBJECT, (allow("s3:GetObject", OBJECT),), "none"),
        (OBJECT, (allow("s3:PutObject", "arn:aws:s3:::uploads/*"),), "none"),
        (OBJECT, (allow("s3:PutObject"), {"Effect": "Deny", "Action": "s3:*", "Resource": OBJECT}), "none"),
        (OBJECT, (allow("*"),), "none"),
        (OBJECT, (allow(["s3:PutObject", "sqs:*"]),), "none"),
        (None, (allow("s3:PutObject"),), "none"),
    ],
    ids=["declared", "reads it", "writes elsewhere", "denied", "administrator", "no weaker", "source not known"],
)
def test_who_does_not_choose_the_code_of_the_next_deployment(
    source: str | None, statements: tuple[dict[str, Any], ...], deployers: str
) -> None:
    builder = role("builder", *statements, trust=TASKS)

    assert short(deployed_from(source, builder, deployers=deployers)) == []


def test_a_bucket_that_lets_nobody_else_write_exposes_nothing() -> None:
    builder = role("builder", allow("s3:PutObject", OBJECT), trust=TASKS)
    closed = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::builds/*"}
    but = {"ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline"}}
    bucket = {"arn": "arn:aws:s3:::builds", "policy": [closed | {"Condition": but}]}

    assert short(deployed_from(OBJECT, builder) | {"resources": [bucket]}) == []


def test_who_writes_the_source_is_not_told_where_nobody_said_who_deploys() -> None:
    builder = role("builder", allow("s3:PutObject", OBJECT), trust=TASKS)

    assert short(deployed_from(OBJECT, builder) | {"tags": {}}) == []


def test_who_may_change_the_function_is_not_told_again_for_its_source() -> None:
    both = role("builder", allow("s3:PutObject", OBJECT), allow("lambda:UpdateFunctionCode", FUNCTION), trust=TASKS)

    assert short(deployed_from(OBJECT, both)) == [("high", "exposed-function")]


def test_a_right_to_more_rights_is_a_cause_before_a_loop() -> None:
    before = {"self-escalation", "role-passing", "workload-takeover", "self-rewrite", "role-chaining"}

    assert before <= {rule.name for rule in all_rules() if "trigger-loop" in rule.silences}


def test_what_is_supposed_of_a_role_does_not_index_the_account_anew() -> None:
    held = holder(account().roles[0], account())

    supposed = with_trust(held, OTHER, None)
    assert supposed.account is held.account
    assert supposed.known(OTHER) == Resource(OTHER, policy=letting_in("aws", ACCOUNT))


DENY_ALL = "arn:aws:iam::aws:policy/AWSDenyAll"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize(
    ("action", "condition", "rules"),
    [
        ("iam:AttachUserPolicy", {"iam:PolicyARN": DENY_ALL}, []),
        ("iam:AttachUserPolicy", {"iam:PolicyARN": [DENY_ALL, ADMINISTRATOR]}, ["incomplete-audit"]),
        ("iam:PutUserPolicy", {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/edge"}, []),
        ("iam:PutUserPolicy", {"iam:PermissionsBoundary": ADMINISTRATOR}, ["incomplete-audit"]),
    ],
)
def test_who_gives_out_one_harmless_policy_is_no_administrator(
    action: str, condition: dict[str, Any], rules: list[str]
) -> None:
    users = f"arn:aws:iam::{ACCOUNT}:user/*"
    given = allow(action, users, Condition={"StringEquals": condition})

    judged = engine.audit(account({"code": "unread", "more policies": {"Give": [given]}})).findings

    assert [each.rule for each in judged if each.evidence.get("what") != "code"] == rules


def test_an_administrator_by_what_its_code_needs_is_told_how_to_narrow_it() -> None:
    attach = {"service": "iam", "operation": "AttachUserPolicy", "where": "app.py:3"}
    calls = [{**attach, "parameters": {"UserName": "⟨event:user⟩", "PolicyArn": DENY_ALL}}]
    policies = {"Give": [allow("iam:AttachUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/*")]}
    (finding,) = engine.audit(account({"calls": calls, "more policies": policies})).findings

    assert finding.rule == "admin-role"
    assert finding.fix.endswith(f'{{"Condition": {{"ArnEquals": {{"iam:PolicyARN": "{DENY_ALL}"}}}}}}')
