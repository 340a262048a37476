"""The text report: read by people, at night too."""

import json
from dataclasses import replace

from rolecall import engine
from rolecall.model import Place
from rolecall.reports import json as as_json
from rolecall.reports import text
from tests.builders import account, allow, permission


def test_a_finding_says_what_where_and_what_to_do() -> None:
    report = engine.audit(account({"resource policy": [permission("*", sid="Everybody")]}))

    assert text.render(report).splitlines()[:3] == [
        "critical[public-function]: anybody may invoke `orders`: the principal is `*`, without a condition",
        "  --> orders, resource policy, statement 1 `Everybody`",
        "  fix: aws lambda remove-permission --function-name orders --statement-id Everybody",
    ]


def test_a_template_is_pointed_at_by_line() -> None:
    read = account(allow("*"))
    placed = replace(read, functions=tuple(replace(each, place=Place("template.yaml", 41)) for each in read.functions))

    assert "  --> template.yaml:41  orders, policy Example, statement 1" in text.render(engine.audit(placed))


def test_no_finding_is_said_with_what_was_audited() -> None:
    summary = text.render(engine.audit(account())).splitlines()[-1]

    assert summary.startswith("1 function, no findings (a test; ")


def test_notes_come_first() -> None:
    report = replace(engine.audit(account(allow("*"))), notes=("the organization's policies are not known",))

    assert text.render(report).startswith("note: the organization's policies are not known\n\ncritical[admin-role]: ")
    assert json.loads(as_json.render(report))["notes"] == ["the organization's policies are not known"]


def test_an_audit_of_nothing_does_not_look_like_a_pass() -> None:
    assert text.render(engine.audit(replace(account(), functions=(), roles=()))).startswith("0 functions, ")


def test_colour_only_on_demand() -> None:
    report = engine.audit(account(allow("*")))

    assert "\033[" not in text.render(report)
    assert text.render(report, colour=True).startswith("\033[1;31mcritical[admin-role]\033[0m: ")
