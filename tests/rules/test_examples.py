"""Every rule's docstring is tested: a Bad example raises the rule, a Good one raises nothing of it."""

import textwrap
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from rolecall import engine
from rolecall.rules import Rule, all_rules
from tests.builders import account


def examples(rule: Rule) -> Iterator[tuple[str, Any]]:
    """(`Bad` or `Good`, fragment) of each example in the docstring."""
    kind, lines = "", list[str]()
    for line in [*rule.text.splitlines(), "End:"]:
        if line and not line.startswith(" "):
            if kind in ("Bad", "Good"):
                yield kind, yaml.safe_load(textwrap.dedent("\n".join(lines)))
            kind, lines = line.partition(":")[0], []
        else:
            lines.append(line)


CASES = [
    pytest.param(rule.name, kind, fragment, id=f"{rule.name}-{kind}-{number}")
    for rule in all_rules()
    for number, (kind, fragment) in enumerate(examples(rule))
]


@pytest.mark.parametrize(("name", "kind", "fragment"), CASES)
def test_an_example_is_judged_as_its_docstring_says(name: str, kind: str, fragment: Any) -> None:
    found = {finding.rule for finding in engine.audit(account(fragment)).findings}

    assert (name in found) == (kind == "Bad")


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_every_rule_has_a_bad_and_a_good_example(rule: Rule) -> None:
    assert {kind for kind, _ in examples(rule)} == {"Bad", "Good"}


def test_the_clean_function_has_no_finding() -> None:
    assert engine.audit(account()).findings == ()


def test_what_a_rule_silences_exists() -> None:
    names = {rule.name for rule in all_rules()}

    assert {silenced for rule in all_rules() for silenced in rule.silences} <= names


def test_silencing_has_no_cycle() -> None:
    silences = {rule.name: set(rule.silences) for rule in all_rules()}

    while ends := {name for name, others in silences.items() if not others & silences.keys()}:
        silences = {name: others for name, others in silences.items() if name not in ends}

    assert silences == {}
