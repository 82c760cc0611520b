"""How clear a fact is: presence, comparison, class, each with its margin.

Every function returns its result with the margin, or raises `Unclear`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, TypeVar

from kinematics.facts import WindowFacts
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
from qagen.reading.clip import Occurrence, Reading, remembered
from qagen.reading.unclear import Unclear, refuse, require
from qagen.schema.question import WINDOWS, Evidence, Margin, Unit, Window

_Name = TypeVar("_Name", bound=str)

INDEX: dict[Window, int] = {window: index for index, window in enumerate(WINDOWS)}
"""The index of a window in totals: 0 for the whole clip, then its quarters."""

_BANDS: dict[str, float] = {
    name: round((CLEAR_SHARE - 1) * row.least, 5) for name, row in MOVEMENTS.items()
}
"""How much larger than the least that counts a movement has to be."""


def window_facts(clip: Reading, window: Window) -> WindowFacts:
    """The facts of the whole clip or of one quarter."""
    index = INDEX[window]
    return clip.facts.quarters[index - 1] if index else clip.facts.whole


def span(clip: Reading, window: Window) -> tuple[float, float]:
    """Start and end of a window, in seconds."""
    facts = window_facts(clip, window)
    return facts.start_s, facts.end_s


def seen(clip: Reading, window: Window) -> bool:
    """Whether the person was seen for nearly all of a window."""
    return window_facts(clip, window).coverage >= SEEN_SHARE


def evidence_of(
    clip: Reading, what: str, value: float, unit: Unit, window: Window = "whole"
) -> Evidence:
    """A value measured over a window, as evidence."""
    start_s, end_s = span(clip, window)
    return Evidence(what=what, value=value, unit=unit, start_s=start_s, end_s=end_s)


def total(clip: Reading, movement: str, window: Window) -> Evidence:
    """A movement's total in a window, as evidence."""
    return remembered(clip, ("total", movement, window), _total, clip, movement, window)


def _total(clip: Reading, movement: str, window: Window) -> Evidence:
    amount = round(clip.totals[movement][INDEX[window]], 5) or 0.0
    return evidence_of(clip, f"{movement}_total", amount, MOVEMENTS[movement].unit, window)


class Presence(NamedTuple):
    """Whether a movement happens in a window, with the evidence."""

    happens: bool
    margin: Margin
    evidence: tuple[Evidence, ...]
    occurrences: tuple[Occurrence, ...] = ()


def presence(clip: Reading, movement: str, window: Window) -> Presence:
    """Whether a movement happens in a window."""
    return remembered(clip, ("presence", movement, window), _presence, clip, movement, window)


def _presence(clip: Reading, movement: str, window: Window) -> Presence:
    row = MOVEMENTS[movement]
    occurrences = clip.occurrences[movement]
    index = INDEX[window]
    if index:
        least = CLEAR_SHARE * row.least
        if any(each.parts[index - 1] >= least for each in occurrences):
            return _present(clip, movement, window, occurrences)
        if clip.totals[movement][index] > SLIGHT_SHARE * row.least:
            raise Unclear("between two answers")
    elif any(each.clear for each in occurrences):
        return _present(clip, movement, window, occurrences)
    elif occurrences:
        raise Unclear("unclear movement")
    require(seen(clip, window), "not seen")
    refuse(clip.doubts.get(movement))
    return _absent(clip, movement, window)


def _present(
    clip: Reading, movement: str, window: Window, occurrences: tuple[Occurrence, ...]
) -> Presence:
    index = INDEX[window]
    least = MOVEMENTS[movement].least
    if index:
        shown = tuple([one for one in occurrences if one.parts[index - 1] >= CLEAR_SHARE * least])
        most = max([each.parts[index - 1] for each in shown])
        require(seen(clip, window), "not seen")
    else:
        shown = tuple([each for each in occurrences if each.clear])
        most = max([each.amount for each in shown])
    margin = Margin(
        value=round(most - least, 5), unit=MOVEMENTS[movement].unit, band=_BANDS[movement]
    )
    require(margin.value >= margin.band, "between two answers")
    evidence = tuple([each.evidence for each in shown])
    if index:
        evidence += (total(clip, movement, window),)
    return Presence(True, margin, evidence, shown)


def _absent(clip: Reading, movement: str, window: Window) -> Presence:
    nearest = clip.almost[movement]
    if index := INDEX[window]:
        nearest = max(nearest, clip.totals[movement][index])
    margin, most = _room(movement, nearest)
    require(margin.value >= margin.band, "between two answers")
    evidence = evidence_of(clip, f"{movement}_most", most, MOVEMENTS[movement].unit, window)
    return Presence(False, margin, (evidence,))


@lru_cache(maxsize=256)
def _room(movement: str, nearest: float) -> tuple[Margin, float]:
    """How far the largest change is from a movement, and that change: often alike in a clip."""
    row = MOVEMENTS[movement]
    margin = Margin(value=round(row.least - nearest, 5), unit=row.unit, band=_BANDS[movement])
    return margin, round(nearest, 5) if nearest else 0.0


