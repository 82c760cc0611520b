"""A person's body points at the times of a video, for motions with or without joints."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion
from kinematics.skeleton import POINTS, SMPL_22, Skeleton
from kinematics.synthetic.body import STANDING_M, STIFF, figure
from kinematics.synthetic.timeline import Column, stride_hz

LONGEST_GAP_S = 0.5
"""Nobody is drawn during longer gaps between observed frames."""

GAIT_HZ = 60.0
"""Sampling rate of the gait synthesised for a root without joints."""

FEET_SMOOTHING_S = 0.30
"""Smoothing of the track that drives the feet: without sway, so planted feet do not slide."""

BODY_SMOOTHING_S = 0.03
"""Smoothing of the track that drives the rest of the body: only jitter is removed."""

TOE_HEIGHT_M = 0.02
"""Height of the ball of a standing foot above the floor."""

_LEG_M = 0.795  # of the figure, hip to ankle
_POINT = {name: index for index, name in enumerate(POINTS)}
_ANKLES = [_POINT["left_ankle"], _POINT["right_ankle"]]
_FEET = [_POINT["left_foot"], _POINT["right_foot"]]


class Pose(NamedTuple):
    """Body points at the times of a video, in the world of the motion's file."""

    points_m: Float[np.ndarray, "frames points 3"]
    shown: Bool[np.ndarray, " frames"]
    floor_m: float
    """Height of the floor under the feet."""


def posed(motion: Motion, times_s: Float[np.ndarray, " times"]) -> Pose:
    """The eighteen body points at the given times.

    A motion that lacks joints, or some of the points, gets synthetic legs that step as its root
    moves and arms that swing.

    >>> from kinematics import synthetic
    >>> motion = synthetic.perform(synthetic.walk(2.0), joints=False).motion
    >>> posed(motion, np.array([0.0, 1.0])).points_m.shape
    (2, 18, 3)
    """
    seen = np.flatnonzero(motion.observed)
    if not len(seen):
        raise ValueError(
            f"{motion.source.clip}: no frame was observed, so there is nothing to draw"
        )
    known_s = np.asarray(motion.times_s, np.float64)[seen]
    has_points = motion.skeleton is not None and not motion.skeleton.missing
    if has_points and motion.joints_m is not None and motion.skeleton is not None:
        joints_m = np.asarray(motion.joints_m, np.float64)[seen]
        points_m = _interpolated(times_s, known_s, _points(joints_m, motion.skeleton))
        floor_m = float(np.quantile(points_m[:, _FEET, 1].min(axis=1), 0.05)) - TOE_HEIGHT_M
    else:
        points_m, floor_m = _made_up(motion, seen, times_s)
    after = np.searchsorted(known_s, times_s).clip(1, max(len(known_s) - 1, 1))
    before = known_s[after - 1] if len(known_s) > 1 else known_s
    gap_s = known_s[np.minimum(after, len(known_s) - 1)] - before
    inside = (times_s > known_s[0] - 1e-6) & (times_s < known_s[-1] + 1e-6)
    return Pose(points_m, inside & (gap_s <= LONGEST_GAP_S), floor_m)


def _interpolated(
    times_s: np.ndarray, known_s: np.ndarray, values: Float[np.ndarray, "known ..."]
) -> Float[np.ndarray, "times ..."]:
    """Linear interpolation between known times, constant outside them."""
    index = np.interp(times_s, known_s, np.arange(len(known_s)))
    before = np.minimum(index.astype(int), max(len(known_s) - 2, 0))
    after = np.minimum(before + 1, len(known_s) - 1)
    share = (index - before).reshape(-1, *[1] * (values.ndim - 1))
    return values[before] * (1 - share) + values[after] * share


def _points(
    joints_m: Float[np.ndarray, "frames joints 3"], skeleton: Skeleton
) -> Float[np.ndarray, "frames points 3"]:
    """The body points of a complete skeleton; feet without toes get synthetic toes."""
    points_m = np.stack(
        [joints_m[:, list(joints)].mean(axis=1) for joints in skeleton.points], axis=1
    )
    hips = points_m[:, _POINT["left_hip"]] - points_m[:, _POINT["right_hip"]]
    ahead = np.cross(hips, [0.0, 1.0, 0.0])
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-6)
    for ankle, foot in zip(_ANKLES, _FEET, strict=True):
        if skeleton.points[ankle] == skeleton.points[foot]:
            points_m[:, foot] = points_m[:, ankle] + 0.15 * ahead - [0.0, 0.05, 0.0]
    return points_m


