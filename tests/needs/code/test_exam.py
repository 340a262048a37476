"""The exam: each handler makes exactly the calls that it was written to make."""

import pytest

from tests.needs.code.exam import Case, read


@pytest.mark.parametrize("case", read("first.txt"), ids=lambda case: case.name)
def test_a_handler_of_the_first_exam_calls_what_it_was_written_to_call(case: Case) -> None:
    assert case.misses() == []


@pytest.mark.parametrize("case", read("harder.txt"), ids=lambda case: case.name)
def test_a_handler_of_the_harder_exam_calls_what_it_was_written_to_call(case: Case) -> None:
    assert case.misses() == []
