"""Motions with trackers' errors: drift, wrong scale and heading, jitter, gaps, swapped sides.

All copies of a motion are computed together. Random numbers depend only on the seed, the motion's
clip and person, and the kind of error: a copy does not depend on the number of copies, nor an error
on the sizes of others. Noise is drawn on knots in time or along the path and is smooth in between,
so that the errors are the same at any frame rate.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.errors.error_models import ErrorModel, checked
from kinematics.motion import Motion, assembled
from kinematics.skeleton import Skeleton, mirror_pairs
from kinematics.synthetic import generator

WALK_STEP_S: float = 0.5
"""Time between knots of the heading's random walk."""

PATH_STEP_S: float = 0.5
"""The path is measured in steps of this time, which excludes sway and jitter."""

SLOT_S: float = 0.25
"""At most one gap or swap begins in each stretch of this time."""

SHAKE_STEP_S: float = 1 / 30
"""Time between knots of the shaking: the frame step of published jitter."""

_EVEN = math.sqrt(12 / (256**2 - 1))
_LEG_WORDS = ("hip", "leg", "thigh", "knee", "shin", "ankle", "foot", "toe", "heel")

Copies = Float[np.ndarray, "copies frames 3"]


class _Draw(NamedTuple):
    """Random numbers from one generator per kind of error; the first axis is copies."""

    seed: int
    clip: str
    person: int
    copies: int

    def normal(self, kind: str, *shape: int) -> Float[np.ndarray, "copies ..."]:
        return self._generator(kind).standard_normal((self.copies, *shape))

    def uniform(self, kind: str, *shape: int) -> Float[np.ndarray, "copies ..."]:
        return self._generator(kind).random((self.copies, *shape))

    def even(self, kind: str, *shape: int) -> Float[np.ndarray, "copies ..."]:
        """Uniform with standard deviation one: by far the fastest to draw."""
        drawn = self._generator(kind).integers(0, 256, (self.copies, *shape), dtype=np.uint8)
        return (drawn.astype(np.float32) - np.float32(127.5)) * np.float32(_EVEN)

    def _generator(self, kind: str) -> np.random.Generator:
        return generator("perturb", self.seed, self.clip, self.person, kind)


def copies(
    motion: Motion, model: ErrorModel, *, count: int = 64, seed: int = 0
) -> tuple[Motion, ...]:
    """Copies of the motion with independent errors; the same seed gives the same bytes.

    Lost frames are unobserved and repeat the last seen value. Cameras are unchanged.

    >>> from kinematics import synthetic
    >>> from kinematics.errors import error_models
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> made = copies(walk, error_models.PRESETS["wham_emdb"], count=3)
    >>> len({copy.positions_m.tobytes() for copy in made})
    3
    """
    if count < 1:
        raise ValueError(f"count: {count}; expected at least 1")
    checked(model)
    draw = _Draw(seed, motion.source.clip, motion.source.person, count)
    times_s = np.asarray(motion.times_s, dtype=np.float64)
    times_s = times_s - times_s[0]
    positions_m = np.asarray(motion.positions_m, dtype=np.float64)
    heading_rad = _heading_walk(model, draw, times_s)
    turns_wxyz = _turns(model, draw, times_s, heading_rad)
    seen = np.asarray(motion.observed) & ~_lost(model, draw, times_s)
    latest = _latest_seen(seen)
    made = {
        "positions_m": _positions(model, draw, times_s, positions_m, heading_rad),
        "orientations_wxyz": rotations_product(turns_wxyz, np.asarray(motion.orientations_wxyz)),
    }
    if motion.joints_m is not None and motion.skeleton is not None:
        offsets_m = np.asarray(motion.joints_m, dtype=np.float64) - positions_m[:, None]
        offsets_m = offsets_m.astype(motion.joints_m.dtype, copy=False)  # small: loses no precision
        moved = _offsets(model, draw, times_s, offsets_m, turns_wxyz, motion.skeleton)
        moved = _swapped(model, draw, times_s, moved, motion.skeleton)
        moved += made["positions_m"][:, :, None].astype(moved.dtype)
        made["joints_m"] = moved
    rows: Int[np.ndarray, "copies 1"] = np.arange(count)[:, None]
    for name, values in made.items():
        held = values if seen.all() else values[rows, latest]
        made[name] = held.astype(getattr(motion, name).dtype, copy=False)
        made[name].setflags(write=False)
    seen.setflags(write=False)
    return tuple(
        assembled(vars(motion) | {"observed": seen[i]} | {n: made[n][i] for n in made})
        for i in range(count)
    )


