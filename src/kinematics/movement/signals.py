"""The seven movement signals of an anchored motion, smoothed without delay, gait removed.

Works on uniformly sampled motions (see `resample.to_rate`). Two filters, both of zero phase:

* *light*, a local parabola over 0.3 s, keeps peaks and reduces the tracker's jitter;
* *gait-free*, means over 1.1 s and then 0.8 s, removes changes that are undone within a stride. It
  applies where the person travels, the light filter where they stay in place.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from kinematics import thresholds
from kinematics.facts import SIGNALS
from kinematics.geometry import kernels, orientation, rotation
from kinematics.geometry.resample import ANALYSIS_RATE_HZ
from kinematics.motion import AnchoredMotion
from kinematics.skeleton import POINTS

_PARABOLA = (59 / 231, 54 / 231, 39 / 231, 14 / 231, -21 / 231)
"""Weights of a parabola fitted to nine frames, from the middle outwards."""

_STRIDE_FRAMES = round(thresholds.STRIDE_S * ANALYSIS_RATE_HZ)
_STEP_FRAMES = 25
"""Odd window lengths, so that the filters have a middle frame (1.1 s and 0.83 s at 30 Hz)."""

_REACH = (_STRIDE_FRAMES - 1) // 2 + (_STEP_FRAMES - 1) // 2
_REST_REACH = 8
"""Frames on either side for the speed that decides on rest: half a second in all."""
_SPEED_REACH = 3
"""Frames on either side for other speeds: a fifth of a second in all."""

SWAYING = ("up", "heading", "forward_lean", "left_lean", "tilt")
"""The signals that gait moves to and fro, in the order of `read`."""

_INDEX = {name: i for i, name in enumerate(POINTS)}


class Signals(NamedTuple):
    """The per-frame input of events and totals."""

    values: Float[Array, "frames signals"]
    """The signals in which movements are detected, in the order of `facts.SIGNALS`."""
    raw: Float[Array, "frames signals"]
    """The same before any smoothing."""
    rest_speed: Float[Array, "frames signals"]
    """Unsigned mean speed over half a second around each frame."""
    speed: Float[Array, "frames signals"]
    """Unsigned speed over a fifth of a second around each frame."""
    positions_m: Float[Array, "frames 3"]
    """The root, lightly smoothed."""
    velocity_mps: Float[Array, "frames 3"]
    """Mean velocity of the root over half a second around each frame."""
    heading_defined: Bool[Array, " frames"]
    tilt_rad: Float[Array, " frames"]
    """Tilt of the trunk, or of the pelvis without joints; smoothed like the leans."""
    usable: Bool[Array, " frames"]
    """Inside the clip and not in a long gap."""
    length: Int[Array, ""]
    """Frames of the clip, without padding."""


def _box(values: Float[Array, " padded"], width: int) -> Float[Array, " rest"]:
    """Moving sum over `width` frames, by doubling: few additions, in the same order everywhere."""
    size = values.shape[0] - width + 1
    total, done, power, sums = jnp.zeros((), values.dtype), 0, 1, values
    while done < width:
        if width & power:
            part = lax.slice_in_dim(sums, done, done + size)
            total = part if done == 0 else total + part
            done += power
        if done < width:
            sums = sums[:-power] + sums[power:]
            power *= 2
    return total


def _trend(
    block: Float[Array, " block"], present: Bool[Array, " block"], near_first: bool
) -> Float[Array, ""]:
    """Slope per frame between the two halves of the present frames (two strides at most).

    With halves of a full stride each, gait does not affect the slope.
    """
    count = jnp.sum(present)
    half = jnp.maximum(count // 2, 1)
    index = jnp.arange(block.shape[0]) - (0 if near_first else block.shape[0] - count)
    early = (index >= 0) & (index < half)
    late = (index >= count - half) & (index < count)
    weight = late.astype(block.dtype) - early.astype(block.dtype)
    apart = jnp.maximum(count - half, 1)
    return jnp.sum(weight * block) / (half * apart).astype(block.dtype)


def gait_free(values: Float[Array, " frames"], length: Int[Array, ""]) -> Float[Array, " frames"]:
    """A signal without gait: means over 1.1 s, then over 0.83 s.

    The clip is extended beyond its ends by its mirror image about a straight line with the trend of
    the nearest two strides as its slope, which distorts neither a sway nor a steady turn there.

    >>> strides = jnp.sin(2 * jnp.pi * jnp.arange(150) / 30)  # one stride a second
    >>> bool(jnp.abs(gait_free(strides, jnp.array(150))[30:120]).max() < 0.03)
    True
    """
    frames = values.shape[0]
    block = 2 * _STRIDE_FRAMES
    padded = jnp.pad(values, (0, max(0, block - frames)), mode="edge")
    reach = jnp.arange(1, _REACH + 1)

    start = padded[:block]
    start_slope = _trend(start, jnp.arange(block) < length, near_first=True)
    head = jnp.take(padded, jnp.minimum(reach, length - 1))
    head = head - 2 * reach.astype(values.dtype) * start_slope

    first = jnp.maximum(length - block, 0)
    end = lax.dynamic_slice_in_dim(padded, first, block)
    in_clip = first + jnp.arange(block) < length
    end = jnp.where(in_clip, end, 0)
    # the present frames end the block in a long clip, and begin it in a short one
    end_slope = _trend(end, in_clip, near_first=True)
    tail = jnp.take(padded, jnp.maximum(length - 1 - reach, 0))
    tail = tail + 2 * reach.astype(values.dtype) * end_slope

    extended = jnp.concatenate([head[::-1], padded, jnp.zeros((_REACH,), values.dtype)])
    extended = lax.dynamic_update_slice_in_dim(extended, tail, _REACH + length, axis=0)
    smooth = _box(_box(extended, _STRIDE_FRAMES), _STEP_FRAMES)
    return smooth[:frames] * (1 / (_STRIDE_FRAMES * _STEP_FRAMES))


def light(values: Float[Array, " frames"], length: Int[Array, ""]) -> Float[Array, " frames"]:
    """A signal with less jitter: a parabola through the nine frames around each.

    The clip is extended beyond its ends by point reflection, which keeps values and slopes there.

    >>> ramp = jnp.arange(20.0) ** 2
    >>> bool(jnp.allclose(light(ramp, jnp.array(20))[4:16], ramp[4:16], atol=1e-3))
    True
    """
    frames = values.shape[0]
    reach = jnp.arange(1, 5)
    last = jnp.take(values, length - 1)
    head = 2 * values[0] - jnp.take(values, jnp.minimum(reach, length - 1))
    tail = 2 * last - jnp.take(values, jnp.maximum(length - 1 - reach, 0))
    extended = jnp.concatenate([head[::-1], values, jnp.zeros((4,), values.dtype)])
    extended = lax.dynamic_update_slice_in_dim(extended, tail, 4 + length, axis=0)
    smooth = _PARABOLA[0] * extended[4 : 4 + frames]
    for away, weight in enumerate(_PARABOLA[1:], start=1):
        before = extended[4 - away : 4 - away + frames]
        smooth = smooth + weight * (before + extended[4 + away : 4 + away + frames])
    return smooth


def _held(values: Float[Array, " frames"], length: Int[Array, ""]) -> Float[Array, " frames"]:
    """The signal with the clip's last value repeated over the padding."""
    inside = jnp.arange(values.shape[0]) < length
    return jnp.where(inside, values, jnp.take(values, length - 1))


