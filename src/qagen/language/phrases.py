"""Every word of the questions, as data: phrases by frame of reference, stems by rule.

Stems say what directions mean, plainly enough for a person who watches the video. A mirror turns
each sentence into the sentence of the mirrored question: left and right are only ever directions.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from kinematics.facts import Frame
from qagen.language.vocabulary import MOVEMENTS, Kind
from qagen.schema.question import Unit, Window


class Phrase(NamedTuple):
    """A movement in words."""

    base: str
    """After "does the person": `move to the left`."""
    gerund: str
    """As an option or a subject: `moving to the left`."""
    noun: str
    """Where an option names a direction: `to the left`."""


_ANY: dict[str, Phrase] = {
    "away": Phrase(
        "move away from the starting point",
        "moving away from the starting point",
        "away from the starting point",
    ),
    "towards": Phrase(
        "move back towards the starting point",
        "moving back towards the starting point",
        "back towards the starting point",
    ),
    "turn_left": Phrase(
        "turn to their own left (counter-clockwise as seen from above)",
        "turning to their own left (counter-clockwise)",
        "to their own left (counter-clockwise)",
    ),
    "turn_right": Phrase(
        "turn to their own right (clockwise as seen from above)",
        "turning to their own right (clockwise)",
        "to their own right (clockwise)",
    ),
    "lean_forward": Phrase("lean forwards", "leaning forwards", "forwards"),
    "lean_backward": Phrase("lean backwards", "leaning backwards", "backwards"),
    "lean_left": Phrase("lean to their own left", "leaning to their own left", "to their own left"),
    "lean_right": Phrase(
        "lean to their own right", "leaning to their own right", "to their own right"
    ),
    "up": Phrase("move their hips upwards", "moving the hips upwards", "upwards"),
    "down": Phrase("move their hips downwards", "moving the hips downwards", "downwards"),
    "jump": Phrase("jump", "jumping", "up and down"),
    "crouch": Phrase(
        "crouch down and come up again", "crouching down and coming up again", "down and up"
    ),
    "lower": Phrase(
        "lower themselves and stay down, as in sitting down",
        "lowering themselves and staying down, as in sitting down",
        "down",
    ),
    "rise": Phrase(
        "rise from a low position, as in standing up",
        "rising from a low position, as in standing up",
        "up",
    ),
}

_START: dict[str, Phrase] = {
    "left": Phrase("move to the left", "moving to the left", "to the left"),
    "right": Phrase("move to the right", "moving to the right", "to the right"),
    "forward": Phrase("move forwards", "moving forwards", "forwards"),
    "backward": Phrase("move backwards", "moving backwards", "backwards"),
}
_OWN: dict[str, Phrase] = {
    "left": Phrase(
        "step to their own left", "stepping sideways to their own left", "sideways to the left"
    ),
    "right": Phrase(
        "step to their own right", "stepping sideways to their own right", "sideways to the right"
    ),
    "forward": Phrase("go the way they face", "going the way they face", "the way they face"),
    "backward": Phrase("go backwards", "going backwards", "backwards"),
}
_SEEN: dict[str, Phrase] = {
    "left": Phrase("move to the viewer's left", "moving to the viewer's left", "to the left"),
    "right": Phrase("move to the viewer's right", "moving to the viewer's right", "to the right"),
    "forward": Phrase(
        "move away from the camera", "moving away from the camera", "away from the camera"
    ),
    "backward": Phrase(
        "move towards the camera", "moving towards the camera", "towards the camera"
    ),
}

PHRASES: dict[Frame, dict[str, Phrase]] = {
    "first_heading": {**_ANY, **_START},
    "first_pose": {**_ANY, **_START},
    "body": {**_ANY, **_OWN},
    "camera": {**_ANY, **_SEEN},
}
"""How each movement is called in each frame of reference."""

FRAME_NOTES: dict[Frame, str] = {
    "first_heading": (
        "Directions are the person's own, fixed by the way they face at the start of the video."
    ),
    "first_pose": (
        "Directions are the person's own, fixed by their posture at the start of the video."
    ),
    "body": "Directions are the person's own at each moment.",
    "camera": (
        "Directions are those of the first picture, whichever way the camera turns afterwards."
    ),
}
"""What left, right, forwards and backwards mean."""

KIND_NOTES: dict[Kind, str] = {
    "distance": "The starting point is where the person is at the start of the video.",
    "turn": "Turns are changes of the way the body faces.",
    "height": "",
    "episode": "",
}
"""What else has to be said; travelling takes its note from the frame, leaning from `LEAN_NOTES`."""

LEAN_NOTES: dict[Literal["pelvis", "trunk"], str] = {
    "trunk": "Leaning means that the trunk tips out of upright; straightening up is no leaning.",
    "pelvis": "Leaning means that the hips tip out of upright; straightening up is no leaning.",
}

OWN_NOTE = "Directions are the person's own at each moment."

COUNT_NOTE = "Moving on after a rest of more than half a second counts again."

WINDOWS: dict[Window, str] = {
    "whole": "over the whole video",
    "quarter_1": "in the first quarter of the video",
    "quarter_2": "in the second quarter of the video",
    "quarter_3": "in the third quarter of the video",
    "quarter_4": "in the last quarter of the video",
}

QUARTERS: tuple[str, ...] = (
    "The first quarter",
    "The second quarter",
    "The third quarter",
    "The last quarter",
)

ORDINALS: tuple[str, ...] = (
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
)

STRENGTHS: dict[Kind, dict[str, str]] = {
    "travel": {
        "small": "by less than 0.6 m each time",
        "medium": "by 0.6 m to 2 m each time",
        "large": "by more than 2 m each time",
    },
    "distance": {
        "small": "by less than 0.6 m each time",
        "medium": "by 0.6 m to 2 m each time",
        "large": "by more than 2 m each time",
    },
    "turn": {
        "small": "by less than 60° each time",
        "medium": "by 60° to 150° each time",
        "large": "by more than 150° each time",
    },
    "lean": {
        "small": "by less than 30° each time",
        "medium": "by 30° to 60° each time",
        "large": "by more than 60° each time",
    },
}

SPEEDS: dict[Kind, dict[str, str]] = {
    "travel": {
        "slow": "Slowly, below 0.4 m/s",
        "moderate": "At 0.4 to 0.8 m/s",
        "quick": "At 0.8 to 1.5 m/s",
        "very_quick": "Fast, above 1.5 m/s",
    },
    "turn": {
        "slow": "Slowly, below 30° per second",
        "moderate": "At 30° to 60° per second",
        "quick": "At 60° to 110° per second",
        "very_quick": "Fast, above 110° per second",
    },
}

SECTORS: dict[str, str] = {
    "forward": "Straight ahead",
    "forward_left": "Ahead and to the left",
    "left": "To the left",
    "backward_left": "Behind and to the left",
    "backward": "Straight behind",
    "backward_right": "Behind and to the right",
    "right": "To the right",
    "forward_right": "Ahead and to the right",
}

CAMERA_SECTORS: dict[str, str] = {
    "forward": "Straight away from the camera",
    "forward_left": "Away from the camera and to the left",
    "left": "To the left",
    "backward_left": "Towards the camera and to the left",
    "backward": "Straight towards the camera",
    "backward_right": "Towards the camera and to the right",
    "right": "To the right",
    "forward_right": "Away from the camera and to the right",
}

SHAPES: dict[str, str] = {
    "stays": "Staying near one place",
    "straight": "One straight line",
    "loop": "A loop that leads back",
    "back_and_forth": "Out and back, or to and fro",
}

OWN_WAYS: dict[str, str] = {
    "forward": "Forwards, the way they face",
    "backward": "Backwards",
    "left": "Sideways to their own left",
    "right": "Sideways to their own right",
}
"""Ways over the ground along the person's own changing axes."""

