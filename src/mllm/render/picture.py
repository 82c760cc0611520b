"""Pictures: floor and sky, shadows on the floor, and solids of people and things on top."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from mllm.render import triangles
from mllm.render.camera import Lens, along, turned
from mllm.render.ground import Ground, ground
from mllm.render.raster import NEAREST_M, Candidates, Hits, candidates, first_met, nearest, resolved
from mllm.render.scene import Scene, all_solids
from mllm.render.solids import Solids, joined

SAMPLES = 2
"""Rays of solids along each edge of a pixel, to smooth outlines; `raster` assumes 2."""

SHADOW = 0.42
"""Share of its light that the floor loses in a shadow."""

SHADOW_SOFT_M = 0.05
"""Width of the edge of a shadow."""

SHADOWING_M = 0.04
"""Thinner solids cast no shadow."""


class View(NamedTuple):
    """The camera of a frame, in scene coordinates, where the floor is at height 0."""

    position_m: Float[np.ndarray, "3"]
    world_from_camera: Float[np.ndarray, "3 3"]


class Figure(NamedTuple):
    """A body with a surface in a frame, in scene coordinates."""

    vertices_m: Float[np.ndarray, "vertices 3"]
    normals: Float[np.ndarray, "vertices 3"]
    faces: Int[np.ndarray, "faces 3"]
    colours: Float[np.ndarray, "faces 3"]
    worn: Solids
    """Solids drawn beside the surface."""
    shadow: Solids
    """Solids that cast its shadow."""


Picture = UInt8[np.ndarray, "size size 4"]


class _Shadow(NamedTuple):
    """Strips of the floor, each between two points."""

    places_m: Float[np.ndarray, "places 3"]
    """Starts of all strips, then their ends."""
    widest_m: float
    strips: Float[np.ndarray, "6 strips 1 1"]
    """Start x and z, step to the end in x and z, one over its squared length, half the width."""


class _Standing(NamedTuple):
    """Everything that does not move, as seen from a view."""

    view: View
    below: Ground
    """With the shadows of things on it."""
    things: Solids | None
    """In camera coordinates."""
    met: Candidates | None
    """Where things are visible; one candidate per pixel."""


class Painter:
    """Paints the frames of a scene; reuses floor, sky and things while the camera is static."""

    def __init__(self, scene: Scene, lens: Lens) -> None:
        self._scene = scene
        self._lens = lens
        self._things = all_solids(scene.landmarks)
        self._shadows = [_cast(landmark.solids, scene.light) for landmark in scene.landmarks]
        self._latest: _Standing | None = None

    def paint(self, people: list[Solids], view: View, *, figures: Sequence[Figure] = ()) -> Picture:
        """Red, green, blue and 255 of every pixel; `people` are in scene coordinates."""
        standing = self._standing(view)
        picture = standing.below.picture.copy()
        for solids in (*people, *(figure.shadow for figure in figures)):
            _shade(picture, _cast(solids, self._scene.light), standing.below, self._lens, view)
        moving = [*people, *(figure.worn for figure in figures)]
        if moving or self._things is not None:
            _put(picture, moving, figures, standing, self._scene, self._lens.scaled(SAMPLES))
        return picture.view(np.uint8).reshape(*picture.shape, 4)

    def _standing(self, view: View) -> _Standing:
        """Floor, sky and things; cached while the camera is static."""
        if self._latest is not None and all(
            np.array_equal(*pair) for pair in zip(self._latest.view, view, strict=True)
        ):
            return self._latest
        below = ground(self._scene.surroundings, self._lens, *view)
        for shadow in self._shadows:
            _shade(below.picture, shadow, below, self._lens, view)
        things = met = None
        if self._things is not None:
            things = _seen(self._things, view)
            met = first_met(candidates(things, self._lens.scaled(SAMPLES)))
        self._latest = _Standing(view, below, things, met)
        return self._latest


def _cast(solids: Solids, light: Float[np.ndarray, "3"]) -> _Shadow:
    """The shadows of solids, as strips of floor."""
    thick = np.maximum(solids.start_radii_m, solids.end_radii_m) >= SHADOWING_M
    starts, ends = (
        points[thick] - light * (points[thick, 1:2] / light[1])
        for points in (solids.starts_m, solids.ends_m)
    )
    radii_m = 0.5 * (solids.start_radii_m + solids.end_radii_m)[thick]
    steps = ends - starts
    columns = np.stack([starts[:, 0], starts[:, 2], steps[:, 0], steps[:, 2], radii_m])
    x, z, dx, dz, radius = columns.astype(np.float32)
    per_square = 1 / np.maximum(dx * dx + dz * dz, np.float32(1e-8))
    strips = np.stack([x, z, dx, dz, per_square, radius])[..., None, None]
    return _Shadow(np.concatenate([starts, ends]), float(radii_m.max(initial=0)), strips)


def _shade(picture: np.ndarray, shadow: _Shadow, below: Ground, lens: Lens, view: View) -> None:
    """Darkens the floor in the shadow."""
    seen = turned(shadow.places_m - view.position_m, view.world_from_camera)
    if not len(seen) or seen[:, 2].min() < NEAREST_M:
        return
    widest = (shadow.widest_m + SHADOW_SOFT_M) / seen[:, 2:]
    spots = seen[:, :2] / seen[:, 2:]
    edges = np.stack([(spots - widest).min(axis=0), (spots + widest).max(axis=0)])
    edges = np.clip(edges * lens.focal_px + lens.centre_px, 0, lens.size_px).astype(int)
    (left, top), (right, bottom) = edges
    top = max(top, below.floor_from_row)
    if left >= right or top >= bottom:
        return
    rows = slice(top - below.floor_from_row, bottom - below.floor_from_row)
    lost = _covered(below.x_m[rows, left:right], below.z_m[rows, left:right], shadow.strips)
    window = picture[top:bottom, left:right]
    colours = np.ascontiguousarray(window).view(np.uint8).reshape(*window.shape, 4)
    kept = (256 * (1 - SHADOW * lost)).astype(np.uint16)[..., None]
    darker = (colours * kept >> 8).astype(np.uint8)
    window[:] = darker.view(np.uint32)[..., 0] | np.uint32(0xFF000000)


def _covered(
    x_m: Float[np.ndarray, "rows columns"],
    z_m: Float[np.ndarray, "rows columns"],
    strips: Float[np.ndarray, "6 strips 1 1"],
) -> Float[np.ndarray, "rows columns"]:
    """Share of the light that strips take from points of the floor."""
    x0, z0, dx, dz, per_square, radius = strips
    x, z = x_m - x0, z_m - z0
    share = np.clip((x * dx + z * dz) * per_square, 0, 1)
    x -= share * dx
    z -= share * dz
    inside_m = (radius - np.sqrt(x * x + z * z)).max(axis=0)
    return np.clip(inside_m / np.float32(SHADOW_SOFT_M) + np.float32(0.5), 0, 1)


def _seen(solids: Solids, view: View) -> Solids:
    """Solids in camera coordinates."""
    starts, ends = (
        turned(points - view.position_m, view.world_from_camera)
        for points in (solids.starts_m, solids.ends_m)
    )
    return solids._replace(starts_m=starts, ends_m=ends)


def _put(
    picture: np.ndarray,
    moving: Sequence[Solids],
    figures: Sequence[Figure],
    standing: _Standing,
    scene: Scene,
    lens: Lens,
) -> None:
    """Draws solids and figures onto a picture of lower resolution than the lens."""
    view = standing.view
    axes = view.world_from_camera
    parts, met = [], []
    if moving:
        parts.append(_seen(joined(moving), view))
        met.append(candidates(parts[0], lens))
    if standing.things is not None and standing.met is not None:
        before = sum(len(part.bands) for part in parts)
        parts.append(standing.things)
        met.append(standing.met._replace(solids=standing.met.solids + np.int16(before)))
    solids = joined(parts)
    every = Candidates(*(np.concatenate(columns) for columns in zip(*met, strict=True)))
    seen = resolved(solids, every, lens, in_squares=not figures)
    own = _banded(solids, seen)
    if figures:
        seen, own = _with(figures, seen, own, lens, view)
    height_m = view.position_m[1] + along(axes[1], seen.rays) * seen.depths_m
    # the floor hides points below it
    weights = seen.weights * (height_m > 0) * np.float32(1 / SAMPLES**2)
    colours = np.clip(_lit(own, seen, scene, axes), 0, 1) * (np.float32(255) * weights)
    size = picture.shape[0]
    row, column = np.divmod(seen.pixels, lens.size_px)
    pixels = (row // SAMPLES) * size + column // SAMPLES
    flat = picture.reshape(-1)
    counts = np.bincount(pixels, weights=weights, minlength=flat.size)
    touched = np.flatnonzero(counts)
    kept = 1 - counts[touched]
    under = flat[touched].view(np.uint8).reshape(-1, 4)
    mixed = np.full_like(under, 255)
    for channel in range(3):
        drawn = np.bincount(pixels, weights=colours[channel], minlength=flat.size)
        mixed[:, channel] = drawn[touched] + kept * under[:, channel] + 0.5
    flat[touched] = mixed.view(np.uint32)[:, 0]


def _banded(solids: Solids, seen: Hits) -> Float[np.ndarray, "3 hits"]:
    """The solids' own colours where rays hit them."""
    bands = solids.bands.astype(np.float32)[seen.solids]
    odd = (seen.along * bands * np.float32(0.9999)).astype(np.int32) & 1
    table = np.concatenate([solids.colours, solids.band_colours]).astype(np.float32)
    return table.T[:, seen.solids + odd * len(solids.colours)]


