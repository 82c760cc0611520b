"""The same measurements one frame at a time, as most research scripts make them.

Takes and gives what `_peers` takes and gives; only the way of writing differs: a Python loop over
the frames, a SciPy `Rotation` and a few small NumPy arrays in each.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import _peers
import numpy as np
from _peers import POINT, QUARTERS, RULES, Episode, Facts, Movement, Residuals, Signals, Track
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from kinematics import parts, thresholds
from kinematics.facts import SIGNALS
from kinematics.movement import trajectory
from kinematics.movement.descriptors import PartMotion
from kinematics.parts import PARTS, Part


def anchored(track: Track) -> Track:
    rotations = Rotation.from_quat(track.orientations_wxyz, scalar_first=True)
    facing, origin_m = _peers.start_by_clip(rotations, track.positions_m, track.times_s)
    back = facing.inv()
    orientations, positions, points = [], [], []
    for frame in range(len(track.times_s)):
        rotation = Rotation.from_quat(track.orientations_wxyz[frame], scalar_first=True)
        orientations.append((back * rotation).as_quat(scalar_first=True))
        positions.append(back.apply(track.positions_m[frame] - origin_m))
        if track.points_m is not None:
            w, _, y, _ = track.orientations_wxyz[frame]
            unturn = Rotation.from_rotvec([0, -2 * math.atan2(y, w), 0])
            points.append(unturn.apply(track.points_m[frame] - track.positions_m[frame]))
    return Track(
        orientations_wxyz=np.array(orientations),
        positions_m=np.array(positions),
        times_s=track.times_s,
        points_m=np.array(points) if points else None,
    )


def turned(orientations_wxyz: Float[np.ndarray, "frames 4"]) -> _peers.Turned:
    headings, tilts, forwards, lefts, turn = [], [], [], [], [0.0, 0.0]
    for quaternion in orientations_wxyz:
        rotation = Rotation.from_quat(quaternion, scalar_first=True)
        _, y, _, w = rotation.as_quat()
        heading = 2 * math.atan2(y, w)
        previous = headings[-1] if headings else 0.0
        while heading - previous > math.pi:
            heading -= 2 * math.pi
        while heading - previous < -math.pi:
            heading += 2 * math.pi
        if headings:
            turn[int(heading < previous)] += abs(heading - previous)
        up = (Rotation.from_rotvec([0, -heading, 0]) * rotation).apply([0, 1, 0])
        level = math.hypot(up[0], up[2])
        tilt = math.atan2(level, up[1])
        headings.append(heading)
        tilts.append(tilt)
        forwards.append(up[2] / level * tilt if level > 1e-9 else 0.0)
        lefts.append(up[0] / level * tilt if level > 1e-9 else 0.0)
    arrays = (np.array(values) for values in (headings, tilts, forwards, lefts))
    return _peers.Turned(*arrays, *turn)


def _swaying(track: Track, pelvis: _peers.Turned) -> np.ndarray:
    rows = []
    for frame, position in enumerate(track.positions_m):
        heading, tilt, forward, left = (values[frame] for values in pelvis[:4])
        if track.points_m is not None:
            points = track.points_m[frame]
            across = points[POINT["left_shoulder"]] - points[POINT["right_shoulder"]]
            heading = heading + 0.5 * math.atan2(-across[2], across[0])
            trunk = points[POINT["neck"]] - points[POINT["pelvis"]]
            level = math.hypot(trunk[0], trunk[2])
            tilt = math.atan2(level, trunk[1])
            forward, left = (trunk[axis] * tilt / max(level, 1e-9) for axis in (2, 0))
        rows.append([position[1], heading, forward, left, tilt])
    return np.array(rows)


def _light(values: np.ndarray) -> np.ndarray:
    extended = _peers.reflected(values)
    return np.array([_peers.PARABOLA @ extended[frame : frame + 9] for frame in range(len(values))])


def _means(extended: np.ndarray, width: int) -> np.ndarray:
    frames = range(len(extended) - width + 1)
    return np.array([extended[frame : frame + width].mean(axis=0) for frame in frames])


def _rates(values: np.ndarray, reach: int, step_s: float) -> np.ndarray:
    rates, last = [], len(values) - 1
    for frame in range(len(values)):
        before, after = max(frame - reach, 0), min(frame + reach, last)
        rates.append((values[after] - values[before]) / ((after - before) * step_s))
    return np.array(rates)


def signals(track: Track) -> Signals:
    step_s = float(track.times_s[1])
    pelvis = turned(track.orientations_wxyz)
    swaying = _swaying(track, pelvis)
    path_m, steady = _light(track.positions_m), _light(swaying)
    own_heading = _light(pelvis.heading_rad[:, None])
    mean = _means(_means(_peers.mirrored(swaying), _peers.STRIDE_FRAMES), _peers.STEP_FRAMES)
    stride = _rates(path_m, (_peers.STRIDE_FRAMES - 1) // 2, step_s)
    sway = _peers.SWAY_ROOT if track.points_m is None else _peers.SWAY_JOINTS
    mixed, values = [], []
    for frame, place in enumerate(path_m):
        gait = _peers.gait_share(math.hypot(stride[frame, 0], stride[frame, 2]))
        in_place = np.array([steady[frame, 0], own_heading[frame, 0], *steady[frame, 2:]])
        one = _peers.mixed(in_place, steady[frame], mean[frame], gait, sway)
        distance = math.hypot(place[0], place[2])
        values.append([place[0], one[0], place[2], distance, *one[1:4]])
        mixed.append(one)
    values = np.array(values)
    return Signals(
        values=values,
        rest_speed=np.abs(_rates(values, 8, step_s)),
        speed=np.abs(_rates(values, 3, step_s)),
        positions_m=path_m,
        velocity_mps=_rates(path_m, 8, step_s),
        tilt_rad=np.array(mixed)[:, 4],
    )


def _quarter_parts(
    begin_s: float, end_s: float, bounds_s: np.ndarray
) -> Iterator[tuple[int, float]]:
    """The quarters that a step between frames touches, and its share in each."""
    for quarter in range(QUARTERS):
        inside = min(end_s, bounds_s[quarter + 1]) - max(begin_s, bounds_s[quarter])
        if inside > 0:
            yield quarter, inside / (end_s - begin_s)


def _turning(read: Signals) -> float:
    course, turning = None, 0.0
    for left, _, ahead in read.velocity_mps:
        if math.hypot(left, ahead) < thresholds.TRAVEL_SPEED_MPS:
            continue
        angle = math.atan2(left, ahead)
        if course is not None:
            change = math.remainder(angle - course, 2 * math.pi)
            turning += change if abs(change) < trajectory.REVERSAL_RAD else 0.0
        course = angle
    return turning


def _returns(distances_m: np.ndarray) -> int:
    away, returns = False, 0
    for distance in distances_m:
        if away and distance < thresholds.RETURN.leave:
            away, returns = False, returns + 1
        elif distance >= thresholds.RETURN.enter:
            away = True
    return returns


class _Reach(NamedTuple):
    furthest_m: np.ndarray
    furthest_s: np.ndarray
    closest_m: np.ndarray
    closest_s: np.ndarray


def _reach(distances_m: np.ndarray, times_s: np.ndarray, bounds_s: np.ndarray) -> _Reach:
    found = _Reach(*np.zeros((4, QUARTERS)))
    for quarter in range(QUARTERS):
        start_s, end_s = bounds_s[quarter], bounds_s[quarter + 1]
        rows = [(np.interp(start_s, times_s, distances_m), start_s)]
        for time_s, distance in zip(times_s, distances_m, strict=True):
            if start_s < time_s < end_s:
                rows.append((distance, time_s))
        rows.append((np.interp(end_s, times_s, distances_m), end_s))
        found.furthest_m[quarter], found.furthest_s[quarter] = max(rows, key=lambda row: row[0])
        found.closest_m[quarter], found.closest_s[quarter] = min(rows, key=lambda row: row[0])
    return found


def travelled(read: Signals, times_s: Float[np.ndarray, " frames"]) -> _peers.Travelled:
    bounds_s = np.linspace(0, times_s[-1], QUARTERS + 1)
    still = thresholds.MOVEMENT["forward"].still_speed
    speeds, owns = [], []
    headings = read.values[:, SIGNALS.index("heading")]
    for (left, _, ahead), heading in zip(read.velocity_mps, headings, strict=True):
        speed, sine, cosine = math.hypot(left, ahead), math.sin(heading), math.cos(heading)
        own = (cosine * left - sine * ahead, sine * left + cosine * ahead)
        least = max(still, thresholds.DRIFT_SHARE * speed)
        speeds.append(speed)
        owns.append([part if abs(part) >= least else 0.0 for part in own])
    path, paced = np.zeros(QUARTERS), np.zeros((QUARTERS, 4))
    peak, tilt, whole = np.zeros(QUARTERS), np.zeros(QUARTERS), 0.0
    for frame in range(1, len(times_s)):
        begin_s, end_s = times_s[frame - 1], times_s[frame]
        step = read.positions_m[frame] - read.positions_m[frame - 1]
        length = math.hypot(step[0], step[2])
        moving = [speeds[frame - 1] >= still, speeds[frame] >= still]
        whole += length if all(moving) else 0.0
        own = [
            0.5 * (a + b) * (end_s - begin_s)
            for a, b in zip(*owns[frame - 1 : frame + 1], strict=True)
        ]
        for quarter, share in _quarter_parts(begin_s, end_s, bounds_s):
            path[quarter] += share * length * 0.5 * sum(moving)
            paced[quarter] += share * np.array(
                [*np.maximum(own, 0), *np.maximum(np.negative(own), 0)]
            )
    for frame, time_s in enumerate(times_s):
        for quarter in range(QUARTERS):
            if bounds_s[quarter] <= time_s <= bounds_s[quarter + 1]:
                peak[quarter] = max(peak[quarter], speeds[frame])
                tilt[quarter] = max(tilt[quarter], read.tilt_rad[frame])
    tracks = (*read.positions_m.T, headings)
    net = np.diff([np.interp(bounds_s, times_s, values) for values in tracks], axis=1)
    distances = read.values[:, SIGNALS.index("start_distance")]
    straight = read.positions_m[-1] - read.positions_m[0]
    has_path = whole > thresholds.MOVEMENT["forward"].prominence
    return _peers.Travelled(
        net_m=net[:3].T,
        net_turn_rad=net[3],
        path_m=path,
        paced_m=paced,
        peak_speed_mps=peak,
        max_tilt_rad=tilt,
        **_reach(distances, times_s, bounds_s)._asdict(),
        straightness=min(math.hypot(straight[0], straight[2]) / whole, 1) if has_path else 1.0,
        turning_rad=_turning(read),
        returns=_returns(distances),
    )


def _frames_of(read: Signals, signal: int) -> Iterator[tuple[float, bool, bool, bool, bool]]:
    still = RULES[signal].still_speed
    for frame in range(len(read.values)):
        rest_speed, speed = read.rest_speed[frame, signal], read.speed[frame, signal]
        yield read.values[frame, signal], *_peers.states(rest_speed, speed, still)
    yield read.values[-1, signal], True, True, True, True


def movements(read: Signals) -> list[Movement]:
    return [
        Movement(signal, *found)
        for signal, rule in enumerate(RULES)
        for found in _peers.follow(list(_frames_of(read, signal)), rule)
    ]


def _stretches(lane: np.ndarray, rule: thresholds.ExcursionRule) -> list[tuple[int, int, float]]:
    found, away, home, left, peak = [], False, 0, 0, 0.0
    for frame, value in enumerate([*lane, -math.inf]):
        if away and value < rule.leave:
            if peak >= rule.peak:
                found.append((left, frame, float(peak)))
            away = False
        elif not away and value >= rule.enter:
            away, peak, left = True, value, home
        peak = max(peak, value)
        home = frame if value < rule.leave else home
    return found


def episodes(read: Signals, track: Track) -> list[Episode]:
    lanes = _peers.departures(read, _peers.feet_of(track))
    return [
        Episode(lane, *found)
        for lane, rule in enumerate(_peers.LANES)
        for found in _stretches(lanes[lane], rule)
    ]


def residuals(points_px: Float[np.ndarray, "frames points 2"]) -> Residuals:
    matrices, left_over, rms = [], [], []
    for source, target in pairwise(points_px):
        rows = np.column_stack([source, np.ones(len(source))]).astype(np.float64)
        solution, *_ = np.linalg.lstsq(rows, target.astype(np.float64))
        distance = np.linalg.norm(target - rows @ solution, axis=1)
        matrices.append(solution[:2].T)
        left_over.append(distance)
        rms.append(math.sqrt((distance**2).mean()))
    return Residuals(np.array(matrices), np.array(left_over), np.array(rms))


class _Smooth(NamedTuple):
    points: np.ndarray
    slopes: np.ndarray


def _smooth(points: Float[np.ndarray, "frames points 3"], step_s: float) -> _Smooth:
    """A parabola through nine frames around each; lines through what there is at the ends."""
    frames, reach = len(points), 4
    smooth, slopes = np.zeros_like(points), np.zeros_like(points)
    for frame in range(frames):
        low, high = max(frame - reach, 0), min(frame + reach + 1, frames)
        window = points[low:high].reshape(high - low, -1)
        offsets_s = (np.arange(low, high) - frame) * step_s
        degree = 2 if high - low == 2 * reach + 1 else 1
        fit = np.linalg.lstsq(np.vander(offsets_s, degree + 1), window)[0]
        smooth[frame], slopes[frame] = (fit[row].reshape(-1, 3) for row in (-1, -2))
    return _Smooth(smooth, slopes)


def _angle(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> float:
    one, other = first - middle, last - middle
    return math.atan2(np.linalg.norm(np.cross(one, other)), one @ other)


def _distance(hand: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    along = end - start
    square = along @ along
    share = min(max((hand - start) @ along / square, 0), 1) if square > 0 else 0
    return np.linalg.norm(hand - start - share * along)


class _Part(NamedTuple):
    """One part's track, and everything told of how it moved."""

    displacement: float
    path: float
    mean_speed: float
    peak_speed: float
    directions: list[float]
    repetitions: int
    period_s: float


