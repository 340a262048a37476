"""The command line: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest

from rolecall.cli import main
from rolecall.rules import all_rules
from tests.builders import allow, document, laid_over


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(arguments)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, *capsys.readouterr()


@pytest.fixture
def clean_file(tmp_path: Path) -> str:
    return write(tmp_path / "clean.json", {})


@pytest.fixture
def bad_file(tmp_path: Path) -> str:
    return write(tmp_path / "bad.json", allow("*"))


def write(path: Path, fragment: dict[str, object]) -> str:
    path.write_text(json.dumps(laid_over(fragment)))
    return str(path)


def test_a_clean_snapshot_ends_with_0(clean_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "audit", "--snapshot", clean_file)

    assert (status, err) == (0, "")
    assert out.startswith("1 function, no findings (a test; ")


def test_a_finding_ends_with_1_and_says_where_and_what_to_do(bad_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "audit", "--snapshot", bad_file)

    assert status == 1
    assert out.splitlines()[:3] == [
        "critical[admin-role]: `orders` runs as an administrator: `*` on `*`",
        "  --> orders, policy Example, statement 1",
        "  fix: replace the statement in `Example` by the actions and resources that the function uses",
    ]


@pytest.mark.parametrize(("level", "status"), [("critical", 1), ("info", 1), ("never", 0)])
def test_fail_on_decides_the_status(level: str, status: int, bad_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "audit", "--snapshot", bad_file, "--fail-on", level)[0] == status


def test_the_json_report_holds_every_function_and_finding(bad_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads(run(capsys, "audit", "--snapshot", bad_file, "--format", "json")[1])

    assert (report["schema"], report["functions"][0]["findings"]) == ("rolecall/1", 1)
    assert report["findings"][0]["statement"] == {"policy": "Example", "sid": None, "index": 0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("audit",),
            "rolecall: no input: no template.yaml here; give --template FILE, --account or --snapshot FILE\n",
        ),
        (("audit", "--snapshot", "absent.json"), "rolecall: absent.json: no such file or directory\n"),
        (
            ("audit", "--trust", "everybody"),
            "rolecall: --trust `everybody`: not an account id, an organisation (`o-…`) or the start of a layer ARN\n",
        ),
        (("audit", "--template", "absent.yaml"), "rolecall: absent.yaml: no such file or directory\n"),
        (
            ("audit", "--template", "x", "--parameter", "Stage"),
            "rolecall: `Stage` is no parameter: write `Key=Value`\n",
        ),
        (
            ("audit", "--template", "x", "--last-accessed"),
            "rolecall: --last-accessed goes with --account, or with a snapshot that holds such data\n",
        ),
        (("explain", "nothing"), "rolecall: no rule `nothing`: `rolecall rules` lists them\n"),
        (("findings", "--since", "long"), "rolecall: `long` is no span of time: write `30m`, `6h` or `1d`\n"),
        (("audit", "--fail-on", "bad"), "rolecall audit: argument --fail-on: invalid choice: 'bad'"),
    ],
)
def test_bad_arguments_end_with_2_and_one_line(
    arguments: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *arguments)

    assert (status, out) == (2, "")
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_a_function_that_is_not_there_is_said(clean_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "audit", "--snapshot", clean_file, "--function", "invoices")

    assert (status, err) == (2, "rolecall: no function `invoices` in a test\n")


def test_last_accessed_data_must_be_in_a_snapshot(clean_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "audit", "--snapshot", clean_file, "--last-accessed")

    assert status == 2
    assert err == f"rolecall: {clean_file}: holds no last-accessed data: `rolecall snapshot --last-accessed`\n"


def test_a_snapshot_of_a_snapshot_is_audited_alike(
    bad_file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = str(tmp_path / "copy.json")
    run(capsys, "snapshot", "--snapshot", bad_file, "--output", copy)

    assert run(capsys, "audit", "--snapshot", copy) == run(capsys, "audit", "--snapshot", bad_file)


def test_rules_lists_each_rule_on_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "rules")

    assert [line.split()[0] for line in out.splitlines()] == [rule.name for rule in all_rules()]


def test_explain_shows_the_examples(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "explain", "admin-role")

    assert out.startswith("admin-role (critical)\n\nThe execution role is an administrator.")
    assert "Bad:\n" in out


def policy_file(path: Path, *statements: dict[str, object]) -> str:
    path.write_text(json.dumps(document(*statements)))
    return str(path)


@pytest.mark.parametrize(
    ("new", "status", "said"),
    [
        ("s3:GetObject", 0, "allows nothing more\n"),
        ("s3:*", 1, "allows more: `s3:x` on `arn:aws:s3:::x`\n"),
    ],
)
def test_compare_tells_whether_the_new_policy_allows_more(
    new: str, status: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = policy_file(tmp_path / "old.json", allow("s3:Get*"))

    assert run(capsys, "compare", old, policy_file(tmp_path / "new.json", allow(new)))[:2] == (status, said)


def test_compare_names_the_role_of_a_snapshot_that_gained_rights(
    clean_file: str, bad_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "compare", clean_file, bad_file)

    assert status == 1
    assert out.startswith("arn:aws:iam::111122223333:role/orders: allows more: ")
    assert run(capsys, "compare", bad_file, clean_file)[0] == 0


TEMPLATE = """
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Role.Arn, Code: {ZipFile: x}}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
      Policies:
        - PolicyName: Work
          PolicyDocument: {Statement: [{Effect: Allow, Action: ACTION, Resource: '*'}]}
