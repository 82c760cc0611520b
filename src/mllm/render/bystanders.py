"""Bystanders around a subject, who stand, wave, turn or take a few steps out of the way."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from kinematics import synthetic
from kinematics.motion import Motion

APART_M = 1.0
"""Least distance between any two people."""

AWAY_M = (1.2, 2.6)
"""Range of distances between a bystander and the subject's path."""

_ATTEMPTS = 200


def company(
    subjects: Sequence[Motion], *, count: int, draw: np.random.Generator, floor_m: float = 0.0
) -> list[Motion]:
    """Up to `count` bystanders in the subjects' world, for as long as the first subject's motion.

    There are fewer if there is no room for all of them.

    >>> subject = synthetic.perform(synthetic.walk(2.0)).motion
    >>> len(company([subject], count=2, draw=np.random.default_rng(0)))
    2
    """
    paths_m = [np.asarray(motion.positions_m, np.float64)[:, [0, 2]] for motion in subjects]
    subject_m = paths_m[0]
    others: list[Motion] = []
    for _ in range(_ATTEMPTS):
        if len(others) == count:
            break
        anchor = subject_m[int(draw.integers(len(subject_m)))]
        angle, away_m = draw.uniform(-math.pi, math.pi), draw.uniform(*AWAY_M)
        start_m = anchor + away_m * np.array([math.sin(angle), math.cos(angle)])
        bystander = _bystander(subjects[0], start_m, draw, floor_m=floor_m, number=len(others) + 1)
        path_m = np.asarray(bystander.positions_m, np.float64)[:, [0, 2]]
        if all(_apart_m(path_m, earlier_m) > APART_M for earlier_m in paths_m):
            paths_m.append(path_m)
            others.append(bystander)
    return others


def _apart_m(
    first_m: Float[np.ndarray, "first 2"], second_m: Float[np.ndarray, "second 2"]
) -> float:
    """Least distance between two paths, regardless of time."""
    return float(np.hypot(*(first_m[::3, None] - second_m[None, ::3]).reshape(-1, 2).T).min())


def _bystander(
    subject: Motion, start_m: np.ndarray, draw: np.random.Generator, *, floor_m: float, number: int
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
        start_position_m=(float(start_m[0]), floor_m, float(start_m[1])),
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
