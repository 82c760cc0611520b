"""On which timeline a piece of evidence can be seen, and whether the path shows it."""

from typing import NamedTuple

from kinematics.facts import SIGNALS
from qagen.language.vocabulary import MOVEMENTS

ENDINGS = ("_total", "_peak", "_most", "_path")
"""What a name of evidence may add to the name of a movement."""

PLACES = frozenset({"furthest", "closest", "end", "return", "returns"})
"""Places that are seen in the distance from the start."""

SHAPES = frozenset({"laps", "straightness", "path", "travelling"})
"""What the way as a whole shows."""

ACTIVITIES = {"forward_time": "forward", "elsewhere_time": "left", "staying_time": "start_distance"}
"""How long somebody does something, and the signal that shows it best."""

TRAVELS = frozenset({"left", "forward", "start_distance"})


class Lane(NamedTuple):
    """One timeline."""

    signal: str
    words: str
    unit: str
    least_span: float
    """In metres or degrees: less change does not fill the timeline."""


LANES: tuple[Lane, ...] = (
    Lane("forward", "forward", "m", 0.4),
    Lane("left", "to the left", "m", 0.4),
    Lane("up", "up", "m", 0.2),
    Lane("start_distance", "from the start", "m", 0.4),
    Lane("heading", "heading, + left", "°", 30.0),
    Lane("forward_lean", "lean forward", "°", 30.0),
    Lane("left_lean", "lean to the left", "°", 30.0),
)
"""All signals of the facts, in the order in which they are drawn."""


def signal_of(what: str) -> str:
    """The signal in which evidence can be seen, or nothing.

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
    """Whether evidence is seen in the path from above.

    >>> on_path("own_left"), on_path("path"), on_path("turn_left"), on_path("left_hand_path")
    (True, True, False, False)
    """
    if what in SHAPES or what.startswith("own_"):
        return True
    return signal_of(what) in TRAVELS
