"""Languages: an automaton says what the matchers of the evaluator say, and samples leave no case out."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall.iam import language
from rolecall.iam.arn import arn_matches, resource_matches
from rolecall.iam.wildcard import matches

TEXTS = ["".join(text) for length in range(6) for text in itertools.product("ab:", repeat=length)]
texts = st.text("ab:*?", max_size=6)


def accepted(automaton: language.Automaton | None, text: str) -> bool:
    if automaton is None:
        return False
    places = automaton.start
    for char in text:
        after = automaton.step(places, char)
        places = automaton.reduced(after, after & automaton.telling & ~places)
    return automaton.accepts(places)


@given(texts)
def test_automata_agree_with_the_matchers(pattern: str) -> None:
    arn = language.arn(pattern)
    like, within = language.automaton(language.glob(pattern)), language.automaton(language.resource(pattern))
    as_arn = None if arn is None else language.automaton(arn)

    assert [text for text in TEXTS if accepted(like, text) != matches(pattern, text)] == []
    assert [text for text in TEXTS if accepted(within, text) != resource_matches(pattern, text)] == []
    assert [text for text in TEXTS if accepted(as_arn, text) != arn_matches(pattern, text)] == []


@given(st.lists(st.lists(texts, max_size=3), max_size=3))
def test_samples_show_every_way_in_which_texts_match(every: list[list[str]]) -> None:
    found = language.samples([language.automaton(*map(language.glob, patterns)) for patterns in every])

    def fitting(text: str) -> int:
        return sum(1 << bit for bit, patterns in enumerate(every) if any(matches(each, text) for each in patterns))

    assert {fitting(text) for text in TEXTS if text} <= set(found)
    assert all(fitting(text) == vector for vector, text in found.items())


@given(st.lists(texts, max_size=3))
def test_samples_of_resources_keep_inside_their_segments(patterns: list[str]) -> None:
    found = language.samples([language.automaton(language.resource(each)) for each in patterns])

    def fitting(text: str) -> int:
        return sum(1 << bit for bit, each in enumerate(patterns) if resource_matches(each, text))

    assert {fitting(text) for text in TEXTS if text} <= set(found)
    assert all(fitting(text) == vector for vector, text in found.items())


def test_a_long_list_of_patterns_is_as_cheap_as_what_it_says_together() -> None:
    names = [f"arn:aws:lambda:*:*:function:f-{number}-*" for number in range(300)]
    listed = language.automaton(*map(language.glob, names))

    found = language.samples([listed, language.automaton(language.glob("*:function:f-7-*"))])

    assert sorted(found) == [0b00, 0b01, 0b10, 0b11]


def test_fifty_lists_of_twenty_names_are_told_apart() -> None:
    roles = "arn:aws:iam::111122223333:role/team-{}-{}-*"
    listed = [language.automaton(*(language.glob(roles.format(one, two)) for two in range(20))) for one in range(50)]

    assert len(language.samples(listed)) == 51


def test_patterns_that_tell_too_many_texts_apart_are_refused() -> None:
    hostile = [language.automaton(language.glob(f"*{one}*{two}*")) for one in "abcdef" for two in "ghijkl"]

    with pytest.raises(language.TooManyError):
        language.samples(hostile)