# Noise


class _Taps(NamedTuple):
    """The knots around each frame, and their weights."""

    first: Int[np.ndarray, " frames"]
    weights: Float[np.ndarray, "taps frames"]

    @property
    def steady(self) -> "_Taps":
        """The weights normalised to keep the standard deviation of white knots everywhere."""
        return self._replace(weights=self.weights / np.sqrt((self.weights**2).sum(axis=0)))


def _splined(times_s: Float[np.ndarray, " frames"], apart_s: float) -> _Taps:
    """Cubic B-splines on knots `apart_s` apart: four knots around each frame."""
    places = times_s / apart_s
    first = np.floor(places).astype(np.int64)
    share = places - first
    rest = 1 - share
    weights = [
        rest**3,
        3 * share**3 - 6 * share**2 + 4,
        3 * rest**3 - 6 * rest**2 + 4,
        share**3,
    ]
    return _Taps(first, np.stack(weights) / 6)


def _straight(times_s: Float[np.ndarray, " frames"], apart_s: float) -> _Taps:
    """Straight lines between knots `apart_s` apart."""
    places = times_s / apart_s
    first = np.floor(places).astype(np.int64)
    share = places - first
    return _Taps(first, np.stack([1 - share, share]))


def _knots(length: float, apart: float) -> int:
    return int(length / apart) + 4


def _smooth(
    knots: Float[np.ndarray, "copies knots *channels"], taps: _Taps
) -> Float[np.ndarray, "copies frames *channels"]:
    """Values between the knots, in the knots' precision."""
    weights = taps.weights.astype(knots.dtype).reshape(
        len(taps.weights), -1, *[1] * (knots.ndim - 2)
    )
    values = weights[0] * np.take(knots, taps.first, axis=1)
    for tap in range(1, len(weights)):
        more = np.take(knots, taps.first + tap, axis=1)
        more *= weights[tap]
        values += more
    return values


def _noise(
    draw: _Draw, kind: str, times_s: Float[np.ndarray, " frames"], apart_s: float, *channels: int
) -> Float[np.ndarray, "copies frames *channels"]:
    """Smooth noise of standard deviation one with knots `apart_s` apart."""
    knots = draw.normal(kind, _knots(times_s[-1], apart_s), *channels)
    return _smooth(knots, _splined(times_s, apart_s).steady)


def _shakes(times_s: Float[np.ndarray, " frames"]) -> int:
    return int(times_s[-1] / SHAKE_STEP_S) + 2


# Positions and headings


def _heading_walk(
    model: ErrorModel, draw: _Draw, times_s: Float[np.ndarray, " frames"]
) -> Float[np.ndarray, "copies frames"]:
    """A random walk that starts at zero."""
    if not model.heading_walk_rad_per_sqrt_s:
        return np.zeros((draw.copies, len(times_s)))
    steps = draw.normal("heading walk", _knots(times_s[-1], WALK_STEP_S))
    size = model.heading_walk_rad_per_sqrt_s * np.sqrt(WALK_STEP_S)
    walk = _smooth(size * np.cumsum(steps, axis=1), _splined(times_s, WALK_STEP_S))
    return walk - walk[:, :1]


