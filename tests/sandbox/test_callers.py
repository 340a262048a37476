"""By experiment: who invokes a demo function, and is let in exactly if `rolecall callers` names it.

The account's own evaluator decides, ministack's, which shares nothing with ours. It knows neither SCPs nor versions of
functions in policies as AWS does; what it lacks is not in the table.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rolecall.callers.who import Who, who
from rolecall.model import Account as Known
from rolecall.sources import aws
from sandbox.account import ACCOUNT, REGION, Account
from sandbox.stack import Session, Stack
from tests.builders import allow, document

FUNCTIONS = ("Hello", "Alb", "S3", "EventBridge", "Sqs")
INVOKE = "lambda:InvokeFunction"
DENY = {"Effect": "Deny", "Action": INVOKE, "Resource": "*"}
WHOLE = "Hello"
"""The function whose own policy is written at once; those of the others are made of single statements."""
HERE, AWAY = ({"IpAddress": {"aws:SourceIp": each}} for each in ("127.0.0.0/8", "192.0.2.0/24"))


@dataclass(frozen=True, slots=True)
class Case:
    """A principal of the table: its own statements (`FUNCTION` stands for the ARN), what bounds it, what names it."""

    name: str
    kind: str = "user"
    own: tuple[dict[str, Any], ...] = ()
    boundary: dict[str, Any] | None = None
    named: str | None = None
    """How the function's own policy names it: `itself`, or `account` for its whole account."""


CASES = (
    Case("nothing"),
    Case("by-arn", own=(allow(INVOKE, "FUNCTION"),)),
    Case("by-qualifiers", own=(allow(INVOKE, "FUNCTION:*"),)),
    Case("by-star", own=(allow("lambda:Invoke*"),)),
    Case("by-other", own=(allow(INVOKE, "FUNCTION-other"),)),
    Case("denied", own=(allow(INVOKE), DENY)),
    Case("all-but", own=({"Effect": "Allow", "NotAction": "iam:*", "Resource": "FUNCTION"},)),
    Case("bounded-out", own=(allow(INVOKE),), boundary=allow("s3:*")),
    Case("bounded-in", own=(allow(INVOKE),), boundary=allow("lambda:*")),
    Case("at-home", own=(allow(INVOKE, Condition=HERE),)),
    Case("away", own=(allow(INVOKE, Condition=AWAY),)),
    Case("named", named="itself"),
    Case("named-and-denied", named="itself", own=(DENY,)),
    Case("named-and-bounded", named="itself", boundary=allow("s3:*")),
    Case("admin", own=(allow("*"),)),
    Case("role-nothing", "role"),
    Case("role-by-arn", "role", own=(allow(INVOKE, "FUNCTION"),)),
    Case("role-denied", "role", own=(allow(INVOKE), DENY)),
    Case("role-bounded", "role", own=(allow(INVOKE),), boundary=allow("s3:*")),
    Case("role-named", "role", named="itself"),
    Case("role-named-and-bounded", "role", named="itself", boundary=allow("s3:*")),
)


@pytest.fixture(scope="module", params=FUNCTIONS)
def function(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    """The ARN of a demo function with all principals of the table beside it."""
    arn = stack.arn(request.param)
    iam, functions = stack.client("iam"), stack.client("lambda")
    for case in CASES:
        make(iam, case, arn)
    # The account is named, too: that leaves it to the account, and lets nobody in by itself.
    named = {"account": ACCOUNT, **{case.name: principal(case) for case in CASES if case.named}}
    if request.param == WHOLE:
        functions.put_resource_policy(ResourceArn=arn, Policy=json.dumps(whole(arn, list(named.values()))))
    else:
        for sid, name in named.items():
            functions.add_permission(FunctionName=arn, StatementId=sid, Action=INVOKE, Principal=name)
    yield arn
    if request.param == WHOLE:
        functions.delete_resource_policy(ResourceArn=arn)
    else:
        for sid in named:
            functions.remove_permission(FunctionName=arn, StatementId=sid)
    for case in CASES:
        remove(iam, case)


def whole(arn: str, named: list[str]) -> dict[str, Any]:
    """A policy that names several at once, lets one in on a condition, and keeps others out, by name and by key."""
    by_arn, by_star, nobody, role = (
        f"arn:aws:iam::{ACCOUNT}:{name}" for name in ("user/by-arn", "user/by-star", "user/nothing", "role/role-by-arn")
    )
    everybody = {"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": by_star}}}
    return document(
        allow(INVOKE, arn, Principal={"AWS": named}),
        allow(INVOKE, arn, Principal={"AWS": nobody}, Condition=HERE),
        {**DENY, "Resource": arn, "Principal": {"AWS": [by_arn, role]}},
        {**DENY, "Resource": [arn, f"{arn}:*"], **everybody},
    )


