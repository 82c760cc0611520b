"""Movements as events of the facts: in seconds, with their speeds and their parts by quarter."""

import numpy as np
from jaxtyping import Bool, Float

from kinematics.facts import SIGNALS, Event
from qagen.verify.remeasure.grid import Samples
from qagen.verify.remeasure.movements import Movement
from qagen.verify.remeasure.signals import Signals

QUARTERS = 4


def seen_share(seen: Bool[np.ndarray, " samples"], start: float | int, end: float | int) -> float:
    """Share of the steps between two places, in samples, that join two seen samples.

    >>> seen_share(np.array([True, True, False, True]), 0.0, 2.0)
    0.5
    """
    if len(seen) == 1:
        return float(seen[0])
    joined = np.concatenate([[0.0], np.cumsum(seen[1:] & seen[:-1])])
    reached = np.interp([start, end], np.arange(len(seen)), joined)
    return float((reached[1] - reached[0]) / max(end - start, 1e-12))


def by_quarter(
    movement: Movement, values: Float[np.ndarray, " samples"]
) -> tuple[float, float, float, float]:
    """What each quarter of the clip has of a movement; the four add up to its amount.

    >>> by_quarter(Movement("left", 0, 4, 0, 4, 4.0), np.arange(9.0))
    (2.0, 2.0, 0.0, 0.0)
    """
    last = len(values) - 1
    moved = []
    for quarter in range(QUARTERS + 1):
        place = last * quarter / QUARTERS
        if place <= movement.start:
            moved.append(0.0)
        elif place >= movement.end:
            moved.append(movement.amount)
        else:
            reached = float(np.interp(place, np.arange(len(values)), values))
            moved.append(reached - float(values[movement.begin]))
    first, second, third, fourth = np.diff(moved).tolist()
    return first, second, third, fourth


def as_event(movement: Movement, samples: Samples, signals: Signals) -> Event:
    """The movement in seconds, with its speeds and its parts.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import grid, movements, reference
    >>> from qagen.verify.remeasure import signals as signals_of
    >>> samples = grid.sample(synthetic.perform(synthetic.walk(2.0)).motion)
    >>> signals = signals_of.read(samples, reference.anchored(samples))
    >>> found = movements.find(samples, signals)
    >>> round(as_event(found[0], samples, signals).amount, 1)
    2.0
    """
    start_s, end_s = movement.start * samples.step_s, movement.end * samples.step_s
    column = SIGNALS.index(movement.signal)
    return Event(
        signal=SIGNALS[column],
        start_s=start_s,
        end_s=end_s,
        amount=movement.amount,
        peak_speed=float(signals.speed[movement.start : movement.end + 1, column].max()),
        mean_speed=abs(movement.amount) / max(end_s - start_s, 1e-9),
        coverage=seen_share(samples.seen, movement.start, movement.end),
        quarter_amounts=by_quarter(movement, signals.values[:, column]),
    )
