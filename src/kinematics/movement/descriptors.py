"""Motion of body parts: path, speed, direction, joint angle, relation to other parts, cycles.

Parts are described in body coordinates, so walking moves no trunk and turning moves no arm. All
quantities come from lightly smoothed points; speeds that the tracker's jitter alone would explain
do not count as movement. The same code measures 3D joints in metres and 2D keypoints in torso
lengths. The module is long because all parts and quantities share one pass over the tracks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from math import isnan
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from kinematics.facts import PartFacts
from kinematics.geometry import kernels, masked, rotation
from kinematics.movement import repetition
from kinematics.parts import (
    BESIDE_M,
    DIRECTIONS,
    JITTER_GATE,
    LONGEST_STEP_S,
    PARTS,
    SMOOTHING_S,
    SWING_JITTERS,
    TORSO_M,
    Part,
)
from kinematics.skeleton import POINTS, Skeleton

_TAPS = 4
"""Most frames on either side in the smoothing window."""

_BALANCE = 0.1
"""A window is one-sided if its mean time is off its frame by more than this share of its spread."""


class PartMotion(NamedTuple):
    """`PartFacts` of all `PARTS` as arrays; 0 where a quantity does not apply or was not seen.

    Lengths are in metres from `describe`, in torso lengths from `from_keypoints`.
    """

    displacement: Float[Array, " parts"]
    path: Float[Array, " parts"]
    mean_speed: Float[Array, " parts"]
    peak_speed: Float[Array, " parts"]
    directions: Float[Array, "parts 6"]
    angle_range_rad: Float[Array, " parts"]
    least_distance: Float[Array, " parts"]
    greatest_distance: Float[Array, " parts"]
    near_share: Float[Array, " parts"]
    approach: Float[Array, " parts"]
    above_share: Float[Array, " parts"]
    front_share: Float[Array, " parts"]
    """NaN where depth is unknown."""
    repetitions: Float[Array, " parts"]
    period_s: Float[Array, " parts"]
    coverage: Float[Array, " parts"]


# The static layout: the rows of the point arrays that each quantity uses. Several parts share a
# track (a hand moves relative to the chest both as an upper limb and as a hand near the body).
_SLOPED = (
    *("pelvis", "chest", "neck", "head", "left_wrist", "right_wrist"),
    *("left_ankle", "right_ankle", "left_knee", "right_knee"),
)
_ROWS = (
    *_SLOPED,
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_hip", "right_hip"),
)
"""The points of all parts; those whose velocity is needed come first."""
_ROW = {name: i for i, name in enumerate((*_ROWS, "up"))}
_COLUMNS = tuple(POINTS.index(name) for name in _ROWS)
_PELVIS = _ROW["pelvis"]


def _needed(names: Iterable[str]) -> frozenset[int]:
    return frozenset(_ROW[name] for name in names if name != "up")


_SINGLES = tuple(part for part in PARTS if part.kind == "single")
_PAIRS = tuple(part for part in PARTS if part.kind == "pair")
_KEYS = [(part.point, part.reference) for part in PARTS]
_TRACKS = tuple(part for i, part in enumerate(PARTS) if _KEYS[i] not in _KEYS[:i])
_TRACK_OF_PART = tuple(_TRACKS.index(PARTS[_KEYS.index(key)]) for key in _KEYS)
_MOVING = tuple(_ROW[track.point] for track in _TRACKS)
_REFERENCES = tuple((_ROW[track.reference[0]], _ROW[track.reference[-1]]) for track in _TRACKS)
# Cycles are counted on singles and between the hands; a hand near a part counts as its limb does.
_COUNTED = (*range(len(_SINGLES)), len(_TRACKS) - 1)
_COUNT_OF_PART = tuple(
    _COUNTED.index(track if track in _COUNTED else _MOVING.index(_MOVING[track]))
    for track in _TRACK_OF_PART
)
_ANGLES = tuple(tuple(_ROW[name] for name in part.angle) for part in _SINGLES if part.angle)
_SEGMENTS = tuple(
    (_ROW[part.point], *(_ROW[name] for name in segment))
    for part in _PAIRS
    for segment in part.segments
)
_TRACK_NEEDS = tuple(_needed((track.point, *track.reference)) for track in _TRACKS)
_ANGLE_NEEDS = tuple(_needed(part.angle) for part in _SINGLES if part.angle)
_PAIR_NEEDS = tuple(_needed(part.points) for part in _PAIRS)
_PART_NEEDS = tuple(_needed(part.points) for part in PARTS)
_SCALARS = tuple(name for name in PartMotion._fields if name != "directions")
if _SINGLES + _PAIRS != PARTS or len(_ANGLES) != len(_SINGLES):
    raise RuntimeError("PARTS: expected singles first, each with its angle, and then pairs")
if _TRACKS[: len(_SINGLES)] != _SINGLES or _TRACKS[-1] is not PARTS[-1]:
    raise RuntimeError("PARTS: expected a track of its own for each single and the last pair")


class _Fit(NamedTuple):
    """A local fit over time as weights of the frames around each frame."""

    position: Float[Array, "taps rows frames"]
    slope: Float[Array, "taps rows frames"]
    noise_per_s2: Float[Array, "rows frames"]
    """Variance of the slope for jitter of variance one."""


def _window(
    times_s: Float[Array, " frames"], seen: Bool[Array, "rows frames"]
) -> Callable[[Int[Array, ""]], tuple[Float[Array, "1 frames"], Bool[Array, "rows frames"]]]:
    """Function from a tap to each frame's neighbour: its time offset, and whether it counts."""
    frames = times_s.shape[0]
    padded_s = jnp.pad(times_s, _TAPS, mode="edge")
    padded_seen = jnp.pad(seen, ((0, 0), (_TAPS, _TAPS)))

    def window(tap: Int[Array, ""]) -> tuple[Array, Array]:
        offset_s = jax.lax.dynamic_slice_in_dim(padded_s, tap, frames) - times_s
        inside = jax.lax.dynamic_slice_in_dim(padded_seen, tap, frames, axis=1)
        reach_s = jnp.where(jnp.abs(tap - _TAPS) == 1, LONGEST_STEP_S, SMOOTHING_S)
        return offset_s[None], inside & (jnp.abs(offset_s) <= reach_s)[None]

    return window