def threshold(
    value: float, unit: Unit, *, no: float, yes: float, evidence: tuple[Evidence, ...]
) -> Presence:
    """Whether a value is at least `yes`; unclear between `no` and `yes`."""
    require(not no < value < yes, "between two answers")
    middle = (no + yes) / 2
    margin = Margin(value=round(abs(value - middle), 5), unit=unit, band=round(yes - middle, 5))
    return Presence(value >= yes, margin, evidence)


def clearance(clip: Reading, movement: str) -> Margin:
    """How much larger or smaller some change would have to be for the count to be another."""
    row = MOVEMENTS[movement]
    margin = Margin(value=round(clip.clearance(movement), 5), unit=row.unit, band=_BANDS[movement])
    require(margin.value >= margin.band, "unclear movement")
    return margin


def own_paths(clip: Reading) -> dict[str, Evidence]:
    """The path along the person's own changing axes, by direction."""
    whole = clip.facts.whole
    require(clip.facts.frame != "body", "not measured")
    coverage = min(clip.facts.coverage, clip.facts.posture.heading_coverage)
    require(coverage >= SEEN_SHARE, "not seen")
    paths_m = {
        "forward": whole.body_forward_m,
        "backward": whole.body_backward_m,
        "left": whole.body_left_m,
        "right": whole.body_right_m,
    }
    return {name: evidence_of(clip, f"own_{name}", path_m, "m") for name, path_m in paths_m.items()}


def speed_unit(movement: str) -> Unit:
    """The unit of a movement's speed."""
    return "rad/s" if MOVEMENTS[movement].unit == "rad" else "m/s"


def fastest(clip: Reading, movement: str) -> Evidence:
    """The greatest speed of a movement, and during which occurrence; 0 when there is none."""
    what, unit = f"{movement}_peak", speed_unit(movement)
    if not clip.occurrences[movement]:
        return evidence_of(clip, what, 0.0, unit)
    top = max(clip.occurrences[movement], key=lambda occurrence: occurrence.peak_speed)
    return Evidence(
        what=what, value=top.peak_speed, unit=unit, start_s=top.start_s, end_s=top.end_s
    )


def require_amounts(clip: Reading, movements: Iterable[str], *, margin: float = 0.0) -> None:
    """Raises `Unclear` unless the amounts of these movements are known.

    Whether one movement is two does not change what they add up to. A change that is almost a
    movement matters when it could use up the margin.
    """
    for movement in movements:
        doubt = clip.doubts.get(movement, "")
        if doubt in ("not seen", "another reading"):
            raise Unclear(doubt)
        almost = clip.almost[movement]
        if almost > ALMOST_SHARE * MOVEMENTS[movement].least and almost > margin:
            raise Unclear("unclear movement")


class Comparison(NamedTuple):
    """Which of two amounts is larger: `one`, `other` or `same`."""

    code: str
    margin: Margin


def compare(first: float, second: float, unit: Unit) -> Comparison:
    """Which amount is larger, by how much beyond the ratio at which they count as the same.

    >>> compare(3.0, 1.0, "m").code, compare(2.0, 2.1, "m").code
    ('one', 'same')
    """
    larger, smaller = max(first, second), min(first, second)
    needed = max(SAME_RATIO * smaller, smaller + FLOOR[unit])
    band = max(RATIO_BAND_SHARE * larger, FLOOR[unit] / 2)
    away = larger - needed
    margin = Margin(value=round(abs(away), 5), unit=unit, band=round(band, 5))
    require(margin.value >= margin.band, "tie")
    if away < 0:
        return Comparison("same", margin)
    return Comparison("one" if first > second else "other", margin)


class Chosen(NamedTuple):
    """One of several names, with the margin to all others."""

    name: str
    margin: Margin


def largest(amounts: Mapping[_Name, float], unit: Unit) -> Chosen:
    """The name with the largest amount."""
    first, second, *_ = sorted(amounts.values(), reverse=True)
    comparison = compare(first, second, unit)
    require(comparison.code != "same", "tie")
    return Chosen(max(amounts, key=lambda name: amounts[name]), comparison.margin)


def stands_out(
    amounts: Mapping[_Name, float], unit: Unit, *, band: float, lowest: bool = False
) -> Chosen:
    """The name whose amount exceeds (or, if `lowest`, undercuts) all others by twice the band.

    >>> stands_out({"quarter_1": 3.0, "quarter_2": 1.0}, "m", band=0.5).name
    'quarter_1'
    """
    sign = -1.0 if lowest else 1.0
    first, second = sorted((sign * amount for amount in amounts.values()), reverse=True)[:2]
    margin = Margin(value=round(first - second - band, 5), unit=unit, band=round(band, 5))
    require(margin.value >= margin.band, "tie")
    return Chosen(max(amounts, key=lambda name: sign * amounts[name]), margin)


def class_of(value: float, classes: Classes, unit: Unit) -> Chosen:
    """The class of a value, with the distance to the next."""
    bound = min(classes.bounds, key=lambda each: abs(value - each) - classes.band_share * each)
    margin = Margin(
        value=round(abs(value - bound), 5), unit=unit, band=round(classes.band_share * bound, 5)
    )
    require(margin.value >= margin.band, "between two answers")
    return Chosen(classes.names[classes.place(value)], margin)
