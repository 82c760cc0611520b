"""Pixels of triangles: the first face that each pixel's ray hits, and the normal there.

As in `raster`, the candidate pixels of all faces are concatenated in flat arrays. Faces of bodies
cover few pixels, so every pixel of a face's box is a candidate.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from mllm.render.camera import Lens
from mllm.render.raster import NEAREST_M, Hits, nearest, no_hits, rays_of

CHUNK = 60_000
"""Candidate pixels processed together."""

_CRACK = np.float32(-1e-4)  # tolerance outside a face, as a share, against gaps at edges


def hits(
    places_m: Float[np.ndarray, "vertices 3"],
    normals: Float[np.ndarray, "vertices 3"],
    faces: Int[np.ndarray, "faces 3"],
    lens: Lens,
) -> Hits:
    """The pixels in which faces, given in camera coordinates, are visible from outside.

    Corners are counter-clockwise from outside. `Hits.solids` are indices of faces.

    >>> places = np.array([[-1.0, 1.0, 4.0], [1.0, 1.0, 4.0], [0.0, -1.0, 4.0]])
    >>> seen = hits(places, np.tile([0.0, 0, -1], (3, 1)), np.array([[0, 1, 2]]), Lens(33, 32.0))
    >>> len(seen.pixels), seen.depths_m.min().item(), seen.normals[:, 0].tolist()
    (145, 4.0, [0.0, 0.0, -1.0])
    """
    near = places_m[:, 2] < NEAREST_M
    depth = np.where(near, 1.0, places_m[:, 2])
    flat = places_m[:, :2] / depth[:, None] * lens.focal_px + lens.centre_px
    flat[near] = np.nan  # comparisons with NaN are false, so faces with such a corner are not drawn
    columns, rows = np.ascontiguousarray(flat.T)
    x, y = _corners(columns, faces), _corners(rows, faces)
    double = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    drawn = np.flatnonzero(double < -1e-9)
    x, y = x.take(drawn, axis=1), y.take(drawn, axis=1)
    firsts, sizes = _boxes(x, y, lens.size_px)
    inside = np.flatnonzero((sizes[0] > 0) & (sizes[1] > 0))
    if not len(inside):
        return no_hits()
    drawn, x, y = drawn[inside], x.take(inside, axis=1), y.take(inside, axis=1)
    firsts, sizes, double = firsts.take(inside, axis=1), sizes.take(inside, axis=1), double[drawn]
    inverse = 1.0 / _corners(depth, faces[drawn])
    planes = _planes(x, y, double, firsts, inverse)
    areas = sizes[0] * sizes[1]
    shares = (np.cumsum(areas) - 1) // CHUNK
    edges = np.concatenate([[0], np.flatnonzero(np.diff(shares)) + 1, [len(drawn)]])
    met = [
        _met(planes, firsts, sizes[0], areas, slice(*pair), lens.size_px)
        for pair in pairwise(edges)
    ]
    pixels, depths_m, owners, second, third = (
        np.concatenate(parts) for parts in zip(*met, strict=True)
    )
    first = nearest(pixels, depths_m)
    pixels, depths_m, owners = pixels[first], depths_m[first], drawn[owners[first]]
    outward = _mixed(normals.astype(np.float32), faces[owners], second[first], third[first])
    along, weights = np.zeros_like(depths_m), np.ones_like(depths_m)
    return Hits(pixels, owners, depths_m, along, outward, rays_of(pixels, lens), weights)


def _corners(
    values: Float[np.ndarray, " vertices"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "3 faces"]:
    return np.stack([values.take(faces[:, corner]) for corner in range(3)])


def _boxes(
    x: Float[np.ndarray, "3 faces"], y: Float[np.ndarray, "3 faces"], size: int
) -> tuple[Int[np.ndarray, "2 faces"], Int[np.ndarray, "2 faces"]]:
    """First column and row of each face's box in the picture, and its width and height."""
    lows, highs = (
        np.stack([extreme(extreme(axis[0], axis[1]), axis[2]) for axis in (x, y)])
        for extreme in (np.minimum, np.maximum)
    )
    firsts = np.clip(np.ceil(lows), 0, size).astype(np.int32)
    return firsts, np.clip(np.floor(highs) + 1, 0, size).astype(np.int32) - firsts


def _planes(
    x: np.ndarray, y: np.ndarray, double: np.ndarray, firsts: np.ndarray, inverse: np.ndarray
) -> Float[np.ndarray, "9 faces"]:
    """Value at the box's first pixel, step across and step down, of three quantities: the shares
    of the second and third corner, and the inverse depth."""
    away_x, away_y = firsts[0] - x[0], firsts[1] - y[0]
    second = (y[2] - y[0]) / double, (x[0] - x[2]) / double
    third = (y[0] - y[1]) / double, (x[1] - x[0]) / double
    rows = []
    for across, down in (second, third):
        rows += [across * away_x + down * away_y, across, down]
    farther = inverse[1] - inverse[0], inverse[2] - inverse[0]
    rows += [rows[i] * farther[0] + rows[3 + i] * farther[1] for i in range(3)]
    rows[6] = rows[6] + inverse[0]
    return np.stack(rows).astype(np.float32)


def _met(
    planes: np.ndarray,
    firsts: np.ndarray,
    widths: np.ndarray,
    areas: np.ndarray,
    some: slice,
    size: int,
) -> tuple[np.ndarray, ...]:
    """Pixels inside a slice of the faces: indices, depths, faces and corners' shares."""
    areas, widths = areas[some], widths[some]
    owners = np.repeat(np.arange(some.start, some.start + len(areas), dtype=np.int32), areas)
    starts = np.cumsum(areas, dtype=np.int32) - areas.astype(np.int32)
    index = np.arange(len(owners), dtype=np.int32) - np.repeat(starts, areas)
    width = np.repeat(widths, areas)
    down = index // width
    across = index - down * width
    mine = np.repeat(planes[:, some], areas, axis=1)
    right, below = across.astype(np.float32), down.astype(np.float32)
    second = mine[0] + mine[1] * right + mine[2] * below
    third = mine[3] + mine[4] * right + mine[5] * below
    inside = np.flatnonzero((second >= _CRACK) & (third >= _CRACK) & (second + third <= 1 - _CRACK))
    closeness = (mine[6] + mine[7] * right + mine[8] * below)[inside]
    owners = owners[inside]
    pixels = (firsts[1][owners] + down[inside]) * size + firsts[0][owners] + across[inside]
    return pixels, 1 / closeness, owners, second[inside], third[inside]


def _mixed(
    normals: Float[np.ndarray, "vertices 3"],
    corners: Int[np.ndarray, "hits 3"],
    second: Float[np.ndarray, " hits"],
    third: Float[np.ndarray, " hits"],
) -> Float[np.ndarray, "3 hits"]:
    shares = 1 - second - third, second, third
    rows = [normals.take(corners[:, i], axis=0) * shares[i][:, None] for i in range(3)]
    mixed = np.ascontiguousarray((rows[0] + rows[1] + rows[2]).T)
    return mixed / np.maximum(np.sqrt((mixed * mixed).sum(axis=0)), np.float32(1e-6))