ACTIVITIES: dict[str, str] = {
    "elsewhere": "Moving another way over the ground",
    "staying": "Neither: staying in place",
}
"""What time is spent on, beside moving forwards."""

PARTS: dict[str, str] = {
    "left_upper_limb": "the left arm",
    "right_upper_limb": "the right arm",
    "left_lower_limb": "the left leg",
    "right_lower_limb": "the right leg",
    "head": "the head",
    "body": "the trunk",
    "left_hand_to_head": "the left hand near the head",
    "right_hand_to_head": "the right hand near the head",
    "hand_to_hand": "the two hands near each other",
}

_UNITS: dict[Unit, tuple[float, int, str]] = {
    "m": (1.0, 2, " m"),
    "rad": (math.degrees(1.0), 0, "°"),
    "s": (1.0, 1, " s"),
    "m/s": (1.0, 2, " m/s"),
    "rad/s": (math.degrees(1.0), 0, "° per second"),
    "count": (1.0, 0, ""),
    "share": (100.0, 0, " %"),
}


def measured(value: float, unit: Unit) -> str:
    """A value with its unit, as sentences give it: angles in degrees.

    >>> measured(1.5, "m"), measured(1.5708, "rad")
    ('1.50 m', '90°')
    """
    scale, decimals, name = _UNITS[unit]
    return f"{value * scale:.{decimals}f}{name}"


