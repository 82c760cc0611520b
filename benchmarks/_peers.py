"""The same measurements without JAX, vectorised: what the library is compared with.

Two ways, of clips on an even grid in which every frame was seen:

* `..._by_clip`: one clip at a time with SciPy and NumPy, as careful analysis code is written;
* `..._by_batch`: many clips at once in float32, on components, as an expert in NumPy writes it.

What serves both takes leading axes (`...`) and has neither ending. Thresholds are the library's,
so that both measure the same thing; the formulas are written anew. Long, because it is all of the
library again.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.ndimage import convolve1d, uniform_filter1d
from scipy.spatial.transform import Rotation

from kinematics import parts, thresholds
from kinematics.facts import SIGNALS
from kinematics.geometry import anchor
from kinematics.movement import repetition, trajectory
from kinematics.movement.descriptors import PartMotion
from kinematics.parts import PARTS
from kinematics.skeleton import POINTS

QUARTERS = 4
RULES = [thresholds.MOVEMENT[name] for name in SIGNALS]
STRIDE_FRAMES, STEP_FRAMES = 33, 25
"""Windows of 1.1 s and 0.83 s at 30 frames a second."""
PARABOLA = np.array([-21, 14, 39, 54, 59, 54, 39, 14, -21]) / 231
SWAY_ROOT = np.array(
    [thresholds.SWAY_UP_M, thresholds.SWAY_HEADING_RAD] + [thresholds.SWAY_LEAN_RAD] * 3
)
SWAY_JOINTS = np.where(SWAY_ROOT == SWAY_ROOT[1], thresholds.SWAY_TRUNK_HEADING_RAD, SWAY_ROOT)
LANES = (thresholds.JUMP_ROOT, thresholds.JUMP_FEET, thresholds.CROUCH)
START_FRAMES = 72
POINT = {name: place for place, name in enumerate((*POINTS, "up"))}


class Track(NamedTuple):
    """One clip, or many with a leading axis, on one grid of times."""

    orientations_wxyz: Float[np.ndarray, "*clips frames 4"]
    positions_m: Float[np.ndarray, "*clips frames 3"]
    times_s: Float[np.ndarray, " frames"]
    points_m: Float[np.ndarray, "*clips frames points 3"] | None = None


class Turned(NamedTuple):
    """Orientation over time, and what the turns of the whole clip add up to."""

    heading_rad: Float[np.ndarray, "*clips frames"]
    tilt_rad: Float[np.ndarray, "*clips frames"]
    forward_rad: Float[np.ndarray, "*clips frames"]
    left_rad: Float[np.ndarray, "*clips frames"]
    turn_left_rad: Float[np.ndarray, "*clips"]
    turn_right_rad: Float[np.ndarray, "*clips"]


class Signals(NamedTuple):
    """The movement signals and their speeds, as the library's."""

    values: Float[np.ndarray, "*clips frames signals"]
    rest_speed: Float[np.ndarray, "*clips frames signals"]
    speed: Float[np.ndarray, "*clips frames signals"]
    positions_m: Float[np.ndarray, "*clips frames 3"]
    velocity_mps: Float[np.ndarray, "*clips frames 3"]
    tilt_rad: Float[np.ndarray, "*clips frames"]


class Travelled(NamedTuple):
    """Totals of the four quarters, and the shape of the whole path."""

    net_m: Float[np.ndarray, "*clips quarters 3"]
    net_turn_rad: Float[np.ndarray, "*clips quarters"]
    path_m: Float[np.ndarray, "*clips quarters"]
    paced_m: Float[np.ndarray, "*clips quarters 4"]
    """To the own left, ahead, to the right, backwards."""
    peak_speed_mps: Float[np.ndarray, "*clips quarters"]
    max_tilt_rad: Float[np.ndarray, "*clips quarters"]
    furthest_m: Float[np.ndarray, "*clips quarters"]
    furthest_s: Float[np.ndarray, "*clips quarters"]
    closest_m: Float[np.ndarray, "*clips quarters"]
    closest_s: Float[np.ndarray, "*clips quarters"]
    straightness: Float[np.ndarray, "*clips"]
    turning_rad: Float[np.ndarray, "*clips"]
    returns: Int[np.ndarray, "*clips"]


class Episode(NamedTuple):
    """A departure from the standing level, in frames and metres."""

    lane: int
    start: int
    end: int
    peak_m: float


class Movement(NamedTuple):
    """A movement event, in frames."""

    signal: int
    begin: int
    furthest: int
    start: int
    end: int


class Residuals(NamedTuple):
    """What the best affine map leaves unexplained between frames, in pixels."""

    matrix: Float[np.ndarray, "*clips pairs 2 2"]
    residuals_px: Float[np.ndarray, "*clips pairs points"]
    rms_px: Float[np.ndarray, "*clips pairs"]


def wrapped(angle_rad: np.ndarray) -> np.ndarray:
    return angle_rad - (2 * math.pi) * np.round(angle_rad * (0.5 / math.pi))


def length_of(*components: np.ndarray) -> np.ndarray:
    return np.sqrt(sum(component * component for component in components))


def carried(indices: Int[np.ndarray, "*clips frames"]) -> Int[np.ndarray, "*clips frames"]:
    """The latest index that is not negative."""
    return np.maximum.accumulate(indices, axis=-1)


# ---------------------------------------------------------------------------------------- anchor


def line_at_start(
    vectors: Float[np.ndarray, "*clips window 3"],
    since_s: Float[np.ndarray, " window"],
    scale: float,
) -> Float[np.ndarray, "*clips 3"]:
    """Straight line through a vector's first values, with Cauchy weights, at time zero."""
    since = since_s.astype(vectors.dtype)[:, None]
    weights = np.ones_like(vectors[..., :1])
    start = vectors[..., :1, :]
    for _ in range(1 + anchor.REFITS):
        total = weights.sum(axis=-2, keepdims=True)
        centred = since - (weights * since).sum(axis=-2, keepdims=True) / total
        mean = (weights * vectors).sum(axis=-2, keepdims=True) / total
        rise = (weights * centred * (vectors - mean)).sum(axis=-2, keepdims=True)
        slope = rise / (weights * centred * centred).sum(axis=-2, keepdims=True)
        start = mean + slope * (centred - since)[..., :1, :]
        misses = ((vectors - start - slope * since) / scale) ** 2
        weights = 1 / (1 + misses.sum(axis=-1, keepdims=True))
    return start[..., 0, :]


