"""Orientation change: unwrapped heading, turns to either side, tilt and lean."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from kinematics import thresholds
from kinematics.geometry import kernels, masked, rotation, windows
from kinematics.motion import AnchoredMotion

_LEAST_UPRIGHT = math.tan(0.5 * thresholds.UPSIDE_DOWN_RAD) ** 2


class Heading(NamedTuple):
    """The direction in which the body faces, unwrapped over time."""

    heading_rad: Float[Array, " frames"]
    """Continuous: a turn from 0 to 270 degrees is +270. Undefined frames repeat the last value."""
    defined: Bool[Array, " frames"]
    """False where unseen, and within 10 degrees of hanging upside down."""


class Turn(NamedTuple):
    """Heading change inside a time window."""

    net_rad: Float[Array, ""]
    left_rad: Float[Array, ""]
    right_rad: Float[Array, ""]
    """Both are unsigned sums; net is left minus right."""


class Lean(NamedTuple):
    """Angle of the body's up axis from the vertical, and its direction."""

    tilt_rad: Float[Array, " frames"]
    forward_rad: Float[Array, " frames"]
    left_rad: Float[Array, " frames"]


def unwrapped(
    wrapped_rad: Float[Array, " frames"], defined: Bool[Array, " frames"]
) -> Float[Array, " frames"]:
    """Angles made continuous by whole turns; undefined frames repeat the last defined one.

    Whole turns are counted as integers beside the wrapped angle, so errors do not accumulate: the
    result is exact to one rounding after any number of turns.

    >>> angles = jnp.array([3.0, -3.0, 3.0])
    >>> [round(angle, 3) for angle in unwrapped(angles, jnp.ones(3, bool)).tolist()]
    [3.0, 3.283, 3.0]
    """

    def follow(
        carry: tuple[Array, Array], frame: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array], Array]:
        previous, turns = carry
        angle, is_defined = frame
        angle = jnp.where(is_defined, angle, previous)
        jump = lax.stop_gradient(jnp.round((angle - previous) * (0.5 / math.pi)))
        return (angle, turns - jump), angle + (turns - jump) * (2 * math.pi)

    first = wrapped_rad[lax.argmax(defined, 0, jnp.int32)]
    zero = jnp.zeros_like(first)
    _, angles = kernels.scan(follow, (first, zero), (wrapped_rad, defined))
    return angles


def heading(
    orientations_wxyz: Float[Array, "frames 4"], observed: Bool[Array, " frames"]
) -> Heading:
    """Unwrapped heading of a track; positive is a turn to the subject's own left.

    >>> half_turns = jnp.arange(9) * (math.pi / 2)
    >>> track = heading(rotation.about_up(half_turns), jnp.ones(9, bool))
    >>> round(float(track.heading_rad[-1]), 4)  # two full turns
    12.5664
    """
    w, x, y, z = (orientations_wxyz[:, i] for i in range(4))
    # half the tilt has the tangent |x, z| / |w, y|, so a bound needs no inverse tangent
    defined = observed & (w * w + y * y > _LEAST_UPRIGHT * (x * x + z * z))
    return Heading(
        heading_rad=unwrapped(rotation.heading(orientations_wxyz), defined), defined=defined
    )


def lean(anchored: AnchoredMotion) -> Lean:
    """Tilt of the pelvis, and its forward and left components in the heading frame.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor
    >>> upright = anchor.to_first_heading(synthetic.perform(synthetic.stand(1.0)).motion)
    >>> bool(lean(upright).tilt_rad.max() < 0.01)
    True
    """
    forward, left = rotation.lean(jnp.asarray(anchored.orientations_wxyz))
    tilt = rotation.tilt(jnp.asarray(anchored.orientations_wxyz))
    return Lean(tilt_rad=tilt, forward_rad=forward, left_rad=left)


@jax.jit
def turn(
    anchored: AnchoredMotion,
    *,
    start_s: float | Float[Array, ""] | None = None,
    end_s: float | Float[Array, ""] | None = None,
) -> Turn:
    """Heading change between two times (default: the whole clip), frames cut by interpolation.

    Sums every change, including sway and jitter; `measure` reports turns that are movements.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor
    >>> motion = synthetic.perform(synthetic.turn(math.pi / 2)).motion
    >>> round(float(turn(anchor.to_first_heading(motion)).net_rad), 2)
    1.57
    """
    track = heading(jnp.asarray(anchored.orientations_wxyz), jnp.asarray(anchored.observed))
    share = windows.segment_share(
        jnp.asarray(anchored.times_s), track.defined, start_s=start_s, end_s=end_s
    )
    change = jnp.diff(track.heading_rad) * share
    everywhere = jnp.ones(change.shape, bool)
    left = masked.total(jnp.maximum(change, 0), everywhere)
    right = masked.total(jnp.maximum(-change, 0), everywhere)
    return Turn(net_rad=left - right, left_rad=left, right_rad=right)
