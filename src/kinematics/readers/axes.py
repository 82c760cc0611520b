"""Signed axes of files, and rotations from a file's axes to our world with Y up."""

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

Up = Literal["x", "y", "z", "-x", "-y", "-z"]
"""An axis of a file, with its sign."""

UP_AXES: tuple[Up, ...] = get_args(Up)

_WORLD_FROM_FILE: dict[Up, tuple[tuple[int, int, int], ...]] = {
    "x": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
    "y": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "z": ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
    "-x": ((0, 1, 0), (-1, 0, 0), (0, 0, 1)),
    "-y": ((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "-z": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
}
"""Proper rotations, so that left stays left; a Z-up file keeps its X and its -Y becomes Z."""


def world_from_file(up: Up) -> Float[np.ndarray, "3 3"]:
    """The rotation from a file's coordinates to ours, with Y up.

    >>> world_from_file("z") @ [0.0, 0.0, 1.0]
    array([0., 1., 0.])
    """
    if up not in UP_AXES:
        raise ValueError(f"up: {up!r}; expected one of {', '.join(UP_AXES)}")
    return np.array(_WORLD_FROM_FILE[up], dtype=np.float64)


def nearest_axis(direction: Float[np.ndarray, "3"]) -> tuple[Up, float]:
    """The signed axis nearest to a direction, and the cosine of the angle between them.

    >>> nearest_axis(np.array([0.0, 0.1, -2.0]))[0]
    '-z'
    """
    length = float(np.linalg.norm(direction))
    if not length > 0:
        return "y", 0.0
    index = int(np.abs(direction).argmax())
    up = UP_AXES[index + 3 * bool(direction[index] < 0)]
    return up, float(abs(direction[index])) / length


def unit_vector(up: Up) -> Float[np.ndarray, "3"]:
    """The signed axis as a vector.

    >>> unit_vector("-z")
    array([ 0.,  0., -1.])
    """
    index = UP_AXES.index(up)
    vector = np.zeros(3)
    vector[index % 3] = 1.0 if index < 3 else -1.0
    return vector


def quaternions(axes: Float[np.ndarray, "frames 3 3"]) -> Float[np.ndarray, "frames 4"]:
    """Unit quaternions, scalar first, of rotation matrices; NaN for matrices with a NaN.

    >>> quaternions(np.eye(3)[None])
    array([[1., 0., 0., 0.]])
    """
    good = np.isfinite(axes).all(axis=(1, 2))
    wxyz = np.full((len(axes), 4), np.nan)
    if good.any():
        wxyz[good] = Rotation.from_matrix(axes[good]).as_quat(scalar_first=True)
    return wxyz
