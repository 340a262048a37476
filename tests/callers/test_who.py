"""Who may invoke a function: principals of the account by what is theirs and by the function's policy, and others."""

from dataclasses import replace
from typing import Any

import pytest

from rolecall.callers.who import Who, who
from rolecall.iam.policy import Kind, Policy, parse
from rolecall.model import Account, User
from tests.builders import ACCOUNT, FUNCTION, account, allow, document, permission

OTHER = "444455556666"
ANN, DEPLOY = f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:role/deploy"
INVOKE = "lambda:InvokeFunction"


def policy(*statements: dict[str, Any], name: str = "Own", kind: Kind = Kind.IDENTITY) -> Policy:
    return parse(document(*statements), name=name, kind=kind)


def asked(
    *own: dict[str, Any],
    deploy: list[dict[str, Any]] | None = None,
    boundary: dict[str, Any] | None = None,
    resource: list[dict[str, Any]] | None = None,
    qualifier: str | None = None,
    url: str | None = None,
    scps: list[dict[str, Any]] | None = None,
    tags: dict[str, str] | None = None,
) -> Who:
    """The answer for the clean function beside the user ann (with these statements) and the role deploy."""
    known = account(
        {
            "roles": [
                {"arn": DEPLOY, "policies": [{"name": "Deploy", "document": document(*deploy)}] if deploy else []}
            ],
            "resource policy": resource or [permission({"Service": "nobody.amazonaws.com"}, sid="Nobody")],
            "function": {"qualifier": qualifier, "tags": tags or {}},
            "configuration": {"url_auth": url},
        }
    )
    limit = policy(boundary, name="boundary", kind=Kind.BOUNDARY) if boundary else None
    user = User(ANN, (policy(*own),) if own else (), limit)
    levels = tuple((policy(each, name="scp", kind=Kind.SCP),) for each in scps or ())
    known = replace(known, users=(user,), scps=levels)
    return who(known.functions[0], known)


def told(found: Who) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """(name, via, open) of the callers, but the service that stands in for a policy."""
    callers = [each for each in found.callers if not each.principal.startswith("nobody")]
    return [(each.name, each.via, each.open) for each in callers]


@pytest.mark.parametrize("resource", [FUNCTION, "*", f"{FUNCTION[:-6]}*", "arn:aws:lambda:*:*:function:orders"])
def test_an_identity_policy_on_the_function_lets_in(resource: str) -> None:
    assert told(asked(allow(INVOKE, resource))) == [("ann", "identity", ())]


@pytest.mark.parametrize(("resource", "names"), [(FUNCTION, []), (f"{FUNCTION}:*", ["ann"]), (f"{FUNCTION}:v1", [])])
def test_a_qualifier_is_a_resource_of_its_own(resource: str, names: list[str]) -> None:
    found = asked(allow(INVOKE, resource), qualifier="live")

    assert [each.name for each in found.callers if each.kind == "user"] == names


def test_the_unqualified_function_is_not_among_its_qualifiers() -> None:
    assert told(asked(allow(INVOKE, f"{FUNCTION}:*"))) == []


def test_a_deny_anywhere_holds_back() -> None:
    deny = allow("lambda:*", FUNCTION) | {"Effect": "Deny"}
    by_policy = permission({"AWS": ANN}, sid="No") | {"Effect": "Deny"}

    by_own, by_functions = asked(allow(INVOKE), deny), asked(allow(INVOKE), resource=[by_policy])

    assert (told(by_own), [(each.name, each.by) for each in by_own.held]) == ([], [("ann", "deny")])
    assert [(each.by, each.statements[0].policy) for each in by_functions.held] == [("deny", "resource")]


def test_a_boundary_and_an_scp_hold_back() -> None:
    bounded = asked(allow(INVOKE), boundary=allow("s3:*"))
    controlled = asked(allow(INVOKE), scps=[allow("s3:*")])

    assert ([each.by for each in bounded.held], told(bounded)) == (["boundary"], [])
    assert ([each.by for each in controlled.held], told(controlled)) == (["scp"], [])


def test_the_boundary_that_lets_through_is_in_the_chain() -> None:
    (caller,) = asked(allow(INVOKE), boundary=allow("lambda:*")).callers[1:]

    assert [each.policy for each in caller.statements] == ["Own", "boundary"]