def steady_correction(
    relative_rad: Float[np.ndarray, "*clips window"],
    from_start_m: Float[np.ndarray, "*clips window 3"],
    times_s: Float[np.ndarray, " window"],
) -> Float[np.ndarray, "*clips"]:
    """How far a walker's heading lies to the left of the heading at the first instant."""
    span = times_s[times_s <= 2 * thresholds.STRIDE_S + 1e-3].max()
    stride = 0.5 * span

    def mean_over(values: np.ndarray, start: float, end: float) -> np.ndarray:
        inside = np.minimum(times_s[1:], end) - np.maximum(times_s[:-1], start)
        inside = np.clip(inside, 0, None).astype(values.dtype)
        middles = 0.5 * (values[..., 1:] + values[..., :-1])
        return (middles * inside).sum(axis=-1) / max(inside.sum(), 1e-6)

    def speed_until(end: float) -> np.ndarray:
        reached = [mean_over(from_start_m[..., axis], end - 0.1, end + 0.1) for axis in (0, 2)]
        return length_of(*reached) / end

    def step(value: np.ndarray, low: float, high: float) -> np.ndarray:
        share = np.clip((value - low) / (high - low), 0, 1)
        return share * share * (3 - 2 * share)

    early, late = mean_over(relative_rad, 0, stride), mean_over(relative_rad, stride, span)
    estimate = 1.5 * early - 0.5 * late
    speed = np.minimum(speed_until(stride), speed_until(0.35))
    trust = step(speed, thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS)
    trust = trust * (1 - step(np.abs(late - early), *anchor.STEADY_RAD))
    trust = trust * (1 - step(np.abs(estimate), *anchor.STEADY_RAD))
    return trust * step(stride, 0.4 * thresholds.STRIDE_S, 0.8 * thresholds.STRIDE_S) * estimate


def twist_of(rotations: Rotation) -> np.ndarray:
    """Heading of each rotation, in [-pi, pi]."""
    quaternions = rotations.as_quat()
    return wrapped(2 * np.arctan2(quaternions[..., 1], quaternions[..., 3]))


def start_by_clip(
    rotations: Rotation, positions_m: np.ndarray, times_s: np.ndarray
) -> tuple[Rotation, np.ndarray]:
    """Heading (as a rotation) and place at the start."""
    near = int((times_s <= anchor.WINDOW_S).sum())
    rotvecs = (rotations[0].inv() * rotations[:near]).as_rotvec()
    places = positions_m[:near] - positions_m[0]
    turned = line_at_start(rotvecs, times_s[:near], anchor.ANGLE_SCALE_RAD)
    heading_rad = twist_of(rotations[0] * Rotation.from_rotvec(turned))
    origin_m = positions_m[0] + line_at_start(places, times_s[:near], anchor.POSITION_SCALE_M)
    window = slice(0, START_FRAMES)
    relative_rad = wrapped(twist_of(rotations[window]) - heading_rad)
    correction_rad = steady_correction(
        relative_rad, positions_m[window] - origin_m, times_s[window]
    )
    return Rotation.from_rotvec([0, heading_rad + correction_rad, 0]), origin_m


def anchored_by_clip(track: Track) -> Track:
    """In the first heading's axes; points, if any, as seen from the body at each instant."""
    rotations = Rotation.from_quat(track.orientations_wxyz, scalar_first=True)
    facing, origin_m = start_by_clip(rotations, track.positions_m, track.times_s)
    turned = facing.inv() * rotations
    points_m = None
    if track.points_m is not None:
        upright = np.zeros((len(track.positions_m), 3))
        upright[:, 1] = twist_of(rotations)
        relative = track.points_m - track.positions_m[:, None]
        unturn = Rotation.from_rotvec(upright).inv().as_matrix()
        points_m = np.einsum("fij,fpj->fpi", unturn, relative)
    return Track(
        orientations_wxyz=turned.as_quat(scalar_first=True),
        positions_m=facing.inv().apply(track.positions_m - origin_m),
        times_s=track.times_s,
        points_m=points_m,
    )


def start_by_batch(track: Track) -> tuple[np.ndarray, np.ndarray]:
    """Heading and place at the start of each clip."""
    wxyz, positions = track.orientations_wxyz, track.positions_m
    near = int((track.times_s <= anchor.WINDOW_S).sum())
    w, x, y, z = (wxyz[:, 0, None, i] for i in range(4))
    bw, bx, by, bz = (wxyz[:, :near, i] for i in range(4))
    cosine = w * bw + x * bx + y * by + z * bz
    sines = (
        w * bx - x * bw - y * bz + z * by,
        w * by + x * bz - y * bw - z * bx,
        w * bz - x * by + y * bx - z * bw,
    )
    sine = length_of(*sines)
    angle = 2 * np.arctan2(sine, np.abs(cosine)) * np.sign(cosine)
    per_unit = np.divide(angle, sine, out=np.full_like(angle, 2), where=sine > 1e-6)
    rotvecs = np.stack([part * per_unit for part in sines], axis=-1)
    turned = line_at_start(rotvecs, track.times_s[:near], anchor.ANGLE_SCALE_RAD).T
    angle = length_of(*turned)
    rx, ry, rz = turned * (0.5 * np.sinc(angle * (0.5 / math.pi))).astype(angle.dtype)
    rw = np.cos(0.5 * angle)
    w, x, y, z = (wxyz[:, 0, i] for i in range(4))
    turned_w, turned_y = w * rw - x * rx - y * ry - z * rz, w * ry - x * rz + y * rw + z * rx
    heading_rad = wrapped(2 * np.arctan2(turned_y, turned_w))
    places = positions[:, :near] - positions[:, :1]
    origin_m = positions[:, 0] + line_at_start(
        places, track.times_s[:near], anchor.POSITION_SCALE_M
    )
    window = slice(0, START_FRAMES)
    relative_rad = wrapped(
        2 * np.arctan2(wxyz[:, window, 2], wxyz[:, window, 0]) - heading_rad[:, None]
    )
    from_start_m = positions[:, window] - origin_m[:, None]
    correction = steady_correction(relative_rad, from_start_m, track.times_s[window])
    return (heading_rad + correction).astype(wxyz.dtype), origin_m


