"""The table of escalation paths: docs/escalation.md ends with what the code has."""

import os
from pathlib import Path

from rolecall.reports import escalation

DOCS = Path(__file__).parents[2] / "docs" / "escalation.md"
START = "the catalog lacks is reported as not judged.\n\n"


def test_the_documented_table_is_that_of_the_code() -> None:
    text, start, table = DOCS.read_text().partition(START)
    if os.environ.get("WRITE_GOLDEN"):
        DOCS.write_text(text + start + escalation.render() + "\n")
        return

    assert table == escalation.render() + "\n"
