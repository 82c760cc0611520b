"""Temporal: what happens when, and how fast. Quarters are four equal parts of the video."""

from collections.abc import Iterable
from functools import lru_cache, partial

from qagen.language import phrases
from qagen.language.vocabulary import BOUND_BAND_S, MOVEMENTS, ORDER_BAND_S, PAIRS, SPEEDS
from qagen.reading.clip import SEQUENCED, Reading, any_happens, movements, sequence
from qagen.reading.margins import class_of, presence, seen, span, speed_unit
from qagen.reading.unclear import refuse, require
from qagen.rules import claims, kinds
from qagen.rules.claims import Meaning
from qagen.rules.options import Options, movement_options, plausible, quarter_options, true_first
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import WINDOWS, Ask, Margin, Option

_QUARTERS = WINDOWS[1:]
_CHOICES = 4
_LAST_NTH = 3


# What happens in a quarter ------------------------------------------------------------------------


def _pairs(clip: Reading) -> Iterable[Ask]:
    pairs = tuple([pair for pair in PAIRS if pair[0] in movements(clip)])
    return kinds.asks("happens_in", pairs, _QUARTERS)


def _happens_in(clip: Reading, ask: Ask) -> Finding:
    first, second = (presence(clip, name, ask.window) for name in ask.movements)
    words = (clip.speaker.gerund(ask.movements[0]), clip.speaker.gerund(ask.movements[1]))
    row = MOVEMENTS[ask.movements[0]]

    def said() -> tuple[str, str]:
        start_s, end_s = span(clip, ask.window)
        return (
            f"From {start_s:.1f} s to {end_s:.1f} s, {words[0]} is "
            f"{'' if first.happens else 'not '}seen and {words[1]} is "
            f"{'' if second.happens else 'not '}seen.",
            f"Each counts from {phrases.measured(row.least, row.unit)} inside the quarter.",
        )

    return Finding(
        _either(ask.movements, words, (first.happens, second.happens)),
        (*first.evidence, *second.evidence),
        first.margin if first.margin.value <= second.margin.value else second.margin,
        said,
    )


@lru_cache(maxsize=1 << 10)
def _either(pair: tuple[str, ...], words: tuple[str, str], happens: tuple[bool, bool]) -> Options:
    """Only the first, only the second, both or neither: the true option, then the others."""
    options = {
        (True, False): Option(f"Only {words[0]}", pair[0]),
        (False, True): Option(f"Only {words[1]}", pair[1]),
        (True, True): Option("Both", "both"),
        (False, False): Option("Neither", "neither"),
    }
    return true_first(options[happens], options.values())


def _first_in(clip: Reading, ask: Ask) -> Finding:
    """The movement that begins first inside a window, if that is beyond doubt."""
    require(seen(clip, ask.window), "not seen")
    starts = sequence(clip)
    start_s, end_s = span(clip, ask.window)
    # the start of the clip is no bound: a movement under way in the first frame begins there
    from_s = start_s - BOUND_BAND_S
    near = [each for each in starts if from_s < each.start_s < end_s + BOUND_BAND_S]
    require(near, "no such movement")
    first = near[0]
    gap_s = end_s - first.start_s
    if ask.window != "quarter_1":
        gap_s = min(gap_s, first.start_s - start_s)
    if len(near) > 1:
        gap_s = min(gap_s, near[1].start_s - first.start_s)
    refuse(clip.doubts.get(first.movement))
    require(first.clear, "unclear movement")
    require(gap_s >= ORDER_BAND_S, "tie")
    soon = {each.movement for each in starts if abs(each.start_s - first.start_s) < ORDER_BAND_S}
    soon.add(first.movement)
    candidates = [name for name in SEQUENCED if name not in soon and name not in clip.doubts]
    others = plausible(clip, ask, candidates, wanted=_CHOICES - 1)
    return Finding(
        movement_options(clip, (first.movement, *others)),
        (first.evidence,),
        Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S),
        lambda: (
            f"Observed: {clip.speaker.event(first)}.",
            f"Nothing else that is offered begins between {start_s:.1f} s and "
            f"{first.start_s:.1f} s.",
        ),
    )


