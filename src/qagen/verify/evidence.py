"""Whether the values that an answer was said to follow from are in the motion."""

import math
from collections.abc import Iterator

from kinematics.thresholds import RETURN
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import WINDOWS, Ask, Evidence, Unit, Window
from qagen.schema.record import Record
from qagen.verify.moves import Clip, Move
from qagen.verify.rederive import amounts, route

STEP_S = 0.04
"""Times may be off by one sample of the measurements' grid."""

SLACK: dict[Unit, float] = {
    "m": 0.002,
    "rad": math.radians(0.2),
    "s": STEP_S,
    "m/s": 0.01,
    "rad/s": math.radians(0.5),
    "count": 0.002,
    "share": 0.01,
}
"""How far two honest measurements of one value are apart at most: rounding, and one sample."""

RELATIVE = 0.002
"""The same for large values."""

MEAN_SPEED = 0.05
"""The same for mean speeds, which hang on when a movement begins and ends."""

_EVERY_MOVE = ("count", "count_strength", "compare_count")
"""Rules whose answer needs each of the movements as evidence."""

Value = tuple[float, Unit]


def near(one: float, other: float, unit: Unit, *, relative: float = RELATIVE) -> bool:
    """Whether two measurements may be of the same value.

    >>> near(1.0, 1.001, "m"), near(1.0, 1.01, "m")
    (True, False)
    """
    return abs(one - other) <= max(SLACK[unit], relative * max(abs(one), abs(other)))


def _same_time(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(abs(a - b) <= STEP_S for a, b in zip(one, other, strict=True))


def _window_of(clip: Clip, span_s: tuple[float, float]) -> Window | None:
    """The window that begins and ends at these times."""
    for name in WINDOWS:
        window = clip.window(name)
        if _same_time((window.start_s, window.end_s), span_s):
            return name
    return None


def derived(clip: Clip, one: Evidence) -> list[Value]:
    """Every value that could have been meant, by the second measurement; none when there is none.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.stand(4.0)).motion))
    >>> path = Evidence(what="path", value=1.0, unit="m", start_s=0.0, end_s=4.0)
    >>> [(round(value, 2), unit) for value, unit in derived(clip, path)]
    [(0.0, 'm')]
    """
    span_s = (one.start_s, one.end_s)
    subject, _, kind = one.what.rpartition("_")
    if one.what in MOVEMENTS:
        return [(move.amount, _unit(one.what)) for move in _at(clip, one.what, span_s)]
    if subject in MOVEMENTS and kind == "peak":
        return _peaks(clip, subject, span_s)
    if one.what == "return":
        found = route.comings(clip, leave_m=RETURN.enter, back_m=RETURN.leave)
        return [(RETURN.leave, "m") for times_s in found if _same_time(times_s, span_s)]
    if one.start_s == one.end_s:
        return _at_moment(clip, one.what, one.start_s)
    if one.what == "path":
        return _paths(clip, span_s)
    window = _window_of(clip, span_s)
    if window is None:
        return []
    if subject in MOVEMENTS and kind == "total":
        return [(clip.total(subject, window), _unit(subject))]
    if subject in MOVEMENTS and kind == "most":
        part = clip.total(subject, window) if window != "whole" else 0.0
        return [(max(clip.unexplained[subject], part), _unit(subject))]
    return _of_window(clip, one.what, window) or _of_part(clip, subject, kind, window)


def _unit(movement: str) -> Unit:
    return MOVEMENTS[movement].unit


def _at(clip: Clip, movement: str, span_s: tuple[float, float]) -> list[Move]:
    moves = clip.moves[movement]
    return [one for one in moves if _same_time((one.start_s, one.end_s), span_s)]


def _peaks(clip: Clip, movement: str, span_s: tuple[float, float]) -> list[Value]:
    """The greatest speed, of the fastest occurrence only; 0 over the clip when there is none."""
    unit, moves = amounts.speed_unit(movement), _at(clip, movement, span_s)
    if not clip.moves[movement]:
        return [(0.0, unit)] if _window_of(clip, span_s) == "whole" else []
    fastest = amounts.fastest(clip, movement)
    return [(one.peak_speed, unit) for one in moves if near(one.peak_speed, fastest, unit)]


def _at_moment(clip: Clip, what: str, when_s: float) -> list[Value]:
    """The distance from the start at a moment that is what it is said to be."""
    here_m = clip.distance_at(when_s)
    for name in WINDOWS:
        window = clip.window(name)
        inside = window.start_s - STEP_S <= when_s <= window.end_s + STEP_S
        if what == "furthest" and inside and near(here_m, window.furthest_m, "m"):
            return [(here_m, "m")]
        if what == "end" and abs(when_s - window.end_s) <= STEP_S:
            return [(window.end_distance_m, "m")]
    return []


def _paths(clip: Clip, span_s: tuple[float, float]) -> list[Value]:
    """The way walked in one quarter or in several in a row."""
    quarters = clip.facts.quarters
    for first in range(len(quarters)):
        for last in range(first, len(quarters)):
            if _same_time((quarters[first].start_s, quarters[last].end_s), span_s):
                return [(sum(one.path_m for one in quarters[first : last + 1]), "m")]
    return []


def _of_window(clip: Clip, what: str, name: Window) -> list[Value]:
    """What belongs to a window as a whole."""
    window, shape = clip.window(name), clip.facts.shape
    activities_s = amounts.activities_s(clip, window.start_s, window.end_s)
    if what.endswith("_time") and (activity := what.removesuffix("_time")) in activities_s:
        return [(activities_s[activity], "s")]
    if name != "whole":
        return []
    values: dict[str, Value] = {
        "furthest": (shape.extent_m, "m"),
        "net_left": (window.net_left_m, "m"),
        "net_forward": (window.net_forward_m, "m"),
        "straightness": (shape.straightness, "share"),
        "laps": (shape.laps, "count"),
        "returns": (float(shape.returns), "count"),
        **{f"own_{way}": (path_m, "m") for way, path_m in amounts.own_ways(clip).items()},
    }
    return [values[what]] if what in values else []


def _of_part(clip: Clip, part: str, kind: str, name: Window) -> list[Value]:
    """What a body part did over the whole clip."""
    found = [one for one in clip.facts.parts if one.part == part]
    if not found or name != "whole":
        return []
    least_m, _ = found[0].distance_range or (math.nan, math.nan)
    values: dict[str, Value] = {
        "repetitions": (float(found[0].repetitions), "count"),
        "path": (found[0].path, "m"),
        "closest": (least_m, "m"),
        "near": (found[0].near_share or 0.0, "share"),
    }
    return [values[kind]] if kind in values else []


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
