"""One `MotionFacts` per clip from a measured batch's arrays: NumPy, then plain Python numbers.

Scalars are rounded here (0.1 mm, 1e-5 rad, 0.1 ms), which hides last-bit differences between
machines.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from kinematics import thresholds
from kinematics.facts import (
    ANGULAR_SIGNALS,
    SIGNALS,
    Episode,
    Event,
    Frame,
    MotionFacts,
    PartFacts,
    PathSample,
    PathShape,
    Posture,
    VerticalEpisode,
    WindowFacts,
)
from kinematics.geometry.resample import ANALYSIS_RATE_HZ
from kinematics.motion import Motion
from kinematics.movement import descriptors, events, signals, totals, trajectory, vertical
from kinematics.movement.batch import Clip
from kinematics.movement.totals import QUARTERS
from kinematics.movement.vertical import LANES
from kinematics.skeleton import POINTS

SAMPLE_EVERY = 6
"""Frames of the analysis grid between two samples of the path: five samples a second."""

_ANGULAR = np.array([name in ANGULAR_SIGNALS for name in SIGNALS])
_SWAYS = np.array([name in signals.SWAYING for name in SIGNALS])
_TRUNK = [POINTS.index("pelvis"), POINTS.index("neck")]
_HEADING = SIGNALS.index("heading")

# Fields of a window that sum the positive or the negative parts of events.
_SUMS: dict[str, tuple[str, int]] = {
    "left_m": ("left", 1),
    "right_m": ("left", -1),
    "up_m": ("up", 1),
    "down_m": ("up", -1),
    "forward_m": ("forward", 1),
    "backward_m": ("forward", -1),
    "away_m": ("start_distance", 1),
    "towards_m": ("start_distance", -1),
    "turn_left_rad": ("heading", 1),
    "turn_right_rad": ("heading", -1),
    "lean_forward_rad": ("forward_lean", 1),
    "lean_backward_rad": ("forward_lean", -1),
    "lean_left_rad": ("left_lean", 1),
    "lean_right_rad": ("left_lean", -1),
}
_SUM_SIGNAL = np.array([SIGNALS.index(signal) for signal, _ in _SUMS.values()])
_SUM_SIGN = np.array([sign for _, sign in _SUMS.values()])

_WINDOW = WindowFacts.__struct_fields__
_COLUMN = {name: column for column, name in enumerate(_WINDOW)}
_WINDOW_SCALE = 10.0 ** np.array([5 if name.endswith("_rad") else 4 for name in _WINDOW])


def _columns(*names: str) -> list[int]:
    return [_COLUMN[name] for name in names]


class Measured(NamedTuple):
    """Results of the kernels for a batch, one row per clip."""

    signals: signals.Signals
    events: events.EventFrames
    walked_m: Float[Array, "clips frames"]
    vertical: vertical.Vertical
    totals: totals.Totals
    shape: trajectory.Shape
    parts: descriptors.PartMotion | None


_Row = tuple[Episode, float, float, float]
"""A vertical episode: kind, start, end, height."""


class _Movements(NamedTuple):
    """The movements of a batch, one per row, ordered by clip and time."""

    clip: Int[np.ndarray, " movements"]
    signal: Int[np.ndarray, " movements"]
    start_s: Float[np.ndarray, " movements"]
    end_s: Float[np.ndarray, " movements"]
    amount: Float[np.ndarray, " movements"]
    peak_speed: Float[np.ndarray, " movements"]
    coverage: Float[np.ndarray, " movements"]
    parts: Float[np.ndarray, "movements quarters"]


def _rounded(values: np.ndarray | Array, decimals: int = 4) -> np.ndarray:
    return np.round(np.asarray(values, dtype=np.float64), decimals) + 0.0


def _nonzero(mask: Bool[np.ndarray, "..."]) -> tuple[np.ndarray, ...]:
    """`np.nonzero`, several times as fast on sparse masks."""
    return np.unravel_index(np.flatnonzero(mask), mask.shape)


def _seen_steps(
    clips: Sequence[Clip],
    clip: Int[np.ndarray, " movements"],
    start: Int[np.ndarray, " movements"],
    end: Int[np.ndarray, " movements"],
) -> Int[np.ndarray, " movements"]:
    """Number of each movement's steps between two frames that were seen."""
    steps = end - start
    for row, prepared in enumerate(clips):
        if not prepared.all_seen:
            own = clip == row
            before = _seen_before(prepared)
            steps[own] = before[end[own]] - before[start[own]]
    return steps