def _jitter_variance(left_over: np.ndarray, own_weight: np.ndarray) -> float:
    square = 0.0
    for vector in left_over:
        square += vector @ vector
    return square / (1 - own_weight).sum()


def _part(part: Part, smooth: _Smooth, points: np.ndarray, times_s: np.ndarray) -> _Part:
    step_s, frames = times_s[1] - times_s[0], len(times_s)
    first, last = (POINT[part.reference[place]] for place in (0, -1))

    def relative(values: np.ndarray) -> np.ndarray:
        return np.array([one[POINT[part.point]] - 0.5 * (one[first] + one[last]) for one in values])

    fit = _peers.smoother(frames, float(step_s))
    track, velocity = relative(smooth.points), relative(smooth.slopes)
    variance = _jitter_variance(relative(points) - track, fit.own_weight)
    moving = []
    for vector, noise_per_s2 in zip(velocity, fit.noise_per_s2, strict=True):
        gate = part.still_mps**2 + parts.JITTER_GATE**2 * variance * noise_per_s2
        moving.append(vector @ vector > gate)
    path, peak, toward = 0.0, 0.0, np.zeros(6)
    for frame in range(1, frames):
        along = velocity[frame] + velocity[frame - 1]
        speed = np.linalg.norm(along)
        if not (moving[frame] and moving[frame - 1] and speed > 0):
            continue
        unit = along / speed
        length = max((track[frame] - track[frame - 1]) @ unit, 0.0)
        path, peak = path + length, max(peak, length / step_s)
        for axis in range(3):
            toward[2 * axis + int(unit[axis] < 0)] += length * abs(unit[axis])
    directions = [
        v / np.linalg.norm(v) if m else 0 * v for v, m in zip(velocity, moving, strict=True)
    ]
    axis = _peers.reversal_axes(np.array(directions).T[:, None])[:, 0]
    jitter_m = math.sqrt(variance * fit.own_weight.mean() / 3)
    least = max(part.swing_m, parts.SWING_JITTERS * jitter_m)
    cycles, period_s = _peers.cycles_of([place @ axis for place in track], times_s, least)
    return _Part(
        displacement=np.linalg.norm(track[-1] - track[0]),
        path=path,
        mean_speed=path / times_s[-1],
        peak_speed=peak,
        directions=list(toward / max(toward.sum(), 1e-30)),
        repetitions=cycles,
        period_s=period_s,
    )


