"""Numerical: how often, how far, how much, how long. Four numbers to choose from."""

from collections.abc import Callable, Iterable
from functools import partial

from kinematics.facts import PartFacts
from qagen.language import phrases
from qagen.language.vocabulary import (
    LADDER_BAND_SHARE,
    LEAST_REPEATED,
    MOVEMENTS,
    REPEATED,
    SEEN_SHARE,
    STRENGTHS,
)
from qagen.reading.clip import Occurrence, Reading, movements
from qagen.reading.margins import (
    INDEX,
    clearance,
    evidence_of,
    require_amounts,
    seen,
    total,
    window_facts,
)
from qagen.reading.route import furthest, require_standing, returns, returns_said
from qagen.reading.unclear import refuse, require
from qagen.rules import claims, kinds
from qagen.rules.claims import Meaning
from qagen.rules.kinds import events_said, span_said
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import WINDOWS, Ask, Evidence, Margin, Unit

_MEASURED = frozenset({"travel", "distance", "turn"})
"""Kinds whose amounts people can judge by numbers."""

_LAST_NTH = 3
"""The amount of the fourth movement of a kind is not asked for."""


def _happens(clip: Reading, ask: Ask) -> bool:
    return bool(clip.occurrences[ask.movements[0]])


# Counts -------------------------------------------------------------------------------------------


def _count(clip: Reading, ask: Ask) -> Finding:
    (movement,) = ask.movements
    refuse(clip.doubts.get(movement))
    row, occurrences, almost = (
        MOVEMENTS[movement],
        clip.occurrences[movement],
        clip.almost[movement],
    )
    nothing = evidence_of(clip, f"{movement}_most", round(almost, 5), row.unit)

    def said() -> tuple[str, str]:
        if occurrences:
            observed = f"Observed: {events_said(clip, occurrences)}."
        else:
            observed = (
                f"No {clip.speaker.gerund(movement)} is observed; the largest change that way is "
                f"{phrases.measured(almost, row.unit)}, and it counts from "
                f"{phrases.measured(row.least, row.unit)}."
            )
        return observed, f"The count is {len(occurrences)}."

    return kinds.count(
        clip,
        ask,
        len(occurrences),
        tuple([each.evidence for each in occurrences]) or (nothing,),
        clearance(clip, movement),
        said,
    )


def _each_strength(clip: Reading) -> Iterable[Ask]:
    return (
        Ask(rule="count_strength", movements=(name,), strength=strength)
        for name in movements(clip)
        if clip.occurrences[name] and MOVEMENTS[name].kind in STRENGTHS
        for strength in STRENGTHS[MOVEMENTS[name].kind].names
    )


def _count_strength(clip: Reading, ask: Ask) -> Finding:
    (movement,) = ask.movements
    classes, occurrences = STRENGTHS[MOVEMENTS[movement].kind], clip.occurrences[movement]
    refuse(clip.doubts.get(movement))
    edge = min(abs(each.amount / bound - 1) for each in occurrences for bound in classes.bounds)
    require(edge >= classes.band_share, "between two answers")
    number = sum(classes.names[classes.place(each.amount)] == ask.strength for each in occurrences)
    return kinds.count(
        clip,
        ask,
        number,
        tuple([each.evidence for each in occurrences]),
        Margin(value=round(edge, 5), unit="share", band=classes.band_share),
        lambda: (
            f"Observed: {events_said(clip, occurrences)}.",
            f"Only those {phrases.strength(ask)} count; the count is {number}.",
        ),
    )


def _returns_asked(clip: Reading) -> Iterable[Ask]:
    return (Ask(rule="count_returns"),) if clip.has_start else ()


def _count_returns(clip: Reading, ask: Ask) -> Finding:
    times, evidence, margin = returns(clip)
    return kinds.count(clip, ask, times, evidence, margin, partial(returns_said, clip))


def _part(clip: Reading, name: str) -> PartFacts:
    return next(part for part in clip.facts.parts if part.part == name)


def _each_repetition(clip: Reading) -> Iterable[Ask]:
    return (
        Ask(rule="count_repetitions", part=part.part)
        for part in clip.facts.parts
        if part.part in REPEATED and part.repetitions
    )


def _count_repetitions(clip: Reading, ask: Ask) -> Finding:
    part = _part(clip, ask.part)
    require(part.coverage >= SEEN_SHARE, "not seen")
    require_standing(clip)
    step = max(2, round(0.3 * part.repetitions))
    shown = evidence_of(clip, f"{part.part}_repetitions", float(part.repetitions), "count")
    return kinds.count(
        clip,
        ask,
        part.repetitions,
        (shown,),
        Margin(value=step / 2, unit="count", band=1.0),
        lambda: (
            f"{phrases.capital(span_said(shown))} {phrases.PARTS[part.part]} moves to and fro, "
            f"{part.period_s or 0.0:.1f} s each time.",
            f"The count of full cycles is {part.repetitions}.",
        ),
        step=step,
    )


# Amounts ------------------------------------------------------------------------------------------


def _measurable(clip: Reading) -> list[str]:
    """The movements that happen and whose amounts people can judge by numbers."""
    known = movements(clip)
    return [name for name in known if MOVEMENTS[name].kind in _MEASURED and clip.occurrences[name]]


def _total(clip: Reading, ask: Ask) -> Finding:
    (movement,) = ask.movements
    shown = total(clip, movement, ask.window)
    require_amounts(clip, ask.movements, margin=LADDER_BAND_SHARE * shown.value)
    index = INDEX[ask.window]
    inside = [each for each in clip.occurrences[movement] if not index or each.parts[index - 1] > 0]
    return kinds.number(
        clip,
        shown.value,
        shown.unit,
        (*[each.evidence for each in inside], shown),
        lambda: (
            f"Observed: {events_said(clip, inside)}.",
            f"{phrases.capital(span_said(shown))} that adds up to "
            f"{phrases.measured(shown.value, shown.unit)}.",
        ),
    )


