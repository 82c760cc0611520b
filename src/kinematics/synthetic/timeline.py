"""The timeline of a script: the figure's position and posture over time, without sway and noise.

It is a table of 240 rows per second. Every row follows from closed formulas of its movement (smooth
ramps of speed, minimum-jerk changes of posture, parabolas in flight), so distances, angles and
heights are exact.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import NamedTuple, assert_never

import numpy as np
from jaxtyping import Float

from kinematics.synthetic.ramps import Cruise, cruise, eased
from kinematics.synthetic.script import (
    MAX_DROP_M,
    Drop,
    Jump,
    Lean,
    Movement,
    Script,
    Stand,
    StandUp,
    Straighten,
    Travel,
    Turn,
    Wave,
)

RATE_HZ = 240.0
"""Rows per second: twice the fastest camera, so that no frame rate is favoured."""

GRAVITY_MPS2 = 9.81

HEEL_RISE_M = 0.08
"""A jumper's rise onto the toes before the feet leave the floor."""

MAX_SLIP = 0.05
"""Maximum metres sideways per metre of a straight walk."""


class Column(IntEnum):
    """The columns of the timeline. Metres, radians, seconds; strides for `PHASE`."""

    X = 0
    RISE = 1  # of the root, above standing height
    Z = 2
    HEADING = 3
    TRUNK_FORWARD = 4
    TRUNK_LEFT = 5
    PELVIS_FORWARD = 6
    PELVIS_LEFT = 7
    FORWARD_SPEED = 8  # along the body's own axes, on foot
    LEFT_SPEED = 9
    RAISED_LEFT = 10  # 0 arm hanging, 1 arm up
    RAISED_RIGHT = 11
    WAVE = 12  # strokes of the raised arm
    TURN_SPEED = 13
    PHASE = 14


