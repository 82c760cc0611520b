"""Errors of an estimated track against the ground truth, by the measures that papers report.

`docs/compare.md` defines each measure and names the published code with which it agrees.
Everything is computed on the host in float64, at the truth's own frame times, in frames in which
both sides saw the person.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Float, Int

from kinematics.errors import discrepancies
from kinematics.errors.discrepancies import LEAST_PATH_M, apart_m
from kinematics.errors.pairing import ComparedOn, Pair, pair
from kinematics.geometry import alignment
from kinematics.motion import Motion


class DriftSample(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Drift of the estimate, with both sides aligned at the first frame."""

    time_s: float
    """Since the first compared frame."""
    path_m: float
    """Path of the truth up to then."""
    position_m: float
    heading_rad: float | None
    """Signed, + to the left; None while a body is upside down."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One estimate against its ground truth; None where a measure is undefined."""

    clip: str
    person: int
    compared_on: ComparedOn
    joints: int
    """Number of compared joints."""
    frames: int
    duration_s: float
    coverage: float
    """Share of the truth's observed frames in which the estimate saw the person too."""
    path_m: float
    """Length of the truth's path, frame by frame and in three dimensions."""
    ate_rmse_m: float
    """Root mean square position error of the root after the best rigid alignment."""
    ate_mean_m: float
    rte_percent: float | None
    """Mean position error of the root after the same alignment, in percent of the path."""
    rpe_rmse_m: float | None
    """Error of the movement over one second, in the body's axes."""
    rpe_rmse_rad: float | None
    w_mpjpe_m: float | None
    """Mean joint error of chunks aligned by their first two frames."""
    wa_mpjpe_m: float | None
    """Mean joint error of chunks aligned as a whole."""
    w_root_error_m: float
    """Like W-MPJPE for the root alone: chunks are aligned by the root's pose, without scale."""
    wa_root_error_m: float
    """Like WA-MPJPE for the root alone."""
    pose_error_m: float | None
    """Mean joint error relative to the root, after alignment of the roots' paths."""
    heading_error_rad: float | None
    """Mean unsigned error after the single turn of the world that fits all headings best."""
    anchor_heading_error_rad: float | None
    """Error of the first heading against the path's direction, + to the left."""
    end_drift_m: float
    """Position error at the end, with both sides aligned at the first frame."""
    end_drift_rad: float | None
    jitter_10mps3: float | None
    """Mean jerk of the estimate's joints, in units of 10 m/s³."""
    root_jitter_10mps3: float | None
    truth_jitter_10mps3: float | None
    truth_root_jitter_10mps3: float | None
    foot_sliding_m: float | None
    """Mean movement of the estimate's feet in a 30th of a second while the true foot stands."""
    stance_steps: int
    """Number of frame steps of a standing foot behind `foot_sliding_m`."""
    drift_by_time: tuple[DriftSample, ...]
    """At every whole second."""
    drift_by_path: tuple[DriftSample, ...]
    """At every whole metre walked."""


