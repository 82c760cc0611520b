"""Frames of reference: one rigid transform of positions, orientations and joints together.

The reference pose comes from a short robust window at the start, not from one noisy frame: the
value at the first observed time of a straight line through the first quarter second, refitted with
weights that suppress outliers. A person who is already turning keeps the heading of the first
instant. The pelvis of a person who is already walking yaws up to 17 degrees to either side of their
facing direction; their heading is an estimate over the first strides instead (`steady_heading`).
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from kinematics import thresholds
from kinematics.facts import Frame
from kinematics.geometry import kernels, masked, rotation
from kinematics.motion import AnchoredMotion, Motion

WINDOW_S = 0.25
"""Length of the robust window, in seconds: short against a turn, long against one bad frame."""

WINDOW_FRAMES = 288
"""Most frames that are read for the start: two strides at 120 frames a second."""

_UNDER_WAY_S = 0.35
"""By then a walk that had begun before the clip has covered some distance."""

STEADY_RAD = (math.radians(15), math.radians(30))
"""Heading changes between the first two strides from which on the stride mean counts less, and not
at all: the person is turning."""

POSITION_SCALE_M = 0.01
ANGLE_SCALE_RAD = 0.026
"""Residuals well beyond these (1 cm, 1.5 degrees) count as outliers of the window."""

REFITS = 5
"""Reweightings; three suffice to ignore a first frame that is 40 degrees off."""

_LEAST_LEVEL = math.sin(math.radians(5))
"""A camera within 5 degrees of straight up or down has no direction along the ground."""


class Reference(NamedTuple):
    """A pose in the world, the origin and axes of the `to_...` functions."""

    orientation_wxyz: Float[Array, "4"]
    origin_m: Float[Array, "3"]


class Track(NamedTuple):
    """The arrays of a motion that a change of reference affects."""

    orientations_wxyz: Float[Array, "frames 4"]
    positions_m: Float[Array, "frames 3"]
    joints_m: Float[Array, "frames joints 3"] | None


def _first(observed: Bool[Array, " frames"]) -> Int[Array, ""]:
    """The first observed frame, 0 if there is none; `argmax` takes twelve microseconds more."""
    frames = observed.shape[0]
    first = jnp.min(jnp.where(observed, jnp.arange(frames, dtype=jnp.int32), frames))
    return jnp.where(first < frames, first, 0)


def _added(values: Float[Array, "window axes"]) -> Float[Array, "1 axes"]:
    """The sum over a short window, unrolled so that XLA fuses it into the kernel that uses it."""
    total = values[:1]
    for row in range(1, values.shape[0]):
        total = total + values[row : row + 1]
    return total


def _line_at_start(
    vectors: Float[Array, "window 3"],
    since_start_s: Float[Array, " window"],
    used: Bool[Array, " window"],
    *,
    scale: float,
) -> Float[Array, "3"]:
    """Value at time zero of a robust straight line through a vector's first values.

    Weights depend on the length of a frame's residual vector, so the fit is invariant to rotation.
    """
    used, since = used[:, None], since_start_s[:, None]

    def refit(weights: Array, _: Array) -> tuple[Array, Array]:
        per_weight = 1 / _added(weights)
        mean_time = _added(weights * since) * per_weight
        mean = _added(weights * vectors) * per_weight
        mean_time, mean = kernels.once((mean_time, mean))
        centred = since - mean_time
        spread = _added(weights * centred * centred)
        slope = _added(weights * centred * (vectors - mean))
        slope = jnp.where(spread > 1e-9, slope / jnp.where(spread > 1e-9, spread, 1), 0)
        start, slope = kernels.once((mean - slope * mean_time, slope))
        misses = (vectors - start - slope * since) * (1 / scale)
        misses = misses[:, :1] ** 2 + misses[:, 1:2] ** 2 + misses[:, 2:] ** 2
        return jnp.where(used, 1 / (1 + misses), 0), start

    _, starts = kernels.scan(refit, used.astype(vectors.dtype), jnp.arange(1 + REFITS))
    return starts[-1, 0]


def _relative_rotvec(wxyz: Float[Array, "frames 4"]) -> Float[Array, "frames 3"]:
    """Rotation vectors of unit quaternions, the short way round."""
    flip = jnp.where(wxyz[:, 0] < 0, -1, 1).astype(wxyz.dtype)
    w, x, y, z = (wxyz[:, i] * flip for i in range(4))
    sine = rotation.norm(x, y, z)
    small = sine < 1e-6
    per_unit = jnp.where(small, 2.0, 2 * rotation.atan2(sine, w) / jnp.where(small, 1, sine))
    return jnp.stack([x * per_unit, y * per_unit, z * per_unit], axis=-1)


def _from_rotvec(rotvec: Float[Array, "3"]) -> Float[Array, "4"]:
    angle = rotation.norm(rotvec[0], rotvec[1], rotvec[2])
    sine, cosine = rotation.sincos(0.5 * angle)
    small = angle < 1e-6
    per_unit = jnp.where(small, 0.5, sine / jnp.where(small, 1, angle))
    return jnp.concatenate([cosine[None], rotvec * per_unit])


def first_pose(
    orientations_wxyz: Float[Array, "frames 4"],
    positions_m: Float[Array, "frames 3"],
    times_s: Float[Array, " frames"],
    observed: Bool[Array, " frames"],
    *,
    window_frames: int = WINDOW_FRAMES,
) -> Reference:
    """The pose at the first observed time, robust to one noisy frame.

    >>> upright = jnp.tile(jnp.array([1.0, 0, 0, 0]), (5, 1))
    >>> times, seen = jnp.arange(5) / 30, jnp.ones(5, bool)
    >>> first_pose(upright, jnp.ones((5, 3)), times, seen).origin_m.tolist()
    [1.0, 1.0, 1.0]
    """
    first = _first(observed)
    size = min(round(window_frames / 8), times_s.shape[0])

    def window(array: Array) -> Array:
        return lax.dynamic_slice_in_dim(array, first, size)

    # near the end of a clip the slice starts before `first`: earlier frames are masked out
    since_start = window(times_s) - times_s[first]
    used = window(observed) & (since_start >= 0) & (since_start <= WINDOW_S)
    used = used | (jnp.arange(size) == first - jnp.minimum(first, times_s.shape[0] - size))
    orientation, position = orientations_wxyz[first], positions_m[first]
    inverse = jnp.broadcast_to(rotation.conjugate(orientation), (size, 4))
    rotvecs = _relative_rotvec(rotation.multiply(inverse, window(orientations_wxyz)))
    places = window(positions_m) - position[None, :]
    turned = _line_at_start(rotvecs, since_start, used, scale=ANGLE_SCALE_RAD)
    moved = _line_at_start(places, since_start, used, scale=POSITION_SCALE_M)
    return Reference(
        orientation_wxyz=rotation.multiply(orientation, _from_rotvec(turned)),
        origin_m=position + moved,
    )


def _smooth_step(value: Float[Array, ""], low: float, high: float) -> Float[Array, ""]:
    """0 up to `low`, 1 from `high`, smooth in between."""
    share = jnp.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def steady_heading(
    orientations_wxyz: Float[Array, "frames 4"],
    positions_m: Float[Array, "frames 3"],
    times_s: Float[Array, " frames"],
    observed: Bool[Array, " frames"],
    *,
    reference: Reference,
    window_frames: int = WINDOW_FRAMES,
) -> Float[Array, ""]:
    """Angle in radians from the reference's heading to a walker's at the start, + to the left.

    Means over the first and the second stride contain no gait; the line through them is
    extrapolated back to the start. 0 without travel, and reduced to 0 if the person is turning.

    >>> times, seen = jnp.arange(90) / 30, jnp.ones(90, bool)
    >>> sway = rotation.about_up(0.2 * jnp.cos(2 * jnp.pi * times / 1.1))
    >>> ahead = jnp.stack([0 * times, 0 * times, 1.2 * times], axis=1)
    >>> start = first_pose(sway, ahead, times, seen)
    >>> correction = steady_heading(sway, ahead, times, seen, reference=start)
    >>> bool(abs(rotation.heading(start.orientation_wxyz) + correction) < 0.02)
    True
    """
    first = _first(observed)
    size = min(window_frames, times_s.shape[0])
    begin = jnp.minimum(first, times_s.shape[0] - size)

    def window(array: Array) -> Array:
        return lax.dynamic_slice_in_dim(array, begin, size)

    seen = window(observed)
    since = window(times_s) - times_s[first]
    positions = window(positions_m) - reference.origin_m[None, :]
    relative = rotation.wrapped(
        rotation.heading(window(orientations_wxyz)) - rotation.heading(reference.orientation_wxyz)
    )
    span = masked.maximum(since, seen & (since <= 2 * thresholds.STRIDE_S + 1e-3))
    stride = 0.5 * span

    def mean_over(start: Array | float, end: Array | float, values: Array) -> Array:
        inside = jnp.clip(jnp.minimum(since[1:], end) - jnp.maximum(since[:-1], start), 0, None) * (
            seen[1:] & seen[:-1]
        )
        middle = 0.5 * (values[1:] + values[:-1])
        return jnp.sum(inside * middle) / jnp.maximum(jnp.sum(inside), 1e-6)

    early, late = (
        mean_over(start, start + stride, relative) for start in (jnp.zeros_like(stride), stride)
    )
    estimate = 1.5 * early - 0.5 * late

    def speed_until(end: Array | float) -> Array:
        reached = [mean_over(end - 0.1, end + 0.1, positions[:, axis]) for axis in (0, 2)]
        return rotation.norm(*reached) / jnp.maximum(end, 1e-3)

    # walking from the first instant on: a person who starts from standing does not sway yet
    speed = jnp.minimum(speed_until(stride), speed_until(_UNDER_WAY_S))
    trust = _smooth_step(speed, thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS)
    trust = trust * (1 - _smooth_step(jnp.abs(late - early), *STEADY_RAD))
    trust = trust * (1 - _smooth_step(jnp.abs(estimate), *STEADY_RAD))
    # less than half a stride on either side is no evidence of the sway
    trust = trust * _smooth_step(stride, 0.4 * thresholds.STRIDE_S, 0.8 * thresholds.STRIDE_S)
    return trust * estimate


def relative_to(track: Track, reference: Reference) -> Track:
    """The track in the axes of the reference, measured from its origin.

    >>> still = jnp.tile(jnp.array([1.0, 0, 0, 0]), (2, 1))
    >>> track = Track(still, jnp.array([[1.0, 0, 0], [1, 0, 2]]), None)
    >>> facing_left = Reference(rotation.about_up(jnp.array(math.pi / 2)), jnp.array([1.0, 0, 0]))
    >>> relative_to(track, facing_left).positions_m.round(4)[1].tolist()[0]  # to their right
    -2.0
    """
    reference = kernels.once(reference)
    w, x, y, z = (reference.orientation_wxyz[i] for i in range(4))
    # columns of the world-to-reference matrix
    columns = (
        jnp.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)]),
        jnp.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)]),
        jnp.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]),
    )
    columns = kernels.once(columns)

    def turned(points: Float[Array, "*batch 3"]) -> Float[Array, "*batch 3"]:
        px, py, pz = (points[..., i, None] - reference.origin_m[i] for i in range(3))
        by_x, by_y, by_z = (a.reshape((1,) * (points.ndim - 1) + (3,)) for a in columns)
        return px * by_x + py * by_y + pz * by_z

    inverse = rotation.conjugate(reference.orientation_wxyz)[None, :]
    relative = rotation.product(inverse, track.orientations_wxyz)
    return Track(
        orientations_wxyz=kernels.interleaved(*relative),
        positions_m=turned(track.positions_m),
        joints_m=None if track.joints_m is None else turned(track.joints_m),
    )


def _levelled(reference: Reference) -> Reference:
    """The reference with its heading and without its tilt: gravity stays vertical."""
    w, y = reference.orientation_wxyz[0], reference.orientation_wxyz[2]
    length = rotation.norm(w, y)
    upside_down = length < 1e-6
    safe = jnp.where(upside_down, 1, length)
    zero = jnp.zeros_like(w)
    twist = jnp.stack([jnp.where(upside_down, 1, w / safe), zero, y / safe, zero])
    return Reference(orientation_wxyz=twist, origin_m=reference.origin_m)


def _camera_pose(
    orientations_wxyz: Float[Array, "frames 4"], positions_m: Float[Array, "frames 3"]
) -> Reference:
    """The first camera as a reference: +Z into the scene along the ground, +X the viewer's left.

    The heading is that of the optical axis, whatever the camera's roll; for a camera that looks
    straight up or down it is the twist about the vertical.
    """
    first = orientations_wxyz[0]
    ahead = rotation.rotate(first, jnp.array([0.0, 0.0, 1.0], dtype=first.dtype))
    level = rotation.norm(ahead[0], ahead[2])
    # OpenCV's camera has X right and Y down: half a turn about the viewing axis makes X left, Y up
    roll = jnp.array([0.0, 0.0, 0.0, 1.0], dtype=first.dtype)
    twist = rotation.heading(rotation.multiply(first, roll))
    yaw = jnp.where(level > _LEAST_LEVEL, rotation.atan2(ahead[0], ahead[2]), twist)
    return Reference(orientation_wxyz=rotation.about_up(yaw), origin_m=positions_m[0])


def _turned_by_heading(
    vectors: Float[Array, "frames ... 3"], orientations_wxyz: Float[Array, "frames 4"]
) -> Float[Array, "frames ... 3"]:
    """World vectors in the body's heading axes at each instant, without trigonometry."""
    w, y = orientations_wxyz[:, 0], orientations_wxyz[:, 2]
    square = w * w + y * y
    safe = jnp.where(square > 1e-12, square, 1)
    cosine = jnp.where(square > 1e-12, (w * w - y * y) / safe, 1)
    sine = jnp.where(square > 1e-12, 2 * w * y / safe, 0)
    shape = (len(w),) + (1,) * (vectors.ndim - 2)
    cosine, sine = (part.reshape(shape) for part in kernels.once((cosine, sine)))
    left, up, ahead = (vectors[..., i] for i in range(3))
    return kernels.interleaved(cosine * left - sine * ahead, up, sine * left + cosine * ahead)


