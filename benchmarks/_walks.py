"""The walk that sample files hold."""

import numpy as np

from kinematics import synthetic
from kinematics.motion import Motion
from kinematics.skeleton import SMPL_22

FRAMES = 24
"""Frames of the files that are damaged: small files are read by the thousand."""


def walk(frames: int) -> Motion:
    """A walk and a rest with 22 joints and a camera."""
    script = synthetic.walk(1.0).then(synthetic.stand(frames / 20))
    motion = synthetic.perform(script, fps=20.0).motion
    assert motion.joints_m is not None
    return Motion.from_arrays(
        orientations_wxyz=motion.orientations_wxyz[:frames],
        positions_m=motion.positions_m[:frames],
        times_s=motion.times_s[:frames],
        joints_m=motion.joints_m[:frames],
        camera_orientations_wxyz=np.tile([0.0, 1, 0, 0], (frames, 1)),
        camera_positions_m=np.zeros((frames, 3)),
        skeleton=SMPL_22,
        source=motion.source,
    )