# How fast, and in which quarter -------------------------------------------------------------------


def _each_speed(clip: Reading) -> Iterable[Ask]:
    names = [name for name in movements(clip) if MOVEMENTS[name].kind in SPEEDS]
    happen = kinds.each(name for name in names if clip.occurrences[name])
    return kinds.asks("speed_class", happen, WINDOWS)


def _speed_class(clip: Reading, ask: Ask) -> Finding:
    """How fast the first movement of a kind is that begins in a window."""
    (movement,) = ask.movements
    kind, occurrences = MOVEMENTS[movement].kind, clip.occurrences[movement]
    unit = speed_unit(movement)
    start_s, end_s = span(clip, ask.window)
    inside = [each for each in occurrences if start_s <= each.start_s < end_s]
    refuse(clip.doubts.get(movement))
    require(inside, "no such movement")
    bounds = (start_s, end_s) if ask.window != "whole" else ()
    on_bound = any(
        abs(each.start_s - bound) < BOUND_BAND_S for each in occurrences for bound in bounds
    )
    require(not on_bound, "tie")
    first = inside[0]
    return kinds.chosen(
        kinds.named(phrases.SPEEDS[kind]),
        class_of(first.mean_speed, SPEEDS[kind], unit),
        (first.evidence,),
        lambda: (
            f"Observed: {clip.speaker.event(first)}.",
            f"Over {first.seconds:.1f} s that is {phrases.measured(first.mean_speed, unit)}.",
        ),
    )


def _each_start(clip: Reading) -> Iterable[Ask]:
    return (
        Ask(rule="quarter_of", movements=(name,), nth=nth)
        for name in movements(clip)
        for nth in range(1, min(len(clip.occurrences[name]), _LAST_NTH) + 1)
    )


def _quarter_of(clip: Reading, ask: Ask) -> Finding:
    """The quarter in which a movement begins."""
    (movement,) = ask.movements
    refuse(clip.doubts.get(movement))
    occurrence = clip.occurrences[movement][ask.nth - 1]
    bounds = [quarter.start_s for quarter in clip.facts.quarters[1:]]
    gap_s = min(abs(occurrence.start_s - bound) for bound in bounds)
    require(gap_s >= BOUND_BAND_S, "tie")
    window = _QUARTERS[sum(occurrence.start_s >= bound for bound in bounds)]

    def said() -> tuple[str, str]:
        start_s, end_s = span(clip, window)
        return (
            f"Observed: {clip.speaker.event(occurrence)}.",
            f"{quarter_options(window)[0].text} lasts from {start_s:.1f} s to {end_s:.1f} s.",
        )

    margin = Margin(value=round(gap_s, 5), unit="s", band=BOUND_BAND_S)
    return kinds.quarter(window, (occurrence.evidence,), margin, said)


_rule = partial(Rule, category="temporal")

RULES: tuple[Rule, ...] = (
    _rule(
        "happens_in",
        family="which in a quarter",
        asks=_pairs,
        decide=_happens_in,
        likely=lambda clip, ask: any_happens(clip, ask.movements),
        meaning=Meaning(claims.which_happen, claims.says_either),
    ),
    _rule(
        "first_in",
        family="first in a quarter",
        asks=lambda _clip: kinds.asks("first_in", windows=_QUARTERS),
        decide=_first_in,
        meaning=Meaning(claims.earliest, claims.names_movements, claims.none_before),
    ),
    _rule(
        "speed_class",
        family="speed",
        asks=_each_speed,
        decide=_speed_class,
        meaning=Meaning(
            claims.speed, claims.takes_for_granted, alone="no other question speaks of mean speeds"
        ),
    ),
    _rule(
        "quarter_of",
        family="quarter of a movement",
        asks=_each_start,
        decide=_quarter_of,
        meaning=Meaning(claims.starting_quarter, claims.says_quarter),
    ),
)
