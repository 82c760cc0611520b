"""All thresholds that define movements, with their units. Plain data.

Changes change facts, and the fingerprint that is written into every `MotionFacts`.
"""

import hashlib
import math
from dataclasses import dataclass
from functools import cache

from kinematics import parts
from kinematics.facts import ANGULAR_SIGNALS, SIGNALS


@dataclass(frozen=True, kw_only=True)
class MovementRule:
    """The definition of a movement of one signal."""

    prominence: float
    """Least change between two turning points, in metres or radians."""
    still_speed: float
    """Mean speed below which the signal rests, in m/s or rad/s."""
    hysteresis_share: float = 0.5
    """A reversal of this share of the prominence ends a movement."""


_LEAN = MovementRule(prominence=math.radians(12), still_speed=math.radians(10))
_HORIZONTAL = MovementRule(prominence=0.15, still_speed=0.10)

MOVEMENT: dict[str, MovementRule] = {
    "left": _HORIZONTAL,
    "up": MovementRule(prominence=0.10, still_speed=0.10),
    "forward": _HORIZONTAL,
    "start_distance": _HORIZONTAL,
    "heading": MovementRule(prominence=math.radians(15), still_speed=math.radians(10)),
    "forward_lean": _LEAN,
    "left_lean": _LEAN,
}
"""One rule per signal."""

DRIFT_SHARE = 0.2
"""A component smaller than this share of its movement is drift, not a movement."""

DRIFTING_SIGNALS: frozenset[str] = frozenset({"left", "up", "forward"})
"""Signals that are components of one movement of the root."""

LONGEST_PAUSE_S = 0.5
"""A rest longer than this ends a movement."""

GAIT_SLOW_MPS = 0.15
GAIT_FULL_MPS = 0.40
"""Ground speeds from which on gait sway is partly removed, and fully removed."""

STRIDE_S = 1.1
STEP_S = 0.8
"""The two windows that, applied in succession, remove strides of 0.6 to 1.4 s and all harmonics."""

SPREAD_S = 0.25
"""The two windows spread a movement in gait by this at either end, where its speed is compared with
the still speed; its times are corrected by it."""

SPREAD_SHARE = 0.3
"""... but by no more than this share of its time at either end."""

SWAY_UP_M = 0.09
SWAY_HEADING_RAD = math.radians(17)
SWAY_TRUNK_HEADING_RAD = math.radians(10)
SWAY_LEAN_RAD = math.radians(15)
"""Amplitudes (half of peak to peak) that ordinary gait reaches: runs bob 0.16 m peak to peak; the
pelvis yaws 34 degrees, the mean of pelvis and shoulders 20; leans reach 15 to either side. A larger
departure from the stride's mean is a movement even if it is undone within the stride."""

SWAY_RANGE: dict[str, float] = {
    "up": 2 * SWAY_UP_M,
    "heading": 2 * SWAY_HEADING_RAD,
    "forward_lean": 2 * SWAY_LEAN_RAD,
    "left_lean": 2 * SWAY_LEAN_RAD,
}
"""Peak to peak: smaller to-and-fro movements at the pace of a stride are gait on the spot."""

SWAY_PERIOD_S = 1.6
"""A to-and-fro movement within this time is at the pace of a stride."""

SWAY_EVENTS = 3
"""This many consecutive movements, each undoing the last, are a sway; fewer may be intended."""


@dataclass(frozen=True, kw_only=True)
class ExcursionRule:
    """The definition of an excursion from a level and back."""

    enter: float
    """Distance from the level at which it begins."""
    leave: float
    """Distance from the level at which it ends."""
    peak: float
    """Least greatest distance from the level."""


JUMP_ROOT = ExcursionRule(enter=0.08, leave=0.06, peak=0.10)
"""Metres of the root above its standing level; runs bob up to 0.08 m above their mean."""

JUMP_FEET = ExcursionRule(enter=0.05, leave=0.035, peak=0.06)
"""Metres of the lower of root and both feet above their standing levels."""

JUMP_RUN_M = 0.06
"""Additional height of a jump while travelling: runs lift root and both feet by less."""

JUMP_LONGEST_S = 1.0
"""Longest duration of a jump."""

CROUCH = ExcursionRule(enter=0.18, leave=0.10, peak=0.18)
"""Metres of the root below its standing level; walking bobs a quarter of that."""

CROUCH_SHORTEST_S = 0.5
"""A shorter dip is the swing before a jump, or a stumble."""

RETURN = ExcursionRule(enter=0.75, leave=0.40, peak=0.75)
"""Metres from the start."""

STANDING_SHARE = 0.75
"""Share of the clip in which the root is below its standing level (flights are rare)."""

FLOOR_SHARE = 0.10
"""Share of the clip in which a foot is below its floor level (sinking skeletons are rare)."""

HEIGHT_CHANGE_M = 0.25
HEIGHT_HELD_S = 1.0
"""A change of the root's height by this much, held for this long, is a lowering or a rising."""

TRAVEL_SPEED_MPS = 0.30
"""Ground speed above which the direction of travel is meaningful."""

UPSIDE_DOWN_RAD = math.radians(10)
"""Within this of upside down, a body has no heading."""


@cache
def fingerprint() -> str:
    """Twelve hexadecimal digits that change with any threshold."""
    values = {
        name: value
        for module in (globals(), vars(parts))
        for name, value in module.items()
        if name.isupper() and not isinstance(value, frozenset)
    }
    return hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:12]


def _check_tables() -> None:
    missing = set(SIGNALS) ^ set(MOVEMENT)
    if missing or not ANGULAR_SIGNALS < set(MOVEMENT):
        raise RuntimeError(f"thresholds and signals disagree on {sorted(missing)}")


_check_tables()
