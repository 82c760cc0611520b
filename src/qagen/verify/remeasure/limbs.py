"""How every body part moved, seen from the body.

Points are smoothed by local fits. Moving is what is faster than rest and than the point's jitter.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics.facts import PartFacts
from kinematics.parts import (
    BESIDE_M,
    JITTER_GATE,
    PARTS,
    SWING_JITTERS,
    Part,
)
from kinematics.skeleton import POINTS
from qagen.verify.remeasure import cycles, fits


class _Moves(NamedTuple):
    """A point relative to its reference."""

    place_m: Float[np.ndarray, "samples 3"]
    velocity_mps: Float[np.ndarray, "samples 3"]
    moving: Bool[np.ndarray, " samples"]
    jitter_m: float
    """Standard deviation of the smoothed place, along one axis, that jitter accounts for."""


def _relative(points: dict[str, np.ndarray], part: Part) -> Float[np.ndarray, "samples 3"]:
    reference = 0.5 * (points[part.reference[0]] + points[part.reference[-1]])
    return points[part.point] - reference


def _moves(
    raw_m: Float[np.ndarray, "samples 3"], fit: fits.Smoother, time: fits.Clock, still: float
) -> _Moves:
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
    displacement: float = 0.0
    path: float = 0.0
    mean_speed: float = 0.0
    peak_speed: float = 0.0
    directions: tuple[float, float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def _travel(moves: _Moves, time: fits.Clock) -> _Travel:
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


def _cycles(moves: _Moves, time: fits.Clock, least_m: float) -> cycles.Cycles:
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


def _relation(
    points: dict[str, np.ndarray], part: Part, moves: _Moves, time: fits.Clock
) -> _Relation:
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


class _Clip(NamedTuple):
    """What all parts of a clip are read off."""

    raw: dict[str, np.ndarray]
    smooth: dict[str, np.ndarray]
    fit: fits.Smoother
    time: fits.Clock

    def moves(self, part: Part) -> _Moves:
        """The part's point relative to its reference."""
        return _moves(_relative(self.raw, part), self.fit, self.time, part.still_mps)


def _facts(clip: _Clip, part: Part) -> PartFacts:
    """One part; nothing moved that was never seen two samples in a row."""
    time, moves, counted = clip.time, clip.moves(part), _counted_as(part)
    travel, repeated = _Travel(), cycles.Cycles(0, 0.0)
    if time.seen_s > 0:
        counted_moves = moves if counted is part else clip.moves(counted)
        travel = _travel(moves, time)
        repeated = _cycles(counted_moves, time, counted.swing_m)
    has_angle = part.angle is not None and {*part.angle} <= {*clip.raw, "up"}
    return PartFacts(
        part=part.name,
        group=part.group,
        **travel._asdict(),
        angle_range_rad=_angle_range_rad(clip.smooth, part, time.seen) if has_angle else None,
        **_relation(clip.smooth, part, moves, time)._asdict(),
        repetitions=repeated.repetitions,
        period_s=repeated.period_s if repeated.repetitions else None,
        coverage=time.seen_s / (float(time.times_s[-1]) or 1.0),
    )


def part_facts(
    points_m: Float[np.ndarray, "samples points 3"],
    times_s: Float[np.ndarray, " samples"],
    usable: Bool[np.ndarray, " samples"],
    *,
    present: Bool[np.ndarray, " points"],
) -> tuple[PartFacts, ...]:
    """Every part of the table whose points are there, from points seen from the body.

    >>> facts = part_facts(
    ...     np.zeros((60, 18, 3)), np.arange(60) / 30, np.ones(60, bool), present=np.ones(18, bool)
    ... )
    >>> facts[0].part, facts[0].path
    ('body', 0.0)
    """
    fit = fits.smoother(times_s, usable)
    raw = {name: points_m[:, place] for place, name in enumerate(POINTS) if present[place]}
    smooth = {name: fit.position @ place_m for name, place_m in raw.items()}
    clip = _Clip(raw, smooth, fit, fits.clock(times_s, usable))
    return tuple(_facts(clip, part) for part in PARTS if part.points <= raw.keys())
