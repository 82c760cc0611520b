"""A motion on evenly spaced times: straight lines between the frames that were seen."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from kinematics.skeleton import POINTS, Skeleton

RATE_HZ = 30.0
BRIDGED_S = 0.5
"""Unseen stretches up to here are bridged; nothing is claimed across longer ones."""
IN_A_ROW_S = 0.1
"""Frames this close in time have nothing missing between them."""
USUAL_STEPS = 1.5
"""The same in steps of the clip's own frame rate, for slower cameras."""


@runtime_checkable
class Track(Protocol):
    """The fields of a `kinematics.motion.Motion` that are read here; nothing of it is called."""

    @property
    def orientations_wxyz(self) -> ArrayLike: ...  # noqa: D102
    @property
    def positions_m(self) -> ArrayLike: ...  # noqa: D102
    @property
    def times_s(self) -> ArrayLike: ...  # noqa: D102
    @property
    def observed(self) -> ArrayLike: ...  # noqa: D102
    @property
    def joints_m(self) -> ArrayLike | None: ...  # noqa: D102
    @property
    def camera_orientations_wxyz(self) -> ArrayLike | None: ...  # noqa: D102
    @property
    def camera_positions_m(self) -> ArrayLike | None: ...  # noqa: D102
    @property
    def skeleton(self) -> Skeleton | None: ...  # noqa: D102


@runtime_checkable
class Identity(Protocol):
    """The fields of a `kinematics.motion.Source`."""

    @property
    def clip(self) -> str: ...  # noqa: D102
    @property
    def take(self) -> str: ...  # noqa: D102
    @property
    def person(self) -> int: ...  # noqa: D102
    @property
    def path(self) -> str: ...  # noqa: D102
    @property
    def shared_world(self) -> bool: ...  # noqa: D102
    @property
    def notes(self) -> tuple[str, ...]: ...  # noqa: D102


@runtime_checkable
class SourcedTrack(Track, Protocol):
    """A track that says where it comes from."""

    @property
    def source(self) -> Identity: ...  # noqa: D102


class Samples(NamedTuple):
    """One clip on a regular grid of times, in the axes of its own world, in float64."""

    times_s: Float[np.ndarray, " samples"]
    step_s: float
    frames: int
    """Of the motion itself,"""
    fps: float
    """and its usual frame rate; 0 for a single frame."""
    rotations: Rotation
    """Body to world, one a sample."""
    positions_m: Float[np.ndarray, "samples 3"]
    points_m: Float[np.ndarray, "samples points 3"] | None
    present: Bool[np.ndarray, " points"]
    usable: Bool[np.ndarray, " samples"]
    """Seen, or in a gap short enough to be bridged."""
    seen: Bool[np.ndarray, " samples"]
    """Between two frames in a row that were both seen."""
    camera: tuple[Rotation, Float[np.ndarray, "3"]] | None
    """The first camera's pose."""

    @property
    def last(self) -> int:
        """Index of the last sample."""
        return len(self.times_s) - 1


