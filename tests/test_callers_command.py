"""`rolecall callers`: the questions that our own template is to answer, and the format that scripts read."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rolecall.cli import main
from rolecall.iam.policy import Kind, parse
from rolecall.model import User
from rolecall.reports.callers import answers, notes, text
from tests.builders import FUNCTION, ROLE, account, allow, document, laid_over, permission
from tests.rules.written import LIVE

HERE = Path(__file__).resolve().parents[1]
BUCKET = "arn:aws:s3:::rolecall-input-123456789012"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    own = ["--template", str(HERE / "template.yaml"), "--parameter", "AWS::StackName=rolecall"]
    assert main(["callers", *own, *arguments]) == 0
    return capsys.readouterr().out


def test_s3_may_invoke_since_a_statement_and_a_trigger_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--function", "S3Function").splitlines()[2:6] == [
        "who may invoke S3Function",
        f"  service s3.amazonaws.com for {BUCKET}  the function's policy, statement 1 (S3Permission)",
        "  triggers:",
        f"    wired  s3 {BUCKET}  let in by the function's policy, statement 1 (S3Permission)",
    ]


def test_a_queue_needs_no_statement_since_lambda_polls_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--function", "SqsFunction").splitlines()[3:6] == [
        "  nobody",
        "  triggers:",
        (
            "    polled  sqs arn:aws:sqs:us-east-1:123456789012:rolecall-OrdersQueue"
            "  needs no statement: Lambda polls it by OrdersMapping with the rights of rolecall-SqsRole"
        ),
    ]


def test_nobody_else_may_invoke_hello(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--function", "HelloFunction").splitlines() == [
        "note: of principals only those of the template are known: the account has others",
        "",
        "who may invoke HelloFunction",
        "  nobody",
        "",
        "1 function, none open to everybody",
    ]


@pytest.fixture
def snapshot(tmp_path: Path) -> str:
    """The clean function, let in: a role, a user behind a condition, an administrator, and another account."""
    statement = allow("lambda:InvokeFunction", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
    fragment: dict[str, Any] = {"resource policy": [permission({"AWS": "444455556666"})]}
    written = laid_over(fragment)
    written["users"] = [
        {"arn": ROLE.replace("role/orders", f"user/{name}"), "policies": [{"name": "Own", "document": document(own)}]}
        for name, own in (("ann", statement), ("root", allow("*")))
    ]
    path = tmp_path / "now.json"
    path.write_text(json.dumps(written))
    return str(path)


def test_scripts_read_who_may_invoke_and_why(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["callers", "--snapshot", snapshot, "--format", "json"]) == 0

    answer = json.loads(capsys.readouterr().out)
    (function,) = answer["functions"]
    foreign, ann = function["callers"]
    assert (answer["schema"], function["function"], function["qualifier"]) == ("rolecall-callers/1", "orders", None)
    assert foreign == {
        "principal": "444455556666",
        "kind": "account",
        "source": None,
        "via": "resource",
        "statements": [{"policy": "resource", "sid": "Invoke", "index": 0}],
        "open": [],
        "known": "one side",
        "through": ["invoke"],
    }
    assert (ann["kind"], ann["via"], ann["open"], ann["known"]) == ("user", "identity", ["aws:SourceIp"], "both sides")
    assert [(each["kind"], each["how"]) for each in function["admins"]] == [("user", "`*` on `*`")]
    assert function["triggers"] == [
        {"type": "sqs", "source": FUNCTION.replace("lambda", "sqs").replace("function:", ""), "state": "polled"}
    ]


def test_people_read_it_as_tables(snapshot: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["callers", "--snapshot", snapshot])

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines() if "triggers" not in line][:8] == [
        "who may invoke orders",
        "  account 444455556666  the function's policy, statement 1 (Invoke)  if its own account lets it",
        "  user ann              Own, statement 1                             if aws:SourceIp fits",
        (
            "    polled  sqs arn:aws:sqs:us-east-1:111122223333:orders"
            "  needs no statement: Lambda polls it by 2b3f6c1e-0000-4000-8000-000000000001 with the rights of orders"
        ),
        "",
        "administrators, who may invoke them all or let themselves",
        "  user root  `*` on `*`",
        "",
    ]


def test_a_statement_says_whose_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = laid_over({"resource policy": [permission({"AWS": ROLE.replace("role/orders", "user/ann")})]})
    policies = [{"name": "readers/Invoke", "document": document(allow("lambda:InvokeFunction"))}]
    written["users"] = [{"arn": ROLE.replace("role/orders", "user/ann"), "policies": policies}]
    path = tmp_path / "now.json"
    path.write_text(json.dumps(written))

    main(["callers", "--snapshot", str(path)])

    assert [line.strip() for line in capsys.readouterr().out.splitlines()[1:3]] == [
        "user ann  Invoke of the group readers, statement 1",
        "the function's policy, statement 1 (Invoke)",
    ]


def test_the_organization_that_holds_somebody_back_is_named() -> None:
    deny = parse(document(allow("lambda:*") | {"Effect": "Deny"}), name="NoInvoke", kind=Kind.SCP)
    read = replace(account(), scps=((deny,),))
    own = parse(document(allow("lambda:InvokeFunction")), name="Own")
    ann = User(ROLE.replace("role/orders", "user/ann"), (own,))

    told = text.render(answers([replace(read, users=(ann,))]))

    assert "  held back: user ann, by a Deny: the organization's policy NoInvoke, statement 1" in told.splitlines()


def test_other_principals_are_asked_where_one_function_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy = {"arn": ROLE.replace("orders", "deploy")}
    policies = [{"name": "Invoke", "document": document(allow("lambda:InvokeFunction"))}]
    path = tmp_path / "now.json"
    path.write_text(json.dumps(laid_over({"roles": [{**deploy, "policies": policies}]})))

    main(["callers", "--snapshot", str(path), "--function", "orders"])

    assert "  role deploy  Invoke, statement 1" in capsys.readouterr().out.splitlines()


def test_that_no_principals_are_known_is_said() -> None:
    known = replace(account(), roles=())

    assert notes([known]) == ("no principals of the account were read: only what functions' own policies say is known",)


@pytest.mark.parametrize(
    ("fragment", "said"),
    [
        (
            {"triggers": [{"type": "sqs", "source": "arn:aws:sqs:us-east-1:111122223333:orders", "state": "Disabled"}]},
            "polled, disabled",
        ),
        (
            {
                "configuration": {"url_auth": "AWS_IAM"},
                "resource policy": [
                    {
                        **permission({"Service": "cloudfront.amazonaws.com"}),
                        "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
                    }
                ],
            },
            "let in by the function's policy, statement 1 (Invoke), by the function URL",
        ),
        (
            {"resource policy": [permission("*", condition={"StringEquals": {"aws:SourceAccount": "111122223333"}})]},
            "1 function, none open to everybody",
        ),
        ({"resource policy": [permission({"AWS": "arn:aws:iam::*:role/*"})]}, "1 function; 1 open to everybody"),
    ],
)
def test_a_table_says_how_a_caller_comes(
    fragment: dict[str, Any], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "now.json"
    path.write_text(json.dumps(laid_over(fragment)))

    main(["callers", "--snapshot", str(path)])

    assert said in capsys.readouterr().out


def test_a_source_that_is_in_no_template_may_come_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    let = "{FunctionName: !Ref Orders, Action: 'lambda:InvokeFunction', Principal: events.amazonaws.com, SourceArn: %s}"
    old = let % "!Sub 'arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/old'"
    idle = let % "!GetAtt Idle.Arn"
    path = tmp_path / "template.yaml"
    path.write_text(
        f"Resources:{LIVE}"
        "  Idle: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day)}}\n"
        f"  LetOld: {{Type: AWS::Lambda::Permission, Properties: {old}}}\n"
        f"  LetIdle: {{Type: AWS::Lambda::Permission, Properties: {idle}}}\n"
    )

    assert main(["callers", "--template", str(path)]) == 0

    told = capsys.readouterr().out
    assert "(LetOld) lets it in, and its source is in no template that was given" in told
    assert "(LetIdle) lets it in, and nothing is set up to come" in told


def test_an_alias_is_no_function_of_its_own() -> None:
    read = account()
    (function,) = read.functions
    alias = replace(function, qualifier="live")

    told = text.render(answers([replace(read, functions=(function, alias))]))

    assert told.splitlines()[-1] == "1 function, none open to everybody"
