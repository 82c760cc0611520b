"""Whether the recorded evidence of an answer agrees with the motion."""

import math
from collections.abc import Iterator

from kinematics.thresholds import RETURN
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import WINDOWS, Evidence, Unit, Window
from qagen.schema.record import Record
from qagen.verify import quantities
from qagen.verify.moves import Clip, Move
from qagen.verify.quantities import unit_of
from qagen.verify.rederive import table
from qagen.verify.rederive.kinds import RELATIVE

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

Value = tuple[float, Unit]


def near(first: float, second: float, unit: Unit, *, relative: float = RELATIVE) -> bool:
    """Whether two measurements may be of the same value.

    >>> near(1.0, 1.001, "m"), near(1.0, 1.01, "m")
    (True, False)
    """
    return abs(first - second) <= max(SLACK[unit], relative * max(abs(first), abs(second)))


def _same_time(first_s: tuple[float, float], second_s: tuple[float, float]) -> bool:
    return all(abs(a - b) <= STEP_S for a, b in zip(first_s, second_s, strict=True))


def _window_of(clip: Clip, span_s: tuple[float, float]) -> Window | None:
    """The window that begins and ends at these times."""
    for name in WINDOWS:
        window = clip.window(name)
        if _same_time((window.start_s, window.end_s), span_s):
            return name
    return None


def derived(clip: Clip, evidence: Evidence) -> list[Value]:
    """The values of the second measurement that a piece of evidence may stand for.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.stand(4.0)).motion))
    >>> path = Evidence(what="path", value=1.0, unit="m", start_s=0.0, end_s=4.0)
    >>> [(round(value, 2), unit) for value, unit in derived(clip, path)]
    [(0.0, 'm')]
    """
    what, span_s = evidence.what, (evidence.start_s, evidence.end_s)
    subject, _, kind = what.rpartition("_")
    if what in MOVEMENTS:
        return [(move.amount, unit_of(what)) for move in _at(clip, what, span_s)]
    if subject in MOVEMENTS and kind == "peak":
        return _peaks(clip, subject, span_s)
    if what == "return":
        returns_s = quantities.returns_s(clip, leave_m=RETURN.enter, back_m=RETURN.leave)
        return [(RETURN.leave, "m") for times_s in returns_s if _same_time(times_s, span_s)]
    if evidence.start_s == evidence.end_s:
        return _at_moment(clip, what, evidence.start_s)
    if what == "path":
        return _paths(clip, span_s)
    window = _window_of(clip, span_s)
    if window is None:
        return []
    if subject in MOVEMENTS and kind == "total":
        return [(clip.total(subject, window), unit_of(subject))]
    if subject in MOVEMENTS and kind == "most":
        part = clip.total(subject, window) if window != "whole" else 0.0
        return [(max(clip.unexplained[subject], part), unit_of(subject))]
    return _of_window(clip, what, window) or _of_part(clip, subject, kind, window)


def _at(clip: Clip, movement: str, span_s: tuple[float, float]) -> list[Move]:
    moves = clip.moves[movement]
    return [move for move in moves if _same_time((move.start_s, move.end_s), span_s)]


def _peaks(clip: Clip, movement: str, span_s: tuple[float, float]) -> list[Value]:
    """The peak speed of the fastest occurrence; 0 over the whole clip when there is none."""
    unit, top_speed = quantities.speed_unit(movement), quantities.top_speed(clip, movement)
    if not clip.moves[movement]:
        return [(0.0, unit)] if _window_of(clip, span_s) == "whole" else []
    speeds = [move.peak_speed for move in _at(clip, movement, span_s)]
    return [(speed, unit) for speed in speeds if near(speed, top_speed, unit)]


def _at_moment(clip: Clip, what: str, when_s: float) -> list[Value]:
    """The distance from the start at a moment that is an end or the furthest point of a window."""
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
    """The path walked in consecutive quarters."""
    quarters = clip.facts.quarters
    for first in range(len(quarters)):
        for last in range(first, len(quarters)):
            if _same_time((quarters[first].start_s, quarters[last].end_s), span_s):
                return [(sum(quarter.path_m for quarter in quarters[first : last + 1]), "m")]
    return []


def _of_window(clip: Clip, what: str, name: Window) -> list[Value]:
    """A value of a window as a whole."""
    window, shape = clip.window(name), clip.facts.shape
    activities_s = quantities.activities_s(clip, window.start_s, window.end_s)
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
        **{f"own_{way}": (path_m, "m") for way, path_m in quantities.own_paths_m(clip).items()},
    }
    return [values[what]] if what in values else []


def _of_part(clip: Clip, part: str, kind: str, name: Window) -> list[Value]:
    """A value of a body part over the whole clip."""
    facts = next((facts for facts in clip.facts.parts if facts.part == part), None)
    if facts is None or name != "whole":
        return []
    least_m, _ = facts.distance_range or (math.nan, math.nan)
    values: dict[str, Value] = {
        "repetitions": (float(facts.repetitions), "count"),
        "path": (facts.path, "m"),
        "closest": (least_m, "m"),
        "near": (facts.near_share or 0.0, "share"),
    }
    return [values[kind]] if kind in values else []


def problems(clip: Clip, record: Record) -> Iterator[tuple[str, str, str]]:
    """The errors in a record's evidence: the place, the recorded value, the derived value."""
    for piece in record.evidence:
        values = derived(clip, piece)
        if not any(near(piece.value, value, unit) and unit == piece.unit for value, unit in values):
            shown = ", ".join(f"{value:.4f} {unit}" for value, unit in values) or "no such thing"
            times = f"from {piece.start_s:.2f} s to {piece.end_s:.2f} s"
            yield f"evidence {piece.what}", f"{piece.value:.4f} {piece.unit} {times}", shown
    if not record.evidence:
        yield "evidence", "none", "something that the answer follows from"
    yield from _left_out(clip, record)


def _left_out(clip: Clip, record: Record) -> Iterator[tuple[str, str, str]]:
    """The movements of which some occurrence is missing in the evidence."""
    if not table.RULES[record.ask.rule].every_move:
        return
    for name in record.ask.movements:
        said = sum(piece.what == name for piece in record.evidence)
        if said != len(clip.moves[name]):
            yield f"evidence {name}", f"{said} times", f"{len(clip.moves[name])} times"
