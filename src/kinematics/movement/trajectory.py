"""The path of an anchored motion: displacement and path by direction, distance, shape.

Everything is defined for any time window; windows cut the steps between frames by interpolation,
so totals over windows that tile the clip add up to the total over the clip.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from kinematics import thresholds
from kinematics.geometry import kernels, masked, rotation, windows
from kinematics.motion import AnchoredMotion
from kinematics.movement import events

REVERSAL_RAD = math.radians(120)
"""Larger jumps of the direction of travel are reversals, not curves."""


class Travel(NamedTuple):
    """Displacement and path inside a window, by direction. Sums are unsigned."""

    net_m: Float[Array, "3"]
    """Left, up, forward."""
    positive_m: Float[Array, "3"]
    """Summed steps to the left, up and forward."""
    negative_m: Float[Array, "3"]
    """Summed steps to the right, down and backward."""
    path_m: Float[Array, ""]
    """Length of the ground path."""


class Reach(NamedTuple):
    """Distance from the start inside a window."""

    furthest_m: Float[Array, ""]
    furthest_s: Float[Array, ""]
    closest_m: Float[Array, ""]
    closest_s: Float[Array, ""]
    at_start_m: Float[Array, ""]
    at_end_m: Float[Array, ""]


class Shape(NamedTuple):
    """The ground path as a whole."""

    straightness: Float[Array, ""]
    """Net displacement over path length; 1 without a path."""
    returns: Int[Array, ""]
    """Number of returns to the start."""
    turning_rad: Float[Array, ""]
    """Turning of the direction of travel, + to the left; reversals add nothing."""
    travelled_m: Float[Array, ""]
    """Path at `TRAVEL_SPEED_MPS` or more, to which `turning_rad` refers."""


def step_travel(positions_m: Float[Array, "frames 3"], share: Float[Array, " steps"]) -> Travel:
    """Travel over steps weighted by the given shares (see `windows.segment_share`).

    >>> positions = jnp.array([[0.0, 0, 0], [0, 0, 1], [0, 0, 0.5]])
    >>> travel = step_travel(positions, jnp.ones(2))
    >>> float(travel.positive_m[2]), float(travel.negative_m[2]), float(travel.net_m[2])
    (1.0, 0.5, 0.5)
    """
    steps = jnp.diff(positions_m, axis=0) * share[:, None]
    everywhere = jnp.ones(share.shape, bool)
    positive = masked.total(jnp.maximum(steps, 0), everywhere)
    negative = masked.total(jnp.maximum(-steps, 0), everywhere)
    return Travel(
        net_m=positive - negative,
        positive_m=positive,
        negative_m=negative,
        path_m=masked.total(rotation.norm(steps[:, 0], steps[:, 2]), everywhere),
    )


@jax.jit
def travel(
    anchored: AnchoredMotion,
    *,
    start_s: float | Float[Array, ""] | None = None,
    end_s: float | Float[Array, ""] | None = None,
) -> Travel:
    """Displacement and path between two times (default: the whole clip).

    Sums every step, including sway and jitter; `measure` reports movements.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor
    >>> walk = anchor.to_first_heading(synthetic.perform(synthetic.walk(3.0), gait=None).motion)
    >>> round(float(travel(walk).net_m[2]), 2)
    3.0
    """
    share = windows.segment_share(
        jnp.asarray(anchored.times_s), jnp.asarray(anchored.observed), start_s=start_s, end_s=end_s
    )
    return step_travel(jnp.asarray(anchored.positions_m), share)


@jax.jit
def start_distance(anchored: AnchoredMotion) -> Float[Array, " frames"]:
    """Ground distance from the origin of the frame of reference.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor
    >>> walk = anchor.to_first_heading(synthetic.perform(synthetic.walk(3.0), gait=None).motion)
    >>> round(float(start_distance(walk)[-1]), 2)
    3.0
    """
    positions = jnp.asarray(anchored.positions_m)
    return rotation.norm(positions[:, 0], positions[:, 2])


def value_at(
    values: Float[Array, " frames"], times_s: Float[Array, " frames"], when_s: Float[Array, ""]
) -> Float[Array, ""]:
    """A signal's value at any time, linearly interpolated; constant beyond the clip's ends.

    >>> float(value_at(jnp.array([0.0, 2.0]), jnp.array([0.0, 1.0]), jnp.array(0.25)))
    0.5
    """
    return jnp.interp(when_s, times_s, values)


def distance_reach(
    distance_m: Float[Array, " frames"],
    times_s: Float[Array, " frames"],
    observed: Bool[Array, " frames"],
    *,
    start_s: Float[Array, ""],
    end_s: Float[Array, ""],
) -> Reach:
    """Extremes of the distance from the start between two times, both included.

    >>> times = jnp.arange(4.0)
    >>> reach = distance_reach(
    ...     jnp.array([0.0, 2.0, 1.0, 3.0]),
    ...     times,
    ...     jnp.ones(4, bool),
    ...     start_s=jnp.array(0.5),
    ...     end_s=jnp.array(2.5),
    ... )
    >>> float(reach.furthest_m), float(reach.closest_m), float(reach.closest_s)
    (2.0, 1.0, 0.5)
    """
    inside = observed & (times_s > start_s) & (times_s < end_s)
    at_start = value_at(distance_m, times_s, start_s)
    at_end = value_at(distance_m, times_s, end_s)
    most = masked.maximum(distance_m, inside, empty=-math.inf)
    least = masked.minimum(distance_m, inside, empty=math.inf)
    furthest = jnp.maximum(most, jnp.maximum(at_start, at_end))
    closest = jnp.minimum(least, jnp.minimum(at_start, at_end))

    def when(level: Array, extreme: Array) -> Array:
        first = jnp.min(jnp.where(inside & (distance_m == extreme), times_s, jnp.inf))
        at_bound = jnp.where(at_start == level, start_s, end_s)
        return jnp.where((extreme == level) & (at_start != level), first, at_bound)

    return Reach(
        furthest_m=furthest,
        furthest_s=when(furthest, most),
        closest_m=closest,
        closest_s=when(closest, least),
        at_start_m=at_start,
        at_end_m=at_end,
    )


@jax.jit
def reach(
    anchored: AnchoredMotion,
    *,
    start_s: float | Float[Array, ""] = 0.0,
    end_s: float | Float[Array, ""] = math.inf,
) -> Reach:
    """Furthest point and closest approach to the start between two times.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor
    >>> there_and_back = synthetic.then(synthetic.walk(2.0), synthetic.walk_backward(2.0))
    >>> motion = synthetic.perform(there_and_back, gait=None).motion
    >>> distances = reach(anchor.to_first_heading(motion))
    >>> round(float(distances.furthest_m), 2), round(float(distances.at_end_m), 2)
    (2.0, 0.0)
    """
    times = jnp.asarray(anchored.times_s)
    return distance_reach(
        start_distance(anchored),
        times,
        jnp.asarray(anchored.observed),
        start_s=jnp.maximum(jnp.asarray(start_s, times.dtype), times[0]),
        end_s=jnp.minimum(jnp.asarray(end_s, times.dtype), times[-1]),
    )


def course_turning(
    velocity_mps: Float[Array, "frames 3"], observed: Bool[Array, " frames"]
) -> Float[Array, ""]:
    """Total turning of the direction of travel, + to the left, in radians.

    Only frames of travel count, and reversals do not.

    >>> angle = jnp.linspace(0.0, math.pi, 50)
    >>> circle = jnp.stack([jnp.sin(angle), 0 * angle, jnp.cos(angle)], axis=1)
    >>> round(float(course_turning(circle, jnp.ones(50, bool))), 4)
    3.1416
    """
    left, ahead = velocity_mps[:, 0], velocity_mps[:, 2]
    known = observed & (rotation.norm(left, ahead) >= thresholds.TRAVEL_SPEED_MPS)
    course = rotation.atan2(left, ahead)

    def follow(
        carry: tuple[Array, Array, Array], frame: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array, Array], None]:
        previous, begun, turned = carry
        angle, is_known = frame
        change = rotation.wrapped(angle - previous)
        counts = is_known & begun & (jnp.abs(change) < REVERSAL_RAD)
        turned = turned + jnp.where(counts, change, 0).astype(turned.dtype)
        return (jnp.where(is_known, angle, previous), begun | is_known, turned), None

    start = (course[0], jnp.array(False), jnp.zeros((), masked.accumulator()))
    (_, _, turned), _ = kernels.scan(follow, start, (course, known))
    return turned


def path_shape(
    positions_m: Float[Array, "frames 3"],
    velocity_mps: Float[Array, "frames 3"],
    observed: Bool[Array, " frames"],
    length: Int[Array, ""],
    *,
    start_distance_m: Float[Array, " frames"] | None = None,
) -> Shape:
    """Straightness, returns and turning of a uniformly sampled path.

    `start_distance_m` is needed if the start is not the origin.

    >>> ahead = jnp.stack([jnp.zeros(30), jnp.zeros(30), jnp.arange(30.0) / 30], axis=1)
    >>> speed = jnp.broadcast_to(jnp.array([0.0, 0, 1]), (30, 3))
    >>> shape = path_shape(ahead, speed, jnp.ones(30, bool), jnp.array(30))
    >>> round(float(shape.straightness), 3), int(shape.returns)
    (1.0, 0)
    """
    moving = observed & (
        rotation.norm(velocity_mps[:, 0], velocity_mps[:, 2])
        >= thresholds.MOVEMENT["forward"].still_speed
    )
    steps = jnp.diff(positions_m, axis=0)
    lengths = rotation.norm(steps[:, 0], steps[:, 2])
    path = masked.total(lengths, moving[1:] & moving[:-1])
    travelling = (
        rotation.norm(velocity_mps[:, 0], velocity_mps[:, 2]) >= thresholds.TRAVEL_SPEED_MPS
    )
    travelled = masked.total(lengths, (observed & travelling)[1:])
    last = jnp.take(positions_m, length - 1, axis=0) - positions_m[0]
    net = rotation.norm(last[0], last[2])
    distance = start_distance_m
    if distance is None:
        distance = rotation.norm(positions_m[:, 0], positions_m[:, 2])
    away = events.excursions(distance[:, None], length, rules=(thresholds.RETURN,))
    came_back = (away.peak > 0) & (away.end < length)
    has_path = path > thresholds.MOVEMENT["forward"].prominence
    return Shape(
        straightness=jnp.where(has_path, jnp.minimum(net / jnp.where(has_path, path, 1), 1), 1),
        returns=jnp.sum(came_back, dtype=jnp.int32),
        turning_rad=course_turning(velocity_mps, observed),
        travelled_m=travelled,
    )