def _each_of_few(rule: str) -> Callable[[Reading], Iterable[Ask]]:
    return lambda clip: (
        Ask(rule=rule, movements=(name,), nth=nth)
        for name in _measurable(clip)
        for nth in range(1, min(len(clip.occurrences[name]), _LAST_NTH) + 1)
    )


def _one_movement(
    clip: Reading, ask: Ask, value: Callable[[Occurrence], float], unit: Unit
) -> Finding:
    (movement,) = ask.movements
    refuse(clip.doubts.get(movement))
    occurrence = clip.occurrences[movement][ask.nth - 1]
    return kinds.number(
        clip,
        value(occurrence),
        unit,
        (occurrence.evidence,),
        lambda: (
            f"Observed: {clip.speaker.event(occurrence)}.",
            f"That is {phrases.measured(value(occurrence), unit)}.",
        ),
    )


def _amount(clip: Reading, ask: Ask) -> Finding:
    unit = MOVEMENTS[ask.movements[0]].unit
    return _one_movement(clip, ask, lambda occurrence: occurrence.amount, unit)


def _duration(clip: Reading, ask: Ask) -> Finding:
    return _one_movement(clip, ask, lambda occurrence: occurrence.seconds, "s")


def _path_length(clip: Reading, ask: Ask) -> Finding:
    require(seen(clip, ask.window), "not seen")
    shown = evidence_of(clip, "path", window_facts(clip, ask.window).path_m, "m", ask.window)
    return kinds.number(
        clip,
        shown.value,
        "m",
        (shown,),
        lambda: (
            f"{phrases.capital(span_said(shown))} {clip.speaker.subject} covers "
            f"{shown.value:.2f} m over the ground.",
            "The nearest of the numbers is right.",
        ),
    )


def _distance(clip: Reading, shown: Evidence) -> Finding:
    """The distance from the starting point at one moment."""
    require(clip.facts.coverage >= SEEN_SHARE, "not seen")
    return kinds.number(
        clip,
        shown.value,
        "m",
        (shown,),
        lambda: (
            f"At {shown.start_s:.1f} s {clip.speaker.subject} is {shown.value:.2f} m from the "
            "starting point.",
            "The nearest of the numbers is right.",
        ),
    )


def _furthest_distance(clip: Reading, _ask: Ask) -> Finding:
    return _distance(clip, furthest(clip))


def _end_distance(clip: Reading, _ask: Ask) -> Finding:
    whole = clip.facts.whole
    return _distance(
        clip,
        Evidence(
            what="end", value=whole.end_distance_m, unit="m", start_s=whole.end_s,
            end_s=whole.end_s,
        ),
    )  # fmt: skip


def _from_start(rule: str) -> Callable[[Reading], Iterable[Ask]]:
    return lambda clip: (Ask(rule=rule),) if clip.has_start else ()


_rule = partial(Rule, category="numerical")

RULES: tuple[Rule, ...] = (
    _rule(
        "count",
        family="count",
        asks=lambda clip: kinds.asks("count", kinds.each(movements(clip))),
        decide=_count,
        likely=_happens,
        meaning=Meaning(claims.how_many, claims.says_count),
    ),
    _rule(
        "count_strength",
        family="count by size",
        asks=_each_strength,
        decide=_count_strength,
        meaning=Meaning(claims.how_many_strong, claims.says_strength),
    ),
    _rule(
        "count_returns",
        family="returns",
        asks=_returns_asked,
        decide=_count_returns,
        meaning=Meaning(claims.returns, claims.says_at_least("returns", 1)),
    ),
    _rule(
        "count_repetitions",
        family="repetitions",
        asks=_each_repetition,
        decide=_count_repetitions,
        meaning=Meaning(claims.FIRST_VALUE, claims.says_at_least("repeats", LEAST_REPEATED)),
    ),
    _rule(
        "total",
        family="total",
        asks=lambda clip: kinds.asks("total", kinds.each(_measurable(clip)), WINDOWS),
        decide=_total,
        meaning=Meaning(claims.nearest(lambda shown: shown[-1].value), claims.says_total),
    ),
    _rule(
        "amount",
        family="single movement",
        asks=_each_of_few("amount"),
        decide=_amount,
        meaning=Meaning(claims.FIRST_VALUE, claims.says_amount),
    ),
    _rule(
        "duration",
        family="single movement",
        asks=_each_of_few("duration"),
        decide=_duration,
        meaning=Meaning(
            claims.nearest(lambda shown: shown[0].end_s - shown[0].start_s),
            claims.takes_for_granted,
            alone="no other question compares how long movements last",
        ),
    ),
    _rule(
        "path_length",
        family="path",
        asks=lambda _clip: kinds.asks("path_length", windows=WINDOWS),
        decide=_path_length,
        meaning=Meaning(claims.FIRST_VALUE, claims.says_length),
    ),
    _rule(
        "furthest_distance",
        family="distance",
        asks=_from_start("furthest_distance"),
        decide=_furthest_distance,
        meaning=Meaning(claims.FIRST_VALUE, claims.says_distance("whole")),
    ),
    _rule(
        "end_distance",
        family="distance",
        asks=_from_start("end_distance"),
        decide=_end_distance,
        meaning=Meaning(claims.FIRST_VALUE, claims.says_distance("end")),
    ),
)