def test_the_functions_policy_alone_lets_a_principal_of_the_account_in() -> None:
    by_name = [permission({"AWS": [ANN, DEPLOY]})]

    assert told(asked(resource=by_name)) == [("deploy", "resource", ()), ("ann", "resource", ())]


def test_a_boundary_does_not_limit_a_user_whom_the_functions_policy_names_but_does_limit_a_role() -> None:
    assert told(asked(resource=[permission({"AWS": ANN})], boundary=allow("s3:*"))) == [("ann", "resource", ())]


def test_both_kinds_of_policies_are_both() -> None:
    found = asked(allow(INVOKE), resource=[permission({"AWS": ANN})])

    assert told(found) == [("ann", "both", ())]
    assert [each.policy for each in found.callers[0].statements] == ["Own", "resource"]


def test_naming_the_account_leaves_it_to_its_policies() -> None:
    root = [permission({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})]

    assert told(asked(resource=root)) == []
    assert told(asked(allow(INVOKE), resource=root)) == [("ann", "identity", ())]


def test_a_condition_that_nothing_decides_is_left_open() -> None:
    office = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}

    assert told(asked(allow(INVOKE, Condition=office))) == [("ann", "identity", ("aws:SourceIp",))]


def test_conditions_on_the_principal_are_decided() -> None:
    def by(name: str) -> dict[str, Any]:
        return permission("*", condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:{name}"}})

    assert told(asked(resource=[by("role/dep*")])) == [("deploy", "resource", ())]
    assert told(asked(resource=[by("user/bob")])) == []


def test_tags_of_the_function_are_decided() -> None:
    mine = allow(INVOKE, Condition={"StringEquals": {"aws:ResourceTag/team": "ann"}})

    assert told(asked(mine, tags={"team": "ann"})) == [("ann", "identity", ())]
    assert told(asked(mine, tags={"team": "bob"})) == told(asked(mine)) == []


def test_a_variable_stands_for_the_principal() -> None:
    own = allow(INVOKE, FUNCTION.replace("orders", "${aws:username}"))

    assert told(asked(own)) == []


def test_a_service_comes_for_its_source() -> None:
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/orders"
    guard = {"ArnLike": {"aws:SourceArn": rule}}
    found = asked(resource=[permission({"Service": "events.amazonaws.com"}, condition=guard)])

    assert [(each.kind, each.principal, each.source) for each in found.callers] == [
        ("service", "events.amazonaws.com", rule)
    ]


def test_a_service_whose_sources_account_is_pinned_too_has_nothing_open() -> None:
    guard = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::inbox"}, "StringEquals": {"aws:SourceAccount": ACCOUNT}}
    found = asked(resource=[permission({"Service": "s3.amazonaws.com"}, condition=guard)])

    assert told(found) == [("s3.amazonaws.com", "resource", ())]


def test_a_denied_service_is_no_caller() -> None:
    service = {"Service": "events.amazonaws.com"}
    found = asked(resource=[permission(service), permission(service, sid="No") | {"Effect": "Deny"}])

    assert found.callers == ()


def test_of_another_account_one_side_is_known() -> None:
    foreign = f"arn:aws:iam::{OTHER}:role/theirs"
    found = asked(resource=[permission({"AWS": [OTHER, foreign]})])

    assert [(each.kind, each.principal, each.known) for each in found.callers] == [
        ("account", OTHER, "one side"),
        ("role", foreign, "one side"),
    ]


def test_everybody_is_everybody_and_each_of_the_account() -> None:
    found = asked(resource=[permission("*")])

    assert [(each.kind, each.name, each.known) for each in found.callers] == [
        ("anyone", "*", "one side"),
        ("role", "deploy", "both sides"),
        ("role", "orders", "both sides"),
        ("user", "ann", "both sides"),
    ]


def test_an_organisation_is_one() -> None:
    found = asked(resource=[permission("*", condition={"StringEquals": {"aws:PrincipalOrgID": "o-abc1234567"}})])

    assert (found.callers[0].kind, found.callers[0].principal, found.callers[0].open) == (
        "organization",
        "o-abc1234567",
        (),
    )


def test_a_url_takes_both_actions() -> None:
    both, one = allow([INVOKE, "lambda:InvokeFunctionUrl"], FUNCTION), allow("lambda:InvokeFunctionUrl", FUNCTION)
    through_url = allow([INVOKE], FUNCTION, Condition={"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})

    assert [each.through for each in asked(both, url="AWS_IAM").callers[1:]] == [("invoke", "url")]
    assert [each.through for each in asked(one, through_url, url="AWS_IAM").callers[1:]] == [("url",)]
    assert told(asked(one, url="AWS_IAM")) == []


@pytest.mark.parametrize(
    ("service", "through"),
    [("cloudfront.amazonaws.com", [("invoke", "url")]), ("sns.amazonaws.com", [("invoke",)])],
)
def test_of_services_only_cloudfront_comes_by_a_url(service: str, through: list[tuple[str, ...]]) -> None:
    both = permission({"Service": service}) | {"Action": [INVOKE, "lambda:InvokeFunctionUrl"]}

    assert [each.through for each in asked(resource=[both], url="AWS_IAM").callers] == through


def test_a_url_without_authentication_is_open_to_everybody() -> None:
    auth = {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    passed = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    opened = [
        permission("*", sid="Url", condition=auth) | {"Action": "lambda:InvokeFunctionUrl"},
        permission("*", sid="Invoke", condition=passed),
    ]

    (caller,) = [each for each in asked(resource=opened, url="NONE").callers if each.kind == "anyone"]

    assert (caller.through, caller.known, caller.open) == (("url",), "both sides", ())
    assert [each.sid for each in caller.statements] == ["Url", "Invoke"]
    assert asked(resource=opened[:1], url="NONE").callers == ()


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        (allow("*"), "`*` on `*`"),
        (allow("lambda:*"), "`lambda:*` on `*`"),
        (allow(["s3:GetObject", "iam:*"]), "`iam:*` on `*`"),
        (
            allow("iam:PutUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/*"),
            f"`iam:PutUserPolicy` on `arn:aws:iam::{ACCOUNT}:user/*`",
        ),
    ],
)
def test_administrators_stand_apart(statement: dict[str, Any], how: str) -> None:
    found = asked(statement)

    assert [(each.name, each.how) for each in found.admins] == [("ann", how)]
    assert told(found) == []


def test_an_administrator_who_may_not_invoke_yet_has_no_way() -> None:
    ways = [asked(allow(actions)).admins[0].via for actions in ("*", "iam:*")]

    assert ways == ["identity", None]


def test_a_boundary_makes_no_administrator() -> None:
    found = asked(allow("*"), boundary=allow(INVOKE))

    assert (found.admins, told(found)) == ((), [("ann", "identity", ())])


def test_an_administrator_who_must_sign_in_with_mfa_is_one() -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}

    assert [each.open for each in asked(allow("*", Condition=mfa)).admins] == [("aws:MultiFactorAuthPresent",)]


def test_a_principal_that_was_deleted_is_a_gap() -> None:
    found = asked(resource=[permission({"AWS": "AROAEXAMPLEEXAMPLE"})])

    assert [gap.why for gap in found.gaps] == ["resource, statement 1: the principal `AROAEXAMPLEEXAMPLE` was deleted"]


@pytest.mark.parametrize("resource", ["wizard/x", "group/web", "role/", "x", "*"])
def test_an_arn_that_no_principal_can_have_is_a_gap_and_no_role(resource: str) -> None:
    name = f"arn:aws:iam::{ACCOUNT}:{resource}"
    found = asked(resource=[permission({"AWS": name})])

    assert (told(found), [gap.why for gap in found.gaps]) == (
        [],
        [f"resource, statement 1: the principal `{name}` is no ARN of a principal"],
    )


def test_a_session_has_the_rights_of_its_role() -> None:
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/ann"

    assert told(asked(resource=[permission({"AWS": session})])) == [("deploy/ann", "resource", ())]


def test_policies_that_were_not_read_are_gaps() -> None:
    known: Account = account(
        {"role": {"policies": [], "gaps": [{"what": "role policies", "why": "AccessDenied", "subject": DEPLOY}]}}
    )

    assert [gap.why for gap in who(known.functions[0], known).gaps] == ["AccessDenied"]


def test_functions_whose_names_are_not_known_are_a_gap() -> None:
    found = asked(allow(INVOKE, FUNCTION.replace("orders", "⟨Name⟩")))

    assert [gap.why for gap in found.gaps] == [
        "`ann` may invoke what Own, statement 1 names, of which not all is known"
    ]
