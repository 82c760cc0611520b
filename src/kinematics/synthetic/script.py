"""Scripts: frozen movements of a figure, and the functions that create and combine them.

More public names than usual: one short function for each movement.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

Toward = Literal["forward", "backward", "left", "right"]
Side = Literal["left", "right"]

TravelKind = Literal["walk", "run", "sidestep", "walk_backward", "arc"]

MAX_DROP_M = 0.55
"""Maximum distance of the pelvis below standing height, limited by the figure's legs."""

MIN_JUMP_M = 0.12
"""In lower hops the toes would stay on the floor: the heels alone raise the body by 8 cm."""


@dataclass(frozen=True, kw_only=True)
class Travel:
    """Travel on foot; `angle_rad` is turned evenly along the way."""

    kind: TravelKind
    distance_m: float
    speed_mps: float
    toward: Toward = "forward"
    angle_rad: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Turning on the spot."""

    kind: ClassVar[str] = "turn"
    angle_rad: float
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Lean:
    """Bending the trunk, the pelvis by its share of the angle; with `hold_s=None` it stays bent."""

    kind: Literal["lean", "bow"]
    angle_rad: float
    toward: Toward
    duration_s: float
    hold_s: float | None
    pelvis_share: float


@dataclass(frozen=True, kw_only=True)
class Straighten:
    """Back to upright from any lean."""

    kind: ClassVar[str] = "straighten"
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Drop:
    """Lowering the body by bending the knees; with `hold_s=None` it stays down."""

    kind: Literal["crouch", "sit"]
    drop_m: float
    duration_s: float
    hold_s: float | None


@dataclass(frozen=True, kw_only=True)
class StandUp:
    """Back to standing height from any height."""

    kind: ClassVar[str] = "stand_up"
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class Jump:
    """A ballistic jump; `height_m` is the rise of the root above standing height."""

    kind: ClassVar[str] = "jump"
    height_m: float
    forward_m: float
    dip_m: float


@dataclass(frozen=True, kw_only=True)
class Wave:
    """One arm raised and swung to and fro; nothing else moves."""

    kind: ClassVar[str] = "wave"
    side: Side
    cycles: int
    rate_hz: float


@dataclass(frozen=True, kw_only=True)
class Stand:
    """No movement for some time."""

    kind: ClassVar[str] = "stand"
    duration_s: float


Movement = Travel | Turn | Lean | Straighten | Drop | StandUp | Jump | Wave | Stand


@dataclass(frozen=True)
class Script:
    """Movements in order."""

    movements: tuple[Movement, ...]

    def then(self, *others: "Script") -> "Script":
        """This script, then the others."""
        return then(self, *others)


def then(*scripts: Script) -> Script:
    """The scripts one after another. Adjacent walks, runs and arcs are joined without a stop.

    >>> [movement.kind for movement in then(walk(3.0), turn(math.pi / 2), walk(1.0)).movements]
    ['walk', 'turn', 'walk']
    """
    return Script(tuple(movement for script in scripts for movement in script.movements))


def _only(movement: Movement) -> Script:
    return Script((movement,))


def _checked(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError(f"{name}: {value:g}; expected {low:g} to {high:g}")
    return float(value)


def _travel(
    kind: TravelKind,
    distance_m: float,
    speed_mps: float,
    limits_mps: tuple[float, float],
    toward: Toward = "forward",
) -> Script:
    return _only(
        Travel(
            kind=kind,
            distance_m=_checked("distance_m", distance_m, 0.05, 1e4),
            speed_mps=_checked("speed_mps", speed_mps, *limits_mps),
            toward=toward,
        )
    )


def walk(distance_m: float, *, speed_mps: float = 1.2) -> Script:
    """Walks straight ahead.

    >>> walk(3.0).movements[0].distance_m
    3.0
    """
    return _travel("walk", distance_m, speed_mps, (0.1, 2.0))


def run(distance_m: float, *, speed_mps: float = 3.0) -> Script:
    """Runs straight ahead.

    >>> run(10.0).movements[0].kind
    'run'
    """
    return _travel("run", distance_m, speed_mps, (2.0, 8.0))


def walk_backward(distance_m: float, *, speed_mps: float = 0.8) -> Script:
    """Walks backwards, facing ahead.

    >>> walk_backward(1.0).movements[0].toward
    'backward'
    """
    return _travel("walk_backward", distance_m, speed_mps, (0.1, 1.5), "backward")


def sidestep(distance_m: float, *, to: Side, speed_mps: float = 0.5) -> Script:
    """Steps sideways, facing ahead.

    >>> sidestep(1.0, to="left").movements[0].toward
    'left'
    """
    return _travel("sidestep", distance_m, speed_mps, (0.1, 1.0), to)


def arc(radius_m: float, angle_rad: float, *, speed_mps: float = 1.2) -> Script:
    """Walks or runs along a circle, turning by `angle_rad` (positive to the left).

    >>> round(arc(2.0, math.pi).movements[0].distance_m, 3)
    6.283
    """
    _checked("abs(angle_rad)", abs(angle_rad), 0.01, 1e3)
    return _only(
        Travel(
            kind="arc",
            distance_m=_checked("radius_m", radius_m, 0.3, 1e4) * abs(angle_rad),
            speed_mps=_checked("speed_mps", speed_mps, 0.1, 8.0),
            angle_rad=angle_rad,
        )
    )


def turn(angle_rad: float, *, duration_s: float | None = None) -> Script:
    """Turns on the spot, positive to the left; by default at 75 degrees per second.

    >>> turn(-math.pi / 2).movements[0].duration_s
    1.2
    """
    usual_s = max(0.8, abs(angle_rad) / math.radians(75))
    return _only(
        Turn(
            angle_rad=float(angle_rad),
            duration_s=_checked("duration_s", duration_s or round(usual_s, 3), 0.2, 1e3),
        )
    )


def lean(
    angle_rad: float,
    *,
    toward: Toward = "forward",
    hold_s: float = 1.0,
    duration_s: float | None = None,
    pelvis_share: float = 0.7,
    stay: bool = False,
) -> Script:
    """Leans and comes back after `hold_s`; with `stay`, leans until `straighten`.

    `duration_s` is the time in each direction; the pelvis tilts by `pelvis_share` of the angle.

    >>> lean(0.5, toward="left", stay=True).movements[0].hold_s is None
    True
    """
    return _only(
        Lean(
            kind="lean",
            angle_rad=_checked("angle_rad", angle_rad, 0.0, 2.4),
            toward=toward,
            duration_s=_checked("duration_s", duration_s or max(0.7, angle_rad / 0.8), 0.2, 1e3),
            hold_s=None if stay else _checked("hold_s", hold_s, 0.0, 1e4),
            pelvis_share=_checked("pelvis_share", pelvis_share, 0.0, 1.0),
        )
    )


def bow(angle_rad: float, *, hold_s: float = 1.0, pelvis_share: float = 0.4) -> Script:
    """Bends forward from the hips and the back, possibly beyond 90 degrees, and comes back.

    >>> bow(math.radians(100)).movements[0].pelvis_share
    0.4
    """
    (movement,) = lean(angle_rad, hold_s=hold_s, pelvis_share=pelvis_share).movements
    return _only(Lean(**{**vars(movement), "kind": "bow"}))


def straighten(*, duration_s: float = 1.2) -> Script:
    """Comes back from a lean with `stay`.

    >>> straighten().movements[0].kind
    'straighten'
    """
    return _only(Straighten(duration_s=_checked("duration_s", duration_s, 0.2, 1e3)))


def crouch(depth_m: float, *, hold_s: float = 1.0) -> Script:
    """Bends the knees, the feet on the floor, and comes up again.

    >>> crouch(0.3).movements[0].drop_m
    0.3
    """
    return _only(
        Drop(
            kind="crouch",
            drop_m=_checked("depth_m", depth_m, 0.0, MAX_DROP_M),
            duration_s=max(0.6, depth_m / 0.4),
            hold_s=_checked("hold_s", hold_s, 0.0, 1e4),
        )
    )


def sit(drop_m: float) -> Script:
    """Lowers the body and stays down until `stand_up`.

    >>> sit(0.4).movements[0].hold_s is None
    True
    """
    return _only(
        Drop(
            kind="sit",
            drop_m=_checked("drop_m", drop_m, 0.0, MAX_DROP_M),
            duration_s=max(0.6, drop_m / 0.4),
            hold_s=None,
        )
    )


def stand_up(*, duration_s: float = 1.0) -> Script:
    """Rises to standing height.

    >>> stand_up().movements[0].duration_s
    1.0
    """
    return _only(StandUp(duration_s=_checked("duration_s", duration_s, 0.2, 1e3)))


def jump(height_m: float, *, forward_m: float = 0.0, dip_m: float = 0.06) -> Script:
    """Dips, takes off, flies under gravity with both feet off the floor, and lands.

    >>> jump(0.3).movements[0].height_m
    0.3
    """
    return _only(
        Jump(
            height_m=_checked("height_m", height_m, MIN_JUMP_M, 1.0),
            forward_m=_checked("forward_m", forward_m, -1.0, 2.0),
            dip_m=_checked("dip_m", dip_m, 0.02, 0.4),
        )
    )


def wave(*, side: Side = "right", cycles: int = 5, rate_hz: float = 1.5) -> Script:
    """Raises one arm and waves it; root and trunk stay still.

    >>> wave(side="left").movements[0].cycles
    5
    """
    return _only(
        Wave(
            side=side,
            cycles=int(_checked("cycles", float(cycles), 1.0, 1000.0)),
            rate_hz=_checked("rate_hz", rate_hz, 0.2, 4.0),
        )
    )


def stand(duration_s: float) -> Script:
    """Stands still, or stays seated or bent.

    >>> stand(2.0).movements[0].duration_s
    2.0
    """
    return _only(Stand(duration_s=_checked("duration_s", duration_s, 0.0, 1e5)))


def pause(duration_s: float) -> Script:
    """The same as `stand`, for use between two movements.

    >>> pause(1.0) == stand(1.0)
    True
    """
    return stand(duration_s)
