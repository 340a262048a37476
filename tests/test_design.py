"""The design says who may import whom; import-linter holds it."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def layers(texts: list[str]) -> list[set[str]]:
    """Each layer as the modules in it."""
    return [{module.strip(" \n()") for module in text.split("|")} for text in texts]


def test_the_design_tells_the_layers_that_are_enforced() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    told = (ROOT / "docs" / "design.md").read_text().partition("## Who may import whom")[2].split("```")[1]

    assert layers(told.split(">")) == layers(contract["layers"])
