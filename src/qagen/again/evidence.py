"""Whether the values that an answer was said to follow from are in the motion."""

import math
from collections.abc import Iterator

from qagen.again.moves import Clip
from qagen.question import WINDOWS, Ask, Evidence, Unit, Window
from qagen.record import Record
from qagen.vocabulary import MOVEMENTS

STEP_S = 0.04
"""Times may be off by one sample of the measurements' grid."""

SLACK: dict[Unit, float] = {
    "m": 0.002,
    "rad": math.radians(0.2),
    "s": STEP_S,
    "m/s": 0.03,
    "rad/s": math.radians(2),
    "count": 0.0,
    "share": 0.01,
}
"""How far two honest measurements of one value are apart at most: rounding, and one sample."""

RELATIVE = 0.002
RELATIVE_SPEED = 0.05
"""The same for large values; a speed hangs on when its movement begins and ends."""

_EVERY_MOVE = ("count", "count_strength", "compare_count")
"""Rules whose answer needs each of the movements as evidence."""


def near(one: float, other: float, unit: Unit) -> bool:
    """Whether two measurements may be of the same value.

    >>> near(1.0, 1.001, "m"), near(1.0, 1.01, "m")
    (True, False)
    """
    relative = RELATIVE_SPEED if unit in ("m/s", "rad/s") else RELATIVE
    return abs(one - other) <= max(SLACK[unit], relative * max(abs(one), abs(other)))


def _same_time(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= STEP_S for a, b in zip(one, other, strict=True))


def _window_of(clip: Clip, start_s: float, end_s: float) -> Window | None:
    """The window that begins and ends at these times."""
    for name in WINDOWS:
        window = clip.window(name)
        if _same_time((window.start_s, window.end_s), (start_s, end_s)):
            return name
    return None


def derived(clip: Clip, one: Evidence) -> list[tuple[float, Unit]]:
    """Every value that could have been meant, by the second measurement; none when there is none.

    >>> from kinematics import synthetic
    >>> from qagen.again import moves
    >>> from qagen.second import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.stand(4.0)).motion))
    >>> path = Evidence(what="path", value=1.0, unit="m", start_s=0.0, end_s=4.0)
    >>> [(round(value, 2), unit) for value, unit in derived(clip, path)]
    [(0.0, 'm')]
    """
    times_s = (one.start_s, one.end_s)
    if one.what in MOVEMENTS:
        moves = clip.moves[one.what]
        unit = MOVEMENTS[one.what].unit
        return [
            (move.amount, unit) for move in moves if _same_time((move.start_s, move.end_s), times_s)
        ]
    window = _window_of(clip, *times_s)
    movement, _, kind = one.what.rpartition("_")
    if window is None:
        return []
    if one.what == "path":
        return [(clip.window(window).path_m, "m")]
    if movement in MOVEMENTS and kind == "total":
        return [(clip.total(movement, window), MOVEMENTS[movement].unit)]
    if movement in MOVEMENTS and kind == "most":
        place = WINDOWS.index(window)
        parts = [move.parts[place - 1] for move in clip.moves[movement]] if place else []
        most = max([clip.unexplained[movement], *parts])
        return [(most, MOVEMENTS[movement].unit)]
    return []


def problems(clip: Clip, record: Record) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a record's evidence: where, what was recorded, what was derived."""
    for one in record.evidence:
        found = derived(clip, one)
        if not any(near(one.value, value, unit) and unit == one.unit for value, unit in found):
            shown = ", ".join(f"{value:.4f} {unit}" for value, unit in found) or "no such thing"
            said = f"{one.value:.4f} {one.unit} from {one.start_s:.2f} s to {one.end_s:.2f} s"
            yield f"evidence {one.what}", said, shown
    if not record.evidence:
        yield "evidence", "none", "something that the answer follows from"
    yield from _left_out(clip, record)


def _left_out(clip: Clip, record: Record) -> Iterator[tuple[str, str, str]]:
    ask: Ask = record.ask
    if ask.rule not in _EVERY_MOVE:
        return
    for name in ask.movements:
        said = sum(one.what == name for one in record.evidence)
        if said != len(clip.moves[name]):
            yield f"evidence {name}", f"{said} times", f"{len(clip.moves[name])} times"