Rows = Float[np.ndarray, "rows columns"]
Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Maps the first row of a phase and the seconds since its start to the rows at those times."""

_DIRECTIONS = {"forward": (1, 0), "backward": (-1, 0), "left": (0, 1), "right": (0, -1)}


class Phase(NamedTuple):
    """A period of time with a single formula."""

    duration_s: float
    fill: Fill


@dataclass(frozen=True)
class Timeline:
    """A script in time, with the start and end of each of its movements."""

    rows: Rows
    duration_s: float
    script: Script
    spans_s: tuple[tuple[float, float], ...]

    def at(self, times_s: Float[np.ndarray, " times"]) -> Rows:
        """The rows at any times, by cubic interpolation (exact for parabolas)."""
        last = len(self.rows) - 1
        position = np.clip(times_s, 0.0, self.duration_s) * RATE_HZ
        before = np.minimum(position.astype(int), last)
        u = (position - before)[:, None]
        a, b, c, d = (self.rows[np.clip(before + step, 0, last)] for step in (-1, 0, 1, 2))
        return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))


def runs(speed_mps: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """0 at walking speeds, 1 at running speeds, smooth between 1.9 and 2.4 m/s.

    >>> runs(np.array([1.6, 2.15, 3.0])).round(2).tolist()
    [0.0, 0.5, 1.0]
    """
    return eased((speed_mps - 1.9) / 0.5)


def stride_hz(rows: Rows) -> Float[np.ndarray, " rows"]:
    """Strides (two steps) per second: 0.7 to 1.1 in a walk, 1.3 to 1.5 in a run.

    >>> rows = np.zeros((4, len(Column)))
    >>> rows[:, Column.FORWARD_SPEED] = 0.6, 1.6, 2.5, 4.0
    >>> stride_hz(rows).round(2).tolist()
    [0.7, 1.1, 1.3, 1.5]
    """
    # sidesteps are shorter and quicker
    speed_mps = np.hypot(rows[:, Column.FORWARD_SPEED], 2.5 * rows[:, Column.LEFT_SPEED])
    walking, running = 0.46 + 0.4 * speed_mps, 0.9667 + 0.1333 * speed_mps
    run_share = runs(speed_mps)
    return np.clip((1 - run_share) * walking + run_share * running, 0.55, 1.6)


def _held(entry: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    return np.repeat(entry[None], len(seconds), axis=0)


def _changed(
    entry: np.ndarray, seconds: np.ndarray, *, duration_s: float, changes: dict[Column, float]
) -> np.ndarray:
    """A minimum-jerk change of some columns."""
    rows = _held(entry, seconds)
    share = eased(seconds / duration_s)
    for column, change in changes.items():
        rows[:, column] += change * share
    return rows


def _travelled(
    entry: np.ndarray, seconds: np.ndarray, *, travel: Travel, pace: Cruise, slip: float
) -> np.ndarray:
    """Rows on foot, straight or along an arc; its curvature eases in and out at speed."""
    rows = _held(entry, seconds)
    along, speed = pace.at(seconds)
    forward, left = _DIRECTIONS[travel.toward]
    rows[:, Column.FORWARD_SPEED], rows[:, Column.LEFT_SPEED] = forward * speed, left * speed
    heading = entry[Column.HEADING]
    if travel.angle_rad:
        heading = heading + np.sign(travel.angle_rad) * _turned(along, travel, pace)
        rows[:, Column.HEADING] = heading
    ahead, aside = forward - slip * left, left + slip * forward
    east = ahead * np.sin(heading) + aside * np.cos(heading)
    north = ahead * np.cos(heading) - aside * np.sin(heading)
    for column, part in ((Column.X, east), (Column.Z, north)):
        if travel.angle_rad:
            steps = 0.5 * np.diff(seconds) * ((speed * part)[1:] + (speed * part)[:-1])
            rows[1:, column] += np.cumsum(steps)
        else:
            rows[:, column] += along * part
    return rows


def _turned(along_m: np.ndarray, travel: Travel, pace: Cruise) -> np.ndarray:
    """The unsigned angle turned after some distance along an arc."""
    into, out = _easements_m(travel, pace.start_mps, pace.end_mps)
    total_m = travel.distance_m + 0.5 * (into + out)

    def covered(path_m: np.ndarray, easement_m: float) -> np.ndarray:
        bent = path_m**2 / (2 * easement_m) if easement_m else path_m
        return np.where(path_m < easement_m, bent, path_m - 0.5 * easement_m)

    left_m = np.clip(total_m - along_m, 0.0, None)
    first, last = covered(along_m, into), travel.distance_m - covered(left_m, out)
    return np.where(along_m < 0.5 * total_m, first, last) * abs(
        travel.angle_rad / travel.distance_m
    )


def _easements_m(travel: Travel, start_mps: float, end_mps: float) -> tuple[float, float]:
    """Distances over which the curvature eases in and out; zero from or to a standstill."""
    if not travel.angle_rad:
        return 0.0, 0.0
    longest_m = 0.5 * travel.distance_m
    return min(0.5 * start_mps, longest_m), min(0.5 * end_mps, longest_m)


def _jumped(entry: np.ndarray, seconds: np.ndarray, *, jump: Jump) -> np.ndarray:
    """Rows from the bottom of the dip to the bottom of the landing: push, flight and brake."""
    rows = _held(entry, seconds)
    takeoff_mps, push_s, flight_s = _jump_times(jump)
    total_s = 2 * push_s + flight_s
    from_end = np.minimum(seconds, total_s - seconds)  # push and brake mirror each other
    aloft = from_end - push_s
    pushed = 0.5 * takeoff_mps / push_s * from_end**2
    flown = takeoff_mps * aloft - 0.5 * GRAVITY_MPS2 * aloft**2
    travel_m = jump.dip_m + HEEL_RISE_M
    rows[:, Column.RISE] += np.where(aloft < 0, pushed, travel_m + flown)
    ahead = jump.forward_m * eased(seconds / total_s)
    rows[:, Column.X] += ahead * math.sin(entry[Column.HEADING])
    rows[:, Column.Z] += ahead * math.cos(entry[Column.HEADING])
    return rows


def _jump_times(jump: Jump) -> tuple[float, float, float]:
    """Take-off speed, duration of the push, duration of the flight."""
    takeoff_mps = math.sqrt(2 * GRAVITY_MPS2 * (jump.height_m - HEEL_RISE_M))
    push_s = 2 * (jump.dip_m + HEEL_RISE_M) / takeoff_mps
    return takeoff_mps, push_s, 2 * takeoff_mps / GRAVITY_MPS2


def _waved(entry: np.ndarray, seconds: np.ndarray, *, strokes: Cruise) -> np.ndarray:
    rows = _held(entry, seconds)
    rows[:, Column.WAVE] = np.sin(2 * np.pi * strokes.at(seconds)[0])
    return rows


def _change(duration_s: float, changes: dict[Column, float]) -> Phase:
    return Phase(duration_s, partial(_changed, duration_s=duration_s, changes=changes))


def _there_and_back(
    duration_s: float, hold_s: float | None, changes: dict[Column, float]
) -> list[Phase]:
    there = _change(duration_s, changes)
    if hold_s is None:
        return [there]
    back = {column: -change for column, change in changes.items()}
    return [there, Phase(hold_s, _held), _change(duration_s, back)]


def _phases(
    movement: Movement, entry: np.ndarray, start_mps: float, end_mps: float, slip: float
) -> list[Phase]:
    """The phases of a movement that begins in the row `entry`."""
    match movement:
        case Travel():
            easement_m = 0.5 * sum(_easements_m(movement, start_mps, end_mps))
            pace = cruise(
                movement.distance_m + easement_m,
                movement.speed_mps,
                start_mps=start_mps,
                end_mps=end_mps,
            )
            fill = partial(_travelled, travel=movement, pace=pace, slip=slip)
            return [Phase(pace.duration_s, fill)]
        case Turn():
            return [_change(movement.duration_s, {Column.HEADING: movement.angle_rad})]
        case Lean():
            forward, left = (part * movement.angle_rad for part in _DIRECTIONS[movement.toward])
            changes = {
                Column.TRUNK_FORWARD: forward,
                Column.TRUNK_LEFT: left,
                Column.PELVIS_FORWARD: forward * movement.pelvis_share,
                Column.PELVIS_LEFT: left * movement.pelvis_share,
            }
            return _there_and_back(movement.duration_s, movement.hold_s, changes)
        case Straighten():
            bent = (Column(column) for column in range(Column.TRUNK_FORWARD, Column.FORWARD_SPEED))
            return [_change(movement.duration_s, {column: -entry[column] for column in bent})]
        case Drop():
            changes = {Column.RISE: -movement.drop_m}
            return _there_and_back(movement.duration_s, movement.hold_s, changes)
        case StandUp():
            return [_change(movement.duration_s, {Column.RISE: -entry[Column.RISE]})]
        case Jump():
            if abs(entry[Column.RISE]) > 1e-6:
                raise ValueError("jump: the figure is not standing; put stand_up() before it")
            _, push_s, flight_s = _jump_times(movement)
            return [
                _change(0.35, {Column.RISE: -movement.dip_m}),
                Phase(2 * push_s + flight_s, partial(_jumped, jump=movement)),
                _change(0.45, {Column.RISE: movement.dip_m}),
            ]
        case Wave():
            arm = Column.RAISED_LEFT if movement.side == "left" else Column.RAISED_RIGHT
            strokes = cruise(float(movement.cycles), movement.rate_hz)
            swing = Phase(strokes.duration_s, partial(_waved, strokes=strokes))
            return [_change(0.7, {arm: 1.0}), swing, _change(0.7, {arm: -1.0})]
        case Stand():
            return [Phase(movement.duration_s, _held)]
    assert_never(movement)


def _junction_mps(before: Movement, after: Movement) -> float:
    """The speed between two movements: 0 unless both go in the same direction on foot."""
    if not (isinstance(before, Travel) and isinstance(after, Travel)):
        return 0.0
    if before.toward != after.toward:
        return 0.0
    shorter_m = min(before.distance_m, after.distance_m)
    return min(before.speed_mps, after.speed_mps, math.sqrt(shorter_m), 2 * shorter_m)


def lay_out(
    script: Script,
    *,
    start_x_m: float = 0.0,
    start_z_m: float = 0.0,
    start_heading_rad: float = 0.0,
    slip: float = 0.0,
) -> Timeline:
    """The timeline of a script; `slip` is the drift to the left per metre covered.

    >>> from kinematics.synthetic.script import walk
    >>> timeline = lay_out(walk(3.0))
    >>> timeline.at(np.array([timeline.duration_s]))[0, Column.Z].round(6).item()
    3.0
    """
    movements = script.movements
    if not movements:
        raise ValueError("script: no movements; expected at least one, such as walk(3.0)")
    if abs(slip) > MAX_SLIP:
        raise ValueError(f"slip: {slip:g}; expected -{MAX_SLIP:g} to {MAX_SLIP:g}")
    entry = np.zeros(len(Column))
    entry[[Column.X, Column.Z, Column.HEADING]] = start_x_m, start_z_m, start_heading_rad
    meetings = [0.0, *itertools.starmap(_junction_mps, itertools.pairwise(movements)), 0.0]
    blocks, spans, now_s = [entry[None]], [], 0.0
    for movement, (start_mps, end_mps) in zip(movements, itertools.pairwise(meetings), strict=True):
        begin_s = now_s
        for phase in _phases(movement, entry, start_mps, end_mps, slip):
            # the rows after `now_s`, up to and including the end of the phase
            first = math.floor(now_s * RATE_HZ)
            last = math.floor((now_s + phase.duration_s) * RATE_HZ)
            inside = np.arange(first + 1, last + 1) / RATE_HZ - now_s
            rows = phase.fill(entry, np.concatenate([[0.0], inside, [phase.duration_s]]))
            blocks.append(rows[1:-1])
            entry = rows[-1].copy()
            now_s += phase.duration_s
        spans.append((begin_s, now_s))
    rows = np.concatenate([*blocks, entry[None], entry[None]])
    if rows[:, Column.RISE].min() < -MAX_DROP_M - 1e-6:
        raise ValueError(
            f"script: the body sinks {-rows[:, Column.RISE].min():.2f} m below standing; "
            f"expected at most {MAX_DROP_M:g} m. Put stand_up() between two drops"
        )
    rows[:, Column.TURN_SPEED] = np.gradient(rows[:, Column.HEADING], 1 / RATE_HZ)
    rows[1:, Column.PHASE] = np.cumsum(stride_hz(rows)[:-1]) / RATE_HZ
    rows.setflags(write=False)
    return Timeline(rows=rows, duration_s=now_s, script=script, spans_s=tuple(spans))
