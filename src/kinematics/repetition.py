"""How often a to-and-fro movement was repeated: turning points counted in one pass over time."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kinematics import masked, rotation

SWING_SHARE: float = 0.25
"""A swing counts from this share of the signal's whole range. Half of it would let the wobble of
a large movement count; twice as much would lose the smaller swings of a fading one."""

MIN_CYCLES: int = 2
"""One cycle is a movement there and back, which anything that ends where it began has made."""

MAX_UNEVENNESS: float = 0.45
"""Greatest standard deviation of the swings' durations over their mean. A swing forth that takes
a third of the cycle and one back that takes two thirds come to 0.33; haphazard ones to 0.7."""

_SQUARINGS = 5
"""Squaring a matrix five times is the power iteration taken 32 steps far."""


class Cycles(NamedTuple):
    """Full cycles there and back, and how long one takes on average."""

    count: Float[Array, " signals"]
    """0 unless the signal is periodic: at least `MIN_CYCLES` with even timing."""
    period_s: Float[Array, " signals"]
    """0 where the count is 0."""


class _Swings(NamedTuple):
    """The scan's memory: extremes since the last turning point, and the tally of swings."""

    highest: Float[Array, " signals"]
    lowest: Float[Array, " signals"]
    highest_s: Float[Array, " signals"]
    lowest_s: Float[Array, " signals"]
    direction: Float[Array, " signals"]
    turned_s: Float[Array, " signals"]
    swings: Float[Array, " signals"]
    total_s: Float[Array, " signals"]
    total_square_s2: Float[Array, " signals"]


def principal_axis(
    covariance: tuple[Float[Array, "*signals"], ...],
) -> tuple[Float[Array, "*signals"], ...]:
    """Unit vector along which a 3x3 covariance (xx, xy, xz, yy, yz, zz) is greatest.

    The zero covariance has no such axis and gives the zero vector.

    >>> zero, one = jnp.array(0.0), jnp.array(1.0)
    >>> [float(part) for part in principal_axis((one, zero, zero, 4 * one, zero, zero))]
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


def count(
    signals: Float[Array, "frames signals"],
    times_s: Float[Array, " frames"],
    seen: Bool[Array, "frames #signals"],
    *,
    least_swing: float,
) -> Cycles:
    """Cycles of each signal; a swing is `least_swing` and `SWING_SHARE` of the range, or more.

    Counting has no gradient.

    >>> times_s = jnp.arange(301) / 30
    >>> wave = jnp.sin(2 * jnp.pi * 0.5 * times_s)[:, None]
    >>> cycles = count(wave, times_s, jnp.ones((301, 1), bool), least_swing=0.05)
    >>> int(cycles.count[0]), round(float(cycles.period_s[0]), 1)
    (5, 2.0)
    """
    signals, times_s = jax.lax.stop_gradient((signals, times_s))
    seen = jnp.broadcast_to(seen, signals.shape)
    top = jnp.max(jnp.where(seen, signals, -jnp.inf), axis=0, initial=-jnp.inf)
    bottom = jnp.min(jnp.where(seen, signals, jnp.inf), axis=0, initial=jnp.inf)
    span = jnp.where(top > bottom, top - bottom, 0)
    needed = jnp.maximum(least_swing, SWING_SHARE * span)

    def step(
        past: _Swings,
        frame: tuple[Float[Array, " signals"], Float[Array, ""], Bool[Array, " signals"]],
    ) -> tuple[_Swings, None]:
        value, time_s, is_seen = frame
        higher, lower = is_seen & (value > past.highest), is_seen & (value < past.lowest)
        highest, lowest = (
            jnp.where(higher, value, past.highest),
            jnp.where(lower, value, past.lowest),
        )
        highest_s = jnp.where(higher, time_s, past.highest_s)
        lowest_s = jnp.where(lower, time_s, past.lowest_s)
        falls = is_seen & (past.direction >= 0) & (highest - value >= needed)
        rises = is_seen & (past.direction <= 0) & (value - lowest >= needed)
        turns = falls | rises
        turned_s = jnp.where(falls, highest_s, lowest_s)
        # the first swing began before anything turned: only those between two turns are timed
        lasted_s = jnp.where(turns & (past.swings >= 2), turned_s - past.turned_s, 0)
        return _Swings(
            highest=jnp.where(turns, value, highest),
            lowest=jnp.where(turns, value, lowest),
            highest_s=jnp.where(turns, time_s, highest_s),
            lowest_s=jnp.where(turns, time_s, lowest_s),
            direction=jnp.where(falls, -1, jnp.where(rises, 1, past.direction)),
            turned_s=jnp.where(turns, turned_s, past.turned_s),
            swings=past.swings + turns,
            total_s=past.total_s + lasted_s,
            total_square_s2=past.total_square_s2 + lasted_s * lasted_s,
        ), None

    zero = jnp.zeros_like(span)
    start = _Swings(zero - jnp.inf, zero + jnp.inf, *(zero for _ in range(7)))
    swings, _ = jax.lax.scan(step, start, (signals, times_s.astype(signals.dtype), seen))
    return _cycles(swings)


def _cycles(swings: _Swings) -> Cycles:
    timed = jnp.maximum(swings.swings - 2, 1)
    mean_s = swings.total_s / timed
    variance_s2 = swings.total_square_s2 / timed - mean_s * mean_s
    cycles = jnp.floor(0.5 * swings.swings)
    even = variance_s2 <= (MAX_UNEVENNESS * mean_s) ** 2
    periodic = (cycles >= MIN_CYCLES) & even
    accumulator = masked.accumulator()
    return Cycles(
        count=jnp.where(periodic, cycles, 0).astype(accumulator),
        period_s=jnp.where(periodic, 2 * mean_s, 0).astype(accumulator),
    )
