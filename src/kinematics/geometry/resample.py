"""Resampled motions, interpolated where the person was seen, on the host in NumPy.

Events are detected on a uniform grid of about `ANALYSIS_RATE_HZ`, so that the same movement filmed
at 10 or at 120 frames a second gives the same results.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.motion import Motion

ANALYSIS_RATE_HZ = 30.0
"""Fast enough for hops and waving; clips at 120 frames a second cost no more."""

MAX_BRIDGED_GAP_S = 0.5
"""Longest unseen stretch that is interpolated; across longer ones no movement is reported."""

SKIPPED_S = 0.1
"""Consecutive frames this close in time have no gap between them at any frame rate."""


class Grid:
    """Interpolation of arrays of frames at other times: two source frames and a weight each."""

    def __init__(
        self,
        times_s: Float[np.ndarray, " frames"],
        observed: Bool[np.ndarray, " frames"],
        wanted_s: Float[np.ndarray, " samples"],
    ) -> None:
        seen = np.flatnonzero(observed)
        if len(seen) == 0:
            seen = np.arange(len(times_s))
        seen_s = times_s[seen]
        after = np.clip(np.searchsorted(seen_s, wanted_s, side="right"), 1, max(len(seen) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(seen) - 1)
        gap = seen_s[after] - seen_s[before]
        self.share = np.clip((wanted_s - seen_s[before]) / np.where(gap > 0, gap, 1.0), 0.0, 1.0)
        self.before: Int[np.ndarray, " samples"] = seen[before]
        self.after: Int[np.ndarray, " samples"] = seen[after]
        inside = (wanted_s >= seen_s[0] - 1e-9) & (wanted_s <= seen_s[-1] + 1e-9)
        exact = (self.share < 1e-6) | (self.share > 1 - 1e-6)
        usual = usual_step_s(times_s)
        limit = max(MAX_BRIDGED_GAP_S, 1.5 * usual)
        self.bridged: Bool[np.ndarray, " samples"] = inside & (exact | (gap <= limit + 1e-9))
        """Samples inside no long gap, whose values are reliable."""
        in_a_row = (self.after - self.before <= 1) & (gap <= max(SKIPPED_S, 1.5 * usual) + 1e-9)
        self.seen: Bool[np.ndarray, " samples"] = inside & (exact | in_a_row)
        """Samples between two consecutive frames that were both observed."""
        if not observed.any():
            self.bridged = np.zeros(len(wanted_s), dtype=bool)
            self.seen = self.bridged

    def linear(self, values: Float[np.ndarray, "frames ..."]) -> Float[np.ndarray, "samples ..."]:
        """Linearly interpolated values."""
        share = self.share.reshape((-1,) + (1,) * (values.ndim - 1)).astype(values.dtype)
        before = values[self.before]
        return before + share * (values[self.after] - before)

    def rotations(self, wxyz: Float[np.ndarray, "frames 4"]) -> Float[np.ndarray, "samples 4"]:
        """Rotations interpolated along the shorter arc (normalised linear)."""
        before, after = wxyz[self.before], wxyz[self.after]
        after = np.where(np.sum(before * after, axis=1, keepdims=True) < 0, -after, after)
        mixed = before + self.share[:, None].astype(wxyz.dtype) * (after - before)
        return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def usual_step_s(times_s: Float[np.ndarray, " frames"]) -> float:
    """The median time between two frames, which dropped frames do not change.

    >>> usual_step_s(np.array([0.0, 0.5, 1.0, 3.0]))
    0.5
    """
    if len(times_s) < 2:
        return 1.0 / ANALYSIS_RATE_HZ
    steps = times_s[1:] - times_s[:-1]
    middle = (len(steps) - 1) // 2
    steps.partition(middle)
    return float(steps[middle])


def uniform_times_s(duration_s: float, *, rate_hz: float = ANALYSIS_RATE_HZ) -> np.ndarray:
    """Equally spaced times from end to end of the clip, as close to the rate as that allows.

    >>> uniform_times_s(1.0, rate_hz=4.0).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    steps = round(duration_s * rate_hz)
    if steps == 0:
        return np.zeros(1)
    times_s = np.arange(steps + 1.0) * (duration_s / steps)
    times_s[-1] = duration_s
    return times_s


def to_times(motion: Motion, wanted_s: Float[np.ndarray, " samples"]) -> Motion:
    """The motion at the wanted times, counted from its first frame.

    Samples inside long gaps, or outside the clip, are unobserved.

    >>> from kinematics import synthetic
    >>> slow = to_times(synthetic.perform(synthetic.walk(1.0)).motion, np.array([0.0, 0.5, 1.0]))
    >>> slow.frames
    3
    """
    times_s = np.asarray(motion.times_s, dtype=np.float64)
    grid = Grid(times_s - times_s[0], np.asarray(motion.observed), wanted_s)
    cameras_wxyz, cameras_m = motion.camera_orientations_wxyz, motion.camera_positions_m
    return replace(
        motion,
        orientations_wxyz=grid.rotations(np.asarray(motion.orientations_wxyz)),
        positions_m=grid.linear(np.asarray(motion.positions_m)),
        times_s=np.asarray(wanted_s, dtype=np.float64),
        observed=grid.bridged,
        joints_m=None if motion.joints_m is None else grid.linear(np.asarray(motion.joints_m)),
        camera_orientations_wxyz=(
            None if cameras_wxyz is None else grid.rotations(np.asarray(cameras_wxyz))
        ),
        camera_positions_m=None if cameras_m is None else grid.linear(np.asarray(cameras_m)),
    )


def to_rate(motion: Motion, *, rate_hz: float = ANALYSIS_RATE_HZ) -> Motion:
    """The motion on a uniform grid of about the given rate.

    >>> from kinematics import synthetic
    >>> to_rate(synthetic.perform(synthetic.stand(2.0), fps=120.0).motion).frames
    61
    """
    return to_times(motion, uniform_times_s(motion.duration_s, rate_hz=rate_hz))
