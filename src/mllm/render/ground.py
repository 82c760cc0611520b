"""Floor and sky: a floor of distinguishable tiles, and a skyline at infinity all around.

Both are textures of packed pixels (red, green, blue and 255 in one integer), sampled per ray.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt32

from mllm.render.camera import Lens

TEXEL_M = 0.02
"""Edge of a texture cell on the floor."""

TILE_M = 0.64
"""Edge of a tile."""

HORIZON_M = 300.0
"""The floor is drawn up to this depth; beyond it, its last colour continues."""

_BITS = 9
_CELLS = 1 << _BITS  # period of the floor's pattern
_TILE = round(TILE_M / TEXEL_M)
_DIRECTIONS = 1024  # of the skyline
_SHADES = 64  # of the sky, from the horizon up
_BLUR = 1.4  # towards coarser cells, so that distant tiles do not flicker
_SKY_STEEPNESS = 1.2  # height over distance of the sky's last shade

Packed = UInt32[np.ndarray, "..."]


class Surroundings(NamedTuple):
    """Textures of a scene."""

    floor: UInt32[np.ndarray, " cells"]
    """Ten versions of the pattern, each at half the resolution of the previous."""
    skyline: Float[np.ndarray, " directions"]
    """Height over distance of the hills in each direction."""
    hills: UInt32[np.ndarray, " directions"]
    sky: UInt32[np.ndarray, " shades"]


class Ground(NamedTuple):
    """A picture of floor and sky, and the points of the floor under its pixels."""

    picture: UInt32[np.ndarray, "size size"]
    floor_from_row: int
    x_m: Float[np.ndarray, "rows size"]
    """Of rows with floor, from `floor_from_row` down."""
    z_m: Float[np.ndarray, "rows size"]


def packed(colours: Float[np.ndarray, "... 3"]) -> Packed:
    """Shares of red, green and blue, packed into one integer per pixel.

    >>> packed(np.array([[1.0, 0.0, 0.0]])).view(np.uint8).tolist()
    [255, 0, 0, 255]
    """
    pixels = np.full((*colours.shape[:-1], 4), 255, np.uint8)
    pixels[..., :3] = np.clip(colours * 255 + 0.5, 0, 255)
    return pixels.view(np.uint32)[..., 0]


def surroundings(draw: np.random.Generator) -> Surroundings:
    """Textures drawn at random, in muted colours that make people stand out."""
    pattern = _pattern(draw)
    floor = np.zeros((_BITS + 1, _CELLS, _CELLS), np.uint32)
    for level in range(_BITS + 1):
        size = _CELLS >> level
        floor[level, :size, :size] = packed(pattern)
        if level < _BITS:
            pattern = pattern.reshape(size // 2, 2, size // 2, 2, 3).mean(axis=(1, 3))
    skyline, hills = _skyline(draw)
    tint = np.array([0.62, 0.76, 0.90]) + draw.uniform(-0.06, 0.06, 3)
    share = np.linspace(0.0, 1.0, _SHADES)[:, None]
    sky = packed((1 - share) * np.clip(tint + 0.22, 0, 0.96) + share * tint * 0.85)
    return Surroundings(floor.reshape(-1), skyline, hills, sky)


def _pattern(draw: np.random.Generator) -> Float[np.ndarray, "cells cells 3"]:
    tiles = _CELLS // _TILE
    tone = 0.58 + draw.uniform(-0.06, 0.06, 3)
    checks = np.indices((tiles, tiles)).sum(axis=0) % 2
    shade = np.where(checks, 1.10, 0.88) * draw.uniform(0.92, 1.08, (tiles, tiles))
    colours = tone * shade[..., None]
    pattern = np.repeat(np.repeat(colours, _TILE, axis=0), _TILE, axis=1)
    middle = (np.arange(_TILE) - 0.5 * (_TILE - 1)) / _TILE
    across, down = np.meshgrid(middle, middle)
    marks = (
        np.hypot(across, down) < 0.30,
        np.abs(across) + np.abs(down) < 0.36,
        np.minimum(np.abs(across), np.abs(down)) < 0.09,
        np.abs(across - down) < 0.14,
    )
    for row, column in np.argwhere(draw.random((tiles, tiles)) < 0.10):
        mark = marks[int(draw.integers(len(marks)))]
        colour = tone * draw.uniform(0.45, 1.35, 3)
        pattern[row * _TILE :, column * _TILE :][:_TILE, :_TILE][mark] = colour
    pattern[::_TILE] *= 0.72
    pattern[:, ::_TILE] *= 0.72
    return np.clip(pattern, 0, 1)


def _skyline(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    angle = np.linspace(-np.pi, np.pi, _DIRECTIONS, endpoint=False)
    height = np.full(_DIRECTIONS, 0.05)
    for waves in range(2, 9):
        size = draw.uniform(0, 0.05) / waves**0.5
        height += size * np.cos(waves * angle + draw.uniform(0, 2 * np.pi))
    colours = np.tile([0.44, 0.55, 0.44], (_DIRECTIONS, 1))
    for _ in range(22):  # houses, which make small turns of the camera visible
        first, width = int(draw.integers(_DIRECTIONS)), int(draw.integers(12, 40))
        house = np.arange(first, first + width) % _DIRECTIONS
        height[house] = draw.uniform(0.08, 0.24)
        colours[house] = 0.62 + draw.uniform(-0.16, 0.16, 3)
    return np.maximum(height, 0.02).astype(np.float32), packed(colours)


def ground(
    scene: Surroundings,
    lens: Lens,
    position_m: Float[np.ndarray, "3"],
    world_from_camera: Float[np.ndarray, "3 3"],
) -> Ground:
    """Floor and sky as seen by a camera; the floor is the plane at height 0.

    >>> down = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    >>> seen = ground(
    ...     surroundings(np.random.default_rng(0)), Lens(9, 9.0), np.array([0.0, 2.0, 0.0]), down
    ... )
    >>> seen.floor_from_row, round(float(seen.x_m[4, 8]), 3)
    (0, 0.889)
    """
    offsets = ((np.arange(lens.size_px) - lens.centre_px) / lens.focal_px).astype(np.float32)
    turned = world_from_camera.astype(np.float32)
    across = turned[:, 0, None] * offsets
    downs = turned[:, 1, None] * offsets + turned[:, 2, None]
    rise = across[1] + downs[1, :, None]
    lowest, highest = rise.min(axis=1), rise.max(axis=1)
    height = max(float(position_m[1]), 0.05)
    shallow = np.float32(-height / HORIZON_M)
    floor_rows, sky_rows = np.flatnonzero(lowest < 0), np.flatnonzero(highest >= 0)
    first = int(floor_rows[0]) if len(floor_rows) else lens.size_px
    end = int(sky_rows[-1]) + 1 if len(sky_rows) else 0
    depth_m = np.float32(-height) / np.minimum(rise[first:], shallow)
    x_m = (across[0] + downs[0, first:, None]) * depth_m + np.float32(position_m[0])
    z_m = (across[2] + downs[2, first:, None]) * depth_m + np.float32(position_m[2])
    picture = np.empty((lens.size_px, lens.size_px), np.uint32)
    picture[first:] = _floor_pixels(scene, x_m, z_m, depth_m, height * lens.focal_px)
    x, _, z = across[:, None] + downs[:, :end, None]
    above = _sky_pixels(scene, x, z, rise[:end])
    picture[:first] = above[:first]
    if end > first:
        picture[first:end] = np.where(rise[first:end] < 0, picture[first:end], above[first:])
    return Ground(picture, first, x_m, z_m)


def _floor_pixels(
    scene: Surroundings, x_m: np.ndarray, z_m: np.ndarray, depth_m: np.ndarray, sharpness: float
) -> UInt32[np.ndarray, "rows size"]:
    """Cells of the pattern's version whose cells match a pixel's footprint on the floor."""
    per_cell = np.float32(1 / TEXEL_M)
    covered = depth_m * depth_m * np.float32(_BLUR / (sharpness * TEXEL_M))
    level = (covered.view(np.int32) >> 23) - 127  # the exponent is the whole part of log2
    np.clip(level, 0, _BITS, out=level)
    # the offset is a multiple of the period and makes all indices positive
    column = (x_m * per_cell + np.float32(1 << 16)).astype(np.int32) & (_CELLS - 1)
    row = (z_m * per_cell + np.float32(1 << 16)).astype(np.int32) & (_CELLS - 1)
    cell = ((level << _BITS) + (row >> level) << _BITS) + (column >> level)
    return scene.floor.take(cell)


def _sky_pixels(
    scene: Surroundings, x: np.ndarray, z: np.ndarray, rise: np.ndarray
) -> UInt32[np.ndarray, "rows size"]:
    per_rad = np.float32(_DIRECTIONS / (2 * np.pi))
    direction = (np.arctan2(x, z) * per_rad + np.float32(_DIRECTIONS)).astype(np.int32)
    direction &= _DIRECTIONS - 1
    steepness = rise / np.sqrt(x * x + z * z)
    shade = (steepness * np.float32(_SHADES / _SKY_STEEPNESS)).astype(np.int32)
    sky = scene.sky.take(np.clip(shade, 0, _SHADES - 1))
    return np.where(steepness < scene.skyline.take(direction), scene.hills.take(direction), sky)