def _local_fit(times_s: Float[Array, " frames"], seen: Bool[Array, "rows frames"]) -> _Fit:
    """Parabola through the observed frames around each frame; a line where these are one-sided.

    On an even grid without gaps this is the Savitzky-Golay filter. At the ends of observed
    stretches a parabola would follow the noise.
    """
    taps, window = jnp.arange(2 * _TAPS + 1), _window(times_s, seen)

    def add(sums: Float[Array, "5 rows frames"], tap: Int[Array, ""]) -> tuple[Array, None]:
        offset_s, inside = window(tap)
        powers = jnp.stack([offset_s**power for power in range(5)])
        return sums + jnp.where(inside[None], powers, 0), None

    zeros = jnp.zeros((5, *seen.shape), times_s.dtype)
    (s0, s1, s2, s3, s4), _ = kernels.scan(add, zeros, taps)
    # least squares at the frame's own time: the first row of the inverse normal matrix
    line, curve = s0 * s2 - s1 * s1, s2 * s4 - s3 * s3
    parabola = s0 * curve + s1 * (s2 * s3 - s1 * s4) + s2 * (s1 * s3 - s2 * s2)
    both_sides = (s0 > 2) & (s1 * s1 <= _BALANCE**2 * s0 * s2)
    sloped = line > 1e-5 * s0 * s2  # frames at two times at least
    per_line = jnp.where(sloped, 1 / jnp.where(sloped, line, 1), 0)
    per_curve = 1 / jnp.where(both_sides, parabola, 1)
    lone = jnp.where(sloped, 0, 1 / jnp.maximum(s0, 1))
    constant = jnp.where(both_sides, curve * per_curve, s2 * per_line + lone)
    linear = jnp.where(both_sides, (s2 * s3 - s1 * s4) * per_curve, -s1 * per_line)
    square = jnp.where(both_sides, (s1 * s3 - s2 * s2) * per_curve, 0)

    def weights(tap: Int[Array, ""]) -> tuple[Array, Array]:
        offset_s, inside = window(tap)
        position = constant + offset_s * (linear + offset_s * square)
        slope = (s0 * offset_s - s1) * per_line
        return jnp.where(inside, position, 0), jnp.where(inside, slope, 0)

    position, slope = kernels.each(weights, taps)
    return _Fit(position=position, slope=slope, noise_per_s2=s0 * per_line)