def about(value: float, unit: Unit) -> str:
    """A number of a ladder, as an option.

    >>> about(2.6, "m"), about(1.5708, "rad"), about(5.0, "s")
    ('About 2.6 m', 'About 90°', 'About 5 s')
    """
    scale, _, name = _UNITS[unit]
    return f"About {round(value * scale, 1):g}{name}"


def times(count: int) -> str:
    """A count, as an option.

    >>> times(0), times(1), times(4)
    ('Never', 'Once', '4 times')
    """
    return ("Never", "Once", "Twice")[count] if count < 3 else f"{count} times"


def lower(text: str) -> str:
    """The text with a small first letter, for the inside of a sentence."""
    return text[:1].lower() + text[1:]


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


@runtime_checkable
class _Said(Protocol):
    @property
    def movement(self) -> str: ...
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def amount(self) -> float: ...


class Speaker(NamedTuple):
    """The words for one person in one frame of reference."""

    subject: str
    phrases: Mapping[str, Phrase]
    notes: Mapping[str, str]
    """For each movement what has to be said beside the question."""
    frame_note: str

    def note(self, movements: Iterable[str]) -> str:
        """What directions mean for these movements, in an order that tells nothing.

        Each note once, with a space before it.
        """
        wanted = frozenset(movements)
        return "".join(dict.fromkeys([self.notes[name] for name in self.notes if name in wanted]))

    def base(self, movement: str) -> str:
        """`move to the left`."""
        return self.phrases[movement].base

    def gerund(self, movement: str) -> str:
        """`moving to the left`."""
        return self.phrases[movement].gerund

    def event(self, one: _Said) -> str:
        """One movement with its times and size, for reasonings."""
        scale, decimals, name = _UNITS[MOVEMENTS[one.movement].unit]
        return (
            f"{self.phrases[one.movement].gerund} by {one.amount * scale:.{decimals}f}{name} "
            f"from {one.start_s:.1f} s to {one.end_s:.1f} s"
        )


_NO_DESCRIPTORS = frozenset({"", "unknown", "none", "n/a", "na", "null", "?", "-", "person"})


def subject(descriptor: str) -> str:
    """How the stem names the person; a descriptor that says nothing gives "the person".

    >>> subject(""), subject("Unknown"), subject("wearing a red coat")
    ('the person', 'the person', 'the person wearing a red coat')
    >>> subject("the girl in blue"), subject("red coat")
    ('the girl in blue', 'the person (red coat)')
    """
    words = " ".join(descriptor.split()).rstrip(".")
    if words.lower() in _NO_DESCRIPTORS:
        return "the person"
    first = words.split()[0].lower()
    if first == "the":
        return "the" + words[3:]
    return f"the person {words}" if first in ("in", "with", "wearing") else f"the person ({words})"


def unique(descriptors: Mapping[int, str]) -> dict[int, str]:
    """For each person of a video the descriptor, or an empty one where it fits two of them.

    >>> unique({0: "in red", 1: "in blue", 2: "In  blue"})
    {0: 'in red', 1: '', 2: ''}
    """
    named = Counter(subject(words).lower() for words in descriptors.values())
    return {
        person: words if named[subject(words).lower()] == 1 else ""
        for person, words in descriptors.items()
    }


@lru_cache(maxsize=4096)
def speaker(frame: Frame, *, lean_of: Literal["pelvis", "trunk"], descriptor: str) -> Speaker:
    """The words for one person in one frame of reference.

    >>> speaker("camera", lean_of="trunk", descriptor="").gerund("left")
    "moving to the viewer's left"
    """
    notes = {}
    for name, movement in MOVEMENTS.items():
        if movement.kind == "travel":
            note = FRAME_NOTES[frame]
        elif movement.kind == "lean":
            note = LEAN_NOTES[lean_of]
        else:
            note = KIND_NOTES[movement.kind]
        notes[name] = f" {note}" if note else ""
    return Speaker(subject(descriptor), PHRASES[frame], notes, f" {FRAME_NOTES[frame]}")


