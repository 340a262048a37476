"""Templates of every kind, against golden files: what was read of each, and what was found, with its line."""

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from rolecall import engine
from rolecall.finding import united
from rolecall.model import Account, Code, Function, Place, Role, Settings
from rolecall.sources import template

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
CASES = {path.stem.partition(".")[0]: (path,) for path in sorted(TEMPLATES.glob("*.*")) if path.is_file()} | {
    "cdk": (TEMPLATES / "cdk.out" / "Shop.template.json",),
    "app": (TEMPLATES / "app" / "storage.yaml", TEMPLATES / "app" / "worker.yaml"),
}


def described(accounts: tuple[Account, ...]) -> str:
    """All that a template says, a line each, and then the findings."""
    lines = list(dict.fromkeys(line for account in accounts for line in account_lines(account)))
    findings = united([engine.audit(account) for account in accounts]).findings
    told = [f"{finding.severity.value}[{finding.rule}] {at(finding.place)} {finding.message}" for finding in findings]
    return "\n".join([*lines, "", *told, ""])


def account_lines(account: Account) -> Iterator[str]:
    for function in account.functions:
        yield from function_lines(function)
    for role in account.roles:
        yield from role_lines(role)
    for gap in account.all_gaps():
        yield f"gap {gap.subject or '-'} {gap.what}: {gap.why}{'' if gap.mendable else ' (known limit)'}"


def function_lines(function: Function) -> Iterator[str]:
    name = f"{function.id}:{function.qualifier}" if function.qualifier else function.id
    yield f"function {name} {at(function.place)} {function.arn} {function.runtime} as {function.role}"
    yield f"  code {said(function.code)}"
    yield f"  settings {said(function.settings)}"
    yield from (f"  tag {key}={value}" for key, value in function.tags)
    for statement in function.resource_policy.statements if function.resource_policy else ():
        yield f"  lets in {at(statement.place)} {statement.canonical()}"
    for trigger in function.triggers:
        role = f" as {trigger.role}" if trigger.role else ""
        yield f"  trigger {trigger.type} {at(trigger.place)} {trigger.source} {trigger.state}{role}"


def said(part: Settings | Code | None) -> str:
    """What it says, member by member, without what it leaves at its default."""
    members = {each.name: getattr(part, each.name) for each in fields(part)} if part else {}
    return " ".join(f"{name}={value!r}" for name, value in members.items() if value)


def role_lines(role: Role) -> Iterator[str]:
    yield f"role {role.arn} {at(role.place)} used by {', '.join(role.used_by)}"
    boundary = (role.boundary,) if role.boundary else ()
    for policy in (*role.policies, *boundary, *((role.trust,) if role.trust else ())):
        yield f"  policy {policy.name}"
        for statement in policy.statements:
            text = statement.canonical()
            yield f"    {at(statement.place)} {text if len(text) < 400 else text[:400] + '…'}"


def at(place: Place | None) -> str:
    if place is None:
        return "?"
    return f"{Path(place.file).name}:{place.line}{' by ' + place.added_by if place.added_by else ''}"


@pytest.mark.parametrize("name", CASES)
def test_a_template_is_read_as_its_golden_file_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TEMPLATES)
    golden = HERE / "golden" / f"{name}.txt"
    text = described(template.read([path.relative_to(TEMPLATES) for path in CASES[name]]))
    if os.environ.get("WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)

    assert text == golden.read_text()


def test_a_template_means_the_same_from_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TEMPLATES)
    (inside,) = template.read([Path("permissions.yaml")])
    monkeypatch.chdir(HERE)
    (outside,) = template.read([Path("templates/permissions.yaml")])

    assert [each.arn for each in outside.functions] == [each.arn for each in inside.functions]
    assert {each.place and each.place.file for each in outside.functions} == {"templates/permissions.yaml"}