def _positions(
    model: ErrorModel,
    draw: _Draw,
    times_s: Float[np.ndarray, " frames"],
    positions_m: Float[np.ndarray, "frames 3"],
    heading_rad: Float[np.ndarray, "copies frames"],
) -> Copies:
    """The root's track with errors: turned step by step, scaled, with drift and jitter."""
    ground = positions_m[:, 2] + 1j * positions_m[:, 0]  # a heading is this number's angle
    middle_rad = 0.5 * (heading_rad[:, 1:] + heading_rad[:, :-1])
    walked = np.cumsum(np.diff(ground) * np.exp(1j * middle_rad), axis=1)
    moved = np.zeros((draw.copies, *positions_m.shape))
    moved[:, 1:, 0], moved[:, 1:, 2] = walked.imag, walked.real
    moved[..., 1] = positions_m[:, 1] - positions_m[0, 1]
    moved *= np.exp(model.scale_share * draw.normal("scale", 1, 1))
    moved += _drift(model, draw, times_s, positions_m)
    if model.jitter_m:
        moved += model.jitter_m * _noise(draw, "jitter", times_s, model.jitter_time_s, 3)
    if model.shake_m:
        shaken = draw.even("shake", _shakes(times_s), 3)
        moved += model.shake_m * _smooth(shaken, _straight(times_s, SHAKE_STEP_S).steady)
    return moved + positions_m[0]


def _drift(
    model: ErrorModel,
    draw: _Draw,
    times_s: Float[np.ndarray, " frames"],
    positions_m: Float[np.ndarray, "frames 3"],
) -> Copies:
    """The error that accumulates along the path."""
    sizes = np.array([model.drift_share, model.drift_up_share, model.drift_share])
    if not sizes.any():
        return np.zeros((draw.copies, *positions_m.shape))
    path_m = walked_m(times_s, positions_m)
    knots = draw.normal("drift", _knots(path_m[-1], model.drift_length_m), 3)
    middles_m = 0.5 * (path_m[1:] + path_m[:-1])
    pace = sizes * _smooth(knots, _splined(middles_m, model.drift_length_m).steady)
    drift_m = np.zeros((draw.copies, *positions_m.shape))
    drift_m[:, 1:] = np.cumsum(pace * np.diff(path_m)[:, None], axis=1)
    return drift_m


def walked_m(
    times_s: Float[np.ndarray, " frames"], positions_m: Float[np.ndarray, "frames 3"]
) -> Float[np.ndarray, " frames"]:
    """Length of the ground path up to each frame, measured in steps of half a second.

    >>> to_and_fro = np.array([[0.0, 0, 0], [0.1, 0, 0], [0, 0, 0], [0.1, 0, 0], [0, 0, 0]])
    >>> float(walked_m(np.arange(5) / 4, to_and_fro)[-1])
    0.0
    """
    count = max(2, round(float(times_s[-1] - times_s[0]) / PATH_STEP_S) + 1)
    marks_s = np.linspace(times_s[0], times_s[-1], count)
    x, z = (np.interp(marks_s, times_s, positions_m[:, axis]) for axis in (0, 2))
    path_m = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(z)))])
    return np.interp(times_s, marks_s, path_m)


# Orientations and joints


def _turns(
    model: ErrorModel,
    draw: _Draw,
    times_s: Float[np.ndarray, " frames"],
    heading_rad: Float[np.ndarray, "copies frames"],
) -> Float[np.ndarray, "copies frames 4"]:
    """The turn of each frame's body in the world: heading, its offset, and jitter."""
    offset_rad = model.heading_offset_rad * draw.normal("heading offset", 1)
    half = 0.5 * (heading_rad + offset_rad)
    zero = np.zeros_like(half)
    yaw = np.stack([np.cos(half), zero, np.sin(half), zero], axis=-1)
    if not model.jitter_rad:
        return yaw
    vector = model.jitter_rad * _noise(draw, "turn jitter", times_s, model.jitter_time_s, 3)
    angle = np.sqrt((vector**2).sum(axis=-1, keepdims=True))
    shaken = np.concatenate([np.cos(angle / 2), 0.5 * np.sinc(angle / (2 * np.pi)) * vector], -1)
    return rotations_product(yaw, shaken)


