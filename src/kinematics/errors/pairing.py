"""An estimate and its ground truth at common times, frames and joints; matching of collections."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.geometry.resample import Grid, usual_step_s
from kinematics.motion import Motion

ComparedOn = Literal["joints", "root"]
"""Compared parts of the body: the joints with the same names in both, or the root alone."""

FEWEST_JOINTS = 4
"""Fewer common joints do not determine the pose of a body in the world."""

FEWEST_FRAMES = 2
"""Fewer frames do not determine an alignment."""


class Track(NamedTuple):
    """One side of a pair, in float64, counted from its first frame of the pair."""

    positions_m: Float[np.ndarray, "frames 3"]
    orientations_wxyz: Float[np.ndarray, "frames 4"]
    joints_m: Float[np.ndarray, "frames joints 3"] | None


class Pair(NamedTuple):
    """Both sides at the truth's own times, in the frames in which both saw the person."""

    estimate: Track
    truth: Track
    times_s: Float[np.ndarray, " frames"]
    frames: Int[np.ndarray, " frames"]
    """Indices of the compared frames in the truth."""
    joints: tuple[str, ...]
    """The compared joints; empty if only the root is compared."""
    step_s: float
    """Median time between two frames of the truth."""
    coverage: float
    """Share of the truth's observed frames that are compared."""
    lost: Bool[np.ndarray, " truth_frames"]
    """Mask of the truth's frames in which only the truth saw the person."""


def pair(
    estimate: Motion,
    truth: Motion,
    *,
    on: ComparedOn | None = None,
    offset_s: float = 0.0,
) -> Pair:
    """Both motions at the truth's times; one `ValueError` names everything that prevents it.

    The estimate is interpolated between consecutive observed frames, not across gaps. `offset_s` is
    added to its times. `on=None` compares the joints if both motions have them, else the root.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> both = pair(synthetic.resampled(walk, 60.0), walk)
    >>> len(both.times_s) == walk.frames, len(both.joints), both.coverage
    (True, 22, 1.0)
    """
    joints = _common_joints(estimate, truth, on)
    problems = [] if isinstance(joints, tuple) else [joints]
    times_s = np.asarray(truth.times_s, dtype=np.float64)
    given_s = np.asarray(estimate.times_s, dtype=np.float64) + offset_s
    observed, seen = np.asarray(truth.observed), np.asarray(estimate.observed)
    grid = Grid(given_s, seen, times_s)
    kept = observed & grid.seen
    for side, motion, mask in (("estimate", estimate, seen), ("truth", truth, observed)):
        if not mask.any():
            problems.append(f"{side}: none of its {motion.frames} frames was observed")
    if seen.any() and observed.any() and kept.sum() < FEWEST_FRAMES:
        spans = [
            f"{side} {times[mask][0]:g} to {times[mask][-1]:g} s"
            for side, times, mask in (("estimate", given_s, seen), ("truth", times_s, observed))
        ]
        problems.append(
            f"times: {int(kept.sum())} frames seen by both; {', '.join(spans)}; expected at least "
            f"{FEWEST_FRAMES}: put both on one clock, or give the difference as offset_s"
        )
    if problems or not isinstance(joints, tuple):
        raise ValueError(
            f"{_named(estimate)} against {_named(truth)}: cannot be compared.\n"
            + "\n".join(f"  - {problem}" for problem in problems)
        )
    frames = np.flatnonzero(kept)
    return Pair(
        estimate=_from_first(_columns(estimate, joints), grid=grid, frames=frames),
        truth=_from_first(_columns(truth, joints), grid=None, frames=frames),
        times_s=times_s[frames],
        frames=frames,
        joints=joints,
        step_s=usual_step_s(times_s),
        coverage=float(len(frames) / observed.sum()),
        lost=observed & ~kept,
    )


def _named(motion: Motion) -> str:
    return motion.source.path or f"{motion.source.clip}, person {motion.source.person}"


