"""Measures of an estimate's errors, each a function of a `Pair`.

All are invariant to shifts of the estimate's world and to turns about the vertical.
"""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics.errors.pairing import Pair, Track
from kinematics.geometry import alignment
from kinematics.thresholds import UPSIDE_DOWN_RAD

CHUNK_S: float = 100 / 30
"""Duration of published chunks, 100 frames at 30 frames a second; used at any frame rate."""

ANCHOR_FRAMES = 2
"""Frames at a chunk's start by which W-MPJPE aligns."""

STANCE_MPS: float = 0.01 * 30
"""A true foot slower than this is in contact: one centimetre per frame, as published."""

PUBLISHED_STEP_S: float = 1 / 30
"""Foot sliding is reported per frame of this length."""

LEAST_PATH_M: float = 0.5
"""Shorter paths give no meaningful error in percent of the path, and have no direction."""

PAIR_APART_S: float = 1.0
"""Time between the two poses of the relative pose error."""

EVEN_SHARE: float = 0.05
"""Steps of an even run of frames differ from the median step by less than this share."""


def apart_m(
    points_m: Float[np.ndarray, "*points 3"], others_m: Float[np.ndarray, "*others 3"]
) -> Float[np.ndarray, "*points"]:
    """Distances between corresponding points.

    >>> apart_m(np.zeros((1, 3)), np.array([[0.0, 3.0, 4.0]])).tolist()
    [5.0]
    """
    apart = points_m - others_m
    return np.sqrt(np.einsum("...i,...i->...", apart, apart))  # faster than a sum of three


def rms(values: Float[np.ndarray, "..."]) -> float:
    """Root of the mean square.

    >>> rms(np.array([1.0, -1.0, 1.0, 1.0]))
    1.0
    """
    return math.sqrt(float((values**2).mean()))


def _rotations(wxyz: Float[np.ndarray, "frames 4"]) -> Float[np.ndarray, "frames 3 3"]:
    """Rotation matrices of unit quaternions."""
    w, x, y, z = wxyz.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


class RelativeErrors(NamedTuple):
    """Root mean square errors of movements over one second."""

    position_m: float | None
    angle_rad: float | None


def relative_errors(both: Pair) -> RelativeErrors:
    """Errors of the movements over one second, each in its own body's axes at the start.

    None if no two frames are one second apart.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> both = pairing.pair(walk, walk)
    >>> relative_errors(both).position_m < 1e-9
    True
    """
    later = np.searchsorted(both.times_s, both.times_s + PAIR_APART_S - both.step_s / 2)
    first = np.flatnonzero(later < len(both.times_s))
    late = later[first]
    apart_s = both.times_s[late] - both.times_s[first]
    near = apart_s < PAIR_APART_S + both.step_s  # otherwise frames are missing between them
    first, late = first[near], late[near]
    if not len(first):
        return RelativeErrors(None, None)
    moved, turned = [], []
    for track in (both.estimate, both.truth):
        rotations = _rotations(track.orientations_wxyz)
        step_m = track.positions_m[late] - track.positions_m[first]
        moved.append(np.einsum("fji,fj->fi", rotations[first], step_m))
        turned.append(np.einsum("fji,fjk->fik", rotations[first], rotations[late]))
    # both movements in the axes of the true later pose, as relative pose errors are defined
    over = np.einsum("fji,fjk->fik", turned[1], turned[0])
    sine = 0.5 * np.sqrt(
        (over[:, 2, 1] - over[:, 1, 2]) ** 2
        + (over[:, 0, 2] - over[:, 2, 0]) ** 2
        + (over[:, 1, 0] - over[:, 0, 1]) ** 2
    )
    angle_rad = np.arctan2(sine, 0.5 * (np.trace(over, axis1=1, axis2=2) - 1))
    return RelativeErrors(rms(apart_m(moved[0], moved[1])), rms(angle_rad))


class ChunkErrors(NamedTuple):
    """Mean errors over the frames of all chunks, aligned by first frames (W) or as a whole (WA)."""

    w_joints_m: float | None
    wa_joints_m: float | None
    w_root_m: float
    wa_root_m: float


