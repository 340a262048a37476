"""What the tables of the template source must agree with."""

import pytest

from rolecall.sources.template.references import SHAPES
from rolecall.sources.template.wiring import WIRES
from rolecall.triggers import TRIGGERS, Poll


def test_every_trigger_of_a_template_has_a_row() -> None:
    types = {wire.type for wires in WIRES.values() for wire in wires} | {"eventbridge"}

    assert types <= set(TRIGGERS)


def test_every_trigger_that_is_not_polled_is_wired_somewhere() -> None:
    types = {wire.type for wires in WIRES.values() for wire in wires} | {"eventbridge"}

    assert {name for name, row in TRIGGERS.items() if not isinstance(row, Poll)} == types


@pytest.mark.parametrize("kind", [kind for kind in WIRES if not kind.startswith("Custom::")])
def test_a_source_has_an_arn_of_a_known_shape(kind: str) -> None:
    own = [wire for wire in WIRES[kind] if wire.source is None]

    assert not own or kind in SHAPES
