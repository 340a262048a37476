"""The list of rules: docs/RULES.md is what the rules say of themselves."""

import json
from pathlib import Path

from rolecall.reports import rules
from rolecall.rules import all_rules

DOCS = Path(__file__).parents[2] / "docs"


def test_the_documentation_is_up_to_date() -> None:
    assert (DOCS / "RULES.md").read_text() == rules.render("markdown") + "\n"


def test_the_json_list_has_every_rule() -> None:
    assert [row["rule"] for row in json.loads(rules.render("json"))] == [rule.name for rule in all_rules()]


def test_every_rule_begins_with_a_sentence() -> None:
    assert [rule.name for rule in all_rules() if not rule.text.partition("\n")[0].endswith(".")] == []