def body_points(anchored: AnchoredMotion) -> Float[Array, "frames joints 3"]:
    """Joints relative to the pelvis, in the axes of its heading, at each instant.

    >>> from kinematics import synthetic
    >>> performance = synthetic.perform(synthetic.stand(1.0), fps=30.0)
    >>> points = body_points(to_first_heading(performance.motion))
    >>> bool(abs(points[0, 0]).max() < 1e-3)  # the pelvis itself
    True
    """
    if anchored.joints_m is None:
        raise ValueError("no joints: body points need a motion with joints")
    if anchored.frame == "body":
        return jnp.asarray(anchored.joints_m)
    relative = jnp.asarray(anchored.joints_m) - jnp.asarray(anchored.positions_m)[:, None, :]
    return _turned_by_heading(relative, jnp.asarray(anchored.orientations_wxyz))


def _paced(track: Track) -> Track:
    """Positions summed along the body's own axes; joints relative to the pelvis."""
    headings = track.orientations_wxyz
    steps = jnp.diff(track.positions_m, axis=0)
    forward_half = _turned_by_heading(steps, headings[:-1])
    backward_half = _turned_by_heading(steps, headings[1:])
    path = jnp.cumsum(0.5 * (forward_half + backward_half), axis=0)
    joints = track.joints_m
    if joints is not None:
        joints = _turned_by_heading(joints - track.positions_m[:, None, :], headings)
    return Track(
        orientations_wxyz=track.orientations_wxyz,
        positions_m=jnp.concatenate([jnp.zeros_like(path[:1]), path]),
        joints_m=joints,
    )


