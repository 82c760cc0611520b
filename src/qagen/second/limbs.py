"""How every body part moved, seen from the body.

Points are smoothed by fitting a parabola to the samples around each (a line, where they lie to one
side of it), and moving means faster than rest and than the point's own jitter.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import csr_array

from kinematics.facts import PartFacts
from kinematics.parts import (
    BESIDE_M,
    JITTER_GATE,
    LONGEST_STEP_S,
    PARTS,
    SMOOTHING_S,
    SWING_JITTERS,
    Part,
)
from kinematics.skeleton import POINTS
from qagen.second import cycles

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


class _Moves(NamedTuple):
    """A point relative to its reference."""

    place_m: Float[np.ndarray, "samples 3"]
    velocity_mps: Float[np.ndarray, "samples 3"]
    moving: Bool[np.ndarray, " samples"]
    jitter_m: float
    """Standard deviation of the smoothed place, along one axis, that jitter accounts for."""


def clock(
    times_s: Float[np.ndarray, " samples"], seen: Bool[np.ndarray, " samples"]
) -> Clock:
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


def _relative(points: dict[str, np.ndarray], part: Part) -> Float[np.ndarray, "samples 3"]:
    reference = 0.5 * (points[part.reference[0]] + points[part.reference[-1]])
    return points[part.point] - reference


def _moves(raw_m: Float[np.ndarray, "samples 3"], fit: Smoother, time: Clock, still: float) -> _Moves:
    place_m, velocity_mps = fit.position @ raw_m, fit.slope @ raw_m
    seen = time.seen
    left_over = np.square(raw_m - place_m).sum(axis=1)[seen].sum()
    freedom = (1 - fit.own_weight)[seen].sum()
    variance = left_over / freedom if freedom > 0.5 else left_over
    kept = fit.own_weight[seen].sum() / max(np.count_nonzero(seen), 1)
    shaking = variance * fit.slope_noise
    fast = np.square(velocity_mps).sum(axis=1) > still**2 + JITTER_GATE**2 * shaking
    return _Moves(place_m, velocity_mps, fast & seen, float(np.sqrt(variance * kept / 3)))


class _Travel(NamedTuple):
    displacement: float
    path: float
    mean_speed: float
    peak_speed: float
    directions: tuple[float, float, float, float, float, float]


def _travel(moves: _Moves, time: Clock) -> _Travel:
    """Path along the smooth velocity, which noise across it does not lengthen."""
    steps_m = np.diff(moves.place_m, axis=0)
    along = moves.velocity_mps[1:] + moves.velocity_mps[:-1]
    speeds = np.linalg.norm(along, axis=1)
    counted = moves.moving[1:] & moves.moving[:-1] & time.joined & (speeds > 0)
    unit = along / np.where(counted, speeds, 1.0)[:, None] * counted[:, None]
    lengths_m = np.maximum((steps_m * unit).sum(axis=1), 0)
    towards = np.concatenate(
        [[lengths_m @ np.maximum(way, 0), lengths_m @ np.maximum(-way, 0)] for way in unit.T]
    )
    first, last = time.ends
    steps_s = np.diff(time.times_s)
    left, right, up, down, forward, backward = (towards / (towards.sum() or 1.0)).tolist()
    return _Travel(
        displacement=float(np.linalg.norm(moves.place_m[last] - moves.place_m[first])),
        path=float(lengths_m.sum()),
        mean_speed=float(lengths_m.sum() / (time.seen_s or 1.0)),
        peak_speed=float((lengths_m / np.where(steps_s > 0, steps_s, 1.0)).max(initial=0.0)),
        directions=(left, right, up, down, forward, backward),
    )


def _cycles(moves: _Moves, time: Clock, least_m: float) -> cycles.Cycles:
    speeds = np.linalg.norm(moves.velocity_mps, axis=1)
    directions = moves.velocity_mps / np.where(moves.moving, speeds, 1.0)[:, None]
    axis = cycles.reversal_axis(directions * moves.moving[:, None])
    along = (moves.place_m @ axis)[time.seen]
    least = max(least_m, SWING_JITTERS * moves.jitter_m)
    return cycles.count(along, time.times_s[time.seen], least=least)


def _angle_range_rad(points: dict[str, np.ndarray], part: Part, seen: np.ndarray) -> float | None:
    """Range of the part's joint angle."""
    if part.angle is None:
        return None
    middle = points[part.angle[1]]
    one, other = (
        middle + np.array([0.0, 1.0, 0.0]) if name == "up" else points[name]
        for name in (part.angle[0], part.angle[2])
    )
    one, other = one - middle, other - middle
    across = np.linalg.norm(np.cross(one, other), axis=1)
    angles_rad = np.arctan2(across, (one * other).sum(axis=1))[seen]
    return float(np.ptp(angles_rad)) if len(angles_rad) else 0.0


