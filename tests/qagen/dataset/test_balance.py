"""Chi-square without SciPy, beside SciPy."""

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from qagen.dataset import balance

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=9)


@given(st.floats(0, 300), st.integers(1, 60))
def test_the_tail_is_that_of_scipy(statistic: float, degrees: int) -> None:
    found = balance.survival(statistic, degrees_of_freedom=degrees)
    assert found == pytest.approx(scipy.stats.chi2.sf(statistic, degrees), rel=1e-9, abs=1e-14)


@given(COUNTS.filter(sum))
def test_evenness_is_pearsons_test(counts: list[int]) -> None:
    expected = scipy.stats.chisquare(counts)
    found = balance.evenness(counts)
    assert found.counts == tuple(counts)
    assert found.chi_square == pytest.approx(expected.statistic, abs=1e-4)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-4)


@pytest.mark.parametrize("counts", [[], [7], [0, 0, 0]])
def test_what_cannot_be_uneven_is_even(counts: list[int]) -> None:
    assert balance.evenness(counts).p == 1


def test_a_negative_statistic_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 0 and 1"):
        balance.survival(-1.0, degrees_of_freedom=1)
