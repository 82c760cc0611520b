"""The score of a blind model, and whether luck explains it.

A model gets a row's credit when it prefers the true option; equally preferred options share it.
Questions of one clip are correlated, so luck is judged by clips: a model is *accused* when its gain
over chance is significant given the variance between clips, by Student's t, at a level divided by
the number of models and groups of rows examined.
"""

import math
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from qagen.audit.tables import Tables
from qagen.audit.tables import by_half as halves

FALSE_ALARMS = 0.05
"""Upper bound on the share of clean data sets with any model accused, over all tests together."""

CONFIDENCE_Z = 1.959964
"""Standard deviations of a 95 % interval."""

LEAST_POINTS = 1.0
"""Smaller gains are never accused, however significant."""


class Score(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The score of one blind model on some rows."""

    rows: int
    accuracy: float
    chance: float
    points: float
    """100 (accuracy - chance) / (1 - chance): 0 for guessing, 100 for all right."""
    low: float
    """Wilson's 95 % interval of the accuracy."""
    high: float
    luck: float
    """p-value of the gain, judged by clips; not corrected for multiple tests."""
    accused: bool


def wilson(right: float, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> tuple(round(bound, 3) for bound in wilson(50.0, 100))
    (0.404, 0.596)
    """
    if rows == 0:
        return 0.0, 1.0
    z2 = CONFIDENCE_Z**2 / rows
    share = right / rows
    middle = (share + z2 / 2) / (1 + z2)
    half = CONFIDENCE_Z / (1 + z2) * math.sqrt(share * (1 - share) / rows + z2 / (4 * rows))
    return max(0.0, middle - half), min(1.0, middle + half)


def credited(tables: Tables, preference: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " rows"]:
    """A model's credit for each row: 1, 0, or a share where options are tied.

    >>> from qagen.audit import rows, tables
    >>> asked = [rows.Row(clip=c, question="", options=("a", "b"), answer_index=0) for c in "xy"]
    >>> credited(tables.build(asked), np.array([0.7, 0.3, 0.5, 0.5])).tolist()
    [1.0, 0.5]
    """
    preference = np.round(preference, 9)
    best = np.maximum.reduceat(preference, tables.start[:-1])
    top = preference == best[tables.row]
    among = np.add.reduceat(top.astype(float), tables.start[:-1])
    hit = np.add.reduceat((top & tables.right).astype(float), tables.start[:-1])
    return hit / among


def measure(
    tables: Tables,
    credit: Float[np.ndarray, " rows"],
    *,
    among: Int[np.ndarray, " chosen"],
    looks: int,
    by_half: Callable[[], Float[np.ndarray, " rows"]],
) -> Score:
    """The score of a model on the rows `among`, one of `looks` scores that are tested together.

    `by_half` gives its credit when it learns from half of the clips only; it is called when the
    gain is significant.

    >>> from qagen.audit import rows, tables
    >>> asked = [
    ...     rows.Row(clip=f"{n}", question="", options=("a", "b"), answer_index=0)
    ...     for n in range(80)
    ... ]
    >>> found = tables.build(asked)
    >>> score = measure(
    ...     found, np.ones(80), among=np.arange(80), looks=10, by_half=lambda: np.ones(80)
    ... )
    >>> score.points, score.accused
    (100.0, True)
    """
    rows = len(among)
    if rows == 0:
        return Score(rows=0, accuracy=0.0, chance=0.0, points=0.0, low=0.0, high=1.0, luck=1.0,
                     accused=False)  # fmt: skip
    right, chance = float(credit[among].sum()), float(tables.chance[among].mean())
    accuracy = right / rows
    low, high = wilson(right, rows)
    points = 100 * (accuracy - chance) / (1 - chance)
    luck = _luck(tables, credit, among)
    accused = points >= LEAST_POINTS and luck * looks < FALSE_ALARMS
    if accused:  # errors of folds are correlated, since they learn from each other; halves' are not
        half = by_half()
        lucks = [
            _luck(tables, half, among[np.isin(tables.fold[among], list(trial.judged))])
            for trial in halves(tables)
        ]
        accused = len(lucks) * min(lucks) * looks < FALSE_ALARMS
    return Score(
        rows=rows, accuracy=round(accuracy, 5), chance=round(chance, 5), points=round(points, 3),
        low=round(low, 5), high=round(high, 5), luck=float(f"{luck:.3g}"), accused=bool(accused),
    )  # fmt: skip


def _luck(
    tables: Tables, credit: Float[np.ndarray, " rows"], among: Int[np.ndarray, " chosen"]
) -> float:
    clips, of_clip = np.unique(tables.clip[among], return_inverse=True)
    if len(clips) < 2:
        return 1.0
    chance = tables.chance[among]
    gains = credit[among] - chance
    by_clip = np.bincount(of_clip, weights=gains - gains.mean())
    by_coin = float((chance * (1 - chance)).sum())  # variance even if all clips were alike
    spread = math.sqrt(max(float((by_clip**2).sum()) * len(clips) / (len(clips) - 1), by_coin))
    return float(stats.t.sf(gains.sum() / spread, len(clips) - 1))


def groups(tables: Tables) -> Sequence[tuple[str, Int[np.ndarray, " chosen"]]]:
    """All rows, then those of each task."""
    every = [("all", np.arange(len(tables.rows)))]
    if len(tables.tasks) > 1 or tables.tasks[0]:
        every += [
            (name or "none", np.flatnonzero(tables.task == number))
            for number, name in enumerate(tables.tasks)
        ]
    return every