def anchor(
    motion: Motion, *, frame: Frame = "first_heading", window_frames: int = WINDOW_FRAMES
) -> AnchoredMotion:
    """The motion in the named frame of reference; the `to_...` functions are its compiled forms.

    Pure and traceable, for batches. `window_frames` bounds the robust window.

    >>> from kinematics import synthetic
    >>> motion = synthetic.perform(synthetic.walk(2.0), start_heading_rad=2.0).motion
    >>> anchored = anchor(motion, frame="first_heading")
    >>> bool(abs(anchored.positions_m[-1, 2] - 2.0) < 0.1)  # two metres forward
    True
    """
    times, observed = jnp.asarray(motion.times_s), jnp.asarray(motion.observed)
    track = Track(
        orientations_wxyz=jnp.asarray(motion.orientations_wxyz),
        positions_m=jnp.asarray(motion.positions_m),
        joints_m=None if motion.joints_m is None else jnp.asarray(motion.joints_m),
    )
    if frame == "camera":
        if motion.camera_orientations_wxyz is None or motion.camera_positions_m is None:
            raise ValueError(
                f"{motion.source.clip}: no camera poses, which the frame camera needs; "
                "give camera_orientations_wxyz and camera_positions_m, or use first_heading"
            )
        reference = _camera_pose(
            jnp.asarray(motion.camera_orientations_wxyz), jnp.asarray(motion.camera_positions_m)
        )
    else:
        reference = first_pose(
            track.orientations_wxyz,
            track.positions_m,
            times,
            observed,
            window_frames=window_frames,
        )
        if frame != "first_pose":
            reference = _levelled(reference)
            correction = steady_heading(
                track.orientations_wxyz,
                track.positions_m,
                times,
                observed,
                reference=reference,
                window_frames=window_frames,
            )
            facing = rotation.multiply(rotation.about_up(correction), reference.orientation_wxyz)
            reference = Reference(orientation_wxyz=facing, origin_m=reference.origin_m)
    track = relative_to(track, reference)
    track = _paced(track) if frame == "body" else track
    return AnchoredMotion(
        orientations_wxyz=track.orientations_wxyz,
        positions_m=track.positions_m,
        joints_m=track.joints_m,
        times_s=times - times[0],
        observed=observed,
        skeleton=motion.skeleton,
        frame=frame,
    )


