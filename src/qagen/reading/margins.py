"""How sure a fact has to be before anybody is asked about it: presence, comparison, class.

Each function gives what was found with its margin, or the reason why it is not clear enough.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar

from qagen.language.vocabulary import (
    ALMOST_SHARE,
    CLEAR_SHARE,
    FLOOR,
    MOVEMENTS,
    RATIO_BAND_SHARE,
    SAME_RATIO,
    SEEN_SHARE,
    SLIGHT_SHARE,
    Classes,
)
from qagen.reading.clip import Occurrence, Reading
from qagen.schema.question import WINDOWS, Evidence, Margin, Unit, Window

_Name = TypeVar("_Name", bound=str)

_PLACES: dict[Window, int] = {window: place for place, window in enumerate(WINDOWS)}

_BANDS: dict[str, float] = {
    name: round((CLEAR_SHARE - 1) * row.least, 5) for name, row in MOVEMENTS.items()
}
"""How much larger than the least that counts a movement has to be."""


def span(clip: Reading, window: Window) -> tuple[float, float]:
    """Start and end of a window, in seconds."""
    place = _PLACES[window]
    found = clip.facts.quarters[place - 1] if place else clip.facts.whole
    return found.start_s, found.end_s


def total(clip: Reading, movement: str, window: Window) -> Evidence:
    """A movement's total in a window, as evidence."""
    name = f"total {movement} {window}"
    found = clip.known.get(name)
    if found is None:
        found = clip.known[name] = _total(clip, movement, window)
    return found  # type: ignore[return-value]


def _total(clip: Reading, movement: str, window: Window) -> Evidence:
    start_s, end_s = span(clip, window)
    amount = clip.totals[movement][_PLACES[window]]
    return Evidence(
        what=f"{movement}_total",
        value=round(amount, 5) if amount else 0.0,
        unit=MOVEMENTS[movement].unit,
        start_s=start_s,
        end_s=end_s,
    )


def seen(clip: Reading, window: Window) -> bool:
    """Whether the person was seen for nearly all of a window."""
    place = _PLACES[window]
    found = clip.facts.quarters[place - 1] if place else clip.facts.whole
    return found.coverage >= SEEN_SHARE


class Presence(NamedTuple):
    """Whether a movement happens in a window, and how surely."""

    happens: bool
    margin: Margin
    evidence: tuple[Evidence, ...]
    ones: tuple[Occurrence, ...]


def presence(clip: Reading, movement: str, window: Window) -> Presence | str:
    """Whether a movement happens in a window; the reason when that is not clear enough."""
    name = f"presence {movement} {window}"
    found = clip.known.get(name)
    if found is None:
        found = clip.known[name] = _presence(clip, movement, window)
    return found  # type: ignore[return-value]


def _presence(clip: Reading, movement: str, window: Window) -> Presence | str:
    row = MOVEMENTS[movement]
    ones = clip.occurrences[movement]
    place = _PLACES[window]
    if place:
        least = CLEAR_SHARE * row.least
        if any(one.parts[place - 1] >= least for one in ones):
            return _present(clip, movement, window, ones)
        if clip.totals[movement][place] > SLIGHT_SHARE * row.least:
            return "between two answers"
    elif any(one.clear for one in ones):
        return _present(clip, movement, window, ones)
    elif ones:
        return "unclear movement"
    if not seen(clip, window):
        return "not seen"
    if movement in clip.doubts:
        return clip.doubts[movement]
    return _absent(clip, movement, window)


def _present(
    clip: Reading, movement: str, window: Window, ones: tuple[Occurrence, ...]
) -> Presence | str:
    place = _PLACES[window]
    least = MOVEMENTS[movement].least
    if place:
        shown = tuple([one for one in ones if one.parts[place - 1] >= CLEAR_SHARE * least])
        most = max([one.parts[place - 1] for one in shown])
    else:
        shown = tuple([one for one in ones if one.clear])
        most = max([one.amount for one in shown])
    if not seen(clip, window) and place:
        return "not seen"
    margin = Margin(
        value=round(most - least, 5), unit=MOVEMENTS[movement].unit, band=_BANDS[movement]
    )
    if margin.value < margin.band:
        return "between two answers"
    evidence = tuple([one.evidence for one in shown])
    if place:
        evidence += (total(clip, movement, window),)
    return Presence(True, margin, evidence, shown)


def _absent(clip: Reading, movement: str, window: Window) -> Presence | str:
    row = MOVEMENTS[movement]
    nearest = clip.almost[movement]
    place = _PLACES[window]
    if place:
        nearest = max(nearest, clip.totals[movement][place])
    start_s, end_s = span(clip, window)
    margin, most = _room(movement, nearest)
    if margin.value < margin.band:
        return "between two answers"
    evidence = Evidence(
        what=f"{movement}_most",
        value=most,
        unit=row.unit,
        start_s=start_s,
        end_s=end_s,
    )
    return Presence(False, margin, (evidence,), ())


@lru_cache(maxsize=256)
def _room(movement: str, nearest: float) -> tuple[Margin, float]:
    """How far the largest change is from a movement, and that change: often alike in a clip."""
    row = MOVEMENTS[movement]
    margin = Margin(value=round(row.least - nearest, 5), unit=row.unit, band=_BANDS[movement])
    return margin, round(nearest, 5) if nearest else 0.0


