"""How often a movement was repeated: its swings, and the longest stretch of swings alike."""

import itertools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

SAME_SIZE = 0.6
"""Of two swings alike the smaller is at least this share of the larger,"""
SAME_PACE = 0.4
"""and the quicker one lasts at least this share of the slower one."""
LEAST_CYCLES = 2
WHOLE = 0.2
"""A cycle that is whole but for this share is whole."""
APART = 6
"""Samples between two directions of motion that are compared: half a cycle at 2.5 Hz."""


class Swing(NamedTuple):
    """The way between two turning points."""

    size: float
    seconds: float


class Cycles(NamedTuple):
    """How many there were, and how long one took; 0 where nothing was repeated."""

    repetitions: int
    period_s: float


def reversal_axis(directions: Float[np.ndarray, "samples 3"]) -> Float[np.ndarray, "3"]:
    """The line along which unit directions of motion (zero at rest) turn round most.

    >>> to_and_fro = np.where(np.arange(60) % 12 < 6, 1.0, -1.0)
    >>> reversal_axis(np.outer(to_and_fro, [0.0, 1.0, 0.0])).round(6).tolist()
    [0.0, 1.0, 0.0]
    """
    longer = np.pad(directions, ((APART, APART), (0, 0)))
    changes = longer[APART:] - longer[:-APART]
    _, axes = np.linalg.eigh(changes.T @ changes)
    axis = axes[:, -1]
    return axis * np.sign(axis[np.argmax(np.abs(axis))])


def turning_points(values: Float[np.ndarray, " samples"], *, least: float) -> list[int]:
    """Where a signal turns by at least `least`, its first and its last extreme included.

    >>> turning_points(np.array([0.0, 2.0, 0.1, 0.2, 0.0, 3.0]), least=1.0)
    [0, 1, 4, 5]
    """
    low = high = 0
    turns: list[int] = []
    way = 0
    for at, value in enumerate(values.tolist()):
        if value > values[high]:
            high = at
        if value < values[low]:
            low = at
        if way >= 0 and values[high] - value >= least:
            turns += [high] if way else [low if low < high else high]
            if not way and turns[-1] != high:
                turns.append(high)
            way, low = -1, at
        elif way <= 0 and value - values[low] >= least:
            turns += [low] if way else [high if high < low else low]
            if not way and turns[-1] != low:
                turns.append(low)
            way, high = 1, at
    if way:
        turns.append(high if way > 0 else low)
    return turns


def _alike(first: Swing, second: Swing) -> bool:
    sizes, seconds = sorted([first.size, second.size]), sorted([first.seconds, second.seconds])
    return sizes[0] >= SAME_SIZE * sizes[1] and seconds[0] >= SAME_PACE * seconds[1]


def _beside(outer: Swing | None, inner: Swing) -> float:
    """What the swing beside a stretch counts: the share of one that it is; a large one, half."""
    if outer is None:
        return 0.0
    share = outer.size / inner.size
    return 0.5 if share * SAME_SIZE > 1 else min(share, 1.0)


def count(
    values: Float[np.ndarray, " samples"], times_s: Float[np.ndarray, " samples"], *, least: float
) -> Cycles:
    """Cycles there and back of the longest stretch of swings alike, of at least `least` each.

    >>> times_s = np.arange(301) / 30
    >>> count(np.sin(2 * np.pi * 0.5 * times_s), times_s, least=0.05).repetitions
    5
    """
    turns = turning_points(values, least=least)
    swings = [
        Swing(abs(float(values[after] - values[before])), float(times_s[after] - times_s[before]))
        for before, after in itertools.pairwise(turns)
    ]
    *whole, under_way = swings or [Swing(0.0, 0.0)]  # the last one has not turned yet
    best, best_s = 0.0, 0.0
    first = 0
    while first < len(whole):
        after = first + 1
        while after < len(whole) and _alike(whole[after - 1], whole[after]):
            after += 1
        stretch = whole[first:after]
        following = whole[after] if after < len(whole) else under_way
        total = len(stretch) + _beside(following, stretch[-1])
        total += _beside(whole[first - 1] if first else None, stretch[0])
        if total > best:
            best = total
            inner_s = [swing.seconds for swing in stretch[1:]]
            best_s = sum(inner_s) / max(len(inner_s), 1)
        first = after
    cycles = math.floor(best / 2 + WHOLE)
    return Cycles(cycles, 2 * best_s) if cycles >= LEAST_CYCLES else Cycles(0, 0.0)
