"""Jumps and crouches, from the height of the root and, with joints, of both feet.

The standing level is the height below which the root is for three quarters of the clip. A jump
leaves the standing range upwards and returns within a second: with joints, the root and both feet
rise together (runs lift one foot at a time); without, the root has to rise further. A crouch
leaves the range downwards and returns. Rules and levels are in `thresholds`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kinematics import thresholds
from kinematics.geometry import masked, rotation
from kinematics.movement import events, signals
from kinematics.movement.signals import Signals
from kinematics.skeleton import POINTS

LANES = ("jump_root", "jump_feet", "crouch")
"""The three kinds of departure from the standing level."""

_RULES = (thresholds.JUMP_ROOT, thresholds.JUMP_FEET, thresholds.CROUCH)
_LEVEL_STEPS = 12
"""Halvings of the range of heights: half a millimetre in two metres."""

_LEFT = (POINTS.index("left_ankle"), POINTS.index("left_foot"))
_RIGHT = (POINTS.index("right_ankle"), POINTS.index("right_foot"))


class Vertical(NamedTuple):
    """Departures from the standing level."""

    excursions: events.Excursions
    """In the order of `LANES`, in frames; peaks are distances from the level in metres."""
    standing_m: Float[Array, ""]
    """Standing level of the root, relative to the first frame."""
    has_feet: Bool[Array, ""]
    """Whether `jump_feet` counts rather than `jump_root`."""


def find(
    read: Signals,
    *,
    points_m: Float[Array, "frames points 3"] | None = None,
    present: Bool[Array, " points"] | None = None,
) -> Vertical:
    """The vertical episodes of one uniformly sampled motion.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor, resample
    >>> jump = synthetic.then(synthetic.stand(1.0), synthetic.jump(0.3), synthetic.stand(1.0))
    >>> motion = resample.to_rate(synthetic.perform(jump, joints=False).motion)
    >>> vertical = find(signals.read(anchor.to_first_heading(motion)))
    >>> int((vertical.excursions.peak[:, 0] > 0.2).sum())
    1
    """
    height = read.positions_m[:, 1]
    usable = read.usable
    standing = masked.quantile(height, usable, share=thresholds.STANDING_SHARE, steps=_LEVEL_STEPS)
    rise = height - standing
    feet_rise = jnp.zeros_like(rise)
    has_feet = jnp.array(False)
    if points_m is not None and present is not None:
        has_feet = present[_LEFT[0]] & present[_RIGHT[0]]
        feet = jnp.stack(
            [
                jnp.minimum(points_m[:, ankle, 1], points_m[:, foot, 1])
                for ankle, foot in (_LEFT, _RIGHT)
            ]
        )

        def above_floor(height_m: Array) -> Array:
            steady = signals.light(height_m, read.length)
            return steady - masked.quantile(
                steady, usable, share=thresholds.FLOOR_SHARE, steps=_LEVEL_STEPS
            )

        feet_rise = jnp.min(jax.vmap(above_floor)(feet + read.raw[None, :, 1]), axis=0)
    # runs have low flight phases with both feet up: while travelling, jumps have to be higher
    speed = rotation.norm(read.velocity_mps[:, 0], read.velocity_mps[:, 2])
    hop = jnp.minimum(rise, feet_rise) - thresholds.JUMP_RUN_M * signals.gait_share(speed)
    lanes = jnp.stack([rise, hop, -rise], axis=1)
    lanes = jnp.where(usable[:, None], lanes, 0)
    return Vertical(
        excursions=events.excursions(lanes, read.length, rules=_RULES),
        standing_m=standing,
        has_feet=has_feet,
    )
