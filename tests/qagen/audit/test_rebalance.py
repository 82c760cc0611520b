"""After withholding no blind model knows much, nothing is changed, and little is lost."""

import _planted
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qagen.audit import report
from qagen.audit.rows import Row
from qagen.build.blind import withholding

POINTS = 3.0


@pytest.mark.parametrize("leak", ["letters", "prior", "longest", "siblings"])
def test_planted_leaks_are_brought_down_at_little_cost(leak: str) -> None:
    rows = _planted.rows(3000, leak=leak, strength=0.4 if leak == "siblings" else 0.15)
    before = report.best_blind(rows, with_forest=False)
    found = withholding.select(rows, with_forest=False)
    assert not found.unreachable
    assert found.before == before
    assert before["all"].score.points > POINTS or before["ordering"].score.points > POINTS
    for name, best in found.best.items():
        assert best.score.points <= POINTS or name in found.unsure or name == "all"
    assert len(found.kept) >= 0.8 * len(rows)
    assert sum(found.withheld.values()) == len(rows) - len(found.kept)


def test_what_is_brought_down_stays_down_in_other_folds() -> None:
    rows = _planted.rows(3000, leak="prior", strength=0.2)
    found = withholding.select(rows, with_forest=False)
    kept = [rows[place] for place in found.kept]
    again = report.best_blind(kept, folds=7, with_forest=False)["ordering"].score
    assert not again.accused
    assert again.points < 2 * POINTS


def test_clean_questions_mostly_stay() -> None:
    rows = _planted.rows(3000, seed=4)
    assert len(withholding.select(rows, with_forest=False).kept) > 0.93 * len(rows)


def test_a_task_with_one_answer_is_named_and_left_alone() -> None:
    rows = [
        msgspec.structs.replace(row, options=("Yes", "No"), answer_index=0)
        if row.task == "existence"
        else row
        for row in _planted.rows(900)
    ]
    found = withholding.select(rows, with_forest=False)
    assert list(found.unreachable) == ["existence"]
    assert "“letter”" in found.unreachable["existence"]
    assert "100.0 points above chance among 300 questions" in found.unreachable["existence"]
    assert "existence" not in found.withheld
    assert {n for n, row in enumerate(rows) if row.task == "existence"} <= set(found.kept)


@settings(max_examples=3)
@given(st.integers(0, 99), st.sampled_from(sorted(_planted.LEAKS)))
def test_selection_is_repeatable_and_in_order(seed: int, leak: str) -> None:
    rows = _planted.rows(240, seed=seed, leak=leak, strength=0.4)
    found = withholding.select(rows, with_forest=False)
    assert found == withholding.select(list(rows), with_forest=False)
    assert list(found.kept) == sorted(set(found.kept))
    assert set(found.kept) <= set(range(len(rows)))


def test_rows_without_task_are_one_group() -> None:
    rows = [
        Row(clip=row.clip, question=row.question, options=row.options,
            answer_index=row.answer_index)
        for row in _planted.rows(3000, leak="prior", strength=0.2)
        if row.task == "ordering"
    ]  # fmt: skip
    found = withholding.select(rows, with_forest=False)
    assert set(found.best) == {"all"}
    assert found.withheld["none"] == len(rows) - len(found.kept) > 0


@pytest.mark.parametrize("bound", [0.0, 1.0, -3.0, 3.0])
def test_bounds_are_shares(bound: float) -> None:
    with pytest.raises(ValueError, match=r"max_blind .*expected a share between 0 and 1"):
        withholding.select([], max_blind=bound)
