"""Other people around a subject: they stand, wave, turn or take some steps, out of the way."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from kinematics import synthetic
from kinematics.motion import Motion

APART_M = 1.0
"""Nobody comes nearer to anybody else than this."""

AWAY_M = (1.2, 2.6)
"""How far from the subject's way the others stand."""

_ATTEMPTS = 200


def company(
    subjects: Sequence[Motion],
    *,
    count: int,
    draw: np.random.Generator,
    floor_m: float = 0.0,
) -> list[Motion]:
    """So many others in the subjects' world, for as long as the first of them is there.

    Fewer where there is no room for so many.

    >>> subject = synthetic.perform(synthetic.walk(2.0)).motion
    >>> len(company([subject], count=2, draw=np.random.default_rng(0)))
    2
    """
    taken_m = [np.asarray(motion.positions_m, np.float64)[:, [0, 2]] for motion in subjects]
    way_m = taken_m[0]
    others: list[Motion] = []
    for _ in range(_ATTEMPTS):
        if len(others) == count:
            break
        anchor = way_m[int(draw.integers(len(way_m)))]
        angle, away_m = draw.uniform(-math.pi, math.pi), draw.uniform(*AWAY_M)
        place_m = anchor + away_m * np.array([math.sin(angle), math.cos(angle)])
        other = _other(subjects[0], place_m, draw, floor_m=floor_m, number=len(others) + 1)
        path_m = np.asarray(other.positions_m, np.float64)[:, [0, 2]]
        if all(_apart_m(path_m, way) > APART_M for way in taken_m):
            taken_m.append(path_m)
            others.append(other)
    return others


def _apart_m(one: Float[np.ndarray, "one 2"], other: Float[np.ndarray, "other 2"]) -> float:
    """Least distance between two ways, at any times."""
    return float(np.hypot(*(one[::3, None] - other[None, ::3]).reshape(-1, 2).T).min())


def _other(
    subject: Motion,
    place_m: np.ndarray,
    draw: np.random.Generator,
    *,
    floor_m: float,
    number: int,
) -> Motion:
    side: synthetic.script.Side = "left" if draw.random() < 0.5 else "right"
    kinds = (
        synthetic.wave(side=side, cycles=int(draw.integers(2, 6))),
        synthetic.turn(draw.choice([-1.0, 1.0]) * draw.uniform(0.6, 2.5)),
        synthetic.walk(draw.uniform(0.6, 1.6), speed_mps=0.9),
        synthetic.crouch(draw.uniform(0.2, 0.4)),
        synthetic.stand(1.0),
    )
    script = synthetic.then(
        synthetic.stand(draw.uniform(0.1, 1.5)),
        kinds[int(draw.integers(len(kinds)))],
        synthetic.stand(subject.duration_s + 0.1),
    )
    performed = synthetic.perform(
        script,
        fps=30.0,
        seed=int(draw.integers(2**31)),
        start_position_m=(float(place_m[0]), floor_m, float(place_m[1])),
        start_heading_rad=draw.uniform(-math.pi, math.pi),
        clip=f"{subject.source.clip}_other",
    ).motion
    joints_m = performed.joints_m
    return Motion.from_arrays(
        orientations_wxyz=np.asarray(performed.orientations_wxyz),
        positions_m=np.asarray(performed.positions_m),
        times_s=np.asarray(performed.times_s) + float(subject.times_s[0]),
        joints_m=None if joints_m is None else np.asarray(joints_m),
        skeleton=performed.skeleton,
        source=performed.renamed(person=1000 + number).source,
    )
