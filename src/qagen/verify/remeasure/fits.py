"""Local fits over time, and which samples count: what body parts are smoothed with.

A parabola through the samples around each, or a line where they lie to one side of it, because
there a parabola would swing with the noise.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import csr_array

from kinematics.parts import LONGEST_STEP_S, SMOOTHING_S

AROUND = 4
"""Samples on either side that a fit may see."""
BALANCE = 0.1
"""A window whose mean time is further off, in its own spread, lies to one side."""


class Smoother(NamedTuple):
    """Local fits as matrices over the clip's samples, nearly all of whose entries are zero."""

    position: csr_array
    slope: csr_array
    own_weight: Float[np.ndarray, " samples"]
    """How much of each smoothed sample is the sample itself."""
    slope_noise: Float[np.ndarray, " samples"]
    """Variance of the slope for jitter of variance one."""


class Clock(NamedTuple):
    """The samples that count, and how much time stands for each."""

    times_s: Float[np.ndarray, " samples"]
    seen: Bool[np.ndarray, " samples"]
    joined: Bool[np.ndarray, " steps"]
    """Steps with both ends seen and no gap between."""
    share_s: Float[np.ndarray, " samples"]

    @property
    def seen_s(self) -> float:
        """The time that was seen."""
        return float(self.share_s.sum())

    @property
    def ends(self) -> tuple[int, int]:
        """First and last sample seen."""
        places = np.flatnonzero(self.seen)
        return (int(places[0]), int(places[-1])) if len(places) else (0, 0)


def clock(times_s: Float[np.ndarray, " samples"], seen: Bool[np.ndarray, " samples"]) -> Clock:
    """The clock of a clip.

    >>> clock(np.arange(4.0) / 2, np.array([True, True, False, True])).seen_s
    0.5
    """
    steps_s = np.diff(times_s)
    joined = seen[1:] & seen[:-1] & (steps_s > 0) & (steps_s <= LONGEST_STEP_S)
    share_s = np.zeros(len(times_s))
    share_s[1:] += np.where(joined, steps_s / 2, 0)
    share_s[:-1] += np.where(joined, steps_s / 2, 0)
    return Clock(times_s, seen, joined, share_s)


def _around(at: int, seen: Bool[np.ndarray, " samples"], step_s: float) -> np.ndarray:
    """The neighbours that a fit sees, counted from a sample: those that are close in time."""
    away = np.arange(max(-AROUND, -at), min(AROUND, len(seen) - 1 - at) + 1)
    reach_s = np.where(np.abs(away) == 1, LONGEST_STEP_S, SMOOTHING_S)
    return away[seen[at + away] & (np.abs(away) * step_s <= reach_s)]


def smoother(
    times_s: Float[np.ndarray, " samples"], seen: Bool[np.ndarray, " samples"]
) -> Smoother:
    """Least squares around every sample; samples whose windows look alike share one solution.

    >>> times_s = np.arange(20) / 30
    >>> fit = smoother(times_s, np.ones(20, bool))
    >>> bool(np.allclose(fit.position @ times_s**2, times_s**2, atol=2e-2))
    True
    """
    count = len(times_s)
    step_s = times_s[1] - times_s[0] if count > 1 else 1.0
    solved: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}
    windows = [_around(at, seen, step_s) for at in range(count)]
    for window in windows:
        if window.tobytes() not in solved:
            solved[window.tobytes()] = _solved(window * step_s)
    fits = [solved[window.tobytes()] for window in windows]
    columns = np.concatenate([at + window for at, window in enumerate(windows)])
    rows_end = np.cumsum([0, *(len(window) for window in windows)])
    position, slope = (
        csr_array((np.concatenate(weights), columns, rows_end), shape=(count, count))
        for weights in zip(*fits, strict=True)
    )
    noise = np.array([np.square(slopes).sum() for _, slopes in fits])
    return Smoother(position, slope, position.diagonal(), noise)


def _solved(offsets_s: Float[np.ndarray, " used"]) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the samples for the value at offset 0, and for the slope of the line."""
    one = np.ones(len(offsets_s))
    if not len(one):
        return one, one
    if np.ptp(offsets_s) == 0:
        return one / len(one), 0 * one
    slope = np.linalg.pinv(np.stack([one, offsets_s], axis=1))[1]
    lopsided = abs(offsets_s.mean()) > BALANCE * np.sqrt(np.square(offsets_s).mean())
    degree = 1 if lopsided or len(offsets_s) < 3 else 2
    design = np.stack([offsets_s**power for power in range(degree + 1)], axis=1)
    return np.linalg.pinv(design)[0], slope
