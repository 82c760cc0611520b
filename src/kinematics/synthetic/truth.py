"""The ground truth: the movements of a script, by the definition and not by the estimator.

A slow, plain implementation of the conventions on signals without sway and noise: a pause of half a
second ends a movement, turning points that exceed the hysteresis split it, and changes smaller than
the prominence are no events. Events that change when all thresholds are scaled by a quarter are
marked as uncertain: neither finding nor missing them is an error.
"""

import itertools
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics.facts import ANGULAR_SIGNALS, Episode, Signal, check_signal
from kinematics.synthetic.timeline import RATE_HZ, Column, Timeline

Series = Float[np.ndarray, " rows"]

PROMINENCE_M = 0.15
PROMINENCE_UP_M = 0.10
PROMINENCE_HEADING_RAD = math.radians(15)
PROMINENCE_LEAN_RAD = math.radians(12)
"""Smaller changes are no events (conventions, section 4)."""

STILL_MPS = 0.10
STILL_RPS = math.radians(10)
"""Slower motion is standing still."""

PAUSE_S = 0.5
"""A standstill this long ends a movement."""

MIN_SHARE = 0.2
"""A component shorter than this share of its path is drift."""

SCALES = (0.75, 1.33)
"""A certain event stays the same when the thresholds are scaled by each of these."""

SAME_TIME_S = 0.15
SAME_AMOUNT_M = 0.03
SAME_AMOUNT_RAD = math.radians(3)
"""Maximum changes of an event under scaled thresholds."""

TRAVELLING_MPS = 0.3
"""At higher speed, rising and sinking are mixed with the gait: no `up` event is certain."""

PLATEAU = 1e-6
"""Values this near to an extreme belong to its plateau; its middle is the turning point."""

LEVEL_M = 0.005
"""Tolerance of the standing height."""

MIN_DROP_M = 0.10
"""Shallower dips, such as before a jump, are no episodes."""

CLEAR_JUMP_M, CLEAR_DROP_M = 0.18, 0.25
"""Smaller jumps and drops are not certain."""

LASTING_S = 1.0
"""A change of height held for longer is a lowering or a rising, otherwise half of a crouch."""


@dataclass(frozen=True, kw_only=True)
class TrueEvent:
    """A true event with the fields of `facts.Event`; uncertain if near a threshold."""

    signal: Signal
    start_s: float
    end_s: float
    amount: float
    peak_speed: float
    certain: bool


