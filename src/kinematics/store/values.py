"""A check that a motion to be packed has the values that `Motion.from_arrays` would give it."""

import numpy as np

from kinematics.motion import Motion
from kinematics.store.layout import ARRAYS


def check_values(motion: Motion) -> None:
    """Raises `ValueError` unless `Motion.from_arrays` would make the same motion.

    >>> turning = Motion(np.ones((2, 4)), np.zeros((2, 3)), np.arange(2.0), np.ones(2, bool))
    >>> check_values(turning)
    Traceback (most recent call last):
    ...
    ValueError: clip: not a motion.
      - orientations_wxyz: 2 quaternions are not of length one, first at frame 0 (length 2); is this
        axis-angle or Euler angles?
    """
    fields = {name: value for name, value in vars(motion).items() if value is not None}
    checked = Motion.from_arrays(**fields)
    for name in ARRAYS:
        if name not in fields:
            continue
        before, after = np.asarray(fields[name]), getattr(checked, name)
        same = np.array_equal(before, after) or (
            name.endswith("wxyz") and np.allclose(before, after, rtol=0, atol=1e-5)
        )
        if not same or before.dtype not in (bool, np.float32, np.float64):
            raise ValueError(
                f"{name}: not as Motion.from_arrays makes it (unit quaternions, finite values, "
                "frames with other values unobserved); build the motion with it"
            )