STEMS: dict[str, str] = {
    # numerical
    "count": "How many times does {subject} {move} {window}?{note} {count_note}",
    "count_strength": "How many times does {subject} {move}, {strength}, {window}?{note} "
    "{count_note}",
    "total": "By how much does {subject} {move} {window}, every time added up?{note}",
    "path_length": "About how long is the way that {subject} goes {window}?",
    "furthest_distance": "About how far from the starting point does {subject} get at the "
    "furthest?{note}",
    "end_distance": "About how far from the starting point is {subject} at the end of the "
    "video?{note}",
    "duration": "About how long does it take {subject} to {move} for the {nth} time?{note}",
    "amount": "By how much does {subject} {move} the {nth} time?{note}",
    "count_returns": "How many times does {subject} come back to the starting point after going "
    "away from it?{note}",
    "count_repetitions": "How many times does {subject} repeat the to-and-fro movement of {part}?",
    # comparative
    "compare_count": "Which does {subject} do more often {window}: {one} or {other}?{note}",
    "compare_total": "Which adds up to more {window}: {one} or {other}? The question is about "
    "{subject}.{note}",
    "compare_speed": "Which is faster at its fastest {window}: {one} or {other}? The question is "
    "about {subject}.{note}",
    "compare_halves": "In which half of the video does {subject} cover more ground?",
    "compare_own": "Which way does {subject} go further in all: {one}, or {other}? " + OWN_NOTE,
    "compare_parts": "Which moves further in all, relative to the body of {subject}: {one} or "
    "{other}?",
    # dominant
    "dominant_direction": "In which of these directions does {subject} go furthest {window}, "
    "every movement added up?{note}",
    "dominant_lean": "Which way does {subject} lean most, every time added up?{note}",
    "dominant_speed": "Which of these movements of {subject} is the fastest at its fastest?{note}",
    "dominant_activity": "What does {subject} spend most time on {window}?{note}",
    "dominant_limb": "Which of these limbs of {subject} moves furthest in all, relative to the "
    "body?",
    # temporal
    "happens_in": "Which of these happens {window}: {subject} {one}, or {other}?{note}",
    "first_in": "What does {subject} begin first {window}?{note}",
    "speed_class": "How fast is {subject} on average when {one} for the first time {window}?{note}",
    "quarter_of": "In which quarter of the video does {subject} begin {one} for the {nth} "
    "time?{note}",
    # ordering
    "next_after": "{Subject} is {one} for the {nth} time. What does {subject} begin next?{note}",
    "last_before": "{Subject} begins {one} for the {nth} time. Which of these did {subject} begin "
    "most recently before that?{note}",
    "first_of": "Which of these does {subject} begin first?{note}",
    "last_of": "Which of these does {subject} begin last?{note}",
    "order_of": "In which order does {subject} begin these for the first time: {one}; {other}; "
    "{third}?{note}",
    # trajectory
    "quarter_most": "In which quarter of the video does {subject} {move} most, every time added "
    "up?{note}",
    "quarter_least_path": "In which quarter of the video does {subject} cover the least ground?",
    "quarter_most_path": "In which quarter of the video does {subject} cover the most ground?",
    "end_sector": "Where is {subject} at the end of the video, as seen from where they "
    "started?{note}",
    "furthest_quarter": "In which quarter of the video is {subject} furthest from the starting "
    "point?{note}",
    "closest_quarter_end": "At the end of which quarter of the video is {subject} closest to the "
    "starting point?{note}",
    "path_shape": "Which of these describes the way of {subject} over the ground?",
    "own_travel": "Which way does {subject} mostly go over the ground? " + OWN_NOTE,
    # existence
    "ever": "Does {subject} {move} {window}?{note}",
    "ever_walks": "Does {subject} walk or run {window}?",
    "ever_returns": "Does {subject} come back to the starting point after going away from "
    "it?{note}",
    "ever_sidesteps": "Does {subject} step sideways to {side}? " + OWN_NOTE,
    "ever_near": "Does {subject} have {one} at any time in the video?",
    "ever_repeats": "Does {subject} move {part} to and fro several times in a row?",
}
"""One stem for each rule, with places for the words of the ask."""

NEGATED: dict[str, str] = {
    "ever": "Is it true that {subject} does not {move} {window}?{note}",
    "ever_walks": "Is it true that {subject} does not walk or run {window}?",
    "ever_returns": "Is it true that {subject} does not come back to the starting point after "
    "going away from it?{note}",
    "ever_sidesteps": "Is it true that {subject} does not step sideways to {side}? " + OWN_NOTE,
    "ever_near": "Is it true that {subject} never has {one} in the video?",
    "ever_repeats": "Is it true that {subject} does not move {part} to and fro several times in a "
    "row?",
}
"""The stems of negated asks."""