def _filtered(
    values: Float[Array, "points frames"], kernel: Float[Array, "taps rows frames"]
) -> Float[Array, "points frames"]:
    frames = values.shape[-1]
    padded = jnp.pad(values, ((0, 0), (_TAPS, _TAPS)))
    return sum(  # type: ignore[return-value]
        kernel[tap] * padded[:, tap : tap + frames] for tap in range(2 * _TAPS + 1)
    )


def _rows(values: Array, rows: Sequence[int]) -> Array:
    return jnp.stack([values[..., row, :] for row in rows], axis=-2)


def _relative(points: Float[Array, "points frames"]) -> Float[Array, "tracks frames"]:
    first, last = zip(*_REFERENCES, strict=True)
    return _rows(points, _MOVING) - 0.5 * (_rows(points, first) + _rows(points, last))


def _all_seen(
    seen: Bool[Array, "rows frames"], groups: Sequence[frozenset[int]]
) -> Bool[Array, "#groups frames"]:
    """Frames in which every point of a group was seen; one row if all points share one mask."""
    if seen.shape[0] == 1:
        return seen
    return jnp.stack(
        [jnp.all(jnp.stack([seen[row] for row in sorted(group)]), axis=0) for group in groups]
    )


def _sum(values: Array, mask: Bool[Array, "#tracks frames"] | None = None) -> Array:
    if mask is not None:
        values = jnp.where(mask, values, 0)
    return jnp.sum(values, axis=-1, dtype=masked.accumulator())


def _square(vectors: Float[Array, "3 *rest"]) -> Float[Array, "*rest"]:
    return _dot(vectors, vectors)


def _dot(first: Float[Array, "3 ..."], second: Float[Array, "3 ..."]) -> Float[Array, "..."]:
    return first[0] * second[0] + first[1] * second[1] + first[2] * second[2]


class _Clock(NamedTuple):
    """Times at which each track was seen; `tracks` is 1 if all points share one mask."""

    seen: Bool[Array, "#tracks frames"]
    steps: Bool[Array, "#tracks steps"]
    """Both ends of the step were seen."""
    share_s: Float[Array, "#tracks frames"]
    """The time that each frame contributes to `seen_s`."""
    seen_s: Float[Array, "#tracks"]
    first: Int[Array, "#tracks"]
    last: Int[Array, "#tracks"]


def _clock(times_s: Float[Array, " frames"], seen: Bool[Array, "#tracks frames"]) -> _Clock:
    step_s = jnp.diff(times_s)[None, :]
    steps = seen[:, 1:] & seen[:, :-1] & (step_s > 0) & (step_s <= LONGEST_STEP_S)
    half_s = jnp.where(steps, 0.5 * step_s, 0)
    share_s = jnp.pad(half_s, ((0, 0), (0, 1))) + jnp.pad(half_s, ((0, 0), (1, 0)))
    return _Clock(
        seen=seen,
        steps=steps,
        share_s=share_s,
        seen_s=_sum(share_s),
        first=jnp.argmax(seen, axis=-1),
        last=seen.shape[-1] - 1 - jnp.argmax(seen[:, ::-1], axis=-1),
    )


def _at(
    values: Float[Array, "*axes tracks frames"], index: Int[Array, "#tracks"]
) -> Float[Array, "*axes tracks"]:
    """Each track's values at its own frame index."""
    index = jnp.broadcast_to(index[:, None], (*values.shape[:-1], 1))
    return jnp.take_along_axis(values, index, axis=-1)[..., 0]


class _Smoothed(NamedTuple):
    """Points, and tracks: moving points relative to their references. The first axis is x, y, z."""

    points: Float[Array, "3 points frames"]
    tracks: Float[Array, "3 tracks frames"]
    velocities: Float[Array, "3 tracks frames"]
    squared_residuals: Float[Array, "3 tracks frames"]
    """Squared residuals of the fit."""


