"""Every threshold of the questions with its unit and reason, and every class that words stand for.

Plain data. What counts as a movement at all is decided in `kinematics.thresholds`; this table only
says which of those movements are clear enough to ask about, and how answers are divided.
"""

import math
from typing import Literal, NamedTuple

from kinematics import thresholds
from kinematics.facts import Episode, Signal
from kinematics.skeleton import mirrored as mirrored_part
from qagen.schema.question import Unit

Kind = Literal["travel", "distance", "height", "turn", "lean", "episode"]
"""Movements of one kind are measured in one way and may be compared with each other."""

RULES_VERSION = 1
"""Raised when a rule's meaning changes; part of every record's fingerprint."""


class Movement(NamedTuple):
    """One thing that a person can do, and where the facts hold it."""

    kind: Kind
    signal: Signal | Episode
    sign: int
    least: float
    """The least amount that counts, in `unit`."""
    unit: Unit
    opposite: str
    mirror: str


def _events(kind: Kind, signal: Signal, positive: str, negative: str) -> dict[str, Movement]:
    least = thresholds.MOVEMENT[signal].prominence
    unit: Unit = "rad" if kind in ("turn", "lean") else "m"
    lateral = signal in ("left", "heading", "left_lean")

    def one(sign: int, name: str, other: str) -> Movement:
        return Movement(kind, signal, sign, least, unit, other, other if lateral else name)

    return {positive: one(1, positive, negative), negative: one(-1, negative, positive)}


def _episode(name: Episode, least: float, opposite: str = "") -> dict[str, Movement]:
    sign = 1 if name in ("jump", "rise") else -1
    return {name: Movement("episode", name, sign, least, "m", opposite, name)}


MOVEMENTS: dict[str, Movement] = {
    **_events("travel", "forward", "forward", "backward"),
    **_events("travel", "left", "left", "right"),
    **_events("distance", "start_distance", "away", "towards"),
    **_events("turn", "heading", "turn_left", "turn_right"),
    **_events("lean", "forward_lean", "lean_forward", "lean_backward"),
    **_events("lean", "left_lean", "lean_left", "lean_right"),
    **_events("height", "up", "up", "down"),
    **_episode("jump", thresholds.JUMP_ROOT.peak),
    **_episode("crouch", thresholds.CROUCH.peak),
    **_episode("lower", thresholds.HEIGHT_CHANGE_M, "rise"),
    **_episode("rise", thresholds.HEIGHT_CHANGE_M, "lower"),
}
"""All movements that questions speak of. Mirror pairs stand next to each other."""

PAIRS: tuple[tuple[str, str], ...] = (
    ("left", "right"),
    ("forward", "backward"),
    ("away", "towards"),
    ("turn_left", "turn_right"),
    ("lean_forward", "lean_backward"),
    ("lean_left", "lean_right"),
    ("up", "down"),
)
"""Opposites, which are compared with each other."""

DIRECTIONS: tuple[str, ...] = ("forward", "backward", "left", "right")
LEANS: tuple[str, ...] = ("lean_forward", "lean_backward", "lean_left", "lean_right")


def mirrored(name: str) -> str:
    """The movement or body part that a mirror shows instead.

    >>> mirrored("turn_left"), mirrored("forward"), mirrored("right_upper_limb")
    ('turn_right', 'forward', 'left_upper_limb')
    """
    movement = MOVEMENTS.get(name)
    return movement.mirror if movement is not None else mirrored_part(name)


# What is clear enough to ask about ---------------------------------------------------------------

CLEAR_SHARE = 1.2
"""A movement counts for sure when it is this many times as large as the least that counts: another
frame rate or a rounded number changes amounts by a tenth at most."""

ALMOST_SHARE = 0.8
"""A change that no movement explains is surely none below this share of the least that counts."""

SLIGHT_SHARE = 0.25
"""What a quarter holds of a movement is none there up to this share of the least that counts (4 cm,
4°): four such parts would not make a clear movement, so that quarters never deny what the clip
shows."""

PURE_SHARE = 0.85
"""A change of lean is a lean (or a straightening) when this much of it leads from (to) upright."""

LEVEL_RAD = math.radians(6)
"""Where two ways to find the lean that a clip begins with differ by more, leans are unclear."""

SLIP_SHARE = 0.1
"""A change without an event that is no more than this share of the path walked is slip, and takes
no time of its own."""

SEEN_SHARE = 0.9
"""Share of a stretch in which the person must have been seen for anything to be said of it."""

PAUSE_BAND_S = 0.15
"""Pauses within this of the longest pause inside one movement may or may not divide it."""

ORDER_BAND_S = 0.3
"""Two starts closer than this have no order: twice what starts move by between 10 and 120 fps."""

BOUND_BAND_S = 0.3
"""A start this close to the bound of a quarter lies in neither."""

SPEED_BAND_SHARE = 0.12
"""Mean speeds are known to this share: 0.1 s more or less in a movement of one second."""

SAME_RATIO = 1.3
"""Two amounts are about the same up to this ratio; beyond it one is larger."""

RATIO_BAND_SHARE = 0.1
"""So far, as a share of the larger, amounts must be from the ratio at which the answer changes."""

FLOOR: dict[Unit, float] = {"m": 0.1, "rad": math.radians(5), "s": 0.3, "m/s": 0.1, "rad/s": 0.1}
"""Least difference between two amounts that are told apart, whatever their ratio."""

LADDER_BAND_SHARE = 0.2
"""A number stands for a value that is at least this share of a step away from half-way to its
neighbours; of the larger of the two steps."""

NO_PATH_M = 0.3
WALK_PATH_M = 1.0
"""A person has surely not walked below the first path, and surely has above the second."""

