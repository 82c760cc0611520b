"""The ground path as a whole, the posture over the whole clip, and samples of the path."""

import math
from typing import Literal

import numpy as np

from kinematics import thresholds
from kinematics.facts import PathSample, PathShape, Posture, WindowFacts
from kinematics.skeleton import POINTS
from qagen.verify.remeasure.grid import Samples
from qagen.verify.remeasure.heights import departures
from qagen.verify.remeasure.reference import Anchored
from qagen.verify.remeasure.signals import Signals

TURNING_BACK_RAD = math.radians(120)
"""A change of course beyond this is turning back on the spot, no bend of the path."""

LEAST_LAPS = 0.125
"""A path that turns by less has no radius."""

SAMPLE_EVERY = 6
"""Five samples of the path a second."""

_Name = Literal["stays", "straight", "curved", "loop", "back_and_forth", "wandering"]


def _turned_rad(samples: Samples, signals: Signals) -> float:
    """How far the direction of travel turned to the left while there was one."""
    travelling = samples.usable & (signals.ground_speed_mps >= thresholds.TRAVEL_SPEED_MPS)
    course_rad = np.arctan2(signals.velocity_mps[:, 0], signals.velocity_mps[:, 2])[travelling]
    bends_rad = (np.diff(course_rad) + math.pi) % (2 * math.pi) - math.pi
    return float(bends_rad[np.abs(bends_rad) < TURNING_BACK_RAD].sum())


def _name(straightness: float, returns: int, laps: float, whole: WindowFacts) -> _Name:
    if whole.path_m < 2 * thresholds.MOVEMENT["forward"].prominence or whole.furthest_m < 0.3:
        return "stays"
    if straightness >= 0.95:
        return "straight"
    if returns > 0:
        return "loop" if abs(laps) >= 0.75 else "back_and_forth"
    if straightness < 0.5 and abs(laps) < 0.25:
        return "back_and_forth"
    return "curved"


def shape(samples: Samples, signals: Signals, whole: WindowFacts) -> PathShape:
    """Straightness, returns, bends and name of the path.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import derive
    >>> derive.facts_of(synthetic.perform(synthetic.walk(3.0)).motion).shape.shape
    'straight'
    """
    rule = thresholds.MOVEMENT["forward"]
    ground_m = signals.place_m[:, [0, 2]]
    lengths_m = np.linalg.norm(np.diff(ground_m, axis=0), axis=1)
    walking = samples.usable & (signals.ground_speed_mps >= rule.still_speed)
    travelling = samples.usable & (signals.ground_speed_mps >= thresholds.TRAVEL_SPEED_MPS)
    path_m = float(lengths_m[walking[1:] & walking[:-1]].sum())
    net_m = float(np.linalg.norm(ground_m[-1] - ground_m[0]))
    straightness = min(net_m / path_m, 1.0) if path_m > rule.prominence else 1.0
    away = departures(signals.of("start_distance"), thresholds.RETURN)
    returns = sum(end <= samples.last for _, _, end in away)
    turned_rad = _turned_rad(samples, signals)
    laps = turned_rad / (2 * math.pi)
    travelled_m = float(lengths_m[travelling[1:]].sum())
    return PathShape(
        straightness=straightness,
        returns=returns,
        laps=laps,
        turning_radius_m=travelled_m / abs(turned_rad) if abs(laps) >= LEAST_LAPS else None,
        extent_m=whole.furthest_m,
        shape=_name(straightness, returns, laps, whole),
    )


def posture(samples: Samples, anchored: Anchored, signals: Signals, whole: WindowFacts) -> Posture:
    """Turns and leans over the whole clip.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import derive
    >>> bow = synthetic.perform(synthetic.bow(1.0)).motion
    >>> round(derive.facts_of(bow).posture.max_forward_lean_rad, 1)
    1.0
    """
    has_trunk = all(samples.present[POINTS.index(name)] for name in ("pelvis", "neck"))
    forward, left = (signals.of(name)[samples.usable] for name in ("forward_lean", "left_lean"))
    defined = samples.seen & signals.heading_defined
    return Posture(
        lean_of="trunk" if has_trunk and anchored.points_m is not None else "pelvis",
        net_turn_rad=whole.net_turn_rad,
        turn_left_rad=whole.turn_left_rad,
        turn_right_rad=whole.turn_right_rad,
        max_tilt_rad=whole.max_tilt_rad,
        max_forward_lean_rad=float(forward.max(initial=0.0)),
        max_backward_lean_rad=float((-forward).max(initial=0.0)),
        max_left_lean_rad=float(left.max(initial=0.0)),
        max_right_lean_rad=float((-left).max(initial=0.0)),
        heading_coverage=float(np.count_nonzero(defined) / len(defined)),
    )


def path_samples(samples: Samples, signals: Signals) -> tuple[PathSample, ...]:
    """The anchored track five times a second.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import derive
    >>> len(derive.facts_of(synthetic.perform(synthetic.stand(1.0)).motion).samples)
    6
    """
    heading_rad = signals.of("heading")
    return tuple(
        PathSample(
            time_s=at * samples.step_s,
            left_m=float(signals.place_m[at, 0]),
            up_m=float(signals.place_m[at, 1]),
            forward_m=float(signals.place_m[at, 2]),
            heading_rad=float(heading_rad[at]),
        )
        for at in range(0, samples.last + 1, SAMPLE_EVERY)
    )
