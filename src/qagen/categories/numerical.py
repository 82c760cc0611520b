"""Numerical: how often, how far, how much, how long. Four numbers to choose from."""

from collections.abc import Iterator

from qagen import options, wording
from qagen.asking import (
    Answer,
    Rule,
    Truth,
    name_of,
    numbers,
    question,
    recounted,
    rejection,
    span,
    total,
)
from qagen.question import WINDOWS, Ask, Evidence, Margin, Option, Unit
from qagen.reading import Occurrence, Reading
from qagen.vocabulary import (
    CLEAR_SHARE,
    MOVEMENTS,
    SEEN_SHARE,
    STRENGTHS,
    Movement,
)

_COUNTED_ONCE = 1
_STARTLESS = frozenset({"away", "towards"})


def _movements(clip: Reading) -> Iterator[tuple[str, Movement]]:
    for name, row in MOVEMENTS.items():
        if clip.has_start or name not in _STARTLESS:
            yield name, row


def _count_options(clip: Reading, ask: Ask, count: int, *, seed: int) -> tuple[Option, ...] | None:
    """The true count first, then its neighbours."""
    found = options.counts(count, seed=seed, name=name_of(clip, ask))
    if found is None:
        return None
    return tuple(
        Option(wording.times(number), str(number))
        for number in sorted(found, key=lambda number: (number != count, number))
    )


def _counted(clip: Reading, movement: str, ones: tuple[Occurrence, ...]) -> tuple[str, str]:
    gerund = clip.speaker.phrases[movement].gerund
    if ones:
        return f"Observed: {recounted(ones)}.", f"That makes {len(ones)}."
    row = MOVEMENTS[movement]
    most = wording.measured(clip.almost[movement], row.unit)
    least = wording.measured(row.least, row.unit)
    return (
        f"No {gerund} is observed; the largest change that way is {most}, and it counts from "
        f"{least}.",
        "That makes none.",
    )


def _clearance(clip: Reading, movement: str) -> Margin:
    row = MOVEMENTS[movement]
    band = round((CLEAR_SHARE - 1) * row.least, 5)
    return Margin(value=max(round(clip.clearance(movement), 5), band), unit=row.unit, band=band)


def _nothing(clip: Reading, movement: str) -> Evidence:
    start_s, end_s = span(clip, "whole")
    return Evidence(
        what=f"{movement}_most",
        value=round(clip.almost[movement], 5),
        unit=MOVEMENTS[movement].unit,
        start_s=start_s,
        end_s=end_s,
    )


