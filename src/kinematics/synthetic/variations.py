"""Variations of a motion: mirrored, moved, reversed in time, resampled."""

import re
from dataclasses import fields
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion

_TRACKS = tuple(field.name for field in fields(Motion) if field.name.endswith(("_m", "_wxyz")))


def _replaced(motion: Motion, **changes: np.ndarray | None) -> Motion:
    arrays = {name: getattr(motion, name) for name in (*_TRACKS, "times_s", "observed")}
    given: dict[str, Any] = {
        name: None if value is None else np.asarray(value)
        for name, value in {**arrays, **changes}.items()
    }
    return Motion.from_arrays(**given, skeleton=motion.skeleton, source=motion.source)


def mirrored(motion: Motion) -> Motion:
    """The motion with left and right exchanged, mirrored at the plane x = 0.

    >>> from kinematics import synthetic
    >>> left = synthetic.perform(synthetic.sidestep(1.0, to="left"), gait=None).motion
    >>> mirrored(left).positions_m[-1, [0, 2]].round(3).tolist()
    [-1.0, 0.0]
    """
    flip_m, flip_wxyz = np.array([-1, 1, 1]), np.array([1, 1, -1, -1])
    changes = {
        name: np.asarray(track)
        * (flip_wxyz if name.endswith("wxyz") else flip_m).astype(track.dtype)
        for name in _TRACKS
        if (track := getattr(motion, name)) is not None
    }
    if motion.skeleton is not None:
        changes["joints_m"] = changes["joints_m"][:, _partners(motion.skeleton.joints)]
    return _replaced(motion, **changes)


def _partners(joints: tuple[str, ...]) -> list[int]:
    """For each joint the index of its counterpart on the other side (its own in the middle)."""
    sides = {"left": "right", "right": "left", "Left": "Right", "Right": "Left"}
    others = [re.sub("|".join(sides), lambda side: sides[side[0]], name) for name in joints]
    lonely = sorted(set(others) - set(joints))
    if lonely or others == list(joints):
        raise ValueError(
            f"joints without a partner on the other side: missing {lonely or 'left and right'}; "
            "expected names such as left_knee and right_knee"
        )
    return [joints.index(other) for other in others]


def moved(
    motion: Motion, *, turn_rad: float = 0.0, shift_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Motion:
    """The motion with its world turned to the left about the vertical, then shifted.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0), gait=None).motion
    >>> moved(walk, turn_rad=np.pi / 2).positions_m[-1, [0, 2]].round(3).tolist()
    [1.0, 0.0]
    """
    turn = Rotation.from_rotvec([0.0, turn_rad, 0.0])
    changes = {}
    for name in _TRACKS:
        if (track := getattr(motion, name)) is None:
            continue
        if name.endswith("wxyz"):
            turned = turn * Rotation.from_quat(track, scalar_first=True)
            changes[name] = turned.as_quat(scalar_first=True).astype(track.dtype)
        else:
            shifted = track @ turn.as_matrix().T + np.asarray(shift_m)
            changes[name] = shifted.astype(track.dtype)
    return _replaced(motion, **changes)


def reversed_in_time(motion: Motion) -> Motion:
    """The motion backwards, over the same span of time.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(1.0), gait=None).motion
    >>> reversed_in_time(walk).positions_m[0, [0, 2]].round(3).tolist()
    [0.0, 1.0]
    """
    changes = {
        name: track[::-1]
        for name in (*_TRACKS, "observed")
        if (track := getattr(motion, name)) is not None
    }
    times_s = np.asarray(motion.times_s)
    return _replaced(motion, **changes, times_s=(times_s[0] + times_s[-1] - times_s)[::-1])


def resampled(motion: Motion, fps: float) -> Motion:
    """The motion at another frame rate, linearly interpolated between frames.

    A new frame is observed if both of its neighbours are.

    >>> from kinematics import synthetic
    >>> resampled(synthetic.perform(synthetic.stand(1.0), fps=120.0).motion, 10.0).frames
    11
    """
    times_s = np.asarray(motion.times_s)
    wanted_s = times_s[0] + np.arange(int((times_s[-1] - times_s[0]) * fps + 1e-6) + 1) / fps
    after = np.clip(np.searchsorted(times_s, wanted_s), min(1, len(times_s) - 1), len(times_s) - 1)
    before = np.maximum(after - 1, 0)
    gap_s = np.where(after > before, times_s[after] - times_s[before], 1.0)
    share = np.clip((wanted_s - times_s[before]) / gap_s, 0.0, 1.0)
    changes = {
        name: _between(np.asarray(track), before, after, share, unit=name.endswith("wxyz"))
        for name in _TRACKS
        if (track := getattr(motion, name)) is not None
    }
    seen = np.asarray(motion.observed)
    observed = (seen[before] | (share == 1)) & (seen[after] | (share == 0))
    return _replaced(motion, **changes, times_s=wanted_s, observed=observed)


def _between(
    track: Float[np.ndarray, "frames ..."],
    before: np.ndarray,
    after: np.ndarray,
    share: np.ndarray,
    *,
    unit: bool,
) -> Float[np.ndarray, "samples ..."]:
    """Linear interpolation between two frames; unit quaternions by the shorter way, normalised."""
    weight = share.reshape(-1, *[1] * (track.ndim - 1)).astype(track.dtype)
    first, second = track[before], track[after]
    if unit:
        second = np.where((first * second).sum(axis=1, keepdims=True) < 0, -second, second)
    mixed = first + weight * (second - first)
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True) if unit else mixed