def chunk_errors(both: Pair) -> ChunkErrors:
    """Errors of chunks of frames, each chunk aligned by its first frames or as a whole.

    Joints are aligned with scale, as published; the root's pose without.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> both = pairing.pair(walk, walk)
    >>> chunk_errors(both).w_joints_m < 1e-9
    True
    """
    errors: dict[str, list[np.ndarray]] = {name: [] for name in ChunkErrors._fields}
    length = max(ANCHOR_FRAMES, round(CHUNK_S / both.step_s))
    for start in range(0, len(both.times_s), length):
        rows = slice(start, start + length)
        estimate, truth = (_cut(track, rows) for track in (both.estimate, both.truth))
        if estimate.joints_m is not None and truth.joints_m is not None:
            first, joints = truth.joints_m.shape[1] * ANCHOR_FRAMES, truth.joints_m
            source, target = (points.reshape(-1, 3) for points in (estimate.joints_m, joints))
            for name, count in (("w_joints_m", first), ("wa_joints_m", None)):
                map_ = alignment.fit(source[:count], target[:count], scaled=True)
                errors[name].append(
                    apart_m(alignment.applied(map_, source), target)
                    .reshape(len(joints), -1)
                    .mean(axis=1)
                )
        by_pose = _pose_alignment(_cut(estimate, slice(ANCHOR_FRAMES)), truth)
        by_path = alignment.fit(estimate.positions_m, truth.positions_m, scaled=True)
        for name, map_ in (("w_root_m", by_pose), ("wa_root_m", by_path)):
            moved = alignment.applied(map_, estimate.positions_m)
            errors[name].append(apart_m(moved, truth.positions_m))
    means = {name: float(np.concatenate(rows).mean()) for name, rows in errors.items() if rows}
    return ChunkErrors(**(dict.fromkeys(ChunkErrors._fields[:2]) | means))  # type: ignore[arg-type]


def _cut(track: Track, rows: slice) -> Track:
    return Track(*(None if values is None else values[rows] for values in track))  # type: ignore[arg-type]


def _pose_alignment(estimate: Track, truth: Track) -> alignment.Alignment:
    """The rigid map from the estimate's first poses to the truth's, on average."""
    frames = len(estimate.positions_m)
    given, true = (_rotations(track.orientations_wxyz[:frames]) for track in (estimate, truth))
    left, _, right = np.linalg.svd(np.einsum("fij,fkj->ik", true, given))
    if np.linalg.det(left) * np.linalg.det(right) < 0:
        left[:, 2] *= -1
    rotation = left @ right
    centre_m = estimate.positions_m.mean(axis=0)
    shift_m = truth.positions_m[:frames].mean(axis=0) - rotation @ centre_m
    return alignment.Alignment(rotation=rotation, shift_m=shift_m, scale=1.0)


def pose_error_m(both: Pair, whole: alignment.Alignment) -> float | None:
    """Mean joint error relative to the root, with the rotation of the given alignment.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> both = pairing.pair(walk, walk)
    >>> pose_error_m(both, alignment.fit(both.estimate.positions_m, both.truth.positions_m)) < 1e-9
    True
    """
    if both.estimate.joints_m is None or both.truth.joints_m is None:
        return None
    given, true = (
        track.joints_m - track.positions_m[:, None]
        for track in (both.estimate, both.truth)
        if track.joints_m is not None
    )
    return float(apart_m(given @ whole.rotation.T, true).mean())


class HeadingErrors(NamedTuple):
    """Errors of headings."""

    difference_rad: Float[np.ndarray, " frames"]
    """The estimate's heading minus the truth's, unwrapped; NaN where either is undefined."""
    error_rad: float | None
    """Mean unsigned error after the single turn of the world that fits all of them best."""
    anchor_rad: float | None
    """Error of the first heading against the direction of the path, + to the left."""


def heading_difference_rad(both: Pair) -> Float[np.ndarray, " frames"]:
    """The estimate's heading minus the truth's, unwrapped; NaN where a body is upside down.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(1.0), dtype=np.float64).motion
    >>> both = pairing.pair(synthetic.moved(walk, turn_rad=0.5), walk)
    >>> [round(value, 6) for value in heading_difference_rad(both)[:2].tolist()]
    [0.5, 0.5]
    """
    angles = []
    upright: Bool[np.ndarray, " frames"] = np.ones(len(both.times_s), dtype=bool)
    for track in (both.estimate, both.truth):
        w, x, y, z = track.orientations_wxyz.T
        upright &= 1 - 2 * (x * x + z * z) > -math.cos(UPSIDE_DOWN_RAD)
        angles.append(2 * np.arctan2(y, w))
    difference = np.full(len(upright), np.nan)
    difference[upright] = np.unwrap((angles[0] - angles[1])[upright])
    turns = np.round(difference[upright][:1] / (2 * math.pi))
    difference[upright] -= 2 * math.pi * (turns[0] if len(turns) else 0.0)
    return difference


