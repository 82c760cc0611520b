"""Camera paths: static, orbiting, handheld, following. Everybody stays in the picture."""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from mllm.render.camera import Lens, Poses, looking, project

CameraKind = Literal["static", "orbit", "handheld", "follow"]
"""Kinds of camera movement."""

KINDS: tuple[CameraKind, ...] = get_args(CameraKind)

MARGIN = 0.07
"""Share of the picture kept free at every edge."""

NEAREST_M, FARTHEST_M = 2.2, 40.0
"""Range of distances between a camera and its target."""

STEP = 1.06
"""Factor by which a camera moves back until everybody is in the picture."""

FOLLOWING_S = 0.6
"""Standard deviation of the smoothing of a following camera's targets."""


class Shot(NamedTuple):
    """A lens and the camera's poses."""

    lens: Lens
    poses: Poses


def shoot(
    points_m: Float[np.ndarray, "frames points 3"],
    times_s: Float[np.ndarray, " frames"],
    *,
    kind: CameraKind,
    size_px: int,
    draw: np.random.Generator,
) -> Shot:
    """A shot of the given points, above a floor at height 0.

    >>> points_m = np.array([[[0.0, 0.1, 0.0], [0.0, 1.7, 0.0]]])
    >>> shot = shoot(
    ...     points_m, np.zeros(1), kind="static", size_px=128, draw=np.random.default_rng(0)
    ... )
    >>> bool((project(shot.poses, shot.lens, points_m) < 128).all())
    True
    """
    fov_rad = math.radians(draw.uniform(38, 52))
    lens = Lens(size_px, 0.5 * size_px / math.tan(0.5 * fov_rad))
    if kind not in KINDS:
        raise ValueError(f"camera: {kind!r}; expected one of {', '.join(KINDS)}")
    posed = _MAKERS[kind](points_m, times_s, draw)
    distance_m = NEAREST_M
    while distance_m < FARTHEST_M and not _holds(posed(distance_m), lens, points_m):
        distance_m *= STEP
    return Shot(lens, posed(distance_m))


AtDistance = Callable[[float], Poses]


def _holds(poses: Poses, lens: Lens, points_m: np.ndarray) -> bool:
    """Whether all points are in the picture, away from its edges."""
    shares = project(poses, lens, points_m) / (lens.size_px - 1)
    return bool(((shares > MARGIN) & (shares < 1 - MARGIN)).all())


def _around(
    targets_m: Float[np.ndarray, "frames 3"],
    bearings_rad: Float[np.ndarray, " frames"],
    rise_rad: float,
) -> AtDistance:
    """Poses at a distance from targets, in the directions of bearings and a rise."""
    level, up = math.cos(rise_rad), math.sin(rise_rad)
    x, z = level * np.sin(bearings_rad), level * np.cos(bearings_rad)
    away = np.stack([x, np.full_like(x, up), z], axis=1)
    return lambda distance_m: looking(targets_m + distance_m * away, targets_m)


def _middle(points_m: np.ndarray) -> Float[np.ndarray, "frames 3"]:
    """The middle of the box around all points of all frames, repeated for each frame."""
    low, high = points_m.min(axis=(0, 1)), points_m.max(axis=(0, 1))
    return np.tile(0.5 * (low + high), (len(points_m), 1))


def _draw_view(draw: np.random.Generator) -> tuple[float, float]:
    """A bearing and a rise."""
    return draw.uniform(-math.pi, math.pi), math.radians(draw.uniform(6, 24))


def _static(points_m: np.ndarray, times_s: np.ndarray, draw: np.random.Generator) -> AtDistance:
    bearing_rad, rise_rad = _draw_view(draw)
    return _around(_middle(points_m), np.full(len(times_s), bearing_rad), rise_rad)


def _orbit(points_m: np.ndarray, times_s: np.ndarray, draw: np.random.Generator) -> AtDistance:
    bearing_rad, rise_rad = _draw_view(draw)
    turn_rad = math.radians(draw.uniform(60, 140)) * draw.choice([-1.0, 1.0])
    share = (times_s - times_s[0]) / max(times_s[-1] - times_s[0], 1e-6)
    return _around(_middle(points_m), bearing_rad + turn_rad * (share - 0.5), rise_rad)


def _follow(points_m: np.ndarray, times_s: np.ndarray, draw: np.random.Generator) -> AtDistance:
    bearing_rad, rise_rad = _draw_view(draw)
    targets_m = _smoothed(points_m.mean(axis=1), times_s)
    targets_m[:, 1] = _middle(points_m)[:, 1]
    return _around(targets_m, np.full(len(times_s), bearing_rad), rise_rad)


def _handheld(points_m: np.ndarray, times_s: np.ndarray, draw: np.random.Generator) -> AtDistance:
    bearing_rad, rise_rad = _draw_view(draw)
    middle_m = _middle(points_m)
    watched_m = 0.5 * middle_m + 0.5 * _smoothed(points_m.mean(axis=1), times_s)
    watched_m[:, 1] = middle_m[:, 1]
    steady = _around(middle_m, np.full(len(times_s), bearing_rad), rise_rad)
    shakes = [_shake(times_s, draw) for _ in range(7)]
    moved_m = 0.05 * np.stack(shakes[:3], axis=1)
    rolls_rad = math.radians(1.5) * shakes[6]

    def poses(distance_m: float) -> Poses:
        aimed_m = watched_m + 0.016 * distance_m * np.stack(shakes[3:6], axis=1)
        places_m = steady(distance_m).positions_m + moved_m
        return looking(places_m, aimed_m, rolls_rad=rolls_rad)

    return poses


def _smoothed(track_m: Float[np.ndarray, "frames 3"], times_s: np.ndarray) -> np.ndarray:
    rate_hz = (len(times_s) - 1) / max(times_s[-1] - times_s[0], 1e-6)
    return gaussian_filter1d(track_m, max(FOLLOWING_S * rate_hz, 1e-3), axis=0, mode="nearest")


def _shake(times_s: np.ndarray, draw: np.random.Generator) -> Float[np.ndarray, " frames"]:
    """Slow drift and faster tremor of a hand, between about -1 and 1."""
    shake = np.zeros(len(times_s))
    for rate_hz, size in ((0.25, 0.45), (0.6, 0.3), (1.3, 0.16), (2.9, 0.09)):
        rate_hz *= draw.uniform(0.8, 1.25)
        shake += size * np.sin(2 * np.pi * (rate_hz * times_s + draw.random()))
    return shake


_MAKERS: dict[CameraKind, Callable[[np.ndarray, np.ndarray, np.random.Generator], AtDistance]] = {
    "static": _static,
    "orbit": _orbit,
    "handheld": _handheld,
    "follow": _follow,
}