def anchored_by_batch(track: Track) -> Track:
    """As `anchored_by_clip`, for a stack of clips."""
    wxyz, positions_m = track.orientations_wxyz, track.positions_m
    heading_rad, origin_m = start_by_batch(track)
    c, s = np.cos(0.5 * heading_rad)[:, None], np.sin(0.5 * heading_rad)[:, None]
    w, x, y, z = (wxyz[..., i] for i in range(4))
    turned = np.empty_like(wxyz)
    turned[..., 0], turned[..., 1] = c * w + s * y, c * x - s * z
    turned[..., 2], turned[..., 3] = c * y - s * w, c * z + s * x
    c, s = np.cos(heading_rad)[:, None], np.sin(heading_rad)[:, None]
    left, up, ahead = (positions_m[..., i] - origin_m[:, i, None] for i in range(3))
    placed = np.empty_like(positions_m)
    placed[..., 0], placed[..., 1], placed[..., 2] = c * left - s * ahead, up, s * left + c * ahead
    points_m = None
    if track.points_m is not None:
        square = w * w + y * y
        c, s = ((w * w - y * y) / square)[..., None], (2 * w * y / square)[..., None]
        left, up, ahead = (track.points_m[..., i] - positions_m[..., i, None] for i in range(3))
        points_m = np.empty_like(track.points_m)
        points_m[..., 0], points_m[..., 2] = c * left - s * ahead, s * left + c * ahead
        points_m[..., 1] = up
    return Track(turned, placed, track.times_s, points_m)


# ----------------------------------------------------------------------------------- orientation


def turned_by_clip(orientations_wxyz: Float[np.ndarray, "frames 4"]) -> Turned:
    rotations = Rotation.from_quat(orientations_wxyz, scalar_first=True)
    heading_rad = np.unwrap(twist_of(rotations))
    up = rotations.apply([0, 1, 0])
    level = np.hypot(up[:, 0], up[:, 2])
    tilt_rad = np.arctan2(level, up[:, 1])
    side = Rotation.from_rotvec(np.outer(heading_rad, [0, 1, 0])).inv().apply(up)
    per_metre = np.divide(tilt_rad, level, out=np.zeros_like(level), where=level > 1e-9)
    change = np.diff(heading_rad)
    return Turned(
        heading_rad=heading_rad,
        tilt_rad=tilt_rad,
        forward_rad=side[:, 2] * per_metre,
        left_rad=side[:, 0] * per_metre,
        turn_left_rad=change[change > 0].sum(),
        turn_right_rad=-change[change < 0].sum(),
    )


def turned_by_batch(orientations_wxyz: Float[np.ndarray, "clips frames 4"]) -> Turned:
    w, x, y, z = (orientations_wxyz[..., i] for i in range(4))
    heading = wrapped(2 * np.arctan2(y, w))
    turns = np.zeros_like(heading)
    np.cumsum(np.round(np.diff(heading, axis=-1) * (-0.5 / math.pi)), axis=-1, out=turns[:, 1:])
    heading = heading + turns * (2 * math.pi)
    upright = length_of(w, y)
    about_left, about_ahead = (w * x - y * z) / upright, (w * z + x * y) / upright
    swing = length_of(about_left, about_ahead)
    tilt = 2 * np.arctan2(swing, upright)
    per_unit = np.divide(tilt, swing, out=np.zeros_like(tilt), where=swing > 1e-9)
    change = np.diff(heading, axis=-1)
    left = np.maximum(change, 0).sum(axis=-1)
    return Turned(
        heading_rad=heading,
        tilt_rad=tilt,
        forward_rad=about_left * per_unit,
        left_rad=-about_ahead * per_unit,
        turn_left_rad=left,
        turn_right_rad=left - (heading[:, -1] - heading[:, 0]),
    )


# --------------------------------------------------------------------------------------- signals


def reflected(values: Float[np.ndarray, "frames channels"]) -> np.ndarray:
    """Four frames more on either side: the ends continue as point reflections."""
    head, tail = 2 * values[0] - values[4:0:-1], 2 * values[-1] - values[-2:-6:-1]
    return np.concatenate([head, values, tail])