def _with(
    figures: Sequence[Figure], seen: Hits, own: np.ndarray, lens: Lens, view: View
) -> tuple[Hits, Float[np.ndarray, "3 hits"]]:
    """The first hit of each ray among solids and surfaces, and its own colour."""
    parts, colours = [seen], [own]
    for figure in figures:
        met = triangles.hits(
            turned(figure.vertices_m - view.position_m, view.world_from_camera),
            turned(figure.normals, view.world_from_camera),
            figure.faces,
            lens,
        )
        parts.append(met)
        colours.append(figure.colours.astype(np.float32).T[:, met.solids])
    every = Hits(*(np.concatenate(columns, axis=-1) for columns in zip(*parts, strict=True)))
    first = nearest(every.pixels, every.depths_m)
    own = np.concatenate(colours, axis=1)[:, first]
    return Hits(*(column[..., first] for column in every)), own


def _lit(
    colours: Float[np.ndarray, "3 hits"],
    seen: Hits,
    scene: Scene,
    axes: Float[np.ndarray, "3 3"],
) -> Float[np.ndarray, "3 hits"]:
    """Colours of the hits under light from the sky, the sun and the camera."""
    sun, up = turned(scene.light, axes), axes[1]
    toward = -(seen.normals * seen.rays).sum(axis=0)
    toward /= np.sqrt((seen.rays * seen.rays).sum(axis=0))
    shade = np.float32(0.50) + np.float32(0.16) * along(up, seen.normals)
    shade += np.float32(0.48) * np.maximum(along(sun, seen.normals), 0)
    shade *= np.float32(0.62) + np.float32(0.38) * np.clip(toward, 0, 1)
    return colours * shade * scene.warmth.astype(np.float32)[:, None]
