"""The words of questions, as data: movements by frame of reference, classes, units and persons.

Left and right are only ever directions, so that a mirror turns each phrase into that of the
mirrored movement.
"""

import math
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from kinematics.facts import Frame
from qagen.language.vocabulary import MOVEMENTS, Kind
from qagen.schema.question import Ask, Unit, Window


class Phrase(NamedTuple):
    """A movement in words."""

    base: str
    """After "does the person": `move to the left`."""
    gerund: str
    """As an option or a subject: `moving to the left`."""


_ANY: dict[str, Phrase] = {
    "away": Phrase("move away from the starting point", "moving away from the starting point"),
    "towards": Phrase(
        "move back towards the starting point", "moving back towards the starting point"
    ),
    "turn_left": Phrase("turn to their left", "turning to their left"),
    "turn_right": Phrase("turn to their right", "turning to their right"),
    "up": Phrase("move their hips up", "moving the hips up"),
    "down": Phrase("move their hips down", "moving the hips down"),
    "jump": Phrase("jump", "jumping"),
    "crouch": Phrase("crouch and come up again", "crouching and coming up again"),
    "lower": Phrase("sit down or get low", "sitting down or getting low"),
    "rise": Phrase("stand up from a low position", "standing up from a low position"),
}

_LEANS: dict[Literal["pelvis", "trunk"], dict[str, Phrase]] = {
    "trunk": {
        "lean_forward": Phrase("lean forwards", "leaning forwards"),
        "lean_backward": Phrase("lean backwards", "leaning backwards"),
        "lean_left": Phrase("lean to their left", "leaning to their left"),
        "lean_right": Phrase("lean to their right", "leaning to their right"),
    },
    "pelvis": {
        "lean_forward": Phrase("tip their hips forwards", "tipping the hips forwards"),
        "lean_backward": Phrase("tip their hips backwards", "tipping the hips backwards"),
        "lean_left": Phrase("tip their hips to their left", "tipping the hips to their left"),
        "lean_right": Phrase("tip their hips to their right", "tipping the hips to their right"),
    },
}
"""Where only the hips were tracked, a lean is one of the hips, and the question says so."""

_TRAVELS: dict[Frame, dict[str, Phrase]] = {
    "first_heading": {
        "left": Phrase("move to the left", "moving to the left"),
        "right": Phrase("move to the right", "moving to the right"),
        "forward": Phrase("move forwards", "moving forwards"),
        "backward": Phrase("move backwards", "moving backwards"),
    },
    "body": {
        "left": Phrase("step sideways to their left", "stepping sideways to their left"),
        "right": Phrase("step sideways to their right", "stepping sideways to their right"),
        "forward": Phrase("go the way they face", "going the way they face"),
        "backward": Phrase("go backwards", "going backwards"),
    },
    "camera": {
        "left": Phrase("move to the viewer's left", "moving to the viewer's left"),
        "right": Phrase("move to the viewer's right", "moving to the viewer's right"),
        "forward": Phrase("move away from the camera", "moving away from the camera"),
        "backward": Phrase("move towards the camera", "moving towards the camera"),
    },
}
_TRAVELS["first_pose"] = _TRAVELS["first_heading"]


def phrases_of(frame: Frame, *, lean_of: Literal["pelvis", "trunk"]) -> dict[str, Phrase]:
    """The name of each movement in a frame of reference.

    >>> phrases_of("camera", lean_of="trunk")["left"].gerund
    "moving to the viewer's left"
    """
    return {**_ANY, **_LEANS[lean_of], **_TRAVELS[frame]}


WINDOWS: dict[Window, str] = {
    "whole": "in the whole video",
    "quarter_1": "in the first quarter",
    "quarter_2": "in the second quarter",
    "quarter_3": "in the third quarter",
    "quarter_4": "in the last quarter",
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
        "small": "by less than 0.6 m",
        "medium": "by 0.6 m to 2 m",
        "large": "by more than 2 m",
    },
    "distance": {
        "small": "by less than 0.6 m",
        "medium": "by 0.6 m to 2 m",
        "large": "by more than 2 m",
    },
    "turn": {
        "small": "by less than 60°",
        "medium": "by 60° to 150°",
        "large": "by more than 150°",
    },
    "lean": {
        "small": "by less than 30°",
        "medium": "by 30° to 60°",
        "large": "by more than 60°",
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
    "forward": "Forwards",
    "backward": "Backwards",
    "left": "Sideways to their left",
    "right": "Sideways to their right",
}
"""Ways over the ground along the person's own changing axes."""

ACTIVITIES: dict[str, str] = {
    "elsewhere": "Moving in another direction",
    "staying": "Staying in place",
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


def strength(ask: Ask) -> str:
    """The class of sizes that an ask is about; empty for any size."""
    return STRENGTHS[MOVEMENTS[ask.movements[0]].kind][ask.strength] if ask.strength else ""


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
class _Event(Protocol):
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

    def gerund(self, movement: str) -> str:
        """`moving to the left`."""
        return self.phrases[movement].gerund

    def event(self, event: _Event) -> str:
        """A movement with its times and size, for reasonings."""
        scale, decimals, name = _UNITS[MOVEMENTS[event.movement].unit]
        return (
            f"{self.phrases[event.movement].gerund} by {event.amount * scale:.{decimals}f}{name} "
            f"from {event.start_s:.1f} s to {event.end_s:.1f} s"
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
    return Speaker(subject(descriptor), phrases_of(frame, lean_of=lean_of))
