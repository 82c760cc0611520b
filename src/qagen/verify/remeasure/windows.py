"""What each quarter of a clip, and the whole of it, add up to."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics import thresholds
from kinematics.facts import Event, WindowFacts
from qagen.verify.remeasure.events import QUARTERS, seen_share
from qagen.verify.remeasure.grid import Samples
from qagen.verify.remeasure.signals import Signals

SUMS: dict[str, tuple[str, int]] = {
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
"""Fields of a window that add up the movements of one signal in one direction."""


class _Steps(NamedTuple):
    """What every step between two samples adds."""

    path_m: Float[np.ndarray, " steps"]
    left_m: Float[np.ndarray, " steps"]
    """Along the body's own axes; negative to the right."""
    forward_m: Float[np.ndarray, " steps"]


def _steps(samples: Samples, signals: Signals) -> _Steps:
    """Steps count as far as they are walked; components that are drift do not count."""
    still_mps = thresholds.MOVEMENT["forward"].still_speed
    speed_mps = signals.ground_speed_mps
    walking = (speed_mps >= still_mps).astype(float)
    lengths_m = np.linalg.norm(np.diff(signals.place_m[:, [0, 2]], axis=0), axis=1)
    heading = signals.facing_rad
    left, ahead = signals.velocity_mps[:, 0], signals.velocity_mps[:, 2]
    least_mps = np.maximum(still_mps, thresholds.DRIFT_SHARE * speed_mps)

    def paced_m(own_mps: np.ndarray) -> np.ndarray:
        kept = np.where(np.abs(own_mps) < least_mps, 0.0, own_mps)
        return 0.5 * (kept[1:] + kept[:-1]) * np.diff(samples.times_s)

    return _Steps(
        path_m=lengths_m * 0.5 * (walking[1:] + walking[:-1]),
        left_m=paced_m(left * np.cos(heading) - ahead * np.sin(heading)),
        forward_m=paced_m(left * np.sin(heading) + ahead * np.cos(heading)),
    )


def _inside(samples: Samples, quarter: int) -> Float[np.ndarray, " steps"]:
    """Share of every usable step that lies in a quarter of the clip."""
    begin, end = (samples.last * (quarter + more) / QUARTERS for more in (0, 1))
    at = np.arange(samples.last)
    shares = np.clip(np.minimum(at + 1, end) - np.maximum(at, begin), 0.0, 1.0)
    return shares * (samples.usable[1:] & samples.usable[:-1])


class _Extremes(NamedTuple):
    furthest_m: float
    furthest_s: float
    closest_m: float
    closest_s: float


def _extremes(
    distance_m: Float[np.ndarray, " samples"],
    usable: Bool[np.ndarray, " samples"],
    bounds: tuple[float, float],
    step_s: float,
) -> _Extremes:
    """Greatest and least distance between two places (in samples), these two included."""
    at = np.arange(len(distance_m))
    inside = usable & (at > bounds[0]) & (at < bounds[1])
    places = np.array([*bounds, *at[inside]])
    distances_m = np.interp(places, at, distance_m)
    most, least = int(np.argmax(distances_m)), int(np.argmin(distances_m))
    return _Extremes(
        furthest_m=float(distances_m[most]),
        furthest_s=float(places[most] * step_s),
        closest_m=float(distances_m[least]),
        closest_s=float(places[least] * step_s),
    )


def _quarter(
    samples: Samples, signals: Signals, steps: _Steps, events: list[Event], quarter: int
) -> WindowFacts:
    """One quarter of the clip."""
    begin, end = (samples.last * (quarter + more) / QUARTERS for more in (0, 1))
    at = np.arange(samples.last + 1)
    share = _inside(samples, quarter)
    track = np.column_stack([signals.place_m, signals.of("heading")])
    net = [np.interp(end, at, line) - np.interp(begin, at, line) for line in track.T]
    inside = samples.usable & (at >= begin) & (at <= end)
    seconds = (end - begin) * samples.step_s
    path_m = float(share @ steps.path_m)
    distance_m = signals.of("start_distance")
    reach = _extremes(distance_m, samples.usable, (begin, end), samples.step_s)
    sums = {
        name: sum(
            abs(event.quarter_amounts[quarter])
            for event in events
            if event.signal == signal and event.amount * sign > 0
        )
        for name, (signal, sign) in SUMS.items()
    }
    return WindowFacts(
        start_s=begin * samples.step_s,
        end_s=end * samples.step_s,
        coverage=seen_share(samples.seen, begin, end),
        net_left_m=float(net[0]),
        net_up_m=float(net[1]),
        net_forward_m=float(net[2]),
        path_m=path_m,
        **sums,
        body_left_m=float(share @ np.maximum(steps.left_m, 0)),
        body_right_m=float(share @ np.maximum(-steps.left_m, 0)),
        body_forward_m=float(share @ np.maximum(steps.forward_m, 0)),
        body_backward_m=float(share @ np.maximum(-steps.forward_m, 0)),
        net_turn_rad=float(net[3]),
        max_tilt_rad=float(signals.tilt_rad[inside].max(initial=0.0)),
        mean_speed_mps=path_m / max(seconds, 1e-9),
        peak_speed_mps=float(signals.ground_speed_mps[inside].max(initial=0.0)),
        start_distance_m=float(np.interp(begin, at, distance_m)),
        end_distance_m=float(np.interp(end, at, distance_m)),
        **reach._asdict(),
    )


def _whole(samples: Samples, quarters: list[WindowFacts]) -> WindowFacts:
    """The whole clip: sums, means and extremes of its quarters."""
    furthest = max(quarters, key=lambda quarter: quarter.furthest_m)
    closest = min(quarters, key=lambda quarter: quarter.closest_m)
    given: dict[str, float] = {
        "start_s": 0.0,
        "end_s": samples.last * samples.step_s,
        "coverage": sum(one.coverage for one in quarters) / QUARTERS,
        "mean_speed_mps": sum(one.mean_speed_mps for one in quarters) / QUARTERS,
        "max_tilt_rad": max(one.max_tilt_rad for one in quarters),
        "peak_speed_mps": max(one.peak_speed_mps for one in quarters),
        "start_distance_m": quarters[0].start_distance_m,
        "end_distance_m": quarters[-1].end_distance_m,
        "furthest_m": furthest.furthest_m,
        "furthest_s": furthest.furthest_s,
        "closest_m": closest.closest_m,
        "closest_s": closest.closest_s,
    }
    added = [name for name in WindowFacts.__struct_fields__ if name not in given]
    sums = {name: sum(getattr(one, name) for one in quarters) for name in added}
    return WindowFacts(**given, **sums)


def quarters_and_whole(
    samples: Samples, signals: Signals, events: list[Event]
) -> tuple[list[WindowFacts], WindowFacts]:
    """The four quarters of a clip, and the clip.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import derive
    >>> facts = derive.facts_of(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> round(facts.whole.path_m, 1), round(sum(one.path_m for one in facts.quarters), 1)
    (3.0, 3.0)
    """
    steps = _steps(samples, signals)
    quarters = [_quarter(samples, signals, steps, events, quarter) for quarter in range(QUARTERS)]
    return quarters, _whole(samples, quarters)
