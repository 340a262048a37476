"""The exam: each handler makes exactly the calls that it was written to make."""

import pytest

from tests.needs.code.exam import Case, read


@pytest.mark.parametrize("case", read("first.txt"), ids=lambda case: case.name)
def test_a_handler_of_the_first_exam_calls_what_it_was_written_to_call(case: Case) -> None:
    assert case.misses() == []


@pytest.mark.parametrize("case", read("harder.txt"), ids=lambda case: case.name)
def test_a_handler_of_the_harder_exam_calls_what_it_was_written_to_call(case: Case) -> None:
    assert case.misses() == []


@pytest.mark.parametrize("case", read("further.txt"), ids=lambda case: case.name)
def test_a_handler_that_was_met_later_calls_what_it_was_written_to_call(case: Case) -> None:
    assert case.misses() == []


@pytest.mark.parametrize("case", read("wrappers.txt"), ids=lambda case: case.name)
def test_a_wrapper_that_takes_names_as_text_calls_what_it_was_written_to_call(case: Case) -> None:
    assert case.misses() == []


@pytest.mark.parametrize("case", read("unwritten.txt"), ids=lambda case: case.name)
def test_a_method_that_python_calls_by_itself_is_followed(case: Case) -> None:
    assert case.misses() == []


def test_a_call_of_one_of_two_services_is_not_certain() -> None:
    (case,) = (case for case in read("further.txt") if case.name == "one of two services")

    assert {call.certain for call in case.analysis().calls} == {False}