def _seen_before(clip: Clip) -> Int[np.ndarray, " bounds"]:
    """Number of seen steps before each frame, and before the frame after the last."""
    steps = np.cumsum(clip.seen[1:] & clip.seen[:-1])
    return np.concatenate([[0], steps, steps[-1:] if len(steps) else [0]])


def _movements(measured: Measured, clips: Sequence[Clip]) -> _Movements:
    """Every movement of the batch, with its amount in each quarter."""
    records = measured.events
    at = _nonzero(np.asarray(records.begin)[: len(clips)] >= 0)
    begin, furthest, start, end = (np.asarray(field)[at] for field in records)
    clip, signal = at[0], at[2]
    last = np.array([len(prepared.usable) - 1 for prepared in clips])[clip]
    furthest = np.minimum(furthest, last)
    values = np.asarray(measured.signals.values)
    begin_value = values[clip, begin, signal].astype(np.float64)
    amount = values[clip, furthest, signal] - begin_value
    walked = np.asarray(measured.walked_m)
    walked_m = walked[clip, furthest] - walked[clip, begin]
    end = np.minimum(np.maximum(end, start + 1), np.maximum(last, 1))
    drift = np.asarray(events.is_drift(signal, amount, walked_m))
    step_s = np.array([prepared.step_s for prepared in clips])[clip]
    sway = events.is_sway(clip, signal, start * step_s, end * step_s, amount)
    velocity_mps = np.asarray(measured.signals.velocity_mps)
    start, end = _unspread(velocity_mps, clip, signal, start, end, last)
    order = np.lexsort((signal, end, start, clip))
    order = order[~(drift | sway)[order]]
    clip, signal, start, end, last = (field[order] for field in (clip, signal, start, end, last))
    amount, begin_value = amount[order], begin_value[order]
    steps = step_s[order]
    bounds = last[:, None] * (np.arange(QUARTERS + 1) / QUARTERS)
    low = np.floor(bounds).astype(np.int64)
    high = np.minimum(low + 1, values.shape[1] - 1)
    below = values[clip[:, None], low, signal[:, None]].astype(np.float64)
    above = values[clip[:, None], high, signal[:, None]].astype(np.float64)
    parts = events.split(
        below + (bounds - low) * (above - below),
        bounds,
        start=start,
        end=end,
        begin_value=begin_value,
        amount=amount,
    )
    return _Movements(
        clip=clip,
        signal=signal,
        start_s=start * steps,
        end_s=end * steps,
        amount=amount,
        peak_speed=_greatest_inside(np.asarray(measured.signals.speed), clip, signal, start, end),
        coverage=_seen_steps(clips, clip, start, end) / np.maximum(end - start, 1),
        parts=parts,
    )


def _unspread(
    velocity_mps: Float[np.ndarray, "clips frames 3"],
    clip: Int[np.ndarray, " movements"],
    signal: Int[np.ndarray, " movements"],
    start: Int[np.ndarray, " movements"],
    end: Int[np.ndarray, " movements"],
    last: Int[np.ndarray, " movements"],
) -> tuple[Int[np.ndarray, " movements"], Int[np.ndarray, " movements"]]:
    """Starts and ends without the spread of the gait-free windows; those at a clip's ends stay."""
    reach = thresholds.SPREAD_S * ANALYSIS_RATE_HZ

    def spread(inside: np.ndarray) -> np.ndarray:
        velocity = velocity_mps[clip, np.clip(inside, start, end)]
        gait = np.asarray(signals.gait_share(np.hypot(velocity[:, 0], velocity[:, 2])))
        return np.where(_SWAYS[signal], np.minimum(gait * reach, most), 0)

    most = (end - start) * thresholds.SPREAD_SHARE
    after = np.where(start > 0, spread(start + round(2 * reach)), 0)
    before = np.where(end < last, spread(end - round(2 * reach)), 0)
    return start + np.rint(after).astype(start.dtype), end - np.rint(before).astype(end.dtype)