_anchor_jitted = jax.jit(anchor, static_argnames=("frame", "window_frames"))


def _near_zero(motion: Motion) -> Motion:
    """Positions and times counted from the first observed frame, in the arrays' own precision.

    Subtracted before any cast: a clip a kilometre from the origin, or with the time of day as its
    times, would otherwise lose its millimetres and milliseconds in float32.
    """
    if not isinstance(motion.positions_m, np.ndarray):
        return motion
    origin = motion.positions_m[int(np.argmax(np.asarray(motion.observed)))]
    times = np.asarray(motion.times_s, dtype=np.float64)
    cameras = motion.camera_positions_m
    return Motion(
        orientations_wxyz=motion.orientations_wxyz,
        positions_m=motion.positions_m - origin,
        times_s=times - times[0],
        observed=motion.observed,
        joints_m=None if motion.joints_m is None else motion.joints_m - origin,
        camera_orientations_wxyz=motion.camera_orientations_wxyz,
        camera_positions_m=None if cameras is None else cameras - origin,
        skeleton=motion.skeleton,
    )


def to_first_heading(motion: Motion) -> AnchoredMotion:
    """Origin at the first observed root, yaw removed by the first heading, gravity kept.

    >>> from kinematics import synthetic
    >>> motion = synthetic.perform(synthetic.sidestep(1.0, to="left")).motion
    >>> to_first_heading(motion).frame
    'first_heading'
    """
    return _anchor_jitted(_near_zero(motion), frame="first_heading")