def usual_step_s(times_s: Float[np.ndarray, " frames"]) -> float:
    """The lower median of the times between frames.

    >>> usual_step_s(np.array([0.0, 0.1, 0.2, 0.9]))
    0.1
    """
    steps_s = np.sort(np.diff(times_s))
    return float(steps_s[(len(steps_s) - 1) // 2]) if len(steps_s) else 1 / RATE_HZ


def _trust(
    times_s: np.ndarray, observed: np.ndarray, wanted_s: np.ndarray
) -> tuple[Bool[np.ndarray, " samples"], Bool[np.ndarray, " samples"]]:
    """Which samples are usable, and which lie between two seen frames in a row."""
    frames = np.flatnonzero(observed)
    if not len(frames):
        return np.zeros(len(wanted_s), dtype=bool), np.zeros(len(wanted_s), dtype=bool)
    seen_s = times_s[frames]
    after = np.searchsorted(seen_s, wanted_s, side="right")
    inside = (after > 0) & (after < len(frames))
    right = np.clip(after, 0, len(frames) - 1)
    left = np.clip(after - 1, 0, len(frames) - 1)
    gap_s = np.where(inside, seen_s[right] - seen_s[left], 0.0)
    # a sample that falls on a seen frame needs no neighbour
    nearest_s = np.minimum(np.abs(seen_s[right] - wanted_s), np.abs(wanted_s - seen_s[left]))
    on_frame = nearest_s <= np.where(inside, 1e-6 * gap_s, 1e-9)
    tolerated_s = USUAL_STEPS * usual_step_s(times_s)
    bridged = gap_s <= max(BRIDGED_S, tolerated_s) + 1e-9
    in_a_row = (frames[right] - frames[left] == 1) & (gap_s <= max(IN_A_ROW_S, tolerated_s) + 1e-9)
    return on_frame | (inside & bridged), on_frame | (inside & in_a_row)


def _straight(
    times_s: np.ndarray, values: np.ndarray, wanted_s: np.ndarray
) -> Float[np.ndarray, "samples ..."]:
    """Every column of an array at other times, by straight lines; held beyond its ends."""
    columns = np.asarray(values, dtype=np.float64).reshape(len(times_s), -1)
    table = [np.interp(wanted_s, times_s, column) for column in columns.T]
    return np.stack(table, axis=1).reshape(len(wanted_s), *values.shape[1:])


def _turned_alike(wxyz: np.ndarray) -> Float[np.ndarray, "frames 4"]:
    """The same rotations, each written with the sign that is nearer to the one before."""
    wxyz = wxyz.copy()
    flips = np.sum(wxyz[1:] * wxyz[:-1], axis=1) < 0
    wxyz[1:] *= np.where(np.cumsum(flips) % 2, -1.0, 1.0)[:, None]
    return wxyz


def _array(values: ArrayLike) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


def _points(track: Track) -> tuple[np.ndarray | None, Bool[np.ndarray, " points"]]:
    """The eighteen body points, each the mean of its joints; zeros where there are none."""
    skeleton = track.skeleton
    if track.joints_m is None or skeleton is None:
        return None, np.zeros(len(POINTS), dtype=bool)
    joints_m = _array(track.joints_m)
    points_m = np.zeros((len(joints_m), len(POINTS), 3))
    for place, joints in enumerate(skeleton.points):
        if joints:
            points_m[:, place] = joints_m[:, list(joints)].mean(axis=1)
    return points_m, np.array([len(joints) > 0 for joints in skeleton.points])


def sample(track: Track) -> Samples:
    """The clip at about thirty evenly spaced times a second that hit both of its ends.

    >>> from kinematics import synthetic
    >>> samples = sample(synthetic.perform(synthetic.stand(2.0), fps=120.0).motion)
    >>> len(samples.times_s), round(samples.step_s, 4)
    (61, 0.0333)
    """
    times_s = _array(track.times_s) - _array(track.times_s)[0]
    wanted_s = np.linspace(0.0, times_s[-1], 1 + round(float(times_s[-1]) * RATE_HZ))
    observed = np.asarray(track.observed, dtype=bool)
    usable, seen = _trust(times_s, observed, wanted_s)
    known = observed if observed.any() else ~observed
    positions_m = _array(track.positions_m)
    origin_m = positions_m[int(np.argmax(observed))]
    points_m, present = _points(track)
    wxyz = _turned_alike(_array(track.orientations_wxyz)[known])
    camera = None
    if track.camera_orientations_wxyz is not None and track.camera_positions_m is not None:
        pose = Rotation.from_quat(_array(track.camera_orientations_wxyz)[0], scalar_first=True)
        camera = (pose, _array(track.camera_positions_m)[0] - origin_m)

    def placed_m(values: np.ndarray) -> np.ndarray:
        return _straight(times_s[known], values[known], wanted_s) - origin_m

    return Samples(
        times_s=wanted_s,
        step_s=float(wanted_s[1]) if len(wanted_s) > 1 else 1 / RATE_HZ,
        frames=len(times_s),
        fps=round(1 / usual_step_s(times_s), 3) if len(times_s) > 1 else 0.0,
        rotations=Rotation.from_quat(_straight(times_s[known], wxyz, wanted_s), scalar_first=True),
        positions_m=placed_m(positions_m),
        points_m=None if points_m is None else placed_m(points_m),
        present=present,
        usable=usable,
        seen=seen,
        camera=camera,
    )
