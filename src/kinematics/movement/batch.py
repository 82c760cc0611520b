"""Clips of any length in a few array shapes: lengths rounded up, rows filled, tails repeated.

XLA's results depend on the compiled shape. So every length has one shape and every shape one
number of rows, filled with copies of the first clip even if it is the only one: the results for a
clip do not depend on its neighbours, its row, or how it was passed.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.facts import Frame
from kinematics.geometry.resample import Grid, uniform_times_s, usual_step_s
from kinematics.motion import Motion, assembled
from kinematics.skeleton import POINTS, Skeleton

PADDED_FRAMES = (64, 112, 192, 336, 576, 1008, 1728, 3008, 5184, 9024)
"""Padded lengths, each 1.5 to 1.75 times the last; powers of two beyond."""

FRAMES_A_CALL = 21_504
FRAMES_A_CALL_WITH_POINTS = 10_752
"""Frames computed together: 64 clips of ten seconds, 32 with points, half as many in float64. The
largest arrays, about a megabyte, then stay in a core's cache, and intermediate results stay below
32 megabytes, from which on the allocator requests fresh pages from the system on every call."""

_NO_POINTS = np.zeros(len(POINTS), dtype=bool)
_NO_POINTS.setflags(write=False)


class Clip(NamedTuple):
    """One motion on the analysis grid, counted from its first observed frame."""

    orientations_wxyz: Float[np.ndarray, "samples 4"]
    positions_m: Float[np.ndarray, "samples 3"]
    usable: Bool[np.ndarray, " samples"]
    """Seen, or inside a gap that is short enough to interpolate."""
    seen: Bool[np.ndarray, " samples"]
    all_seen: bool
    step_s: float
    frames: int
    """Frames of the motion itself."""
    fps: float
    """Usual frame rate of the motion itself; 0 for a single frame."""
    points_m: Float[np.ndarray, "samples points 3"] | None
    present: Bool[np.ndarray, " points"]
    camera: tuple[np.ndarray, np.ndarray] | None
    """Orientation and position of the first camera."""


class Batch(NamedTuple):
    """Clips of one shape, stacked; rows beyond `clips` repeat the first."""

    clips: int
    lengths: np.ndarray
    steps_s: np.ndarray
    orientations_wxyz: np.ndarray
    positions_m: np.ndarray
    usable: np.ndarray
    seen: np.ndarray
    points_m: np.ndarray | None
    present: np.ndarray
    camera_orientations_wxyz: np.ndarray | None
    camera_positions_m: np.ndarray | None


class Shape(NamedTuple):
    """The key of the compiled code that measures a clip."""

    frames: int
    has_points: bool
    dtype: str
    frame: Frame

    @property
    def rows(self) -> int:
        """Number of clips computed together."""
        budget = FRAMES_A_CALL_WITH_POINTS if self.has_points else FRAMES_A_CALL
        if self.dtype == "float64":
            budget //= 2  # as many bytes
        return max(1, budget // self.frames)


def padded_frames(frames: int) -> int:
    """The padded length; clips of 30 to 3,000 frames need only eight different lengths.

    >>> [padded_frames(n) for n in (1, 64, 65, 300, 3000, 10_000)]
    [64, 64, 112, 336, 3008, 16384]
    """
    index = bisect_left(PADDED_FRAMES, frames)
    return PADDED_FRAMES[index] if index < len(PADDED_FRAMES) else 1 << (frames - 1).bit_length()


def shape_of(clip: Clip, *, frame: Frame, dtype: str) -> Shape:
    """The shape in which a clip is computed; it does not depend on other clips."""
    return Shape(
        frames=padded_frames(len(clip.usable)),
        has_points=clip.points_m is not None,
        dtype=dtype,
        frame=frame,
    )


@cache
def _columns(points: tuple[tuple[int, ...], ...]) -> Int[np.ndarray, " columns"] | None:
    """Indices of the body points' coordinates in a frame's joints; None if any is not one joint."""
    if any(len(joints) != 1 for joints in points):
        return None
    return np.add.outer([3 * joints[0] for joints in points], np.arange(3)).ravel()


@cache
def _present(points: tuple[tuple[int, ...], ...]) -> Bool[np.ndarray, " points"]:
    """Mask of the present body points: cached, so read-only."""
    present = np.array([bool(joints) for joints in points])
    present.setflags(write=False)
    return present


def body_points_of(
    joints_m: Float[np.ndarray, "frames joints 3"], skeleton: Skeleton
) -> Float[np.ndarray, "frames points 3"]:
    """The eighteen body points of a track, each the mean of its joints; 0 for missing points."""
    columns = _columns(skeleton.points)
    if columns is not None:  # one gather for all coordinates, which is faster than per joint
        flat = joints_m.reshape(len(joints_m), -1)
        return np.take(flat, columns, axis=1).reshape(len(flat), len(POINTS), 3)
    points = np.zeros((len(joints_m), len(POINTS), 3), dtype=joints_m.dtype)
    for point, joints in enumerate(skeleton.points):
        if joints:
            points[:, point] = joints_m[:, list(joints)].mean(axis=1)
    return points


@cache
def _all_true(count: int) -> Bool[np.ndarray, " count"]:
    """An all-true mask: cached, so read-only."""
    mask = np.ones(count, dtype=bool)
    mask.setflags(write=False)
    return mask


def prepare(motion: Motion, *, dtype: str = "float32") -> Clip:
    """A motion on the analysis grid. Origin and first time are subtracted before any cast."""
    given = vars(motion)  # attribute access of an eqx.Module costs as much as some arithmetic here
    times_s = np.asarray(given["times_s"], dtype=np.float64)
    times_s = times_s - times_s[0]
    observed = np.asarray(given["observed"])
    positions = np.asarray(given["positions_m"])
    all_observed = np.count_nonzero(observed) == len(observed)
    origin = positions[0 if all_observed else int(np.argmax(observed))]
    wanted_s = uniform_times_s(float(times_s[-1]))
    on_grid = (
        all_observed
        and len(wanted_s) == len(times_s)
        and float(np.maximum.reduce(np.abs(wanted_s - times_s))) < 1e-4
    )
    grid = None if on_grid else Grid(times_s, observed, wanted_s)
    seen = _all_true(len(wanted_s)) if grid is None else grid.seen

    def resampled(values: np.ndarray, origin: np.ndarray) -> np.ndarray:
        values = values - origin
        return (values if grid is None else grid.linear(values)).astype(dtype, copy=False)

    wxyz = np.asarray(given["orientations_wxyz"])
    points, present = None, _NO_POINTS
    joints, skeleton = given["joints_m"], given["skeleton"]
    if joints is not None and skeleton is not None:
        points = body_points_of(np.asarray(joints), skeleton)
        points = resampled(points.reshape(len(points), -1), np.tile(origin, len(POINTS)))
        points = points.reshape(len(points), len(POINTS), 3)
        present = _present(skeleton.points)
    camera = None
    camera_wxyz, camera_m = given["camera_orientations_wxyz"], given["camera_positions_m"]
    if camera_wxyz is not None and camera_m is not None:
        camera = (
            np.asarray(camera_wxyz[0], dtype=dtype),
            np.asarray(camera_m[0] - origin, dtype=dtype),
        )
    return Clip(
        orientations_wxyz=(wxyz if grid is None else grid.rotations(wxyz)).astype(
            dtype, copy=False
        ),
        positions_m=resampled(positions, origin),
        usable=seen if grid is None else grid.bridged,
        seen=seen,
        all_seen=grid is None or bool(seen.all()),
        step_s=float(wanted_s[1]) if len(wanted_s) > 1 else 1 / 30,
        frames=len(times_s),
        fps=round(1 / usual_step_s(times_s), 3) if len(times_s) > 1 else 0.0,
        points_m=points,
        present=present,
        camera=camera,
    )


def sampled(motion: Motion) -> Motion:
    """The motion on the analysis grid, with its body points as joints.

    It measures the same as the motion itself, and is smaller.

    >>> from kinematics import synthetic
    >>> brisk = synthetic.perform(synthetic.walk(3.0), fps=120.0).motion
    >>> once = sampled(brisk)
    >>> once.frames < brisk.frames / 3, sampled(once).frames == once.frames
    (True, True)
    """
    clip = prepare(motion)
    skeleton = joints = None
    if clip.points_m is not None:
        there = [name for name, present in zip(POINTS, clip.present, strict=True) if present]
        joints = clip.points_m[:, clip.present]
        points = tuple((there.index(name),) if name in there else () for name in POINTS)
        skeleton = Skeleton(name="sampled points", joints=tuple(there), points=points)
    frames = len(clip.seen)
    wxyz, camera_m = (None, None) if clip.camera is None else clip.camera
    return assembled(
        {
            "orientations_wxyz": clip.orientations_wxyz,
            "positions_m": clip.positions_m,
            "times_s": float(motion.times_s[0]) + np.arange(frames) * clip.step_s,
            "observed": clip.seen,
            "joints_m": joints,
            "camera_orientations_wxyz": None if wxyz is None else np.tile(wxyz, (frames, 1)),
            "camera_positions_m": None if camera_m is None else np.tile(camera_m, (frames, 1)),
            "skeleton": skeleton,
            "body": None,
            "source": motion.source,
        }
    )


def _stacked(rows: Sequence[np.ndarray], count: int, frames: int) -> np.ndarray:
    """Rows of different lengths in one array: last frames repeated, first row copied to the end."""
    first = rows[0]
    out = np.empty((count, frames, *first.shape[1:]), dtype=first.dtype)
    for index, row in enumerate(rows):
        out[index, : len(row)] = row
        out[index, len(row) :] = row[-1]
    out[len(rows) :] = out[0]
    return out


def stack(clips: Sequence[Clip], shape: Shape) -> Batch:
    """Clips of one shape as one batch of exactly `shape.rows` rows."""
    rows, spare = shape.rows, shape.rows - len(clips)

    def repeated(values: Sequence[object], dtype: str) -> np.ndarray:
        return np.array([*values, *[values[0]] * spare], dtype=dtype)

    def flags(fields: Sequence[np.ndarray]) -> np.ndarray:
        out = np.zeros((rows, shape.frames), dtype=bool)
        for row, field in enumerate(fields):
            out[row, : len(field)] = field
        out[len(fields) :] = out[0]
        return out

    points = [clip.points_m for clip in clips if clip.points_m is not None]
    cameras = [clip.camera for clip in clips if clip.camera is not None]
    return Batch(
        clips=len(clips),
        lengths=repeated([len(clip.usable) for clip in clips], "int32"),
        steps_s=repeated([clip.step_s for clip in clips], shape.dtype),
        orientations_wxyz=_stacked([clip.orientations_wxyz for clip in clips], rows, shape.frames),
        positions_m=_stacked([clip.positions_m for clip in clips], rows, shape.frames),
        usable=flags([clip.usable for clip in clips]),
        seen=flags([clip.seen for clip in clips]),
        points_m=_stacked(points, rows, shape.frames) if points else None,
        present=repeated([clip.present for clip in clips], "bool"),
        camera_orientations_wxyz=(
            repeated([camera[0] for camera in cameras], shape.dtype) if cameras else None
        ),
        camera_positions_m=(
            repeated([camera[1] for camera in cameras], shape.dtype) if cameras else None
        ),
    )
