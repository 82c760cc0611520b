"""Comparative: which of two is more frequent, larger or faster? One, the other, or the same."""

from collections.abc import Iterator

from qagen import wording
from qagen.asking import (
    Answer,
    Comparison,
    Rule,
    Truth,
    compare,
    movement_option,
    question,
    recounted,
    rejection,
    total,
)
from qagen.question import WINDOWS, Ask, Margin, Option
from qagen.reading import Reading
from qagen.vocabulary import CLEAR_SHARE, MOVEMENTS, PAIRS

SAME = Option("Both about the same", "same")
_OFTEN = Option("Both equally often", "same")


def _pairs(clip: Reading) -> Iterator[tuple[str, str]]:
    for pair in PAIRS:
        if clip.has_start or pair != ("away", "towards"):
            yield pair


def _doubt(clip: Reading, pair: tuple[str, str]) -> str:
    """Why two movements cannot be compared; empty when they can."""
    for movement in pair:
        if movement in clip.doubts:
            return clip.doubts[movement]
    if not any(clip.occurrences[movement] for movement in pair):
        return "no such movement"
    return ""


def _choices(
    clip: Reading, pair: tuple[str, str], code: str, same: Option
) -> tuple[Option, tuple[Option, ...]]:
    """The true one of one, other and same; then the two others."""
    one, other = (movement_option(clip, movement) for movement in pair)
    if code == "same":
        return same, (one, other)
    return (one, (other, same)) if code == "one" else (other, (one, same))


def _stem(clip: Reading, pair: tuple[str, str], ask: Ask) -> str:
    return wording.STEMS[ask.rule].format(
        subject=clip.speaker.subject,
        one=clip.speaker.phrases[pair[0]].gerund,
        other=clip.speaker.phrases[pair[1]].gerund,
        window=wording.WINDOWS[ask.window],
        note=clip.speaker.note(pair),
    )


def _more_often(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for pair in _pairs(clip):
        ask = Ask(rule="compare_count", movements=pair)
        if doubt := _doubt(clip, pair):
            yield rejection(rule, clip, ask, doubt)
            continue
        counts = [len(clip.occurrences[movement]) for movement in pair]
        code = "same" if counts[0] == counts[1] else "one" if counts[0] > counts[1] else "other"
        row = MOVEMENTS[pair[0]]
        band = round((CLEAR_SHARE - 1) * row.least, 5)
        clearance = min(clip.clearance(movement) for movement in pair)
        ones = tuple([one for movement in pair for one in clip.occurrences[movement]])
        key, others = _choices(clip, pair, code, _OFTEN)
        words = [clip.speaker.phrases[movement].gerund for movement in pair]
        truth = Truth(
            key,
            others,
            tuple([one.evidence for one in ones]),
            Margin(value=max(round(clearance, 5), band), unit=row.unit, band=band),
            (
                f"Observed: {recounted(ones)}.",
                f"{wording.capital(words[0])}: {counts[0]}; {words[1]}: {counts[1]}.",
            ),
        )
        yield question(rule, clip, ask, _stem(clip, pair, ask), truth)


def _more(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for pair in _pairs(clip):
        row = MOVEMENTS[pair[0]]
        for place, window in enumerate(WINDOWS):
            ask = Ask(rule="compare_total", movements=pair, window=window)
            if doubt := _doubt(clip, pair):
                yield rejection(rule, clip, ask, doubt)
                continue
            amounts = [clip.totals[movement][place] for movement in pair]
            if max(amounts) < CLEAR_SHARE * row.least:
                yield rejection(rule, clip, ask, "too small")
                continue
            found = compare(amounts[0], amounts[1], row.unit)
            if isinstance(found, str):
                yield rejection(rule, clip, ask, found)
                continue
            key, others = _choices(clip, pair, found.code, SAME)
            evidence = tuple([total(clip, movement, window) for movement in pair])
            words = [clip.speaker.phrases[movement].gerund for movement in pair]
            shown = [wording.measured(amount, row.unit) for amount in amounts]
            start_s, end_s = evidence[0].start_s, evidence[0].end_s
            because = (
                f"From {start_s:.1f} s to {end_s:.1f} s, {words[0]} adds up to {shown[0]} and "
                f"{words[1]} to {shown[1]}.",
                _compared(found, words),
            )
            truth = Truth(key, others, evidence, found.margin, because)
            yield question(rule, clip, ask, _stem(clip, pair, ask), truth)


def _compared(found: Comparison, words: list[str]) -> str:
    if found.code == "same":
        return "The two are about the same."
    return f"The larger is {words[0] if found.code == 'one' else words[1]}."


RULES: tuple[Rule, ...] = (
    Rule("comparative", "more often", _more_often),
    Rule("comparative", "more", _more),
)