def _greatest_inside(
    values: Float[np.ndarray, "clips frames signals"],
    clip: Int[np.ndarray, " movements"],
    signal: Int[np.ndarray, " movements"],
    start: Int[np.ndarray, " movements"],
    end: Int[np.ndarray, " movements"],
) -> Float[np.ndarray, " movements"]:
    """Greatest value of each movement from start to end, both included."""
    if not len(clip):
        return np.zeros(0)
    lengths = end - start + 1
    firsts = np.cumsum(lengths) - lengths
    first = np.ravel_multi_index((clip, start, signal), values.shape)
    frame = np.repeat(first - firsts * len(SIGNALS), lengths)
    frame += np.arange(0, len(frame) * len(SIGNALS), len(SIGNALS))
    return np.maximum.reduceat(values.ravel()[frame], firsts)


def _events(movements: _Movements) -> list[Event]:
    digits = np.where(_ANGULAR[movements.signal], 5, 4)

    def by_unit(values: np.ndarray) -> np.ndarray:
        scale = (10.0**digits).reshape((-1,) + (1,) * (values.ndim - 1))
        return np.round(values * scale) / scale + 0.0

    seconds = np.maximum(movements.end_s - movements.start_s, 1e-9)
    rows = zip(
        movements.signal.tolist(),
        _rounded(movements.start_s).tolist(),
        _rounded(movements.end_s).tolist(),
        by_unit(movements.amount).tolist(),
        by_unit(movements.peak_speed.astype(np.float64)).tolist(),
        by_unit(np.abs(movements.amount) / seconds).tolist(),
        _rounded(movements.coverage).tolist(),
        by_unit(movements.parts).tolist(),
        strict=True,
    )
    return [
        Event(
            signal=SIGNALS[signal],
            start_s=start_s,
            end_s=end_s,
            amount=amount,
            peak_speed=peak,
            mean_speed=mean,
            coverage=coverage,
            quarter_amounts=tuple(parts),
        )
        for signal, start_s, end_s, amount, peak, mean, coverage, parts in rows
    ]


def _window_table(
    measured: Measured, movements: _Movements, clips: Sequence[Clip]
) -> Float[np.ndarray, "clips windows fields"]:
    """All `WindowFacts` fields, in order, of the four quarters and then of the whole clip."""
    count = len(clips)

    def rows(field: Array) -> np.ndarray:
        return np.asarray(field)[:count]

    added, reach = measured.totals, measured.totals.reach
    bounds = rows(added.bounds_s).astype(np.float64)
    seconds = np.diff(bounds, axis=1)
    net_m, path_m = rows(added.net_m), rows(added.path_m)
    positive_m, negative_m = rows(added.paced_positive_m), rows(added.paced_negative_m)
    columns: dict[str, np.ndarray] = {
        "start_s": bounds[:, :-1],
        "end_s": bounds[:, 1:],
        "coverage": _quarter_coverage(clips),
        "net_left_m": net_m[:, :, 0],
        "net_up_m": net_m[:, :, 1],
        "net_forward_m": net_m[:, :, 2],
        "path_m": path_m,
        "body_left_m": positive_m[:, :, 0],
        "body_right_m": negative_m[:, :, 0],
        "body_forward_m": positive_m[:, :, 1],
        "body_backward_m": negative_m[:, :, 1],
        "net_turn_rad": rows(added.net_turn_rad),
        "max_tilt_rad": rows(added.max_tilt_rad),
        "mean_speed_mps": path_m / np.maximum(seconds, 1e-9),
        "peak_speed_mps": rows(added.peak_speed_mps),
        "start_distance_m": rows(reach.at_start_m),
        "end_distance_m": rows(reach.at_end_m),
        "furthest_m": rows(reach.furthest_m),
        "furthest_s": rows(reach.furthest_s),
        "closest_m": rows(reach.closest_m),
        "closest_s": rows(reach.closest_s),
    }
    table = np.empty((count, QUARTERS + 1, len(_WINDOW)))
    for name, values in columns.items():
        table[:, :QUARTERS, _COLUMN[name]] = values
    table[:, :QUARTERS, _columns(*_SUMS)] = _summed(movements, count)
    table[:, QUARTERS] = _whole(table[:, :QUARTERS], seconds)
    return np.round(table * _WINDOW_SCALE) / _WINDOW_SCALE + 0.0