class _Relation(NamedTuple):
    least_distance: float = 0.0
    greatest_distance: float = 0.0
    near_share: float = 0.0
    approach: float = 0.0
    above_share: float = 0.0
    front_share: float = 0.0


def _relation(part: Part, points: np.ndarray) -> _Relation:
    hand, segments = POINT[part.point], [[POINT[name] for name in one] for one in part.segments]
    references = [POINT[part.reference[place]] for place in (0, -1)]
    distances, shares, weights = [], np.zeros(3), 0.0
    for frame, one in enumerate(points):
        distances.append(min(_distance(one[hand], one[a], one[b]) for a, b in segments))
        apart = one[hand] - 0.5 * (one[references[0]] + one[references[1]])
        weight = 0.5 if frame in (0, len(points) - 1) else 1.0
        weights += weight
        holds = (
            distances[-1] <= part.near_m,
            apart[1] > parts.BESIDE_M,
            apart[2] > parts.BESIDE_M,
        )
        shares += weight * np.array(holds)
    near, above, front = shares / weights
    approach = distances[0] - distances[-1]
    return _Relation(min(distances), max(distances), near, approach, above, front)


def _angle_range(part: Part, points: np.ndarray) -> float:
    if part.angle is None:
        return 0.0
    rows = [POINT[name] for name in part.angle]
    angles = [_angle(*(one[row] for row in rows)) for one in points]
    return max(angles) - min(angles)


