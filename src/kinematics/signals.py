"""The seven movement signals of an anchored motion, smoothed without delay, gait taken out.

Works on uniformly sampled motions (see `resample.to_rate`). Two filters, both of zero phase:

* a *light* one, a local parabola over 0.3 s, keeps peaks and takes the tracker's jitter down;
* a *gait-free* one, two windows of 1.1 s and 0.8 s in succession, takes out what is undone within
  a stride. It rules where the person travels, the light one where they stay in place.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from kinematics import orientation, rotation, thresholds
from kinematics.facts import SIGNALS
from kinematics.motion import AnchoredMotion
from kinematics.resample import ANALYSIS_RATE_HZ
from kinematics.skeleton import POINTS

_PARABOLA = (59 / 231, 54 / 231, 39 / 231, 14 / 231, -21 / 231)
"""Weights of a parabola fitted to nine frames, from the middle outwards."""

_STRIDE_FRAMES = round(thresholds.STRIDE_S * ANALYSIS_RATE_HZ)
_STEP_FRAMES = 25
"""Odd window lengths, so that the filters have a middle frame (1.1 s and 0.83 s at 30 Hz)."""

_REACH = (_STRIDE_FRAMES - 1) // 2 + (_STEP_FRAMES - 1) // 2
_REST_REACH = 8
"""Frames on either side over which resting is judged: half a second in all."""
_SPEED_REACH = 3
"""Frames on either side over which speeds are read: a fifth of a second in all."""

_SWAY = (
    thresholds.SWAY_UP_M,
    thresholds.SWAY_HEADING_RAD,
    thresholds.SWAY_LEAN_RAD,
    thresholds.SWAY_LEAN_RAD,
    thresholds.SWAY_LEAN_RAD,
)
"""In the order in which `read` lays out what sways: up, heading, forward and left lean, tilt."""

_INDEX = {name: i for i, name in enumerate(POINTS)}


class Signals(NamedTuple):
    """Everything that events and totals are read off, frame by frame."""

    values: Float[Array, "frames signals"]
    """What movements are found on, in the order of `facts.SIGNALS`."""
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
    """Tilt of the trunk where joints exist, else of the pelvis; smoothed as the leans are."""
    usable: Bool[Array, " frames"]
    """Inside the clip and not in a long gap."""
    length: Int[Array, ""]
    """Frames of the clip; what follows is padding."""


def _box(values: Float[Array, "padded channels"], width: int) -> Float[Array, "rest channels"]:
    """Sum over every `width` frames in a row, by doubling: few additions, the same at any place."""
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
    block: Float[Array, "block channels"], present: Bool[Array, " block"], near_first: bool
) -> Float[Array, "channels"]:
    """Slope per frame between the two halves of the frames that are there (two strides at most).

    Halves of a full stride each leave nothing of the gait in the slope.
    """
    count = jnp.sum(present)
    half = jnp.maximum(count // 2, 1)
    place = jnp.arange(block.shape[0]) - (0 if near_first else block.shape[0] - count)
    early = (place >= 0) & (place < half)
    late = (place >= count - half) & (place < count)
    weight = late.astype(block.dtype) - early.astype(block.dtype)
    apart = jnp.maximum(count - half, 1)
    return jnp.sum(weight[:, None] * block, axis=0) / (half * apart).astype(block.dtype)


def gait_free(
    values: Float[Array, "frames channels"], length: Int[Array, ""]
) -> Float[Array, "frames channels"]:
    """The channels without what a stride undoes: means over 1.1 s, then over 0.83 s.

    Beyond its ends the clip is continued as its mirror image about a straight line whose slope is
    the trend over the nearest two strides, so that neither a sway nor a steady turn is bent there.

    >>> strides = jnp.sin(2 * jnp.pi * jnp.arange(150) / 30)[:, None]  # one stride a second
    >>> bool(jnp.abs(gait_free(strides, jnp.array(150))[30:120]).max() < 0.03)
    True
    """
    frames, channels = values.shape
    block = 2 * _STRIDE_FRAMES
    padded = jnp.pad(values, ((0, max(0, block - frames)), (0, 0)), mode="edge")
    reach = jnp.arange(1, _REACH + 1)

    start = padded[:block]
    start_slope = _trend(start, jnp.arange(block) < length, near_first=True)
    head = jnp.take(padded, jnp.minimum(reach, length - 1), axis=0)
    head = head - 2 * reach[:, None].astype(values.dtype) * start_slope[None, :]

    first = jnp.maximum(length - block, 0)
    end = lax.dynamic_slice_in_dim(padded, first, block)
    in_clip = first + jnp.arange(block) < length
    end = jnp.where(in_clip[:, None], end, 0)
    # the present frames end the block when the clip is long, begin it when it is short
    end_slope = _trend(end, in_clip, near_first=True)
    tail = jnp.take(padded, jnp.maximum(length - 1 - reach, 0), axis=0)
    tail = tail + 2 * reach[:, None].astype(values.dtype) * end_slope[None, :]

    extended = jnp.concatenate(
        [head[::-1], padded, jnp.zeros((_REACH, channels), values.dtype)], axis=0
    )
    extended = lax.dynamic_update_slice_in_dim(extended, tail, _REACH + length, axis=0)
    smooth = _box(_box(extended, _STRIDE_FRAMES), _STEP_FRAMES)
    return smooth[:frames] * (1 / (_STRIDE_FRAMES * _STEP_FRAMES))


def light(
    values: Float[Array, "frames channels"], length: Int[Array, ""]
) -> Float[Array, "frames channels"]:
    """The channels with their jitter taken down: a parabola through nine frames around each.

    Beyond its ends the clip is continued as its point reflection, which keeps ends and slopes.

    >>> ramp = jnp.arange(20.0)[:, None] ** 2
    >>> bool(jnp.allclose(light(ramp, jnp.array(20))[4:16], ramp[4:16], atol=1e-3))
    True
    """
    frames, channels = values.shape
    reach = jnp.arange(1, 5)
    last = jnp.take(values, length - 1, axis=0)[None, :]
    head = 2 * values[:1] - jnp.take(values, jnp.minimum(reach, length - 1), axis=0)
    tail = 2 * last - jnp.take(values, jnp.maximum(length - 1 - reach, 0), axis=0)
    extended = jnp.concatenate([head[::-1], values, jnp.zeros((4, channels), values.dtype)])
    extended = lax.dynamic_update_slice_in_dim(extended, tail, 4 + length, axis=0)
    smooth = _PARABOLA[0] * extended[4 : 4 + frames]
    for away, weight in enumerate(_PARABOLA[1:], start=1):
        before = extended[4 - away : 4 - away + frames]
        smooth = smooth + weight * (before + extended[4 + away : 4 + away + frames])
    return smooth


def _held(
    values: Float[Array, "frames channels"], length: Int[Array, ""]
) -> Float[Array, "frames channels"]:
    """The last frame's values repeated over the padding."""
    inside = jnp.arange(values.shape[0]) < length
    return jnp.where(inside[:, None], values, jnp.take(values, length - 1, axis=0)[None, :])