def _smoothed(points: Float[Array, "3 points frames"], fit: _Fit) -> _Smoothed:
    # One coordinate after the other. XLA's CPU compiler does not fuse out of a loop, which keeps
    # it from smoothing anew for each of the many uses.
    smooth, slope = kernels.each(
        lambda axis: (
            _filtered(axis, fit.position),
            _filtered(axis[: len(_SLOPED)], fit.slope[:, : len(_SLOPED)]),
        ),
        points,
    )
    tracks, velocities, left_over = kernels.each(
        lambda axis: (_relative(axis[0]), _relative(axis[1]), _relative(axis[0] - axis[2]) ** 2),
        (smooth, slope, points),
    )
    return _Smoothed(smooth, tracks, velocities, left_over)


class _Stir(NamedTuple):
    """Frames in which each track moves beyond its jitter, and the size of that jitter."""

    moving: Bool[Array, "tracks frames"]
    jitter: Float[Array, " tracks"]
    """Standard deviation that jitter causes in the smoothed track, along one axis."""


def _stir(smoothed: _Smoothed, fit: _Fit, clock: _Clock, *, per_metre: float) -> _Stir:
    own_weight, noise_per_s2 = fit.position[_TAPS], fit.noise_per_s2
    if own_weight.shape[0] > 1:
        own_weight, noise_per_s2 = _rows(own_weight, _MOVING), _rows(noise_per_s2, _MOVING)
    # the residuals give the jitter's variance, and this the speed that a still part would show
    freedom = _sum(1 - own_weight, clock.seen)
    variance = _sum(smoothed.squared_residuals.sum(axis=0), clock.seen)
    variance = variance / jnp.where(freedom > 0.5, freedom, 1)
    kept = _sum(own_weight, clock.seen) / jnp.maximum(_sum(clock.seen.astype(int)), 1)
    speed_square = _square(smoothed.velocities)
    still = jnp.array([[per_metre * track.still_mps] for track in _TRACKS], speed_square.dtype)
    shaking = variance.astype(speed_square.dtype)[:, None] * noise_per_s2
    return _Stir(
        moving=(speed_square > still * still + JITTER_GATE**2 * shaking) & clock.seen,
        jitter=rotation.sqrt(variance * kept / 3),
    )


class _Moved(NamedTuple):
    """The movement fields of `PartMotion`, for every track."""

    displacement: Float[Array, " tracks"]
    path: Float[Array, " tracks"]
    mean_speed: Float[Array, " tracks"]
    peak_speed: Float[Array, " tracks"]
    directions: Float[Array, "tracks 6"]


def _moved(
    smoothed: _Smoothed,
    moving: Bool[Array, "tracks frames"],
    times_s: Float[Array, " frames"],
    clock: _Clock,
) -> _Moved:
    smooth, velocity = smoothed.tracks, smoothed.velocities
    along = velocity[..., 1:] + velocity[..., :-1]
    square = _square(along)
    counted = moving[:, 1:] & moving[:, :-1] & clock.steps & (square > 0)
    unit = along * jnp.where(counted, jax.lax.rsqrt(jnp.where(counted, square, 1)), 0)[None]
    # projected on the smooth velocity, so that noise across it does not lengthen the step
    length = jnp.maximum(_dot(smooth[..., 1:] - smooth[..., :-1], unit), 0)
    toward = [
        _sum(length * jnp.maximum(sign * unit[axis], 0)) for axis in range(3) for sign in (1, -1)
    ]
    every_way = sum(toward)
    step_s = jnp.diff(times_s)[None, :]
    path = _sum(length)
    return _Moved(
        displacement=rotation.norm(*(_at(smooth, clock.last) - _at(smooth, clock.first))),
        path=path,
        mean_speed=path / jnp.where(clock.seen_s > 0, clock.seen_s, 1),
        peak_speed=jnp.max(length / jnp.where(step_s > 0, step_s, 1), axis=-1, initial=0),
        directions=jnp.stack(toward, axis=-1) / jnp.where(every_way > 0, every_way, 1)[:, None],
    )


