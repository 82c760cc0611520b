"""Pixels of rounded cones: the first solid that each pixel's ray hits, and where.

A ray leaves the camera along (x, y, 1), so its parameter is the depth. Candidate pixels of many
solids are concatenated in flat arrays, in chunks that fit the processor's cache; some forty array
operations process a chunk. The file is long because it contains the whole path of a ray.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from mllm.render.camera import Lens
from mllm.render.solids import Solids

NEAREST_M = 0.2
"""Solids that reach closer to the camera than this are not drawn."""

CHUNK = 40_000
"""Candidate pixels processed together."""

_STEEPEST = 0.95  # greatest change of radius per metre of axis; near 1, one ball contains the other
_LEVEL = np.float32(1e-6)  # least magnitude of a quadratic's leading coefficient


class Hits(NamedTuple):
    """The pixels in which solids are visible."""

    pixels: Int[np.ndarray, " hits"]
    """Indices in the flattened picture, unique and ascending."""
    solids: Int[np.ndarray, " hits"]
    depths_m: Float[np.ndarray, " hits"]
    along: Float[np.ndarray, " hits"]
    """Position along the solid of the ball that touches here: 0 at the start, 1 at the end."""
    normals: Float[np.ndarray, "3 hits"]
    """Outward, in camera coordinates."""
    rays: Float[np.ndarray, "3 hits"]
    """Directions (x, y, 1) of the pixels."""
    weights: Float[np.ndarray, " hits"]
    """Number of pixels that each hit represents."""


class Candidates(NamedTuple):
    """Pixels whose rays hit solids, with an entry for each pair of pixel and solid."""

    pixels: Int[np.ndarray, " candidates"]
    depths_m: Float[np.ndarray, " candidates"]
    solids: Int[np.ndarray, " candidates"]


class _Cones(NamedTuple):
    """The solids in camera coordinates, in double precision, a column each."""

    starts: Float[np.ndarray, "3 solids"]
    axes: Float[np.ndarray, "3 solids"]
    length: Float[np.ndarray, " solids"]
    radius: Float[np.ndarray, " solids"]
    slope: Float[np.ndarray, " solids"]
    """Growth of the radius per metre of axis."""


class _Boxes(NamedTuple):
    """Edges of boxes in the picture; right and bottom are exclusive."""

    lefts: Int[np.ndarray, " solids"]
    rights: Int[np.ndarray, " solids"]
    tops: Int[np.ndarray, " solids"]
    bottoms: Int[np.ndarray, " solids"]


def hits(solids: Solids, lens: Lens, *, in_squares: bool = False) -> Hits:
    """The pixels in which solids, given in camera coordinates, are visible.

    With `in_squares`, where the caller averages squares of two by two pixels, the first pixel of a
    square that a single solid fills represents all four.

    >>> ball = Solids(
    ...     *(np.array([[0.0, 0.0, 4.0]], np.float32),) * 2,
    ...     *(np.ones(1, np.float32),) * 2,
    ...     *(np.ones((1, 3), np.float32),) * 2,
    ...     np.ones(1, int),
    ... )
    >>> seen = hits(ball, Lens(size_px=33, focal_px=32.0))
    >>> round(float(seen.depths_m.min()), 3)
    3.0
    >>> np.unique(hits(ball, Lens(34, 32.0), in_squares=True).weights).tolist()
    [1.0, 4.0]
    """
    return resolved(solids, candidates(solids, lens), lens, in_squares=in_squares)


def candidates(solids: Solids, lens: Lens) -> Candidates:
    """All pixels whose rays hit the solids, given in camera coordinates."""
    cones, boxes = _cones(solids), _boxes(solids, lens)
    areas = (boxes.rights - boxes.lefts) * (boxes.bottoms - boxes.tops)
    shares = (np.cumsum(areas) - 1) // CHUNK
    met = [
        _met(cones, boxes, np.flatnonzero((shares == share) & (areas > 0)), lens)
        for share in np.unique(shares[areas > 0])
    ]
    if not met:
        return Candidates(np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int16))
    return Candidates(*(np.concatenate(parts) for parts in zip(*met, strict=True)))


def first_met(among: Candidates) -> Candidates:
    """The nearest candidate of each pixel.

    >>> first_met(Candidates(np.array([5, 5]), np.array([3.0, 2.0], np.float32), np.arange(2)))[2]
    array([1])
    """
    first = nearest(among.pixels, among.depths_m)
    return Candidates(*(column[first] for column in among))


def resolved(solids: Solids, among: Candidates, lens: Lens, *, in_squares: bool = False) -> Hits:
    """The result of `hits`, which explains `in_squares`, for solids with known candidates."""
    cones = _cones(solids)
    pixels, depths_m, owners = among
    if not len(pixels):
        return no_hits()
    first = nearest(pixels, depths_m)
    weights = np.ones(len(first), np.float32)
    if in_squares:
        weights = _weights(pixels[first], owners[first], lens.size_px)
        first, weights = first[weights > 0], weights[weights > 0]
    rays = rays_of(pixels[first], lens)
    seen = _touched(cones, pixels[first], owners[first], depths_m[first], rays)
    return seen._replace(weights=weights)


def rays_of(pixels: Int[np.ndarray, " hits"], lens: Lens) -> Float[np.ndarray, "3 hits"]:
    """Directions (x, y, 1) of the pixels of a flattened picture.

    >>> rays_of(np.array([0, 4]), Lens(3, 2.0)).T.tolist()
    [[-0.5, -0.5, 1.0], [0.0, 0.0, 1.0]]
    """
    indices = np.divmod(pixels, lens.size_px)
    y, x = ((index - lens.centre_px) / lens.focal_px for index in indices)
    return np.stack([x, y, np.ones_like(x)]).astype(np.float32)


def no_hits() -> Hits:
    """Hits of an empty picture."""
    numbers, shares = np.empty(0, np.int32), np.empty(0, np.float32)
    vectors = np.empty((3, 0), np.float32)
    return Hits(numbers, numbers, shares, shares, vectors, vectors, shares)


def _cones(solids: Solids) -> _Cones:
    starts = solids.starts_m.T.astype(np.float64)
    between = solids.ends_m.T - starts
    length = np.maximum(np.sqrt((between * between).sum(axis=0)), 1e-6)
    radius = solids.start_radii_m.astype(np.float64)
    steep = (solids.end_radii_m - radius) / length
    return _Cones(starts, between / length, length, radius, np.clip(steep, -_STEEPEST, _STEEPEST))


def _boxes(solids: Solids, lens: Lens) -> _Boxes:
    """The box around each solid's pixels; empty for solids behind the camera or too close."""
    centres = np.stack([solids.starts_m, solids.ends_m]).astype(np.float64)
    radii = np.stack([solids.start_radii_m, solids.end_radii_m]).astype(np.float64)[..., None]
    near = np.logical_or.reduce(centres[..., 2] - radii[..., 0] < NEAREST_M, axis=0)
    depth = np.where(near[:, None], 1.0 + radii, centres[..., 2:])  # arbitrary: not drawn
    across = centres[..., :2]
    squared = depth**2 - radii**2
    # tangents from the camera to the circles that the balls are from above and from the side
    reach = radii * np.sqrt(across**2 + squared)
    low = ((across * depth - reach) / squared).min(axis=0)
    high = ((across * depth + reach) / squared).max(axis=0)
    limits = np.stack([low, high + 1 / lens.focal_px]) * lens.focal_px + lens.centre_px
    (lefts, tops), (rights, bottoms) = (
        edges.T for edges in np.clip(np.ceil(limits), 0, lens.size_px).astype(np.int64)
    )
    rights[near | (bottoms <= tops)] = 0
    return _Boxes(lefts, np.maximum(rights, lefts), tops, np.maximum(bottoms, tops))