def change_rate(
    held: Float[Array, " frames"],
    length: Int[Array, ""],
    *,
    step_s: Float[Array, ""],
    reach: int,
) -> Float[Array, " frames"]:
    """Mean rate of change over `reach` frames on either side, one-sided at the clip's ends.

    >>> change_rate(jnp.arange(4.0), jnp.array(4), step_s=jnp.array(0.5), reach=1).tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    frames = held.shape[0]
    padded = jnp.pad(held, (reach, reach), mode="edge")
    index = jnp.arange(frames)
    span = jnp.minimum(index + reach, length - 1) - jnp.maximum(index - reach, 0)
    change = padded[2 * reach :] - padded[:frames]
    seconds = jnp.maximum(span, 1).astype(held.dtype) * step_s
    return change / seconds


def gait_share(
    speed_mps: Float[Array | np.ndarray, " frames"],
) -> Float[Array | np.ndarray, " frames"]:
    """Share of the gait's sway to expect at a ground speed: 0 in place, 1 while travelling.

    >>> gait_share(jnp.array([0.0, 1.2])).tolist()
    [0.0, 1.0]
    """
    slow, full = thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS
    ramp = ((speed_mps - slow) / (full - slow)).clip(0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _beyond(
    rest: Float[Array, "swaying frames"], has_shoulders: Bool[Array, ""]
) -> Float[Array, "swaying frames"]:
    """The part of a difference beyond ordinary sway."""
    heading = jnp.where(
        has_shoulders, thresholds.SWAY_TRUNK_HEADING_RAD, thresholds.SWAY_HEADING_RAD
    )
    allowances = {"up": thresholds.SWAY_UP_M, "heading": heading}
    allowed = jnp.stack(
        [
            jnp.asarray(allowances.get(name, thresholds.SWAY_LEAN_RAD), rest.dtype)
            for name in SWAYING
        ]
    )[:, None]
    return rest - jnp.clip(rest, -allowed, allowed)


class _Lines(NamedTuple):
    """The direction in which the body faces and leans, per frame."""

    pelvis_rad: Float[Array, " frames"]
    """Heading of the pelvis."""
    body_rad: Float[Array, " frames"]
    """Mean heading of pelvis and shoulders, which counter-rotate in gait."""
    heading_defined: Bool[Array, " frames"]
    forward_rad: Float[Array, " frames"]
    left_rad: Float[Array, " frames"]
    tilt_rad: Float[Array, " frames"]
    has_shoulders: Bool[Array, ""]


def _body_lines(
    anchored: AnchoredMotion,
    points_m: Float[Array, "frames points 3"] | None,
    present: Bool[Array, " points"] | None,
) -> _Lines:
    """Heading and lean of the pelvis and, if the points are present, of shoulders and trunk."""
    orientations = jnp.asarray(anchored.orientations_wxyz)
    pelvis = orientation.heading(orientations, jnp.asarray(anchored.observed))
    forward, left = rotation.lean(orientations)
    lines = _Lines(
        pelvis_rad=pelvis.heading_rad,
        body_rad=pelvis.heading_rad,
        heading_defined=pelvis.defined,
        forward_rad=forward,
        left_rad=left,
        tilt_rad=rotation.tilt(orientations),
        has_shoulders=jnp.array(False),
    )
    if points_m is None or present is None:
        return lines
    across = points_m[:, _INDEX["left_shoulder"]] - points_m[:, _INDEX["right_shoulder"]]
    has_shoulders = present[_INDEX["left_shoulder"]] & present[_INDEX["right_shoulder"]]
    # the points are in heading axes already, so this is relative to the pelvis
    twist = rotation.atan2(-across[:, 2], across[:, 0])
    trunk = points_m[:, _INDEX["neck"]] - points_m[:, _INDEX["pelvis"]]
    has_trunk = present[_INDEX["neck"]] & present[_INDEX["pelvis"]]
    level = rotation.norm(trunk[:, 0], trunk[:, 2])
    trunk_tilt = rotation.atan2(level, trunk[:, 1])
    per_metre = trunk_tilt / jnp.where(level > 1e-6, level, 1)
    return lines._replace(
        body_rad=lines.pelvis_rad + jnp.where(has_shoulders, 0.5 * twist, 0),
        tilt_rad=jnp.where(has_trunk, trunk_tilt, lines.tilt_rad),
        forward_rad=jnp.where(has_trunk, trunk[:, 2] * per_metre, forward),
        left_rad=jnp.where(has_trunk, trunk[:, 0] * per_metre, left),
        has_shoulders=has_shoulders,
    )


def _laid_out(
    root_m: Float[Array, "3 frames"],
    from_start_m: Float[Array, "3 frames"],
    swaying: Float[Array, "swaying frames"],
) -> Float[Array, "signals frames"]:
    """The seven signals, in their order."""
    lanes = {
        "left": root_m[0],
        "forward": root_m[2],
        "start_distance": rotation.norm(from_start_m[0], from_start_m[2]),
        **{name: swaying[row] for row, name in enumerate(SWAYING)},
    }
    return jnp.stack([lanes[name] for name in SIGNALS])


def read(
    anchored: AnchoredMotion,
    *,
    points_m: Float[Array, "frames points 3"] | None = None,
    present: Bool[Array, " points"] | None = None,
    length: Int[Array, ""] | None = None,
    from_start_m: Float[Array, "frames 3"] | None = None,
) -> Signals:
    """The signals of one uniformly sampled motion.

    `points_m` are its eighteen body points relative to the pelvis (`anchor.body_points`), `present`
    masks those that the skeleton has; with them, leans are the trunk's and sway is averaged over
    pelvis and shoulders. `length` is the clip's length if copies of its last frame follow.
    `from_start_m` is the root's position relative to its start, in any level axes; frames of
    reference with another origin need it.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor, resample
    >>> motion = resample.to_rate(synthetic.perform(synthetic.walk(2.0)).motion)
    >>> read(anchor.to_first_heading(motion)).values.shape[1]
    7
    """
    frames = anchored.times_s.shape[0]
    length = jnp.asarray(frames) if length is None else length
    times = jnp.asarray(anchored.times_s)
    positions = jnp.asarray(anchored.positions_m)
    dtype = positions.dtype
    step_s = jnp.maximum((times[jnp.minimum(1, length - 1)] - times[0]), 1e-6).astype(dtype)

    lightly, without_gait, held = (
        jax.vmap(f, in_axes=(0, None)) for f in (light, gait_free, _held)
    )

    def rate(lanes: Array, length: Array, reach: int) -> Array:
        return jax.vmap(partial(change_rate, length=length, step_s=step_s, reach=reach))(lanes)

    lines = _body_lines(anchored, points_m, present)
    leans = [lines.forward_rad, lines.left_rad, lines.tilt_rad]
    # frames on the last axis, which is contiguous: the filters run along it
    root_m = positions.T
    swaying = jnp.stack([root_m[1], lines.body_rad, *leans])
    steady = lightly(jnp.concatenate([root_m, swaying, lines.pelvis_rad[None]]), length)
    path = held(steady[:3], length)
    start_m, start_path = root_m, path
    if from_start_m is not None:
        start_m = from_start_m.T
        start_path = held(lightly(start_m, length), length)
    in_place = jnp.stack([steady[3], steady[8], *steady[5:8]])

    stride = rate(path, length, (_STRIDE_FRAMES - 1) // 2)
    gait = gait_share(rotation.norm(stride[0], stride[2]))[None]
    mean = without_gait(swaying, length)
    walking = mean + _beyond(steady[3:8] - mean, lines.has_shoulders)
    mixed = in_place + gait * (walking - in_place)

    values = held(_laid_out(path, start_path, mixed), length)
    return Signals(
        values=kernels.interleaved(*values),
        raw=kernels.interleaved(*_laid_out(root_m, start_m, swaying)),
        rest_speed=jnp.abs(kernels.interleaved(*rate(values, length, _REST_REACH))),
        speed=jnp.abs(kernels.interleaved(*rate(values, length, _SPEED_REACH))),
        positions_m=kernels.interleaved(*path),
        velocity_mps=kernels.interleaved(*rate(path, length, _REST_REACH)),
        heading_defined=lines.heading_defined,
        tilt_rad=mixed[4],
        usable=jnp.asarray(anchored.observed) & (jnp.arange(frames) < length),
        length=length,
    )


read_jitted = jax.jit(read)
