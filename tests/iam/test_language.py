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
        places = automaton.step(places, char)
    return automaton.accepts(places)


@given(texts)
def test_automata_agree_with_the_matchers(pattern: str) -> None:
    arn = language.arn(pattern)
    like, within = language.automaton(language.glob(pattern)), language.automaton(language.resource(pattern))
    as_arn = None if arn is None else language.automaton(arn)

    assert [text for text in TEXTS if accepted(like, text) != matches(pattern, text)] == []
    assert [text for text in TEXTS if accepted(within, text) != resource_matches(pattern, text)] == []
    assert [text for text in TEXTS if accepted(as_arn, text) != arn_matches(pattern, text)] == []


@given(st.lists(texts, max_size=4))
def test_samples_show_every_way_in_which_texts_match(every: list[str]) -> None:
    automata = [language.automaton(language.glob(pattern)) for pattern in every]
    found = language.samples(automata)

    seen = {sum(1 << bit for bit, each in enumerate(every) if matches(each, text)) for text in TEXTS if text}
    assert seen <= set(found)
    assert all(sum(1 << b for b, e in enumerate(every) if matches(e, t)) == vector for vector, t in found.items())


def test_hostile_patterns_are_refused_before_they_take_long() -> None:
    hostile = [language.automaton(language.glob(f"*{one}" * 20)) for one in "bcdefgh"]

    with pytest.raises(language.TooManyError):
        language.samples(hostile)
