"""`Lens` and `Poses`: a camera's optics and its track. OpenCV's axes: right, down, ahead."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class Lens(NamedTuple):
    """A pinhole camera with a square picture. Whole coordinates are pixel centres."""

    size_px: int
    focal_px: float

    @property
    def centre_px(self) -> float:
        """Column and row of the optical axis."""
        return 0.5 * (self.size_px - 1)

    def scaled(self, factor: int) -> "Lens":
        """The same view on a picture with `factor` times as many pixels a side."""
        return Lens(self.size_px * factor, self.focal_px * factor)


class Poses(NamedTuple):
    """A camera's position and orientation in each frame; matrix columns are right, down, ahead."""

    positions_m: Float[np.ndarray, "frames 3"]
    world_from_camera: Float[np.ndarray, "frames 3 3"]


def along(
    direction: Float[np.ndarray, "3"], vectors: Float[np.ndarray, "3 many"]
) -> Float[np.ndarray, " many"]:
    """Dot products of vectors with a direction, in the vectors' precision.

    Written out, since the last bit of a BLAS product depends on its threads, and a single bit
    changes the video.

    >>> along(np.array([0.0, 2.0, 0.0]), np.array([[1.0], [3.0], [5.0]])).tolist()
    [6.0]
    """
    x, y, z = direction.astype(vectors.dtype)
    return x * vectors[0] + y * vectors[1] + z * vectors[2]


def turned(
    vectors: Float[np.ndarray, "*many 3"], columns: Float[np.ndarray, "*some 3 3"]
) -> Float[np.ndarray, "*many 3"]:
    """Coordinates of vectors along the columns of a matrix; written out like `along`.

    >>> turned(np.array([[1.0, 2.0, 3.0]]), np.eye(3)[:, ::-1]).tolist()
    [[3.0, 2.0, 1.0]]
    """
    x, y, z = (vectors[..., i, None] for i in range(3))
    return x * columns[..., 0, :] + y * columns[..., 1, :] + z * columns[..., 2, :]


def seen_from(
    poses: Poses, points_m: Float[np.ndarray, "frames ... 3"]
) -> Float[np.ndarray, "frames ... 3"]:
    """World points in camera coordinates, each frame by its own pose.

    >>> poses = Poses(np.array([[0.0, 0.0, -2.0]]), np.diag([-1.0, -1.0, 1.0])[None])
    >>> seen_from(poses, np.array([[[0.5, 0.0, 1.0]]])).tolist()
    [[[-0.5, 0.0, 3.0]]]
    """
    shape = points_m.shape
    apart = points_m.reshape(shape[0], -1, 3) - poses.positions_m[:, None]
    return turned(apart, poses.world_from_camera[:, None]).reshape(shape)


def project(
    poses: Poses, lens: Lens, points_m: Float[np.ndarray, "frames ... 3"]
) -> Float[np.ndarray, "frames ... 2"]:
    """Columns and rows of world points in the picture; NaN for points behind the camera.

    >>> poses = Poses(np.zeros((1, 3)), np.eye(3)[None])
    >>> project(poses, Lens(101, 100.0), np.array([[[0.1, 0.0, 1.0]]])).tolist()
    [[[60.0, 50.0]]]
    """
    seen = seen_from(poses, points_m)
    depth = np.where(seen[..., 2:] > 0, seen[..., 2:], np.nan)
    return seen[..., :2] / depth * lens.focal_px + lens.centre_px


def looking(
    positions_m: Float[np.ndarray, "frames 3"],
    targets_m: Float[np.ndarray, "frames 3"],
    *,
    rolls_rad: Float[np.ndarray, " frames"] | None = None,
) -> Poses:
    """Poses of an upright camera that looks at targets, rolled clockwise by `rolls_rad`.

    >>> looking(np.zeros((1, 3)), np.array([[0.0, 0.0, 2.0]])).world_from_camera[0].round().tolist()
    [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    ahead = targets_m - positions_m
    ahead = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    right = np.cross(ahead, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right, axis=1, keepdims=True)
    down = np.cross(ahead, right)
    if rolls_rad is not None:
        cosine, sine = np.cos(rolls_rad)[:, None], np.sin(rolls_rad)[:, None]
        right, down = cosine * right + sine * down, cosine * down - sine * right
    return Poses(positions_m, np.stack([right, down, ahead], axis=2))
