"""How often the options of a cell are right in clips other than those judged."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from qagen.audit.tables import Tables, Trial

STEADINESS = 2.0
"""Pseudo-count: options at chance that are added to every cell, lest one lucky option decides."""


class Counts(NamedTuple):
    """Options by fold and cell: all, right, and expected right by chance."""

    offered: Float[np.ndarray, "folds cells"]
    right: Float[np.ndarray, "folds cells"]
    expected: Float[np.ndarray, "folds cells"]


def count(
    tables: Tables,
    cells: Int[np.ndarray, " uses"],
    *,
    pairs: Int[np.ndarray, " uses"] | None = None,
) -> Counts:
    """Counts of cells; `pairs` is the option of each use of a cell.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build
    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> tables = build(rows)
    >>> count(tables, tables.place).right.sum(axis=0).tolist()
    [2.0, 0.0]
    """
    if pairs is None:
        pairs = np.arange(len(tables.row))
    width = int(cells.max(initial=0)) + 1
    place = tables.fold[tables.row][pairs] * width + cells
    size = tables.folds * width

    def summed(weights: Float[np.ndarray, " uses"]) -> Float[np.ndarray, "folds cells"]:
        total = np.bincount(place, weights=weights, minlength=size).astype(float)  # none: integers
        return total.reshape(tables.folds, width)

    chance = tables.chance[tables.row][pairs]
    right = tables.right[pairs].astype(float)
    return Counts(summed(np.ones(len(place))), summed(right), summed(chance))


def rates(counts: Counts, *, without: Collection[int]) -> Float[np.ndarray, " cells"]:
    """The ratio of right options to chance in each cell, outside of the folds `without`.

    1 is chance; smoothed, so that cells with few options are near 1.

    >>> counts = Counts(np.ones((2, 1)) * 50, np.ones((2, 1)) * 50, np.ones((2, 1)) * 25)
    >>> rates(counts, without=[0]).tolist()
    [1.9615384615384615]
    """
    kept = [fold for fold in range(len(counts.right)) if fold not in without]
    right, expected = counts.right[kept].sum(axis=0), counts.expected[kept].sum(axis=0)
    return (right + STEADINESS / 2) / (expected + STEADINESS / 2)


def preferences(
    tables: Tables,
    cells: Int[np.ndarray, " pairs"],
    counts: Counts,
    trials: Sequence[Trial],
) -> Float[np.ndarray, " pairs"]:
    """The preference for each option by the rate of its cell in other folds.

    >>> from qagen.audit.rows import Row
    >>> from qagen.audit.tables import build, by_fold
    >>> rows = [Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> tables = build(rows)
    >>> found = preferences(
    ...     tables, tables.place, count(tables, tables.place), by_fold(tables)
    ... )
    >>> [round(value, 2) for value in found.tolist()]
    [1.33, 0.67, 1.33, 0.67]
    """
    of_fold = tables.fold[tables.row]
    found = np.ones(len(cells))
    for trial in trials:
        mine = np.isin(of_fold, list(trial.judged))
        found[mine] = rates(counts, without=trial.unknown)[cells[mine]]
    return found
