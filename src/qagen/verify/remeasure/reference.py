"""The frames of reference: where a clip begins, which way that faces, and the clip seen from there.

The pose at the start is read off the first quarter second by a straight line that outliers do not
bend. Who is walking by then sways; their heading at the start is extrapolated from the means over
the first two strides.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial.transform import Rotation

from kinematics import thresholds
from kinematics.facts import Frame
from qagen.verify.remeasure.grid import Samples
from qagen.verify.remeasure.smoothing import ramp

START_S = 0.25
REFITS = 5
SCALE_M = 0.01
SCALE_RAD = 0.026
"""Distances from the line, and angles, beyond which a sample counts for little."""

LOOK_S = 2 * thresholds.STRIDE_S
UNDER_WAY_S = 0.35
TURNING_RAD = (math.radians(15), math.radians(30))
SHORT_STRIDE_S = (0.4 * thresholds.STRIDE_S, 0.8 * thresholds.STRIDE_S)
"""Between these bounds the heading of a walker at the start is trusted less and less."""

LEVEL = math.sin(math.radians(5))
"""A camera that looks along the ground by less than this has only its twist to go by."""

UP = np.array([0.0, 1.0, 0.0])


class Anchored(NamedTuple):
    """One clip in the axes of a frame of reference."""

    rotations: Rotation
    positions_m: Float[np.ndarray, "samples 3"]
    """The root; in the `body` frame its path as paced out."""
    from_start_m: Float[np.ndarray, "samples 3"]
    """The root from the place where the clip begins, whatever the origin is; its axes are those of
    no frame in particular, since only distances are read off it."""
    points_m: Float[np.ndarray, "samples points 3"] | None
    """The body points from the root, in the heading axes of each instant."""


def twist_rad(rotations: Rotation) -> Float[np.ndarray, " samples"]:
    """Heading of rotations, as the twist about the vertical, in (-pi, pi].

    >>> float(twist_rad(Rotation.from_rotvec([[0.0, 1.5, 0.0]]))[0])
    1.5
    """
    _, y, _, w = np.atleast_2d(rotations.as_quat(canonical=True)).T
    return 2 * np.arctan2(y, w)


def about_up(angle_rad: float | Float[np.ndarray, " samples"]) -> Rotation:
    """A turn to the left about the vertical, or one for each angle.

    >>> about_up(math.pi / 2).apply([0.0, 0.0, 1.0]).round(6).tolist()
    [1.0, 0.0, 0.0]
    """
    return Rotation.from_rotvec(np.asarray(angle_rad)[..., None] * UP)


def _start_of_line(
    since_s: np.ndarray, vectors: np.ndarray, *, scale: float
) -> Float[np.ndarray, "3"]:
    """Value at time 0 of the line through vectors, reweighted by how far each is off it."""
    weights = np.ones(len(vectors))
    start = vectors[0]
    for _ in range(1 + REFITS):
        middle_s, middle = np.average(since_s, weights=weights), weights @ vectors / weights.sum()
        spread = weights @ (since_s - middle_s) ** 2
        slope = np.zeros(3)
        if spread > 1e-9:
            slope = (weights * (since_s - middle_s)) @ (vectors - middle) / spread
        start = middle - slope * middle_s
        missed = np.linalg.norm(vectors - start - np.outer(since_s, slope), axis=1)
        weights = 1 / (1 + (missed / scale) ** 2)
    return start


def first_pose(samples: Samples) -> tuple[Rotation, Float[np.ndarray, "3"]]:
    """Orientation and place of the root at the first usable sample, one bad sample forgotten.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import grid
    >>> _, place_m = first_pose(grid.sample(synthetic.perform(synthetic.stand(1.0)).motion))
    >>> bool(np.abs(place_m).max() < 1e-3)  # counted from the first frame
    True
    """
    first = int(np.argmax(samples.usable))
    since_s = samples.times_s - samples.times_s[first]
    used = np.flatnonzero(samples.usable & (since_s >= 0) & (since_s <= START_S + 1e-9))
    used = used if len(used) else np.array([first])
    rotation, place_m = samples.rotations[first], samples.positions_m[first]
    turned = (rotation.inv() * samples.rotations[used]).as_rotvec()
    rotvec = _start_of_line(since_s[used], turned, scale=SCALE_RAD)
    moved_m = _start_of_line(since_s[used], samples.positions_m[used] - place_m, scale=SCALE_M)
    return rotation * Rotation.from_rotvec(rotvec), place_m + moved_m


class _Steps(NamedTuple):
    """The steps between neighbouring samples, counted from the first usable one."""

    begin_s: Float[np.ndarray, " steps"]
    end_s: Float[np.ndarray, " steps"]
    usable: Bool[np.ndarray, " steps"]

    def mean(self, values: np.ndarray, start_s: float, end_s: float) -> float:
        """Mean of the steps' middle values, each for as long as it lies between two times."""
        inside_s = np.minimum(self.end_s, end_s) - np.maximum(self.begin_s, start_s)
        inside_s = np.clip(inside_s, 0, None) * self.usable
        middles = 0.5 * (values[1:] + values[:-1])
        return float(inside_s @ middles / max(inside_s.sum(), 1e-6))


