"""What the rules of all categories share: making questions, turning them down, choosing others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from qagen import options, wording
from qagen.question import (
    WINDOWS,
    Ask,
    Category,
    Evidence,
    Margin,
    Option,
    Question,
    Rejection,
    Unit,
    Window,
)
from qagen.reading import Occurrence, Reading
from qagen.vocabulary import (
    CLEAR_SHARE,
    FLOOR,
    MOVEMENTS,
    RATIO_BAND_SHARE,
    SAME_RATIO,
    SEEN_SHARE,
    SLIGHT_SHARE,
    Classes,
)

Answer = Question | Rejection

_Name = TypeVar("_Name", bound=str)


class Rule(NamedTuple):
    """A family of questions, and what asks them."""

    category: Category
    family: str
    ask: Callable[["Rule", Reading, int], Iterator[Answer]]
    """Given the rule itself, a clip and a seed."""


class Truth(NamedTuple):
    """What a rule found: the answer and everything that it follows from."""

    key: Option
    others: tuple[Option, ...]
    evidence: tuple[Evidence, ...]
    margin: Margin
    because: tuple[str, str]
    """What was observed, and what follows; the answer is the third sentence."""


def question(rule: Rule, clip: Reading, ask: Ask, stem: str, truth: Truth) -> Question:
    """The question with its answer."""
    facts = clip.facts
    return Question(
        clip=facts.clip,
        person=facts.person,
        frame=facts.frame,
        category=rule.category,
        family=rule.family,
        ask=ask,
        stem=stem,
        key=truth.key,
        distractors=truth.others,
        evidence=truth.evidence,
        margin=truth.margin,
        reasoning=(*truth.because, f"The answer is: {truth.key.text}."),
    )


def rejection(rule: Rule, clip: Reading, ask: Ask, reason: str) -> Rejection:
    """Why the rule does not ask."""
    facts = clip.facts
    return Rejection(
        clip=facts.clip,
        person=facts.person,
        category=rule.category,
        family=rule.family,
        ask=ask,
        reason=reason,
    )


def name_of(clip: Reading, ask: Ask) -> str:
    """The name that the question will have; draws are seeded by it."""
    facts = clip.facts
    return f"{facts.clip}#{facts.person}/{facts.frame}/{ask.name}"


def span(clip: Reading, window: Window) -> tuple[float, float]:
    """Start and end of a window, in seconds."""
    place = WINDOWS.index(window)
    found = clip.facts.quarters[place - 1] if place else clip.facts.whole
    return found.start_s, found.end_s


def total(clip: Reading, movement: str, window: Window) -> Evidence:
    """A movement's total in a window, as evidence."""
    start_s, end_s = span(clip, window)
    return Evidence(
        what=f"{movement}_total",
        value=round(clip.totals[movement][WINDOWS.index(window)], 5),
        unit=MOVEMENTS[movement].unit,
        start_s=start_s,
        end_s=end_s,
    )


def seen(clip: Reading, window: Window) -> bool:
    """Whether the person was seen for nearly all of a window."""
    place = WINDOWS.index(window)
    found = clip.facts.quarters[place - 1] if place else clip.facts.whole
    return found.coverage >= SEEN_SHARE


def recounted(ones: Sequence[Occurrence]) -> str:
    """Movements in words, the first few with times and sizes."""
    told = "; ".join([one.said for one in ones[:_TOLD]])
    return told if len(ones) <= _TOLD else f"{told}; and {len(ones) - _TOLD} more"


_TOLD = 4


# Sureness ----------------------------------------------------------------------------------------


class Presence(NamedTuple):
    """Whether a movement happens in a window, and how surely."""

    happens: bool
    margin: Margin
    evidence: tuple[Evidence, ...]
    ones: tuple[Occurrence, ...]


def presence(clip: Reading, movement: str, window: Window) -> Presence | str:
    """Whether a movement happens in a window; the reason when that is not clear enough."""
    row = MOVEMENTS[movement]
    ones = clip.occurrences[movement]
    place = WINDOWS.index(window)
    if place:
        parts = [one.parts[place - 1] for one in ones]
        most = max(parts, default=0.0)
        least = row.least
        if most >= CLEAR_SHARE * least:
            return _present(clip, movement, window, ones)
        if most > SLIGHT_SHARE * least:
            return "between two answers"
    elif any(one.clear for one in ones):
        return _present(clip, movement, window, ones)
    elif ones:
        return "unclear movement"
    if not seen(clip, window):
        return "not seen"
    if movement in clip.doubts and (not ones or not place):
        return clip.doubts[movement]
    return _absent(clip, movement, window)


