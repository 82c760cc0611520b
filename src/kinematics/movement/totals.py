"""Totals of each quarter of a clip on the analysis grid; they add up to the clip's totals."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from kinematics import thresholds
from kinematics.facts import SIGNALS
from kinematics.geometry import masked, rotation, windows
from kinematics.movement import trajectory
from kinematics.movement.signals import Signals

QUARTERS = 4
_HEADING = SIGNALS.index("heading")
_DISTANCE = SIGNALS.index("start_distance")
_LEANS = (SIGNALS.index("forward_lean"), SIGNALS.index("left_lean"))


class Totals(NamedTuple):
    """Totals per quarter; leans over the whole clip."""

    bounds_s: Float[Array, "5"]
    net_m: Float[Array, "quarters 3"]
    net_turn_rad: Float[Array, " quarters"]
    path_m: Float[Array, " quarters"]
    """Ground path while moving."""
    paced_positive_m: Float[Array, "quarters 2"]
    """Path to the subject's own left and forward."""
    paced_negative_m: Float[Array, "quarters 2"]
    """Path to the subject's own right and backward."""
    peak_speed_mps: Float[Array, " quarters"]
    max_tilt_rad: Float[Array, " quarters"]
    reach: trajectory.Reach
    """Extremes of the distance from the start, one value per quarter each."""
    greatest_lean_rad: Float[Array, "2"]
    """Over the clip: forward, left."""
    least_lean_rad: Float[Array, "2"]
    """Over the clip: minus backward, minus right."""


def _own_ways(
    signals: Signals, *, paced: bool
) -> tuple[Float[Array, "frames 2"], Float[Array, " frames"]]:
    """Velocity to the subject's own left and forward without drift, and 1 where they move."""
    still = thresholds.MOVEMENT["forward"].still_speed
    left, ahead = signals.velocity_mps[:, 0], signals.velocity_mps[:, 2]
    speed = rotation.norm(left, ahead)
    if paced:
        own = jnp.stack([left, ahead], axis=1)
    else:
        sine, cosine = rotation.sincos(signals.values[:, _HEADING])
        own = jnp.stack([cosine * left - sine * ahead, sine * left + cosine * ahead], axis=1)
    least = jnp.maximum(still, thresholds.DRIFT_SHARE * speed)
    return jnp.where(jnp.abs(own) >= least[:, None], own, 0), (speed >= still).astype(own.dtype)


def by_quarter(
    signals: Signals, times_s: Float[Array, " frames"], *, paced: bool = False
) -> Totals:
    """The totals of one uniformly sampled motion.

    `paced` is for signals in the frame `body`, whose axes are already the subject's own.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor, resample
    >>> from kinematics.movement import signals
    >>> motion = resample.to_rate(synthetic.perform(synthetic.walk(4.0)).motion)
    >>> anchored = anchor.to_first_heading(motion)
    >>> totals = by_quarter(signals.read(anchored), anchored.times_s)
    >>> bool(abs(totals.net_m[:, 2].sum() - 4.0) < 0.1)
    True
    """
    usable, positions = signals.usable, signals.positions_m
    end_s = jnp.take(times_s, signals.length - 1)
    bounds = jnp.arange(QUARTERS + 1, dtype=times_s.dtype) * (end_s / QUARTERS)
    steps = jnp.diff(positions, axis=0)
    own, moving = _own_ways(signals, paced=paced)
    step_s = jnp.diff(times_s)
    lengths = rotation.norm(steps[:, 0], steps[:, 2]) * (0.5 * (moving[1:] + moving[:-1]))
    own_steps = 0.5 * (own[1:] + own[:-1]) * step_s[:, None]
    rows = jnp.concatenate(
        [lengths[:, None], jnp.maximum(own_steps, 0), jnp.maximum(-own_steps, 0)], axis=1
    )
    speed = rotation.norm(signals.velocity_mps[:, 0], signals.velocity_mps[:, 2])
    distance = signals.values[:, _DISTANCE]
    track = jnp.concatenate([positions, signals.values[:, _HEADING, None]], axis=1)

    def share(start: Array, end: Array) -> Array:
        return windows.segment_share(times_s, usable, start_s=start, end_s=end)

    # in integers, so that a frame on a bound belongs to both sides in spite of rounding
    scaled_index = QUARTERS * jnp.arange(times_s.shape[0], dtype=jnp.int32)
    last = signals.length.astype(jnp.int32) - 1

    def in_quarter(
        number: Array, start: Array, end: Array
    ) -> tuple[Array, Array, trajectory.Reach]:
        inside = usable & (scaled_index >= number * last) & (scaled_index <= (number + 1) * last)
        return (
            masked.maximum(speed, inside),
            masked.maximum(signals.tilt_rad, inside),
            trajectory.distance_reach(distance, times_s, usable, start_s=start, end_s=end),
        )

    def at(bound: Array) -> Array:
        return jnp.stack([trajectory.value_at(track[:, i], times_s, bound) for i in range(4)])

    total = masked.weighted_totals(rows, jax.vmap(share, out_axes=1)(bounds[:-1], bounds[1:]))
    numbers = jnp.arange(QUARTERS, dtype=jnp.int32)
    peaks, tilts, reach = jax.vmap(in_quarter)(numbers, bounds[:-1], bounds[1:])
    net = jnp.diff(jax.vmap(at)(bounds), axis=0)
    leans = signals.values[:, _LEANS[0] : _LEANS[1] + 1]
    return Totals(
        bounds_s=bounds,
        net_m=net[:, :3],
        net_turn_rad=net[:, 3],
        path_m=total[:, 0],
        paced_positive_m=total[:, 1:3],
        paced_negative_m=total[:, 3:5],
        peak_speed_mps=peaks,
        max_tilt_rad=tilts,
        reach=reach,
        greatest_lean_rad=masked.maximum(leans, usable),
        least_lean_rad=masked.minimum(leans, usable),
    )