RETURN_BANDS_M: tuple[float, ...] = (0.1, 0.15, 0.2, 0.25)
"""Being away and being back are still the same when both bounds are shifted by the first of these;
by how many more, is the margin."""

NO_SIDESTEP_M = 0.10
SIDESTEP_M = 0.50
"""The way sideways, along the person's own axes, that surely is none and surely is some: turning
while walking drags a decimetre along."""

PLACE_BAND_M = 0.2
"""Two places are told apart by their distance from the start when it differs by twice this."""

SECTOR_BAND_RAD = round(math.radians(8), 5)
"""Directions this close to the bound of one of eight sectors belong to neither."""

SECTOR_LEAST_M = 0.75
"""Nearer to the start than this, the end point has no direction worth asking for."""

DRIFT_PER_PATH = 0.05
"""Trackers lose up to this share of the path walked; places are not told apart within it."""

# Numbers in options ------------------------------------------------------------------------------


def _floats(values: str) -> tuple[float, ...]:
    return tuple(float(value) for value in values.split())


def _radians(*degrees: int) -> tuple[float, ...]:
    return tuple(math.radians(angle) for angle in degrees)


LADDERS: dict[Unit, tuple[float, ...]] = {
    "m": _floats("0.5 1 1.5 2 2.6 3.4 4.5 6 8 10.5 14 18.5 25 33 43 56 73 95 124 162"),
    "rad": _radians(10, 30, 60, 90, 135, 180, 270, 360, 480, 630, 820, 1080, 1410, 1840, 2400),
    "s": _floats("0.5 1.5 2.5 3.5 5 7 9.5 13 17.5 23.5 31 41 54 71 93 121 158"),
}
"""The numbers that options may name. Neighbours are told apart in a video: at least 0.5 m, 20° or
1 s, and from there on 30 %."""

LADDER_BELOW = 1
"""So many numbers at the lower end of a ladder are never offered: less may not be seen at all."""

MOST_ABSENT = 2
"""So many wrong movements of a question may be absent from the clip: were all absent, the only one
that the clip's other questions take for granted would be true."""

MOST_COUNTED = 12
"""Nobody counts further in a video."""


# Classes -----------------------------------------------------------------------------------------


class Classes(NamedTuple):
    """Amounts divided by bounds into named classes; the words are in `wording`."""

    bounds: tuple[float, ...]
    names: tuple[str, ...]
    band_share: float
    """An amount this close to a bound, as a share of the bound, is in no class for sure."""

    def place(self, amount: float) -> int:
        """Index of the class of an amount."""
        return sum(amount >= bound for bound in self.bounds)


STRENGTHS: dict[Kind, Classes] = {
    "travel": Classes((0.6, 2.0), ("small", "medium", "large"), 0.1),
    "distance": Classes((0.6, 2.0), ("small", "medium", "large"), 0.1),
    "turn": Classes(_radians(60, 150), ("small", "medium", "large"), 0.1),
    "lean": Classes(_radians(30, 60), ("small", "medium", "large"), 0.1),
}
"""A step, some steps and a walk; up to an eighth or so, about a quarter, half a turn and more."""

SPEEDS: dict[Kind, Classes] = {
    "travel": Classes(
        (0.4, 0.8, 1.5), ("slow", "moderate", "quick", "very_quick"), SPEED_BAND_SHARE
    ),
    "turn": Classes(
        _radians(30, 60, 110), ("slow", "moderate", "quick", "very_quick"), SPEED_BAND_SHARE
    ),
}
"""Mean speeds in m/s (creeping, strolling, walking, running) and in rad/s."""

SECTORS: tuple[str, ...] = (
    "forward",
    "forward_left",
    "left",
    "backward_left",
    "backward",
    "backward_right",
    "right",
    "forward_right",
)
"""Eight directions of 45° each, counter-clockwise from straight ahead."""

SHAPES: tuple[str, ...] = ("stays", "straight", "loop", "back_and_forth")
"""The shapes of a path that exclude each other clearly enough to be options."""

STAY_M = 0.2
"""Who stays within this of the start stays near one place."""

STRAIGHT_SHARE = 0.95
BACK_SHARE = 0.5
LOOP_LAPS = 0.75
BEND_LAPS = 0.25
"""Net over path of a straight line and of going back; turns of the course of a loop and of none."""

STRAIGHT_BAND = 0.01
SHAPE_BAND = 0.08
"""So clear of those bounds a shape must be; the first is for straight lines, which bend little."""

# Body parts --------------------------------------------------------------------------------------

LIMBS: tuple[str, ...] = (
    "left_upper_limb",
    "right_upper_limb",
    "left_lower_limb",
    "right_lower_limb",
)
TOUCHES: tuple[str, ...] = ("left_hand_to_head", "right_hand_to_head", "hand_to_hand")
"""Pairs of parts whose nearness is plain to see."""

NEAR_BAND_M = 0.05
"""A hand is near, or is not, when it is clear of the bound of nearness by this."""

NEAR_SHARE = 0.05
"""A hand that passes by for a smaller share of the clip was not put there."""

REPEATED: tuple[str, ...] = ("left_upper_limb", "right_upper_limb")
"""Parts whose to-and-fro movements people count; legs and trunk sway with every step."""

LEAST_REPEATED = 3
"""So many times is several times in a row; twice may be chance."""

PART_PATH_M = 0.5
"""A limb whose path relative to the body is shorter has hardly moved."""

EVEN_SIDES = 0.05
"""Metres and radians, added up over everything lateral: below this a clip is as good as even."""

REASONS: tuple[str, ...] = (
    "another reading",
    "between two answers",
    "no such movement",
    "not measured",
    "not offered",
    "not seen",
    "not unique",
    "tie",
    "too few others",
    "too many",
    "too small",
    "unclear movement",
)
"""Why a rule does not ask; a closed list."""