def rotations_product(
    left_wxyz: Float[np.ndarray, "*batch 4"], right_wxyz: Float[np.ndarray, "*rows 4"]
) -> Float[np.ndarray, "*batch 4"]:
    """The Hamilton product: the rotation `right` followed by `left`.

    >>> half_turn = np.array([0.0, 0.0, 1.0, 0.0])
    >>> rotations_product(half_turn, half_turn).tolist()
    [-1.0, 0.0, 0.0, 0.0]
    """
    w, x, y, z = np.moveaxis(left_wxyz, -1, 0)
    a, b, c, d = np.moveaxis(right_wxyz, -1, 0)
    return np.stack(
        [
            w * a - x * b - y * c - z * d,
            w * b + x * a + y * d - z * c,
            w * c - x * d + y * a + z * b,
            w * d + x * c - y * b + z * a,
        ],
        axis=-1,
    )


def rotated(
    wxyz: Float[np.ndarray, "*batch 4"], vectors: Float[np.ndarray, "*rows 3"]
) -> Float[np.ndarray, "*all 3"]:
    """Rotated vectors; leading shapes are broadcast.

    >>> rotated(np.array([0.0, 0.0, 1.0, 0.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [-1.0, 2.0, -3.0]
    """
    w, x, y, z = np.moveaxis(wxyz, -1, 0)
    a, b, c = np.moveaxis(vectors, -1, 0)
    across, up, ahead = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return np.stack(
        [
            a + w * across + y * ahead - z * up,
            b + w * up + z * across - x * ahead,
            c + w * ahead + x * up - y * across,
        ],
        axis=-1,
    )


def _offsets(
    model: ErrorModel,
    draw: _Draw,
    times_s: Float[np.ndarray, " frames"],
    offsets_m: Float[np.ndarray, "frames joints 3"],
    turns_wxyz: Float[np.ndarray, "copies frames 4"],
    skeleton: Skeleton,
) -> Float[np.ndarray, "copies frames joints 3"]:
    """Joints relative to the root: turned with the body, scaled, and with noise.

    Computed copy by copy, so that a copy's data stays in the CPU's cache.
    """
    made = np.empty((draw.copies, *offsets_m.shape), dtype=offsets_m.dtype)
    scales = np.exp(model.body_scale_share * draw.normal("body scale"))
    left, up, ahead = np.ascontiguousarray(np.moveaxis(offsets_m, -1, 0))
    noises = list(_joint_noises(model, draw, times_s, offsets_m, skeleton))
    for copy, turn_wxyz in enumerate(turns_wxyz):
        turned = (turn_wxyz * np.sqrt(scales[copy])).astype(offsets_m.dtype)
        for axis, (a, b, c) in enumerate(_matrix(turned)):
            made[copy, :, :, axis] = a * left + b * up + c * ahead
        for knots, taps in noises:
            made[copy] += _smooth(knots[copy : copy + 1], taps)[0]
    return made


class _Knots(NamedTuple):
    values: Float[np.ndarray, "copies knots joints 3"]
    taps: _Taps


def _joint_noises(
    model: ErrorModel,
    draw: _Draw,
    times_s: Float[np.ndarray, " frames"],
    offsets_m: Float[np.ndarray, "frames joints 3"],
    skeleton: Skeleton,
) -> Iterator[_Knots]:
    """Noise of the single joints, scaled by the model, on its knots."""
    drawn = []
    if model.joint_jitter_m:
        count = _knots(times_s[-1], model.jitter_time_s)
        knots = model.joint_jitter_m * draw.normal("joint jitter", count, *offsets_m.shape[1:])
        drawn.append((knots, _splined(times_s, model.jitter_time_s)))
    if model.shake_m:
        knots = draw.even("joint shake", _shakes(times_s), *offsets_m.shape[1:])
        knots *= np.float32(model.shake_m)
        drawn.append((knots, _straight(times_s, SHAKE_STEP_S)))
    for knots, taps in drawn:
        knots[:, :, list(skeleton.points[0])] = 0.0  # the pelvis stays at the root
        yield _Knots(knots.astype(offsets_m.dtype, copy=False), taps.steady)


