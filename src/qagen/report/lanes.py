"""The timeline on which evidence is visible, and whether the path shows it."""

from typing import NamedTuple

from kinematics.facts import SIGNALS
from qagen.language.vocabulary import MOVEMENTS

ENDINGS = ("_total", "_peak", "_most", "_path")
"""Suffixes that names of evidence may add to the name of a movement."""

PLACES = frozenset({"furthest", "closest", "end", "return", "returns"})
"""Evidence that is visible in the distance from the start."""

SHAPES = frozenset({"laps", "straightness", "path", "travelling"})
"""Evidence that is visible in the path as a whole."""

ACTIVITIES = {"forward_time": "forward", "elsewhere_time": "left", "staying_time": "start_distance"}
"""Durations of activities, with the signal that shows them best."""

TRAVELS = frozenset({"left", "forward", "start_distance"})


class Lane(NamedTuple):
    """A timeline."""

    signal: str
    words: str
    unit: str
    least_span: float
    """Least range of the timeline's axis, in metres or degrees."""


LANES: tuple[Lane, ...] = (
    Lane("forward", "forward", "m", 0.4),
    Lane("left", "to the left", "m", 0.4),
    Lane("up", "up", "m", 0.2),
    Lane("start_distance", "from the start", "m", 0.4),
    Lane("heading", "heading, + left", "°", 30.0),
    Lane("forward_lean", "lean forward", "°", 30.0),
    Lane("left_lean", "lean to the left", "°", 30.0),
)
"""All signals of the facts, in drawing order."""


def signal_of(what: str) -> str:
    """The signal in which evidence is visible, or an empty string.

    >>> [signal_of(what) for what in ("turn_left_total", "net_left", "jump", "own_left", "path")]
    ['heading', 'left', 'up', '', '']
    """
    if what in ACTIVITIES:
        return ACTIVITIES[what]
    name = what.removeprefix("net_")
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    if name in PLACES:
        return "start_distance"
    if name == "turning":
        return "heading"
    movement = MOVEMENTS.get(name)
    if movement is None:
        return ""
    return movement.signal if movement.signal in SIGNALS else "up"


def on_path(what: str) -> bool:
    """Whether evidence is visible in the path from above.

    >>> on_path("own_left"), on_path("path"), on_path("turn_left"), on_path("left_hand_path")
    (True, True, False, False)
    """
    if what in SHAPES or what.startswith("own_"):
        return True
    return signal_of(what) in TRAVELS
