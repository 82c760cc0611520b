"""Of the questions that could be asked some are drawn, and the rest is hardly tried."""

import gc
import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qagen import draws
from qagen.reading.clip import read
from qagen.rules import generate
from qagen.schema.question import CATEGORIES, Candidate


def drawn(facts, **options) -> list[Candidate]:
    return generate.drawn(facts, **options).candidates


def names_of(candidates) -> set[str]:
    return {one.name for one in candidates}


def said(candidates) -> dict[str, object]:
    return {one.name: one.question() for one in candidates}


@pytest.fixture
def every(facts) -> list[Candidate]:
    return generate.candidates(facts)[0]


# What is drawn ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=12)
@given(wanted=st.integers(1, 60), seed=st.integers(0, 9))
def test_what_is_drawn_could_be_asked_and_is_as_much_as_is_wanted(facts, wanted, seed):
    every = generate.candidates(facts, seed=seed)[0]
    found = drawn(facts, wanted=wanted, seed=seed)
    assert len(names_of(found)) == len(found)
    questions = said(every)
    assert all(questions[one.name] == one.question() for one in found)
    there, taken = (Counter(one.category for one in ones) for ones in (every, found))
    assert taken == {name: min(wanted, there[name]) for name in CATEGORIES if there[name]}


def test_whoever_wants_all_gets_all_and_hears_of_every_rejection(facts, every):
    found = generate.drawn(facts, wanted=10_000)
    rejections = generate.candidates(facts)[1]
    assert said(found.candidates) == said(every)
    assert found.sound == len(every)
    asked = [(one.ask.name, one.reason) for one in found.rejections]
    assert sorted(asked) == sorted((one.ask.name, one.reason) for one in rejections)


def test_little_is_tried_for_little(facts, every):
    found = generate.drawn(facts, wanted=3)
    assert 3 * len(CATEGORIES) <= found.sound < len(every) / 2
    assert len(found.rejections) < len(generate.candidates(facts)[1]) / 2


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_draws_the_same_alone(facts, category):
    together = [one for one in drawn(facts, wanted=3) if one.category == category]
    assert said(together) == said(drawn(facts, wanted=3, categories=[category]))


def test_more_that_is_wanted_takes_nothing_back(facts):
    for few, more in itertools.pairwise((2, 5, 9, 30)):
        assert names_of(drawn(facts, wanted=few)) <= names_of(drawn(facts, wanted=more))


def test_names_and_seeds_draw_something_else(facts):
    def asks(seed: int = 0, clip: str = facts.clip) -> set[str]:
        renamed = msgspec.structs.replace(facts, clip=clip)
        return {one.ask.name for one in drawn(renamed, wanted=3, seed=seed)}

    assert asks() == asks() != asks(seed=1)
    assert asks() != asks(clip="another")


def test_rules_take_turns(facts, every):
    """No rule gives a second question while another that could give one has given none."""
    rules = Counter((one.category, one.ask.rule) for one in every)
    for wanted in (3, 5, 9):
        taken = Counter((one.category, one.ask.rule) for one in drawn(facts, wanted=wanted))
        for category in CATEGORIES:
            counts = {name: taken[name] for name in rules if name[0] == category}
            most = max(counts.values())
            assert all(n >= min(most - 1, rules[name]) for name, n in counts.items())


def test_every_question_is_drawn_from_some_clip(facts):
    """What comes first in a rule's own order has no advantage."""
    asks: Counter[str] = Counter()
    for number in range(150):
        one = msgspec.structs.replace(facts, clip=f"clip {number}")
        asks.update(each.ask.name for each in drawn(one, wanted=8, categories=["temporal"]))
    possible = {one.ask.name for one in generate.candidates(facts, categories=["temporal"])[0]}
    assert asks.keys() == possible
    assert max(asks.values()) < 150


def test_movements_that_happen_are_asked_about_as_often_as_others(facts):
    happens = {event for event, ones in read(facts).occurrences.items() if ones}
    asked = Counter(
        one.ask.movements[0] in happens
        for number in range(50)
        for one in drawn(
            msgspec.structs.replace(facts, clip=f"{number}"), wanted=30, categories=["existence"]
        )
        if one.ask.rule == "ever"
    )
    assert 0.5 < asked[True] / asked[False] < 2.0


# Orders -------------------------------------------------------------------------------------------


@given(items=st.lists(st.integers(), max_size=130), seed=st.integers(0, 99), name=st.text())
def test_one_by_one_all_come_and_each_once(items, seed, name):
    ordered = list(draws.one_by_one(items, seed=seed, name=name))
    assert sorted(ordered) == sorted(items)
    assert ordered == list(draws.one_by_one(tuple(items), seed=seed, name=name))


def test_every_place_is_as_likely_for_every_item():
    counts = Counter(
        (place, item)
        for number in range(3000)
        for place, item in enumerate(draws.one_by_one("abcde", seed=0, name=str(number)))
    )
    assert len(counts) == 25
    assert all(abs(count - 600) < 5 * (600 * 0.8) ** 0.5 for count in counts.values())


@pytest.mark.parametrize("length", range(6))
def test_short_orders_are_read_off_a_table_and_are_the_same(length):
    items = tuple(range(10, 10 + length))
    for number in range(200):
        expected = draws._ordered(items, draws.number(0, str(number)))
        assert draws.shuffled(items, seed=0, name=str(number)) == expected


def test_drawing_leaves_nothing_to_be_collected(facts):
    """Builds keep Python from looking for cycles, so that there must be none."""
    gc.collect()
    gc.disable()
    try:
        for wanted in (1, 9, 500):
            drawn(facts, wanted=wanted)
        assert gc.collect() == 0
    finally:
        gc.enable()