@pytest.fixture(scope="module")
def told(function: str, stack: Stack) -> Who:
    """What `rolecall callers` says of the function."""
    known: Known = aws.read(Session(stack.account), functions=[function], principals=True)
    (own,) = [each for each in known.functions if each.qualifier is None]
    return who(own, known)


def make(iam: Any, case: Case, arn: str) -> None:
    text = json.dumps(document(*case.own)).replace("FUNCTION", arn)
    bounds = {}
    if case.boundary:
        made = iam.create_policy(PolicyName=f"{case.name}-bounds", PolicyDocument=json.dumps(document(case.boundary)))
        bounds = {"PermissionsBoundary": made["Policy"]["Arn"]}
    if case.kind == "user":
        iam.create_user(UserName=case.name, **bounds)
        put = {"UserName": case.name}
    else:
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName=case.name, AssumeRolePolicyDocument=json.dumps(document(trust)), **bounds)
        put = {"RoleName": case.name}
    if case.own:
        getattr(iam, f"put_{case.kind}_policy")(PolicyName="Own", PolicyDocument=text, **put)


def remove(iam: Any, case: Case) -> None:
    put = {f"{case.kind.title()}Name": case.name}
    if case.own:
        getattr(iam, f"delete_{case.kind}_policy")(PolicyName="Own", **put)
    if case.kind == "user":
        for key in iam.list_access_keys(**put)["AccessKeyMetadata"]:
            iam.delete_access_key(AccessKeyId=key["AccessKeyId"], **put)
    getattr(iam, f"delete_{case.kind}")(**put)
    if case.boundary:
        iam.delete_policy(PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/{case.name}-bounds")


def principal(case: Case) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{case.kind}/{case.name}"


def credentials(account: Account, case: Case) -> tuple[str, str, str | None]:
    """Keys of a user, or of a session of a role."""
    if case.kind == "user":
        key = account.client("iam").create_access_key(UserName=case.name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"], None
    taken = account.client("sts").assume_role(RoleArn=principal(case), RoleSessionName="test")["Credentials"]
    return taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"]


def invokes(account: Account, case: Case, function: str) -> bool:
    """Is a call of Invoke let in? `DryRun` asks for the permission alone: "verify that the user or role has
    permission to invoke the function" (Lambda API Reference, Invoke).
    """
    session = boto3.Session(*credentials(account, case), region_name=REGION)
    try:
        functions = session.client("lambda", endpoint_url=account.endpoint)
        functions.invoke(FunctionName=function, InvocationType="DryRun")
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return False
    return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_principal_invokes_exactly_if_callers_says_so(case: Case, function: str, told: Who, sandbox: Account) -> None:
    listed = [each for each in (*told.callers, *told.admins) if each.principal == principal(case) and each.via]
    is_open = any(each.open for each in listed)

    let_in = invokes(sandbox, case, function)

    assert let_in == bool(listed) or (is_open and case.name == "away")


def test_what_a_condition_leaves_open_is_named(told: Who, function: str, stack: Stack) -> None:
    left = {each.name: each.open for each in told.callers if each.kind == "user" and each.open}
    besides = {"nothing"} if function == stack.arn(WHOLE) else set[str]()

    assert left == dict.fromkeys({"at-home", "away"} | besides, ("aws:SourceIp",))


def test_those_who_are_held_back_are_told_with_what_holds_them(told: Who, function: str, stack: Stack) -> None:
    besides = {"by-arn", "by-star", "role-by-arn"} if function == stack.arn(WHOLE) else set[str]()

    assert {each.name: each.by for each in told.held} == {
        "bounded-out": "boundary",
        "denied": "deny",
        "role-bounded": "boundary",
        "role-denied": "deny",
        **dict.fromkeys(besides, "deny"),
    }
