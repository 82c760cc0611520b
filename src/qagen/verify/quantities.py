"""Quantities of a clip that several rules, or rules and their evidence, share."""

import math
from collections.abc import Callable, Iterable
from itertools import chain, pairwise

from kinematics.facts import WindowFacts
from qagen.language.vocabulary import DIRECTIONS, MOVEMENTS
from qagen.schema.question import WINDOWS, Ask, Unit
from qagen.verify.moves import DECIMALS, Clip, Move

QUARTERS = WINDOWS[1:]


def movement_of(ask: Ask) -> str:
    """The only movement of an ask; `ValueError` when it names none or several."""
    (movement,) = ask.movements
    return movement


def occurrence(clip: Clip, ask: Ask) -> Move:
    """The occurrence that an ask is about; `ValueError` when there is none."""
    return clip.nth(movement_of(ask), ask.nth)


def unit_of(movement: str) -> Unit:
    """The unit of a movement's amount."""
    return MOVEMENTS[movement].unit


def speed_unit(movement: str) -> Unit:
    """The unit of a movement's speed.

    >>> speed_unit("turn_left")
    'rad/s'
    """
    return "rad/s" if unit_of(movement) == "rad" else "m/s"


def top_speed(clip: Clip, movement: str) -> float:
    """The greatest speed that a movement reaches; 0 when it does not happen."""
    return max((move.peak_speed for move in clip.moves[movement]), default=0.0)


def own_paths_m(clip: Clip) -> dict[str, float]:
    """The paths along the person's own changing axes."""
    whole = clip.facts.whole
    return {
        "forward": whole.body_forward_m,
        "backward": whole.body_backward_m,
        "left": whole.body_left_m,
        "right": whole.body_right_m,
    }


def by_quarter(clip: Clip, value: Callable[[WindowFacts], float]) -> dict[str, float]:
    """One value for each quarter of the clip."""
    return {name: value(facts) for name, facts in zip(QUARTERS, clip.facts.quarters, strict=True)}


def activities_s(clip: Clip, start_s: float, end_s: float) -> dict[str, float]:
    """How long the person goes forwards, only another way, and neither between two times."""
    forward_s = _lasting_s(clip, ["forward"], start_s, end_s)
    either_s = _lasting_s(clip, DIRECTIONS, start_s, end_s)
    return {
        "forward": forward_s,
        "elsewhere": either_s - forward_s,
        "staying": end_s - start_s - either_s,
    }


def _lasting_s(clip: Clip, names: Iterable[str], start_s: float, end_s: float) -> float:
    """How long at least one of some movements is under way between two times."""
    moves = [move for name in names for move in clip.moves[name]]
    events_s = chain.from_iterable((move.start_s, move.end_s) for move in moves)
    bounds_s = sorted({start_s, end_s, *events_s})
    seconds = 0.0
    for before_s, after_s in pairwise(bounds_s):
        inside = start_s <= before_s and after_s <= end_s
        if inside and any(move.start_s <= before_s and after_s <= move.end_s for move in moves):
            seconds += after_s - before_s
    return seconds


def returns_s(clip: Clip, *, leave_m: float, back_m: float) -> list[tuple[float, float]]:
    """For each return to the start the times of leaving and coming back, on the path's samples.

    `leave_m` is the distance from which the person has left, `back_m` that up to which they are
    back.
    """
    times_s: list[tuple[float, float]] = []
    left_s: float | None = None
    for sample in clip.facts.samples:
        distance_m = math.hypot(round(sample.left_m, DECIMALS), round(sample.forward_m, DECIMALS))
        if left_s is None and distance_m >= leave_m:
            left_s = sample.time_s
        elif left_s is not None and distance_m <= back_m:
            times_s.append((left_s, sample.time_s))
            left_s = None
    return times_s