@dataclass(frozen=True, kw_only=True)
class TrueEpisode:
    """A true vertical episode with the fields of `facts.VerticalEpisode`."""

    kind: Episode
    start_s: float
    end_s: float
    height_m: float
    certain: bool


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The ground truth of a clip, in its `first_heading` frame of reference."""

    with_trunk: tuple[TrueEvent, ...]
    with_pelvis: tuple[TrueEvent, ...]
    episodes: tuple[TrueEpisode, ...]
    kinds: tuple[str, ...]
    """The kinds of movement that are at least partly inside the clip, in order."""
    begins_walking: bool
    """The clip begins in mid-stride, so the first heading is only known up to the sway."""
    ends_walking: bool

    def events(self, *, joints: bool = True) -> tuple[TrueEvent, ...]:
        """All events; leans are those of the trunk with joints, else those of the pelvis."""
        return self.with_trunk if joints else self.with_pelvis

    def events_on(self, signal: Signal, *, joints: bool = True) -> tuple[TrueEvent, ...]:
        """The certain events of one signal, in time order; raises `ValueError` on other names."""
        check_signal(signal)
        events = self.events(joints=joints)
        return tuple(event for event in events if event.signal == signal and event.certain)


class _Thresholds(NamedTuple):
    prominence: float
    still: float
    pause_s: float = PAUSE_S
    share: float = 0.0

    def varied(self) -> "list[_Thresholds]":
        """All thresholds scaled alike, and the pause's duration scaled opposite to the others.

        A lower speed and a longer pause both make pauses rarer: scaled alike, they would cancel.
        """
        alike = [_Thresholds(*(scale * value for value in self)) for scale in SCALES]
        pauses_s = [variant.pause_s for variant in reversed(alike)]
        return alike + [v._replace(pause_s=s) for v, s in zip(alike, pauses_s, strict=True)]


_THRESHOLDS: dict[Signal, _Thresholds] = {
    "left": _Thresholds(PROMINENCE_M, STILL_MPS, share=MIN_SHARE),
    "up": _Thresholds(PROMINENCE_UP_M, STILL_MPS, share=MIN_SHARE),
    "forward": _Thresholds(PROMINENCE_M, STILL_MPS, share=MIN_SHARE),
    "start_distance": _Thresholds(PROMINENCE_M, STILL_MPS),
    "heading": _Thresholds(PROMINENCE_HEADING_RAD, STILL_RPS),
    "forward_lean": _Thresholds(PROMINENCE_LEAN_RAD, STILL_RPS),
    "left_lean": _Thresholds(PROMINENCE_LEAN_RAD, STILL_RPS),
}


def tell(timeline: Timeline, *, start_s: float, end_s: float) -> Truth:
    """The ground truth of the part of a timeline that a clip shows.

    >>> from kinematics.synthetic import lay_out, turn
    >>> truth = tell(lay_out(turn(1.0)), start_s=0.0, end_s=0.8)
    >>> [round(event.amount, 3) for event in truth.events_on("heading")]
    [1.0]
    """
    rows = timeline.at(start_s + np.arange(round((end_s - start_s) * RATE_HZ) + 1) / RATE_HZ)
    track_m = (
        rows[:, [Column.X, Column.RISE, Column.Z]] - rows[0, [Column.X, Column.RISE, Column.Z]]
    )
    x, up, z = track_m.T
    sine, cosine = math.sin(rows[0, Column.HEADING]), math.cos(rows[0, Column.HEADING])
    steps_m = np.linalg.norm(np.diff(track_m, axis=0), axis=1)
    path_m = np.concatenate([[0.0], np.cumsum(steps_m)])
    shared: dict[Signal, Series] = {
        "left": x * cosine - z * sine,
        "up": up,
        "forward": x * sine + z * cosine,
        "start_distance": np.hypot(x, z),
        "heading": rows[:, Column.HEADING],
    }
    ground_mps = np.hypot(np.gradient(x), np.gradient(z)) * RATE_HZ
    common = [
        event for signal, values in shared.items() for event in _events(signal, values, path_m)
    ]
    common = [_doubted(event, ground_mps) for event in common]
    trunk, pelvis = (
        [*_events("forward_lean", forward, path_m), *_events("left_lean", left, path_m)]
        for forward, left in (
            (rows[:, Column.TRUNK_FORWARD], rows[:, Column.TRUNK_LEFT]),
            (rows[:, Column.PELVIS_FORWARD], rows[:, Column.PELVIS_LEFT]),
        )
    )
    return Truth(
        with_trunk=(*common, *trunk),
        with_pelvis=(*common, *pelvis),
        episodes=tuple(_episodes(up + rows[0, Column.RISE])),
        kinds=tuple(
            movement.kind
            for movement, (first_s, last_s) in zip(
                timeline.script.movements, timeline.spans_s, strict=True
            )
            if min(last_s, end_s) - max(first_s, start_s) > 0
        ),
        begins_walking=bool(ground_mps[0] > STILL_MPS),
        ends_walking=bool(ground_mps[-1] > STILL_MPS),
    )


class _Stretch(NamedTuple):
    start: int
    end: int
    amount: float


def _events(signal: Signal, values: Series, path_m: Series) -> list[TrueEvent]:
    """The events of one signal; those near a threshold are uncertain."""
    plain = _THRESHOLDS[signal]
    speed = np.abs(np.gradient(values)) * RATE_HZ
    same_amount = SAME_AMOUNT_RAD if signal in ANGULAR_SIGNALS else SAME_AMOUNT_M

    def detected(thresholds: _Thresholds) -> list[TrueEvent]:
        return [
            TrueEvent(
                signal=signal,
                start_s=stretch.start / RATE_HZ,
                end_s=stretch.end / RATE_HZ,
                amount=stretch.amount,
                peak_speed=float(speed[stretch.start : stretch.end + 1].max()),
                certain=True,
            )
            for stretch in _stretches(values, speed, thresholds)
            if abs(stretch.amount)
            >= thresholds.share * (path_m[stretch.end] - path_m[stretch.start])
        ]

    def alike(event: TrueEvent, variant: TrueEvent) -> bool:
        return (
            abs(event.start_s - variant.start_s) <= SAME_TIME_S
            and abs(event.end_s - variant.end_s) <= SAME_TIME_S
            and abs(event.amount - variant.amount) <= same_amount
        )

    variants = [detected(thresholds) for thresholds in plain.varied()]
    judged = [
        replace(event, certain=all(any(alike(event, v) for v in variant) for variant in variants))
        for event in detected(plain)
    ]
    for other in itertools.chain(*variants):
        if not any(alike(event, other) for event in judged):
            judged.append(replace(other, certain=False))
    return sorted(judged, key=lambda event: (event.start_s, event.end_s))


def _doubted(event: TrueEvent, ground_mps: Series) -> TrueEvent:
    """The event, uncertain if it is vertical while travelling."""
    inside = slice(round(event.start_s * RATE_HZ), round(event.end_s * RATE_HZ) + 1)
    travelling = event.signal == "up" and ground_mps[inside].max() > TRAVELLING_MPS
    return replace(event, certain=event.certain and not travelling)


def _runs(mask: Bool[np.ndarray, " rows"]) -> list[tuple[int, int]]:
    """First and last index of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(int)))
    return [(int(first), int(last) - 1) for first, last in edges.reshape(-1, 2)]