def clearance(clip: Reading, movement: str) -> Margin | str:
    """How much larger or smaller some change would have to be for the count to be another."""
    row = MOVEMENTS[movement]
    margin = Margin(value=round(clip.clearance(movement), 5), unit=row.unit, band=_BANDS[movement])
    return margin if margin.value >= margin.band else "unclear movement"


def own_paths(clip: Reading) -> dict[str, Evidence] | str:
    """The way along the person's own changing axes, by direction; the reason if there is none."""
    whole = clip.facts.whole
    if clip.facts.frame == "body":
        return "not measured"
    if clip.facts.coverage < SEEN_SHARE or clip.facts.posture.heading_coverage < SEEN_SHARE:
        return "not seen"
    paths_m = {
        "forward": whole.body_forward_m,
        "backward": whole.body_backward_m,
        "left": whole.body_left_m,
        "right": whole.body_right_m,
    }
    return {
        name: Evidence(
            what=f"own_{name}", value=path_m, unit="m", start_s=whole.start_s, end_s=whole.end_s
        )
        for name, path_m in paths_m.items()
    }


def fastest(clip: Reading, movement: str) -> Evidence:
    """The greatest speed of a movement, and during which one; 0 when there is none."""
    unit: Unit = "rad/s" if MOVEMENTS[movement].unit == "rad" else "m/s"
    ones = clip.occurrences[movement]
    if not ones:
        start_s, end_s = span(clip, "whole")
        return Evidence(what=f"{movement}_peak", value=0.0, unit=unit, start_s=start_s, end_s=end_s)
    one = max(ones, key=lambda one: one.peak_speed)
    return Evidence(
        what=f"{movement}_peak",
        value=one.peak_speed,
        unit=unit,
        start_s=one.start_s,
        end_s=one.end_s,
    )


def unsure(clip: Reading, movements: Iterable[str], *, margin: float = 0.0) -> str:
    """Why nothing can be said of these movements' amounts; empty when something can.

    Whether one movement is two does not change what they add up to. What is almost a movement
    matters when it could use up the margin.
    """
    for movement in movements:
        doubt = clip.doubts.get(movement, "")
        if doubt in ("not seen", "another reading"):
            return doubt
        almost = clip.almost[movement]
        if almost > ALMOST_SHARE * MOVEMENTS[movement].least and almost > margin:
            return "unclear movement"
    return ""


class Comparison(NamedTuple):
    """Which of two amounts is larger: `one`, `other` or `same`."""

    code: str
    margin: Margin


def compare(one: float, other: float, unit: Unit) -> Comparison | str:
    """Which amount is larger, by how much beyond the ratio at which they count as the same.

    >>> compare(3.0, 1.0, "m").code, compare(2.0, 2.1, "m").code, compare(2.0, 1.5, "m")
    ('one', 'same', 'tie')
    """
    larger, smaller = max(one, other), min(one, other)
    needed = max(SAME_RATIO * smaller, smaller + FLOOR[unit])
    band = max(RATIO_BAND_SHARE * larger, FLOOR[unit] / 2)
    away = larger - needed
    margin = Margin(value=round(abs(away), 5), unit=unit, band=round(band, 5))
    if margin.value < margin.band:
        return "tie"
    if away < 0:
        return Comparison("same", margin)
    return Comparison("one" if one > other else "other", margin)


def largest(amounts: Mapping[_Name, float], unit: Unit) -> tuple[_Name, Margin] | str:
    """The name with the largest amount, and by how much it exceeds all others."""
    ranked = sorted(amounts.values(), reverse=True)
    found = compare(ranked[0], ranked[1], unit)
    if isinstance(found, str) or found.code == "same":
        return "tie"
    return max(amounts, key=lambda name: amounts[name]), found.margin


def stands_out(
    amounts: Mapping[_Name, float], unit: Unit, *, band: float, lowest: bool = False
) -> tuple[_Name, Margin] | str:
    """The name whose amount exceeds (or, if `lowest`, undercuts) all others by twice the band.

    >>> stands_out({"quarter_1": 3.0, "quarter_2": 1.0}, "m", band=0.5)[0]
    'quarter_1'
    """
    sign = -1.0 if lowest else 1.0
    first, second = sorted((sign * amount for amount in amounts.values()), reverse=True)[:2]
    margin = Margin(value=round(first - second - band, 5), unit=unit, band=round(band, 5))
    if margin.value < margin.band:
        return "tie"
    return max(amounts, key=lambda name: sign * amounts[name]), margin


def class_of(value: float, classes: Classes, unit: Unit) -> tuple[str, Margin] | str:
    """The class of a value, and how far it is from the next one."""
    place = classes.place(value)
    bound = min(classes.bounds, key=lambda one: abs(value - one) - classes.band_share * one)
    margin = Margin(
        value=round(abs(value - bound), 5),
        unit=unit,
        band=round(classes.band_share * bound, 5),
    )
    if margin.value < margin.band:
        return "between two answers"
    return classes.names[place], margin
