"""Dominant: which of three stands out, by distance, size, speed or time."""

from collections.abc import Iterator

from qagen import wording
from qagen.asking import (
    Answer,
    Rule,
    Truth,
    largest,
    movement_option,
    plausible,
    question,
    rejection,
    total,
)
from qagen.question import WINDOWS, Ask, Window
from qagen.reading import Reading
from qagen.vocabulary import CLEAR_SHARE, DIRECTIONS, LEANS, MOVEMENTS


def _largest_total(
    rule: Rule, clip: Reading, ask: Ask, candidates: tuple[str, ...], window: Window
) -> Answer:
    """Which of some movements adds up to most in a window."""
    place = WINDOWS.index(window)
    unit = MOVEMENTS[candidates[0]].unit
    for movement in candidates:
        if movement in clip.doubts:
            return rejection(rule, clip, ask, clip.doubts[movement])
    amounts = {movement: clip.totals[movement][place] for movement in candidates}
    if max(amounts.values()) < CLEAR_SHARE * MOVEMENTS[candidates[0]].least:
        return rejection(rule, clip, ask, "no such movement")
    found = largest(amounts, unit)
    if isinstance(found, str):
        return rejection(rule, clip, ask, found)
    key, margin = found
    rest = [movement for movement in candidates if movement != key]
    others = plausible(clip, rest, wanted=2, beside=key)
    if others is None:
        return rejection(rule, clip, ask, "too few others")
    evidence = tuple([total(clip, movement, window) for movement in (key, *rest)])
    words = clip.speaker.phrases
    told = ", ".join(
        f"{words[movement].gerund} to {wording.measured(amounts[movement], unit)}"
        for movement in (key, *rest)
        if amounts[movement] > 0
    )
    because = (
        f"From {evidence[0].start_s:.1f} s to {evidence[0].end_s:.1f} s, adding up: {told}.",
        f"The largest is {words[key].gerund}.",
    )
    stem = wording.STEMS[ask.rule].format(
        subject=clip.speaker.subject,
        window=wording.WINDOWS[window],
        note=clip.speaker.notes[key],
    )
    options = tuple([movement_option(clip, movement) for movement in others])
    truth = Truth(movement_option(clip, key), options, evidence, margin, because)
    return question(rule, clip, ask, stem, truth)


def _direction(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for window in WINDOWS:
        ask = Ask(rule="dominant_direction", window=window)
        yield _largest_total(rule, clip, ask, DIRECTIONS, window)


def _lean(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    ask = Ask(rule="dominant_lean")
    yield _largest_total(rule, clip, ask, LEANS, "whole")


RULES: tuple[Rule, ...] = (
    Rule("dominant", "direction", _direction),
    Rule("dominant", "lean", _lean),
)
