"""Laws of credits, ranks, folds and intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qagen.audit import counts, scores, tables
from qagen.audit.rows import Row

answers = st.lists(
    st.tuples(st.integers(2, 6), st.integers(0, 5), st.integers(0, 9)), min_size=2, max_size=40
).filter(lambda rows: len({clip for _, _, clip in rows}) > 1)


def made(rows: list[tuple[int, int, int]]) -> tables.Tables:
    return tables.build(
        [
            Row(clip=f"{clip}", question="Which?", options=tuple("abcdef"[:size]),
                answer_index=answer % size)
            for size, answer, clip in rows
        ]
    )  # fmt: skip


@given(answers, st.integers(0, 2**32 - 1))
def test_all_options_share_one_credit(rows: list[tuple[int, int, int]], seed: int) -> None:
    found = made(rows)
    draw = np.random.default_rng(seed)
    preference = draw.integers(0, 3, len(found.row)).astype(float)
    credit = scores.credited(found, preference)
    assert ((credit >= 0) & (credit <= 1)).all()
    np.testing.assert_allclose(scores.credited(found, preference * 2 + 1), credit)
    np.testing.assert_allclose(scores.credited(found, np.zeros(len(found.row))), found.chance)
    np.testing.assert_array_equal(scores.credited(found, found.right.astype(float)), 1.0)


@given(answers)
def test_ranks_are_those_of_scipy(rows: list[tuple[int, int, int]]) -> None:
    found = made(rows)
    values = np.array([(place * 7 + row) % 3 for place, row in zip(found.place, found.row,
                       strict=True)], dtype=float)  # fmt: skip
    ranks = tables.ranked(found, values)
    for start, end in zip(found.start, found.start[1:], strict=False):
        expected = stats.rankdata(values[start:end], method="min") - 1
        np.testing.assert_array_equal(ranks[start:end], expected)


@given(answers, st.integers(2, 7))
def test_clips_are_never_cut_and_folds_are_even(
    rows: list[tuple[int, int, int]], folds: int
) -> None:
    found = tables.build(
        [
            Row(clip=f"{clip}", question="", options=("a", "b"), answer_index=0)
            for _, _, clip in rows
        ],
        folds=folds,
    )
    of_clip = {clip: set(found.fold[found.clip == clip]) for clip in set(found.clip)}
    assert all(len(ones) == 1 for ones in of_clip.values())
    sizes = np.bincount([next(iter(ones)) for ones in of_clip.values()], minlength=found.folds)
    assert sizes.max() - sizes.min() <= 1


@given(answers)
def test_counts_add_up(rows: list[tuple[int, int, int]]) -> None:
    found = made(rows)
    counted = counts.count(found, found.text)
    assert counted.offered.sum() == len(found.row)
    assert counted.right.sum() == pytest.approx(len(found.rows))
    assert counted.expected.sum() == pytest.approx(len(found.rows))


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_is_that_of_scipy(rows: int, share: float) -> None:
    right = round(share * rows)
    expected = stats.binomtest(right, rows).proportion_ci(method="wilson")
    low, high = scores.wilson(float(right), rows)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_what_is_learned_never_comes_from_the_fold_that_is_judged() -> None:
    """Changing the answers of a fold changes no preference in it."""
    rows = [(3, number % 4 % 3, number % 10) for number in range(60)]
    found = made(rows)
    changed = tables.build(
        [
            Row(clip=row.clip, question=row.question, options=row.options,
                answer_index=(row.answer_index + (fold == 2)) % 3)
            for row, fold in zip(found.rows, found.fold, strict=True)
        ]
    )  # fmt: skip
    trials = tables.by_fold(found)
    before = counts.preferences(found, found.text, counts.count(found, found.text), trials)
    after = counts.preferences(changed, found.text, counts.count(changed, found.text), trials)
    judged = found.fold[found.row] == 2
    np.testing.assert_array_equal(before[judged], after[judged])
    assert (before[~judged] != after[~judged]).any()


def test_clips_that_rise_and_fall_together_are_not_taken_for_many() -> None:
    """Forty clips with thirty equal answers each are forty observations."""
    draw = np.random.default_rng(5)
    rows = [
        Row(clip=f"{clip}", question="", options=("Yes", "No"), answer_index=int(answer))
        for clip, answer in enumerate(draw.integers(0, 2, 40))
        for _ in range(30)
    ]
    found = tables.build(rows)
    credit = np.repeat([1.0] * 25 + [0.0] * 15, 30)
    score = scores.measure(
        found, credit, among=np.arange(len(rows)), looks=1, by_half=lambda: credit
    )
    assert score.luck == pytest.approx(
        stats.ttest_1samp([0.5] * 25 + [-0.5] * 15, 0, alternative="greater").pvalue, rel=0.1
    )