def to_first_pose(motion: Motion) -> AnchoredMotion:
    """Origin at the first observed root, its full orientation removed: gravity may tilt.

    >>> from kinematics import synthetic
    >>> anchored = to_first_pose(synthetic.perform(synthetic.stand(1.0)).motion)
    >>> bool(abs(anchored.orientations_wxyz[0, 0]) > 0.999)
    True
    """
    return _anchor_jitted(_near_zero(motion), frame="first_pose")


def to_camera(motion: Motion) -> AnchoredMotion:
    """Axes of the first camera, levelled: +X the viewer's left, +Z away from the viewer.

    >>> from kinematics import synthetic
    >>> to_camera(synthetic.perform(synthetic.stand(1.0)).motion)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: synthetic: no camera poses, which the frame camera needs; give ...
    """
    if motion.camera_orientations_wxyz is None:
        anchor(motion, frame="camera")
    return _anchor_jitted(_near_zero(motion), frame="camera")


def to_body(motion: Motion) -> AnchoredMotion:
    """The path in the subject's own changing axes, along which its steps are summed.

    Walking a full circle is all forward here. Orientations are relative to the first heading, so
    turns remain visible; joints are relative to the pelvis at each instant.

    >>> from kinematics import synthetic
    >>> to_body(synthetic.perform(synthetic.walk_backward(1.0)).motion).frame
    'body'
    """
    return _anchor_jitted(_near_zero(motion), frame="body")
