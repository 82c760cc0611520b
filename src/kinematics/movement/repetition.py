"""Repetitions of to-and-fro movements: turning points counted in one pass over time."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kinematics.geometry import kernels, rotation

SAME_SIZE: float = 0.6
"""Neighbouring swings belong to one repeated movement if the smaller is at least this share of the
larger: more than the half swing with which a wave begins and ends."""

SAME_PACE: float = 0.4
"""The same for the durations of neighbouring swings: there may be quicker than back."""

LEAST_CYCLES: float = 2.0
"""A single cycle, there and back, is no repetition: any movement that ends at its start has one."""

ROUNDING: float = 0.2
"""A cycle that lacks up to this share counts as whole: smoothing shortens the outermost swings."""

_REVERSAL_FRAMES = 6
"""Distance of the compared directions: half a cycle at 2.5 Hz and 30 frames a second."""

_SQUARINGS = 5
"""Five squarings of a matrix are 32 steps of the power iteration."""


class Cycles(NamedTuple):
    """Full cycles, there and back, of the longest regular stretch, and their period."""

    repetitions: Float[Array, " signals"]
    """0 without repetition."""
    period_s: Float[Array, " signals"]
    """Twice the mean duration of the stretch's inner swings; 0 without repetition."""


class _Swings(NamedTuple):
    """The scan's state: the swing since the last turn, and the stretch of similar swings."""

    begun: Bool[Array, " signals"]
    """A swing has begun. Before the first, `turn` is the lowest value and `extreme` the highest, so
    that the first swing may have either direction."""
    turn: Float[Array, " signals"]
    turn_s: Float[Array, " signals"]
    extreme: Float[Array, " signals"]
    extreme_s: Float[Array, " signals"]
    last_size: Float[Array, " signals"]
    last_s: Float[Array, " signals"]
    opening: Float[Array, " signals"]
    """The swing before the stretch as a share of its first swing: half a swing starts a wave."""
    swings: Float[Array, " signals"]
    lasted_s: Float[Array, " signals"]
    """Duration of the swings but the first, in which the arm may still have been on its way."""
    best: Float[Array, " signals"]
    best_swing_s: Float[Array, " signals"]


def principal_axis(
    covariance: tuple[Float[Array, "*signals"], ...],
) -> tuple[Float[Array, "*signals"], ...]:
    """Unit vector along which a 3x3 covariance (xx, xy, xz, yy, yz, zz) is greatest.

    The zero covariance has no such axis and gives the zero vector.

    >>> zero, unit = jnp.array(0.0), jnp.array(1.0)
    >>> [float(part) for part in principal_axis((unit, zero, zero, 4 * unit, zero, zero))]
    [0.0, 1.0, 0.0]
    """
    xx, xy, xz, yy, yz, zz = covariance
    for _ in range(_SQUARINGS):
        trace = xx + yy + zz
        scale = 1 / jnp.where(trace > 0, trace, 1)
        xx, xy, xz, yy, yz, zz = (part * scale for part in (xx, xy, xz, yy, yz, zz))
        xx, xy, xz, yy, yz, zz = (
            xx * xx + xy * xy + xz * xz,
            xx * xy + xy * yy + xz * yz,
            xx * xz + xy * yz + xz * zz,
            xy * xy + yy * yy + yz * yz,
            xy * xz + yy * yz + yz * zz,
            xz * xz + yz * yz + zz * zz,
        )
    by_y, by_z = (yy > xx) & (yy >= zz), (zz > xx) & (zz > yy)
    axis = tuple(
        jnp.where(by_z, from_z, jnp.where(by_y, from_y, from_x))
        for from_x, from_y, from_z in ((xx, xy, xz), (xy, yy, yz), (xz, yz, zz))
    )
    length = rotation.norm(*axis)
    return tuple(part / jnp.where(length > 0, length, 1) for part in axis)


def reversal_axis(directions: Float[Array, "3 signals frames"]) -> Float[Array, "3 signals"]:
    """The axis along which directions of motion (unit vectors, zero at rest) reverse most often.

    Raising an arm may be a longer movement than waving it, but only waving reverses.

    >>> to_and_fro = jnp.where(jnp.arange(60) % 12 < 6, 1.0, -1.0)
    >>> reversal_axis(jnp.stack([0 * to_and_fro, to_and_fro, 0 * to_and_fro])[:, None])[:, 0]
    Array([0., 1., 0.], dtype=float32)
    """
    # rest before the first frame and after the last, as in a clip's padding
    padded = jnp.pad(directions, ((0, 0), (0, 0), (_REVERSAL_FRAMES, _REVERSAL_FRAMES)))
    x, y, z = padded[..., _REVERSAL_FRAMES:] - padded[..., :-_REVERSAL_FRAMES]
    products = (x * x, x * y, x * z, y * y, y * z, z * z)
    return jnp.stack(principal_axis(tuple(product.sum(axis=-1) for product in products)))


