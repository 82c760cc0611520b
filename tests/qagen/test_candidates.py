"""Candidates are the questions that they become, whenever their words are made."""

import gc
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qagen import draws
from qagen.build import pipeline, select
from qagen.reading.clip import read
from qagen.rules import consistency, generate
from qagen.rules.humanmove import RULES
from qagen.rules.rule import answers
from qagen.schema.question import CATEGORIES, Candidate


def test_words_made_late_are_those_made_at_once(facts):
    """A loop that went on must not have changed what is said."""
    clip = read(facts)
    at_once = [
        answer.question()
        for category in CATEGORIES
        for rule in RULES[category]
        for answer in answers(rule, clip)
        if isinstance(answer, Candidate)
    ]
    late = [one.question() for one in reversed(generate.candidates(facts)[0])]
    assert len(at_once) > 150
    assert late[::-1] == at_once


def test_a_candidate_is_named_as_its_question_and_judged_as_it(facts):
    candidates, _ = generate.candidates(facts)
    questions, _ = generate.ask_all(facts)
    assert [one.name for one in candidates] == [one.name for one in questions]
    assert consistency.check(candidates, facts) == consistency.check(questions, facts) == []


def test_a_candidate_is_of_the_kind_of_its_row(facts):
    candidates, _ = generate.candidates(facts)
    rows = [generate.to_record(one.question(), facts) for one in candidates]
    assert [select.kind_of_candidate(one) for one in candidates] == [
        select.kind_of(row) for row in rows
    ]


def test_nothing_is_never_minus_nothing(facts):
    for one in generate.ask_all(facts)[0]:
        assert not re.search(r"-0(\.0+)?( m\b|°| s\b)", " ".join(one.reasoning))


@settings(deadline=None)
@given(seed=st.integers(0, 99), prefix=st.text(), suffixes=st.lists(st.text(), max_size=5))
def test_numbers_of_names_that_begin_alike_are_those_of_the_names(seed, prefix, suffixes):
    found = draws.numbers(seed, prefix, suffixes)
    assert found == [draws.number(seed, prefix + suffix) for suffix in suffixes]


@pytest.mark.parametrize("was_on", [True, False])
def test_the_search_for_cycles_is_left_as_it_was(was_on):
    if not was_on:
        gc.disable()
    try:
        with pipeline._without_cycles():
            assert not gc.isenabled()
        assert gc.isenabled() == was_on
    finally:
        gc.enable()