def described(points_m: Float[np.ndarray, "frames points 3"], times_s: np.ndarray) -> PartMotion:
    step_s = float(times_s[1] - times_s[0])
    above = [one[POINT["pelvis"]] + np.array([0, 1, 0]) for one in points_m]
    points = np.concatenate([points_m, np.array(above)[:, None]], axis=1).astype(np.float64)
    smooth = _smooth(points, step_s)
    moved, cycles = [], []
    for place, part in enumerate(PARTS):
        moved.append(_part(part, smooth, points, times_s))
        counted = moved[_peers.COUNT_OF_PART[place]] if part is not PARTS[-1] else moved[-1]
        cycles.append((counted.repetitions, counted.period_s))
    relations = [
        _relation(part, smooth.points) if part.kind == "pair" else _Relation() for part in PARTS
    ]
    return PartMotion(
        **{
            name: np.array([getattr(one, name) for one in moved])
            for name in ("displacement", "path", "mean_speed", "peak_speed", "directions")
        },
        angle_range_rad=np.array([_angle_range(part, smooth.points) for part in PARTS]),
        **{name: np.array([getattr(one, name) for one in relations]) for name in _Relation._fields},
        repetitions=np.array([count for count, _ in cycles]),
        period_s=np.array([period_s for _, period_s in cycles]),
        coverage=np.ones(len(PARTS)),
    )


def facts(track: Track) -> Facts:
    in_first = anchored(track)
    read = signals(in_first)
    return _peers.told(
        movements(read),
        read,
        episodes(read, in_first),
        travelled(read, track.times_s),
        None if in_first.points_m is None else described(in_first.points_m, track.times_s),
        float(track.times_s[1]),
    )