def mirrored(values: Float[np.ndarray, "frames channels"]) -> np.ndarray:
    """Half of both windows more on either side, mirrored about the trend of two strides."""
    frames, reach = len(values), np.arange(1, (STRIDE_FRAMES + STEP_FRAMES) // 2)
    count = min(2 * STRIDE_FRAMES, frames)
    half = count // 2

    def slope(block: np.ndarray) -> np.ndarray:
        return (block[-half:].mean(axis=0) - block[:half].mean(axis=0)) / (count - half)

    head = values[np.minimum(reach, frames - 1)] - 2 * reach[:, None] * slope(values[:count])
    tail = values[np.maximum(frames - 1 - reach, 0)] + 2 * reach[:, None] * slope(values[-count:])
    return np.concatenate([head[::-1], values, tail])


def light(values: Float[np.ndarray, "frames channels"]) -> Float[np.ndarray, "frames channels"]:
    """A parabola through nine frames around each."""
    return convolve1d(reflected(values), PARABOLA, axis=0)[4:-4]


def gait_free(values: Float[np.ndarray, "frames channels"]) -> Float[np.ndarray, "frames channels"]:
    """Means over a stride, and of these over a step."""
    smooth = uniform_filter1d(mirrored(values), STRIDE_FRAMES, axis=0)
    reach = (len(smooth) - len(values)) // 2
    return uniform_filter1d(smooth, STEP_FRAMES, axis=0)[reach:-reach]


def rate_of_change(values: np.ndarray, reach: int, step_s: float) -> np.ndarray:
    place = np.arange(len(values))
    after, before = np.minimum(place + reach, len(values) - 1), np.maximum(place - reach, 0)
    return (values[after] - values[before]) / ((after - before) * step_s)[:, None]


def swaying_by_clip(anchored: Track) -> tuple[np.ndarray, Turned]:
    """What sways (up, heading, forward and left lean, tilt), and the pelvis alone."""
    pelvis = turned_by_clip(anchored.orientations_wxyz)
    heading, forward, left, tilt = pelvis[0], pelvis[2], pelvis[3], pelvis[1]
    if anchored.points_m is not None:
        points = anchored.points_m
        across = points[:, POINT["left_shoulder"]] - points[:, POINT["right_shoulder"]]
        heading = heading + 0.5 * np.arctan2(-across[:, 2], across[:, 0])
        trunk = points[:, POINT["neck"]] - points[:, POINT["pelvis"]]
        level = np.hypot(trunk[:, 0], trunk[:, 2])
        tilt = np.arctan2(level, trunk[:, 1])
        per_metre = tilt / np.where(level > 1e-6, level, 1)
        forward, left = trunk[:, 2] * per_metre, trunk[:, 0] * per_metre
    return np.stack([anchored.positions_m[:, 1], heading, forward, left, tilt], axis=1), pelvis


def gait_share(speed_mps: np.ndarray) -> np.ndarray:
    slow, full = thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS
    ramp = np.clip((speed_mps - slow) / (full - slow), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def mixed(
    in_place: np.ndarray, steady: np.ndarray, mean: np.ndarray, gait: np.ndarray, sway: np.ndarray
) -> np.ndarray:
    """The light filter in place; on the way the stride's mean, and what no sway explains."""
    beyond = steady - mean
    return in_place + gait * (mean + beyond - np.clip(beyond, -sway, sway) - in_place)


def read(path_m: np.ndarray, swaying: np.ndarray, step_s: float) -> Signals:
    """The signals and their speeds, from the smooth path and what sways without its sway."""
    distance = np.hypot(path_m[:, 0], path_m[:, 2])
    values = np.column_stack([path_m[:, 0], swaying[:, 0], path_m[:, 2], distance, swaying[:, 1:4]])
    return Signals(
        values=values,
        rest_speed=np.abs(rate_of_change(values, 8, step_s)),
        speed=np.abs(rate_of_change(values, 3, step_s)),
        positions_m=path_m,
        velocity_mps=rate_of_change(path_m, 8, step_s),
        tilt_rad=swaying[:, 4],
    )


def signals_by_clip(anchored: Track) -> Signals:
    step_s = float(anchored.times_s[1])
    swaying, pelvis = swaying_by_clip(anchored)
    path_m, steady = light(anchored.positions_m), light(swaying)
    in_place = np.column_stack([steady[:, 0], light(pelvis.heading_rad[:, None]), steady[:, 2:]])
    stride = rate_of_change(path_m, (STRIDE_FRAMES - 1) // 2, step_s)
    gait = gait_share(np.hypot(stride[:, 0], stride[:, 2]))[:, None]
    sway = SWAY_ROOT if anchored.points_m is None else SWAY_JOINTS
    return read(path_m, mixed(in_place, steady, gait_free(swaying), gait, sway), step_s)


# ------------------------------------------------------------------------------------ trajectory


def quarter_shares(times_s: np.ndarray, bounds_s: np.ndarray) -> Float[np.ndarray, "steps 4"]:
    """Share of each step between frames that falls into each quarter."""
    begin = np.maximum(times_s[:-1, None], bounds_s[:-1])
    end = np.minimum(times_s[1:, None], bounds_s[1:])
    return np.clip(end - begin, 0, None) / np.diff(times_s)[:, None]


def at_times(values: np.ndarray, times_s: np.ndarray, wanted_s: np.ndarray) -> np.ndarray:
    """Values between frames (`... frames`) by linear interpolation."""
    low = np.clip(np.searchsorted(times_s, wanted_s, side="right") - 1, 0, len(times_s) - 2)
    share = (wanted_s - times_s[low]) / (times_s[low + 1] - times_s[low])
    below = values[..., low]
    return below + share.astype(values.dtype) * (values[..., low + 1] - below)


def course_turning(left: np.ndarray, ahead: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Turning of the direction of travel; turning straight back adds nothing."""
    known = speed >= thresholds.TRAVEL_SPEED_MPS
    latest = carried(np.where(known, np.arange(known.shape[-1]), -1))
    course = np.take_along_axis(np.arctan2(left, ahead), np.maximum(latest, 0), axis=-1)
    change = wrapped(np.diff(course, axis=-1))
    counts = (latest[..., :-1] >= 0) & (np.abs(change) < trajectory.REVERSAL_RAD)
    return np.where(counts, change, 0).sum(axis=-1, dtype=np.float64)


def times_returned(distance_m: np.ndarray) -> np.ndarray:
    """How often the start was left and come back to."""
    rule = thresholds.RETURN
    place = np.arange(distance_m.shape[-1])
    out = carried(np.where(distance_m >= rule.enter, place, -1))
    home = carried(np.where(distance_m < rule.leave, place, -1))
    away = out > home
    return (away[..., :-1] & ~away[..., 1:]).sum(axis=-1)


def reach(distance_m: np.ndarray, times_s: np.ndarray, bounds_s: np.ndarray) -> list[np.ndarray]:
    """Furthest and closest distance of each quarter, each followed by when."""
    at_bounds = at_times(distance_m, times_s, bounds_s)
    columns: list[list[np.ndarray]] = [[], [], [], []]
    for quarter, (start_s, end_s) in enumerate(pairwise(bounds_s)):
        low, high = np.searchsorted(times_s, start_s, "right"), np.searchsorted(times_s, end_s)
        inside = distance_m[..., low:high]
        at_start, at_end = at_bounds[..., quarter], at_bounds[..., quarter + 1]
        extremes = ((np.argmax, np.maximum), (np.argmin, np.minimum))
        for column, (where, furthest) in enumerate(extremes):
            place = where(inside, axis=-1)
            best = np.take_along_axis(inside, place[..., None], axis=-1)[..., 0]
            level = furthest(best, furthest(at_start, at_end))
            when_s = np.where(best == level, times_s[low + place], end_s)
            columns[2 * column].append(level)
            columns[2 * column + 1].append(np.where(at_start == level, start_s, when_s))
    return [np.stack(column, axis=-1) for column in columns]


def travelled(signals: Signals, times_s: Float[np.ndarray, " frames"]) -> Travelled:
    """Everything about the path, of one clip or of a stack of clips."""
    dtype = signals.positions_m.dtype
    times_s = times_s.astype(dtype)
    still = thresholds.MOVEMENT["forward"].still_speed
    bounds_s = (np.arange(QUARTERS + 1) * (times_s[-1] / QUARTERS)).astype(dtype)
    x, up, z = (signals.positions_m[..., i] for i in range(3))
    left, ahead = signals.velocity_mps[..., 0], signals.velocity_mps[..., 2]
    speed = length_of(left, ahead)
    heading = signals.values[..., SIGNALS.index("heading")]
    sine, cosine = np.sin(heading), np.cos(heading)
    least = np.maximum(still, thresholds.DRIFT_SHARE * speed)
    moving = (speed >= still).astype(dtype)
    step_m = length_of(np.diff(x, axis=-1), np.diff(z, axis=-1))
    rows = np.empty((*speed.shape[:-1], 5, speed.shape[-1] - 1), dtype)
    rows[..., 0, :] = step_m * (0.5 * (moving[..., 1:] + moving[..., :-1]))
    for row, own in ((1, cosine * left - sine * ahead), (2, sine * left + cosine * ahead)):
        own = np.where(np.abs(own) >= least, own, 0)
        paced = 0.5 * (own[..., 1:] + own[..., :-1]) * np.diff(times_s)
        rows[..., row, :], rows[..., row + 2, :] = np.maximum(paced, 0), np.maximum(-paced, 0)
    sums = rows @ quarter_shares(times_s, bounds_s).astype(dtype)
    at_bounds = [at_times(values, times_s, bounds_s) for values in (x, up, z, heading)]
    net = np.diff(np.stack(at_bounds, axis=-1), axis=-2)
    low = np.searchsorted(times_s, bounds_s[:-1])
    high = np.searchsorted(times_s, bounds_s[1:], side="right")
    quarters = [slice(*ends) for ends in zip(low, high, strict=True)]
    distance = signals.values[..., SIGNALS.index("start_distance")]
    furthest_m, furthest_s, closest_m, closest_s = reach(distance, times_s, bounds_s)
    both = moving[..., 1:] * moving[..., :-1]
    path = (step_m * both).sum(axis=-1)
    has_path = path > thresholds.MOVEMENT["forward"].prominence
    straight = length_of(x[..., -1] - x[..., 0], z[..., -1] - z[..., 0])
    return Travelled(
        net_m=net[..., :3],
        net_turn_rad=net[..., 3],
        path_m=sums[..., 0, :],
        paced_m=np.swapaxes(sums[..., 1:, :], -1, -2),
        peak_speed_mps=np.stack([speed[..., one].max(axis=-1) for one in quarters], axis=-1),
        max_tilt_rad=np.stack([signals.tilt_rad[..., q].max(axis=-1) for q in quarters], axis=-1),
        furthest_m=furthest_m,
        furthest_s=furthest_s,
        closest_m=closest_m,
        closest_s=closest_s,
        straightness=np.where(has_path, np.minimum(straight / np.where(has_path, path, 1), 1), 1),
        turning_rad=course_turning(left, ahead, speed),
        returns=times_returned(distance),
    )


# ---------------------------------------------------------------------------------------- events


def states(
    rest_speed: np.ndarray, speed: np.ndarray, still: np.ndarray | float
) -> tuple[np.ndarray, ...]:
    """Slow, resting, calm and pausing, frame by frame."""
    calm = np.minimum(rest_speed, speed) < still / 3
    resting = rest_speed < still
    return resting | (speed < still), resting, calm, calm & (rest_speed < 0.6 * still)


def follow(
    frames: Sequence[tuple[float, bool, bool, bool, bool]], rule: thresholds.MovementRule
) -> list[tuple[int, int, int, int]]:
    """Movements of one signal: frames where each began, got furthest, really started, stopped."""
    hysteresis, found = rule.prominence * rule.hysteresis_share, []
    low = high = frames[0][0]
    direction = low_at = high_at = last_slow = onset = fast_at = marked_at = 0
    for at, (value, slow, resting, calm, pausing) in enumerate(frames):
        up, down = direction > 0, direction < 0
        reversed_down = up and high - value >= hysteresis and not resting
        reversed_up = down and value - low >= hysteresis and not resting
        overdue = at - marked_at > 15
        settled = resting and (pausing or overdue)
        if (
            (reversed_down or reversed_up or settled)
            and direction
            and high - low >= rule.prominence
        ):
            turning_points = (low_at, high_at) if up else (high_at, low_at)
            found.append((*turning_points, onset, fast_at + 1))
        restart = settled or (resting and direction == 0 and (calm or overdue))
        new_high = value > high or reversed_up or restart
        new_low = value < low or reversed_down or restart
        if new_high:
            high, high_at = value, at
        if new_low:
            low, low_at = value, at
        waiting = direction == 0 and not resting
        begins_up = reversed_up or (waiting and value - low >= hysteresis)
        begins_down = reversed_down or (waiting and high - value >= hysteresis)
        if settled:
            direction = 0
        elif begins_up or begins_down:
            direction = 1 if begins_up else -1
        if begins_up or begins_down:
            onset = max(last_slow, low_at if begins_up else high_at)
        further = (direction > 0 and new_high) or (direction < 0 and new_low)
        if (further or begins_up or begins_down) and not slow:
            fast_at = at
        if slow:
            last_slow = at
        if restart or not resting:
            marked_at = at
    return found


def movements_by_clip(signals: Signals) -> list[Movement]:
    """Conditions for all frames at once; then plain numbers, which Python follows fastest."""
    still = np.array([rule.still_speed for rule in RULES])
    conditions = states(signals.rest_speed, signals.speed, still)
    found = []
    for signal, rule in enumerate(RULES):
        values = signals.values[:, signal].tolist()
        rows = [values, *(condition[:, signal].tolist() for condition in conditions)]
        frames = [*zip(*rows, strict=True), (values[-1], True, True, True, True)]
        found += [Movement(signal, *movement) for movement in follow(frames, rule)]
    return found


# -------------------------------------------------------------------------------------- vertical


def stretches(lane: Float[np.ndarray, " frames"], rule: thresholds.ExcursionRule) -> list[tuple]:
    """Start, end and peak of each stretch beyond a level."""
    place = np.arange(len(lane))
    out = carried(np.where(lane >= rule.enter, place, -1))
    home = carried(np.where(lane < rule.leave, place, -1))
    away = np.concatenate([[False], out > home, [False]])
    edges = np.flatnonzero(away[1:] != away[:-1])
    found = []
    for left, back in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        peak = lane[left:back].max()
        if peak >= rule.peak:
            found.append((max(int(home[left]), 0), back, float(peak)))
    return found


def departures(signals: Signals, lift: np.ndarray | None) -> Float[np.ndarray, "lanes frames"]:
    """How far the root is above its level, root and feet together, the root below its level."""

    def above_level(height: np.ndarray, share: float) -> np.ndarray:
        rank = math.ceil(share * len(height)) - 1
        return height - np.partition(height, rank)[rank]

    rise = above_level(signals.positions_m[:, 1], thresholds.STANDING_SHARE)
    feet = np.zeros_like(rise)
    if lift is not None:
        feet = np.minimum(*(above_level(foot, thresholds.FLOOR_SHARE) for foot in light(lift).T))
    speed = np.hypot(signals.velocity_mps[:, 0], signals.velocity_mps[:, 2])
    hop = np.minimum(rise, feet) - thresholds.JUMP_RUN_M * gait_share(speed)
    return np.stack([rise, hop, -rise])


def feet_of(anchored: Track) -> np.ndarray | None:
    """Height of the lower joint of either foot."""
    if anchored.points_m is None:
        return None
    sides = [
        np.minimum(
            *(anchored.points_m[:, POINT[f"{side}_{joint}"], 1] for joint in ("ankle", "foot"))
        )
        for side in ("left", "right")
    ]
    return np.stack(sides, axis=1) + anchored.positions_m[:, 1:2]


def episodes_by_clip(signals: Signals, anchored: Track) -> list[Episode]:
    lanes = departures(signals, feet_of(anchored))
    return [
        Episode(lane, *stretch)
        for lane, rule in enumerate(LANES)
        for stretch in stretches(lanes[lane], rule)
    ]


# ------------------------------------------------------------------------------- affine residual


def residuals_by_clip(points_px: Float[np.ndarray, "frames points 2"]) -> Residuals:
    source, target = points_px[:-1].astype(np.float64), points_px[1:].astype(np.float64)
    source = source - source.mean(axis=1, keepdims=True)
    target = target - target.mean(axis=1, keepdims=True)
    scatter = source.swapaxes(1, 2) @ source
    matrix = np.linalg.solve(scatter, source.swapaxes(1, 2) @ target)
    left_over = np.linalg.norm(target - source @ matrix, axis=-1)
    rms = np.sqrt((left_over**2).mean(axis=-1))
    return Residuals(matrix.swapaxes(1, 2), left_over, rms)


def residuals_by_batch(points_px: Float[np.ndarray, "clips frames points 2"]) -> Residuals:
    planes = np.ascontiguousarray(np.moveaxis(points_px, (3, 2), (0, 1)))
    planes -= planes[:, :, :, :1].mean(axis=1, keepdims=True)
    centred = planes - planes.mean(axis=1, keepdims=True)
    (x, y), (u, v) = centred[..., :-1], centred[..., 1:]
    sxx, sxy, syy = ((a * b).sum(axis=0) for a, b in ((x, x), (x, y), (y, y)))
    sux, suy, svx, svy = ((a * b).sum(axis=0) for a, b in ((u, x), (u, y), (v, x), (v, y)))
    inverse = 1 / (sxx * syy - sxy * sxy)
    a, b = (sux * syy - suy * sxy) * inverse, (suy * sxx - sux * sxy) * inverse
    c, d = (svx * syy - svy * sxy) * inverse, (svy * sxx - svx * sxy) * inverse
    square = (u - a * x - b * y) ** 2 + (v - c * x - d * y) ** 2
    matrix = np.stack([a, b, c, d], axis=-1).reshape(*a.shape, 2, 2)
    left_over = np.moveaxis(np.sqrt(square), 0, -1)
    return Residuals(matrix, left_over, np.sqrt(square.mean(axis=0)))


# ----------------------------------------------------------------------------------------- parts

SINGLES = tuple(part for part in PARTS if part.kind == "single")
PAIRS = tuple(part for part in PARTS if part.kind == "pair")


def _track_key(part: parts.Part) -> tuple[str, tuple[str, ...]]:
    return part.point, part.reference


TRACKS = tuple({_track_key(part): part for part in reversed(PARTS)}.values())
_KEYS = [_track_key(track) for track in TRACKS]
TRACK_OF_PART = [_KEYS.index(_track_key(part)) for part in PARTS]
_COUNTED = [_KEYS.index(_track_key(part)) for part in (*SINGLES, PARTS[-1])]
_COUNTED_POINTS = [TRACKS[track].point for track in _COUNTED]
COUNT_OF_PART = [
    len(SINGLES) if part is PARTS[-1] else _COUNTED_POINTS.index(part.point) for part in PARTS
]
MOVING = [POINT[track.point] for track in TRACKS]
REFERENCES = [[POINT[track.reference[i]] for track in TRACKS] for i in (0, -1)]
ANGLES = [[POINT[part.angle[i]] for part in SINGLES if part.angle] for i in range(3)]
SEGMENTS = [(POINT[part.point], *(POINT[n] for n in s)) for part in PAIRS for s in part.segments]
SEGMENT_STARTS = np.cumsum([0] + [len(part.segments) for part in PAIRS[:-1]])
STILL_MPS = np.array([[track.still_mps] for track in TRACKS], np.float32)
SWING_M = np.array([TRACKS[track].swing_m for track in _COUNTED])
NEAR_M = np.array([[part.near_m] for part in PAIRS], np.float32)


class Smoother(NamedTuple):
    """Weights of the local fits at the four frames nearest either end, and what noise does."""

    position: Float[np.ndarray, "4 8"]
    slope: Float[np.ndarray, "4 8"]
    own_weight: Float[np.ndarray, " frames"]
    noise_per_s2: Float[np.ndarray, " frames"]


@cache
def smoother(frames: int, step_s: float) -> Smoother:
    position, slope = np.zeros((4, 8), np.float32), np.zeros((4, 8), np.float32)
    own_weight = np.full(frames, PARABOLA[4], np.float32)
    noise = np.full(frames, 1 / (60 * step_s**2), np.float32)
    for row in range(4):
        offsets_s = (np.arange(row + 5) - row) * step_s
        line = np.linalg.pinv(np.stack([np.ones(row + 5), offsets_s], axis=1))
        position[row, : row + 5], slope[row, : row + 5] = line
        own_weight[[row, -1 - row]] = line[0, row]
        noise[[row, -1 - row]] = (line[1] ** 2).sum()
    return Smoother(position, slope, own_weight, noise)


def smoothed(
    points: Float[np.ndarray, "*clips axes points frames"], step_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Smooth places and velocities: parabolas over nine frames, lines at the ends."""
    frames = points.shape[-1]
    fit = smoother(frames, step_s)
    smooth, slope = np.empty_like(points), np.empty_like(points)
    inner, inner_slope = PARABOLA[4] * points[..., 4:-4], 0
    for away in range(1, 5):
        before = points[..., 4 - away : frames - 4 - away]
        after = points[..., 4 + away : frames - 4 + away or None]
        inner = inner + np.float32(PARABOLA[4 + away]) * (before + after)
        inner_slope = inner_slope + np.float32(away / (60 * step_s)) * (after - before)
    smooth[..., 4:-4], slope[..., 4:-4] = inner, inner_slope
    smooth[..., :4], slope[..., :4] = (
        points[..., :8] @ fit.position.T,
        points[..., :8] @ fit.slope.T,
    )
    ending = points[..., :-9:-1]
    smooth[..., :-5:-1], slope[..., :-5:-1] = ending @ fit.position.T, -(ending @ fit.slope.T)
    return smooth, slope


def relative(points: np.ndarray) -> np.ndarray:
    first, last = REFERENCES
    return points[..., MOVING, :] - 0.5 * (points[..., first, :] + points[..., last, :])


def dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Products of vectors along the third axis from the end."""
    return (
        first[..., 0, :, :] * second[..., 0, :, :]
        + first[..., 1, :, :] * second[..., 1, :, :]
        + first[..., 2, :, :] * second[..., 2, :, :]
    )


def hand_distances(points: np.ndarray) -> Float[np.ndarray, "*clips pairs frames"]:
    hands, starts, ends = (list(rows) for rows in zip(*SEGMENTS, strict=True))
    start = points[..., starts, :]
    along, hand = points[..., ends, :] - start, points[..., hands, :] - start
    square = dot(along, along)
    share = np.clip(dot(hand, along) / np.where(square > 0, square, 1), 0, 1)
    apart = hand - share[..., None, :, :] * along
    return np.sqrt(np.minimum.reduceat(dot(apart, apart), SEGMENT_STARTS, axis=-2))


def angle_ranges(points: np.ndarray) -> Float[np.ndarray, "*clips angles"]:
    first, middle, second = (points[..., rows, :] for rows in ANGLES)
    (ax, ay, az), (bx, by, bz) = (
        (v[..., 0, :, :], v[..., 1, :, :], v[..., 2, :, :])
        for v in (first - middle, second - middle)
    )
    across = length_of(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    angle = np.arctan2(across, ax * bx + ay * by + az * bz)
    return angle.max(axis=-1) - angle.min(axis=-1)


def reversal_axes(directions: np.ndarray) -> Float[np.ndarray, "*clips 3 tracks"]:
    """The line along which each track turns round most often."""
    rest = np.zeros((*directions.shape[:-1], 6), directions.dtype)
    padded = np.concatenate([rest, directions, rest], axis=-1)
    change = padded[..., 6:] - padded[..., :-6]
    scatter = np.einsum("...itf,...jtf->...tij", change, change)
    axes = np.linalg.eigh(scatter)[1][..., -1]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=-1)[..., None], axis=-1)
    axes = np.where(largest < 0, -axes, axes) * (np.abs(scatter).max(axis=(-1, -2)) > 0)[..., None]
    return np.swapaxes(axes, -1, -2)


def _share(outer: float, inner: float) -> float:
    """How much of a swing the one before or after a regular stretch is."""
    if inner <= 0:
        return 0.0
    return 0.5 if outer * repetition.SAME_SIZE > inner else min(outer / inner, 1.0)


def cycles_of(values: Sequence[float], times_s: Sequence[float], least: float) -> tuple[int, float]:
    """Cycles of the longest regular stretch of swings, and how long one takes."""
    turn = extreme = values[0]
    turn_s = extreme_s = times_s[0]
    last_size = last_s = opening = swings = lasted_s = best = best_s = 0.0
    for value, time_s in zip(values, times_s, strict=True):
        ahead = 1 if extreme >= turn else -1
        if ahead * (value - extreme) > 0:
            extreme, extreme_s = value, time_s
        if ahead * (extreme - value) < least:
            continue
        size, swing_s = abs(extreme - turn), extreme_s - turn_s
        goes_on = (
            swings > 0
            and min(size, last_size) >= repetition.SAME_SIZE * max(size, last_size)
            and min(swing_s, last_s) >= repetition.SAME_PACE * max(swing_s, last_s)
        )
        total = opening + swings + (1 if goes_on else _share(size, last_size))
        before_s = lasted_s / max(swings - 1, 1)
        if goes_on:
            swings, lasted_s = swings + 1, lasted_s + swing_s
        else:
            opening, swings, lasted_s = _share(last_size, size), 1.0, 0.0
        if total > best:
            best, best_s = total, (lasted_s / max(swings - 1, 1) if goes_on else before_s)
        turn, turn_s, extreme, extreme_s = extreme, extreme_s, value, time_s
        last_size, last_s = size, swing_s
    total = opening + swings + _share(abs(extreme - turn), last_size)
    if total > best:
        best, best_s = total, lasted_s / max(swings - 1, 1)
    cycles = math.floor(0.5 * best + repetition.ROUNDING)
    return (cycles, 2 * best_s) if cycles >= repetition.LEAST_CYCLES else (0, 0.0)


def described(
    points_m: Float[np.ndarray, "*clips frames points 3"], times_s: np.ndarray
) -> PartMotion:
    """How every body part moved, of one clip or of a stack of clips."""
    step_s, frames = float(times_s[1] - times_s[0]), len(times_s)
    axes = range(points_m.ndim - 3)
    points = np.transpose(points_m, (*axes, -1, -2, -3))
    above = points[..., POINT["pelvis"], :] + np.array([[0], [1], [0]], points.dtype)
    points = np.concatenate([points, above[..., None, :]], axis=-2)
    smooth_points, slopes = smoothed(points, step_s)
    smooth, velocity = relative(smooth_points), relative(slopes)
    fit = smoother(frames, step_s)
    left_over = relative(points - smooth_points)
    variance = dot(left_over, left_over).sum(axis=-1) / (1 - fit.own_weight).sum()
    jitter_m = np.sqrt(variance * fit.own_weight.mean() / 3)
    speed_square = dot(velocity, velocity)
    noise = parts.JITTER_GATE**2 * variance[..., None] * fit.noise_per_s2
    moving = speed_square > STILL_MPS * STILL_MPS + noise

    along = velocity[..., 1:] + velocity[..., :-1]
    square = dot(along, along)
    counted = moving[..., 1:] & moving[..., :-1] & (square > 0)
    unit = along * (counted / np.sqrt(np.where(counted, square, 1)))[..., None, :, :]
    length_m = np.maximum(dot(np.diff(smooth, axis=-1), unit), 0)
    toward = [
        (length_m * np.maximum(sign * unit[..., axis, :, :], 0)).sum(axis=-1)
        for axis in range(3)
        for sign in (1, -1)
    ]
    every_way = np.maximum(sum(toward), 1e-30)
    path_m, whole_s = length_m.sum(axis=-1), times_s[-1] - times_s[0]
    ends = smooth[..., -1:] - smooth[..., :1]

    unit = velocity[..., _COUNTED, :]
    unit = unit * (moving / np.sqrt(np.where(moving, speed_square, 1)))[..., None, _COUNTED, :]
    swaying = dot(smooth[..., _COUNTED, :], reversal_axes(unit)[..., None].astype(points.dtype))
    least = np.maximum(SWING_M, parts.SWING_JITTERS * jitter_m[..., _COUNTED])
    cycles = np.array(
        [
            cycles_of(values, times_s.tolist(), one_least)
            for values, one_least in zip(
                swaying.reshape(-1, frames).tolist(), least.ravel().tolist(), strict=True
            )
        ]
    ).reshape(*least.shape, 2)

    distance = hand_distances(smooth_points)
    weights = np.full(frames, step_s / whole_s, np.float32)
    weights[[0, -1]] *= 0.5
    hands = smooth[..., TRACK_OF_PART[len(SINGLES) :], :]
    singles, pairs = (*path_m.shape[:-1], len(SINGLES)), (*path_m.shape[:-1], len(PAIRS))

    def of_pairs(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.zeros(singles), values], axis=-1)

    return PartMotion(
        displacement=np.sqrt(dot(ends, ends))[..., TRACK_OF_PART, 0],
        path=path_m[..., TRACK_OF_PART],
        mean_speed=path_m[..., TRACK_OF_PART] / whole_s,
        peak_speed=length_m.max(axis=-1)[..., TRACK_OF_PART] / step_s,
        directions=np.stack([way / every_way for way in toward], axis=-1)[..., TRACK_OF_PART, :],
        angle_range_rad=np.concatenate([angle_ranges(smooth_points), np.zeros(pairs)], axis=-1),
        least_distance=of_pairs(distance.min(axis=-1)),
        greatest_distance=of_pairs(distance.max(axis=-1)),
        near_share=of_pairs((distance <= NEAR_M) @ weights),
        approach=of_pairs(distance[..., 0] - distance[..., -1]),
        above_share=of_pairs((hands[..., 1, :, :] > parts.BESIDE_M) @ weights),
        front_share=of_pairs((hands[..., 2, :, :] > parts.BESIDE_M) @ weights),
        repetitions=cycles[..., COUNT_OF_PART, 0],
        period_s=cycles[..., COUNT_OF_PART, 1],
        coverage=np.ones((*path_m.shape[:-1], len(PARTS))),
    )


# ----------------------------------------------------------------------------- all of one clip


class Facts(NamedTuple):
    """What `measure` tells of a clip, as rounded plain numbers."""

    events: list[tuple]
    """Signal, start, end, amount, peak speed, part in each quarter."""
    episodes: list[Episode]
    travelled: dict[str, list]
    sums: list
    """Rises and falls of each signal in each quarter."""
    parts: dict[str, list] | None
    samples: list


def split(values: np.ndarray, one: Movement, amount: float) -> np.ndarray:
    """The part of a movement that falls into each quarter."""
    bounds = np.linspace(0, len(values) - 1, QUARTERS + 1)
    moved = np.interp(bounds, np.arange(len(values)), values) - values[one.begin]
    moved = np.where(bounds <= one.start, 0, np.where(bounds >= one.end, amount, moved))
    return np.diff(moved)


def rounded(figures: NamedTuple) -> dict[str, list]:
    return {name: np.round(value, 4).tolist() for name, value in figures._asdict().items()}


def swaying(rows: Sequence[tuple[Movement, float]], step_s: float) -> set[Movement]:
    """Movements on the spot at the pace of a stride, each undoing the last."""
    chains: list[list[Movement]] = []
    last_amount = 0.0
    for one, amount in sorted(rows, key=lambda row: (row[0].signal, row[0].start)):
        limit = thresholds.SWAY_RANGE.get(SIGNALS[one.signal], 0.0)
        last = chains[-1][-1] if chains else None
        linked = (
            last is not None
            and last.signal == one.signal
            and amount * last_amount < 0
            and max(abs(amount), abs(last_amount)) <= limit
            and (one.end - last.start) * step_s <= thresholds.SWAY_PERIOD_S
        )
        if linked:
            chains[-1].append(one)
        else:
            chains.append([one])
        last_amount = amount
    return {one for chain in chains if len(chain) >= thresholds.SWAY_EVENTS for one in chain}


def meant(found: list[Movement], signals: Signals, step_s: float) -> list[tuple[Movement, float]]:
    """The movements with their amounts, without drift and without swaying on the spot."""
    last = len(signals.values) - 1
    walked = np.linalg.norm(np.diff(signals.positions_m, axis=0), axis=1).cumsum()
    walked = np.concatenate([[0.0], walked])
    rows = []
    for one in found:
        furthest, end = min(one.furthest, last), min(max(one.end, one.start + 1), last)
        amount = signals.values[furthest, one.signal] - signals.values[one.begin, one.signal]
        rows.append((one._replace(furthest=furthest, end=end), float(amount)))
    sway = swaying(rows, step_s)
    return [
        (one, amount)
        for one, amount in rows
        if one not in sway
        and (
            SIGNALS[one.signal] not in thresholds.DRIFTING_SIGNALS
            or abs(amount) >= thresholds.DRIFT_SHARE * (walked[one.furthest] - walked[one.begin])
        )
    ]


def unspread(one: Movement, speed_mps: np.ndarray) -> Movement:
    """Without what taking out the gait spread a movement by, at either end."""
    if SIGNALS[one.signal] not in thresholds.SWAY_RANGE:
        return one
    reach, last = thresholds.SPREAD_S * 30, len(speed_mps) - 1
    most = thresholds.SPREAD_SHARE * (one.end - one.start)

    def spread(inside: int) -> int:
        gait = gait_share(speed_mps[min(max(inside, one.start), one.end)])
        return round(min(float(gait) * reach, most))

    after = spread(one.start + round(2 * reach)) if one.start > 0 else 0
    before = spread(one.end - round(2 * reach)) if one.end < last else 0
    return one._replace(start=one.start + after, end=one.end - before)


def told(
    found: list[Movement],
    signals: Signals,
    episodes: list[Episode],
    path: Travelled,
    part_motion: PartMotion | None,
    step_s: float,
) -> Facts:
    """The figures as facts."""
    sums = np.zeros((len(SIGNALS), 2, QUARTERS))
    rows = []
    speed_mps = np.hypot(signals.velocity_mps[:, 0], signals.velocity_mps[:, 2])
    for one, amount in meant(found, signals, step_s):
        one = unspread(one, speed_mps)
        quarters = split(signals.values[:, one.signal], one, amount)
        sums[one.signal, int(amount < 0)] += np.abs(quarters)
        peak = float(signals.speed[one.start : one.end + 1, one.signal].max())
        numbers = (one.start * step_s, one.end * step_s, amount, peak, *quarters)
        rows.append((SIGNALS[one.signal], *(round(float(number), 4) for number in numbers)))
    return Facts(
        events=sorted(rows, key=lambda row: (row[1], row[2], SIGNALS.index(row[0]))),
        episodes=episodes,
        travelled=rounded(path),
        sums=np.round(sums, 4).tolist(),
        parts=None if part_motion is None else rounded(part_motion),
        samples=np.round(signals.positions_m[::6], 4).tolist(),
    )


def facts_by_clip(track: Track) -> Facts:
    anchored = anchored_by_clip(track)
    signals = signals_by_clip(anchored)
    return told(
        movements_by_clip(signals),
        signals,
        episodes_by_clip(signals, anchored),
        travelled(signals, track.times_s),
        None if anchored.points_m is None else described(anchored.points_m, track.times_s),
        float(track.times_s[1]),
    )
