"""Movements: stretches of one signal between two turning points (conventions, section 4).

A reader walks along the signal and keeps the lowest and the highest value since the last rest.
Coming back from the furthest point by the hysteresis ends a movement and begins the next; resting
ends it too, once nothing moves any more or the rest has lasted for half a second.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from kinematics import thresholds
from kinematics.facts import SIGNALS
from qagen.verify.remeasure.grid import RATE_HZ, Samples
from qagen.verify.remeasure.signals import SWAYING, Signals
from qagen.verify.remeasure.smoothing import ramp

CALM_SHARE = 1 / 3
"""Slower than this share of the still speed, nothing of a movement is left."""
PAUSE_SHARE = 0.6
"""Mean speed over half a second, as a share of the still speed, during a pause just long enough."""
LINGERING_SAMPLES = 15
"""A rest that never gets calm is a rest after so many samples: half a second."""


class Movement(NamedTuple):
    """One movement of one signal, in samples."""

    signal: str
    begin: int
    """The turning point before,"""
    furthest: int
    """and the one it reached."""
    start: int
    """When it really set off,"""
    end: int
    """and when it really stopped."""
    amount: float


@dataclass(kw_only=True)
class _Reader:
    """What is known on the way along one signal."""

    least: float
    """Prominence."""
    back: float
    """Hysteresis."""
    values: list[float]
    way: int = 0
    """+1 or -1 while a movement is under way."""
    lowest: int = 0
    highest: int = 0
    set_off: int = 0
    slow_at: int = 0
    """Last sample so far that was slow."""
    got_on_at: int = 0
    """Last sample that got further, and not slowly."""
    awake_at: int = 0
    """Last sample that did not rest, or at which a rest was taken for the new level."""
    found: list[tuple[int, int, int, int]] = field(default_factory=list)

    def come_to_end(self) -> None:
        """Notes the movement under way if it was large enough."""
        if self.way and self.values[self.highest] - self.values[self.lowest] >= self.least:
            begin, furthest = (self.lowest, self.highest)[:: self.way]
            self.found.append((begin, furthest, self.set_off, self.got_on_at + 1))

    def rest(self, at: int, *, calm: bool, pausing: bool) -> None:
        """A sample at rest: an end if nothing moves any more, otherwise still part of it."""
        overdue = at - self.awake_at > LINGERING_SAMPLES
        if self.way and (pausing or overdue):
            self.come_to_end()
        elif not (overdue or pausing or (self.way == 0 and calm)):
            self.widen(at, slow=True)
            return
        self.way = 0
        self.lowest = self.highest = self.awake_at = at

    def move(self, at: int, *, slow: bool) -> None:
        """A sample that moves: further on, back, or off."""
        value = self.values[at]
        self.awake_at = at
        came_back = (self.way > 0 and self.values[self.highest] - value >= self.back) or (
            self.way < 0 and value - self.values[self.lowest] >= self.back
        )
        if came_back:
            self.come_to_end()
            self.way = -self.way
            begin = self.highest if self.way < 0 else self.lowest
            if self.way < 0:
                self.lowest = at
            else:
                self.highest = at
            self.depart(at, begin, slow=slow)
            return
        self.widen(at, slow=slow)
        if self.way == 0 and value - self.values[self.lowest] >= self.back:
            self.way = 1
            self.depart(at, self.lowest, slow=slow)
        elif self.way == 0 and self.values[self.highest] - value >= self.back:
            self.way = -1
            self.depart(at, self.highest, slow=slow)

    def depart(self, at: int, begin: int, *, slow: bool) -> None:
        """A movement is under way since the turning point, or since it was last slow."""
        self.set_off = max(begin, self.slow_at)
        if not slow:
            self.got_on_at = at

    def widen(self, at: int, *, slow: bool) -> None:
        """The range since the last rest takes in one more sample."""
        value = self.values[at]
        higher, lower = value > self.values[self.highest], value < self.values[self.lowest]
        self.highest = at if higher else self.highest
        self.lowest = at if lower else self.lowest
        further = (self.way > 0 and higher) or (self.way < 0 and lower)
        if further and not slow:
            self.got_on_at = at


def _along(
    values: Float[np.ndarray, " samples"],
    speed: Float[np.ndarray, " samples"],
    rest_speed: Float[np.ndarray, " samples"],
    rule: thresholds.MovementRule,
) -> list[tuple[int, int, int, int]]:
    """Turning points before and after, start and end of every movement of one signal."""
    if np.ptp(values) < rule.prominence:
        return []
    still = rule.still_speed
    resting = rest_speed < still
    slow = resting | (speed < still)
    calm = np.minimum(rest_speed, speed) < still * CALM_SHARE
    pausing = calm & (rest_speed < still * PAUSE_SHARE)
    reader = _Reader(
        least=rule.prominence,
        back=rule.prominence * rule.hysteresis_share,
        values=[*values.tolist(), float(values[-1])],
    )
    rows = zip(resting.tolist(), slow.tolist(), calm.tolist(), pausing.tolist(), strict=True)
    for at, (is_resting, is_slow, is_calm, is_pausing) in enumerate(rows):
        if is_resting:
            reader.rest(at, calm=is_calm, pausing=is_pausing)
        else:
            reader.move(at, slow=is_slow)
        if is_slow:
            reader.slow_at = at
    reader.rest(len(values), calm=True, pausing=True)  # whatever is under way ends with the clip
    return reader.found


def _is_drift(movement: Movement, walked_m: Float[np.ndarray, " samples"]) -> bool:
    """Whether it is too small a component of what the root moved meanwhile."""
    meanwhile_m = float(walked_m[movement.furthest] - walked_m[movement.begin])
    drifting = movement.signal in thresholds.DRIFTING_SIGNALS
    return drifting and abs(movement.amount) < thresholds.DRIFT_SHARE * meanwhile_m


def _swaying(movements: list[Movement], step_s: float) -> set[Movement]:
    """The movements of one signal that undo each other at the pace of a stride."""
    swaying: set[Movement] = set()
    row: list[Movement] = []
    for movement in movements:
        largest = thresholds.SWAY_RANGE.get(movement.signal, 0.0)
        if row:
            paced = movement.end * step_s - row[-1].start * step_s <= thresholds.SWAY_PERIOD_S
            small = max(abs(movement.amount), abs(row[-1].amount)) <= largest
            if not (paced and small and movement.amount * row[-1].amount < 0):
                row = []
        row.append(movement)
        if len(row) >= thresholds.SWAY_EVENTS:
            swaying.update(row)
    return swaying


def _unspread(movement: Movement, samples: Samples, signals: Signals) -> Movement:
    """The movement without what the windows that take gait out spread it by, at either end.

    How much that is hangs on how fast the person travels a little way inside; what the clip's ends
    cut off is not spread.
    """
    if movement.signal not in SWAYING:
        return movement
    start, end = movement.start, movement.end
    reach = thresholds.SPREAD_S * RATE_HZ

    def spread(inside: int) -> int:
        speed_mps = signals.ground_speed_mps[min(max(inside, start), end)]
        gait = ramp(speed_mps, thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS)
        return round(min(float(gait) * reach, thresholds.SPREAD_SHARE * (end - start)))

    inside = round(2 * reach)
    return movement._replace(
        start=start + (spread(start + inside) if start > 0 else 0),
        end=end - (spread(end - inside) if end < samples.last else 0),
    )


def find(samples: Samples, signals: Signals) -> list[Movement]:
    """The movements of a clip that are neither drift nor sway, in order of their starts.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import grid, reference
    >>> from qagen.verify.remeasure import signals as signals_of
    >>> samples = grid.sample(synthetic.perform(synthetic.walk(2.0)).motion)
    >>> found = find(samples, signals_of.read(samples, reference.anchored(samples)))
    >>> [movement.signal for movement in found]
    ['forward', 'start_distance']
    """
    steps_m = np.linalg.norm(np.diff(signals.place_m, axis=0), axis=1)
    walked_m = np.concatenate([[0.0], np.cumsum(steps_m)])
    kept: list[Movement] = []
    for column, name in enumerate(SIGNALS):
        blind = ~samples.usable
        if name == "heading":
            blind = blind | ~signals.heading_defined
        values = signals.values[:, column]
        rows = _along(
            values,
            np.where(blind, 0.0, signals.speed[:, column]),
            np.where(blind, 0.0, signals.rest_speed[:, column]),
            thresholds.MOVEMENT[name],
        )
        movements = [
            Movement(
                signal=name,
                begin=begin,
                furthest=furthest,
                start=start,
                end=min(max(end, start + 1), max(samples.last, 1)),
                amount=float(values[furthest] - values[begin]),
            )
            for begin, furthest, start, end in rows
        ]
        sway = _swaying(movements, samples.step_s)
        kept += [
            _unspread(one, samples, signals)
            for one in movements
            if not (one in sway or _is_drift(one, walked_m))
        ]
    return sorted(kept, key=lambda event: (event.start, event.end, SIGNALS.index(event.signal)))