"""


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two templates, the current one."""
    monkeypatch.chdir(tmp_path)
    Path("template.yaml").write_text(TEMPLATE.replace("ACTION", "'*'"))
    Path("narrow.yaml").write_text(TEMPLATE.replace("ACTION", "s3:GetObject"))
    return tmp_path


@pytest.mark.usefixtures("templates")
def test_the_template_of_the_folder_is_audited_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "audit")

    assert status == 1
    assert out.splitlines()[1] == "  --> template.yaml:11  Orders, policy Work, statement 1"


@pytest.mark.usefixtures("templates")
def test_pseudo_parameters_and_trust_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--parameter", "AWS::AccountId=111122223333", "--region", "eu-west-1", "--trust", "o-a1b2c3d4e5")
    run(capsys, "snapshot", *arguments, "--output", "out.json")
    snapshot = json.loads(Path("out.json").read_text())

    assert (snapshot["account"], snapshot["region"], snapshot["trusted"]) == (
        "111122223333",
        "eu-west-1",
        ["o-a1b2c3d4e5"],
    )


@pytest.mark.usefixtures("templates")
def test_a_function_may_be_in_one_variant_only(capsys: pytest.CaptureFixture[str]) -> None:
    text = Path("template.yaml").read_text() + "  Debug: {Type: AWS::Lambda::Function, Condition: No, "
    Path("template.yaml").write_text(text + "Properties: {Role: !GetAtt Role.Arn}}\nConditions: {No: !Equals [a, b]}\n")

    assert run(capsys, "audit", "--function", "Debug", "--fail-on", "never")[1].count("admin-role") == 1
    assert run(capsys, "audit", "--function", "Nobody")[2] == "rolecall: no function `Nobody` in template.yaml\n"


@pytest.mark.usefixtures("templates")
def test_a_snapshot_of_a_template_is_audited_alike(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "snapshot", "--template", "template.yaml", "--output", "out.json")

    assert run(capsys, "audit", "--snapshot", "out.json") == run(capsys, "audit", "--template", "template.yaml")


@pytest.mark.usefixtures("templates")
def test_templates_are_compared_role_by_role(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "compare", "template.yaml", "narrow.yaml")[0] == 0
    assert run(capsys, "compare", "narrow.yaml", "template.yaml")[0] == 1


@pytest.mark.parametrize(("command", "option"), [("simulate", ()), ("compare", ("--lines",))])
def test_a_line_that_is_no_json_fails_the_run_and_does_not_end_it(
    command: str, option: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.jsonl"
    lines.write_text("nonsense\n\nmore nonsense\n")
    status, out, _ = run(capsys, command, *option, str(lines))

    assert status == 1
    assert [set(json.loads(line)) for line in out.splitlines()] == [{"id", "error"}] * 2