def _repeated(
    smoothed: _Smoothed,
    stir: _Stir,
    times_s: Float[Array, " frames"],
    clock: _Clock,
    *,
    per_metre: float,
) -> repetition.Cycles:
    """Cycles of the counted tracks, each along its reversal axis."""
    smoothed, stir = jax.lax.stop_gradient((smoothed, stir))
    moving, velocity = _rows(stir.moving, _COUNTED), _rows(smoothed.velocities, _COUNTED)
    speed_square = jnp.where(moving, _square(velocity), 1)
    directions = velocity * jnp.where(moving, jax.lax.rsqrt(speed_square), 0)[None]
    axis = repetition.reversal_axis(directions)
    least = jnp.array([per_metre * _TRACKS[track].swing_m for track in _COUNTED])
    jitter = stir.jitter[np.array(_COUNTED)]
    seen = clock.seen if len(clock.seen) == 1 else _rows(clock.seen, _COUNTED)
    return repetition.count(
        _dot(_rows(smoothed.tracks, _COUNTED), axis[..., None]).T,
        times_s,
        seen.T,
        least_swing=jnp.maximum(least, SWING_JITTERS * jitter).astype(velocity.dtype),
    )


def _angle_ranges(
    points: Float[Array, "3 points frames"], seen: Bool[Array, "rows frames"]
) -> Float[Array, " angles"]:
    ends, middles, others = zip(*_ANGLES, strict=True)
    middle = _rows(points, middles)
    ax, ay, az = _rows(points, ends) - middle
    bx, by, bz = _rows(points, others) - middle
    across = rotation.norm(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    angle_rad = rotation.atan2(across, ax * bx + ay * by + az * bz)
    known = _all_seen(seen, _ANGLE_NEEDS)
    least, greatest = _extreme(angle_rad, known)
    return greatest - least


def _distances(points: Float[Array, "3 points frames"]) -> Float[Array, "pairs frames"]:
    """Distance from each pair's hand to the nearest segment of the other part."""
    hands, starts, ends = zip(*_SEGMENTS, strict=True)
    start = _rows(points, starts)
    dx, dy, dz = _rows(points, ends) - start
    hx, hy, hz = _rows(points, hands) - start
    length_square = dx * dx + dy * dy + dz * dz
    on_line = (hx * dx + hy * dy + hz * dz) / jnp.where(length_square > 0, length_square, 1)
    on_line = jnp.clip(on_line, 0, 1)
    hx, hy, hz = hx - on_line * dx, hy - on_line * dy, hz - on_line * dz
    square = hx * hx + hy * hy + hz * hz
    nearest, row = [], 0
    for part in _PAIRS:
        nearest.append(jnp.min(square[row : row + len(part.segments)], axis=0))
        row += len(part.segments)
    return rotation.sqrt(jnp.stack(nearest))


def _extreme(
    values: Float[Array, "rows frames"], seen: Bool[Array, "#rows frames"]
) -> tuple[Float[Array, " rows"], Float[Array, " rows"]]:
    """Least and greatest value where seen; both 0 where never seen."""
    least = jnp.min(jnp.where(seen, values, jnp.inf), axis=-1, initial=jnp.inf)
    greatest = jnp.max(jnp.where(seen, values, -jnp.inf), axis=-1, initial=-jnp.inf)
    known = greatest >= least
    return jnp.where(known, least, 0), jnp.where(known, greatest, 0)


class _Related(NamedTuple):
    """The fields of `PartMotion` that relate two parts, for every pair."""

    least_distance: Float[Array, " pairs"]
    greatest_distance: Float[Array, " pairs"]
    near_share: Float[Array, " pairs"]
    approach: Float[Array, " pairs"]
    above_share: Float[Array, " pairs"]
    front_share: Float[Array, " pairs"]


def _related(smoothed: _Smoothed, clock: _Clock, *, per_metre: float) -> _Related:
    distance = _distances(smoothed.points)
    near = jnp.array([[per_metre * part.near_m] for part in _PAIRS], dtype=distance.dtype)
    _, up, ahead = _rows(smoothed.tracks, _TRACK_OF_PART[-len(_PAIRS) :])

    def share(holds: Bool[Array, "pairs frames"]) -> Float[Array, " pairs"]:
        held_s = _sum(jnp.where(holds, clock.share_s, 0))
        return held_s / jnp.where(clock.seen_s > 0, clock.seen_s, 1)

    least, greatest = _extreme(distance, clock.seen)
    return _Related(
        least_distance=least,
        greatest_distance=greatest,
        near_share=share(distance <= near),
        approach=_at(distance, clock.first) - _at(distance, clock.last),
        above_share=share(up > per_metre * BESIDE_M),
        front_share=share(ahead > per_metre * BESIDE_M),
    )


def _measured(
    points: Float[Array, "3 points frames"],
    times_s: Float[Array, " frames"],
    seen: Bool[Array, "rows frames"],
    *,
    present: Bool[Array, " points"],
    clip_s: Float[Array, ""],
    per_metre: float,
) -> PartMotion:
    """All parts of one clip; `seen` has one row for all points, or a row for each point."""
    points = _rows(points, _COLUMNS)
    above = points[:, _PELVIS] + jnp.array([[0.0], [1.0], [0.0]], dtype=points.dtype)
    points = jnp.concatenate([points, above[:, None]], axis=1)
    if len(seen) > 1:
        seen = _rows(seen, (*_COLUMNS, _COLUMNS[_PELVIS]))
    fit = _local_fit(times_s, seen)
    smoothed = _smoothed(points, fit)
    clock = _clock(times_s, _all_seen(seen, _TRACK_NEEDS))
    pair_clock = clock if len(seen) == 1 else _clock(times_s, _all_seen(seen, _PAIR_NEEDS))
    stir = _stir(smoothed, fit, clock, per_metre=per_metre)
    moved = _moved(smoothed, stir.moving, times_s, clock)
    cycles = _repeated(smoothed, stir, times_s, clock, per_metre=per_metre)
    related = _related(smoothed, pair_clock, per_metre=per_metre)
    angles_rad = jnp.where(_have(present, _ANGLE_NEEDS), _angle_ranges(smoothed.points, seen), 0)

    of_part, counted = np.array(_TRACK_OF_PART), np.array(_COUNT_OF_PART)
    no_pair = jnp.zeros(len(_PAIRS), angles_rad.dtype)
    no_single = jnp.zeros(len(_SINGLES), angles_rad.dtype)
    single_s = jnp.broadcast_to(clock.seen_s, len(_TRACKS))[: len(_SINGLES)]
    pair_s = jnp.broadcast_to(pair_clock.seen_s, len(_PAIRS))
    return _known_only(
        PartMotion(
            **{name: values[of_part] for name, values in moved._asdict().items()},
            angle_range_rad=jnp.concatenate([angles_rad, no_pair]),
            **{name: jnp.concatenate([no_single, x]) for name, x in related._asdict().items()},
            repetitions=cycles.repetitions[counted],
            period_s=cycles.period_s[counted],
            coverage=jnp.concatenate([single_s, pair_s]) / jnp.where(clip_s > 0, clip_s, 1),
        ),
        present,
    )


def _known_only(motion: PartMotion, present: Bool[Array, " points"]) -> PartMotion:
    """The motion, zeroed for parts with missing points or never seen in two consecutive frames."""
    known = _have(present, _PART_NEEDS) & (motion.coverage > 0)
    kept = [
        jnp.where(known.reshape((-1,) + (1,) * (values.ndim - 1)), values, 0) for values in motion
    ]
    return PartMotion(*(values.astype(masked.accumulator()) for values in kept))


def _have(
    present: Bool[Array, " points"], needs: Sequence[frozenset[int]]
) -> Bool[Array, " needs"]:
    table = np.array([[row in need for row in range(len(_ROWS))] for need in needs])
    return jnp.all(present[np.array(_COLUMNS)][None, :] | ~table, axis=1)


def describe(
    points_m: Float[Array, "frames points 3"],
    times_s: Float[Array, " frames"],
    observed: Bool[Array, " frames"],
    *,
    present: Bool[Array, " points"],
    length: Int[Array, ""] | int | None = None,
) -> PartMotion:
    """Motion of all `PARTS`, from the body's `POINTS` in body coordinates.

    Designed for about 30 frames a second (see `resample`): the smoothing window is fixed in time
    but has at most nine frames, so a faster clip is smoothed less. Coverage is the share of the
    time of the first `length` frames; by default, of the time up to the last observed frame.

    >>> times_s = jnp.arange(90) / 30
    >>> points_m = jnp.zeros((90, 18, 3)).at[:, 2, 1].set(0.5).at[:, 3, 1].set(0.7)
    >>> raised = points_m.at[:, 8, 1].set(jnp.clip(times_s - 1, 0, 0.8))  # the left wrist
    >>> motion = describe(raised, times_s, jnp.ones(90, bool), present=jnp.ones(18, bool))
    >>> [round(float(share), 2) for share in motion.directions[2]]
    [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    """
    times_s = (times_s - times_s[0]).astype(points_m.dtype)
    if length is None:
        length = jnp.max(jnp.where(observed, jnp.arange(1, len(observed) + 1), 1))
    return _measured(
        jnp.transpose(points_m, (2, 1, 0)),
        times_s,
        observed[None, :],
        present=present,
        clip_s=times_s[length - 1],
        per_metre=1.0,
    )


def points_from_joints(
    joints_m: Float[Array, "frames joints axes"], *, skeleton: Skeleton
) -> Float[Array, "frames points axes"]:
    """The body's `POINTS` from a skeleton's joints; zeros where the skeleton has none.

    >>> from kinematics.skeleton import COCO_17
    >>> points = points_from_joints(jnp.ones((1, 17, 3)), skeleton=COCO_17)
    >>> points.shape, float(points.min())
    ((1, 18, 3), 1.0)
    """
    zero = jnp.zeros_like(joints_m[:, :1].sum(axis=1))
    return jnp.stack(
        [
            sum((joints_m[:, joint] for joint in joints), zero) / max(len(joints), 1)
            for joints in skeleton.points
        ],
        axis=1,
    )


def points_present(skeleton: Skeleton) -> Bool[np.ndarray, " points"]:
    """Mask of the body's `POINTS` that a skeleton provides.

    >>> from kinematics.skeleton import COCO_17
    >>> bool(points_present(COCO_17).all())
    True
    """
    return np.array([bool(joints) for joints in skeleton.points])


def from_keypoints(
    points_px: Float[Array, "frames joints 2"],
    confidence: Float[Array, "frames joints"],
    times_s: Float[Array, " frames"],
    *,
    skeleton: Skeleton,
    min_confidence: float = 0.3,
) -> PartMotion:
    """`describe` for 2D keypoints (x to the right, y down), in torso lengths.

    The torso length is the median distance from pelvis to neck. Directions are the viewer's:
    `left` is the image's left. Depth is unknown: there is no forward or backward motion, and
    `front_share` is NaN. A joint below `min_confidence` is unseen, which affects only its own
    parts. Without a visible torso there is no unit of length, and every coverage is 0.

    >>> from kinematics.skeleton import COCO_17
    >>> person = jnp.arange(34.0).reshape(1, 17, 2).repeat(60, axis=0)
    >>> sure = jnp.ones((60, 17))
    >>> still = from_keypoints(person, sure, jnp.arange(60) / 30, skeleton=COCO_17)
    >>> float(still.path.max())
    0.0
    """
    times_s = (times_s - times_s[0]).astype(points_px.dtype)
    trusted = (confidence >= min_confidence) & jnp.isfinite(points_px).all(axis=-1)
    points = points_from_joints(jnp.where(trusted[..., None], points_px, 0), skeleton=skeleton)
    seen = jnp.stack(
        [
            jnp.stack([trusted[:, joint] for joint in joints]).all(axis=0)
            if joints
            else jnp.zeros_like(trusted[:, 0])
            for joints in skeleton.points
        ]
    )
    x, y = points[..., 0].T, points[..., 1].T
    pelvis, neck = POINTS.index("pelvis"), POINTS.index("neck")
    has_torso = seen[pelvis] & seen[neck]
    torso = rotation.norm(x[neck] - x[pelvis], y[neck] - y[pelvis])
    unit = masked.quantile(torso, has_torso, share=0.5)
    per_unit = 1 / jnp.where(unit > 0, unit, 1)
    motion = _measured(
        jnp.stack([-x * per_unit, -y * per_unit, jnp.zeros_like(x)]),
        times_s,
        seen & (unit > 0),
        present=jnp.array(points_present(skeleton)),
        clip_s=times_s[-1],
        per_metre=1 / TORSO_M,
    )
    return motion._replace(front_share=jnp.full_like(motion.front_share, jnp.nan))


@cache
def _measurable(present: bytes) -> tuple[tuple[int, Part, bool], ...]:
    """Index and part for each part whose points are present, and whether its angle is known."""
    known = np.frombuffer(present, dtype=bool)[np.array(_COLUMNS)]
    rows = frozenset(np.flatnonzero(known).tolist())
    return tuple(
        (i, part, part.angle is not None and _needed(part.angle) <= rows)
        for i, part in enumerate(PARTS)
        if _PART_NEEDS[i] <= rows
    )


_DECIMALS = 4


def _facts_of(part: Part, row: list[float], has_angle: bool) -> PartFacts:
    directions, row = row[: len(DIRECTIONS)], row[len(DIRECTIONS) :]
    displacement, path, mean_speed, peak_speed, angle_range_rad, least, greatest = row[:7]
    near_share, approach, above_share, front_share, repetitions, period_s, coverage = row[7:]
    is_pair = part.kind == "pair"
    return PartFacts(
        part=part.name,
        group=part.group,
        displacement=displacement,
        path=path,
        mean_speed=mean_speed,
        peak_speed=peak_speed,
        directions=tuple(directions),  # type: ignore[arg-type]
        angle_range_rad=angle_range_rad if has_angle else None,
        distance_range=(least, greatest) if is_pair else None,
        near_share=near_share if is_pair else None,
        approach=approach if is_pair else None,
        above_share=above_share if is_pair else None,
        front_share=front_share if is_pair and not isnan(front_share) else None,
        repetitions=int(repetitions),
        period_s=period_s if repetitions else None,
        coverage=coverage,
    )


def all_part_facts(
    motions: PartMotion, *, present: Bool[np.ndarray, "clips points"]
) -> Iterator[tuple[PartFacts, ...]]:
    """Each clip's parts as plain data, to four decimals, without parts that miss a point.

    `motions` holds NumPy arrays with a leading axis of clips, as from `jax.vmap(describe)`; rows
    beyond those of `present` are ignored.

    >>> still = PartMotion(*(np.zeros((2, 13, 6) if i == 4 else (2, 13)) for i in range(15)))
    >>> [len(facts) for facts in all_part_facts(still, present=np.ones((2, 18), dtype=bool))]
    [13, 13]
    """
    count = len(present)
    table = np.empty((count, len(PARTS), len(DIRECTIONS) + len(_SCALARS)))
    table[:, :, : len(DIRECTIONS)] = motions.directions[:count]
    for column, name in enumerate(_SCALARS, start=len(DIRECTIONS)):
        table[:, :, column] = getattr(motions, name)[:count]
    table = np.round(table, _DECIMALS) + 0.0  # adding 0 turns -0 into 0
    for clip, known in zip(table, present, strict=True):
        rows = clip.tolist()
        yield tuple(
            [_facts_of(part, rows[i], angle) for i, part, angle in _measurable(known.tobytes())]
        )


def part_facts(
    motion: PartMotion, *, present: Bool[np.ndarray, " points"]
) -> tuple[PartFacts, ...]:
    """`all_part_facts` for one clip; `motion` holds NumPy arrays without a batch axis.

    >>> still = PartMotion(*(np.zeros((13, 6) if i == 4 else 13) for i in range(15)))
    >>> facts = part_facts(still, present=np.ones(18, dtype=bool))
    >>> len(facts), facts[0].part, facts[0].path
    (13, 'body', 0.0)
    """
    (facts,) = all_part_facts(PartMotion(*(field[None] for field in motion)), present=present[None])
    return facts
