"""Performances: scripts performed by the figure and recorded by a simulated tracker."""

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import DTypeLike
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion, Source
from kinematics.skeleton import SMPL_22
from kinematics.synthetic.body import STIFF, Figure, Gait, figure
from kinematics.synthetic.script import Script
from kinematics.synthetic.timeline import RATE_HZ, Timeline, lay_out
from kinematics.synthetic.truth import Truth, tell


@dataclass(frozen=True, kw_only=True)
class Performance:
    """A motion and its ground truth, which is computed on demand."""

    motion: Motion
    script: Script
    timeline: Timeline
    start_s: float
    """The time in the timeline at which the clip begins."""
    end_s: float

    @cached_property
    def truth(self) -> Truth:
        """The ground truth of the clip."""
        return tell(self.timeline, start_s=self.start_s, end_s=self.end_s)


def generator(*names: object) -> np.random.Generator:
    """A generator seeded by the names alone, independent of process, order and platform.

    >>> generator("corpus", 0).random() == generator("corpus", 0).random()
    True
    """
    digest = hashlib.blake2b("/".join(map(str, names)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def perform(
    script: Script,
    *,
    fps: float = 30.0,
    seed: int = 0,
    gait: Gait | None = Gait(),  # noqa: B008 (frozen)
    start_position_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    start_heading_rad: float = 0.0,
    jitter_m: float = 0.0,
    jitter_rad: float = 0.0,
    joints: bool = True,
    cut_s: tuple[float, float] = (0.0, 0.0),
    clip: str = "synthetic",
    dtype: DTypeLike = np.float32,
) -> Performance:
    """The script as a tracker would record it: with the gait's sway and white noise on every frame.

    `start_position_m` is the floor under the figure. With `gait=None` the root glides. `jitter_m`
    is the standard deviation along each axis of the root and of each joint, `jitter_rad` that
    about each axis of the root's orientation. `cut_s` seconds are cut from the beginning and from
    the end, possibly in mid-stride.

    >>> from kinematics.synthetic import turn, walk
    >>> performance = perform(walk(3.0).then(turn(math.pi / 2)), gait=None)
    >>> performance.motion.positions_m[-1, [0, 2]].round(3).tolist()
    [0.0, 3.0]
    >>> [event.signal for event in performance.truth.events()]
    ['forward', 'start_distance', 'heading']
    """
    gait = gait or STIFF
    x_m, floor_m, z_m = start_position_m
    timeline = lay_out(
        script, start_x_m=x_m, start_z_m=z_m, start_heading_rad=start_heading_rad, slip=gait.slip
    )
    start_s = round(cut_s[0] * RATE_HZ) / RATE_HZ
    shown_s = timeline.duration_s - start_s - cut_s[1]
    if not (fps > 0 and shown_s * fps >= 1 and min(cut_s) >= 0):
        raise ValueError(
            f"{clip}: a script of {timeline.duration_s:.2f} s, cut by {cut_s} s, leaves fewer than "
            f"two frames at {fps:g} frames a second; expected a longer script or a smaller cut"
        )
    times_s = np.arange(math.floor(shown_s * fps + 1e-6) + 1) / fps
    seen = figure(
        timeline.at(start_s + times_s),
        gait,
        start_phase=generator("phase", seed).random(),
        floor_m=floor_m,
        joints=joints,
    )
    seen = _jittered(seen, jitter_m, jitter_rad, generator("jitter", seed))
    motion = Motion.from_arrays(
        orientations_wxyz=seen.orientations_wxyz.astype(dtype),
        positions_m=seen.positions_m.astype(dtype),
        times_s=times_s,
        joints_m=None if seen.joints_m is None else seen.joints_m.astype(dtype),
        skeleton=SMPL_22 if joints else None,
        source=Source(clip=clip, take=clip, shared_world=True),
    )
    end_s = start_s + float(times_s[-1])
    return Performance(
        motion=motion, script=script, timeline=timeline, start_s=start_s, end_s=end_s
    )


def _jittered(
    seen: Figure, jitter_m: float, jitter_rad: float, noise: np.random.Generator
) -> Figure:
    """The figure with white noise on every frame; the pelvis joint keeps the root's position."""
    frames = len(seen.positions_m)
    positions_m, orientations_wxyz, joints_m = seen
    if jitter_m:
        positions_m = positions_m + jitter_m * noise.standard_normal((frames, 3))
        if joints_m is not None:
            joints_m = joints_m + jitter_m * noise.standard_normal(joints_m.shape)
            joints_m[:, 0] = positions_m
    if jitter_rad:
        shaken = Rotation.from_rotvec(jitter_rad * noise.standard_normal((frames, 3)))
        true = Rotation.from_quat(orientations_wxyz, scalar_first=True)
        orientations_wxyz = (true * shaken).as_quat(scalar_first=True)
    return Figure(positions_m, orientations_wxyz, joints_m)
