"""Bootstrap intervals of scores over clips, because errors within a clip are correlated."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

RESAMPLINGS = 2000

SHARE = 0.95
"""Share of the resamplings inside an interval."""

_CHUNK = 100  # resamplings multiplied at once


class Interval(NamedTuple):
    """Lower and upper bound; NaN where there is nothing to resample."""

    low: float
    high: float


class Sums(NamedTuple):
    """Sums over the rows of each clip and task."""

    right: Float[np.ndarray, "clips tasks"]
    chance: Float[np.ndarray, "clips tasks"]
    rows: Float[np.ndarray, "clips tasks"]


def summed(
    right: Float[np.ndarray, " rows"],
    chance: Float[np.ndarray, " rows"],
    clip: Int[np.ndarray, " rows"],
    task: Int[np.ndarray, " rows"],
    *,
    clips: int,
    tasks: int,
) -> Sums:
    """Rows added up by clip and task.

    >>> one, two = np.ones(2), np.array([0, 1])
    >>> summed(one, one / 2, two, two, clips=2, tasks=2).right.tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    place = clip * tasks + task

    def added(values: Float[np.ndarray, " rows"]) -> Float[np.ndarray, "clips tasks"]:
        total = np.bincount(place, weights=values, minlength=clips * tasks)
        return total.astype(float).reshape(clips, tasks)

    return Sums(added(right), added(chance), added(np.ones(len(right))))


def points(sums: Sums) -> Float[np.ndarray, " tasks"]:
    """100 (accuracy - chance) / (1 - chance) of each task; NaN for a task without rows.

    >>> points(Sums(np.array([[3.0]]), np.array([[1.0]]), np.array([[4.0]]))).round(1).tolist()
    [66.7]
    """
    return _points(*(one.sum(axis=0) for one in sums))


def _points(
    right: Float[np.ndarray, "*some tasks"],
    chance: Float[np.ndarray, "*some tasks"],
    rows: Float[np.ndarray, "*some tasks"],
) -> Float[np.ndarray, "*some tasks"]:
    could = rows - chance
    known: Bool[np.ndarray, "*some tasks"] = could > 0
    return np.where(known, 100 * (right - chance) / np.where(known, could, 1.0), np.nan)


def mean(values: Float[np.ndarray, "*some tasks"]) -> Float[np.ndarray, "*some"]:
    """The mean over the tasks that have rows, whose values are not NaN.

    >>> mean(np.array([1.0, np.nan, 3.0])).item()
    2.0
    """
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    count = known.sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def resampled(
    sums: Sums, *, seed: int = 0, resamplings: int = RESAMPLINGS
) -> Float[np.ndarray, "resamplings tasks"]:
    """Points by task of bootstrap samples of the clips; equal seeds draw equal clips.

    >>> sums = Sums(np.ones((9, 1)), np.full((9, 1), 0.5), np.ones((9, 1)))
    >>> resampled(sums, resamplings=2).tolist()
    [[100.0], [100.0]]
    """
    clips = len(sums.rows)
    generator = np.random.default_rng(seed)
    found = []
    for first in range(0, resamplings, _CHUNK):
        count = min(_CHUNK, resamplings - first)
        drawn = generator.integers(0, clips, (count, clips)) if clips else np.zeros((count, 0), int)
        offset = np.arange(count)[:, None] * clips
        times = np.bincount((drawn + offset).ravel(), minlength=count * clips)
        often = times.reshape(count, clips).astype(float)
        found.append(_points(often @ sums.right, often @ sums.chance, often @ sums.rows))
    return np.concatenate(found)


def of(values: Float[np.ndarray, " resamplings"]) -> Interval:
    """The central interval that holds `SHARE` of the values.

    >>> round(of(np.arange(101.0)).low, 6)
    2.5
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return Interval(float(low), float(high))
