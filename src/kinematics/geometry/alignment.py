"""Rigid and similarity transforms that align one set of points with another, on the host in NumPy.

The closed-form least-squares solution by singular values, over rotations, shifts and (optionally)
scales.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

LEAST_SPREAD_M: float = 1e-9
"""Root mean square distance from their centre below which points coincide and have no scale."""


class Alignment(NamedTuple):
    """The map `target = scale * rotation @ source + shift_m`, in the least-squares sense."""

    rotation: Float[np.ndarray, "3 3"]
    shift_m: Float[np.ndarray, "3"]
    scale: float


def fit(
    source_m: Float[np.ndarray, "points 3"],
    target_m: Float[np.ndarray, "points 3"],
    *,
    scaled: bool = False,
) -> Alignment:
    """The map from source to target with the least squared error; never a reflection.

    For points on a line, the rotation about that line is arbitrary.

    >>> corner = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> alignment = fit(corner, 2 * corner + 1, scaled=True)
    >>> round(alignment.scale, 6), alignment.shift_m.round(6).tolist()
    (2.0, [1.0, 1.0, 1.0])
    """
    source, target = (np.asarray(points, dtype=np.float64) for points in (source_m, target_m))
    source_centre, target_centre = source.mean(axis=0), target.mean(axis=0)
    from_centre = source - source_centre
    covariance = (target - target_centre).T @ from_centre / len(source)
    left, values, right = np.linalg.svd(covariance)
    signs = np.array([1.0, 1.0, -1.0 if np.linalg.det(left) * np.linalg.det(right) < 0 else 1.0])
    rotation = (left * signs) @ right
    scale = 1.0
    if scaled:
        spread = float((from_centre**2).sum()) / len(source)
        scale = float(values @ signs) / spread if spread > LEAST_SPREAD_M**2 else 1.0
    shift_m = target_centre - scale * rotation @ source_centre
    return Alignment(rotation=rotation, shift_m=shift_m, scale=scale)


def applied(
    alignment: Alignment, points_m: Float[np.ndarray, "*points 3"]
) -> Float[np.ndarray, "*points 3"]:
    """The mapped points.

    >>> turned = Alignment(np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]), np.zeros(3), 2.0)
    >>> applied(turned, np.array([[0.0, 0, 1]])).tolist()
    [[2.0, 0.0, 0.0]]
    """
    return alignment.scale * points_m @ alignment.rotation.T + alignment.shift_m
