"""Orders and ranks are uniform, hang on the name alone, and numbers can be told apart."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qagen import draws
from qagen.language.vocabulary import LADDER_BAND_SHARE, LADDER_BELOW, LADDERS
from qagen.reading.unclear import Unclear
from qagen.rules import generate, options

MANY = 8000


def even(counts: Counter, kinds: int) -> float:
    """The p-value of all kinds being equally frequent."""
    return stats.chisquare([counts[kind] for kind in range(kinds)]).pvalue


@pytest.mark.parametrize("count", [2, 3, 4])
def test_draws_are_uniform(count):
    found = Counter(draws.below(7, f"name {place}", count=count) for place in range(MANY))
    assert even(found, count) > 1e-3


def test_all_orders_are_equally_likely():
    found = Counter(
        draws.shuffled((0, 1, 2, 3), seed=1, name=f"clip_{place}") for place in range(MANY)
    )
    assert len(found) == 24
    assert stats.chisquare(list(found.values())).pvalue > 1e-3


def test_seeds_and_names_are_independent():
    pairs = Counter(
        (draws.below(0, f"n{place}", count=4), draws.below(1, f"n{place}", count=4))
        for place in range(MANY)
    )
    assert stats.chisquare([pairs[one, two] for one in range(4) for two in range(4)]).pvalue > 1e-3


def test_letters_of_real_questions_are_uniform(measured):
    letters: dict[int, Counter] = {2: Counter(), 3: Counter(), 4: Counter()}
    for facts in measured["plain"]:
        for one in generate.ask_all(facts)[0]:
            letters[1 + len(one.distractors)][options.lay_out(one, 0).index(0)] += 1
    for choices, found in letters.items():
        assert sum(found.values()) > 100
        assert even(found, choices) > 1e-3, choices


@pytest.mark.parametrize(("unit", "value"), [("m", 4.6), ("rad", 3.1), ("s", 7.2)])
def test_the_true_number_has_any_rank(unit, value):
    found = Counter(
        options.rungs(value, unit, seed=0, name=f"clip_{place}").key for place in range(MANY)
    )
    assert even(found, 4) > 1e-3


@pytest.mark.parametrize("true", [3, 5, 12])
def test_counts_from_three_have_any_rank(true):
    found = Counter(
        options.counts(true, seed=0, name=f"clip_{place}").index(true) for place in range(MANY)
    )
    assert even(found, 4) > 1e-3


def test_small_counts_have_every_rank_that_there_is():
    for true in (0, 1, 2):
        found = Counter(
            options.counts(true, seed=0, name=f"clip_{place}").index(true) for place in range(MANY)
        )
        assert set(found) == set(range(true + 1))
        assert true == 0 or even(found, true + 1) > 1e-3


@pytest.mark.parametrize("unit", LADDERS)
def test_neighbours_on_a_ladder_can_be_told_apart(unit):
    apart = {"m": 0.5, "rad": 0.34, "s": 1.0}[unit]
    rungs = LADDERS[unit]
    assert all(high - low >= apart - 1e-9 for low, high in pairwise(rungs))
    assert all(high / low >= 1.29 for low, high in pairwise(rungs[LADDER_BELOW:]))


@given(value=st.floats(0.0, 200.0), unit=st.sampled_from(["m", "rad", "s"]), name=st.text())
def test_numbers_are_true_or_withheld(value, unit, name):
    try:
        found = options.rungs(value, unit, seed=0, name=name)
    except Unclear:
        return
    distances = [abs(value - rung) for rung in found.values]
    assert distances.index(min(distances)) == found.key
    others = sorted(distances)[1]
    assert others - min(distances) >= 2 * LADDER_BAND_SHARE * 0.3  # clear of half-way
    assert found.margin >= found.band > 0
    ladder = LADDERS[unit]
    assert found.values == ladder[ladder.index(found.values[0]) :][:4]


def test_nothing_hangs_on_the_hash_seed():
    program = (
        "from qagen import draws\nfrom qagen.rules import options\n"
        "print(draws.shuffled(tuple('abcd'), seed=3, name='x'),"
        "options.rungs(4.6, 'm', seed=3, name='x'))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(said) == 1


@pytest.mark.parametrize("place", range(LADDER_BELOW, 12))
def test_a_value_as_far_from_both_neighbours_has_one_band(place):
    """Two measurements of it may fall on either side, and must still agree."""
    low, here, high = LADDERS["m"][place - 1 : place + 2]
    middle = (low + 2 * here + high) / 4
    one, other = (
        options.rungs(middle + side, "m", seed=0, name="example") for side in (-1e-6, 1e-6)
    )
    assert one.band == other.band
