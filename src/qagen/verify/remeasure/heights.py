"""Vertical episodes: jumps, crouches, and changes of height that last."""

import itertools
import math

import numpy as np
from jaxtyping import Float

from kinematics import thresholds
from kinematics.facts import VerticalEpisode
from kinematics.skeleton import POINTS
from kinematics.thresholds import ExcursionRule
from qagen.verify.remeasure.grid import Samples
from qagen.verify.remeasure.movements import Movement
from qagen.verify.remeasure.reference import Anchored
from qagen.verify.remeasure.signals import Signals
from qagen.verify.remeasure.smoothing import light, ramp

HELD_SHARE = 0.25
"""A level is held when it varies by less than this share of the change that led to it."""


def level(values: Float[np.ndarray, " samples"], *, share: float) -> float:
    """The least value that at least a share of the values do not exceed; 0 of no values.

    >>> level(np.array([3.0, 1.0, 2.0, 4.0]), share=0.75)
    3.0
    """
    if not len(values):
        return 0.0
    return float(np.sort(values)[max(math.ceil(share * len(values) - 1e-9) - 1, 0)])


def departures(
    away: Float[np.ndarray, " samples"], rule: ExcursionRule
) -> list[tuple[int, int, int]]:
    """Last sample before, sample of the peak and first sample after every departure.

    A departure is what lies between two samples at home, if it gets far enough. One that is under
    way at the beginning starts at 0; one that does not come back ends at the number of samples.

    >>> departures(np.array([0.0, 2.0, 3.0, 0.0]), ExcursionRule(enter=1.0, leave=0.5, peak=2.5))
    [(0, 2, 3)]
    """
    home = [-1, *np.flatnonzero(away < rule.leave).tolist(), len(away)]
    found = []
    for before, after in itertools.pairwise(home):
        outside = away[before + 1 : after]
        if len(outside) and outside.max() >= max(rule.enter, rule.peak):
            found.append((max(before, 0), before + 1 + int(np.argmax(outside)), after))
    return found


def _hop_m(
    samples: Samples, anchored: Anchored, signals: Signals, rise_m: np.ndarray
) -> Float[np.ndarray, " samples"] | None:
    """How far root and both feet are off the floor together; none without feet."""
    has = dict(zip(POINTS, samples.present, strict=True))
    if anchored.points_m is None or not (has["left_ankle"] and has["right_ankle"]):
        return None
    lowest_m = rise_m
    for side in ("left", "right"):
        heights_m = np.minimum(
            *(anchored.points_m[:, POINTS.index(f"{side}_{of}"), 1] for of in ("ankle", "foot"))
        )
        foot_m = light((heights_m + signals.height_m)[:, None])[:, 0]
        floor_m = level(foot_m[samples.usable], share=thresholds.FLOOR_SHARE)
        lowest_m = np.minimum(lowest_m, foot_m - floor_m)
    travelling = ramp(signals.ground_speed_mps, thresholds.GAIT_SLOW_MPS, thresholds.GAIT_FULL_MPS)
    return lowest_m - thresholds.JUMP_RUN_M * travelling


def _brief(
    samples: Samples, anchored: Anchored, signals: Signals
) -> tuple[list[VerticalEpisode], list[VerticalEpisode]]:
    """Jumps, and crouches."""
    height_m = signals.place_m[:, 1]
    standing_m = level(height_m[samples.usable], share=thresholds.STANDING_SHARE)
    rise_m = height_m - standing_m
    hop_m = _hop_m(samples, anchored, signals, rise_m)
    jump = (rise_m, thresholds.JUMP_ROOT) if hop_m is None else (hop_m, thresholds.JUMP_FEET)
    jumps: list[VerticalEpisode] = []
    crouches: list[VerticalEpisode] = []
    for away, rule in (jump, (-rise_m, thresholds.CROUCH)):
        for start, peak, end in departures(np.where(samples.usable, away, 0.0), rule):
            if start == 0 or end > samples.last:
                continue  # not seen from its beginning to its end
            seconds = (end - start) * samples.step_s
            episode = VerticalEpisode(
                kind="crouch" if rule is thresholds.CROUCH else "jump",
                start_s=start * samples.step_s,
                end_s=end * samples.step_s,
                height_m=float(rise_m[peak]),
            )
            if episode.kind == "crouch" and seconds >= thresholds.CROUCH_SHORTEST_S:
                crouches.append(episode)
            elif episode.kind == "jump" and seconds <= thresholds.JUMP_LONGEST_S:
                jumps.append(episode)
    return jumps, crouches


def _overlap(first: VerticalEpisode, second: VerticalEpisode) -> bool:
    return first.start_s < second.end_s and second.start_s < first.end_s


def _lasting(
    samples: Samples, signals: Signals, movements: list[Movement]
) -> list[VerticalEpisode]:
    """Large movements up or down whose lower level is held for a while."""
    held = math.ceil(thresholds.HEIGHT_HELD_S / samples.step_s)
    changes: list[VerticalEpisode] = []
    for movement in movements:
        large = abs(movement.amount) >= thresholds.HEIGHT_CHANGE_M
        if movement.signal != "up" or not large:
            continue
        if movement.amount < 0:
            low_m = signals.place_m[movement.end : movement.end + held, 1]
        else:
            low_m = signals.place_m[max(movement.start - held, 0) : movement.start, 1]
        if len(low_m) >= held - 1 and np.ptp(low_m) < HELD_SHARE * abs(movement.amount):
            changes.append(
                VerticalEpisode(
                    kind="lower" if movement.amount < 0 else "rise",
                    start_s=movement.start * samples.step_s,
                    end_s=movement.end * samples.step_s,
                    height_m=movement.amount,
                )
            )
    return changes


def find(
    samples: Samples, anchored: Anchored, signals: Signals, movements: list[Movement]
) -> list[VerticalEpisode]:
    """The vertical episodes of a clip in order of time.

    What belongs to a jump is no lasting change; what lasts is no crouch.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import derive
    >>> hop = synthetic.then(synthetic.stand(1.0), synthetic.jump(0.3), synthetic.stand(1.0))
    >>> [one.kind for one in derive.facts_of(synthetic.perform(hop).motion).episodes]
    ['jump']
    """
    jumps, crouches = _brief(samples, anchored, signals)
    lasting = [
        change
        for change in _lasting(samples, signals, movements)
        if not any(_overlap(change, jump) for jump in jumps)
    ]
    crouches = [
        crouch for crouch in crouches if not any(_overlap(crouch, change) for change in lasting)
    ]
    return sorted(
        [*jumps, *crouches, *lasting],
        key=lambda episode: (episode.start_s, episode.end_s, episode.height_m),
    )