def change_rate(
    held: Float[Array, "frames channels"],
    length: Int[Array, ""],
    *,
    step_s: Float[Array, ""],
    reach: int,
) -> Float[Array, "frames channels"]:
    """Mean rate of change over `reach` frames on either side, one-sided at the clip's ends.

    >>> change_rate(
    ...     jnp.arange(4.0)[:, None], jnp.array(4), step_s=jnp.array(0.5), reach=1
    ... )[:, 0].tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    frames = held.shape[0]
    padded = jnp.pad(held, ((reach, reach), (0, 0)), mode="edge")
    place = jnp.arange(frames)
    span = jnp.minimum(place + reach, length - 1) - jnp.maximum(place - reach, 0)
    change = padded[2 * reach :] - padded[:frames]
    seconds = jnp.maximum(span, 1).astype(held.dtype) * step_s
    return change / seconds[:, None]


def gait_share(speed_mps: Float[Array, " frames"]) -> Float[Array, " frames"]:
    """How much of the gait's sway to expect at a ground speed: 0 in place, 1 while travelling.

    >>> gait_share(jnp.array([0.0, 1.2])).tolist()
    [0.0, 1.0]
    """
    slow, full = thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS
    ramp = jnp.clip((speed_mps - slow) / (full - slow), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _beyond(
    rest: Float[Array, "frames channels"], allowance: tuple[float, ...]
) -> Float[Array, "frames channels"]:
    """What remains of a difference that a sway of the allowed size cannot explain."""
    allowed = jnp.array(allowance, dtype=rest.dtype)[None, :]
    return rest - jnp.clip(rest, -allowed, allowed)


def _body_lines(
    anchored: AnchoredMotion,
    points_m: Float[Array, "frames points 3"] | None,
    present: Bool[Array, " points"] | None,
) -> tuple[orientation.Heading, Float[Array, " frames"], tuple[Array, Array, Array]]:
    """Pelvis heading, how far the shoulders are turned from it, and (tilt, forward, left) lean."""
    orientations = jnp.asarray(anchored.orientations_wxyz)
    pelvis = orientation.heading(orientations, jnp.asarray(anchored.observed))
    forward, left = rotation.lean(orientations)
    tilt = rotation.tilt(orientations)
    twist = jnp.zeros_like(tilt)
    if points_m is not None and present is not None:
        across = points_m[:, _INDEX["left_shoulder"]] - points_m[:, _INDEX["right_shoulder"]]
        has_shoulders = present[_INDEX["left_shoulder"]] & present[_INDEX["right_shoulder"]]
        # the points are in heading axes already, so this is relative to the pelvis
        twist = jnp.where(has_shoulders, rotation.atan2(-across[:, 2], across[:, 0]), 0)
        trunk = points_m[:, _INDEX["neck"]] - points_m[:, _INDEX["pelvis"]]
        has_trunk = present[_INDEX["neck"]] & present[_INDEX["pelvis"]]
        level = rotation.norm(trunk[:, 0], trunk[:, 2])
        trunk_tilt = rotation.atan2(level, trunk[:, 1])
        per_metre = trunk_tilt / jnp.where(level > 1e-6, level, 1)
        tilt = jnp.where(has_trunk, trunk_tilt, tilt)
        forward = jnp.where(has_trunk, trunk[:, 2] * per_metre, forward)
        left = jnp.where(has_trunk, trunk[:, 0] * per_metre, left)
    return pelvis, twist, (tilt, forward, left)


def read(
    anchored: AnchoredMotion,
    *,
    points_m: Float[Array, "frames points 3"] | None = None,
    present: Bool[Array, " points"] | None = None,
    length: Int[Array, ""] | None = None,
) -> Signals:
    """The signals of one uniformly sampled motion.

    `points_m` are its eighteen body points seen from the pelvis (`anchor.body_points`), `present`
    which of them the skeleton has; with them, leans are the trunk's and sway is averaged over
    pelvis and shoulders. `length` marks the end of the clip when padding follows.

    >>> from kinematics import anchor, resample, synthetic
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

    pelvis, twist, (tilt, forward_lean, left_lean) = _body_lines(anchored, points_m, present)
    sided = jnp.stack(
        [
            positions[:, 1],
            pelvis.heading_rad + 0.5 * twist,
            forward_lean,
            left_lean,
            tilt,
        ],
        axis=1,
    )
    in_place = jnp.concatenate([positions, sided[:, 2:], pelvis.heading_rad[:, None]], axis=1)
    in_place = light(_held(in_place, length), length)
    path = in_place[:, :3]
    stride_velocity = change_rate(
        _held(path, length), length, step_s=step_s, reach=(_STRIDE_FRAMES - 1) // 2
    )
    gait = gait_share(rotation.norm(stride_velocity[:, 0], stride_velocity[:, 2]))[:, None]
    swayless = gait_free(_held(sided, length), length)
    standing = jnp.stack(
        [path[:, 1], in_place[:, 6], in_place[:, 3], in_place[:, 4], in_place[:, 5]], axis=1
    )
    walking = swayless + _beyond(light(_held(sided, length), length) - swayless, _SWAY)
    mixed = standing + gait * (walking - standing)

    def laid_out(place: Array, turns: Array) -> Array:
        columns = {
            "left": place[:, 0],
            "up": turns[:, 0],
            "forward": place[:, 2],
            "start_distance": rotation.norm(place[:, 0], place[:, 2]),
            "heading": turns[:, 1],
            "forward_lean": turns[:, 2],
            "left_lean": turns[:, 3],
        }
        return jnp.stack([columns[name] for name in SIGNALS], axis=1)

    values = _held(laid_out(path, mixed), length)
    return Signals(
        values=values,
        raw=laid_out(positions, sided),
        rest_speed=jnp.abs(change_rate(values, length, step_s=step_s, reach=_REST_REACH)),
        speed=jnp.abs(change_rate(values, length, step_s=step_s, reach=_SPEED_REACH)),
        positions_m=_held(path, length),
        velocity_mps=change_rate(_held(path, length), length, step_s=step_s, reach=_REST_REACH),
        heading_defined=pelvis.defined,
        tilt_rad=mixed[:, 4],
        usable=jnp.asarray(anchored.observed) & (jnp.arange(frames) < length),
        length=length,
    )


read_jitted = jax.jit(read)