def _met(
    cones: _Cones, boxes: _Boxes, chosen: Int[np.ndarray, " chosen"], lens: Lens
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels whose rays hit the chosen solids, sorted by solid; their depths and solids."""
    lefts, rights, tops, bottoms = (edges[chosen] for edges in boxes)
    widths, heights = rights - lefts, bottoms - tops
    # an entry for each row of each solid's box, then for each pixel of each row
    row_of = np.repeat(np.arange(len(chosen)), heights)
    row_widths = widths[row_of]
    ends = np.cumsum(row_widths)
    rows = np.arange(len(row_of)) - (np.cumsum(heights) - heights - tops)[row_of]
    columns = np.arange(ends[-1], dtype=np.int32)
    columns -= np.repeat((ends - row_widths - lefts[row_of]).astype(np.int32), row_widths)
    x = (columns - np.float32(lens.centre_px)) * np.float32(1 / lens.focal_px)
    y = ((rows - lens.centre_px) / lens.focal_px).astype(np.float32)
    hulls = _Cones(*(part[..., chosen] for part in cones))
    depths_m = _depths(hulls, row_of, row_widths, widths * heights, x, y)
    columns += np.repeat((rows * lens.size_px).astype(np.int32), row_widths)
    owners = np.repeat(chosen.astype(np.int16), widths * heights)
    hit = np.flatnonzero(depths_m < np.inf)
    return columns[hit], depths_m[hit], owners[hit]


def _depths(
    cones: _Cones,
    row_of: Int[np.ndarray, " rows"],
    row_widths: Int[np.ndarray, " rows"],
    areas: Int[np.ndarray, " solids"],
    x: Float[np.ndarray, " pixels"],
    y: Float[np.ndarray, " rows"],
) -> Float[np.ndarray, " pixels"]:
    """Depth at which each pixel's ray enters its solid; infinite for a miss.

    The surface is the envelope of balls of radius `radius + slope s` about the points `s` of the
    axis. A ray is intersected with the envelope's cone, at the ball `s`; if `s` is beyond an end
    of the axis, it is intersected with the ball at that end instead.
    """
    (ax, ay, az), (sx, sy, sz), length = cones.axes, cones.starts, cones.length
    on_axis = -(ax * sx + ay * sy + az * sz)  # the camera's position along the axis
    apart = sx * sx + sy * sy + sz * sz
    widened = 1 / (1 - cones.slope**2)
    gap = apart - on_axis**2 - widened * (cones.radius + cones.slope * on_axis) ** 2
    end_gap = apart - 2 * length * on_axis + length**2
    end_gap -= (cones.radius + cones.slope * length) ** 2
    touch = widened * (on_axis + cones.slope * cones.radius)
    start_gap = apart - cones.radius**2
    constants = np.stack([widened, touch, gap, start_gap, end_gap, length, ax, sx, cones.slope])
    widened, touch, gap, start_gap, end_gap, length, ax, sx, slope = np.repeat(
        constants.astype(np.float32), areas, axis=1
    )
    of_rows = np.stack([ay[row_of] * y + az[row_of], -sy[row_of] * y - sz[row_of], 1 + y * y])
    along, toward, ray = np.repeat(of_rows.astype(np.float32), row_widths, axis=1)
    along += ax * x
    toward -= sx * x
    ray += x * x
    level = ray - widened * along * along
    half = toward - along * touch
    root = half * half - level * gap
    steep = np.flatnonzero(level <= _LEVEL)
    level[steep] = np.minimum(level[steep], -_LEVEL)
    depth_m = (-half - np.sqrt(np.maximum(root, 0))) / level
    along_m = touch + widened * along * depth_m
    if len(steep):  # along the axis, the ball in front hides the cone
        looks_down = steep[slope[steep] * along[steep] <= 0]
        along_m[looks_down] = np.where(along[looks_down] > 0, -1, length[looks_down] + 1)
        root[looks_down] = 0
    past_end = along_m > length
    half = toward - np.where(past_end, length, 0) * along
    ball = half * half - ray * np.where(past_end, end_gap, start_gap)
    ball_m = (-half - np.sqrt(np.maximum(ball, 0))) / ray
    on_cone = (along_m >= 0) & ~past_end
    depth_m = np.where(on_cone, depth_m, ball_m)
    missed = (root < 0) | (~on_cone & (ball < 0)) | (depth_m < np.float32(NEAREST_M))
    depth_m[missed] = np.inf
    return depth_m


def nearest(
    pixels: Int[np.ndarray, " candidates"], depths_m: Float[np.ndarray, " candidates"]
) -> Int[np.ndarray, " hits"]:
    """The index of the nearest candidate of each pixel that has any; the first of equals.

    >>> nearest(np.array([5, 2, 5]), np.array([3.0, 1.0, 2.0], np.float32)).tolist()
    [1, 2]
    """
    # positive floats sort like their bits, so depth and index form a single sortable key
    keys = (depths_m.view(np.int32).astype(np.int64) << 32) | np.arange(len(pixels))
    none = np.iinfo(np.int64).max
    lowest = int(pixels.min()) if len(pixels) else 0
    least = np.full(int(pixels.max(initial=lowest)) + 1 - lowest, none)
    np.minimum.at(least, pixels - lowest, keys)
    return least[least != none] & 0xFFFFFFFF


def _weights(
    pixels: Int[np.ndarray, " hits"], owners: Int[np.ndarray, " hits"], size: int
) -> Float[np.ndarray, " hits"]:
    """Number of pixels that each hit represents: 4 or 0 in a square of a single solid, else 1."""
    if not len(pixels):
        return np.empty(0, np.float32)
    top, end = int(pixels[0]) // (2 * size) * 2, int(pixels[-1]) // (2 * size) * 2 + 2
    solid = np.full((end - top) * size, -1, np.int16)
    pixels = pixels - top * size
    solid[pixels] = owners
    pairs = solid.view(np.int32).reshape(-1, 2, size // 2)  # two neighbours in one integer
    upper, lower = pairs[:, 0], pairs[:, 1]
    whole = (upper == lower) & (upper >> 16 == upper << 16 >> 16) & (upper >= 0)
    rows, columns = np.divmod(pixels, size)
    shared = whole.reshape(-1)[(rows >> 1) * (size // 2) + (columns >> 1)]
    in_corner = (rows | columns) & 1 == 0
    return np.where(shared, np.float32(4) * in_corner, np.float32(1))


def _touched(
    cones: _Cones,
    pixels: Int[np.ndarray, " hits"],
    solids: Int[np.ndarray, " hits"],
    depths_m: Float[np.ndarray, " hits"],
    rays: Float[np.ndarray, "3 hits"],
) -> Hits:
    """The points of the solids that the rays hit, and the normals there."""
    constants = np.concatenate(
        [cones.starts, cones.axes, np.stack([cones.length, cones.radius, cones.slope])]
    )
    mine = constants.astype(np.float32)[:, solids]
    starts, axes, (length, radius, slope) = mine[:3], mine[3:6], mine[6:]
    inward = rays * depths_m - starts
    level = (inward * axes).sum(axis=0)
    along_m = np.clip((level + slope * radius) / (1 - slope * slope), 0, length)
    normals = (inward - axes * along_m) / (radius + slope * along_m)
    return Hits(pixels, solids, depths_m, along_m / length, normals, rays, np.ones_like(along_m))
