"""`rolecall needs`: what each function of our own template needs is what its role has."""

import json
from pathlib import Path
from typing import Any

import pytest

from rolecall.cli import main
from rolecall.model import Account
from rolecall.needs import Certainty
from rolecall.reports.needs import Answer, answers
from rolecall.sources import template

HERE = Path(__file__).resolve().parents[1]
NO_HANDLER = "handler `index.handler` is not in the code: `index.py` does not define `handler`"
DEMO = ("AlbFunction", "EventBridgeFunction", "HelloFunction", "S3Function", "SqsFunction")
# The role holds these, and the analysis of the engine's own source does not find them as certain and whole: the auditor
# calls AWS by names that are built, through one place (`Calls`), which is more than the analysis follows.
AUDITORS = ("AuditorFunction", "SweepFunction", "WorkerFunction")


@pytest.fixture(scope="module")
def account() -> Account:
    (read,) = template.read([HERE / "template.yaml"])
    return read


@pytest.fixture(scope="module")
def found(account: Account) -> dict[str, Answer]:
    return {answer.function: answer for answer in answers([account])}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["needs", "--template", str(HERE / "template.yaml"), *arguments])
    return status, *capsys.readouterr()


def granted(account: Account, id: str) -> set[tuple[str, str]]:
    function = next(each for each in account.functions if each.id == id)
    role = account.role_of(function)
    statements = [each for policy in role.policies for each in policy.allows] if role else []
    return {(action, resource) for each in statements for action in each.actions for resource in each.resources}


def proposed(answer: Answer) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for statement in answer.proposal.statements
        for action in statement.actions
        for resource in statement.resources
    }


@pytest.mark.parametrize("name", DEMO)
def test_the_proposal_for_a_demo_function_is_its_role(name: str, found: dict[str, Answer], account: Account) -> None:
    assert found[name].proven
    assert proposed(found[name]) == granted(account, name)


@pytest.mark.parametrize("name", AUDITORS)
def test_what_is_proposed_for_an_auditor_is_in_its_role(name: str, found: dict[str, Answer], account: Account) -> None:
    actions = {action for action, _ in granted(account, name)}

    assert found[name].proven
    tags = {"lambda:ListTags"} & actions  # GetFunction tells tags only to those who may list them.
    assert actions - {action for action, _ in proposed(found[name])} == tags
    assert {action for action, _ in proposed(found[name])} - actions == set()


def test_every_function_is_answered_once(found: dict[str, Answer]) -> None:
    assert sorted(found) == sorted([*DEMO, *AUDITORS])


def test_the_text_says_what_where_and_whether_it_is_proven(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "--function", "S3Function", "--parameter", "AWS::StackName=shop")
    lines = out.splitlines()
    start = lines.index("  must  s3:PutObject")

    assert (status, lines[0]) == (0, "S3Function, role S3Role")
    assert lines[start + 1 : start + 3] == [
        "        on arn:aws:s3:::shop-SummaryBucket/* (SummaryBucket)",
        "        app.py:37: the code calls `s3.PutObject`",
    ]
    assert "  proven: a policy of 4 statements allows what it must, and nothing else" in lines


def test_json_is_what_the_design_says(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(run(capsys, "--function", "SqsFunction", "--format", "json")[1])
    (function,) = document["functions"]

    assert document["schema"] == "rolecall-needs/1"
    assert sorted(function) == ["function", "needs", "policy", "proven", "role", "unresolved"]
    assert {need["certainty"] for need in function["needs"]} == {"must", "may"}
    assert function["needs"][0]["proof"] == {
        "kind": "code",
        "where": "app.py:29",
        "why": "the code calls `dynamodb.PutItem`",
    }


def test_the_policy_of_one_function_is_a_bare_document(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, err = run(capsys, "--function", "HelloFunction", "--format", "policy")
    document: dict[str, Any] = json.loads(out)

    assert [each["Sid"] for each in document["Statement"]] == ["WriteLogs", "WriteTraces"]
    assert err == (
        "rolecall: HelloFunction: left out what it may need as well: `xray:GetSamplingRules`,"
        " `xray:GetSamplingStatisticSummaries`, `xray:GetSamplingTargets`;"
        " `--format sam` shows in comments what decides\n"
    )


def test_a_policy_that_may_lose_all_logs_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(_traced_if_asked()))
    main(["needs", "--template", str(path), "--format", "policy"])

    assert "where its log group is missing, all logs are lost without `logs:CreateLogGroup`" in capsys.readouterr().err


def test_the_policies_of_several_functions_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "--function", "HelloFunction", "--function", "AlbFunction", "--format", "policy")

    assert sorted(json.loads(out)) == ["AlbFunction", "HelloFunction"]


def test_sam_refers_to_the_resources_of_the_template(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "--function", "SqsFunction", "--format", "sam")[1]

    assert out.startswith(
        "# SqsFunction: the policies of SqsRole\n# proven: all that it must be allowed, and no more\n"
    )
    assert "Resource: !GetAtt OrdersQueue.Arn\n" in out
    assert "arn:" not in out


def test_what_is_not_proven_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    document = _traced_if_asked()
    properties = document["Resources"]["Orders"]["Properties"]
    properties |= {"Code": {"ZipFile": "def handler(event, context): exec(event['x'])"}}
    path = tmp_path / "template.json"
    path.write_text(json.dumps(document))
    texts = []
    for kind in ("text", "sam", "policy"):
        main(["needs", "--template", str(path), "--format", kind])
        texts.append(capsys.readouterr())

    assert ["not proven: " in text for text in (texts[0].out, texts[1].out, texts[2].err)] == [True, True, True]


@pytest.mark.parametrize("kind", ["text", "json", "sam", "policy"])
def test_code_that_was_not_read_is_told_beside_every_format(
    kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = _traced_if_asked()
    document["Resources"]["Orders"]["Properties"] |= {"Code": {"ZipFile": "def other(event, context): pass"}}
    (tmp_path / "template.json").write_text(json.dumps(document))
    status = main(["needs", "--template", str(tmp_path / "template.json"), "--format", kind])
    out, err = capsys.readouterr()

    assert (status, err.splitlines()[0]) == (0, f"rolecall: Orders: not proven: its code was not read: {NO_HANDLER}")
    assert kind != "text" or out.startswith("Orders, role orders: its code was not read, so this is not all it needs\n")


def test_a_need_of_some_variants_is_a_may(tmp_path: Path) -> None:
    (tmp_path / "template.json").write_text(json.dumps(_traced_if_asked()))
    (answer,) = answers(template.read([tmp_path / "template.json"]))
    traces = {need.certainty for need in answer.needs.needs if need.action == "xray:PutTraceSegments"}

    assert traces == {Certainty.MAY}


def _traced_if_asked() -> dict[str, Any]:
    properties = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/orders",
        "Code": {"ZipFile": "def handler(event, context): pass"},
        "TracingConfig": {"Mode": {"Fn::If": ["Traced", "Active", "PassThrough"]}},
    }
    return {
        "Parameters": {"Trace": {"Type": "String"}},
        "Conditions": {"Traced": {"Fn::Equals": [{"Ref": "Trace"}, "yes"]}},
        "Resources": {"Orders": {"Type": "AWS::Lambda::Function", "Properties": properties}},
    }
