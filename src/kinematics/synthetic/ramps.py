"""Smooth starts and stops."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

MIN_RAMP_S = 0.35
"""Minimum time in which a walker gains or loses speed."""


def eased(share: Float[np.ndarray, " rows"]) -> Float[np.ndarray, " rows"]:
    """Minimum-jerk transition from 0 to 1; 0 before and 1 after.

    >>> eased(np.array([-1.0, 0.0, 0.5, 1.0])).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    u = np.clip(share, 0.0, 1.0)
    return u * u * u * (10 - 15 * u + 6 * u * u)


def _ramp(
    start_mps: float, end_mps: float, ramp_s: float, seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Distance covered and speed while the speed changes smoothly from start to end."""
    u = np.clip(seconds / ramp_s, 0.0, 1.0) if ramp_s > 0 else np.ones_like(seconds)
    gained = u**4 * (2.5 - 3 * u + u * u)
    change = end_mps - start_mps
    return ramp_s * (start_mps * u + change * gained), start_mps + change * eased(u)


class Cruise(NamedTuple):
    """Acceleration, constant speed, deceleration."""

    start_mps: float
    speed_mps: float
    end_mps: float
    ramp_in_s: float
    steady_s: float
    ramp_out_s: float

    @property
    def duration_s(self) -> float:
        """Total duration."""
        return self.ramp_in_s + self.steady_s + self.ramp_out_s

    def at(self, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance covered and speed at times since the start."""
        steady = np.clip(seconds - self.ramp_in_s, 0.0, self.steady_s)
        late = seconds - self.ramp_in_s - self.steady_s
        first, rising = _ramp(self.start_mps, self.speed_mps, self.ramp_in_s, seconds)
        last, falling = _ramp(self.speed_mps, self.end_mps, self.ramp_out_s, np.maximum(late, 0))
        distance = first + self.speed_mps * steady + last
        return distance, np.where(late > 0, falling, rising)


def cruise(
    distance_m: float, speed_mps: float, *, start_mps: float = 0.0, end_mps: float = 0.0
) -> Cruise:
    """A cruise over a distance at a speed, or at the highest speed that a short distance allows.

    >>> cruise(6.0, 1.2).speed_mps, round(cruise(0.3, 1.2).speed_mps, 2)
    (1.2, 0.66)
    """

    def ramps(speed: float) -> tuple[float, float, float]:
        changes = (speed - start_mps, speed - end_mps)
        into, out = (
            max(MIN_RAMP_S, change / (1.2 + 0.4 * speed)) if change > 0 else 0.0
            for change in changes
        )
        return into, out, 0.5 * ((start_mps + speed) * into + (speed + end_mps) * out)

    low, high = max(start_mps, end_mps), max(speed_mps, start_mps, end_mps)
    if ramps(high)[2] > distance_m:
        for _ in range(50):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if ramps(middle)[2] <= distance_m else (low, middle)
        high = low
    into, out, ramped = ramps(high)
    return Cruise(start_mps, high, end_mps, into, max(distance_m - ramped, 0.0) / high, out)