def _matrix(
    wxyz: Float[np.ndarray, "frames 4"],
) -> tuple[tuple[Float[np.ndarray, "frames 1"], ...], ...]:
    """The rows of rotation matrices, times the squared length of the quaternions."""
    w, x, y, z = np.moveaxis(wxyz, -1, 0)[..., None]
    return (
        (w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z),
    )


# Lost frames and exchanged sides


class _Episode(NamedTuple):
    copy: int
    frames: slice
    slot: int


def _episodes(
    draw: _Draw, kind: str, times_s: Float[np.ndarray, " frames"], per_min: float, mean_s: float
) -> list[_Episode]:
    """Stretches of frames with random starts and exponential durations."""
    if not per_min:
        return []
    slots = int(times_s[-1] / SLOT_S) + 1
    chance, offset, length = np.moveaxis(draw.uniform(kind, slots, 3), -1, 0)
    episodes = []
    for copy, slot in np.argwhere(chance < 1 - np.exp(-per_min / 60 * SLOT_S)):
        start_s = (slot + offset[copy, slot]) * SLOT_S
        end_s = start_s - mean_s * np.log1p(-length[copy, slot])
        first, last = np.searchsorted(times_s, [start_s, end_s])
        episodes.append(_Episode(int(copy), slice(int(first), int(last)), int(slot)))
    return episodes


def _lost(
    model: ErrorModel, draw: _Draw, times_s: Float[np.ndarray, " frames"]
) -> Bool[np.ndarray, "copies frames"]:
    lost = draw.uniform("dropouts", len(times_s)) < model.dropout_share
    for episode in _episodes(draw, "gaps", times_s, model.gaps_per_min, model.gap_s):
        lost[episode.copy, episode.frames] = True
    return lost


def _latest_seen(seen: Bool[np.ndarray, "copies frames"]) -> Int[np.ndarray, "copies frames"]:
    """Index of the latest seen frame up to each frame; before the first seen frame, that frame."""
    frames = np.arange(seen.shape[1])
    latest = np.maximum.accumulate(np.where(seen, frames, -1), axis=1)
    return np.where(latest < 0, np.argmax(seen, axis=1)[:, None], latest)


def of_the_legs(joint: str) -> bool:
    """Whether a joint belongs to a leg, by its name.

    >>> of_the_legs("LeftUpLeg"), of_the_legs("left_elbow")
    (True, False)
    """
    return any(word in joint.lower() for word in _LEG_WORDS)


def _swapped(
    model: ErrorModel,
    draw: _Draw,
    times_s: Float[np.ndarray, " frames"],
    offsets_m: Float[np.ndarray, "copies frames joints 3"],
    skeleton: Skeleton,
) -> Float[np.ndarray, "copies frames joints 3"]:
    """The joints with episodes of exchanged left and right legs, or of the other limbs."""
    episodes = _episodes(draw, "swaps", times_s, model.swaps_per_min, model.swap_s)
    if not episodes:
        return offsets_m
    pairs = mirror_pairs(skeleton.joints)
    legs = draw.uniform("swapped limbs", int(times_s[-1] / SLOT_S) + 1) < 0.5
    for copy, frames, slot in episodes:
        for left, right in pairs:
            if of_the_legs(skeleton.joints[left]) == legs[copy, slot]:
                both = offsets_m[copy, frames][:, [right, left]]
                offsets_m[copy, frames, left] = both[:, 0]
                offsets_m[copy, frames, right] = both[:, 1]
    return offsets_m