def _summed(movements: _Movements, count: int) -> Float[np.ndarray, "clips quarters sums"]:
    """Sums of each signal's movements in each quarter, for the fields `_SUMS`."""
    sides = 2 * len(SIGNALS)
    side = sides * movements.clip + 2 * movements.signal + (movements.amount <= 0)
    amounts = np.abs(movements.parts)
    sums = np.empty((count, QUARTERS, sides))
    for quarter in range(QUARTERS):
        added = np.bincount(side, amounts[:, quarter], minlength=count * sides)
        sums[:, quarter] = added.reshape(count, sides)
    return sums[:, :, 2 * _SUM_SIGNAL + (1 - _SUM_SIGN) // 2]


def _whole(
    quarters: Float[np.ndarray, "clips quarters fields"],
    seconds: Float[np.ndarray, "clips quarters"],
) -> Float[np.ndarray, "clips fields"]:
    """The values for the whole clip: sums over the quarters except where stated below."""

    def added(values: np.ndarray) -> np.ndarray:
        first, second, third, fourth = np.moveaxis(values, 1, 0)
        return first + ((second + third) + fourth)  # a fixed order of summation

    whole = added(quarters)
    first, last = _columns("start_s", "start_distance_m"), _columns("end_s", "end_distance_m")
    whole[:, first], whole[:, last] = quarters[:, 0, first], quarters[:, -1, last]
    long = added(seconds)[:, None]
    weights = np.where(long > 0, seconds / np.where(long > 0, long, 1), 0.25)
    mean = _columns("coverage", "mean_speed_mps")
    whole[:, mean] = added(quarters[:, :, mean] * weights[:, :, None])
    greatest = _columns("max_tilt_rad", "peak_speed_mps", "furthest_m")
    whole[:, greatest] = quarters[:, :, greatest].max(axis=1)
    rows = np.arange(len(quarters))
    furthest = np.argmax(quarters[:, :, _COLUMN["furthest_m"]], axis=1)
    closest = np.argmin(quarters[:, :, _COLUMN["closest_m"]], axis=1)
    whole[:, _COLUMN["furthest_s"]] = quarters[rows, furthest, _COLUMN["furthest_s"]]
    near = _columns("closest_m", "closest_s")
    whole[:, near] = quarters[rows, closest][:, near]
    return whole


def _quarter_coverage(clips: Sequence[Clip]) -> Float[np.ndarray, "clips quarters"]:
    """Share of each quarter's time in which the person was seen."""
    shares = np.ones((len(clips), QUARTERS))
    for row, clip in enumerate(clips):
        if clip.all_seen:
            continue
        steps = len(clip.seen) - 1
        if steps == 0:
            shares[row] = float(clip.seen[0])
            continue
        seen = _seen_before(clip)[:-1].astype(np.float64)
        bounds = np.linspace(0, steps, QUARTERS + 1)
        shares[row] = np.diff(np.interp(bounds, np.arange(steps + 1), seen)) / np.diff(bounds)
    return shares


def _episodes(measured: Measured, clips: Sequence[Clip]) -> Iterator[list[_Row]]:
    """Jumps and crouches of each clip: kind, start, end, height."""
    away = jax.tree.map(np.asarray, measured.vertical.excursions)
    standing_m = np.asarray(measured.vertical.standing_m)
    heights_m = np.asarray(measured.signals.positions_m)[:, :, 1]
    has_feet = np.asarray(measured.vertical.has_feet)
    indices = _nonzero(np.asarray(away.peak)[: len(clips)] != 0)
    rows: list[list[_Row]] = [[] for _ in clips]
    for clip, closed, lane in zip(*(axis.tolist() for axis in indices), strict=True):
        step_s, length = clips[clip].step_s, len(clips[clip].usable)
        start, end = int(away.start[clip, closed, lane]), int(away.end[clip, closed, lane])
        name, seconds = LANES[lane], (end - start) * step_s
        if start == 0 or end >= length:
            continue  # cut off by the start or the end of the clip
        jump = "jump_feet" if has_feet[clip] else "jump_root"
        long_enough = name == "crouch" and seconds >= thresholds.CROUCH_SHORTEST_S
        brief_enough = name == jump and seconds <= thresholds.JUMP_LONGEST_S
        if not (long_enough or brief_enough):
            continue
        kind: Episode = "crouch" if name == "crouch" else "jump"
        peak_at = int(away.peak_at[clip, closed, lane])
        height = heights_m[clip, peak_at] - standing_m[clip]
        rows[clip].append((kind, start * step_s, end * step_s, float(height)))
    yield from rows


def _with_height_changes(
    episodes: Sequence[_Row], clip_events: Sequence[Event], up_m: np.ndarray, step_s: float
) -> list[_Row]:
    """The episodes and the lasting changes of height, by time.

    A large downward event whose lower level is held afterwards is a lowering; a large upward event
    whose lower level was held before is a rising. Crouches that overlap either are dropped, and so
    are changes that overlap a jump.
    """
    lasting = [
        event
        for event in clip_events
        if event.signal == "up" and abs(event.amount) >= thresholds.HEIGHT_CHANGE_M
    ]
    if not lasting:
        return sorted(episodes, key=lambda row: row[1:])
    held = math.ceil(thresholds.HEIGHT_HELD_S / step_s)
    jumps = [row for row in episodes if row[0] == "jump"]
    changes: list[_Row] = []
    for event in lasting:
        if any(event.start_s < end_s and start_s < event.end_s for _, start_s, end_s, _ in jumps):
            continue
        start, end = round(event.start_s / step_s), round(event.end_s / step_s)
        low = up_m[end : end + held] if event.amount < 0 else up_m[max(start - held, 0) : start]
        if len(low) >= held - 1 and np.ptp(low) < 0.25 * abs(event.amount):
            kind: Episode = "lower" if event.amount < 0 else "rise"
            changes.append((kind, event.start_s, event.end_s, event.amount))
    crouches_apart = [
        row
        for row in episodes
        if row[0] != "crouch"
        or not any(start_s < row[2] and row[1] < end_s for _, start_s, end_s, _ in changes)
    ]
    return sorted([*crouches_apart, *changes], key=lambda row: row[1:])


def _shape_name(
    straightness: float, returns: int, laps: float, path_m: float, extent_m: float
) -> Literal["stays", "straight", "curved", "loop", "back_and_forth", "wandering"]:
    if path_m < 2 * thresholds.MOVEMENT["forward"].prominence or extent_m < 0.3:
        return "stays"
    if straightness >= 0.95:
        return "straight"
    if returns and abs(laps) >= 0.75:
        return "loop"
    if returns or (straightness < 0.5 and abs(laps) < 0.25):
        return "back_and_forth"
    return "curved" if straightness >= 0.5 or abs(laps) >= 0.25 else "wandering"


def all_facts(
    motions: Sequence[Motion], clips: Sequence[Clip], measured: Measured, *, frame: Frame
) -> Iterator[MotionFacts]:
    """Facts of the clips of one batch, in their order."""
    movements = _movements(measured, clips)
    all_events = _events(movements)
    ends = np.searchsorted(movements.clip, np.arange(len(clips) + 1)).tolist()
    table = _window_table(measured, movements, clips)
    episodes = list(_episodes(measured, clips))
    turning = _rounded(np.asarray(measured.shape.turning_rad) / (2 * math.pi)).tolist()
    straightness = _rounded(measured.shape.straightness).tolist()
    travelled = np.asarray(measured.shape.travelled_m).tolist()
    returns = np.asarray(measured.shape.returns).tolist()
    greatest = _rounded(measured.totals.greatest_lean_rad, 5).tolist()
    least = _rounded(measured.totals.least_lean_rad, 5).tolist()
    fingerprint = thresholds.fingerprint()
    heights = np.asarray(measured.signals.positions_m)[:, :, 1]
    present = np.array([clip.present for clip in clips])
    has_trunk = np.all(present[:, _TRUNK], axis=1)
    heading_coverage = _heading_coverage(measured, clips)
    parts: Iterable[tuple[PartFacts, ...]] = repeat((), len(clips))
    if measured.parts is not None:
        arrays = jax.tree.map(np.asarray, measured.parts)
        parts = descriptors.all_part_facts(arrays, present=present)
    rows = zip(motions, clips, parts, _samples(measured, clips), strict=True)
    for row, (motion, clip, own_parts, samples) in enumerate(rows):
        source = motion.source
        own = all_events[ends[row] : ends[row + 1]]
        windows = [WindowFacts(*values) for values in table[row].tolist()]
        whole = windows[QUARTERS]
        length = len(clip.usable)
        up = heights[row, :length]
        vertical = _with_height_changes(episodes[row], own, up, clip.step_s)
        laps = turning[row]
        radius = travelled[row] / abs(laps * 2 * math.pi) if abs(laps) >= 0.125 else None
        yield MotionFacts(
            clip=source.clip,
            take=source.take,
            person=source.person,
            path=source.path,
            shared_world=source.shared_world,
            notes=source.notes,
            frame=frame,
            thresholds=fingerprint,
            frames=clip.frames,
            duration_s=whole.end_s,
            fps=clip.fps,
            coverage=whole.coverage,
            has_joints=clip.points_m is not None,
            events=tuple(own),
            episodes=tuple(
                VerticalEpisode(
                    kind=kind,
                    start_s=round(start_s, 4),
                    end_s=round(end_s, 4),
                    height_m=round(height_m, 4),
                )
                for kind, start_s, end_s, height_m in vertical
            ),
            whole=whole,
            quarters=(windows[0], windows[1], windows[2], windows[3]),
            shape=PathShape(
                straightness=straightness[row],
                returns=returns[row],
                laps=laps,
                turning_radius_m=None if radius is None else round(radius, 4),
                extent_m=whole.furthest_m,
                shape=_shape_name(
                    straightness[row], returns[row], laps, whole.path_m, whole.furthest_m
                ),
            ),
            posture=Posture(
                lean_of="trunk" if has_trunk[row] else "pelvis",
                net_turn_rad=whole.net_turn_rad,
                turn_left_rad=whole.turn_left_rad,
                turn_right_rad=whole.turn_right_rad,
                max_tilt_rad=whole.max_tilt_rad,
                max_forward_lean_rad=max(greatest[row][0], 0.0),
                max_backward_lean_rad=max(-least[row][0], 0.0),
                max_left_lean_rad=max(greatest[row][1], 0.0),
                max_right_lean_rad=max(-least[row][1], 0.0),
                heading_coverage=heading_coverage[row],
            ),
            parts=own_parts,
            samples=samples,
        )


def _heading_coverage(measured: Measured, clips: Sequence[Clip]) -> list[float]:
    """Share of each clip in which the heading is defined and was seen."""
    defined = np.asarray(measured.signals.heading_defined)[: len(clips)]
    frames = np.array([len(clip.seen) for clip in clips])
    seen = np.arange(defined.shape[1]) < frames[:, None]
    for row, clip in enumerate(clips):
        if not clip.all_seen:
            seen[row, : len(clip.seen)] = clip.seen
    return _rounded(np.count_nonzero(defined & seen, axis=1) / frames).tolist()


def _samples(measured: Measured, clips: Sequence[Clip]) -> Iterator[tuple[PathSample, ...]]:
    """The anchored path of each clip, five times a second."""
    positions = np.asarray(measured.signals.positions_m)[: len(clips), ::SAMPLE_EVERY]
    headings = np.asarray(measured.signals.values)[: len(clips), ::SAMPLE_EVERY, _HEADING]
    columns = np.empty((len(clips), 5, headings.shape[1]))
    frame = np.arange(0, SAMPLE_EVERY * headings.shape[1], SAMPLE_EVERY)
    columns[:, 0] = frame * np.array([clip.step_s for clip in clips])[:, None]
    columns[:, 1:4] = np.moveaxis(positions, 1, 2)
    columns[:, 4] = headings * 10
    columns = np.round(columns, 4) + 0.0
    columns[:, 4] = np.round(columns[:, 4] / 10, 5)
    for row, clip in enumerate(clips):
        count = -(-len(clip.usable) // SAMPLE_EVERY)
        yield tuple(map(PathSample, *columns[row, :, :count].tolist()))