def _stretches(values: Series, speed: Series, thresholds: _Thresholds) -> list[_Stretch]:
    """Stretches between pauses and turning points, at least as large as the prominence."""
    pause = np.zeros(len(values), dtype=bool)
    for first, last in _runs(speed < thresholds.still):
        at_edge = first == 0 or last == len(values) - 1
        pause[first : last + 1] = at_edge or (last - first) / RATE_HZ >= thresholds.pause_s
    stretches = []
    for first, last in _runs(~pause):
        points = _turning_points(values, first, last, 0.5 * thresholds.prominence)
        for start, end in itertools.pairwise(points):
            sign = 1.0 if values[end] > values[start] else -1.0
            size = sign * (values[end] - values[start])
            size += _creep(sign * values, speed, end, +1) if end == last else 0.0
            size += _creep(sign * values, speed, start, -1) if start == first else 0.0
            stretches.append(_Stretch(start, end, float(sign * size)))
    return [stretch for stretch in stretches if abs(stretch.amount) >= thresholds.prominence]


def _turning_points(values: Series, first: int, last: int, hysteresis: float) -> list[int]:
    """Alternating lows and highs that differ by more than the hysteresis."""
    way = np.sign(np.diff(values[first : last + 1]))
    bends = first + 1 + np.flatnonzero(way[1:] != way[:-1])
    low = high = first
    direction, points = 0, []
    for now in (*bends.tolist(), last):
        low = now if direction <= 0 and values[now] < values[low] else low
        high = now if direction >= 0 and values[now] > values[high] else high
        if direction >= 0 and values[high] - values[now] > hysteresis:
            points.append(_middle(values, high, first, last))
            low, direction = now, -1
        elif direction <= 0 and values[now] - values[low] > hysteresis:
            points.append(_middle(values, low, first, last))
            high, direction = now, +1
    if direction:
        points.append(_middle(values, high if direction > 0 else low, first, last))
    return points


def _middle(values: Series, extreme: int, first: int, last: int) -> int:
    if extreme in (first, last):
        return extreme
    end = extreme
    while end < last and abs(values[end + 1] - values[extreme]) <= PLATEAU:
        end += 1
    while extreme > first and abs(values[extreme - 1] - values[end]) <= PLATEAU:
        extreme -= 1
    return (extreme + end) // 2


def _creep(rising: Series, speed: Series, index: int, step: int) -> float:
    """The additional amount of a movement while it dies down beyond its start or end."""
    now = index
    while 0 <= now + step < len(rising):
        gained = step * (rising[now + step] - rising[now])
        if gained <= 0 or speed[now + step] > speed[now]:
            break
        now += step
    return float(step * (rising[now] - rising[index]))


def _episodes(rise_m: Series) -> list[TrueEpisode]:
    """Jumps, and periods below standing height: short, lasting, or arguably both."""
    moving = np.abs(np.gradient(rise_m)) * RATE_HZ > STILL_MPS
    last_row = len(rise_m) - 1
    episodes = []

    def add(kind: Episode, first: int, last: int, height_m: float, *, certain: bool) -> None:
        clear = abs(height_m) >= (CLEAR_JUMP_M if kind == "jump" else CLEAR_DROP_M)
        start_s, end_s, sure = first / RATE_HZ, last / RATE_HZ, bool(certain and clear)
        episodes.append(
            TrueEpisode(
                kind=kind, start_s=start_s, end_s=end_s, height_m=float(height_m), certain=sure
            )
        )

    for first, last in _runs(rise_m > LEVEL_M):
        add("jump", first, last, rise_m[first : last + 1].max(), certain=True)
    for first, last in _runs(rise_m < -LEVEL_M):
        depth_m = rise_m[first : last + 1].min()
        if depth_m > -MIN_DROP_M:
            continue
        low = [row for row in range(first, last + 1) if rise_m[row] < 0.9 * depth_m]
        # trimmed to the time in which the body moves down and up
        inside = first + np.flatnonzero(moving[first : last + 1])
        down, up = (int(inside[0]), int(inside[-1])) if len(inside) else (first, last)
        held_s = (low[-1] - low[0]) / RATE_HZ
        lasts, clearly = (held_s >= scale * LASTING_S for scale in SCALES)
        if first > 0 and last < last_row:
            add("crouch", down, up, depth_m, certain=not lasts)
        if first > 0 and lasts:
            add("lower", down, low[0], depth_m, certain=clearly)
        if last < last_row and lasts:
            add("rise", low[-1], up, -depth_m, certain=clearly)
    return episodes