def _made_up(
    motion: Motion, seen: np.ndarray, times_s: np.ndarray
) -> tuple[Float[np.ndarray, "times points 3"], float]:
    """Body points of a figure that follows the motion's root, and the height of its floor."""
    known_s = np.asarray(motion.times_s, np.float64)[seen]
    even_s = np.arange(known_s[0], known_s[-1] + 1.5 / GAIT_HZ, 1 / GAIT_HZ)
    turns = Rotation.from_quat(
        np.asarray(motion.orientations_wxyz, np.float64)[seen], scalar_first=True
    )
    ups = turns.apply([0.0, 1.0, 0.0])
    quaternions = turns.as_quat(scalar_first=True)
    heading = np.unwrap(2 * np.arctan2(quaternions[:, 2], quaternions[:, 0]))
    tilt = np.arctan2(np.hypot(ups[:, 0], ups[:, 2]), ups[:, 1])
    per_rad = tilt / np.maximum(np.sin(tilt), 1e-6)
    sine, cosine = np.sin(heading), np.cos(heading)
    forward = (ups[:, 0] * sine + ups[:, 2] * cosine) * per_rad
    left = (ups[:, 0] * cosine - ups[:, 2] * sine) * per_rad
    positions_m = np.asarray(motion.positions_m, np.float64)[seen]
    columns = np.column_stack([positions_m, heading, forward, left])
    track = _interpolated(even_s, known_s, columns)
    points_m, floor_m = _walked(track)
    return _interpolated(times_s, even_s, points_m), floor_m


def _walked(
    track: Float[np.ndarray, "rows 6"],
) -> tuple[Float[np.ndarray, "rows points 3"], float]:
    """Body points for a root's position, heading and leans, and the height of the floor."""
    body, feet = (
        gaussian_filter1d(track, smoothing_s * GAIT_HZ, axis=0, mode="nearest")
        for smoothing_s in (BODY_SMOOTHING_S, FEET_SMOOTHING_S)
    )
    standing_m = float(np.quantile(body[:, 1], 0.75))
    floor_m = standing_m - STANDING_M
    rise_m = body[:, 1] - standing_m
    points_m, planted_m = (
        _points(np.asarray(figure(rows, STIFF, floor_m=floor_m).joints_m), SMPL_22)
        for rows in (_rows(body, feet, rise_m), _rows(feet, feet, rise_m))
    )
    for side in ("left", "right"):
        hip, knee, ankle, foot = (
            _POINT[f"{side}_{part}"] for part in ("hip", "knee", "ankle", "foot")
        )
        points_m[:, [ankle, foot]] = planted_m[:, [ankle, foot]]
        points_m[:, knee] = _knee(
            points_m[:, hip], planted_m[:, ankle], planted_m[:, foot] - planted_m[:, ankle]
        )
    return points_m, floor_m


def _knee(
    hip: Float[np.ndarray, "rows 3"],
    ankle: Float[np.ndarray, "rows 3"],
    toes: Float[np.ndarray, "rows 3"],
) -> Float[np.ndarray, "rows 3"]:
    """The knee between two bones of equal length, bent towards the toes."""
    reach = ankle - hip
    squared = np.maximum((reach * reach).sum(axis=1, keepdims=True), 1e-6)
    across = toes - reach * (toes * reach).sum(axis=1, keepdims=True) / squared
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    bent_m = np.sqrt(np.maximum(0.25 * (_LEG_M**2 - squared), 0))
    return hip + 0.5 * reach + bent_m * across


def _rows(
    track: Float[np.ndarray, "rows 6"],
    steady: Float[np.ndarray, "rows 6"],
    rise_m: Float[np.ndarray, " rows"],
) -> Float[np.ndarray, "rows columns"]:
    """Rows of a timeline for a track, with the speeds of a smoother track."""
    rows = np.zeros((len(track), len(Column)))
    rows[:, [Column.X, Column.Z]] = track[:, [0, 2]]
    rows[:, Column.RISE] = rise_m
    rows[:, Column.HEADING] = track[:, 3]
    leans = [Column.TRUNK_FORWARD, Column.TRUNK_LEFT, Column.PELVIS_FORWARD, Column.PELVIS_LEFT]
    rows[:, leans] = track[:, [4, 5, 4, 5]]
    if len(track) > 1:
        x_mps, z_mps, turn_rps = np.gradient(steady[:, [0, 2, 3]], 1 / GAIT_HZ, axis=0).T
        sine, cosine = np.sin(steady[:, 3]), np.cos(steady[:, 3])
        rows[:, Column.FORWARD_SPEED] = x_mps * sine + z_mps * cosine
        rows[:, Column.LEFT_SPEED] = x_mps * cosine - z_mps * sine
        rows[:, Column.TURN_SPEED] = turn_rps
    rows[1:, Column.PHASE] = np.cumsum(stride_hz(rows)[:-1]) / GAIT_HZ
    return rows