def _share(outer: Float[Array, "*n"], inner: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """The swing before or after a stretch as a share of its neighbour inside, at most 1.

    A much larger swing brought the hand there or took it away; it may contain a swing or not, and
    counts as 0.5.
    """
    part = outer / jnp.where(inner > 0, inner, 1)
    return jnp.where(inner > 0, jnp.where(part * SAME_SIZE > 1, 0.5, jnp.minimum(part, 1)), 0)


def _mean_s(lasted_s: Float[Array, "*n"], swings: Float[Array, "*n"]) -> Float[Array, "*n"]:
    return lasted_s / jnp.maximum(swings - 1, 1)


def _step(
    past: _Swings,
    frame: tuple[Float[Array, " signals"], Float[Array, ""], Bool[Array, " signals"]],
    *,
    least_swing: Float[Array, " signals"],
) -> tuple[_Swings, None]:
    value, time_s, seen = frame
    ahead = jnp.where(past.extreme >= past.turn, 1, -1).astype(value.dtype)
    further = seen & (ahead * (value - past.extreme) > 0)
    extreme = jnp.where(further, value, past.extreme)
    extreme_s = jnp.where(further, time_s, past.extreme_s)
    lower = seen & ~past.begun & (value < past.turn)
    turn, turn_s = jnp.where(lower, value, past.turn), jnp.where(lower, time_s, past.turn_s)
    begins = ~past.begun & (extreme - turn >= least_swing)
    falls = begins & lower
    turns = past.begun & seen & (ahead * (extreme - value) >= least_swing)
    # the swing that ends here either continues the stretch or begins another
    size, swing_s = jnp.abs(extreme - past.turn), extreme_s - past.turn_s
    same_size = jnp.minimum(size, past.last_size) >= SAME_SIZE * jnp.maximum(size, past.last_size)
    same_pace = jnp.minimum(swing_s, past.last_s) >= SAME_PACE * jnp.maximum(swing_s, past.last_s)
    goes_on = same_size & same_pace & (past.swings > 0)
    swings = jnp.where(goes_on, past.swings + 1, 1)
    lasted_s = jnp.where(goes_on, past.lasted_s + swing_s, 0)
    total = past.opening + past.swings
    total = total + jnp.where(goes_on, 1, _share(size, past.last_size))
    better = turns & (total > past.best)
    return _Swings(
        begun=past.begun | begins,
        turn=jnp.where(turns | falls, extreme, turn),
        turn_s=jnp.where(turns | falls, extreme_s, turn_s),
        extreme=jnp.where(turns, value, jnp.where(falls, turn, extreme)),
        extreme_s=jnp.where(turns, time_s, jnp.where(falls, turn_s, extreme_s)),
        last_size=jnp.where(turns, size, past.last_size),
        last_s=jnp.where(turns, swing_s, past.last_s),
        opening=jnp.where(turns & ~goes_on, _share(past.last_size, size), past.opening),
        swings=jnp.where(turns, swings, past.swings),
        lasted_s=jnp.where(turns, lasted_s, past.lasted_s),
        best=jnp.where(better, total, past.best),
        best_swing_s=jnp.where(
            better,
            jnp.where(goes_on, _mean_s(lasted_s, swings), _mean_s(past.lasted_s, past.swings)),
            past.best_swing_s,
        ),
    ), None


def count(
    signals: Float[Array, "frames signals"],
    times_s: Float[Array, " frames"],
    seen: Bool[Array, "frames #signals"],
    *,
    least_swing: Float[Array, " signals"],
) -> Cycles:
    """Cycles of each signal, from swings of at least `least_swing`; without gradient.

    >>> times_s = jnp.arange(301) / 30
    >>> wave = jnp.sin(2 * jnp.pi * 0.5 * times_s)[:, None]
    >>> cycles = count(wave, times_s, jnp.ones((301, 1), bool), least_swing=jnp.array([0.05]))
    >>> int(cycles.repetitions[0]), round(float(cycles.period_s[0]), 1)
    (5, 2.0)
    """
    signals, least_swing = jax.lax.stop_gradient((signals, least_swing))
    times_s = times_s.astype(signals.dtype)
    seen = jnp.broadcast_to(seen, signals.shape)
    first = jnp.argmax(seen, axis=0)
    value = jnp.take_along_axis(signals, first[None], axis=0)[0]
    time_s = times_s[first]
    start = _Swings(
        jnp.zeros_like(value, dtype=bool),
        *(value, time_s, value, time_s),
        *(jnp.zeros_like(value) for _ in range(7)),
    )
    step = functools.partial(_step, least_swing=least_swing)
    end, _ = kernels.scan(step, start, (signals, times_s, seen))

    open_swing = _share(jnp.abs(end.extreme - end.turn), end.last_size)
    total = end.opening + end.swings + open_swing
    better = total > end.best
    swing_s = jnp.where(better, _mean_s(end.lasted_s, end.swings), end.best_swing_s)
    cycles = jnp.floor(0.5 * jnp.maximum(total, end.best) + ROUNDING)
    repeated = cycles >= LEAST_CYCLES
    return Cycles(
        repetitions=jnp.where(repeated, cycles, 0), period_s=jnp.where(repeated, 2 * swing_s, 0)
    )