def compare(
    estimate: Motion,
    truth: Motion,
    *,
    on: ComparedOn | None = None,
    offset_s: float = 0.0,
) -> Comparison:
    """The errors of an estimate, which are invariant to shifts and turns of its whole world.

    `on=None` compares the joints if both motions have them, else the root; `offset_s` is added to
    the estimate's times. One `ValueError` names all reasons why the motions cannot be compared.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> same = compare(synthetic.moved(walk, turn_rad=1.0, shift_m=(5.0, 0.0, 2.0)), walk)
    >>> f"{same.ate_rmse_m:.6f} m, {same.rte_percent:.4f} %, {same.w_mpjpe_m:.6f} m"
    '0.000000 m, 0.0000 %, 0.000000 m'
    """
    both = pair(estimate, truth, on=on, offset_s=offset_s)
    walked_m = _walked_m(both.truth.positions_m)
    path_m = float(walked_m[-1])
    whole = alignment.fit(both.estimate.positions_m, both.truth.positions_m)
    errors_m = apart_m(alignment.applied(whole, both.estimate.positions_m), both.truth.positions_m)
    mean_m = float(errors_m.mean())
    relative = discrepancies.relative_errors(both)
    chunks = discrepancies.chunk_errors(both)
    headings = discrepancies.heading_errors(both, path_m=path_m)
    drift = _drift(both, walked_m, headings.difference_rad)
    feet = discrepancies.foot_sliding(both)
    return Comparison(
        clip=truth.source.clip,
        person=truth.source.person,
        compared_on="joints" if both.joints else "root",
        joints=len(both.joints),
        frames=len(both.times_s),
        duration_s=float(both.times_s[-1] - both.times_s[0]),
        coverage=both.coverage,
        path_m=path_m,
        ate_rmse_m=discrepancies.rms(errors_m),
        ate_mean_m=mean_m,
        rte_percent=100 * mean_m / path_m if path_m >= LEAST_PATH_M else None,
        rpe_rmse_m=relative.position_m,
        rpe_rmse_rad=relative.angle_rad,
        w_mpjpe_m=chunks.w_joints_m,
        wa_mpjpe_m=chunks.wa_joints_m,
        w_root_error_m=chunks.w_root_m,
        wa_root_error_m=chunks.wa_root_m,
        pose_error_m=discrepancies.pose_error_m(both, whole),
        heading_error_rad=headings.error_rad,
        anchor_heading_error_rad=headings.anchor_rad,
        end_drift_m=drift.end.position_m,
        end_drift_rad=drift.end.heading_rad,
        jitter_10mps3=discrepancies.jitter_10mps3(both, both.estimate.joints_m),
        root_jitter_10mps3=discrepancies.jitter_10mps3(both, both.estimate.positions_m[:, None]),
        truth_jitter_10mps3=discrepancies.jitter_10mps3(both, both.truth.joints_m),
        truth_root_jitter_10mps3=discrepancies.jitter_10mps3(both, both.truth.positions_m[:, None]),
        foot_sliding_m=feet.mean_m,
        stance_steps=feet.steps,
        drift_by_time=drift.by_time,
        drift_by_path=drift.by_path,
    )


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Output of the command: all pairs, their means, and motions without a partner."""

    schema_version: int = 1
    pooled: Comparison
    clips: tuple[Comparison, ...]
    only_estimates: tuple[str, ...]
    only_truths: tuple[str, ...]


ALL_CLIPS = "all clips"
"""The clip name of a pooled comparison."""


def pooled(comparisons: Iterable[Comparison]) -> Comparison:
    """Means over all frames of several clips, as papers report them, without drift curves.

    A measure that some clips lack is the mean over the others. Foot sliding is weighted by its
    steps, everything else by frames; signed errors of headings enter as absolute values; times,
    paths and frames are sums. Raises `ValueError` if there are no comparisons.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0)).motion
    >>> both = pooled([compare(walk, walk)] * 2)
    >>> both.clip, both.frames == 2 * walk.frames, both.w_mpjpe_m < 1e-9
    ('all clips', True, True)
    """
    rows = list(comparisons)
    if not rows:
        raise ValueError("no comparisons: expected at least one")
    values: dict[str, object] = {}
    for name in Comparison.__struct_fields__:
        column = [getattr(row, name) for row in rows]
        known = [value for value in column if value is not None]
        if name in ("frames", "stance_steps", "duration_s", "path_m"):
            values[name] = sum(column)
        elif name.startswith("drift_by"):
            values[name] = ()
        elif known and isinstance(known[0], float):
            weight = "stance_steps" if name == "foot_sliding_m" else "frames"
            weights = [getattr(row, weight) for row in rows if getattr(row, name) is not None]
            values[name] = float(np.average(np.abs(known), weights=weights))
        else:
            values[name] = column[0] if len(set(column)) == 1 else None
    on = {row.compared_on for row in rows}
    values |= {
        "clip": ALL_CLIPS,
        "person": 0,
        "compared_on": on.pop() if len(on) == 1 else "joints",
    }
    values["joints"] = max(row.joints for row in rows)
    return Comparison(**values)  # type: ignore[arg-type]


def _walked_m(positions_m: Float[np.ndarray, "frames 3"]) -> Float[np.ndarray, " frames"]:
    steps_m = apart_m(positions_m[1:], positions_m[:-1])
    return np.concatenate([[0.0], np.cumsum(steps_m)])


class _Drift(NamedTuple):
    end: DriftSample
    by_time: tuple[DriftSample, ...]
    by_path: tuple[DriftSample, ...]


def _drift(
    both: Pair, walked_m: Float[np.ndarray, " frames"], difference_rad: np.ndarray
) -> _Drift:
    """Errors of position and heading with both sides aligned at the first frame."""
    turned = difference_rad - difference_rad[0]
    turn_rad = difference_rad[0] if np.isfinite(difference_rad[0]) else 0.0
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    back = np.array([[cosine, 0, -sine], [0, 1, 0], [sine, 0, cosine]])
    errors_m = apart_m(both.estimate.positions_m @ back.T, both.truth.positions_m)
    since_s = both.times_s - both.times_s[0]

    def sample(row: int) -> DriftSample:
        return DriftSample(
            time_s=float(since_s[row]),
            path_m=float(walked_m[row]),
            position_m=float(errors_m[row]),
            heading_rad=float(turned[row]) if np.isfinite(turned[row]) else None,
        )

    def at_whole(values: Float[np.ndarray, " frames"]) -> tuple[DriftSample, ...]:
        marks = np.arange(1.0, math.floor(values[-1] + 1e-6) + 1)
        rows: Int[np.ndarray, " marks"] = np.searchsorted(values, marks - 1e-6)
        return tuple(sample(int(row)) for row in np.unique(rows) if row < len(values))

    return _Drift(sample(len(since_s) - 1), at_whole(since_s), at_whole(walked_m))