def heading_errors(both: Pair, *, path_m: float) -> HeadingErrors:
    """Errors of headings, and of the first heading against the paths' directions.

    `anchor_rad` is None for paths that are too short.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> both = pairing.pair(walk, walk)
    >>> heading_errors(both, path_m=3.0).error_rad < 1e-9
    True
    """
    difference = heading_difference_rad(both)
    known = difference[np.isfinite(difference)]
    if not len(known):
        return HeadingErrors(difference, None, None)
    error_rad = float(np.abs(_wrapped(known - _mean_angle(known))).mean())
    anchor_rad = None
    spread_m = math.sqrt(float(both.truth.positions_m.var(axis=0).sum()))
    if path_m >= LEAST_PATH_M and spread_m > LEAST_PATH_M / 4 and np.isfinite(difference[0]):
        # the turn that aligns the paths, against the turn that aligns the first headings
        given, true = (
            track.positions_m[:, 2] + 1j * track.positions_m[:, 0]
            for track in (both.estimate, both.truth)
        )
        path_rad = float(np.angle(np.vdot(true - true.mean(), given - given.mean())))
        anchor_rad = float(_wrapped(difference[:ANCHOR_FRAMES].mean() - path_rad))
    return HeadingErrors(difference, error_rad, anchor_rad)


def _wrapped(angle_rad: float | np.ndarray) -> float | np.ndarray:
    return (angle_rad + math.pi) % (2 * math.pi) - math.pi


def _mean_angle(angles_rad: Float[np.ndarray, " frames"]) -> float:
    return float(np.angle(np.exp(1j * angles_rad).sum()))


def even_runs(both: Pair) -> Bool[np.ndarray, " runs"]:
    """Mask of evenly spaced runs of four consecutive frames, by their first frame.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> len(even_runs(pairing.pair(walk, walk))) == walk.frames - 3
    True
    """
    even = (np.diff(both.frames) == 1) & (
        np.abs(np.diff(both.times_s) / both.step_s - 1) < EVEN_SHARE
    )
    return even[2:] & even[1:-1] & even[:-2]


def jitter_10mps3(
    both: Pair, points_m: Float[np.ndarray, "frames points 3"] | None
) -> float | None:
    """Mean length of the third difference over even runs of four frames, in 10 m/s³.

    None without points, or without an even run.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> both = pairing.pair(walk, walk)
    >>> round(jitter_10mps3(both, both.times_s[:, None, None] ** 3 * np.array([5.0, 0, 0])), 6)
    3.0
    """
    runs = even_runs(both)
    if points_m is None or not runs.any():
        return None
    third = points_m[3:] - 3 * points_m[2:-1] + 3 * points_m[1:-2] - points_m[:-3]
    jerk_mps3 = apart_m(third, np.zeros(3))[runs] / both.step_s**3
    return float(jerk_mps3.mean()) / 10


class FootSliding(NamedTuple):
    """Movement of standing feet in a 30th of a second, and the number of frame steps behind it."""

    mean_m: float | None
    steps: int


def foot_sliding(both: Pair) -> FootSliding:
    """Movement of the estimate's feet while the true ones stand.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import pairing
    >>> walk = synthetic.perform(synthetic.walk(3.0), dtype=np.float64).motion
    >>> both = pairing.pair(walk, walk)
    >>> foot_sliding(both).mean_m < 0.01
    True
    """
    feet = [row for row, name in enumerate(both.joints) if _is_foot(name)]
    if not feet or both.estimate.joints_m is None or both.truth.joints_m is None:
        return FootSliding(None, 0)
    gaps_s = np.diff(both.times_s)
    near = (np.diff(both.frames) == 1)[:, None]
    given, true = (
        apart_m(track.joints_m[1:, feet], track.joints_m[:-1, feet]) / gaps_s[:, None]
        for track in (both.estimate, both.truth)
        if track.joints_m is not None
    )
    stands = (true < STANCE_MPS) & near
    if not stands.any():
        return FootSliding(None, 0)
    return FootSliding(float(given[stands].mean()) * PUBLISHED_STEP_S, int(stands.sum()))


def _is_foot(name: str) -> bool:
    return any(word in name.lower() for word in ("ankle", "foot", "toe", "heel"))