def _distance_m(points: dict[str, np.ndarray], part: Part) -> Float[np.ndarray, " samples"]:
    """From the hand to the nearest of the other part's lines."""
    hand = points[part.point]
    distances_m = []
    for begin, end in part.segments:
        line, off = points[end] - points[begin], hand - points[begin]
        length = np.square(line).sum(axis=1)
        place = np.clip((off * line).sum(axis=1) / np.where(length > 0, length, 1.0), 0.0, 1.0)
        distances_m.append(np.linalg.norm(off - place[:, None] * line, axis=1))
    return np.min(distances_m, axis=0)


class _Relation(NamedTuple):
    distance_range: tuple[float, float] | None = None
    near_share: float | None = None
    approach: float | None = None
    above_share: float | None = None
    front_share: float | None = None


def _relation(points: dict[str, np.ndarray], part: Part, moves: _Moves, time: Clock) -> _Relation:
    """How a hand stood to the other part of its pair."""
    if part.kind != "pair":
        return _Relation()
    distance_m = _distance_m(points, part)
    seen_m = distance_m[time.seen]
    first, last = time.ends

    def share(holds: np.ndarray) -> float:
        return float(time.share_s[holds].sum() / (time.seen_s or 1.0))

    return _Relation(
        distance_range=(float(seen_m.min()), float(seen_m.max())) if len(seen_m) else (0.0, 0.0),
        near_share=share(distance_m <= part.near_m),
        approach=float(distance_m[first] - distance_m[last]),
        above_share=share(moves.place_m[:, 1] > BESIDE_M),
        front_share=share(moves.place_m[:, 2] > BESIDE_M),
    )


def _counted_as(part: Part) -> Part:
    """The part whose cycles count for it: a hand near another part counts as its limb does."""
    same = [one for one in PARTS if one.point == part.point]
    return part if part is PARTS[-1] else same[0]


def part_facts(
    points_m: Float[np.ndarray, "samples points 3"],
    times_s: Float[np.ndarray, " samples"],
    usable: Bool[np.ndarray, " samples"],
    *,
    present: Bool[np.ndarray, " points"],
) -> tuple[PartFacts, ...]:
    """Every part of the table whose points are there, from points seen from the body.

    >>> points_m = np.zeros((60, 18, 3))
    >>> facts = part_facts(
    ...     points_m, np.arange(60) / 30, np.ones(60, bool), present=np.ones(18, bool)
    ... )
    >>> facts[0].part, facts[0].path
    ('body', 0.0)
    """
    fit, time = smoother(times_s, usable), clock(times_s, usable)
    raw = {name: points_m[:, place] for place, name in enumerate(POINTS) if present[place]}
    smooth = {name: fit.position @ place_m for name, place_m in raw.items()}
    clip_s = float(times_s[-1]) or 1.0

    @cache
    def moves_of(part: Part) -> _Moves:
        return _moves(_relative(raw, part), fit, time, part.still_mps)

    facts = []
    for part in PARTS:
        if not all(name in raw for name in part.points):
            continue
        moves = moves_of(part)
        counted = _counted_as(part)
        repeated = _cycles(moves_of(counted), time, counted.swing_m)
        travel = _travel(moves, time)
        has_angle = part.angle is not None and all(
            name == "up" or name in raw for name in part.angle
        )
        if time.seen_s == 0:
            repeated, travel = cycles.Cycles(0, 0.0), _Travel(0, 0, 0, 0, (0, 0, 0, 0, 0, 0))
        facts.append(
            PartFacts(
                part=part.name,
                group=part.group,
                **travel._asdict(),
                angle_range_rad=_angle_range_rad(smooth, part, usable) if has_angle else None,
                **_relation(smooth, part, moves, time)._asdict(),
                repetitions=repeated.repetitions,
                period_s=repeated.period_s if repeated.repetitions else None,
                coverage=time.seen_s / clip_s,
            )
        )
    return tuple(facts)
