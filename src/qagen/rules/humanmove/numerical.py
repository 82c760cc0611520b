"""Numerical: how often, how far, how much, how long. Four numbers to choose from.

Over the usual length: no other category has so many families.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from kinematics.facts import PartFacts
from qagen.language import phrases
from qagen.language.vocabulary import LADDER_BAND_SHARE, MOVEMENTS, REPEATED, SEEN_SHARE, STRENGTHS
from qagen.reading.clip import Occurrence, Reading
from qagen.reading.margins import clearance, span, total, unsure
from qagen.reading.route import returns, told_returns, way
from qagen.rules import options
from qagen.rules.asking import (
    Answer,
    Rule,
    Truth,
    drawn,
    movements,
    name_of,
    numbers,
    question,
    recounted,
    rejection,
)
from qagen.schema.question import WINDOWS, Ask, Evidence, Margin, Option, Unit, Window, Words

_MEASURED = frozenset({"travel", "distance", "turn"})
"""Kinds whose amounts people can judge by numbers."""

_LAST_NTH = 3
"""Nobody is asked how far the fourth movement of a kind went."""


# Counts -------------------------------------------------------------------------------------------


def _count_options(
    clip: Reading, ask: Ask, count: int, *, seed: int, step: int = 1
) -> tuple[Option, ...] | str:
    """The true count first, then its neighbours; or why there are none."""
    found = options.counts(count, seed=seed, name=name_of(clip, ask), step=step)
    if isinstance(found, str):
        return found
    offered = [_count_option(number) for number in found]
    return (offered.pop(found.index(count)), *offered)


@lru_cache
def _count_option(number: int) -> Option:
    return Option(phrases.times(number), str(number))


def _none_said(clip: Reading, movement: str) -> str:
    row = MOVEMENTS[movement]
    return (
        f"No {clip.speaker.phrases[movement].gerund} is observed; the largest change that way is "
        f"{phrases.measured(clip.almost[movement], row.unit)}, and it counts from "
        f"{phrases.measured(row.least, row.unit)}."
    )


def _nothing(clip: Reading, movement: str) -> Evidence:
    start_s, end_s = span(clip, "whole")
    return Evidence(
        what=f"{movement}_most",
        value=round(clip.almost[movement], 5),
        unit=MOVEMENTS[movement].unit,
        start_s=start_s,
        end_s=end_s,
    )


def _count_stem(clip: Reading, movement: str, ask: Ask) -> str:
    kind = MOVEMENTS[movement].kind
    return phrases.STEMS[ask.rule].format(
        subject=clip.speaker.subject,
        move=clip.speaker.phrases[movement].base,
        strength=phrases.STRENGTHS[kind][ask.strength] if ask.strength else "",
        window=phrases.WINDOWS["whole"],
        note=clip.speaker.notes[movement],
        count_note=phrases.COUNT_NOTE,
    )


def _count(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    for movement in drawn(rule, clip, movements(clip), happens=clip.occurrences.get):
        ask = Ask(rule="count", movements=(movement,))
        if movement in clip.doubts:
            yield rejection(rule, clip, ask, clip.doubts[movement])
            continue
        ones = clip.occurrences[movement]
        offered = _count_options(clip, ask, len(ones), seed=seed)
        margin = clearance(clip, movement)
        if isinstance(offered, str) or isinstance(margin, str):
            yield rejection(rule, clip, ask, offered if isinstance(offered, str) else str(margin))
            continue
        truth = Truth(
            offered[0],
            offered[1:],
            tuple([one.evidence for one in ones]) or (_nothing(clip, movement),),
            margin,
            partial(_count_words, clip, movement, ask),
        )
        yield question(rule, clip, ask, truth)


def _count_words(clip: Reading, movement: str, ask: Ask) -> Words:
    ones = clip.occurrences[movement]
    return Words(
        _count_stem(clip, movement, ask),
        f"Observed: {recounted(clip, ones)}." if ones else _none_said(clip, movement),
        f"The count is {len(ones)}.",
    )


def _count_strength(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    known = [
        (movement, strength)
        for movement in movements(clip)
        if clip.occurrences[movement] and MOVEMENTS[movement].kind in STRENGTHS
        for strength in STRENGTHS[MOVEMENTS[movement].kind].names
    ]
    for movement, strength in drawn(rule, clip, known):
        classes, ones = STRENGTHS[MOVEMENTS[movement].kind], clip.occurrences[movement]
        edge = min(abs(one.amount / bound - 1) for one in ones for bound in classes.bounds)
        ask = Ask(rule="count_strength", movements=(movement,), strength=strength)
        chosen = [one for one in ones if classes.names[classes.place(one.amount)] == strength]
        offered = _count_options(clip, ask, len(chosen), seed=seed)
        reason = clip.doubts.get(movement, "")
        if not reason and edge < classes.band_share:
            reason = "between two answers"
        if reason or isinstance(offered, str):
            yield rejection(rule, clip, ask, reason or str(offered))
            continue
        truth = Truth(
            offered[0],
            offered[1:],
            tuple([one.evidence for one in ones]),
            Margin(value=round(edge, 5), unit="share", band=classes.band_share),
            partial(_strength_words, clip, movement, ask, len(chosen)),
        )
        yield question(rule, clip, ask, truth)


def _strength_words(clip: Reading, movement: str, ask: Ask, count: int) -> Words:
    said = phrases.STRENGTHS[MOVEMENTS[movement].kind][ask.strength]
    return Words(
        _count_stem(clip, movement, ask),
        f"Observed: {recounted(clip, clip.occurrences[movement])}.",
        f"Counted are those that go {said}; the count is {count}.",
    )


def _count_returns(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    if not clip.has_start:
        return
    ask = Ask(rule="count_returns")
    found = returns(clip)
    if isinstance(found, str):
        yield rejection(rule, clip, ask, found)
        return
    offered = _count_options(clip, ask, found.times, seed=seed)
    if isinstance(offered, str):
        yield rejection(rule, clip, ask, offered)
        return
    words = partial(_returns_words, clip)
    truth = Truth(offered[0], offered[1:], found.evidence, found.margin, words)
    yield question(rule, clip, ask, truth)


def _returns_words(clip: Reading) -> Words:
    stem = phrases.STEMS["count_returns"].format(
        subject=clip.speaker.subject, note=clip.speaker.notes["towards"]
    )
    return Words(stem, *told_returns(clip))


def _count_repetitions(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    for part in clip.facts.parts:
        if part.part not in REPEATED or not part.repetitions:
            continue
        ask = Ask(rule="count_repetitions", part=part.part)
        count = part.repetitions
        step = max(2, round(0.3 * count))
        offered = _count_options(clip, ask, count, seed=seed, step=step)
        still = way(clip, "whole")
        if part.coverage < SEEN_SHARE:
            yield rejection(rule, clip, ask, "not seen")
        elif isinstance(still, str) or still.happens:
            yield rejection(rule, clip, ask, "another reading")  # arms swing in walking
        elif isinstance(offered, str):
            yield rejection(rule, clip, ask, offered)
        else:
            start_s, end_s = span(clip, "whole")
            evidence = Evidence(
                what=f"{part.part}_repetitions",
                value=float(count),
                unit="count",
                start_s=start_s,
                end_s=end_s,
            )
            truth = Truth(
                offered[0],
                offered[1:],
                (evidence,),
                Margin(value=step / 2, unit="count", band=1.0),
                partial(_repetitions_words, clip, part),
            )
            yield question(rule, clip, ask, truth)


def _repetitions_words(clip: Reading, part: PartFacts) -> Words:
    start_s, end_s = span(clip, "whole")
    named = phrases.PARTS[part.part]
    return Words(
        phrases.STEMS["count_repetitions"].format(subject=clip.speaker.subject, part=named),
        f"From {start_s:.1f} s to {end_s:.1f} s {named} moves to and fro, "
        f"{part.period_s or 0.0:.1f} s each time.",
        f"The count of full cycles is {part.repetitions}.",
    )


# Amounts ------------------------------------------------------------------------------------------


def _measured(
    rule: Rule,
    clip: Reading,
    seed: int,
    *,
    ask: Ask,
    value: float,
    unit: Unit,
    evidence: tuple[Evidence, ...],
    words: Callable[[], Words],
) -> Answer:
    """A question about a measured amount, or why its number is not clear."""
    offered = numbers(clip, value, unit, seed=seed)
    if isinstance(offered, str):
        return rejection(rule, clip, ask, offered)
    key, others, margin = offered
    return question(rule, clip, ask, Truth(key, others, evidence, margin, words))


def _totals(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    known = [
        (movement, place, window)
        for movement in _measurable(clip)
        for place, window in enumerate(WINDOWS)
    ]
    for movement, place, window in drawn(rule, clip, known):
        ones = clip.occurrences[movement]
        ask = Ask(rule="total", movements=(movement,), window=window)
        shown = total(clip, movement, window)
        if doubt := unsure(clip, (movement,), margin=LADDER_BAND_SHARE * shown.value):
            yield rejection(rule, clip, ask, doubt)
            continue
        inside = ones if not place else [one for one in ones if one.parts[place - 1] > 0]
        yield _measured(
            rule,
            clip,
            seed,
            ask=ask,
            value=shown.value,
            unit=MOVEMENTS[movement].unit,
            evidence=(*[one.evidence for one in inside], shown),
            words=partial(_total_words, clip, movement, window, tuple(inside), shown),
        )


def _measurable(clip: Reading) -> list[str]:
    """The movements that happen and whose amounts people can judge by numbers."""
    known = movements(clip)
    return [one for one in known if MOVEMENTS[one].kind in _MEASURED and clip.occurrences[one]]


def _total_words(
    clip: Reading, movement: str, window: Window, ones: tuple[Occurrence, ...], shown: Evidence
) -> Words:
    stem = phrases.STEMS["total"].format(
        subject=clip.speaker.subject,
        move=clip.speaker.phrases[movement].base,
        window=phrases.WINDOWS[window],
        note=clip.speaker.notes[movement],
    )
    return Words(
        stem,
        f"Observed: {recounted(clip, ones)}.",
        f"From {shown.start_s:.1f} s to {shown.end_s:.1f} s that adds up to "
        f"{phrases.measured(shown.value, shown.unit)}.",
    )


def _single(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """How far one movement went, and how long it took."""
    known = [
        (movement, nth, one, name)
        for movement in _measurable(clip)
        for nth, one in enumerate(clip.occurrences[movement][:_LAST_NTH], start=1)
        for name in ("amount", "duration")
    ]
    for movement, nth, one, name in drawn(rule, clip, known):
        ask = Ask(rule=name, movements=(movement,), nth=nth)
        if movement in clip.doubts:
            yield rejection(rule, clip, ask, clip.doubts[movement])
            continue
        unit: Unit = "s" if name == "duration" else MOVEMENTS[movement].unit
        value = one.seconds if name == "duration" else one.amount
        yield _measured(
            rule,
            clip,
            seed,
            ask=ask,
            value=value,
            unit=unit,
            evidence=(one.evidence,),
            words=partial(_single_words, clip, ask, one, value, unit),
        )


def _single_words(clip: Reading, ask: Ask, one: Occurrence, value: float, unit: Unit) -> Words:
    stem = phrases.STEMS[ask.rule].format(
        subject=clip.speaker.subject,
        move=clip.speaker.phrases[one.movement].base,
        nth=phrases.ORDINALS[ask.nth],
        note=clip.speaker.notes[one.movement],
    )
    return Words(
        stem,
        f"Observed: {clip.speaker.event(one)}.",
        f"That is {phrases.measured(value, unit)}.",
    )


def _path_length(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    windows = (clip.facts.whole, *clip.facts.quarters)
    known = zip(WINDOWS, windows, strict=True)
    for name, window in drawn(rule, clip, known):
        ask = Ask(rule="path_length", window=name)
        if window.coverage < SEEN_SHARE:
            yield rejection(rule, clip, ask, "not seen")
            continue
        evidence = Evidence(
            what="path",
            value=window.path_m,
            unit="m",
            start_s=window.start_s,
            end_s=window.end_s,
        )
        yield _measured(
            rule,
            clip,
            seed,
            ask=ask,
            value=window.path_m,
            unit="m",
            evidence=(evidence,),
            words=partial(_path_words, clip, name, evidence),
        )


def _path_words(clip: Reading, window: Window, shown: Evidence) -> Words:
    subject = clip.speaker.subject
    return Words(
        phrases.STEMS["path_length"].format(subject=subject, window=phrases.WINDOWS[window]),
        f"From {shown.start_s:.1f} s to {shown.end_s:.1f} s {subject} goes "
        f"{shown.value:.2f} m over the ground.",
        "The nearest of the numbers is right.",
    )


def _distance(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """How far from the starting point the person gets, and ends."""
    if not clip.has_start:
        return
    whole = clip.facts.whole
    amounts = (
        ("furthest_distance", "furthest", whole.furthest_m, whole.furthest_s),
        ("end_distance", "end", whole.end_distance_m, whole.end_s),
    )
    for name, what, value, when_s in amounts:
        ask = Ask(rule=name)
        if clip.facts.coverage < SEEN_SHARE:
            yield rejection(rule, clip, ask, "not seen")
            continue
        evidence = Evidence(what=what, value=value, unit="m", start_s=when_s, end_s=when_s)
        yield _measured(
            rule,
            clip,
            seed,
            ask=ask,
            value=value,
            unit="m",
            evidence=(evidence,),
            words=partial(_distance_words, clip, name, evidence),
        )


def _distance_words(clip: Reading, name: str, shown: Evidence) -> Words:
    subject = clip.speaker.subject
    return Words(
        phrases.STEMS[name].format(subject=subject, note=clip.speaker.notes["away"]),
        f"At {shown.start_s:.1f} s {subject} is {shown.value:.2f} m from the starting point.",
        "The nearest of the numbers is right.",
    )


RULES: tuple[Rule, ...] = (
    Rule("numerical", "count", _count, asks_many=True),
    Rule("numerical", "count by size", _count_strength, asks_many=True),
    Rule("numerical", "returns", _count_returns),
    Rule("numerical", "repetitions", _count_repetitions),
    Rule("numerical", "total", _totals, asks_many=True),
    Rule("numerical", "single movement", _single, asks_many=True),
    Rule("numerical", "path", _path_length, asks_many=True),
    Rule("numerical", "distance", _distance),
)