def walking_correction_rad(
    samples: Samples, *, facing_rad: float, origin_m: Float[np.ndarray, "3"]
) -> float:
    """How far to the left of `facing_rad` somebody faces who is already walking at the start.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import grid
    >>> samples = grid.sample(synthetic.perform(synthetic.stand(2.0)).motion)
    >>> walking_correction_rad(samples, facing_rad=0.0, origin_m=np.zeros(3))
    0.0
    """
    first = int(np.argmax(samples.usable))
    since_s = samples.times_s - samples.times_s[first]
    steps = _Steps(since_s[:-1], since_s[1:], samples.usable[1:] & samples.usable[:-1])
    off = twist_rad(samples.rotations) - facing_rad
    off = off - 2 * math.pi * np.round(off / (2 * math.pi))
    looked_s = since_s[samples.usable & (since_s <= LOOK_S + 1e-3)]
    stride_s = 0.5 * max(looked_s.max(initial=0.0), 0.0)
    early = steps.mean(off, 0.0, stride_s)
    late = steps.mean(off, stride_s, 2 * stride_s)
    estimate = early - 0.5 * (late - early)

    def speed_mps(until_s: float) -> float:
        place_m = samples.positions_m - origin_m
        got = [steps.mean(place_m[:, axis], until_s - 0.1, until_s + 0.1) for axis in (0, 2)]
        return math.hypot(*got) / max(until_s, 1e-3)

    slowest = min(speed_mps(stride_s), speed_mps(UNDER_WAY_S))
    trust = (
        ramp(slowest, thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS)
        * (1 - ramp(abs(late - early), *TURNING_RAD))
        * (1 - ramp(abs(estimate), *TURNING_RAD))
        * ramp(stride_s, *SHORT_STRIDE_S)
    )
    return float(trust) * estimate


def _camera(samples: Samples) -> tuple[float, Float[np.ndarray, "3"]]:
    """Which way the first camera looks along the ground, and where it stands."""
    if samples.camera is None:
        raise ValueError("no camera poses: nothing can be told from the camera's side")
    rotation, place_m = samples.camera
    ahead = rotation.apply([0.0, 0.0, 1.0])
    if math.hypot(ahead[0], ahead[2]) > LEVEL:
        return math.atan2(ahead[0], ahead[2]), place_m
    # image coordinates have X to the right and Y down: half a turn about the line of sight
    upright = rotation * Rotation.from_rotvec([0.0, 0.0, math.pi])
    return float(twist_rad(upright)[0]), place_m


def _paced_m(
    positions_m: Float[np.ndarray, "samples 3"], headings_rad: Float[np.ndarray, " samples"]
) -> Float[np.ndarray, "samples 3"]:
    """The path added up along the body's own axes: the mean of those before and after a step."""
    steps_m = np.diff(positions_m, axis=0)
    before = about_up(-headings_rad[:-1]).apply(steps_m)
    after = about_up(-headings_rad[1:]).apply(steps_m)
    return np.concatenate([np.zeros((1, 3)), np.cumsum(0.5 * (before + after), axis=0)])


def anchored(samples: Samples, *, frame: Frame = "first_heading") -> Anchored:
    """The clip in a frame of reference whose up is up: `first_heading`, `body` or `camera`.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import grid
    >>> motion = synthetic.perform(synthetic.walk(2.0), gait=None, start_heading_rad=1.0).motion
    >>> round(float(anchored(grid.sample(motion)).positions_m[-1, 2]), 2)
    2.0
    """
    pose, start_m = first_pose(samples)
    if frame == "camera":
        facing_rad, origin_m = _camera(samples)
    elif frame in ("first_heading", "body"):
        facing_rad, origin_m = float(twist_rad(pose)[0]), start_m
        facing_rad += walking_correction_rad(samples, facing_rad=facing_rad, origin_m=origin_m)
    else:
        raise ValueError(f"frame {frame!r}: expected first_heading, body or camera")
    facing = about_up(facing_rad)
    positions_m = facing.inv().apply(samples.positions_m - origin_m)
    headings_rad = twist_rad(samples.rotations)
    points_m = None
    if samples.points_m is not None:
        from_root_m = samples.points_m - samples.positions_m[:, None]
        turned = np.repeat(-headings_rad, from_root_m.shape[1])
        points_m = about_up(turned).apply(from_root_m.reshape(-1, 3)).reshape(from_root_m.shape)
    rotations = facing.inv() * samples.rotations
    if frame == "body":
        positions_m = _paced_m(positions_m, twist_rad(rotations))
    return Anchored(rotations, positions_m, samples.positions_m - start_m, points_m)
