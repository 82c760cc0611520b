"""One stem for each rule, with places for the words of the ask; and the fixed definitions.

A stem is one short sentence. The meaning of its words stands once, in `preamble`, which every
prompt and export carries. A mirror turns each sentence into the sentence of the mirrored question.
"""

from functools import cache

from kinematics import thresholds
from kinematics.facts import Frame
from qagen.language import phrases
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import Ask, Window

STEMS: dict[str, str] = {
    # numerical
    "count": "How many times does {subject} {move}?",
    "count_strength": "How many times does {subject} {move} {strength}?",
    "count_returns": "How many times does {subject} come back to the starting point?",
    "count_repetitions": "How many times does {subject} move {part} to and fro?",
    "total": "{how_far} does {subject} {move} in total{window}?",
    "amount": "{how_far} does {subject} {move} the {nth} time?",
    "duration": "How long does {subject} spend {one} the {nth} time?",
    "path_length": "How much ground does {subject} cover{window}?",
    "furthest_distance": "How far from the starting point does {subject} get at most?",
    "end_distance": "How far from the starting point is {subject} at the end of the video?",
    # comparative
    "compare_count": "Which does {subject} do more often: {one} or {other}?",
    "compare_total": "Which does {subject} do more of in total{window}: {one} or {other}?",
    "compare_speed": "In which does {subject} reach the higher speed: {one} or {other}?",
    "compare_halves": "In which half of the video does {subject} cover more ground?",
    "compare_own": "Judged by the way they face at each moment, does {subject} go further {one} or "
    "{other}?",
    "compare_parts": "Which moves further relative to the body of {subject}: {one} or {other}?",
    # dominant
    "dominant_direction": "Which of these movements of {subject} covers the most distance in "
    "total{window}?",
    "dominant_lean": "In which of these directions does {subject} lean most in total?",
    "dominant_speed": "Which of these movements of {subject} reaches the highest speed?",
    "dominant_duration": "Which of these movements of {subject} lasts longest without a rest?",
    "dominant_activity": "What does {subject} spend the most time doing{window}?",
    "dominant_limb": "Which of these limbs of {subject} moves furthest relative to the body?",
    # temporal
    "happens_in": "Which of these does {subject} do{window}: {one} or {other}?",
    "first_in": "Which of these does {subject} start first{window}?",
    "speed_class": "How fast is {subject} on average when {one} for the first time{window}?",
    "quarter_of": "In which quarter does {subject} start {one} for the {nth} time?",
    # ordering
    "next_after": "Which of these does {subject} start next after {one} for the {nth} time?",
    "last_before": "Which of these does {subject} start last before {one} for the {nth} time?",
    "first_of": "Which of these does {subject} start first?",
    "last_of": "Which of these does {subject} start last?",
    "order_of": "In which order does {subject} first start these: {one}; {other}; {third}?",
    # trajectory
    "quarter_most": "In which quarter does {subject} {move} the most?",
    "quarter_most_path": "In which quarter does {subject} cover the most ground?",
    "quarter_least_path": "In which quarter does {subject} cover the least ground?",
    "furthest_quarter": "In which quarter is {subject} furthest from the starting point?",
    "closest_quarter_end": "At the end of which quarter is {subject} closest to the starting "
    "point?",
    "end_sector": "Where is {subject} at the end of the video, seen from the starting point?",
    "path_shape": "Which of these describes the path of {subject} over the ground?",
    "own_travel": "Judged by the way they face at each moment, which way does {subject} mostly go?",
    # existence
    "ever": "Does {subject} {move}{window}?",
    "ever_walks": "Does {subject} walk or run{window}?",
    "ever_returns": "Does {subject} come back to the starting point?",
    "ever_sidesteps": "Does {subject} step sideways to their own {side}?",
    "ever_near": "Does {subject} hold {part}?",
    "ever_repeats": "Does {subject} move {part} to and fro several times in a row?",
}
"""By the names of rules."""

NEGATED: dict[str, str] = {
    "ever": "Is it true that {subject} does not {move}{window}?",
    "ever_walks": "Is it true that {subject} does not walk or run{window}?",
    "ever_returns": "Is it true that {subject} does not come back to the starting point?",
    "ever_sidesteps": "Is it true that {subject} does not step sideways to their own {side}?",
    "ever_near": "Is it true that {subject} never holds {part}?",
    "ever_repeats": "Is it true that {subject} does not move {part} to and fro several times in a "
    "row?",
}
"""The stems of negated asks."""


def window(name: Window) -> str:
    """A window as stems say it, with a space before it; the whole video is not said.

    >>> window("whole"), window("quarter_2")
    ('', ' in the second quarter')
    """
    return "" if name == "whole" else f" {phrases.WINDOWS[name]}"


def how_far(ask: Ask) -> str:
    """How a stem asks for an amount of the first movement of an ask."""
    return "How far" if MOVEMENTS[ask.movements[0]].unit == "m" else "By how many degrees"


# Definitions --------------------------------------------------------------------------------------

_FRAMES: dict[Frame, str] = {
    "first_heading": "Left, right, forwards and backwards are the person's own directions, fixed "
    "by the way they face at the start of the video.",
    "first_pose": "Left, right, forwards and backwards are the person's own directions, fixed by "
    "their posture at the start of the video.",
    "body": "Left, right, forwards and backwards are the person's own directions at each moment.",
    "camera": "Directions of movement are those of the first picture, whichever way the camera "
    "turns afterwards.",
}


@cache
def preamble(frame: Frame) -> str:
    """The definitions that go before every question in a frame of reference.

    >>> print(preamble("body")[:83])
    Left, right, forwards and backwards are the person's own directions at each moment.
    """
    least = {name: row.prominence for name, row in thresholds.MOVEMENT.items()}
    return " ".join(
        [
            _FRAMES[frame],
            "A turn changes the way the body faces, a lean tips the body out of upright; both are "
            "to the person's own left or right, and straightening up is not a lean.",
            "The starting point is where the person is at the start of the video.",
            f"A movement counts from {phrases.measured(least['left'], 'm')} over the ground, "
            f"{phrases.measured(least['up'], 'm')} up or down, a turn from "
            f"{phrases.measured(least['heading'], 'rad')}, a lean from "
            f"{phrases.measured(least['forward_lean'], 'rad')}.",
            "After a rest of more than half a second it counts as another one.",
            "Quarters are four equal parts of the video.",
        ]
    )
