"""`Scene`: floor, sky, light and static things around the people of a video."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from mllm.render.ground import Surroundings, surroundings
from mllm.render.solids import Solids, joined

CLEARANCE_M = 0.9
"""Least distance between a thing and anybody's path."""

CAMERA_CLEARANCE_M = 2.2
"""Least distance between a thing and the camera."""

SIGHT_M = 0.45
"""Least distance between a thing and the lines from the camera to the people."""

REACH_M = (1.3, 5.0)
"""Range of distances between things and the people's paths."""

_ATTEMPTS = 400
_PAINTS = (
    (0.88, 0.10, 0.14), (0.10, 0.35, 0.85), (0.95, 0.80, 0.10), (0.12, 0.62, 0.30),
    (0.60, 0.15, 0.65), (0.95, 0.50, 0.10), (0.05, 0.65, 0.70), (0.95, 0.45, 0.65),
)  # fmt: skip
_WHITE = (0.95, 0.95, 0.93)


class Landmark(NamedTuple):
    """A static thing: its name, its position on the floor (x, z) and its solids."""

    words: str
    place_m: Float[np.ndarray, "2"]
    solids: Solids


class Scene(NamedTuple):
    """Everything except people and camera."""

    surroundings: Surroundings
    landmarks: tuple[Landmark, ...]
    light: Float[np.ndarray, "3"]
    """Direction towards the light."""
    warmth: Float[np.ndarray, "3"]
    """Colour of the light."""


def scene(
    draw: np.random.Generator,
    *,
    ways_m: Float[np.ndarray, "places 2"],
    cameras_m: Float[np.ndarray, "frames 2"],
    targets_m: Float[np.ndarray, "frames 2"],
    things: int,
) -> Scene:
    """A scene drawn at random, in which things neither block people's paths nor hide people.

    `ways_m` are points of the people's paths on the floor (x, z). `cameras_m` and `targets_m` are
    the camera and its target in each frame.

    >>> made = scene(
    ...     np.random.default_rng(0), ways_m=np.zeros((1, 2)), cameras_m=np.array([[0.0, 5.0]]),
    ...     targets_m=np.zeros((1, 2)), things=5,
    ... )
    >>> len(made.landmarks)
    5
    """
    around = surroundings(draw)
    bearing, steepness = draw.uniform(-np.pi, np.pi), draw.uniform(0.75, 1.15)
    light = np.array([np.sin(bearing), 1.4 * steepness, np.cos(bearing)])
    warmth = np.array([1.0, 0.98, 0.95]) + draw.uniform(-0.05, 0.05, 3)
    paints = draw.permutation(len(_PAINTS))
    landmarks: list[Landmark] = []
    for _ in range(_ATTEMPTS):
        if len(landmarks) == things:
            break
        anchor = ways_m[int(draw.integers(len(ways_m)))]
        angle, away_m = draw.uniform(-np.pi, np.pi), draw.uniform(*REACH_M)
        place_m = anchor + away_m * np.array([np.sin(angle), np.cos(angle)])
        others_m = [landmark.place_m for landmark in landmarks]
        if _is_free(place_m, ways_m, cameras_m, targets_m, others_m):
            number = len(landmarks)
            paint = _PAINTS[int(paints[number % len(_PAINTS)])]
            landmarks.append(_KINDS[number % len(_KINDS)](draw, place_m, paint))
    return Scene(around, tuple(landmarks), light / np.linalg.norm(light), warmth)


def _is_free(
    place_m: np.ndarray,
    ways_m: np.ndarray,
    cameras_m: np.ndarray,
    targets_m: np.ndarray,
    others_m: list[np.ndarray],
) -> bool:
    if np.hypot(*(ways_m - place_m).T).min() < CLEARANCE_M:
        return False
    if np.hypot(*(cameras_m - place_m).T).min() < CAMERA_CLEARANCE_M:
        return False
    if others_m and np.hypot(*(np.array(others_m) - place_m).T).min() < CLEARANCE_M:
        return False
    return float(from_sight(place_m, cameras_m, targets_m).min()) >= SIGHT_M


def from_sight(
    places_m: Float[np.ndarray, "*frames 2"],
    cameras_m: Float[np.ndarray, "frames 2"],
    targets_m: Float[np.ndarray, "frames 2"],
) -> Float[np.ndarray, " frames"]:
    """Distances of points on the floor from the lines between cameras and their targets.

    >>> from_sight(np.array([1.0, 2.0]), np.array([[0.0, 0.0]]), np.array([[0.0, 5.0]])).tolist()
    [1.0]
    """
    sight = targets_m - cameras_m
    squared = np.maximum((sight * sight).sum(axis=1), 1e-6)
    share = np.clip(((places_m - cameras_m) * sight).sum(axis=1) / squared, 0, 1)
    nearest = cameras_m + share[:, None] * sight
    return np.hypot(*(nearest - places_m).T)


def _standing(rows: list[tuple[object, ...]], place_m: np.ndarray) -> Solids:
    """Solids of (start, end, radii, colour, second colour, bands) around a point of the floor."""
    starts, ends, first, second, colours, others, bands = zip(*rows, strict=True)
    at = np.array([place_m[0], 0.0, place_m[1]])
    return Solids(
        np.array(starts) + at, np.array(ends) + at, np.array(first, float),
        np.array(second, float), np.array(colours), np.array(others), np.array(bands),
    )  # fmt: skip


def _post(draw: np.random.Generator, place_m: np.ndarray, paint: tuple[float, ...]) -> Landmark:
    height = float(draw.uniform(1.2, 2.2))
    foot = ((0, 0.0, 0), (0, 0.03, 0), 0.16, 0.14, (0.3, 0.3, 0.32), (0.3, 0.3, 0.32), 1)
    pole = ((0, 0.0, 0), (0, height, 0), 0.07, 0.07, paint, _WHITE, 6)
    return Landmark("post", place_m, _standing([foot, pole], place_m))


def _cone(draw: np.random.Generator, place_m: np.ndarray, paint: tuple[float, ...]) -> Landmark:
    height = float(draw.uniform(0.45, 0.75))
    body = ((0, 0.05, 0), (0, height, 0), 0.19, 0.03, paint, _WHITE, 3)
    return Landmark("cone", place_m, _standing([body], place_m))


def _ball(draw: np.random.Generator, place_m: np.ndarray, paint: tuple[float, ...]) -> Landmark:
    radius = float(draw.uniform(0.16, 0.30))
    body = ((0, radius, 0), (0, radius, 0), radius, radius, paint, paint, 1)
    return Landmark("ball", place_m, _standing([body], place_m))


def _bench(draw: np.random.Generator, place_m: np.ndarray, paint: tuple[float, ...]) -> Landmark:
    angle = draw.uniform(-np.pi, np.pi)
    x, z = 0.5 * np.sin(angle), 0.5 * np.cos(angle)
    seat = ((-x, 0.42, -z), (x, 0.42, z), 0.10, 0.10, paint, paint, 1)
    legs = [
        ((side * x, 0.0, side * z), (side * x, 0.40, side * z), 0.05, 0.05, _WHITE, _WHITE, 1)
        for side in (-0.8, 0.8)
    ]
    return Landmark("bench", place_m, _standing([seat, *legs], place_m))


_KINDS = (_post, _cone, _ball, _post, _bench, _cone)


def all_solids(landmarks: tuple[Landmark, ...]) -> Solids | None:
    """The solids of all things together; None if there is no thing."""
    return joined([landmark.solids for landmark in landmarks]) if landmarks else None