def _count(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    for movement, _ in _movements(clip):
        ask = Ask(rule="count", movements=(movement,))
        if movement in clip.doubts:
            yield rejection(rule, clip, ask, clip.doubts[movement])
            continue
        ones = clip.occurrences[movement]
        offered = _count_options(clip, ask, len(ones), seed=seed)
        if offered is None:
            yield rejection(rule, clip, ask, "not measured")
            continue
        evidence = tuple([one.evidence for one in ones]) or (_nothing(clip, movement),)
        truth = Truth(
            offered[0],
            offered[1:],
            evidence,
            _clearance(clip, movement),
            _counted(clip, movement, ones),
        )
        stem = wording.STEMS["count"].format(
            subject=clip.speaker.subject,
            move=clip.speaker.phrases[movement].base,
            window=wording.WINDOWS["whole"],
            note=clip.speaker.notes[movement],
            count_note=wording.COUNT_NOTE,
        )
        yield question(rule, clip, ask, stem, truth)


def _count_strength(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    for movement, row in _movements(clip):
        classes = STRENGTHS.get(row.kind)
        if classes is None or not clip.occurrences[movement]:
            continue
        ones = clip.occurrences[movement]
        bands = [abs(one.amount - bound) for one in ones for bound in classes.bounds]
        clear = all(
            abs(one.amount - bound) >= classes.band_share * bound
            for one in ones
            for bound in classes.bounds
        )
        for place, strength in enumerate(classes.names):
            ask = Ask(rule="count_strength", movements=(movement,), strength=strength)
            if movement in clip.doubts:
                yield rejection(rule, clip, ask, clip.doubts[movement])
                continue
            if not clear:
                yield rejection(rule, clip, ask, "between two answers")
                continue
            chosen = tuple(
                [one for one in ones if sum(one.amount >= b for b in classes.bounds) == place]
            )
            offered = _count_options(clip, ask, len(chosen), seed=seed)
            if offered is None:
                yield rejection(rule, clip, ask, "not measured")
                continue
            least = min(classes.bounds) * classes.band_share
            margin = Margin(
                value=max(round(min(*bands, clip.clearance(movement)), 5), 0.0),
                unit=row.unit,
                band=round(min(least, (CLEAR_SHARE - 1) * row.least), 5),
            )
            told = (
                f"Observed: {recounted(ones)}.",
                f"Of these, {len(chosen)} {'is' if len(chosen) == 1 else 'are'} "
                f"{wording.STRENGTHS[row.kind][strength]}.",
            )
            truth = Truth(
                offered[0], offered[1:], tuple([one.evidence for one in ones]), margin, told
            )
            stem = wording.STEMS["count_strength"].format(
                subject=clip.speaker.subject,
                move=clip.speaker.phrases[movement].base,
                strength=wording.STRENGTHS[row.kind][strength],
                window=wording.WINDOWS["whole"],
                note=clip.speaker.notes[movement],
                count_note=wording.COUNT_NOTE,
            )
            yield question(rule, clip, ask, stem, truth)


def _measured(
    rule: Rule,
    clip: Reading,
    seed: int,
    *,
    ask: Ask,
    value: float,
    unit: Unit,
    words: dict[str, str],
    evidence: tuple[Evidence, ...],
    because: tuple[str, str],
) -> Answer:
    """A question about a measured amount, or why its number is not clear."""
    offered = numbers(clip, ask, value, unit, seed=seed)
    if isinstance(offered, str):
        return rejection(rule, clip, ask, offered)
    key, others, margin = offered
    stem = wording.STEMS[ask.rule].format_map(words)
    return question(rule, clip, ask, stem, Truth(key, others, evidence, margin, because))


def _totals(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    for movement, row in _movements(clip):
        if row.kind not in ("travel", "distance", "turn"):
            continue
        for place, window in enumerate(WINDOWS):
            amount = clip.totals[movement][place]
            ask = Ask(rule="total", movements=(movement,), window=window)
            if movement in clip.doubts:
                yield rejection(rule, clip, ask, clip.doubts[movement])
                continue
            shown = total(clip, movement, window)
            words = {
                "subject": clip.speaker.subject,
                "move": clip.speaker.phrases[movement].base,
                "window": wording.WINDOWS[window],
                "note": clip.speaker.notes[movement],
            }
            ones = clip.occurrences[movement]
            if place:
                ones = tuple([one for one in ones if one.parts[place - 1] > 0])
            because = (
                f"Observed: {recounted(ones)}.",
                f"From {shown.start_s:.1f} s to {shown.end_s:.1f} s that adds up to "
                f"{wording.measured(amount, row.unit)}.",
            )
            yield _measured(
                rule,
                clip,
                seed,
                ask=ask,
                value=amount,
                unit=row.unit,
                words=words,
                evidence=(*[one.evidence for one in ones], shown),
                because=because,
            )


def _path_length(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    windows = (clip.facts.whole, *clip.facts.quarters)
    for name, window in zip(WINDOWS, windows, strict=True):
        ask = Ask(rule="path_length", window=name)
        if window.coverage < SEEN_SHARE:
            yield rejection(rule, clip, ask, "not seen")
            continue
        shown = Evidence(
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
            words={"subject": clip.speaker.subject, "window": wording.WINDOWS[name]},
            evidence=(shown,),
            because=(
                f"From {window.start_s:.1f} s to {window.end_s:.1f} s {clip.speaker.subject} goes "
                f"{window.path_m:.2f} m over the ground.",
                "The number nearest to that is asked for.",
            ),
        )


RULES: tuple[Rule, ...] = (
    Rule("numerical", "count", _count),
    Rule("numerical", "count by size", _count_strength),
    Rule("numerical", "total", _totals),
    Rule("numerical", "path", _path_length),
)
