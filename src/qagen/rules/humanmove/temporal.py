"""Temporal: what happens when, and how fast. Quarters are four equal parts of the video."""

from collections.abc import Iterator
from functools import lru_cache, partial

from qagen.language import phrases
from qagen.language.vocabulary import BOUND_BAND_S, MOVEMENTS, ORDER_BAND_S, PAIRS, SPEEDS
from qagen.reading.clip import Occurrence, Reading
from qagen.reading.margins import Presence, class_of, presence, seen, span
from qagen.rules.asking import (
    SEQUENCED,
    Answer,
    Rule,
    Truth,
    drawn,
    happens_of,
    movement_option,
    movements,
    ordinal,
    plausible,
    quarter_options,
    question,
    rejection,
    sequence,
)
from qagen.schema.question import WINDOWS, Ask, Margin, Option, Unit, Window, Words

_QUARTERS = WINDOWS[1:]
_CHOICES = 4
_LAST_NTH = 3


def _happens_in(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    known = [(pair, window) for pair in PAIRS if pair[0] in movements(clip) for window in _QUARTERS]
    for pair, window in drawn(rule, clip, known, happens=lambda one: happens_of(clip, one[0])):
        ask = Ask(rule="happens_in", movements=pair, window=window)
        first, second = presence(clip, pair[0], window), presence(clip, pair[1], window)
        if isinstance(first, str) or isinstance(second, str):
            reason = first if isinstance(first, str) else second
            yield rejection(rule, clip, ask, str(reason))
            continue
        words = clip.speaker.phrases[pair[0]].gerund, clip.speaker.phrases[pair[1]].gerund
        key, others = _either(pair, words, (first.happens, second.happens))
        truth = Truth(
            key,
            others,
            (*first.evidence, *second.evidence),
            first.margin if first.margin.value <= second.margin.value else second.margin,
            partial(_happens_words, clip, pair, window, first, second),
        )
        yield question(rule, clip, ask, truth)


@lru_cache(maxsize=1 << 10)
def _either(
    pair: tuple[str, str], words: tuple[str, str], happens: tuple[bool, bool]
) -> tuple[Option, tuple[Option, ...]]:
    """Only one, only the other, both or neither: the true option and the others."""
    options = {
        (True, False): Option(f"Only {words[0]}", pair[0]),
        (False, True): Option(f"Only {words[1]}", pair[1]),
        (True, True): Option("Both", "both"),
        (False, False): Option("Neither", "neither"),
    }
    return options.pop(happens), tuple(options.values())


def _happens_words(
    clip: Reading, pair: tuple[str, str], window: Window, first: Presence, second: Presence
) -> Words:
    words = [clip.speaker.phrases[movement].gerund for movement in pair]
    least = phrases.measured(MOVEMENTS[pair[0]].least, MOVEMENTS[pair[0]].unit)
    start_s, end_s = span(clip, window)
    stem = phrases.STEMS["happens_in"].format(
        subject=clip.speaker.subject,
        one=words[0],
        other=words[1],
        window=phrases.WINDOWS[window],
        note=clip.speaker.note(pair),
    )
    return Words(
        stem,
        f"From {start_s:.1f} s to {end_s:.1f} s, {words[0]} is "
        f"{'' if first.happens else 'not '}seen and {words[1]} is "
        f"{'' if second.happens else 'not '}seen.",
        f"Each counts from {least} inside the quarter.",
    )


def _first_in(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """The first movement that begins in a quarter."""
    starts = sequence(clip)
    for window in drawn(rule, clip, _QUARTERS):
        ask = Ask(rule="first_in", window=window)
        found = _first(clip, starts, window)
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        one, margin = found
        soon = {
            other.movement
            for other in starts
            if abs(other.start_s - one.start_s) < ORDER_BAND_S or other.movement == one.movement
        }
        candidates = [name for name in SEQUENCED if name not in soon and name not in clip.doubts]
        others = plausible(clip, ask, candidates, wanted=_CHOICES - 1, seed=seed)
        if others is None:
            yield rejection(rule, clip, ask, "too few others")
            continue
        truth = Truth(
            movement_option(clip, one.movement),
            tuple([movement_option(clip, name) for name in others]),
            (one.evidence,),
            margin,
            partial(_first_words, clip, window, one, others),
        )
        yield question(rule, clip, ask, truth)


def _first_words(clip: Reading, window: Window, one: Occurrence, others: tuple[str, ...]) -> Words:
    start_s, _ = span(clip, window)
    stem = phrases.STEMS["first_in"].format(
        subject=clip.speaker.subject,
        window=phrases.WINDOWS[window],
        note=clip.speaker.note((one.movement, *others)),
    )
    return Words(
        stem,
        f"Observed: {clip.speaker.event(one)}.",
        f"Nothing else that is offered begins between {start_s:.1f} s and {one.start_s:.1f} s.",
    )


def _first(
    clip: Reading, starts: list[Occurrence], window: Window
) -> tuple[Occurrence, Margin] | str:
    """The movement that begins first inside a window, if that is beyond doubt."""
    if not seen(clip, window):
        return "not seen"
    start_s, end_s = span(clip, window)
    # the very first start of a clip is no bound: whoever moves from the first frame begins there
    from_s = start_s - BOUND_BAND_S
    near = [one for one in starts if from_s < one.start_s < end_s + BOUND_BAND_S]
    if not near:
        return "no such movement"
    one = near[0]
    gap_s = end_s - one.start_s
    if window != "quarter_1":
        gap_s = min(gap_s, one.start_s - start_s)
    if len(near) > 1:
        gap_s = min(gap_s, near[1].start_s - one.start_s)
    if one.movement in clip.doubts or not one.clear:
        return clip.doubts.get(one.movement, "unclear movement")
    if gap_s < ORDER_BAND_S:
        return "tie"
    return one, Margin(value=round(gap_s, 5), unit="s", band=ORDER_BAND_S)


def _speed_class(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """How fast the first movement of a kind is that begins in a window."""
    del seed
    known = [
        (movement, window)
        for movement in movements(clip)
        if clip.occurrences[movement] and MOVEMENTS[movement].kind in SPEEDS
        for window in WINDOWS
    ]
    for movement, window in drawn(rule, clip, known):
        classes, ones = SPEEDS[MOVEMENTS[movement].kind], clip.occurrences[movement]
        words = phrases.SPEEDS[MOVEMENTS[movement].kind]
        unit: Unit = "rad/s" if MOVEMENTS[movement].unit == "rad" else "m/s"
        ask = Ask(rule="speed_class", movements=(movement,), window=window)
        start_s, end_s = span(clip, window)
        inside = [one for one in ones if start_s <= one.start_s < end_s]
        reason = clip.doubts.get(movement, "" if inside else "no such movement")
        bounds = (start_s, end_s) if window != "whole" else ()
        if any(abs(one.start_s - bound) < BOUND_BAND_S for one in ones for bound in bounds):
            reason = reason or "tie"
        if reason:
            yield rejection(rule, clip, ask, reason)
            continue
        one = inside[0]
        found = class_of(one.mean_speed, classes, unit)
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        code, margin = found
        truth = Truth(
            Option(words[code], code),
            tuple([Option(words[name], name) for name in classes.names if name != code]),
            (one.evidence,),
            margin,
            partial(_speed_words, clip, window, one, unit),
        )
        yield question(rule, clip, ask, truth)


def _speed_words(clip: Reading, window: Window, one: Occurrence, unit: Unit) -> Words:
    said = phrases.measured(one.mean_speed, unit)
    stem = phrases.STEMS["speed_class"].format(
        subject=clip.speaker.subject,
        one=clip.speaker.phrases[one.movement].gerund,
        window=phrases.WINDOWS[window] if window != "whole" else "in the video",
        note=clip.speaker.notes[one.movement],
    )
    return Words(
        stem,
        f"Observed: {clip.speaker.event(one)}.",
        f"Over {one.seconds:.1f} s that is {said}.",
    )


def _quarter_of(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """In which quarter a movement begins."""
    del seed
    bounds = [quarter.start_s for quarter in clip.facts.quarters[1:]]
    known = [
        (nth, one)
        for movement in movements(clip)
        for nth, one in enumerate(clip.occurrences[movement][:_LAST_NTH], start=1)
    ]
    for nth, one in drawn(rule, clip, known):
        ask = Ask(rule="quarter_of", movements=(one.movement,), nth=nth)
        if one.movement in clip.doubts:
            yield rejection(rule, clip, ask, clip.doubts[one.movement])
            continue
        gap_s = min(abs(one.start_s - bound) for bound in bounds)
        if gap_s < BOUND_BAND_S:
            yield rejection(rule, clip, ask, "tie")
            continue
        window = _QUARTERS[sum(one.start_s >= bound for bound in bounds)]
        key, others = quarter_options(window)
        truth = Truth(
            key,
            others,
            (one.evidence,),
            Margin(value=round(gap_s, 5), unit="s", band=BOUND_BAND_S),
            partial(_quarter_words, clip, window, one, nth),
        )
        yield question(rule, clip, ask, truth)


def _quarter_words(clip: Reading, window: Window, one: Occurrence, nth: int) -> Words:
    start_s, end_s = span(clip, window)
    stem = phrases.STEMS["quarter_of"].format(
        subject=clip.speaker.subject,
        one=clip.speaker.phrases[one.movement].gerund,
        nth=ordinal(nth),
        note=clip.speaker.notes[one.movement],
    )
    return Words(
        stem,
        f"Observed: {clip.speaker.event(one)}.",
        f"{quarter_options(window)[0].text} lasts from {start_s:.1f} s to {end_s:.1f} s.",
    )


RULES: tuple[Rule, ...] = (
    Rule("temporal", "which in a quarter", _happens_in, asks_many=True),
    Rule("temporal", "first in a quarter", _first_in, asks_many=True),
    Rule("temporal", "speed", _speed_class, asks_many=True),
    Rule("temporal", "quarter of a movement", _quarter_of, asks_many=True),
)