def _present(
    clip: Reading, movement: str, window: Window, ones: tuple[Occurrence, ...]
) -> Presence | str:
    place = WINDOWS.index(window)
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
        value=round(most - least, 5),
        unit=MOVEMENTS[movement].unit,
        band=round((CLEAR_SHARE - 1) * least, 5),
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
    place = WINDOWS.index(window)
    if place:
        parts = [one.parts[place - 1] for one in clip.occurrences[movement]]
        nearest = max(nearest, max(parts, default=0.0))
    start_s, end_s = span(clip, window)
    margin = Margin(
        value=round(row.least - nearest, 5),
        unit=row.unit,
        band=round((CLEAR_SHARE - 1) * row.least, 5),
    )
    if margin.value < margin.band:
        return "between two answers"
    evidence = Evidence(
        what=f"{movement}_most",
        value=round(nearest, 5),
        unit=row.unit,
        start_s=start_s,
        end_s=end_s,
    )
    return Presence(False, margin, (evidence,), ())


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


def largest(amounts: dict[_Name, float], unit: Unit) -> tuple[_Name, Margin] | str:
    """The name with the largest amount, and by how much it exceeds all others."""
    ranked = sorted(amounts.values(), reverse=True)
    found = compare(ranked[0], ranked[1], unit)
    if isinstance(found, str) or found.code == "same":
        return "tie"
    return max(amounts, key=lambda name: amounts[name]), found.margin


def class_of(value: float, classes: Classes, unit: Unit) -> tuple[str, Margin] | str:
    """The class of a value, and how far it is from the next one."""
    place = sum(value >= bound for bound in classes.bounds)
    bound = min(classes.bounds, key=lambda one: abs(value - one) - classes.band_share * one)
    margin = Margin(
        value=round(abs(value - bound), 5),
        unit=unit,
        band=round(classes.band_share * bound, 5),
    )
    if margin.value < margin.band:
        return "between two answers"
    return classes.names[place], margin


# Options -----------------------------------------------------------------------------------------


def movement_option(clip: Reading, movement: str) -> Option:
    """A movement as an option."""
    return Option(wording.capital(clip.speaker.phrases[movement].gerund), movement)


def numbers(
    clip: Reading, ask: Ask, value: float, unit: Unit, *, seed: int
) -> tuple[Option, tuple[Option, ...], Margin] | str:
    """Options for a measured amount: the true one, the others, how clear the true one is."""
    found = options.rungs(value, unit, seed=seed, name=name_of(clip, ask))
    if isinstance(found, str):
        return found
    all_options = [
        Option(wording.about(rung, unit), f"{round(rung, 4):g}") for rung in found.values
    ]
    key = all_options.pop(found.key)
    return key, tuple(all_options), Margin(value=found.margin, unit=unit, band=found.band)


def plausible(
    clip: Reading, candidates: Iterable[str], *, wanted: int, beside: str
) -> tuple[str, ...] | None:
    """The most tempting wrong movements: those that happen elsewhere in the clip come first.

    The choice hangs on the facts alone, so that a mirror shows the mirrored choice; where left and
    right are equally tempting, the side of `beside` or of the clip's net movement comes first.
    """
    side = _side(clip, beside)
    order = {name: place for place, name in enumerate(MOVEMENTS)}

    def rank(name: str) -> tuple[bool, bool, int, bool, int]:
        mirror = MOVEMENTS[name].mirror
        return (
            not clip.occurrences[name],
            MOVEMENTS[name].opposite != beside,
            min(order[name], order[mirror]),
            mirror != name and (order[name] < order[mirror]) != side,
            order[name],
        )

    found = sorted(candidates, key=rank)[:wanted]
    return tuple(found) if len(found) == wanted else None


def _side(clip: Reading, beside: str) -> bool:
    """Whether left comes before right."""
    row = MOVEMENTS.get(beside)
    if row is not None and row.mirror != beside:
        return row.sign > 0
    whole = clip.facts.whole
    return whole.net_left_m + whole.net_turn_rad > 0