def _common_joints(estimate: Motion, truth: Motion, on: ComparedOn | None) -> tuple[str, ...] | str:
    """The names of the joints to compare, in the truth's order, or the text of a problem."""
    sides = {"estimate": estimate.skeleton, "truth": truth.skeleton}
    bare = [side for side, skeleton in sides.items() if skeleton is None]
    if on == "root" or (on is None and bare):
        return ()
    if bare:
        return f"joints: the {' and the '.join(bare)} has none; compare on the root instead"
    given = {side: skeleton.joints for side, skeleton in sides.items() if skeleton is not None}
    common = tuple(name for name in given["truth"] if name in given["estimate"])
    if len(common) >= FEWEST_JOINTS:
        return common
    shown = ", ".join(
        f"{side} {skeleton.name!r} has {' '.join(skeleton.joints[:4])} ..."
        for side, skeleton in sides.items()
        if skeleton is not None
    )
    return (
        f"joints: {len(common)} names in common, expected at least {FEWEST_JOINTS}; {shown}; "
        "rename the joints of one side, or compare on the root"
    )


class _Columns(NamedTuple):
    orientations_wxyz: np.ndarray
    positions_m: np.ndarray
    joints_m: np.ndarray | None


def _columns(motion: Motion, joints: tuple[str, ...]) -> _Columns:
    wanted = None
    if joints and motion.skeleton is not None:
        rows = [motion.skeleton.joints.index(name) for name in joints]
        wanted = np.asarray(motion.joints_m, dtype=np.float64)[:, rows]
    return _Columns(
        np.asarray(motion.orientations_wxyz, dtype=np.float64),
        np.asarray(motion.positions_m, dtype=np.float64),
        wanted,
    )


def _from_first(
    columns: _Columns, *, grid: Grid | None, frames: Int[np.ndarray, " frames"]
) -> Track:
    """The given frames, relative to the root's position in the first of them."""
    orientations, positions, joints = columns
    if grid is not None:
        orientations, positions = grid.rotations(orientations), grid.linear(positions)
        joints = None if joints is None else grid.linear(joints)
    positions = positions[frames]
    orientations = orientations[frames]
    return Track(
        positions_m=positions - positions[0],
        orientations_wxyz=orientations / np.linalg.norm(orientations, axis=1, keepdims=True),
        joints_m=None if joints is None else joints[frames] - positions[0],
    )


class Matches(NamedTuple):
    """Pairs of motions, and the names of motions without a partner."""

    pairs: tuple[tuple[Motion, Motion], ...]
    only_estimates: tuple[str, ...]
    only_truths: tuple[str, ...]


def match(estimates: Iterable[Motion], truths: Iterable[Motion]) -> Matches:
    """Pairs of an estimate and the truth with the same clip and person, in the truths' order.

    A single motion on each side is a pair, whatever the names. One `ValueError` names every clip
    and person that occurs twice on a side.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0)).motion
    >>> second, third = walk.renamed(person=1), walk.renamed(person=2)
    >>> matches = match([third, walk], [walk, second])
    >>> len(matches.pairs), matches.only_estimates, matches.only_truths
    (1, ('synthetic, person 2',), ('synthetic, person 1',))
    """
    sides = {"estimates": list(estimates), "truths": list(truths)}
    if all(len(motions) == 1 for motions in sides.values()):
        return Matches(((sides["estimates"][0], sides["truths"][0]),), (), ())
    by_name: dict[str, dict[str, Motion]] = {}
    problems = []
    for side, motions in sides.items():
        named = by_name[side] = {}
        for motion in motions:
            name = f"{motion.source.clip}, person {motion.source.person}"
            if name in named:
                problems.append(f"{side}: {name} is there twice ({named[name].source.path})")
            named[name] = motion
    if problems:
        raise ValueError("clips are matched by their names.\n" + "\n".join(problems))
    given, true = by_name["estimates"], by_name["truths"]
    return Matches(
        tuple((given[name], motion) for name, motion in true.items() if name in given),
        tuple(name for name in given if name not in true),
        tuple(name for name in true if name not in given),
    )
